import type { Literal, Piece } from "./model.ts"

/** What the parts of a model's text are called where it runs. */
export interface Naming {
  /** SQL of the table or view of a model. */
  readonly ref: (model: string) => string
  /** SQL of the table or view of a source. */
  readonly source: (source: string, table: string) => string
  /** SQL of a variable: see {@link variables}. */
  readonly var: (name: string, fallback: Literal | undefined) => string
  /** SQL of the model's own table, as it stands. */
  readonly this: () => string
  /** Are rows added to a table that is there? Else the whole of it is made. */
  readonly isIncremental: () => boolean
}

/** The SQL of a model's text. Without tags it is the text itself. */
export const render = (pieces: ReadonlyArray<Piece>, naming: Naming): string => pieces.map((piece) => rendered(piece, naming)).join("")

const rendered = (piece: Piece, naming: Naming): string => {
  switch (piece.kind) {
    case "text":
      return piece.text
    case "ref":
      return naming.ref(piece.model)
    case "source":
      return naming.source(piece.source, piece.table)
    case "var":
      return naming.var(piece.name, piece.fallback)
    case "this":
      return naming.this()
    case "ifIncremental":
      return render(naming.isIncremental() ? piece.incremental : piece.otherwise, naming)
  }
}

/**
 * A {@link Naming.var} of values: a text stands as it is, without quotes, as dbt has it. A variable that has no value and no default was
 * refused when the project was read; here it is null.
 */
export const variables =
  (values: { readonly [name: string]: Literal }): Naming["var"] =>
  (name, fallback) => {
    const value = Object.hasOwn(values, name) ? values[name] : fallback
    return typeof value === "boolean"
      ? value
        ? "True"
        : "False"
      : typeof value === "string" || typeof value === "number"
        ? String(value)
        : "null"
  }
