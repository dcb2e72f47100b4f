import { Effect, Fiber, Layer, Schedule } from "effect"
import { Command } from "effect/cli"
import { ingest } from "../ingest/ingest.ts"
import { recordRepartition, recordRepartitionFailure } from "../ingest/metrics.ts"
import { count } from "../record/count.ts"
import type { RunEvent } from "../record/report.ts"
import { repartition } from "../repartition/repartition.ts"
import { changeHashKey, contractOf, dataset, decodeSettingsOf, duckdbOptionsOf, ingestThreadsOf, json, storeOf, timed } from "./common.ts"
import { Failed } from "./failures.ts"
import { ingestText, progressText } from "./ingest.ts"
import { print } from "./output.ts"
import { makeProgress } from "./progress.ts"
import { repartitionProgress } from "./repartition.ts"
import { runListener } from "./run-listener.ts"
import { Shutdown } from "./shutdown.ts"
import { limitsOf, openSource, runSettings, sourceFlags } from "./sources.ts"
import { logEvent, telemetry } from "./telemetry.ts"

export const run = Command.make(
  "run",
  { dataset, ...sourceFlags, changeHashKey, settings: runSettings.flags, json },
  Effect.fnUntraced(function* (flags) {
    const values = yield* runSettings.read(flags.settings)
    const contract = yield* contractOf(flags.dataset)
    const { source, problems } = yield* openSource(flags, values, true)
    const shutdown = yield* Shutdown
    const [result, millis] = yield* Effect.gen(function* () {
      // Without a terminal the commits that the log tells of are enough.
      const progress = yield* makeProgress("run", !flags.json, { logEvery: null })
      let ingested = "nothing read yet"
      let doing = "following"
      const show = () => progress.show(null, `${doing}: ${ingested}`)
      const during = (what: string) =>
        Effect.sync(() => {
          doing = what
          show()
        })
      yield* shutdown.drain
      const listener = yield* runListener(values, [contract], "STREAMING")
      const tell = (event: RunEvent) => Effect.andThen(listener(event), logEvent(event))
      const repartitionOnce = timed(
        repartition({ ...duckdbOptionsOf(values), contract, onProgress: repartitionProgress(progress), onEvent: tell })
      ).pipe(
        Effect.tap(([outcome, took]) => recordRepartition(flags.dataset, outcome.kind === "repartition" ? outcome : null, took)),
        // A failed repartition does not stop the ingest, and not the next one either, which takes up what this one left.
        Effect.catchDefect((defect) => Effect.fail(defect instanceof Error ? defect : new Error(String(defect)))),
        Effect.catch((error) =>
          Effect.andThen(
            Effect.logError(`repartition failed, the next one takes up what it left: ${error.message}`),
            recordRepartitionFailure(flags.dataset)
          )
        )
      )
      yield* Effect.logInfo(`following ${source.location}; stop with Ctrl-C or SIGTERM`)
      // Of several workers one does: they would only take the same work from each other.
      const repartitions =
        values.worker === 0
          ? Effect.ensuring(Effect.andThen(during("following and repartitioning"), repartitionOnce), during("following"))
          : Effect.void
      yield* during("following")
      const hourly = yield* Effect.repeat(Effect.delay(repartitions, values.repartitionEvery), Schedule.forever).pipe(
        Effect.raceFirst(shutdown.requested),
        Effect.forkScoped
      )
      const done = yield* timed(
        ingest({
          contract,
          source,
          decode: decodeSettingsOf(values),
          changeHashKey: flags.changeHashKey,
          limits: limitsOf(values),
          ...ingestThreadsOf(values),
          stop: shutdown.requested,
          onEvent: tell,
          onProgress: (p) => {
            ingested = progressText(p)
            show()
          }
        })
      )
      yield* Fiber.interrupt(hourly)
      // Who stops it waits for it: what is new in stage is taken by the next repartition.
      const [{ stopped }] = done
      if (stopped === "drain") yield* Effect.logInfo("what is new in stage waits for the next repartition")
      else yield* repartitions
      return done
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(telemetry(values), storeOf(values, "write"))))
    const { failure, ...rest } = result
    yield* print(flags.json, { ...rest, failure: failure?.message ?? null, millis }, () => ingestText(result, millis, values))
    if (failure !== null) return yield* failure
    const unread = yield* problems
    if (unread.length > 0) {
      return yield* new Failed({
        problem: `${count(unread.length, "input")} could not be read: ${unread.map(({ message }) => message).join(" ")}`,
        hint: "Everything else is committed. Mend them, and run again."
      })
    }
  }, Effect.scoped)
).pipe(
  Command.withDescription(
    "Ingest and repartition until stopped, following new files. SIGTERM commits the open batch and exits 0; 1 where an input could not be read."
  ),
  Command.withExamples([
    { description: "Follow a folder, with metrics for Prometheus", command: "sluice run --input orders --lake lake --metrics-port 9464" },
    { description: "Read a stream into S3", command: "sluice run --source kinesis --stream checkout-events --lake s3://my-lake/checkout" }
  ])
)
