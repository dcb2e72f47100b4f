import { Effect, Option } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { ownTablePaths } from "../lake/find-tables.ts"
import { datasetAt, deadLettersPath, runsPath } from "../lake/layout.ts"
import { holdsRuns } from "../lake/runs.ts"
import { findTable } from "../lake/tables.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import type { Snapshot } from "../table/snapshot.ts"
import { type GlueTable, glueColumns, glueTable } from "./glue-table.ts"
import { catalogName } from "./names.ts"
import type { Step, WantedTable } from "./plan.ts"

/** What a lake has for its catalog. */
export interface LakeForCatalog {
  readonly wanted: ReadonlyArray<WantedTable>
  /** Tables that no contract says anything of. */
  readonly unknown: ReadonlyArray<Step>
}

/**
 * The tables of the lake as their logs have them, with what the contracts say of them. The log decides what the columns are: a contract may be ahead of its
 * table, or behind.
 *
 * @param isMeant by the path of a table
 */
export const lakeForCatalog = (
  contracts: ReadonlyMap<string, CompiledContract>,
  isMeant: (path: string) => boolean
): Effect.Effect<LakeForCatalog, TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const wanted: Array<WantedTable> = []
    const unknown: Array<Step> = []
    for (const path of (yield* ownTablePaths).filter(isMeant)) {
      const found = yield* findTable(path)
      if (Option.isNone(found)) continue
      const snapshot = yield* found.value.snapshot
      if (path === runsPath && !holdsRuns(snapshot)) continue
      const name = catalogName(path)
      const dataset = datasetAt(path)
      const contract = dataset === null ? undefined : contracts.get(dataset)
      if (dataset !== null && contract === undefined) {
        unknown.push({ action: "unknown", name, path, problem: `the project has no dataset ${dataset}: its table is left as it is` })
        continue
      }
      wanted.push({ name, path, location: `${found.value.uri}/`, table: tableOf(snapshot, path, contract) })
    }
    return { wanted, unknown }
  })

const tableOf = ({ schema, metaData }: Snapshot, path: string, contract: CompiledContract | undefined): GlueTable =>
  contract !== undefined
    ? glueTable(contract.contract, schema, metaData.partitionColumns)
    : {
        description: metaData.description ?? "",
        // Dead letters hold records as they came.
        parameters: path === deadLettersPath ? { sensitivity: "personal" } : {},
        ...glueColumns(schema, metaData.partitionColumns)
      }
