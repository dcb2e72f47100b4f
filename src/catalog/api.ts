import type { DatabaseInput, Table, TableInput } from "@aws-sdk/client-glue"
import { type Effect, Schema } from "effect"

/** The part of the AWS Glue Data Catalog that Sluice uses. What may pass by itself is tried again before a call fails. */
export interface CatalogApi {
  /** All tables of a database; null where there is no such database. */
  readonly tables: (database: string) => Effect.Effect<ReadonlyArray<Table> | null, CatalogError>
  /** Fails with `Changed` where it is there already. */
  readonly createDatabase: (input: DatabaseInput) => Effect.Effect<void, CatalogError>
  /** Fails with `Changed` where a table of that name is there already. */
  readonly createTable: (database: string, input: TableInput) => Effect.Effect<void, CatalogError>
  /** Fails with `Changed` where the table is no longer of that version, or is gone. */
  readonly updateTable: (database: string, input: TableInput, version: string | undefined) => Effect.Effect<void, CatalogError>
}

/** Why a call failed, by what to do: `Changed` asks to look again, `Throttled` and `Unavailable` pass, the others need a person. */
export const catalogReasons = ["Changed", "Throttled", "Unavailable", "Denied", "Invalid"] as const
export type CatalogReason = (typeof catalogReasons)[number]

export class CatalogError extends Schema.TaggedError<CatalogError>()("CatalogError", {
  /** As the API names it: `UpdateTable`, … */
  operation: Schema.String,
  /** The database, or the table as `database.table`. */
  of: Schema.String,
  reason: Schema.Literals(catalogReasons),
  /** What the service said, without its full stop. */
  detail: Schema.String,
  hint: Schema.String
}) {
  override get message(): string {
    return `${this.operation} of ${this.of} in Glue failed: ${this.detail}. ${this.hint}`
  }
}
