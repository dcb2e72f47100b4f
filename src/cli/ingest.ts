import { Effect } from "effect"
import { Command } from "effect/cli"
import { ingest as runIngest } from "../ingest/ingest.ts"
import type { IngestProgress, IngestResult } from "../ingest/options.ts"
import { batchCounts } from "../lake/history.ts"
import { contractOf, dataset, decodeSettingsOf, json, storeOf, timed } from "./common.ts"
import { countLines, maskedLine, sumOf } from "./counts-text.ts"
import { lineageFor } from "./lineage.ts"
import { bytes, number, print, seconds } from "./output.ts"
import { makeProgress } from "./progress.ts"
import { Shutdown } from "./shutdown.ts"
import { ingestSettings, limitsOf, openSource, sourceFlags } from "./sources.ts"

export const progressText = (p: IngestProgress): string =>
  `${number(p.rows)} rows, ${number(p.deadLetters)} dead letters, ${bytes(p.bytes)}, ${number(p.commits)} commits`

/** What an ingest did, in a few lines. */
export const ingestText = ({ batches, stopped }: IngestResult, millis: number, hasKey: boolean): string => {
  if (batches.length === 0) return "Nothing new to ingest."
  const counts = batchCounts(batches)
  const speed = bytes((counts.bytes / Math.max(1, millis)) * 1000)
  return [
    `${number(counts.records)} records became ${number(counts.rows)} rows, ${number(sumOf(counts.deadLetters))} dead letters and ${number(counts.empty)} times nothing.`,
    `${bytes(counts.bytes)} in ${seconds(millis)}: ${speed}/s, ${number(batches.length)} commits${stopped === "drain" ? ", stopped as asked" : ""}.`,
    ...countLines(counts),
    ...maskedLine(counts, hasKey)
  ].join("\n")
}

export const ingest = Command.make(
  "ingest",
  { dataset, ...sourceFlags, settings: ingestSettings.flags, json },
  Effect.fnUntraced(function* (flags) {
    const values = yield* ingestSettings.read(flags.settings)
    const contract = yield* contractOf(flags.dataset)
    const { source } = yield* openSource(flags, values, null)
    const shutdown = yield* Shutdown
    const progress = yield* makeProgress("ingest", !flags.json)
    const [result, millis] = yield* Effect.gen(function* () {
      yield* shutdown.drain
      const lineage = yield* lineageFor(values, [contract])
      return yield* timed(
        runIngest({
          contract,
          source,
          decode: decodeSettingsOf(values),
          limits: limitsOf(values),
          stop: shutdown.requested,
          onEvent: lineage.emit,
          onProgress: (p) => progress.show(null, progressText(p))
        })
      )
    }).pipe(Effect.scoped, Effect.ensuring(Effect.sync(progress.clear)), Effect.provide(storeOf(values)))
    const report = { ...result, counts: batchCounts(result.batches), millis }
    yield* print(flags.json, report, () => ingestText(result, millis, values.hashKey !== null))
  })
).pipe(Command.withDescription("Carry records into the stage of a lake, exactly once. Run again, it takes only what is new."))
