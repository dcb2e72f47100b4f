import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { S3 } from "@aws-sdk/client-s3"
import { Effect } from "effect"
import { checkout } from "../../../schemas/vtex/checkout.ts"
import { compileContract } from "../../../src/contract/compile.ts"
import { openDuckDB } from "../../../src/duckdb/open.ts"
import { Random } from "../../../src/generate/random.ts"
import type { LambdaFunction } from "../../../src/lambda/handler.ts"
import { sluice, sluiceJson } from "../../cli/sluice.ts"
import { FakeFirehose } from "../../firehose/fake-firehose.ts"
import { readByOpenX } from "../../firehose/openx-serde.ts"
import { glueOf } from "../../firehose/structured.ts"
import { writeByDuckDB } from "../../firehose/written-by-duckdb.ts"
import { announce } from "../../simulation/announced/messages.ts"
import type { ObjectVersion } from "../../simulation/input-bucket.ts"
import { startProxy } from "../faulty-proxy.ts"
import { startVersitygw, versitygwEnvironment } from "../versitygw.ts"
import { call, callAsynchronously, delivered, type Handler, snsEvent, usualMishaps } from "./deliveries.ts"
import { startFirehose } from "./firehose-server.ts"
import { type RawData, writeRawObjects } from "./raw-objects.ts"
import { undeclared } from "./rights.ts"
import { startSqs } from "./sqs-server.ts"

/**
 * What the real functions have around them: a store, a queue, a Firehose, and a driver that plays what is AWS's between them. Topics deliver twice and out of
 * order, calls never arrive or their answers get lost, Firehose takes some records and not others, the store fails now and then.
 */
export interface World {
  readonly raw: RawData
  /** The lake of the functions. */
  readonly lake: string
  /** Another one, which is empty. */
  readonly anotherLake: () => Promise<string>
  /** Raw objects go by functions and Firehose into the stage of the functions' lake, to the last one. */
  readonly byFirehose: (objects: ReadonlyArray<ObjectVersion>) => Promise<void>
  /** Raw objects are announced to a queue, as they might be. Gives its URL. */
  readonly toQueue: (name: string, objects: ReadonlyArray<ObjectVersion>) => string
  /** Raw objects are records of a stream, which a mapping hands to the function of streams. */
  readonly byStream: (lake: string, objects: ReadonlyArray<ObjectVersion>) => Promise<void>
  /** Runs a command. Gives the JSON that it prints. */
  readonly command: (...args: ReadonlyArray<string>) => ReturnType<typeof sluiceJson>
  /** Repartitions a lake, verifies it, and gives every value of every row in order, but for where it came from; and dead letters by reason. */
  readonly outcomeOf: (lake: string) => Promise<LakeOutcome>
  readonly close: () => Promise<void>
}

export interface LakeOutcome {
  readonly rows: ReadonlyArray<string>
  readonly deadLetters: Readonly<Record<string, number>>
  /** Of all rows of the table for users, as the generator counts them. */
  readonly totals: { readonly rows: number; readonly orders: number; readonly value: string; readonly roundingError: string }
}

const stream = "DataStreamStructuredCheckout"
const contract = compileContract(checkout)
const credentials = { accessKeyId: versitygwEnvironment.AWS_ACCESS_KEY_ID, secretAccessKey: versitygwEnvironment.AWS_SECRET_ACCESS_KEY }
const region = versitygwEnvironment.AWS_REGION

/** Of a hundred requests to the store one is cut, half of them when they have taken effect. */
const cutShare = 0.005
/** Share of calls to Firehose of which something goes wrong. */
const putShare = 0.1

/** What becomes of a call to put records. */
type Put = FakeFirehose["next"][number]

/** Makes a world, with so many orders as raw objects, and sets the environment that its functions read. */
export const openWorld = async (orders: number, seed: number): Promise<World> => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-managed-"))
  const gateway = await startVersitygw()
  const proxy = await startProxy(gateway.endpoint)
  const s3 = new S3({ endpoint: gateway.endpoint, forcePathStyle: true, region, credentials })
  const bucket = await gateway.bucket()
  const rawBucket = await gateway.bucket({ isVersioned: true })
  const random = new Random(seed, 1)
  const sqs = await startSqs(new Random(seed, 3))
  const raw = await writeRawObjects(s3, rawBucket, orders, seed, 0.04)
  const chances = new Random(seed, 2)
  for (const arrives of [true, false]) proxy.next(() => chances.chance(cutShare), { arrives, answer: "cut" }, Number.POSITIVE_INFINITY)

  /** Firehose's clock, milliseconds since 1970. */
  let now = Date.parse("2026-11-27T16:00:00Z")
  const firehose = new FakeFirehose({
    stream,
    prefix: "lake/stage/checkout/ingest_date=!{timestamp:yyyy-MM-dd}/ingest_hour=!{timestamp:HH}/",
    errorPrefix: "lake/errors/!{firehose:error-output-type}/checkout/!{timestamp:yyyy/MM/dd/HH}/",
    extension: ".parquet",
    bufferBytes: 8 * 1024 * 1024,
    bufferMillis: 300_000,
    convert: (line) => readByOpenX(line, glueOf(contract)),
    writeParquet: async (key, lines) => {
      const file = join(folder, "firehose.parquet")
      const duckdb = openDuckDB({ threads: 2, memoryLimit: 2 ** 30 })
      await Effect.runPromise(Effect.scoped(Effect.flatMap(duckdb, (db) => writeByDuckDB(db, contract, lines, file))))
      await s3.putObject({ Bucket: bucket, Key: key, Body: readFileSync(file) })
    },
    writeText: async (key, text) => void (await s3.putObject({ Bucket: bucket, Key: key, Body: text })),
    now: () => now
  })
  const server = await startFirehose(new Map([[stream, firehose]]))
  const lake = `s3://${bucket}/lake`
  Object.assign(process.env, versitygwEnvironment, {
    SLUICE_LAKE: lake,
    SLUICE_S3_ENDPOINT: proxy.endpoint,
    SLUICE_FIREHOSE_ENDPOINT: server.endpoint,
    SLUICE_DELIVERY_STREAMS: `checkout=${stream}`,
    SLUICE_LOG_LEVEL: "error",
    SLUICE_HASH_KEY: "a key for tests of the managed way"
  })
  const env = { SLUICE_S3_ENDPOINT: gateway.endpoint }
  const command: World["command"] = (...args) => sluiceJson(args, env)

  /** What lies below a prefix of the lake's bucket, as objects to announce. */
  const objectsBelow = async (prefix: string): Promise<ReadonlyArray<ObjectVersion>> => {
    const found: Array<ObjectVersion> = []
    let token: string | undefined
    do {
      const page = await s3.listObjectsV2({ Bucket: bucket, Prefix: prefix, ContinuationToken: token })
      for (const { Key: key = "", ETag = "", LastModified, Size = 0 } of page.Contents ?? [])
        found.push({
          key,
          content: new Uint8Array(Size),
          etag: ETag.replaceAll('"', ""),
          versionId: null,
          sequencer: "00",
          writtenAt: LastModified?.getTime() ?? 0
        })
      token = page.NextContinuationToken
    } while (token !== undefined)
    return found
  }

  /** Objects that were announced before. */
  const known = new Set<string>()
  /** Announces new objects to a function by a topic, until all is done. */
  const announceTo = async (name: string, of: string, objects: ReadonlyArray<ObjectVersion>): Promise<void> => {
    const { handler }: { readonly handler: Handler & Pick<LambdaFunction<unknown>, "about"> } = await import(
      `../../../src/lambda/${name}.ts`
    )
    const before = proxy.seen.length
    const events = objects
      .filter(({ key }) => !known.has(`${name} ${key}`))
      .flatMap((object) => announce(random, of, [object]).map(snsEvent))
    for (const { key } of objects) known.add(`${name} ${key}`)
    let left = await callAsynchronously(handler, delivered(events, random, usualMishaps), random, usualMishaps)
    // Whoever looks after the destination for failures sends them once more.
    for (let round = 0; left.length > 0; round++) {
      if (round === 5) throw new Error(`${name} gives up ${left.length} events: ${left[0]?.problem}`)
      const again = left.map(({ event }) => event)
      left = await callAsynchronously(handler, again, random, { ...usualMishaps, unreached: 0, unanswered: 0 })
    }
    const beyond = undeclared(proxy.seen.slice(before), handler.about.actions, { lakeBucket: bucket, prefix: "lake/", rawBucket })
    if (beyond.length > 0) throw new Error(`${name} asks for what it does not declare: ${beyond.join(", ")}`)
  }

  return {
    raw,
    lake,
    anotherLake: async () => `s3://${await gateway.bucket()}/lake`,
    byFirehose: async (objects) => {
      await announceTo("sendCheckoutDataToFirehouse", rawBucket, objects)
      const puts = objects.length
      firehose.next.push(
        ...Array.from({ length: puts }, (): Put => {
          const isGood = !chances.chance(putShare)
          return isGood ? () => true : chances.pick<Put>(["throttled", "lost answer", (n) => n % 3 !== 0])
        })
      )
      await announceTo("sendStructuredJsonToFirehose", bucket, await objectsBelow("lake/structured_json/"))
      firehose.next.length = 0
      for (now += 60_000; firehose.held.length > 0; now += 400_000) await firehose.deliver()
      await announceTo(
        "registerStageObjects",
        bucket,
        (await objectsBelow("lake/stage/")).filter(({ key }) => key.includes(stream))
      )
      await announceTo("collectDeadLetters", bucket, await objectsBelow("lake/errors/"))
    },
    toQueue: (name, objects) =>
      sqs.send(
        name,
        delivered(objects, random, usualMishaps).flatMap((object) => announce(random, rawBucket, [object]))
      ),
    byStream: async (into, objects) => {
      process.env["SLUICE_LAKE"] = into
      const before = proxy.seen.length
      const { actions } = await mapStream(objects, random)
      const places = { lakeBucket: new URL(into).host, prefix: "lake/", rawBucket }
      const beyond = undeclared(proxy.seen.slice(before), actions, places)
      if (beyond.length > 0) throw new Error(`consumeStream asks for what it does not declare: ${beyond.join(", ")}`)
    },
    command,
    outcomeOf: async (of) => {
      await command("repartition", "--lake", of)
      const verified = await sluice(["verify", "--lake", of], env)
      if (verified.code !== 0) throw new Error(`verify of ${of}: ${verified.stdout}${verified.stderr}`)
      const query = (sql: string): Promise<ReadonlyArray<{ readonly [column: string]: unknown }>> => command("query", "--lake", of, sql)
      const values = "SELECT * EXCLUDE (_source, _shard, _sequence_number, _sub_sequence_number) FROM consumable_checkout"
      const rows = await query(`SELECT to_json(r)::VARCHAR AS text FROM (${values}) AS r ORDER BY order_id, last_change`)
      const letters = await query("SELECT reason, count(*) AS n FROM dead_letters GROUP BY ALL ORDER BY ALL")
      const [totals] = await query(
        "SELECT count(DISTINCT order_id) AS orders, sum(value)::VARCHAR AS value, sum(rounding_error)::VARCHAR AS rounding FROM consumable_checkout"
      )
      return {
        rows: rows.map(({ text }) => String(text)),
        deadLetters: Object.fromEntries(letters.map(({ reason, n }) => [String(reason), Number(n)])),
        totals: {
          rows: rows.length,
          orders: Number(totals?.["orders"]),
          value: String(totals?.["value"]),
          roundingError: String(totals?.["rounding"])
        }
      }
    },
    close: async () => {
      await server.stop()
      await proxy.stop()
      s3.destroy()
      await sqs.stop()
      await gateway.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** Bytes of an event that Lambda hands over at once, as text. */
const mostEvent = 6 * 1024 * 1024

/** Hands objects to the function of streams as records of one shard, as an event source mapping does: in order, and again from where it failed. */
const mapStream = async (objects: ReadonlyArray<ObjectVersion>, random: Random): Promise<LambdaFunction<unknown>["about"]> => {
  const { handler } = await import("../../../src/lambda/consumeStream.ts")
  const recordOf = (i: number) => {
    const object = objects[i]
    return object === undefined
      ? null
      : {
          eventSource: "aws:kinesis",
          eventSourceARN: "arn:aws:kinesis:eu-west-1:123456789012:stream/checkout-events",
          eventID: `shardId-000000000000:${i + 1}`,
          kinesis: {
            sequenceNumber: String(i + 1),
            partitionKey: String(i),
            data: Buffer.from(object.content).toString("base64"),
            approximateArrivalTimestamp: object.writtenAt / 1000
          }
        }
  }
  let failures = 0
  for (let from = 0; from < objects.length; ) {
    const records: Array<NonNullable<ReturnType<typeof recordOf>>> = []
    for (let bytes = 0; records.length < 500; ) {
      const record = recordOf(from + records.length)
      bytes += record?.kinesis.data.length ?? 0
      if (record === null || (bytes > mostEvent && records.length > 0)) break
      records.push(record)
    }
    try {
      const { batchItemFailures } = await call(handler, { Records: records })
      // The answer gets lost now and then.
      if (random.chance(0.1)) continue
      const [failed] = batchItemFailures
      from = failed === undefined ? from + records.length : Number(failed.itemIdentifier) - 1
    } catch (error) {
      if (++failures > 10) throw error
    }
  }
  return handler.about
}
