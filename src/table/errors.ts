import { Schema } from "effect"
import { Malformed } from "../record/malformed.ts"
import type { StoreError } from "../store/store.ts"

/**
 * Why an operation on a table failed, by what to do. `Conflict`: another commit came first and touches what this one rests on; read again
 * and decide anew (conflict "domain" or "transaction": somebody else owns this work, stop). `AlreadyCommitted`: the work is done, go on.
 * `Corrupt` and `Unsupported` need a person. `Store`: the cause is a `StoreError`.
 */
export const tableReasons = ["NotFound", "Corrupt", "Unsupported", "Invalid", "Conflict", "AlreadyCommitted", "Store"] as const
export type TableReason = (typeof tableReasons)[number]

/** What the winner of a conflict touched. */
export const tableConflicts = ["protocol", "metaData", "transaction", "domain", "read", "remove"] as const
export type TableConflict = (typeof tableConflicts)[number]

export class TableError extends Schema.TaggedError<TableError>()("TableError", {
  /** Path of the table below the root of the store. */
  table: Schema.String,
  reason: Schema.Literals(tableReasons),
  conflict: Schema.optionalKey(Schema.Literals(tableConflicts)),
  /** The version of the log at fault: the missing one, the one that cannot be read, the winner of a conflict. */
  version: Schema.optionalKey(Schema.Finite),
  problem: Schema.String,
  hint: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `table ${JSON.stringify(this.table)}: ${this.problem}. ${this.hint}`
  }
}

/** Wraps a store's failure: the hint is the store's. */
export const fromStore =
  (table: string) =>
  (cause: StoreError): TableError =>
    new TableError({ table, reason: "Store", problem: `${cause.operation} ${cause.key} failed (${cause.reason})`, hint: cause.hint, cause })

/** For the `catch` of `Effect.try`: a `Malformed` keeps its words, anything else is damage found while doing `what`. */
export const fromThrown =
  (table: string, what: string, version?: number) =>
  (cause: unknown): TableError => {
    const known = cause instanceof Malformed
    return new TableError({
      table,
      reason: known ? cause.reason : "Corrupt",
      ...(version === undefined ? {} : { version }),
      problem: known ? `${what}: ${cause.message}` : `${what} failed: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: known ? cause.hint : "The object is damaged or was written by something else; compare it with a copy.",
      cause
    })
  }
