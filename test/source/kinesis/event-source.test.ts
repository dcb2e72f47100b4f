import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { RecordPage } from "../../../src/record/record.ts"
import { streamEvent } from "../../../src/source/kinesis/event.ts"
import { eventSource } from "../../../src/source/kinesis/event-source.ts"
import type { StreamRecord } from "../../../src/stream/kinesis/api.ts"
import { eventOf } from "../../simulation/kinesis/event-of.ts"
import type { SimulatedKinesis } from "../../simulation/kinesis/simulated-kinesis.ts"
import { day, first, worldOf } from "../../simulation/kinesis/support.ts"
import { Committed, readAll, sourceOf, textsIn } from "./consume.ts"

const second = "shardId-000000000001"
const third = "shardId-000000000002"
const hour = 3_600_000

/** Puts numbered records. @param key "0": into the shard with the lowest hash keys */
const put = (kinesis: SimulatedKinesis, from: number, to: number, key?: string) =>
  Effect.gen(function* () {
    const explicitHashKey = key === undefined ? {} : { explicitHashKey: key }
    const records = Array.from({ length: to - from }, (_, i) => ({
      partitionKey: `k${from + i}`,
      data: Buffer.from(`${from + i}`),
      ...explicitHashKey
    }))
    yield* Effect.orDie(kinesis.api.putRecords("orders", records))
    yield* TestClock.adjust(1000)
  })

const recordsOf = (kinesis: SimulatedKinesis, shardId: string) =>
  kinesis.shards("orders").find((shard) => shard.shardId === shardId)?.records ?? []

/** Reads an event of some records of a shard, and commits it. */
const take = (
  kinesis: SimulatedKinesis,
  committed: Committed,
  shardId: string,
  records: ReadonlyArray<StreamRecord> = recordsOf(kinesis, shardId)
) =>
  Effect.gen(function* () {
    const kept: Array<RecordPage> = []
    const source = eventSource({
      event: yield* streamEvent(eventOf("orders", shardId, records)),
      api: Effect.succeed(kinesis.api),
      requireKept: (page) => Effect.sync(() => void kept.push(page))
    })
    const pages = yield* Stream.runCollect(source.pages(committed.resume))
    committed.commit(pages)
    return { texts: textsIn(pages), kept: textsIn(kept), firstLeft: source.firstLeft() }
  })

const told = (committed: Committed, shardId: string) => committed.source(`orders/${shardId}`) ?? {}
const counts = ({ counts: { DescribeStreamSummary, ListShards } }: SimulatedKinesis) => [DescribeStreamSummary.calls, ListShards.calls]

describe("the records of an event as a source", () => {
  it.effect("gives what is new, and asks for what is not", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      const committed = new Committed()
      yield* put(kinesis, 0, 6)
      const records = recordsOf(kinesis, first)
      assert.deepStrictEqual(yield* take(kinesis, committed, first, records.slice(0, 3)), {
        texts: ["0", "1", "2"],
        kept: [],
        firstLeft: records[0]?.sequenceNumber ?? ""
      })
      assert.deepStrictEqual(yield* take(kinesis, committed, first, records.slice(1)), {
        texts: ["3", "4", "5"],
        kept: ["1", "2"],
        firstLeft: records[3]?.sequenceNumber ?? ""
      })
      assert.deepStrictEqual(yield* take(kinesis, committed, first, records), {
        texts: [],
        kept: ["0", "1", "2", "3", "4", "5"],
        firstLeft: null
      })
      assert.deepStrictEqual(counts(kinesis), [0, 0])
    })
  )

  it.effect("goes on where calls have stopped, and calls go on where it stopped", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf({ shards: 2 })
      const committed = new Committed()
      const texts: Array<string> = []
      const call = Effect.gen(function* () {
        texts.push(...textsIn(yield* readAll(yield* sourceOf(kinesis), committed)))
      })
      const events = (...shardIds: ReadonlyArray<string>) =>
        Effect.forEach(shardIds, (shardId) => Effect.map(take(kinesis, committed, shardId), (taken) => void texts.push(...taken.texts)))
      yield* put(kinesis, 0, 20)
      yield* call
      yield* put(kinesis, 20, 40)
      yield* events(first, second)
      yield* put(kinesis, 40, 60)
      kinesis.mergeShards("orders", first, second)
      yield* put(kinesis, 60, 80)
      yield* events(second, first, third)
      yield* put(kinesis, 80, 100)
      yield* call
      kinesis.splitShard("orders", third)
      yield* put(kinesis, 100, 120)
      yield* call
      assert.deepStrictEqual(
        texts.map(Number).sort((a, b) => a - b),
        Array.from({ length: 120 }, (_, i) => i)
      )
      for (const { shardId } of kinesis.shards("orders")) assert.notProperty(told(committed, shardId), "gaps")
    })
  )

  it.effect("says of shards that they have ended when it gives records of their children", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      const committed = new Committed()
      yield* put(kinesis, 0, 4)
      yield* take(kinesis, committed, first)
      kinesis.splitShard("orders", first)
      yield* put(kinesis, 4, 8, "0")
      yield* take(kinesis, committed, second)
      assert.deepInclude(told(committed, first), { ended: true, children: `${second},${third}` })
      const { sequenceNumber } = committed.positions.get(`orders/${first}`) ?? assert.fail()
      assert.strictEqual(sequenceNumber, recordsOf(kinesis, first).at(-1)?.sequenceNumber)
      // One that never had a record says nothing, but what came before it.
      kinesis.splitShard("orders", third)
      const [, , , fourth = assert.fail(), fifth = assert.fail()] = kinesis.shards("orders")
      yield* TestClock.adjust(1000)
      yield* put(kinesis, 8, 12, fourth.range.from.toString())
      yield* take(kinesis, committed, fourth.shardId)
      assert.deepStrictEqual(counts(kinesis), [0, 2])
      // Long after: whoever calls misses nothing of what has expired.
      yield* put(kinesis, 12, 13, "0")
      yield* take(kinesis, committed, second)
      yield* TestClock.adjust(day - hour)
      yield* put(kinesis, 13, 14, "0")
      yield* put(kinesis, 14, 15, fourth.range.from.toString())
      yield* put(kinesis, 15, 16, fifth.range.from.toString())
      yield* take(kinesis, committed, fifth.shardId)
      yield* take(kinesis, committed, second, recordsOf(kinesis, second).slice(-1))
      yield* take(kinesis, committed, fourth.shardId, recordsOf(kinesis, fourth.shardId).slice(-1))
      yield* TestClock.adjust(2 * hour)
      assert.deepStrictEqual(textsIn(yield* readAll(yield* sourceOf(kinesis), committed)), [])
      for (const { shardId } of kinesis.shards("orders")) assert.notProperty(told(committed, shardId), "gaps", shardId)
    })
  )

  it.effect("does not say that shards have ended which others read, nor where nobody answers", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      const committed = new Committed()
      yield* put(kinesis, 0, 4)
      yield* readAll(yield* sourceOf(kinesis), committed)
      kinesis.splitShard("orders", first)
      yield* put(kinesis, 4, 8, "0")
      yield* take(kinesis, committed, second)
      assert.notProperty(told(committed, first), "ended")
      assert.deepStrictEqual(counts(kinesis)[1], 2)
      kinesis.faults = { ...kinesis.faults, unavailable: 1 }
      kinesis.splitShard("orders", second)
      const child = kinesis.shards("orders").at(-1) ?? assert.fail()
      kinesis.faults = { ...kinesis.faults, unavailable: 0 }
      yield* put(kinesis, 8, 12, child.range.from.toString())
      kinesis.faults = { ...kinesis.faults, unavailable: 1 }
      assert.deepStrictEqual((yield* take(kinesis, committed, child.shardId)).texts, ["8", "9", "10", "11"])
      assert.notProperty(told(committed, second), "ended")
    })
  )

  it.effect("tells a gap where records came late, and some before them may have been trimmed", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      const committed = new Committed()
      yield* put(kinesis, 0, 1)
      yield* take(kinesis, committed, first)
      const readUntil = Number(Date.parse(String(told(committed, first)["readUntil"])))
      // Idle for long: what comes at once came to somebody who was there.
      yield* TestClock.adjust(3 * day)
      yield* put(kinesis, 1, 2)
      yield* take(kinesis, committed, first, recordsOf(kinesis, first).slice(-1))
      assert.notProperty(told(committed, first), "gaps")
      assert.deepStrictEqual(counts(kinesis), [0, 0])
      assert.isAbove(Number(Date.parse(String(told(committed, first)["readUntil"]))), readUntil + 2 * day)
      // Somebody was not there.
      yield* put(kinesis, 2, 3)
      yield* TestClock.adjust(day / 2)
      yield* put(kinesis, 3, 4)
      yield* TestClock.adjust(day / 2 + hour)
      yield* take(kinesis, committed, first, recordsOf(kinesis, first).slice(-1))
      const { gaps, gapFrom, gapTo, retention } = told(committed, first)
      assert.deepStrictEqual([gaps, retention], [1, day])
      const lost = recordsOf(kinesis, first)[2]?.arrivedAt ?? 0
      assert.isBelow(Date.parse(String(gapFrom)), lost)
      assert.isAbove(Date.parse(String(gapTo)), lost)
    })
  )

  it.effect("tells none where a stream keeps its records for longer", () =>
    Effect.gen(function* () {
      const { kinesis } = yield* worldOf({ retentionMillis: 7 * day })
      const committed = new Committed()
      yield* put(kinesis, 0, 1)
      yield* take(kinesis, committed, first)
      yield* TestClock.adjust(hour)
      yield* put(kinesis, 1, 2)
      yield* TestClock.adjust(3 * day)
      yield* take(kinesis, committed, first)
      assert.notProperty(told(committed, first), "gaps")
      assert.deepStrictEqual(counts(kinesis)[0], 1)
    })
  )
})
