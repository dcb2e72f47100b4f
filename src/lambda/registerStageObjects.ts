import { Effect, Layer } from "effect"
import { withHashKey } from "../app/hash-key-secret.ts"
import { storeOf } from "../app/lake.ts"
import { hashKeyOf } from "../app/options.ts"
import { allContracts, withDatabase } from "../app/project.ts"
import { objectRegistrar } from "../app/register-objects.ts"
import { runListener } from "../app/run-listener.ts"
import { catalogNames, hashKeyNames, lakeNames, lineageNames } from "../app/settings.ts"
import { handleObjects } from "../firehose/messages.ts"
import type { KeptRuns } from "../lake/record-runs.ts"
import { catalogActions, neverOfAppends, queueMapping, secretActions, stageActions } from "./actions.ts"
import { announcements } from "./announcements.ts"
import { handlerOf } from "./handler.ts"
import { project } from "./project.ts"

/** Parquet objects that Firehose wrote below a stage → the stage's log, each exactly once. Of a queue, whose mapping must have ReportBatchItemFailures, only what failed comes again. */
export const handler = handlerOf({
  name: "registerStageObjects",
  settings: [...lakeNames, ...catalogNames, ...hashKeyNames, ...lineageNames],
  actions: { ...stageActions, catalog: catalogActions, secrets: secretActions },
  mapping: queueMapping,
  never: neverOfAppends,
  takes: announcements,
  open: (given) =>
    Effect.gen(function* () {
      const values = withDatabase(project, yield* withHashKey(given))
      const contracts = yield* allContracts(project)
      const store = yield* Layer.build(storeOf(values, "write"))
      const runs: KeptRuns = { table: null }
      return { contracts, registrar: objectRegistrar(contracts, hashKeyOf(values)), runs, store, values }
    }),
  handle: ({ contracts, registrar, runs, store, values }, event, { deadline }) =>
    Effect.gen(function* () {
      const onRun = yield* runListener(values, contracts, "BATCH", runs)
      return yield* handleObjects(event, (objects, handling) => registrar.register(objects, onRun, handling), deadline)
    }).pipe(Effect.provide(store))
})
