import { Effect, Layer } from "effect"
import { Command } from "effect/cli"
import { ingest as runIngest } from "../ingest/ingest.ts"
import type { IngestProgress, IngestResult } from "../ingest/options.ts"
import { sumOf } from "../record/report.ts"
import { contractOf, dataset, decodeSettingsOf, ingestThreadsOf, json, storeOf, timed } from "./common.ts"
import { countLines, maskedLine } from "./counts-text.ts"
import { lineageFor } from "./lineage.ts"
import { bytes, number, print, seconds } from "./output.ts"
import { makeProgress } from "./progress.ts"
import { Shutdown } from "./shutdown.ts"
import { ingestSettings, limitsOf, openSource, type Skipped, sourceFlags } from "./sources.ts"
import { logEvent, telemetry } from "./telemetry.ts"

export const progressText = (p: IngestProgress): string =>
  `${number(p.rows)} rows, ${number(p.deadLetters)} dead letters, ${bytes(p.bytes)}, ${number(p.commits)} commits`

/** What an ingest did, in a few lines. */
export const ingestText = ({ commits, counts, stopped, failure }: IngestResult, millis: number, hasKey: boolean): string => {
  if (commits === 0) {
    // What was not read to its end may have held something new.
    if (stopped === "drain") return "Nothing was ingested, stopped as asked."
    return failure === null ? "Nothing new to ingest." : "Nothing was ingested."
  }
  const speed = bytes((counts.bytes / Math.max(1, millis)) * 1000)
  return [
    `${number(counts.records)} records became ${number(counts.rows)} rows, ${number(sumOf(counts.deadLetters))} dead letters and ${number(counts.empty)} times nothing.`,
    `${bytes(counts.bytes)} in ${seconds(millis)}: ${speed}/s, ${number(commits)} commits${stopped === "drain" ? ", stopped as asked" : ""}.`,
    ...countLines(counts),
    ...maskedLine(counts, hasKey)
  ].join("\n")
}

/** Files that were passed over, where there are any: for who wonders why there is nothing. */
export const skippedText = (skipped: Skipped): ReadonlyArray<string> => {
  const reasons = { hidden: "hidden names", type: "of a type that is not read", special: "no regular files" } as const
  const shown = Object.entries(reasons).flatMap(([reason, text]) => {
    const n = skipped[reason] ?? 0
    return n === 0 ? [] : [`${number(n)} ${text}`]
  })
  return shown.length === 0 ? [] : [`Files passed over: ${shown.join(", ")}.`]
}

export const ingest = Command.make(
  "ingest",
  { dataset, ...sourceFlags, settings: ingestSettings.flags, json },
  Effect.fnUntraced(function* (flags) {
    const values = yield* ingestSettings.read(flags.settings)
    const contract = yield* contractOf(flags.dataset)
    const { source, skipped, notes } = yield* openSource(flags, values, false)
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
          ...ingestThreadsOf(values),
          stop: shutdown.requested,
          onEvent: (event) => Effect.andThen(lineage.emit(event), flags.source === "kinesis" ? logEvent(event) : Effect.void),
          onProgress: (p) => progress.show(null, progressText(p))
        })
      )
    }).pipe(
      Effect.scoped,
      Effect.ensuring(Effect.sync(progress.clear)),
      Effect.provide(Layer.mergeAll(storeOf(values, "write"), telemetry(values)))
    )
    const passedOver = yield* skipped
    const told = yield* notes
    const { failure, ...done } = result
    yield* print(flags.json, { ...done, skipped: passedOver, notes: told, failure: failure?.message ?? null, millis }, () =>
      [ingestText(result, millis, values.hashKey !== null), ...skippedText(passedOver), ...told].join("\n")
    )
    if (failure !== null) return yield* failure
  }, Effect.scoped)
).pipe(Command.withDescription("Carry records into the stage of a lake, exactly once. Run again, it takes only what is new."))
