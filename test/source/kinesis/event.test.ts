import { existsSync, readdirSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { streamEvent } from "../../../src/source/kinesis/event.ts"
import { eventOf } from "../../simulation/kinesis/event-of.ts"

const recordOf = (sequenceNumber: string, text = "{}") => ({
  sequenceNumber,
  partitionKey: "k",
  data: Buffer.from(text),
  arrivedAt: 1_545_084_650_987
})
const good = eventOf("orders", "shardId-000000000006", [recordOf("9", "nine"), recordOf("10", "ten")])
const [one, two] = good.Records

/** What is wrong with an event; null: nothing. */
const problemOf = (event: unknown): string | null => {
  const result = Effect.runSync(Effect.result(streamEvent(event)))
  return Result.isFailure(result) ? result.failure.message : null
}

describe("the event of a mapping", () => {
  it("has the records of a shard, in order and each once", () => {
    const { arn, shards, stream } = Effect.runSync(streamEvent({ Records: [two, one, two] }))
    assert.deepStrictEqual([stream, arn], ["orders", "arn:aws:kinesis:eu-central-1:123456789012:stream/orders"])
    assert.deepStrictEqual([...shards.keys()], ["shardId-000000000006"])
    assert.deepStrictEqual(
      shards
        .get("shardId-000000000006")
        ?.map(({ sequenceNumber, data, arrivedAt }) => [sequenceNumber, Buffer.from(data).toString(), arrivedAt]),
      [
        ["9", "nine", 1_545_084_650_987],
        ["10", "ten", 1_545_084_650_987]
      ]
    )
  })

  it("is of the stream, too, where a consumer of its own reads it", () => {
    const eventSourceARN = `${one?.eventSourceARN}/consumer/fast:1545084650`
    assert.strictEqual(Effect.runSync(streamEvent({ Records: [{ ...one, eventSourceARN }] })).arn, one?.eventSourceARN)
  })

  it.for<[string, unknown, string]>([
    ["nothing", undefined, "no records"],
    ["null", null, "no records"],
    ["text", "{}", "no records"],
    ["a list", [one], "no records"],
    ["without records", {}, "no records"],
    ["with none", { Records: [] }, "no records"],
    ["with something else for records", { Records: { 0: one } }, "no records"],
    ["of a queue", { Records: [{ eventSource: "aws:sqs", body: "{}" }] }, "not of a Kinesis stream"],
    ["with one of DynamoDB among them", { Records: [one, { ...two, eventSource: "aws:dynamodb" }] }, "not of a Kinesis stream"],
    ["with nothing among them", { Records: [one, null] }, "not of a Kinesis stream"],
    ["without a sequence number", { Records: [{ ...one, kinesis: { ...one?.kinesis, sequenceNumber: 9 } }] }, "without a sequence number"],
    [
      "with a number that is none",
      { Records: [{ ...one, kinesis: { ...one?.kinesis, sequenceNumber: "09" } }] },
      "without a sequence number"
    ],
    ["without data", { Records: [{ ...one, kinesis: { ...one?.kinesis, data: undefined } }] }, "not base64"],
    ["with other data", { Records: [{ ...one, kinesis: { ...one?.kinesis, data: "{secret}" } }] }, "not base64"],
    ["without a time", { Records: [{ ...one, kinesis: { ...one?.kinesis, approximateArrivalTimestamp: null } }] }, "when it arrived"],
    [
      "with a time that is none",
      { Records: [{ ...one, kinesis: { ...one?.kinesis, approximateArrivalTimestamp: 1e300 } }] },
      "when it arrived"
    ],
    ["without a shard", { Records: [{ ...one, eventID: ":9" }] }, "does not name its shard"],
    ["with an id of another record", { Records: [{ ...one, eventID: "shardId-000000000006:8" }] }, "does not name its shard"],
    ["without a stream", { Records: [{ ...one, eventSourceARN: "arn:aws:s3:::orders" }] }, "does not name its stream"],
    ["of two streams", { Records: [one, ...eventOf("parcels", "shardId-000000000006", [recordOf("9")]).Records] }, "several streams"],
    ["of a window", { ...good, window: { start: "2020-12-09T07:04:00Z" }, state: {} }, "tumbling window"]
  ])("is refused: %s", ([, event, problem]) => {
    const found = problemOf(event)
    assert.include(found ?? "nothing is wrong", problem)
    assert.notInclude(found ?? "", "secret")
  })

  const folder = resolve(import.meta.dirname, "../../..", process.env["SLUICE_TEST_DATA"] ?? "../shared/data", "aws_events")
  const isThere = existsSync(folder)
  if (!isThere) console.warn(`Skipped: there is no ${folder}; SLUICE_TEST_DATA says where real data lies.`)
  it.skipIf(!isThere)("is told from every other event of AWS", () => {
    const taken = readdirSync(folder, { recursive: true, encoding: "utf8" }).flatMap((path) => {
      if (!path.endsWith(".json")) return []
      const problem = problemOf(JSON.parse(readFileSync(resolve(folder, path), "utf8")))
      if (problem === null || problem.includes("window")) return [path]
      assert.match(problem, /records of a stream|not of a Kinesis stream/)
      return []
    })
    assert.deepStrictEqual(taken.sort(), [
      "aws-lambda-developer-guide/kinesis-record.json",
      "aws-lambda-go/kinesis-event.json",
      "aws-lambda-go/kinesis-time-window-event.json",
      "powertools-python/kinesisStreamCloudWatchLogsEvent.json",
      "powertools-python/kinesisStreamEvent.json",
      "powertools-python/kinesisStreamEventOneRecord.json"
    ])
  })
})
