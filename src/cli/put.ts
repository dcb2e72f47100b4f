import { Effect, Option, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { filesSource } from "../source/files.ts"
import { type PutCounts, partitionKeyOf, putAll } from "../source/kinesis/put.ts"
import { contractOf, dataset, json, positive, timed } from "./common.ts"
import { skippedText } from "./ingest.ts"
import { bytes, number, print, seconds, table } from "./output.ts"
import { makeProgress } from "./progress.ts"
import { use } from "./settings.ts"
import { Shutdown } from "./shutdown.ts"
import { inputOf, kinesisOf, sourceFlags, streamOf } from "./sources.ts"

const settings = use("stream", "endpoint", "region", "input")
const mebibyte = 1024 * 1024

const putText = (counts: PutCounts, stopped: "end" | "drain", millis: number): string =>
  [
    `${number(counts.records)} records were put${counts.entries === counts.records ? "" : ` as ${number(counts.entries)}`}; ${number(counts.retries)} were tried again.`,
    `${bytes(counts.bytes)} in ${seconds(millis)}: ${bytes((counts.bytes / Math.max(1, millis)) * 1000)}/s.`,
    ...(stopped === "drain" ? ["Stopped as asked, before the end of the input: what comes after these was not put."] : []),
    ...(counts.withoutKey === 0
      ? []
      : [`${number(counts.withoutKey)} have no key that can be read; they went by the hash of their bytes.`]),
    ...(counts.records === 0 ? [] : [table(Object.entries(counts.shards))])
  ].join("\n")

export const put = Command.make(
  "put",
  {
    dataset,
    format: sourceFlags.format,
    aggregate: positive("aggregate").pipe(
      Flag.withDescription(
        "Pack records into larger ones of up to so many bytes, as the Kinesis Producer Library does (its default is 51200). Saves requests where records are small. Without it, each is put as it is."
      ),
      Flag.optional
    ),
    recordBytes: positive("record-bytes").pipe(
      Flag.withDescription("Largest record that the stream takes, key included; a stream may be set to take up to 10485760."),
      Flag.withDefault(mebibyte)
    ),
    settings: settings.flags,
    json
  },
  Effect.fnUntraced(function* (flags) {
    const values = yield* settings.read(flags.settings)
    const { contract } = yield* contractOf(flags.dataset)
    const stream = yield* streamOf(values)
    const input = yield* inputOf(values)
    // Several pages are put together.
    const source = yield* filesSource({ input, format: flags.format, maxRecordBytes: flags.recordBytes, pageBytes: mebibyte })
    const shutdown = yield* Shutdown
    const progress = yield* makeProgress("put", !flags.json)
    let stopped: "end" | "drain" = "drain"
    const pages = source.pages(new Map()).pipe(
      Stream.onEnd(
        Effect.sync(() => {
          stopped = "end"
        })
      ),
      Stream.interruptWhen(shutdown.requested)
    )
    const [counts, millis] = yield* Effect.gen(function* () {
      const api = yield* kinesisOf(values)
      yield* shutdown.drain
      return yield* timed(
        putAll(api, stream, pages, {
          keyOf: partitionKeyOf(contract),
          maxRecordBytes: flags.recordBytes,
          aggregate: Option.getOrUndefined(flags.aggregate),
          onProgress: (done) => progress.show(null, `${number(done.records)} records, ${bytes(done.bytes)}, ${number(done.retries)} again`)
        })
      )
    }).pipe(Effect.scoped, Effect.ensuring(Effect.sync(progress.clear)))
    const skipped = yield* source.skipped
    const notes = yield* source.notes
    yield* print(flags.json, { ...counts, stopped, skipped, notes, millis }, () =>
      [putText(counts, stopped, millis), ...skippedText(skipped), ...notes].join("\n")
    )
    // Nothing remembers how far it came: what was not put is work undone, and the exit code that of the signal.
    if (stopped === "drain") return yield* Effect.interrupt
  })
).pipe(Command.withDescription("Put records into a Kinesis stream, each at least once, by the key of the dataset's contract."))
