import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { errorLine, errorRecordIn } from "../../src/firehose/error-record.ts"
import { makeStructurer } from "../../src/firehose/structurer.ts"
import { transformationIn, transformRecords } from "../../src/firehose/transform.ts"
import { realData } from "../acceptance/support.ts"
import { compiledOrders } from "../contract/orders.ts"
import { decode, decodePages, pageOf, settings } from "../decode/support.ts"
import { evaluatePrefix, FakeFirehose } from "./fake-firehose.ts"
import { readByOpenX } from "./openx-serde.ts"
import { glueOf } from "./structured.ts"

const structurer = makeStructurer(compiledOrders, settings)
const arn = "arn:aws:firehose:us-east-1:123456789012:deliverystream/Orders"
const base64 = (text: string) => Buffer.from(text).toString("base64")
const order = (i: number, more: object = {}) => JSON.stringify({ orderId: `o-${i}`, lastChange: "2024-01-01T10:00:00Z", ...more })
const given = (texts: ReadonlyArray<string>, more: (i: number) => object = () => ({})) => ({
  deliveryStreamArn: arn,
  records: texts.map((text, i) => ({
    recordId: `4964${i}`,
    approximateArrivalTimestamp: 1_700_000_000_000 + i,
    data: base64(text),
    ...more(i)
  }))
})
const answerOf = (event: unknown) => {
  const transformation = transformationIn(event)
  if (transformation === null) throw new Error("it is no transformation")
  return Effect.runSync(transformRecords(structurer, transformation))
}

describe("a transformation of Firehose", () => {
  it("answers each record once, by its id and in order", () => {
    const texts = [order(1), " ", "{", order(2, { status: "forbidden" }), "{}", order(3), "\n", '{"orderId":"1"}']
    const { answer, counts } = answerOf(given(texts))
    expect(answer.records.map(({ recordId, result }) => [recordId, result])).toEqual(
      ["Ok", "Dropped", "ProcessingFailed", "ProcessingFailed", "Dropped", "Ok", "Dropped", "ProcessingFailed"].map((result, i) => [
        `4964${i}`,
        result
      ])
    )
    // What failed goes back as it came, so that nothing of it is lost.
    expect(answer.records.filter(({ result }) => result !== "Ok").map(({ data }) => data)).toEqual(
      [1, 2, 3, 4, 6, 7].map((i) => base64(texts[i] ?? ""))
    )
    const rows = answer.records.flatMap(({ result, data }) =>
      result === "Ok" ? [readByOpenX(Buffer.from(data, "base64").toString(), glueOf(compiledOrders))] : []
    )
    expect(rows).toEqual(
      decode(compiledOrders, texts).rows.map((row, i) => ({
        ...row,
        _source: "firehose",
        _shard: "Orders",
        _sequence_number: ["49640", "49645"][i],
        _arrived_at: [1_700_000_000_000_000n, 1_700_000_000_005_000n][i]
      }))
    )
    expect(counts).toMatchObject({ records: 8, rows: 2, empty: 3 })
  })

  it.each([
    [
      "a record of a stream",
      { kinesisRecordMetadata: { shardId: "shardId-1", sequenceNumber: "0049", subsequenceNumber: 7 } },
      "Orders/shardId-1",
      "49",
      7n
    ],
    ["an id that is no number", { recordId: "shardId-000000000000000000000" }, "Orders/shardId-000000000000000000000", "0", 0n],
    ["an id with zeros in front", { recordId: "0012" }, "Orders", "12", 0n]
  ])("gives coordinates that no other record has: %s", (_, more, shard, sequenceNumber, sub) => {
    const { answer } = answerOf(given([order(1)], () => more))
    const row = readByOpenX(Buffer.from(answer.records[0]?.data ?? "", "base64").toString(), glueOf(compiledOrders))
    expect([row["_shard"], row["_sequence_number"], row["_sub_sequence_number"]]).toEqual([shard, sequenceNumber, sub])
  })

  it("fails a record without data, and refuses an event that it cannot answer", () => {
    expect(answerOf({ deliveryStreamArn: arn, records: [{ recordId: "1" }, { recordId: "2", data: 7 }] }).answer.records).toEqual([
      { recordId: "1", result: "ProcessingFailed", data: "" },
      { recordId: "2", result: "ProcessingFailed", data: "" }
    ])
    expect(answerOf({ deliveryStreamArn: arn, records: [] }).answer).toEqual({ records: [] })
    for (const event of [
      null,
      {},
      { records: [] },
      { deliveryStreamArn: arn },
      { deliveryStreamArn: arn, records: [{ data: "" }] },
      { deliveryStreamArn: "x", records: [] }
    ])
      expect(transformationIn(event)).toBeNull()
  })

  it("says so where its answer is more than Lambda takes", () => {
    const large = (i: number) => order(i, { customData: { text: "x".repeat(900_000) } })
    expect(answerOf(given([1, 2, 3].map(large))).answer.records.length).toBe(3)
    expect(() => answerOf(given([1, 2, 3, 4, 5, 6].map(large)))).toThrow(/of which Lambda takes 6,291,456.*smaller buffer/)
  })

  const events = realData("aws_events")
  it.skipIf(events === undefined)("takes AWS's own examples", () => {
    const found = readdirSync(events ?? "", { recursive: true, encoding: "utf8" }).filter(
      (path) => /firehose.*event|firehose-record/i.test(path) && existsSync(join(events ?? "", path))
    )
    const answered = found.map((path) => {
      const event: unknown = JSON.parse(readFileSync(join(events ?? "", path), "utf8"))
      const transformation = transformationIn(event)
      return [
        path.split("/").at(-1),
        transformation && Effect.runSync(transformRecords(structurer, transformation)).answer.records.map(({ result }) => result)
      ]
    })
    expect(Object.fromEntries(answered)).toEqual({
      "firehose-record.json": null,
      "kinesis-firehose-event.json": null,
      "kinesisFirehoseKinesisEvent.json": ["ProcessingFailed", "ProcessingFailed"],
      "kinesisFirehosePutEvent.json": ["ProcessingFailed", "ProcessingFailed"],
      "kinesisFirehoseSQSEvent.json": ["ProcessingFailed"]
    })
  })
})

describe("records under an error prefix", () => {
  it("are read back as they were written, by Firehose in both of its layouts, and by functions", async () => {
    const errors: Array<string> = []
    const parquet: Array<string> = []
    let now = Date.UTC(2026, 10, 29, 19, 59, 58)
    const firehose = new FakeFirehose({
      stream: "Orders",
      prefix: "stage/orders/ingest_date=!{timestamp:yyyy-MM-dd}/ingest_hour=!{timestamp:HH}/",
      errorPrefix: "errors/!{firehose:error-output-type}/!{timestamp:yyyy'/'MM}/",
      extension: ".parquet",
      bufferBytes: 1 << 26,
      bufferMillis: 300_000,
      transform: { by: async (event) => answerOf(event).answer, bufferBytes: 100 },
      convert: (line) => {
        if (line.includes("o-3")) throw new Error("no")
        return readByOpenX(line, glueOf(compiledOrders))
      },
      writeParquet: async (_, lines) => void parquet.push(...lines),
      writeText: async (_, text) => void errors.push(...text.split("\n").filter((line) => line !== "")),
      now: () => now
    })
    const texts = [order(1), "{", "{}", order(3)]
    await Effect.runPromise(
      firehose.putRecordBatch(
        "Orders",
        texts.map((text) => new Uint8Array(Buffer.from(text)))
      )
    )
    await firehose.deliver()
    expect(firehose.delivered).toEqual([])
    now += 300_000
    await firehose.deliver()
    expect(firehose.delivered).toEqual([
      "stage/orders/ingest_date=2026-11-29/ingest_hour=19/Orders-1-2026-11-29-20-04-58-0b5cbe6b-6d7c-4b0e-9d0e-000000000003.parquet"
    ])
    expect(firehose.errors.map((key) => key.slice(0, key.indexOf("Orders")))).toEqual([
      "errors/processing-failed/2026/11/",
      "errors/format-conversion-failed/2026/11/"
    ])
    expect(parquet.length).toBe(1)
    const read = errors.map(errorRecordIn)
    expect(read.map((record) => [record?.at, record?.code])).toEqual([
      ["transformation", "Lambda.ProcessingFailedStatus"],
      ["conversion", "DataFormatConversion.MalformedData"]
    ])
    expect(Buffer.from(read[0]?.raw ?? []).toString()).toBe("{")
    expect(read[0]?.arrivedAt).toBe(Date.UTC(2026, 10, 29, 19, 59, 58))
  })

  it("keep a dead letter whole", () => {
    const { letters } = decodePages(compiledOrders, [
      pageOf(["{", '{"a":1}', Buffer.from([0xff, 0x00])], { arrivedAt: 1_700_000_000_000.125 })
    ])
    expect(letters.length).toBe(3)
    for (const letter of [...letters, ...letters.map((letter) => ({ ...letter, header: new Uint8Array([0, 255]) }))]) {
      const line = errorLine("orders", letter)
      expect(line.indexOf("\n")).toBe(line.length - 1)
      const read = errorRecordIn(line)
      expect(read?.letter).toEqual({ dataset: "orders", letter: { ...letter, raw: new Uint8Array(letter.raw) } })
    }
  })

  it.each([
    "",
    "[]",
    "{",
    '"x"',
    '{"rawData":1}',
    '{"rawData":"","errorCode":"x"}',
    '{"rawData":"","errorCode":"x","arrivalTimestamp":1,"dataset":"d"}'
  ])("%j is none", (line) => expect(errorRecordIn(line)).toBeNull())

  it("lie where a prefix with expressions says", () => {
    const at = new Date("2026-01-02T03:04:05Z")
    expect(evaluatePrefix("a/y=!{timestamp:yyyy}/!{timestamp:yyyy-MM-dd'T'HH}/!{firehose:random-string}/", at)).toBe(
      "a/y=2026/2026-01-02T03/Ab3dE6gH9jK/"
    )
  })
})
