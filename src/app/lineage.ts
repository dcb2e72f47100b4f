import { join, resolve } from "node:path"
import { Clock, Effect, type Scope } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { lineageFolder } from "../lake/layout.ts"
import { httpTransport } from "../lineage/http-transport.ts"
import { type Lineage, makeLineage } from "../lineage/lineage.ts"
import { storeTransport } from "../lineage/store-transport.ts"
import { fileTransport, type LineageError, type Transport } from "../lineage/transport.ts"
import { randomUuid } from "../record/random.ts"
import { deterministicRunId } from "../record/run-id.ts"
import { version } from "../record/version.ts"
import { Store } from "../store/store.ts"
import { producer } from "./producer.ts"
import { s3Place } from "./setting-types.ts"
import type { Values } from "./settings.ts"

/**
 * Lineage as the settings say, for one run of a command: its runs have a parent, the process. Closing the scope sends what waits, for a few
 * seconds at most.
 */
export const lineageFor = (
  values: Values<"lake" | "lineage" | "lineageKey" | "lineageNamespace">,
  contracts: ReadonlyArray<CompiledContract>,
  processing: "BATCH" | "STREAMING" = "BATCH"
): Effect.Effect<Lineage, LineageError, Scope.Scope | Store> =>
  Effect.gen(function* () {
    const runId = deterministicRunId(yield* Clock.currentTimeMillis, "sluice", yield* randomUuid)
    return yield* makeLineage({
      transports: yield* transportsOf(values),
      events: {
        namespace: values.lineageNamespace,
        producer,
        version,
        contracts,
        parent: { runId, job: `${contracts.map(({ contract }) => contract.name).join("+")}.pipeline`, processing, announce: true }
      }
    })
  })

const transportsOf = (values: Values<"lake" | "lineage" | "lineageKey">): Effect.Effect<ReadonlyArray<Transport>, LineageError, Store> => {
  switch (values.lineage) {
    case "none":
      return Effect.succeed([])
    case "file":
      return s3Place(values.lake) === null
        ? Effect.succeed([fileTransport(join(resolve(values.lake), lineageFolder, "events.ndjson"))])
        : Effect.map(Store, (store) => [storeTransport(store, lineageFolder)])
    default:
      return Effect.map(
        httpTransport({ url: values.lineage, ...(values.lineageKey === null ? {} : { token: values.lineageKey }) }),
        (transport) => [transport]
      )
  }
}
