import { Effect, Option, Result } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { ownTablePaths } from "../lake/find-tables.ts"
import { datasetAt, deadLettersPath, martAt, runsPath, stagePath } from "../lake/layout.ts"
import { builtOf } from "../lake/marts.ts"
import { holdsRuns } from "../lake/runs.ts"
import { findTable } from "../lake/tables.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import type { Snapshot } from "../table/snapshot.ts"
import { type GlueTable, glueColumns, glueTable } from "./glue-table.ts"
import { catalogName } from "./names.ts"
import type { Synced, WantedTable } from "./plan.ts"

/** What is known of a table as a whole, where more is asked than its contract: its project's models, and what runs recorded. */
export interface TableExtra {
  readonly owner: string
  readonly description: string
  readonly parameters: { readonly [name: string]: string }
}

/** What a lake has for its catalog. */
export interface LakeForCatalog {
  readonly wanted: ReadonlyArray<WantedTable>
  /** Tables that no contract says anything of, and those whose logs cannot be read, which keep the others from nothing. */
  readonly unknown: ReadonlyArray<Synced>
}

/**
 * The tables of the lake as their logs have them, with what the contracts say of them. The log decides what the columns are: a contract may be ahead of its
 * table, or behind.
 *
 * @param isMeant by the path of a table
 * @param about by the path of a table; null: nobody asked
 */
export const lakeForCatalog = (
  contracts: ReadonlyMap<string, CompiledContract>,
  isMeant: (path: string) => boolean,
  about: ReadonlyMap<string, TableExtra> | null
): Effect.Effect<LakeForCatalog, StoreError, Store> =>
  Effect.gen(function* () {
    const wanted: Array<WantedTable> = []
    const unknown: Array<Synced> = []
    for (const path of (yield* ownTablePaths).filter(isMeant)) {
      const name = catalogName(path)
      const leave = (problem: string, failure: TableError | null): void =>
        void unknown.push({ step: { action: "unknown", name, path, problem }, failure })
      const read = yield* Effect.result(readTable(path))
      if (Result.isFailure(read)) {
        leave("its log cannot be read: it is left as it is", read.failure)
        continue
      }
      if (Option.isNone(read.success)) continue
      const { uri, snapshot } = read.success.value
      if (path === runsPath && !holdsRuns(snapshot)) continue
      if (martAt(path) !== null && builtOf(snapshot) === null) continue
      const dataset = datasetAt(path)
      const contract = dataset === null ? undefined : contracts.get(dataset)
      if (dataset !== null && contract === undefined) {
        leave(`the project has no dataset ${dataset}: its table is left as it is`, null)
        continue
      }
      wanted.push({ name, path, location: `${uri}/`, table: tableOf(snapshot, path, contract, about?.get(path)) })
    }
    return { wanted, unknown }
  })

const readTable = (path: string) =>
  Effect.flatMap(
    findTable(path),
    Option.match({
      onNone: () => Effect.succeedNone,
      onSome: ({ uri, snapshot }) => Effect.map(snapshot, (snapshot) => Option.some({ uri, snapshot }))
    })
  )

const tableOf = (
  { schema, metaData }: Snapshot,
  path: string,
  contract: CompiledContract | undefined,
  extra: TableExtra | undefined
): GlueTable => {
  const zone = path.startsWith(stagePath("")) ? "stage" : "consumable"
  const table: GlueTable =
    contract !== undefined
      ? glueTable(contract, zone, schema, metaData.partitionColumns)
      : {
          description: metaData.description ?? "",
          // Dead letters hold records as they came.
          parameters: { ...(path === deadLettersPath ? { sensitivity: "personal" } : {}), zone: martAt(path) === null ? "shared" : "mart" },
          ...glueColumns(schema, metaData.partitionColumns)
        }
  if (extra === undefined) return table
  return {
    ...table,
    ...(extra.description === "" ? {} : { description: extra.description }),
    ...(extra.owner === "" ? {} : { owner: extra.owner }),
    parameters: { ...table.parameters, ...extra.parameters }
  }
}
