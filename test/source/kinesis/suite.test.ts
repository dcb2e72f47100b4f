import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { aggregate } from "../../../src/stream/kinesis/aggregation.ts"
import type { Faults } from "../../simulation/kinesis/faults.ts"
import type { SimulatedKinesis } from "../../simulation/kinesis/simulated-kinesis.ts"
import { worldOf } from "../../simulation/kinesis/support.ts"
import { sourceSuite } from "../source-suite.ts"
import { asTimePasses, pass, sourceOf } from "./consume.ts"

interface World {
  readonly shards: number
  readonly faults: Partial<Faults>
  /** Puts the stream's records. Whatever is put here is put while nothing fails. */
  readonly fill: (kinesis: SimulatedKinesis) => Effect.Effect<void>
}

/** The suite of every source, over a stream that stands. What a run that was stopped must let go of are the calls that it makes. */
const suiteOver = (name: string, { shards, faults, fill }: World) => {
  let calls = () => 0
  const make = Effect.gen(function* () {
    const { kinesis } = yield* worldOf({ shards })
    calls = () => Object.values(kinesis.counts).reduce((sum, { calls }) => sum + calls, 0)
    yield* fill(kinesis)
    const source = yield* sourceOf(kinesis)
    kinesis.faults = { ...kinesis.faults, ...faults }
    return asTimePasses(source)
  })
  const held = Effect.gen(function* () {
    const before = calls()
    yield* pass(120)
    return calls() - before
  })
  sourceSuite(`Kinesis, ${name}`, make, held)
}

/** Records with keys of their own, so that they spread over the shards. @param packed in how many aggregated records, or 0: none is */
const put = (kinesis: SimulatedKinesis, from: number, to: number, packed = 0) =>
  Effect.gen(function* () {
    const plain = Array.from({ length: to - from }, (_, i) => ({ partitionKey: `k${from + i}`, data: Buffer.from(`{"n":${from + i}}`) }))
    const size = Math.ceil(plain.length / packed)
    const records = packed === 0 ? plain : Array.from({ length: packed }, (_, i) => bundle(plain.slice(i * size, (i + 1) * size)))
    yield* Effect.orDie(kinesis.api.putRecords("orders", records))
    yield* TestClock.adjust(1000)
  })

const bundle = (records: Parameters<typeof aggregate>[0]) => ({
  // As the library does it that packs them: the whole goes where its first record belongs.
  partitionKey: records[0]?.partitionKey ?? "",
  data: aggregate(records)
})

suiteOver("plain records of several shards", {
  shards: 3,
  faults: { shortPage: 0.5, emptyPage: 0.1 },
  fill: (kinesis) => Effect.andThen(put(kinesis, 0, 40), put(kinesis, 40, 60))
})

suiteOver("aggregated records before and after a reshard", {
  shards: 2,
  faults: { lateEnd: 0.5 },
  fill: (kinesis) =>
    Effect.gen(function* () {
      yield* put(kinesis, 0, 60, 5)
      kinesis.splitShard("orders", "shardId-000000000000")
      yield* put(kinesis, 60, 100, 4)
      yield* put(kinesis, 100, 110)
      kinesis.mergeShards("orders", "shardId-000000000003", "shardId-000000000001")
      yield* put(kinesis, 110, 150, 6)
    })
})

suiteOver("a service that fails now and then", {
  shards: 1,
  faults: { throttle: 0.1, unavailable: 0.1, lostAnswer: 0.1, expireEarly: 0.1, nullIteratorWithoutChildren: 0.1, shortPage: 0.9 },
  fill: (kinesis) => put(kinesis, 0, 50)
})
