import type { Literal, Piece } from "./model.ts"

/** How what a model's text names is written in SQL. */
export interface Names {
  readonly ref: (model: string) => string
  readonly source: (source: string, table: string) => string
  /** The model's own table. */
  readonly this: string
  /** @param fallback what the text gives for a variable that nobody sets */
  readonly var: (name: string, fallback: Literal | undefined) => Literal
  readonly isIncremental: boolean
}

/** The SQL of a model or a test. Values of variables stand in it as Jinja writes them: a text without quotes. */
export const render = (pieces: ReadonlyArray<Piece>, names: Names): string =>
  pieces
    .map((piece) => {
      switch (piece.kind) {
        case "text":
          return piece.text
        case "ref":
          return names.ref(piece.model)
        case "source":
          return names.source(piece.source, piece.table)
        case "var":
          return jinjaText(names.var(piece.name, piece.fallback))
        case "this":
          return names.this
        case "ifIncremental":
          return render(names.isIncremental ? piece.then : piece.otherwise, names)
      }
    })
    .join("")

/** A value as Jinja writes it into a text: in Python's words. */
export const jinjaText = (value: Literal): string => {
  if (typeof value === "string") return value
  if (value === null) return "None"
  if (typeof value === "boolean") return value ? "True" : "False"
  if (typeof value === "number") return String(value)
  return JSON.stringify(value)
}
