import { hash } from "node:crypto"
import { Effect, Option, Random, Result, Schedule, Schema, Stream } from "effect"
import type { Contract } from "../../contract/contract.ts"
import { keysOf } from "../../contract/field.ts"
import { fold } from "../../contract/names.ts"
import { hintOfClient } from "../../record/aws-hints.ts"
import { count } from "../../record/count.ts"
import { positionAt, type RecordPage } from "../../record/record.ts"
import type { SourceError } from "../../record/source-error.ts"
import { type KinesisApi, KinesisError, kinesisReasons } from "./api.ts"
import { listAllShards } from "./list-shards.ts"
import { callLimits, type Entry, type Keyed, type OpenShard, openShards, pack, plainEntry, recordsOf, takeCalls } from "./put-calls.ts"

/**
 * Why not everything was put, by what to do: `Throttled` and `Unavailable` were tried often enough and may be tried later, `NotFound`, `Denied`
 * and `Invalid` need a person, as does `TooLarge`, a record; `Input` is what the input says.
 */
export class PutError extends Schema.TaggedError<PutError>()("PutError", {
  stream: Schema.String,
  reason: Schema.Literals([...kinesisReasons, "TooLarge", "Input"]),
  /** Records that the stream has taken. */
  put: Schema.Int,
  /** What is wrong, as a sentence without its full stop; coordinates of records, never what is in them. */
  detail: Schema.String,
  hint: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `${this.detail}; stream ${this.stream} has taken ${count(this.put, "record")}. ${this.hint}`
  }
}

export interface PutOptions {
  /** Partition key of a record, 1 to 256 characters; null where it has none that can be read: it goes by the hash of its bytes. */
  readonly keyOf: (record: Uint8Array) => string | null
  /** Largest record that the stream takes, key included; default 1 MiB, which is what streams take unless they are set otherwise. */
  readonly maxRecordBytes?: number | undefined
  /** Pack records into aggregated ones of up to so many bytes. Default: they stay as they are. */
  readonly aggregate?: number | undefined
  /** PutRecords at the same time; default 4. More only help where the way is long and the shards are many. */
  readonly calls?: number | undefined
  /** How often an entry is tried; default 12, with pauses that add up to about half a minute. */
  readonly attempts?: number | undefined
  readonly onProgress?: ((counts: PutCounts) => void) | undefined
  /** When it succeeds, what the stream refuses is not tried again; default never. */
  readonly stop?: Effect.Effect<void> | undefined
}

export interface PutCounts {
  /** Records that the stream has taken, and their bytes without keys. */
  readonly records: number
  readonly bytes: number
  /** Records of the stream: fewer than `records` when they are aggregated. */
  readonly entries: number
  /** Entries that were put once more. A record that is in the stream twice is among them. */
  readonly retries: number
  /** Records that were read and not taken when it was stopped. */
  readonly left: number
  /** Records without a key that can be read. */
  readonly withoutKey: number
  /** Records by shard. */
  readonly shards: { readonly [shardId: string]: number }
}

/** Pages are put together, so that calls are full: so many, or what came in so many milliseconds. */
const together = { pages: 8, millis: 50 } as const
/** Bytes that are tried even when the stream takes nothing at all. */
const slowest = 64 * 1024
/** Milliseconds. */
const pause = { first: 100, longest: 5_000 } as const

/** Doubles with each attempt, and is between half and all of that: who was refused together does not come back together. */
const pauseAfter = (attempts: number): Effect.Effect<number> =>
  Effect.map(Random.nextBetween(0.5, 1), (share) => share * Math.min(pause.longest, pause.first * 2 ** (attempts - 1)))

const backOff = Schedule.min([Schedule.exponential(pause.first), Schedule.spaced(pause.longest)]).pipe(Schedule.jittered)

/**
 * Puts every record at least once: what the stream refuses is put again, and so is what it may have taken without an answer. Records of one
 * partition key arrive in their order. When the stream refuses some, as much is put next as it took last, and more by and by.
 */
export const putAll = (
  api: KinesisApi,
  stream: string,
  pages: Stream.Stream<RecordPage, SourceError>,
  options: PutOptions
): Effect.Effect<PutCounts, PutError> =>
  Effect.suspend(() => {
    const putter = new Putter(api, stream, options)
    return pages.pipe(
      // As a value: a failure would take the pages with it that are being gathered.
      Stream.map((page) => Result.succeed(page)),
      Stream.catch((error) => Stream.succeed(Result.fail(error))),
      Stream.groupedWithin(together.pages, together.millis),
      Stream.runForEach((group) => putter.put(group)),
      Effect.andThen(Effect.sync(() => putter.counts()))
    )
  })

type Read = Result.Result<RecordPage, SourceError>

class Putter {
  readonly #api: KinesisApi
  readonly #stream: string
  readonly #options: PutOptions
  readonly #calls: number
  readonly #attempts: number
  readonly #limit: number
  readonly #shards = new Map<string, number>()
  #records = 0
  #bytes = 0
  #entries = 0
  #retries = 0
  #left = 0
  #withoutKey = 0
  /** Bytes that are put at the same time. */
  #pace: number
  /** Where hash keys land; null when that must be asked (again). */
  #ranges: ReadonlyArray<OpenShard> | null = null

  constructor(api: KinesisApi, stream: string, options: PutOptions) {
    this.#api = api
    this.#stream = stream
    this.#options = options
    this.#calls = options.calls ?? 4
    this.#attempts = options.attempts ?? 12
    this.#limit = options.maxRecordBytes ?? 1024 * 1024
    this.#pace = this.#calls * callLimits.bytes
  }

  counts(): PutCounts {
    return {
      records: this.#records,
      bytes: this.#bytes,
      entries: this.#entries,
      retries: this.#retries,
      left: this.#left,
      withoutKey: this.#withoutKey,
      shards: Object.fromEntries([...this.#shards].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    }
  }

  /** Puts what was read; what is wrong with the input is said when everything before it has been put. */
  put(group: ReadonlyArray<Read>): Effect.Effect<void, PutError> {
    return Effect.gen({ self: this }, function* () {
      const records: Array<Keyed> = []
      let problem: (() => PutError) | null = null
      for (const read of group) {
        if (problem !== null) break
        if (Result.isFailure(read)) problem = () => this.#inputError(read.failure)
        else {
          const found = recordsOf(read.success, this.#keyOf, this.#limit)
          for (const record of found.records) records.push(record)
          const { tooLarge } = found
          if (tooLarge !== null) problem = () => this.#tooLarge(read.success, tooLarge)
        }
      }
      const entries = yield* this.#unlessStopped(this.#entriesOf(records))
      if (Option.isSome(entries)) yield* this.#putEntries(entries.value)
      else this.#left += records.length
      for (const read of group) if (Result.isSuccess(read)) read.success.release?.()
      if (problem !== null) return yield* problem()
    })
  }

  /** None where it is stopped before. */
  #unlessStopped<A, E>(effect: Effect.Effect<A, E>): Effect.Effect<Option.Option<A>, E> {
    return Effect.raceFirst(Effect.asSome(effect), Effect.as(this.#options.stop ?? Effect.never, Option.none<A>()))
  }

  readonly #keyOf = (record: Uint8Array): string | null => {
    const key = this.#options.keyOf(record)
    if (key === null) this.#withoutKey++
    return key
  }

  #entriesOf(records: ReadonlyArray<Keyed>): Effect.Effect<ReadonlyArray<Entry>, PutError> {
    const { aggregate } = this.#options
    if (aggregate === undefined) return Effect.succeed(records.map(plainEntry))
    return Effect.map(this.#currentRanges(), (ranges) => pack(records, Math.min(aggregate, this.#limit), ranges))
  }

  #putEntries(entries: ReadonlyArray<Entry>): Effect.Effect<void, PutError> {
    return Effect.gen({ self: this }, function* () {
      let waiting = entries
      while (waiting.length > 0) {
        const { calls, rest } = takeCalls(waiting, this.#calls, this.#pace)
        const refused = (yield* Effect.forEach(calls, (call) => this.#putCall(call), { concurrency: "unbounded" })).flat()
        this.#options.onProgress?.(this.counts())
        const fatal = refused.find(({ entry, why }) => !isPassing(reasonOf(why)) || entry.attempts >= this.#attempts)
        if (fatal !== undefined) return yield* this.#gaveUp(fatal)
        this.#setPace(calls.flat(), refused)
        if (refused.length === 0) waiting = rest
        else {
          const again = new Set([...rest, ...refused.map(({ entry }) => entry)])
          // In their old order: nothing of a key overtakes what was refused of it.
          waiting = waiting.filter((entry) => again.has(entry))
          const rested = Effect.sleep(yield* pauseAfter(Math.max(...refused.map(({ entry }) => entry.attempts))))
          if (Option.isSome(yield* this.#unlessStopped(rested))) continue
          for (const { records } of waiting) this.#left += records
          return
        }
      }
    })
  }

  /** One call. @returns entries that were not taken, or may not have been */
  #putCall(call: ReadonlyArray<Entry>): Effect.Effect<ReadonlyArray<Refused>> {
    return this.#api
      .putRecords(
        this.#stream,
        call.map(({ record }) => record)
      )
      .pipe(
        Effect.result,
        Effect.map((result) =>
          call.flatMap((entry, i): ReadonlyArray<Refused> => {
            if (entry.attempts > 0) this.#retries++
            entry.attempts++
            if (Result.isFailure(result)) return [{ entry, why: result.failure }]
            const answer = result.success[i]
            if (answer?.ok !== true) return [{ entry, why: answer?.code ?? "no answer" }]
            this.#took(entry, answer.shardId)
            return []
          })
        )
      )
  }

  #took(entry: Entry, shardId: string): void {
    this.#entries++
    this.#records += entry.records
    this.#bytes += entry.bytes
    this.#shards.set(shardId, (this.#shards.get(shardId) ?? 0) + entry.records)
    if (entry.shardId !== undefined && entry.shardId !== shardId) this.#ranges = null
  }

  /** A large call that failed for its size or its time must not be made again as large. */
  #setPace(tried: ReadonlyArray<Entry>, refused: ReadonlyArray<Refused>): void {
    const bytes = (entries: ReadonlyArray<Entry>) => entries.reduce((sum, { record }) => sum + record.data.length, 0)
    const took = bytes(tried) - bytes(refused.map(({ entry }) => entry))
    this.#pace = refused.length > 0 ? Math.max(took, slowest) : Math.min(this.#pace * 2, this.#calls * callLimits.bytes)
  }

  /** Asked once, and again when an aggregated record landed in another shard than it was made for. */
  #currentRanges(): Effect.Effect<ReadonlyArray<OpenShard>, PutError> {
    if (this.#ranges !== null) return Effect.succeed(this.#ranges)
    return listAllShards(this.#api, this.#stream).pipe(
      Effect.retry({ schedule: backOff, times: this.#attempts - 1, while: (error) => isPassing(error.reason) }),
      Effect.mapError((error) => this.#callError(error)),
      Effect.map((shards) => {
        this.#ranges = openShards(shards)
        return this.#ranges
      })
    )
  }

  #callError(cause: KinesisError): PutError {
    const hint = cause.hint ?? hintOfClient(cause.detail) ?? hintOf(cause.reason)
    return new PutError({ stream: this.#stream, reason: cause.reason, put: this.#records, detail: cause.message, hint, cause })
  }

  #gaveUp({ entry, why }: Refused): PutError {
    if (why instanceof KinesisError && !isPassing(why.reason)) return this.#callError(why)
    const said = why instanceof KinesisError ? why.detail : why
    return new PutError({
      stream: this.#stream,
      reason: reasonOf(why),
      put: this.#records,
      detail: `A record was refused ${entry.attempts} times, the last time with: ${said}`,
      hint: (why instanceof KinesisError ? why.hint : undefined) ?? hintOf(reasonOf(why))
    })
  }

  #inputError(cause: SourceError): PutError {
    return new PutError({
      stream: this.#stream,
      reason: "Input",
      put: this.#records,
      detail: cause.detail,
      hint: `${cause.location}: ${cause.hint}`,
      cause
    })
  }

  #tooLarge(page: RecordPage, i: number): PutError {
    const size = page.cut?.get(i) ?? (page.ends[i] ?? 0) - (page.starts[i] ?? 0)
    return new PutError({
      stream: this.#stream,
      reason: "TooLarge",
      put: this.#records,
      detail: `The record at ${positionAt(page, i).sequenceNumber} of ${page.shard} has ${size} bytes; with its key it may have ${this.#limit}`,
      hint: "Leave it out, or raise the limit of the stream and of this command (up to 10 MiB). Everything before it was put."
    })
  }
}

/** An entry that was not taken, or may not have been: what the call failed with, or the code of the entry. */
interface Refused {
  readonly entry: Entry
  readonly why: KinesisError | string
}

const reasonOf = (why: KinesisError | string): PutError["reason"] =>
  why instanceof KinesisError ? why.reason : /Throughput|Throttl/.test(why) ? "Throttled" : "Unavailable"

/** May it go away by itself? */
const isPassing = (reason: PutError["reason"]): boolean => ["Throttled", "Unavailable", "ExpiredToken"].includes(reason)

const hintOf = (reason: PutError["reason"]): string =>
  reason === "Throttled"
    ? "Give the stream more shards, or put the rest later, when others put less."
    : isPassing(reason)
      ? "Look at the network and at the state of the service, and put the rest later."
      : reason === "NotFound"
        ? "Check the name, the region and the endpoint."
        : reason === "Denied"
          ? "Allow kinesis:PutRecords and kinesis:ListShards on the stream."
          : "See what the service said."

/**
 * The partition key of a record of a dataset: what the contract's key says, so that all versions of an order go to one shard. Null where the
 * record is no JSON object or has no key. A key that Kinesis does not take, being too long, is hashed.
 */
export const partitionKeyOf = ({ table, fields, conventions }: Contract): ((record: Uint8Array) => string | null) => {
  const spelled = conventions?.anyCase === true ? fold : (key: string) => key
  const places = new Map(table.key.flatMap((key, i) => keysOf(fields, key).map((each) => [spelled(each), i] as const)))
  return (record) => {
    const document = readObject(record)
    if (document === null) return null
    const values: Array<unknown> = table.key.map(() => undefined)
    // As in decoding: of several the last one counts.
    for (const [name, member] of Object.entries(document)) {
      const place = places.get(spelled(name))
      if (place !== undefined) values[place] = member
    }
    // The value may itself be JSON in a text: "\"1160\"".
    const texts = values.map((value) => (typeof value === "string" ? textOf(value) : typeof value === "number" ? String(value) : ""))
    const text = texts.includes("") ? "" : texts.join("/")
    return text === "" ? null : text.length > maximumKey ? hash("md5", text) : text
  }
}

/** Characters of a partition key. */
const maximumKey = 256
const utf8 = new TextDecoder("utf-8", { fatal: true })

const readObject = (record: Uint8Array): object | null => {
  try {
    const value: unknown = JSON.parse(utf8.decode(record))
    return typeof value === "object" && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}

const textOf = (value: string): string => {
  if (!value.startsWith('"')) return value
  try {
    const inner: unknown = JSON.parse(value)
    return typeof inner === "string" ? inner : value
  } catch {
    return value
  }
}
