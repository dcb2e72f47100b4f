import { Console, Effect, Fiber, Schedule } from "effect"
import { Command } from "effect/cli"
import { ingest } from "../ingest/ingest.ts"
import { repartition } from "../repartition/repartition.ts"
import { contractOf, dataset, decodeSettingsOf, duckdbOptionsOf, ingestThreadsOf, json, storeOf, timed } from "./common.ts"
import { Failed } from "./failures.ts"
import { ingestText, progressText } from "./ingest.ts"
import { lineageFor } from "./lineage.ts"
import { print } from "./output.ts"
import { makeProgress } from "./progress.ts"
import { repartitionText } from "./repartition.ts"
import { Shutdown } from "./shutdown.ts"
import { limitsOf, openSource, runSettings, sourceFlags } from "./sources.ts"

export const run = Command.make(
  "run",
  { dataset, ...sourceFlags, settings: runSettings.flags, json },
  Effect.fnUntraced(function* (flags) {
    const values = yield* runSettings.read(flags.settings)
    const contract = yield* contractOf(flags.dataset)
    const { source, problems } = yield* openSource(flags, values, true)
    const shutdown = yield* Shutdown
    const progress = yield* makeProgress("run", !flags.json)
    // Standard error, whatever the form of the result: a failure that nobody is told of is one that goes on.
    const say = (line: string) => Effect.andThen(Effect.sync(progress.clear), Console.error(line))
    const [result, millis] = yield* Effect.gen(function* () {
      yield* shutdown.drain
      const lineage = yield* lineageFor(values, [contract], "STREAMING")
      const repartitionOnce = timed(repartition({ ...duckdbOptionsOf(values), contract, onEvent: lineage.emit })).pipe(
        Effect.flatMap(([report, took]) => say(`repartition: ${repartitionText(report, took)}`)),
        // A failed repartition does not stop the ingest: the next one takes up what this one left.
        Effect.catch((error) => say(`repartition failed, the next one takes up what it left: ${error.message}`))
      )
      yield* say(`following ${source.location}; stop with Ctrl-C or SIGTERM`)
      const hourly = yield* Effect.forkScoped(Effect.repeat(Effect.delay(repartitionOnce, values.repartitionEvery), Schedule.forever))
      const done = yield* timed(
        ingest({
          contract,
          source,
          decode: decodeSettingsOf(values),
          limits: limitsOf(values),
          ...ingestThreadsOf(values),
          stop: shutdown.requested,
          onEvent: lineage.emit,
          onProgress: (p) => progress.show(null, progressText(p))
        })
      )
      yield* Fiber.interrupt(hourly)
      yield* repartitionOnce
      return done
    }).pipe(Effect.scoped, Effect.ensuring(Effect.sync(progress.clear)), Effect.provide(storeOf(values)))
    const { failure, ...rest } = result
    yield* print(flags.json, { ...rest, failure: failure?.message ?? null, millis }, () =>
      ingestText(result, millis, values.hashKey !== null)
    )
    if (failure !== null) return yield* failure
    const unread = yield* problems
    if (unread.length > 0) {
      return yield* new Failed({
        problem: `${unread.length} inputs could not be read: ${unread.map(({ message }) => message).join(" ")}`,
        hint: "Everything else is committed. Mend them, and run again."
      })
    }
  }, Effect.scoped)
).pipe(
  Command.withDescription("Ingest and repartition until stopped, following new files. SIGTERM finishes the batch, commits and exits 0.")
)
