import type { AnswerColumn, Cell } from "./api.ts"

/** What passes between the server and the process that asks DuckDB. */

/** A table in a database file of its own. */
export interface AskedTable {
  readonly name: string
  readonly path: string
  readonly columns: ReadonlyArray<string>
}

/** What its rows are called in that file. */
export const copiedRows = "rows"

/** A value of a statement's parameter. A moment is bound as what it is compared with: an instant, or a date of the zone. */
export type BoundValue =
  | { readonly kind: "moment"; readonly millis: number; readonly date: string }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "integer"; readonly value: string }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "date"; readonly value: string }

export type BoundValues = Readonly<Record<string, BoundValue>>

export interface QueryJob {
  /** The server's own, or with `tables` anybody's. */
  readonly sql: string
  readonly values: BoundValues
  readonly timezone: string
  /** Rows before those that are given. */
  readonly skip: number
  readonly maxRows: number
  readonly maxBytes: number
  /** Of somebody's own statement: it is looked at first, and may read nothing but these tables. */
  readonly tables: ReadonlyArray<string> | null
  /** A Parquet file that the rows go to, in place of the answer. */
  readonly parquet: string | null
}

export interface QueryMessage extends QueryJob {
  /** A file that names the tables and where they lie. */
  readonly database: string
}

export interface QueryRows {
  readonly columns: ReadonlyArray<AnswerColumn>
  readonly rows: ReadonlyArray<ReadonlyArray<Cell>>
  readonly truncated: boolean
}

export type QueryReply =
  | { readonly kind: "ready" }
  | ({ readonly kind: "rows" } & QueryRows)
  | { readonly kind: "refused"; readonly problem: string; readonly hint: string }
