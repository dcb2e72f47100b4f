import { Effect } from "effect"
import olist from "../../schemas/olist/project.ts"
import { compileContract } from "../../src/contract/compile.ts"
import type { DuckDB } from "../../src/duckdb/duckdb.ts"
import { runColumns } from "../../src/lake/runs.ts"
import { columnLineage } from "../../src/models/column-lineage.ts"
import type { Models } from "../../src/models/model.ts"
import { selectOf } from "../../src/models/relations.ts"
import type { SelectLineage } from "../../src/record/column-lineage.ts"
import { coordinateColumns } from "../../src/record/system-columns.ts"

/** Columns of what Olist's models read of the lake, as views of it are called. */
export const olistSources = (): Map<string, ReadonlyArray<string>> =>
  new Map([
    ...olist.contracts.map((contract) => {
      const { consumableColumns, identity } = compileContract(contract)
      const columns = [...consumableColumns, ...coordinateColumns, ...identity.partition.columns].map(({ name }) => name)
      return [`consumable_${contract.name}`, [...new Set(columns)]] as const
    }),
    ["runs", runColumns.map(({ name }) => name)]
  ])

/** The lineage of each model's table, each model's columns known by its own lineage to those after it. */
export const olistLineage = (db: DuckDB, models: Models): Effect.Effect<ReadonlyMap<string, SelectLineage>, unknown> =>
  Effect.gen(function* () {
    const { ofTable } = yield* columnLineage(db)
    const relations = olistSources()
    const lineages = new Map<string, SelectLineage>()
    for (const model of models.models) {
      const lineage = yield* ofTable(model, selectOf(model, models), relations)
      lineages.set(model.name, lineage)
      relations.set(
        model.name,
        (lineage.columns ?? []).map(({ output }) => output)
      )
    }
    return lineages
  })
