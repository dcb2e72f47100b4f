import type { Literal, Piece } from "./model.ts"
import { lookups } from "./pieces.ts"

/** How what a model's text names is written in SQL. */
export interface Names {
  /** Table or view of a model. */
  readonly ref: (model: string) => string
  /** Table or view of a source. */
  readonly source: (source: string, table: string) => string
  /** The model's own table, as it stands. */
  readonly this: string
  /** Value of a variable, see {@link variables}. @param fallback what the text gives where nobody sets it */
  readonly var: (name: string, fallback: Literal | undefined) => Literal
  /** Are rows added to a table that is there? Else the whole of it is made. */
  readonly isIncremental: boolean
}

/** The SQL of the text of a model or a test; without tags it is the text itself. Values of variables stand in it as Jinja writes them: a text without quotes. */
export const render = (pieces: ReadonlyArray<Piece>, names: Names): string => pieces.map((piece) => rendered(piece, names)).join("")

const rendered = (piece: Piece, names: Names): string => {
  switch (piece.kind) {
    case "text":
      return piece.text
    case "ref":
      return names.ref(piece.model)
    case "source":
      return piece.source === lookups ? names.ref(piece.table) : names.source(piece.source, piece.table)
    case "var":
      return jinjaText(names.var(piece.name, piece.fallback))
    case "this":
      return names.this
    case "ifIncremental":
      return render(names.isIncremental ? piece.incremental : piece.otherwise, names)
  }
}

/** A value as Jinja writes it into a text: in Python's words. Lists and mappings were refused when the project was read. */
export const jinjaText = (value: Literal): string => {
  if (typeof value === "string") return value
  if (value === null) return "None"
  if (typeof value === "boolean") return value ? "True" : "False"
  return typeof value === "number" ? String(value) : JSON.stringify(value)
}

/** A {@link Names.var} of values. What has neither a value nor a default was refused when the project was read; here it is null. */
export const variables =
  (values: { readonly [name: string]: Literal }): Names["var"] =>
  (name, fallback) =>
    (Object.hasOwn(values, name) ? values[name] : fallback) ?? null
