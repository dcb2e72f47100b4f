import { Effect, Option, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { UsageError } from "../app/failures.ts"
import { kinesisOf } from "../app/kinesis.ts"
import type { Values } from "../app/settings.ts"
import { inputNames, inputOf, openPlace, streamOf } from "../app/sources.ts"
import { localStreamNames, localStreamOf, type StreamTarget, streamTarget } from "../app/streams.ts"
import { timed } from "../app/timed.ts"
import { formatOf } from "../contract/format.ts"
import { count, number } from "../record/count.ts"
import { filesSource } from "../source/files.ts"
import { withShare } from "../source/share-read.ts"
import { type PutCounts, partitionKeyOf, putAll } from "../stream/kinesis/put.ts"
import { json, positive, withDefault } from "./common.ts"
import { skippedText } from "./ingest.ts"
import { bytes, print, rate, seconds, table } from "./output.ts"
import { makeProgress } from "./progress.ts"
import { contractOf, dataset } from "./project.ts"
import { use } from "./settings.ts"
import { Shutdown } from "./shutdown.ts"
import { sourceFlags } from "./sources.ts"

const settings = use("stream", "endpoint", ...localStreamNames, ...inputNames)
const mebibyte = 1024 * 1024

const putText = (counts: PutCounts, stopped: "end" | "drain", millis: number): string =>
  [
    `${count(counts.records, "record was", "records were")} put${counts.entries === counts.records ? "" : ` as ${number(counts.entries)}`}; ${count(counts.retries, "was", "were")} tried again.`,
    `${bytes(counts.bytes)} in ${seconds(millis)}: ${rate(counts.bytes, millis)}.`,
    ...(stopped === "drain" ? ["Stopped as asked, before the end of the input: what comes after these was not put."] : []),
    ...(counts.left === 0 ? [] : [`${number(counts.left)} records were read, and not taken by the stream.`]),
    ...(counts.withoutKey === 0
      ? []
      : [`${count(counts.withoutKey, "record has", "records have")} no key that can be read and went by the hash of the bytes.`]),
    ...(counts.records === 0 ? [] : [table(Object.entries(counts.shards))])
  ].join("\n")

/** Where to put: what `--to` says, else the stream of Kinesis that is named. */
const targetOf = (to: Option.Option<string>, values: Values<"stream">): Effect.Effect<StreamTarget, UsageError> =>
  Effect.gen(function* () {
    if (Option.isNone(to)) return { kind: "kinesis", stream: yield* streamOf(values) }
    const target = streamTarget(to.value)
    return target ?? (yield* new UsageError({ problem: "--to names nothing", hint: "Give a folder, or kinesis:NAME." }))
  })

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
    recordBytes: withDefault(
      positive("record-bytes"),
      "Largest record that the stream takes, key included; a stream may be set to take up to 10485760.",
      mebibyte
    ),
    to: Flag.String("to").pipe(
      Flag.withDescription(
        "Where records are put: the folder of a local stream, which is made if it is not there, or kinesis:NAME, as --stream NAME."
      ),
      Flag.withMetavar("DIR"),
      Flag.optional
    ),
    settings: settings.flags,
    json
  },
  Effect.fnUntraced(function* (flags) {
    const values = yield* settings.read(flags.settings)
    const { contract } = yield* contractOf(flags.dataset)
    const { kind } = formatOf(contract)
    if (kind !== "json") {
      return yield* new UsageError({
        problem: `put takes records of JSON, and those of ${contract.name} are ${kind}`,
        hint: "Ingest their files as they are: sluice ingest --input …"
      })
    }
    const target = yield* targetOf(flags.to, values)
    const input = yield* inputOf(values)
    // Several pages are put together.
    const files = yield* filesSource({
      input: input === "-" ? input : yield* openPlace(values, false),
      format: flags.format,
      maxRecordBytes: flags.recordBytes,
      pageBytes: mebibyte
    })
    const { source, share } = input === "-" ? { source: files, share: () => null } : withShare(files)
    const shutdown = yield* Shutdown
    let ended = false
    const pages = source.pages(new Map()).pipe(
      Stream.onEnd(
        Effect.sync(() => {
          ended = true
        })
      ),
      Stream.interruptWhen(shutdown.requested)
    )
    const [counts, millis] = yield* Effect.gen(function* () {
      const progress = yield* makeProgress("put", !flags.json)
      const api = target.kind === "local" ? yield* localStreamOf(target.folder, values) : yield* kinesisOf(values)
      yield* shutdown.drain
      return yield* timed(
        putAll(api, target.kind === "local" ? target.folder : target.stream, pages, {
          keyOf: partitionKeyOf(contract),
          maxRecordBytes: flags.recordBytes,
          aggregate: Option.getOrUndefined(flags.aggregate),
          stop: shutdown.requested,
          onProgress: (done) =>
            progress.show(share(), `${count(done.records, "record")}, ${bytes(done.bytes)}, ${number(done.retries)} again`, done.bytes)
        })
      )
    }).pipe(Effect.scoped)
    const stopped = ended && counts.left === 0 ? "end" : "drain"
    const skipped = yield* files.skipped
    const notes = yield* files.notes
    yield* print(flags.json, { ...counts, stopped, skipped, notes, millis }, () =>
      [putText(counts, stopped, millis), ...skippedText(skipped), ...notes].join("\n")
    )
    // Nothing remembers how far it came: what was not put is work undone, and the exit code that of the signal.
    if (stopped === "drain") return yield* Effect.interrupt
  }, Effect.scoped)
).pipe(
  Command.withDescription(
    "Put records into a stream, of Kinesis or in a folder, each at least once, by the key of the dataset's contract."
  ),
  Command.withExamples([
    { description: "A folder of orders into a stream", command: "sluice put --input orders --stream shop-events --region eu-west-1" },
    { description: "The same into a stream of this machine", command: "sluice put --input orders --to stream" }
  ])
)
