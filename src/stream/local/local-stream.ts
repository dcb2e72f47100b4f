import { existsSync } from "node:fs"
import { basename, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { Clock, Effect, Exit, Scope, Semaphore } from "effect"
import { randomUuid } from "../../record/random.ts"
import { type KinesisApi, KinesisError, type PutRecord } from "../kinesis/api.ts"
import { callLimits } from "../kinesis/put-calls.ts"
import { type Disk, DiskError } from "./disk.ts"
import { fromDisk, invalid, notThere } from "./failures.ts"
import { seedOf, segmentHeaderBytes } from "./frame.ts"
import {
  type Description,
  type Durable,
  files,
  isHashKey,
  isTemporary,
  readDescription,
  readDurable,
  shardFinder,
  shardsOf,
  writeDescription
} from "./layout.ts"
import { iteratorAt, type ReaderSettings, readPage } from "./reader.ts"
import { realDisk } from "./real-disk.ts"
import { recover } from "./recover.ts"
import { trim } from "./trim.ts"
import { Writer } from "./writer.ts"

export interface LocalStreamOptions {
  /** Where the stream lies. The first put makes it. */
  readonly folder: string
  /** Shards of a stream that is made now; one that is there has its own. Default 4: so many processes can share the reading, and they cost no more to write. */
  readonly shards?: number | undefined
  /** How long records are kept, at least, read or not. Default: what the stream was made with, else 7 days. */
  readonly retentionMillis?: number | undefined
  /** Bytes beyond which the oldest records are let go, however young; at least one segment stays. Default: none. */
  readonly maxBytes?: number | undefined
  /** Bytes of a segment, the unit of what is let go; default 64 MiB. */
  readonly segmentBytes?: number | undefined
  /** How long to wait for another process to let go of the stream; default 5 000. */
  readonly lockMillis?: number | undefined
  readonly disk?: Disk | undefined
}

export interface LocalStream extends KinesisApi {
  /** Makes the stream if it is not there, and takes the right to put into it, which puts otherwise do by themselves: who is to fail at the start asks for it. */
  readonly claim: Effect.Effect<void, KinesisError>
  /** What the stream is called, wherever its folder lies: the name under which what was read of it is kept. */
  readonly name: Effect.Effect<string, KinesisError>
  /** How many times records were synced, and where the log stands; null where this process does not put. */
  readonly written: () => { readonly commits: number; readonly records: number } | null
}

const week = 7 * 86_400_000
const lockPause = 100
const mostShards = 1024

/**
 * A durable stream in a folder, the twin of one of Kinesis on one machine. One process at a time puts; any number read, and see what is acknowledged, and
 * nothing else. There is one stream in a folder: the name that calls give is told in errors, and not looked at.
 *
 * What is open is closed with the scope: what waits is stored first.
 */
export const localStream = (options: LocalStreamOptions): Effect.Effect<LocalStream, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { disk = realDisk, lockMillis = 5_000 } = options
    const folder = resolve(options.folder)
    const scope = yield* Effect.scope
    const claiming = Semaphore.makeUnsafe(1)
    let writer: Writer | null = null
    let description: Description | null = null
    let isRecovered = false
    let shardIds: ReadonlyArray<string> = []

    const failing =
      (operation: string) =>
      <A>(effect: Effect.Effect<A, KinesisError | DiskError>): Effect.Effect<A, KinesisError> =>
        Effect.mapError(effect, (error) => (error instanceof DiskError ? fromDisk(operation, folder, error) : error))

    const understood = (found: Description | undefined): Effect.Effect<Description, KinesisError> => {
      if (found === undefined)
        return Effect.fail(invalid("Open", folder, "What stands in stream.json is no stream that this version reads"))
      description = found
      shardIds = shardsOf(found.shards).map(({ shardId }) => shardId)
      return Effect.succeed(found)
    }

    /** The stream that is there, or that is made. */
    const make = Effect.gen(function* () {
      const there = yield* readDescription(disk, folder)
      if (there === null) {
        const { shards = 4 } = options
        if (!(shards >= 1 && shards <= mostShards))
          return yield* invalid("Open", folder, `A stream has 1 to ${mostShards} shards, and not ${shards}`)
        const unique = yield* randomUuid
        const made = {
          name: `${basename(folder)}-${unique.slice(0, 8)}`,
          shards,
          retentionMillis: options.retentionMillis ?? week
        }
        yield* writeDescription(disk, folder, made, unique)
        return yield* understood(made)
      }
      const found = yield* understood(there)
      const { retentionMillis = found.retentionMillis } = options
      if (retentionMillis === found.retentionMillis) return found
      const changed = { ...found, retentionMillis }
      yield* writeDescription(disk, folder, changed, yield* randomUuid)
      return yield* understood(changed)
    })

    const takeLock = (until: number): Effect.Effect<Effect.Effect<void>, DiskError> =>
      Effect.catch(disk.lock(files(folder).lock), (error) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          error.reason === "Locked" && now < until ? Effect.andThen(Effect.sleep(lockPause), takeLock(until)) : Effect.fail(error)
        )
      )

    const open = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      yield* disk.makeFolder(folder)
      yield* Effect.acquireRelease(takeLock(now + lockMillis), (unlock) => unlock)
      for (const name of yield* disk.list(folder)) if (isTemporary(name)) yield* disk.unlink(join(folder, name))
      const { name, shards, retentionMillis } = yield* make
      const seed = seedOf(name)
      const end = yield* recover(disk, folder, seed, folder, now)
      isRecovered = true
      const retained = { disk, folder, seed, retentionMillis, maxBytes: options.maxBytes ?? null }
      yield* trim(retained, now)
      const settings = {
        ...retained,
        stream: folder,
        shardIds,
        shardOf: shardFinder(shards),
        segmentBytes: options.segmentBytes ?? 64 * 1024 * 1024
      }
      return yield* Writer.make(settings, end)
    })

    /** What was opened in vain is closed at once. */
    const claimed: Effect.Effect<Writer, KinesisError> = Effect.suspend(() =>
      writer === null
        ? Effect.uninterruptible(
            Effect.gen(function* () {
              const own = yield* Scope.fork(scope)
              writer = yield* Effect.onError(Scope.provide(open, own), (cause) => Scope.close(own, Exit.failCause(cause)))
              return writer
            })
          ).pipe(failing("PutRecords"))
        : Effect.succeed(writer)
    )
    const claim = Effect.suspend(() => (writer === null ? claiming.withPermits(1)(claimed) : Effect.succeed(writer)))

    const described = (operation: string): Effect.Effect<Description, KinesisError> =>
      Effect.suspend(() =>
        description !== null
          ? Effect.succeed(description)
          : readDescription(disk, folder).pipe(
              Effect.flatMap((found) => (found === null ? Effect.fail(notThere(operation, folder)) : understood(found))),
              failing(operation)
            )
      )

    /** Where nobody puts, this process looks once how far the log goes: a power loss leaves no word of it. */
    const recoverOnce = ({ name }: Description) =>
      Effect.gen(function* () {
        if (isRecovered) return
        isRecovered = true
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* Effect.acquireRelease(disk.lock(files(folder).lock), (unlock) => unlock)
            yield* recover(disk, folder, seedOf(name), folder, yield* Clock.currentTimeMillis)
          })
        ).pipe(
          Effect.catchTag("DiskError", (error) =>
            error.reason === "Locked" || error.reason === "Denied" ? Effect.void : Effect.fail(error)
          )
        )
      }).pipe(failing("GetRecords"), claiming.withPermits(1))

    const reading = (operation: string): Effect.Effect<ReaderSettings, KinesisError> =>
      Effect.gen(function* () {
        const found = yield* described(operation)
        const seed = seedOf(found.name)
        if (writer === null) yield* recoverOnce(found)
        const durable: Effect.Effect<Durable, KinesisError> = Effect.suspend(() =>
          writer !== null
            ? Effect.succeed(writer.durable)
            : Effect.map(readDurable(disk, folder, seed), (told) => told ?? { segment: 1, offset: segmentHeaderBytes, next: 1 }).pipe(
                failing(operation)
              )
        )
        return { disk, folder, seed, stream: folder, durable }
      })

    const shardNumber = (shardId: string): Effect.Effect<number, KinesisError> => {
      const i = shardIds.indexOf(shardId)
      return i < 0
        ? Effect.fail(
            new KinesisError({ operation: "GetShardIterator", stream: folder, reason: "NotFound", detail: `There is no shard ${shardId}` })
          )
        : Effect.succeed(i)
    }

    return {
      claim: Effect.asVoid(claim),
      name: Effect.map(described("DescribeStream"), ({ name }) => name),
      written: () => (writer === null ? null : { commits: writer.commits, records: writer.durable.next - 1 }),
      describeStream: () =>
        // Somebody may have changed it meanwhile.
        Effect.suspend(() => {
          if (writer === null) description = null
          return Effect.map(described("DescribeStream"), ({ retentionMillis }) => ({ arn: pathToFileURL(folder).href, retentionMillis }))
        }),
      listShards: () => Effect.map(described("ListShards"), ({ shards }) => ({ shards: shardsOf(shards), nextToken: null })),
      getShardIterator: (_, shardId, start) =>
        Effect.gen(function* () {
          const settings = yield* reading("GetShardIterator")
          return yield* iteratorAt(settings, yield* shardNumber(shardId), start)
        }),
      getRecords: (iterator, limit) => Effect.flatMap(reading("GetRecords"), (settings) => readPage(settings, iterator, limit)),
      putRecords: (_, records) => {
        const problem = problemOf(records)
        if (problem !== null) return Effect.fail(invalid("PutRecords", folder, problem))
        return writer === null ? Effect.flatMap(claim, (made) => made.put(records)) : writer.put(records)
      }
    }
  })

/** Does this name a stream in a folder, rather than one of Kinesis, whose names have no slash? */
export const isLocalStream = (name: string): boolean => /[\\/]/.test(name) || existsSync(files(name).description)

/** Most bytes of a record, key included. */
const recordLimit = 10 * 1024 * 1024
const keyLimit = 256

/** Why a call is not taken; null: it is. The limits are those of Kinesis, so that what goes here goes there. */
const problemOf = (records: ReadonlyArray<PutRecord>): string | null => {
  if (records.length === 0 || records.length > callLimits.records)
    return `A call has 1 to ${callLimits.records} records, and not ${records.length}`
  let bytes = 0
  for (const { partitionKey, explicitHashKey, data } of records) {
    if (partitionKey.length === 0 || partitionKey.length > keyLimit) return `A partition key has 1 to ${keyLimit} characters`
    if (explicitHashKey !== undefined && !isHashKey(explicitHashKey)) return "An explicit hash key is an integer of 128 bits"
    const size = data.length + partitionKey.length
    if (size > recordLimit) return `A record has at most ${recordLimit} bytes, key included`
    bytes += size
  }
  return bytes > callLimits.bytes ? `A call has at most ${callLimits.bytes} bytes, keys included` : null
}
