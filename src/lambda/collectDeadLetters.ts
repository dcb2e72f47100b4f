import { Effect, Layer } from "effect"
import { letterCollector } from "../app/collect-letters.ts"
import { withHashKey } from "../app/hash-key-secret.ts"
import { storeOf } from "../app/lake.ts"
import { decodeSettingsOf } from "../app/options.ts"
import { allContracts, withDatabase } from "../app/project.ts"
import { runListener } from "../app/run-listener.ts"
import { catalogNames, hashKeyNames, lakeNames, lineageNames } from "../app/settings.ts"
import { speaksOfObjects } from "../firehose/messages.ts"
import type { KeptRuns } from "../lake/record-runs.ts"
import { openObjectReader } from "../store/s3-reader.ts"
import { catalogActions, ingestActions, neverOfAppends, objectActions, queueMapping, secretActions } from "./actions.ts"
import { recordsFrom } from "./event-kinds.ts"
import { handlerOf } from "./handler.ts"
import { project } from "./project.ts"

/** Objects of Firehose's error prefixes, and messages of dead-letter queues → rows of `dead_letters`, each once. A queue's mapping must have ReportBatchItemFailures. */
export const handler = handlerOf({
  name: "collectDeadLetters",
  settings: [...lakeNames, ...catalogNames, ...lineageNames, "dataset", "deliveryStreams", ...hashKeyNames, "maxDepth", "maxRecordBytes"],
  actions: { ...ingestActions, errors: objectActions, catalog: catalogActions, secrets: secretActions },
  mapping: queueMapping,
  never: neverOfAppends,
  takes: {
    holds: (event) => recordsFrom(event) === "aws:sqs" || speaksOfObjects(event),
    words: "messages of dead-letter queues, and notifications of S3 of objects under Firehose's error prefixes"
  },
  open: (given) =>
    Effect.gen(function* () {
      const values = withDatabase(project, yield* withHashKey(given))
      const contracts = yield* allContracts(project)
      const store = yield* Layer.build(storeOf(values, "write"))
      const objects = yield* openObjectReader({ region: values.region ?? undefined, endpoint: values.s3Endpoint ?? undefined })
      const { dataset, deliveryStreams } = values
      const runs: KeptRuns = { table: null }
      const collector = letterCollector({ contracts, decode: decodeSettingsOf(values), objects, deliveryStreams, dataset })
      return { collector, contracts, runs, store, values }
    }),
  handle: ({ collector, contracts, runs, store, values }, event) =>
    Effect.gen(function* () {
      return yield* collector.collect(event, yield* runListener(values, contracts, "BATCH", runs))
    }).pipe(Effect.provide(store))
})
