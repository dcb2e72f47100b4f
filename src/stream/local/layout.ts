import { hash } from "node:crypto"
import { join } from "node:path"
import { crc32 } from "node:zlib"
import { Effect, Schema } from "effect"
import type { Shard } from "../kinesis/api.ts"
import { type Disk, type DiskError, withFile } from "./disk.ts"

/** The folder of a stream, and what is in it. */
export const files = (folder: string) => ({
  /** What the stream is, as JSON. */
  description: join(folder, "stream.json"),
  /** How far records are acknowledged. */
  durable: join(folder, "durable"),
  lock: join(folder, "writer.lock"),
  segment: (first: number) => join(folder, `${String(first).padStart(digits, "0")}.log`),
  temporary: (unique: string) => join(folder, `.${unique}.tmp`)
})

/** Is it what an interrupted write left behind? */
export const isTemporary = (name: string): boolean => /^\..*\.tmp$/.test(name)

const digits = 20
const segmentName = new RegExp(`^\\d{${digits}}\\.log$`)

/** Sequence numbers of the first records of segments, in order. */
export const segmentsIn = (names: ReadonlyArray<string>): ReadonlyArray<number> =>
  names
    .filter((name) => segmentName.test(name))
    .map((name) => Number(name.slice(0, digits)))
    .sort((a, b) => a - b)

/** What a stream is. It keeps its name wherever the folder goes, and no other stream has it, be it in the same folder. */
export interface Description {
  readonly name: string
  readonly shards: number
  readonly retentionMillis: number
}

const Stored = Schema.fromJsonString(
  Schema.Struct({ format: Schema.Literal(1), name: Schema.String, shards: Schema.Int, retentionMillis: Schema.Number })
)

/** Null where there is no stream; undefined where what stands there is none that can be read. */
export const readDescription = (disk: Disk, folder: string): Effect.Effect<Description | null | undefined, DiskError> =>
  readWhole(disk, files(folder).description).pipe(
    Effect.map((bytes) =>
      bytes === null
        ? null
        : Schema.decodeUnknownOption(Stored)(bytes.toString()).pipe((found) => (found._tag === "Some" ? found.value : undefined))
    )
  )

/** Says what the stream is, so that it is there whole or not at all. */
export const writeDescription = (disk: Disk, folder: string, description: Description, unique: string): Effect.Effect<void, DiskError> => {
  const { description: target, temporary } = files(folder)
  const { name, shards, retentionMillis } = description
  const text = `${JSON.stringify({ format: 1, name, shards, retentionMillis })}\n`
  return withFile(disk, temporary(unique), "write", (file) => Effect.andThen(file.write([Buffer.from(text)], 0), file.sync)).pipe(
    Effect.andThen(disk.rename(temporary(unique), target)),
    Effect.andThen(disk.syncFolder(folder))
  )
}

const readWhole = (disk: Disk, path: string): Effect.Effect<Buffer | null, DiskError> =>
  withFile(disk, path, "read", (file) => Effect.flatMap(file.size, (size) => file.read(0, size))).pipe(
    Effect.catch((error) => (error.reason === "NotFound" ? Effect.succeed(null) : Effect.fail(error)))
  )

/** How far the records of a stream are stored for good: all before `next`, which will stand at `offset` of `segment`. */
export interface Durable {
  readonly segment: number
  readonly offset: number
  readonly next: number
}

const durableBytes = 28

export const encodeDurable = ({ segment, offset, next }: Durable, seed: number): Buffer => {
  const out = Buffer.allocUnsafe(durableBytes)
  out.writeDoubleLE(segment, 0)
  out.writeDoubleLE(offset, 8)
  out.writeDoubleLE(next, 16)
  out.writeUInt32LE(crc32(out.subarray(0, 24), seed), 24)
  return out
}

/** Null where it does not say, as after a power loss: it is not synced. Who reads while it is written may have to read again. */
export const readDurable = (disk: Disk, folder: string, seed: number): Effect.Effect<Durable | null, DiskError> =>
  Effect.gen(function* () {
    for (let attempt = 0; attempt < 3; attempt++) {
      const bytes = yield* readWhole(disk, files(folder).durable)
      if (bytes === null) return null
      if (bytes.length === durableBytes && bytes.readUInt32LE(24) === crc32(bytes.subarray(0, 24), seed))
        return { segment: bytes.readDoubleLE(0), offset: bytes.readDoubleLE(8), next: bytes.readDoubleLE(16) }
    }
    return null
  })

const hashKeys = 2n ** 128n
const shardIdOf = (i: number): string => `shardId-${String(i).padStart(12, "0")}`
const firstHashKey = (i: number, shards: number): bigint => (hashKeys * BigInt(i)) / BigInt(shards)
const hex = (hashKey: bigint): string => hashKey.toString(16).padStart(32, "0")

/** The shards of a stream, which have even parts of the hash keys, as those of a new stream of Kinesis have. */
export const shardsOf = (shards: number): ReadonlyArray<Shard> =>
  Array.from({ length: shards }, (_, i) => ({
    shardId: shardIdOf(i),
    parentShardId: null,
    adjacentParentShardId: null,
    startingHashKey: firstHashKey(i, shards).toString(),
    endingHashKey: (firstHashKey(i + 1, shards) - 1n).toString(),
    startingSequenceNumber: "0",
    endingSequenceNumber: null
  }))

/** Keys whose shard is remembered: a digest costs more than all else that is done for a small record. */
const remembered = 65_536

/** Finds the shard of a record: by the MD5 of its partition key, or by its explicit hash key. */
export const shardFinder = (shards: number): ((partitionKey: string, explicitHashKey: string | undefined) => number) => {
  if (shards === 1) return () => 0
  const bounds = Array.from({ length: shards }, (_, i) => hex(firstHashKey(i, shards)))
  const shardOf = (digest: string): number => {
    let i = shards - 1
    while (i > 0 && digest < (bounds[i] ?? "")) i--
    return i
  }
  let known = new Map<string, number>()
  return (partitionKey, explicitHashKey) => {
    if (explicitHashKey !== undefined) return shardOf(hex(BigInt(explicitHashKey)))
    const found = known.get(partitionKey)
    if (found !== undefined) return found
    if (known.size >= remembered) known = new Map()
    const shard = shardOf(hash("md5", partitionKey, "hex"))
    // A text of its own: a part of another would keep all of that in memory.
    known.set(Buffer.from(partitionKey).toString(), shard)
    return shard
  }
}

/** An integer of 128 bits, as decimal digits. */
export const isHashKey = (text: string): boolean => /^(0|[1-9]\d{0,38})$/.test(text) && BigInt(text) < hashKeys
