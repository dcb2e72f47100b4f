import { Effect, Result } from "effect"
import { TestClock } from "effect/testing"
import type { IteratorStart, KinesisError, KinesisReason, RecordsPage, Shard } from "../../../src/stream/kinesis/api.ts"
import { type Options, SimulatedKinesis } from "./simulated-kinesis.ts"

export const start = Date.UTC(2024, 4, 1)
export const day = 24 * 3_600_000
export const MiB = 1024 * 1024

/** A small generator of numbers from 0 up to 1 (a Weyl sequence, mixed), good enough to choose faults. */
export const randomOf = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32
  }
}

/** A world with one stream, `orders`. */
export const worldOf = (options: Partial<Options> & { readonly shards?: number; readonly retentionMillis?: number } = {}) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(start)
    const { shards = 1, retentionMillis = day, ...rest } = options
    const kinesis = yield* SimulatedKinesis.make({ random: randomOf(1), ...rest })
    kinesis.createStream("orders", { shards, retentionMillis })
    return { kinesis, api: kinesis.api }
  })

export const first = "shardId-000000000000"

/** Records that all go to the first shard, with `bytes` bytes each, keys included. */
export const records = (count: number, bytes = 100) => {
  const data = new Uint8Array(bytes - 1)
  return Array.from({ length: count }, () => ({ partitionKey: "k", explicitHashKey: "0", data }))
}

/** Puts so slowly that nothing is refused. */
export const fill = (kinesis: SimulatedKinesis, count: number, bytes = 100) =>
  Effect.gen(function* () {
    const perCall = Math.max(1, Math.min(500, Math.floor(MiB / bytes)))
    for (let left = count; left > 0; left -= perCall) {
      const answers = yield* kinesis.api.putRecords("orders", records(Math.min(left, perCall), bytes))
      if (answers.some(({ ok }) => !ok)) throw new Error("refused")
      yield* TestClock.adjust(Math.max(1000, (1000 * bytes) / MiB))
    }
  })

export const iteratorOf = (kinesis: SimulatedKinesis, from: IteratorStart = { type: "TRIM_HORIZON" }, shardId = first) =>
  kinesis.api.getShardIterator("orders", shardId, from)

export const reasonOf = <A>(effect: Effect.Effect<A, KinesisError>): Effect.Effect<KinesisReason | null> =>
  Effect.map(Effect.result(effect), (result) => (Result.isFailure(result) ? result.failure.reason : null))

export const allShards = (kinesis: SimulatedKinesis) =>
  Effect.gen(function* () {
    const shards: Array<Shard> = []
    let pages = 0
    let token: string | null = null
    do {
      const page: { readonly shards: ReadonlyArray<Shard>; readonly nextToken: string | null } = yield* kinesis.api.listShards(
        "orders",
        token
      )
      shards.push(...page.shards)
      token = page.nextToken
      pages++
    } while (token !== null)
    return { shards, pages }
  })

/** Reads from a start on to the tip or the end of a shard, once a second. */
export const drain = (kinesis: SimulatedKinesis, from: IteratorStart = { type: "TRIM_HORIZON" }, shardId = first, limit = 10_000) =>
  Effect.gen(function* () {
    const pages: Array<RecordsPage> = []
    let iterator: string | null = yield* iteratorOf(kinesis, from, shardId)
    while (iterator !== null) {
      const page: RecordsPage = yield* kinesis.api.getRecords(iterator, limit)
      pages.push(page)
      yield* TestClock.adjust(6000)
      if (page.millisBehindLatest === 0 && kinesis.stream("orders").shard(shardId, start)?.closedAt === null) break
      iterator = page.nextIterator
    }
    return { pages, records: pages.flatMap((page) => page.records), last: pages[pages.length - 1] }
  })
