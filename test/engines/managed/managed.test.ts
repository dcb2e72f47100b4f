import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { S3 } from "@aws-sdk/client-s3"
import { SQS } from "@aws-sdk/client-sqs"
import { Effect } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { checkout } from "../../../schemas/vtex/checkout.ts"
import { compileContract } from "../../../src/contract/compile.ts"
import { openDuckDB } from "../../../src/duckdb/open.ts"
import { Random } from "../../../src/generate/random.ts"
import { sluice, sluiceJson } from "../../cli/sluice.ts"
import { FakeFirehose } from "../../firehose/fake-firehose.ts"
import { readByOpenX } from "../../firehose/openx-serde.ts"
import { glueOf } from "../../firehose/structured.ts"
import { writeByDuckDB } from "../../firehose/written-by-duckdb.ts"
import { announce } from "../../simulation/announced/messages.ts"
import type { ObjectVersion } from "../../simulation/input-bucket.ts"
import { type FaultyProxy, startProxy } from "../faulty-proxy.ts"
import { type Moto, startMoto } from "../moto.ts"
import { firstDifference } from "../values.ts"
import { startVersitygw, type Versitygw, versitygwEnvironment } from "../versitygw.ts"
import { call, callAsynchronously, delivered, type Handler, snsEvent, usualMishaps } from "./deliveries.ts"
import { type FirehoseServer, startFirehose } from "./firehose-server.ts"
import { type RawData, writeRawObjects } from "./raw-objects.ts"

/**
 * The managed way from raw objects to the table for users, with the real functions, and a driver that plays what is AWS's between them: topics that deliver twice
 * and out of order, calls that never arrive or whose answers get lost, a Firehose that takes some records and not others, a store that fails now and then. What
 * comes of it must be what the generator says of its orders, and the same as by the other ways into a lake.
 */
const orders = Number(process.env["SLUICE_MANAGED_ORDERS"] ?? 4500)
const seed = 16
const stream = "DataStreamStructuredCheckout"
const contract = compileContract(checkout)

/** What becomes of a call to put records. */
type Outcome = FakeFirehose["next"][number]

let gateway: Versitygw
let moto: Moto
let proxy: FaultyProxy
let firehose: FirehoseServer
let delivery: FakeFirehose
let s3: S3
let folder = ""
let bucket = ""
let rawBucket = ""
let data: RawData
const random = new Random(seed, 1)
/** When the present delivery happens: Firehose's clock. */
let now = Date.parse("2026-11-27T16:00:00Z")

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sluice-managed-"))
  ;[gateway, moto] = await Promise.all([startVersitygw(), startMoto()])
  proxy = await startProxy(gateway.endpoint)
  s3 = new S3({
    endpoint: gateway.endpoint,
    forcePathStyle: true,
    region: "eu-west-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" }
  })
  bucket = await gateway.bucket()
  rawBucket = await gateway.bucket({ isVersioned: true })
  delivery = new FakeFirehose({
    stream,
    prefix: "lake/stage/checkout/ingest_date=!{timestamp:yyyy-MM-dd}/ingest_hour=!{timestamp:HH}/",
    errorPrefix: "lake/errors/firehose/checkout/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/",
    extension: ".parquet",
    bufferBytes: 8 * 1024 * 1024,
    bufferMillis: 300_000,
    convert: (line) => readByOpenX(line, glueOf(contract)),
    writeParquet: async (key, lines) => {
      const file = join(folder, "firehose.parquet")
      await Effect.runPromise(
        Effect.scoped(
          Effect.flatMap(openDuckDB({ threads: 2, memoryLimit: 2 ** 30 }), (duckdb) => writeByDuckDB(duckdb, contract, lines, file))
        )
      )
      await s3.putObject({ Bucket: bucket, Key: key, Body: readFileSync(file) })
    },
    writeText: async (key, text) => void (await s3.putObject({ Bucket: bucket, Key: key, Body: text })),
    now: () => now
  })
  firehose = await startFirehose(new Map([[stream, delivery]]))
  data = await writeRawObjects(s3, rawBucket, orders, seed, 0.04)
  Object.assign(process.env, versitygwEnvironment, {
    SLUICE_LAKE: `s3://${bucket}/lake`,
    SLUICE_S3_ENDPOINT: proxy.endpoint,
    SLUICE_FIREHOSE_ENDPOINT: firehose.endpoint,
    SLUICE_DELIVERY_STREAMS: `checkout=${stream}`,
    SLUICE_LOG_LEVEL: "error",
    SLUICE_HASH_KEY: "a key for tests of the managed way"
  })
})
afterAll(async () => {
  await firehose.stop()
  await proxy.stop()
  s3.destroy()
  await Promise.all([gateway.stop(), moto.stop()])
  rmSync(folder, { recursive: true, force: true })
})

/** What lies below a prefix of the lake's bucket, as objects to announce. */
const objectsBelow = async (prefix: string): Promise<ReadonlyArray<ObjectVersion>> => {
  const found: Array<ObjectVersion> = []
  let token: string | undefined
  do {
    const { Contents = [], NextContinuationToken } = await s3.listObjectsV2({ Bucket: bucket, Prefix: prefix, ContinuationToken: token })
    for (const { Key = "", ETag = "", LastModified, Size = 0 } of Contents)
      found.push({
        key: Key,
        content: new Uint8Array(Size),
        etag: ETag.replaceAll('"', ""),
        versionId: null,
        sequencer: "00",
        writtenAt: LastModified?.getTime() ?? 0
      })
    token = NextContinuationToken
  } while (token !== undefined)
  return found
}

/** Announces objects to a function by a topic that is what topics are, until all is done. Gives what it was called with. */
const announced = async (name: string, of: string, objects: ReadonlyArray<ObjectVersion>): Promise<void> => {
  const { handler }: { readonly handler: Handler } = await import(`../../../src/lambda/${name}.ts`)
  const events = objects.flatMap((object) => announce(random, of, [object]).map(snsEvent))
  let left = await callAsynchronously(handler, delivered(events, random, usualMishaps), random, usualMishaps)
  // Whoever looks after the destination for failures sends them once more.
  for (let round = 0; left.length > 0; round++) {
    if (round === 5) throw new Error(`${name} gives up ${left.length} events: ${left[0]?.problem}`)
    left = await callAsynchronously(
      handler,
      left.map(({ event }) => event),
      random,
      { ...usualMishaps, unreached: 0, unanswered: 0 }
    )
  }
}

const env = () => ({ SLUICE_S3_ENDPOINT: gateway.endpoint })

it("what comes of raw objects is what their orders say, whatever goes wrong on the way", async () => {
  const chance = new Random(seed, 2)
  // Of a hundred requests to the store one is cut, before or after it has arrived.
  proxy.next(() => chance.chance(0.005), { arrives: false, answer: "cut" }, Number.POSITIVE_INFINITY)
  proxy.next(() => chance.chance(0.005), { arrives: true, answer: "cut" }, Number.POSITIVE_INFINITY)

  await announced("sendCheckoutDataToFirehouse", rawBucket, data.objects)
  for (let i = 0; i < 2000; i++)
    if (chance.chance(0.1)) delivery.next[i] = chance.pick<Outcome>(["throttled", "lost answer", (n) => n % 3 !== 0])
    else delivery.next[i] = () => true
  await announced("sendStructuredJsonToFirehose", bucket, await objectsBelow("lake/structured_json/"))
  for (now += 60_000; delivery.held.length > 0; now += 400_000) await delivery.deliver()
  await announced("registerStageObjects", bucket, await objectsBelow("lake/stage/"))
  await announced("collectDeadLetters", bucket, await objectsBelow("lake/errors/"))

  const lake = `s3://${bucket}/lake`
  await sluiceJson(["repartition", "--lake", lake], env())
  const verified = await sluice(["verify", "--lake", lake], env())
  expect(verified.stdout + verified.stderr).toMatch(/All \d+ checks hold/)
  const { consumable, deadLetters } = data.expected
  const [row] = await query(
    lake,
    "SELECT count(*) AS rows, count(DISTINCT order_id) AS orders, sum(value) AS value, sum(rounding_error) AS rounding FROM consumable_checkout"
  )
  expect(row).toMatchObject({ rows: consumable.rows, orders: consumable.orders })
  expect(`${row?.["value"]}`).toBe(consumable.value)
  expect(await deadLettersOf(lake)).toEqual(Object.entries(deadLetters).map(([reason, n]) => ({ reason, n })))
})

it("the same objects come to the same by a queue, and by a stream", async () => {
  const managed = `s3://${bucket}/lake`
  const queued = `s3://${await gateway.bucket()}/lake`
  const queue = await sendMessages(delivered(data.objects, random, usualMishaps).flatMap((object) => announce(random, rawBucket, [object])))
  const ingested = await sluiceJson(["ingest", "--source", "sqs", "--queue", queue, "--lake", queued], env())
  expect(ingested.failure).toBeNull()

  const streamed = `s3://${await gateway.bucket()}/lake`
  process.env["SLUICE_LAKE"] = streamed
  await mapStream(data.objects.filter(({ key }) => key.includes("/id/")))

  for (const lake of [queued, streamed]) {
    await sluiceJson(["repartition", "--lake", lake], env())
    const verified = await sluice(["verify", "--lake", lake], env())
    expect(verified.stdout + verified.stderr).toMatch(/All \d+ checks hold/)
    expect(await deadLettersOf(lake)).toEqual(await deadLettersOf(managed))
  }
  const [first, ...others] = await Promise.all([managed, queued, streamed].map(rowsOf))
  expect(first?.length).toBe(data.expected.consumable.rows)
  for (const other of others) expect(firstDifference(first ?? [], other)).toBeNull()
})

/** Every value of every row, in order, but for where it came from. */
const rowsOf = async (lake: string): Promise<ReadonlyArray<string>> => {
  const values = "SELECT * EXCLUDE (_source, _shard, _sequence_number, _sub_sequence_number) FROM consumable_checkout"
  const rows = await query(lake, `SELECT to_json(r)::VARCHAR AS text FROM (${values}) AS r ORDER BY order_id, last_change`)
  return rows.map(({ text }) => String(text))
}

const deadLettersOf = (lake: string) => query(lake, "SELECT reason, count(*) AS n FROM dead_letters GROUP BY ALL ORDER BY ALL")

/** Puts messages into a queue. Gives its URL. */
const sendMessages = async (bodies: ReadonlyArray<string>): Promise<string> => {
  const sqs = new SQS({ endpoint: moto.endpoint, region: "eu-west-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } })
  const { QueueUrl = "" } = await sqs.createQueue({ QueueName: "raw" })
  const calls = Array.from({ length: Math.ceil(bodies.length / 10) }, (_, i) => bodies.slice(10 * i, 10 * i + 10))
  const send = async (): Promise<void> => {
    for (let some = calls.shift(); some !== undefined; some = calls.shift())
      await sqs.sendMessageBatch({ QueueUrl, Entries: some.map((MessageBody, i) => ({ Id: String(i), MessageBody })) })
  }
  await Promise.all(Array.from({ length: 8 }, send))
  sqs.destroy()
  return QueueUrl
}

/** Hands objects to the function of streams as records of a shard, as an event source mapping does: in order, a batch again and again from where it failed. */
const mapStream = async (objects: ReadonlyArray<ObjectVersion>): Promise<void> => {
  const { handler } = await import("../../../src/lambda/consumeStream.ts")
  const records = objects.map(({ content, writtenAt }, i) => ({
    eventSource: "aws:kinesis",
    eventSourceARN: "arn:aws:kinesis:eu-west-1:123456789012:stream/checkout-events",
    eventID: `shardId-000000000000:${i + 1}`,
    kinesis: {
      sequenceNumber: String(i + 1),
      partitionKey: String(i),
      data: Buffer.from(content).toString("base64"),
      approximateArrivalTimestamp: writtenAt / 1000
    }
  }))
  let failures = 0
  for (let from = 0; from < records.length; ) {
    let to = from
    for (let bytes = 0; to < records.length && to - from < 500; to++) {
      bytes += records[to]?.kinesis.data.length ?? 0
      if (bytes > 6 * 1024 * 1024 && to > from) break
    }
    try {
      const { batchItemFailures } = await call(handler, { Records: records.slice(from, to) })
      if (random.chance(0.1)) continue
      const [failed] = batchItemFailures
      from = failed === undefined ? to : Number(failed.itemIdentifier) - 1
    } catch (error) {
      if (++failures > 10) throw error
    }
  }
}

const query = (lake: string, sql: string): Promise<ReadonlyArray<{ readonly [column: string]: unknown }>> =>
  sluiceJson(["query", "--lake", lake, sql], env())
