import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type CollectorOptions, letterCollector } from "../../src/app/collect-letters.ts"
import { errorObjectAt } from "../../src/firehose/collected.ts"
import { errorLine } from "../../src/firehose/error-record.ts"
import { replay } from "../../src/ingest/replay.ts"
import { deadLettersPath, stagePath } from "../../src/lake/layout.ts"
import { Store } from "../../src/store/store.ts"
import type { Row } from "../../src/table/table.ts"
import { contract, failedChecks, recordText, rowsOf, temporaryStore } from "../ingest/support.ts"
import { ObjectsStandIn } from "../source/announced/world.ts"
import { makeFaultyStore } from "../store/faulty-store.ts"

const at = Date.UTC(2026, 10, 20, 7, 30)
const stream = "DataStreamStructured"
const decode = { hashKey: null, maxDepth: 64, maxRecordBytes: 1024 * 1024 }
const errorKey = (kind: string, of = stream) =>
  `errors/${kind}/2026/11/20/07/${of}-1-2026-11-20-07-30-00-0f5ee4b2-9e3e-4c0c-9d3c-5a1b6a0f0001`

const base64 = (text: string) => Buffer.from(text).toString("base64")
/** As Firehose writes what could not be transformed, and what could not be converted. */
const transformed = (raw: string, code = "Lambda.FunctionError") =>
  JSON.stringify({
    attemptsMade: 4,
    arrivalTimestamp: at + 1,
    errorCode: code,
    errorMessage: "The record of ana@example.com is bad",
    attemptEndingTimestamp: at + 60_000,
    rawData: base64(raw),
    lambdaArn: "arn:aws:lambda:us-east-1:123456789012:function:f"
  })
const converted = (raw: string) =>
  JSON.stringify({
    attemptsMade: 1,
    arrivalTimestamp: at + 2,
    ErrorCode: "DataFormatConversion.InvalidSchema",
    ErrorMessage: "no",
    attemptEndingTimestamp: at + 60_000,
    rawData: base64(raw),
    sequenceNumber: "",
    subSequenceNumber: 0,
    dataCatalogTable: { tableName: "raw" }
  })

const notice = (key: string, etag: string | null) => ({
  eventVersion: "2.1",
  eventSource: "aws:s3",
  eventName: "ObjectCreated:Put",
  eventTime: new Date(at).toISOString(),
  s3: { bucket: { name: "bucket" }, object: { key, sequencer: "01", ...(etag === null ? {} : { eTag: etag }) } }
})
const ofS3 = (...notices: ReadonlyArray<object>) => ({ Records: notices })
const queue = "arn:aws:sqs:eu-west-1:123456789012:dead"
const message = (messageId: string, body: string, more: object = {}) => ({
  messageId,
  body,
  eventSource: "aws:sqs",
  eventSourceARN: queue,
  attributes: { SentTimestamp: String(at), ApproximateReceiveCount: "1", ...more }
})

const setUp = (more: Partial<CollectorOptions> = {}) => {
  const objects = new ObjectsStandIn()
  const options = { contracts: [contract], decode, objects, deliveryStreams: { order: stream }, dataset: null, ...more }
  const make = () => {
    const { collect } = letterCollector(options)
    return (event: unknown) => collect(event, () => Effect.void)
  }
  return { objects, make, put: (key: string, body: string | Uint8Array) => notice(key, objects.put("bucket", key, body)) }
}

const all = { batchItemFailures: [] }
const letters = Effect.map(rowsOf(deadLettersPath), (rows) => rows.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1)))
const placeOf = (row: Row) => `${row["_shard"]} ${String(row["_sequence_number"]).padStart(12, "0")}`
const text = (value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString() : value)

describe("dead letters that Firehose has put down", () => {
  it.live("become rows once, in both of its layouts, with their bytes, however often and by whomever they are announced", () =>
    Effect.gen(function* () {
      const { make, put } = setUp()
      const key = errorKey("processing-failed")
      const event = ofS3(put(key, `${transformed("one")}\n${converted('{"two":2}')}\nnot JSON\n`))
      const collect = make()
      assert.deepStrictEqual(yield* collect(event), all)
      assert.deepStrictEqual(yield* collect({ Records: [{ EventSource: "aws:sns", Sns: { Message: JSON.stringify(event) } }] }), all)
      assert.deepStrictEqual(yield* make()({ Records: [message("m-1", JSON.stringify(event))] }), all)
      const rows = yield* letters
      assert.deepStrictEqual(
        rows.map((row) => [
          row["dataset"],
          row["reason"],
          row["detail"],
          text(row["raw"]),
          row["_source"],
          Number(row["_arrived_at"]) / 1000
        ]),
        [
          ["order", "firehose_transformation", "Firehose says Lambda.FunctionError.", "one", "collected", at + 1],
          ["order", "firehose_conversion", "Firehose says DataFormatConversion.InvalidSchema.", '{"two":2}', "collected", at + 2],
          ["order", "not_error_record", "The line is no record of an error.", "not JSON", "collected", at]
        ]
      )
      assert.match(String(rows[0]?.["_shard"]), /^2026-11-20T07\/s3:\/\/bucket\/errors\/processing-failed\/.*0001#\w+\/01$/)
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("are taken once by two that are given them at once", () =>
    Effect.gen(function* () {
      const { make, put } = setUp()
      const event = ofS3(put(errorKey("processing-failed"), `${transformed("one")}\n${transformed("two")}\n`))
      const answers = yield* Effect.all([make()(event), make()(event), make()(event)], { concurrency: 3 })
      assert.deepStrictEqual(answers, [all, all, all])
      assert.strictEqual((yield* letters).length, 2)
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("are taken once although a process ends between its two commits, or before any", () =>
    Effect.gen(function* () {
      const store = yield* Store
      const { make, put } = setUp()
      const event = ofS3(put(errorKey("processing-failed"), `${transformed("one")}\n${transformed("two")}\n`))
      for (const table of [deadLettersPath, stagePath("order")]) {
        const faults = makeFaultyStore(store)
        faults.failNext("putIfAbsent", `${table}/_delta_log/00000000000000000001`, "Full")
        const failed = yield* Effect.exit(Effect.provideService(make()(event), Store, Store.of(faults.store)))
        assert.strictEqual(failed._tag, "Failure", table)
      }
      assert.deepStrictEqual(yield* make()(event), all)
      assert.strictEqual((yield* letters).length, 2)
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("are read whether they are compressed or not, and become rows by a replay", () =>
    Effect.gen(function* () {
      const { make, put } = setUp()
      yield* make()(ofS3(put(errorKey("processing-failed"), gzipSync(`${transformed(recordText(0))}\n${transformed("{}x")}\n`))))
      const { rows, left } = yield* replay({ contract, decode, onEvent: () => Effect.void })
      assert.deepStrictEqual([rows, left], [1, 1])
      // It is not taken again, neither as a row nor as a dead letter.
      yield* make()(ofS3(put(errorKey("processing-failed"), gzipSync(`${transformed(recordText(0))}\n${transformed("{}x")}\n`))))
      assert.deepStrictEqual([(yield* letters).length, (yield* rowsOf(stagePath("order"))).length], [1, 1])
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("that functions in front of it wrote keep their reasons, and say where they come from", () =>
    Effect.gen(function* () {
      const { make, put } = setUp()
      const letter = {
        source: "announced",
        shard: "2026-11-20T07/s3://raw/a#e/1",
        sequenceNumber: "17",
        subSequenceNumber: 0,
        arrivedAt: at + 3,
        reason: "unreadable_key",
        path: "orderId",
        offset: null,
        detail: "The key is a list.",
        raw: new Uint8Array(Buffer.from("[1]")),
        size: 9,
        header: new Uint8Array(Buffer.from("a,b"))
      } as const
      const key = "shop/errors/structuring/order/2026/11/20/07/abc-0000.json"
      yield* make()(ofS3(put(key, errorLine("order", letter))))
      const [row] = yield* letters
      assert.deepInclude(row, { reason: "unreadable_key", path: "orderId", offset: null, size: 9n })
      assert.deepStrictEqual([text(row?.["raw"]), text(row?.["header"])], ["[1]", "a,b"])
      assert.strictEqual(row?.["detail"], "The key is a list. It was record 17 of 2026-11-20T07/s3://raw/a#e/1 (announced).")
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("fail as an event where an object cannot be read, and nothing else is kept from being taken", () =>
    Effect.gen(function* () {
      const { make, put, objects } = setUp()
      const denied = put(errorKey("format-conversion-failed"), "x")
      objects.refuse(errorKey("format-conversion-failed"), "AccessDenied", 403)
      const there = put(errorKey("processing-failed"), `${transformed("one")}\n`)
      const failed = yield* Effect.flip(make()(ofS3(denied, there)))
      assert.strictEqual(failed._tag, "ObjectsFailed")
      assert.match(failed.message, /^1 object of dead letters could not be collected, first: .*does not give the object/)
      assert.strictEqual((yield* letters).length, 1)
      // Of a queue only that message comes again.
      const event = { Records: [message("m-1", JSON.stringify(ofS3(denied))), message("m-2", JSON.stringify(ofS3(there)))] }
      assert.deepStrictEqual(yield* make()(event), { batchItemFailures: [{ itemIdentifier: "m-1" }] })
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("are themselves dead letters where they are gone or damaged, once, behind what could be read", () =>
    Effect.gen(function* () {
      const { make, put, objects } = setUp()
      const gone = notice(errorKey("format-conversion-failed"), "0123")
      const replaced = put(errorKey("processing-failed"), "x")
      objects.put("bucket", errorKey("processing-failed"), "y")
      const lines = Array.from({ length: 1_500 }, (_, i) => `${transformed(`${i * 7919}`.repeat(800))}\n`).join("")
      const damaged = put(errorKey("splunk-failed"), gzipSync(lines, { level: 1 }).subarray(0, -1000))
      const event = ofS3(gone, replaced, damaged)
      assert.deepStrictEqual(yield* make()(event), all)
      assert.deepStrictEqual(yield* make()({ Records: [message("m-1", JSON.stringify(event))] }), all)
      const rows = yield* letters
      const lost = rows.filter(({ reason }) => String(reason).startsWith("object_"))
      assert.deepStrictEqual(
        lost.map(({ reason, raw, dataset, _source }) => [reason, text(raw), dataset, _source]),
        [
          ["object_gone", JSON.stringify(ofS3(gone)), "order", "collected"],
          ["object_gone", JSON.stringify(ofS3(replaced)), "order", "collected"],
          ["object_unreadable", JSON.stringify(ofS3(damaged)), "order", "collected"]
        ]
      )
      // What was read before the damage is there as well.
      assert.isAbove(rows.length, 500)
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("are lost once, although a process ends between the commit that says so and the dead letter", () =>
    Effect.gen(function* () {
      const store = yield* Store
      const { make } = setUp()
      const event = ofS3(notice(errorKey("format-conversion-failed"), "0123"))
      for (const [table, version] of [
        [stagePath("order"), 1],
        [deadLettersPath, 1],
        [stagePath("order"), 2]
      ] as const) {
        const faults = makeFaultyStore(store)
        faults.failNext("putIfAbsent", `${table}/_delta_log/0000000000000000000${version}`, "Full")
        const cut = yield* Effect.exit(Effect.provideService(make()(event), Store, Store.of(faults.store)))
        assert.strictEqual(cut._tag, "Failure", `${table} ${version}`)
      }
      const answers = yield* Effect.all([make()(event), make()(event)], { concurrency: 2 })
      assert.deepStrictEqual(answers, [all, all])
      assert.deepStrictEqual(
        (yield* letters).map(({ reason }) => reason),
        ["object_gone"]
      )
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("say of which dataset they are, or that nobody does", () =>
    Effect.gen(function* () {
      const two = [contract, { ...contract, contract: { ...contract.contract, name: "other" } }]
      const { make, put } = setUp({ contracts: two })
      yield* make()(ofS3(put(errorKey("processing-failed/order", "Unknown"), `${transformed("zero")}\n`)))
      assert.strictEqual((yield* letters).length, 1)
      const event = ofS3(put(errorKey("processing-failed", "Unknown"), `${transformed("one")}\n`))
      const failed = yield* Effect.flip(make()(event))
      assert.match(failed.message, /SLUICE_DELIVERY_STREAMS names no dataset for the delivery stream Unknown/)
      const strange = yield* Effect.flip(make()(ofS3(put("errors/structuring/parcels/2026/x.json", ""))))
      assert.match(strange.message, /no dataset parcels in this project/)
      // Other objects are nothing to it.
      assert.deepStrictEqual(yield* make()(ofS3(put("stage/order/x.parquet", ""))), all)
    }).pipe(Effect.provide(temporaryStore))
  )
})

describe("messages of a dead-letter queue", () => {
  it.live("become rows once, with where they come from", () =>
    Effect.gen(function* () {
      const { make } = setUp()
      const from = "arn:aws:sqs:eu-west-1:123456789012:work"
      const event = {
        Records: [
          message("m-1", "hello world", { DeadLetterQueueSourceArn: from }),
          message("m-2", JSON.stringify(ofS3(notice("raw/a.json", "e")))),
          // Nothing was lost with it.
          message("m-3", JSON.stringify({ Service: "Amazon S3", Event: "s3:TestEvent", Bucket: "bucket" }))
        ]
      }
      const collect = make()
      assert.deepStrictEqual(yield* collect(event), all)
      assert.deepStrictEqual(yield* make()(event), all)
      const rows = yield* letters
      assert.deepStrictEqual(
        rows.map((row) => [row["reason"], row["detail"], row["_shard"], row["_sequence_number"]]),
        [
          ["undelivered", `It was found in ${queue}, where it came from ${from}.`, `2026-11-20T07/${queue}/m-1`, "0"],
          ["undelivered", `It was found in ${queue}.`, `2026-11-20T07/${queue}/m-2`, "0"]
        ]
      )
      assert.strictEqual(text(rows[0]?.["raw"]), "hello world")
      const { unread, rows: replayed } = yield* replay({ contract, decode, onEvent: () => Effect.void })
      assert.deepStrictEqual([unread, replayed], [2, 0])
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("are of the dataset whose object they announce, at whatever hop, and however Lambda wraps what it gave up", () =>
    Effect.gen(function* () {
      const named = (name: string, announced: ReadonlyArray<string>) =>
        ({ ...contract, contract: { ...contract.contract, name, announced } }) as const
      const { make } = setUp({ contracts: [named("order", ["raw/orders/*"]), named("other", ["raw/others/*"])] })
      const given = (requestPayload: unknown) => ({
        version: "1.0",
        requestContext: { functionArn: "arn:aws:lambda:eu-west-1:123456789012:function:f:$LATEST", condition: "RetriesExhausted" },
        requestPayload,
        responsePayload: { errorType: "OutOfTime" }
      })
      const event = ofS3(notice("raw/others/1.json", "e"))
      const sns = (Message: unknown) => ({ Type: "Notification", Message: JSON.stringify(Message) })
      const told: ReadonlyArray<readonly [unknown, string]> = [
        [event, "other"],
        [ofS3(notice("structured_json/other/2026/11/20/07/a-0000.json", "e")), "other"],
        [ofS3(notice("stage/other/ingest_date=2026-11-20/ingest_hour=07/a.parquet", "e")), "other"],
        [given(event), "other"],
        [given({ Records: [{ EventSource: "aws:sns", Sns: { Message: JSON.stringify(event) } }] }), "other"],
        [sns(given(event)), "other"],
        [{ source: "lambda", "detail-type": "Lambda Function Invocation Result - Failure", detail: given(event) }, "other"],
        // Nobody says.
        [ofS3(notice("stage/nobody/a.parquet", "e")), "order"],
        [given({ "detail-type": "Scheduled Event", source: "aws.events" }), "order"]
      ]
      const Records = told.map(([body], i) => message(`m-${i}`, JSON.stringify(body)))
      assert.deepStrictEqual(yield* make()({ Records }), all)
      assert.deepStrictEqual(
        (yield* letters).map(({ _shard, dataset, raw }) => [String(_shard).slice(-1), dataset, text(raw)]),
        told.map(([body, dataset], i) => [String(i), dataset, JSON.stringify(body)])
      )
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("give again the dead letters of an object that a function gave up to collect", () =>
    Effect.gen(function* () {
      const { make, put } = setUp()
      const requestPayload = ofS3(put(errorKey("processing-failed"), `${transformed("one")}\n`))
      assert.deepStrictEqual(yield* make()({ Records: [message("m-1", JSON.stringify({ requestContext: {}, requestPayload }))] }), all)
      assert.deepStrictEqual(
        (yield* letters).map(({ reason }) => reason),
        ["firehose_transformation"]
      )
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("that are none are answered as failed, and the others are taken", () =>
    Effect.gen(function* () {
      const { make } = setUp()
      const { attributes: _, ...without } = message("m-1", "x")
      assert.deepStrictEqual(yield* make()({ Records: [without, message("m-2", "y")] }), {
        batchItemFailures: [{ itemIdentifier: "m-1" }]
      })
      assert.strictEqual((yield* letters).length, 1)
    }).pipe(Effect.provide(temporaryStore))
  )
})

it("an object is of an error prefix by its key", () => {
  const folders = ["2026", "11", "20", "07"]
  assert.deepStrictEqual(errorObjectAt(errorKey("processing-failed")), { stream, folders })
  assert.deepStrictEqual(errorObjectAt(`${errorKey("format-conversion-failed", "a-b-1")}.gz`), { stream: "a-b-1", folders })
  assert.deepStrictEqual(errorObjectAt(errorKey("processing-failed").replace(/errors\/|2026.*07\//g, "")), { stream, folders: [] })
  assert.deepStrictEqual(errorObjectAt("errors/structuring/order/2026/11/20/07/x.json"), { dataset: "order" })
  for (const key of ["errors/x.json", errorKey("stage"), "errors/processing-failed/2026/x", "not-failed-1.json"])
    assert.isNull(errorObjectAt(key))
})
