import { Effect, type Scope } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { type KeptRuns, recordRuns } from "../lake/record-runs.ts"
import type { LineageError } from "../lineage/transport.ts"
import type { OnRunEvent, RunEvent } from "../record/report.ts"
import type { Store } from "../store/store.ts"
import { catalogListener } from "./catalog.ts"
import type { BadConfig } from "./failures.ts"
import { lineageFor } from "./lineage.ts"
import type { CatalogName, Values } from "./settings.ts"

/**
 * Whoever is told of the runs of a command: lineage and a catalog, as the settings say, and the lake's table of runs. Closing the scope sends and writes
 * what waits, for a few seconds at most.
 *
 * @param kept where the table of runs is kept open from one listener to the next
 * @param values those of the catalog are left out by commands that make no table, and add no column to one
 */
export const runListener = (
  values: Values<"lake" | "lineage" | "lineageKey" | "lineageNamespace"> & Partial<Values<CatalogName | "region">>,
  contracts: ReadonlyArray<CompiledContract>,
  processing: "BATCH" | "STREAMING" = "BATCH",
  kept: KeptRuns = { table: null }
): Effect.Effect<OnRunEvent, LineageError | BadConfig, Scope.Scope | Store> =>
  Effect.gen(function* () {
    // Closed last, when the runs are a table.
    const catalog = yield* catalogListener(values, contracts)
    const lineage = yield* lineageFor(values, contracts, processing)
    const runs = yield* recordRuns({ kept })
    return (event) =>
      Effect.andThen(movesRows(event) ? lineage.emit(event) : Effect.void, Effect.andThen(runs.record(event), catalog(event)))
  })

/** Upkeep that has nothing to compact is a run, and no lineage. */
const movesRows = (event: RunEvent): boolean => {
  const { kind } = event.event === "complete" ? event.report : event
  return kind !== "maintain" || event.inputs.some(({ files }) => files !== 0)
}
