import { Effect, Layer, Scope } from "effect"
import { streamConsumer } from "../app/consume-stream.ts"
import { withHashKey } from "../app/hash-key-secret.ts"
import { kinesisOf } from "../app/kinesis.ts"
import { storeOf } from "../app/lake.ts"
import { logEvent } from "../app/log-event.ts"
import { decodeSettingsOf } from "../app/options.ts"
import { contractOf, streamDataset, withDatabase } from "../app/project.ts"
import { runListener } from "../app/run-listener.ts"
import { catalogNames, hashKeyNames, lakeNames } from "../app/settings.ts"
import type { KeptRuns } from "../lake/record-runs.ts"
import { catalogActions, ingestActions, neverOfAppends, secretActions, streamMapping } from "./actions.ts"
import { recordsFrom } from "./event-kinds.ts"
import { handlerOf } from "./handler.ts"
import { project } from "./project.ts"

/** An event source mapping over a stream → stage and dead letters, exactly once. Its mapping must have ReportBatchItemFailures, and a ParallelizationFactor of 1. */
export const handler = handlerOf({
  name: "consumeStream",
  settings: [
    ...lakeNames,
    ...catalogNames,
    "dataset",
    "stream",
    "endpoint",
    ...hashKeyNames,
    "maxDepth",
    "maxRecordBytes",
    "lineage",
    "lineageKey",
    "lineageNamespace"
  ],
  actions: {
    ...ingestActions,
    stream: ["kinesis:DescribeStreamSummary", "kinesis:ListShards"],
    catalog: catalogActions,
    secrets: secretActions
  },
  mapping: streamMapping,
  // The mapping reads the stream.
  never: [...neverOfAppends, "kinesis.GetRecords", "kinesis.GetShardIterator", "kinesis.PutRecords"],
  takes: { holds: (event) => recordsFrom(event) === "aws:kinesis", words: "records of a stream, from an event source mapping of Kinesis" },
  open: (given) =>
    Effect.gen(function* () {
      const values = withDatabase(project, yield* withHashKey(given))
      const contract = yield* contractOf(project, values.dataset ?? streamDataset(project))
      const store = yield* Layer.build(storeOf(values, "write"))
      // Asked so seldom that most processes do without it.
      const api = yield* Effect.cached(Scope.provide(kinesisOf(values), yield* Effect.scope))
      const runs: KeptRuns = { table: null }
      const consumer = streamConsumer({ contract, decode: decodeSettingsOf(values), stream: values.stream, api })
      return { consumer, contract, runs, store, values }
    }),
  handle: ({ consumer, contract, runs, store, values }, event, { deadline }) =>
    Effect.gen(function* () {
      const onRun = yield* runListener(values, [contract], "STREAMING", runs)
      return yield* consumer.consume(event, deadline, (each) => Effect.andThen(onRun(each), logEvent(each)))
    }).pipe(Effect.provide(store))
})
