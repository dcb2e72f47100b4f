import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { TestClock } from "effect/testing"
import { type KinesisApi, KinesisError } from "../../../src/stream/kinesis/api.ts"
import { worldOf } from "../../simulation/kinesis/support.ts"
import { sourceOf, startReading } from "./consume.ts"

describe("how long a stream keeps its records", () => {
  it.effect("is warned of where the stream does not say it any more, once until it does", () => {
    const warnings: Array<string> = []
    const collect = Logger.layer([Logger.make(({ message }) => warnings.push(String(message)))])
    return Effect.gen(function* () {
      const { kinesis } = yield* worldOf()
      let answers = true
      const denied = new KinesisError({ operation: "DescribeStreamSummary", stream: "orders", reason: "Denied", detail: "AccessDenied" })
      const describeStream: KinesisApi["describeStream"] = (stream) =>
        Effect.suspend(() => (answers ? kinesis.api.describeStream(stream) : Effect.fail(denied)))
      const source = yield* sourceOf(kinesis, { api: { ...kinesis.api, describeStream }, follow: true, pollMillis: 600_000 })
      yield* startReading(source)
      const hours = (count: number) =>
        Effect.gen(function* () {
          for (let i = 0; i < 6 * count; i++) yield* TestClock.adjust(600_000)
        })
      yield* hours(2)
      assert.deepStrictEqual(warnings, [])
      answers = false
      yield* hours(4)
      assert.strictEqual(warnings.length, 1)
      assert.match(warnings[0] ?? "", /stream orders.*gaps may be told too short.*kinesis:DescribeStreamSummary/)
      answers = true
      yield* hours(2)
      assert.strictEqual(warnings.length, 1)
      answers = false
      yield* hours(2)
      assert.strictEqual(warnings.length, 2)
    }).pipe(Effect.provide(collect))
  })
})
