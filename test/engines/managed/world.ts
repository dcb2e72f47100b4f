import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type ListObjectVersionsOutput, S3 } from "@aws-sdk/client-s3"
import { Effect, Exit, Scope } from "effect"
import { openDuckDB } from "../../../src/duckdb/open.ts"
import { Random } from "../../../src/generate/random.ts"
import { sluice, sluiceJson } from "../../cli/sluice.ts"
import { FakeFirehose } from "../../firehose/fake-firehose.ts"
import { readByOpenX } from "../../firehose/openx-serde.ts"
import { writeByDuckDB } from "../../firehose/written-by-duckdb.ts"
import { emrStandIn } from "../../repartition/emr/emr-stand-in.ts"
import { announce } from "../../simulation/announced/messages.ts"
import type { ObjectVersion } from "../../simulation/input-bucket.ts"
import { startMoto } from "../moto.ts"
import { openEndpoints } from "../terraform/endpoints.ts"
import { functionCaller } from "../terraform/functions.ts"
import { deliveryProblem } from "../terraform/hops.ts"
import { runJobs } from "../terraform/jobs.ts"
import type { DeliveryStream, Deployed } from "../terraform/model.ts"
import { lakeOf } from "../terraform/places.ts"
import { openPlay } from "../terraform/play.ts"
import { openQueues, type WorldTime } from "../terraform/queues.ts"
import { mapStream, usualMapping } from "../terraform/stream-mapping.ts"
import { startVersitygw, versitygwEnvironment } from "../versitygw.ts"
import { call, delivered, usualMishaps } from "./deliveries.ts"
import { startFirehose } from "./firehose-server.ts"
import { type RawData, writeRawObjects } from "./raw-objects.ts"
import { startSqs } from "./sqs-server.ts"

/**
 * What the real functions have around them: a store, queues, a Firehose, a catalog, EMR, and a driver that plays what is AWS's between them by the configuration that was
 * applied. Messages come twice and out of order, calls never arrive or their answers get lost, Firehose takes some records and not others, the store fails now and then.
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
  /** The rule of the hour comes, and goes on to the end of what it starts. */
  readonly nextHour: () => Promise<void>
  /** What roles were denied, in words. */
  readonly denied: ReadonlySet<string>
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

const credentials = { accessKeyId: versitygwEnvironment.AWS_ACCESS_KEY_ID, secretAccessKey: versitygwEnvironment.AWS_SECRET_ACCESS_KEY }
/** Of a hundred requests to the store one is cut, half of them when they have taken effect. */
const cutShare = 0.005
/** Share of calls to Firehose of which something goes wrong. */
const putShare = 0.1

/** What becomes of a call to put records. */
type Put = FakeFirehose["next"][number]

/** Makes a world of what is deployed, with so many orders as raw objects. */
export const openWorld = async (deployed: Deployed, orders: number, seed: number): Promise<World> => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-managed-"))
  const { region } = deployed
  const scope = Scope.makeUnsafe()
  const [gateway, moto] = await Promise.all([startVersitygw(region), startMoto()])
  const s3 = new S3({ endpoint: gateway.endpoint, forcePathStyle: true, region, credentials })
  for (const { isVersioned, name } of deployed.buckets.values()) await gateway.bucket({ name, isVersioned })
  const { bucket, folder: prefix } = lakeOf(deployed)
  const rawBucket = [...deployed.buckets.values()].find(({ name, notifications }) => name !== bucket && notifications.length > 0)
  if (rawBucket === undefined) throw new Error("no bucket tells of raw objects")
  const random = new Random(seed, 1)
  const sqs = await startSqs(new Random(seed, 3))
  const raw = await writeRawObjects(s3, rawBucket.name, orders, seed, 0.04)
  const chances = new Random(seed, 2)
  const faults = [true, false].map((arrives) => ({ when: () => chances.chance(cutShare), fault: { arrives, answer: "cut" as const } }))

  const time: WorldTime = { now: Date.parse("2026-11-27T16:00:00Z") }
  const firehoses = new Map([...deployed.deliveryStreams.values()].map((stream) => [stream.name, firehoseOf(stream)]))
  const server = await startFirehose(firehoses)
  const emr = await Effect.runPromise(Scope.provide(emrStandIn(), scope))
  for (const arn of deployed.applications)
    emr.applications.set(arn.split("/").at(-1) ?? "", { releaseLabel: "emr-7.13.0", state: "STARTED" })
  const servers = { s3: gateway.endpoint, firehose: server.endpoint, glue: moto.endpoint, emr: emr.endpoint }
  const endpoints = openEndpoints(deployed, servers, faults)
  const common = { ...versitygwEnvironment, AWS_REGION: region }
  Object.assign(process.env, common)
  const functions = functionCaller(deployed, endpoints, { SLUICE_LOG_LEVEL: "error" })
  const lake = `s3://${bucket}${prefix === "" ? "" : `/${prefix.slice(0, -1)}`}`
  const env = { ...common, SLUICE_S3_ENDPOINT: gateway.endpoint }
  const command: World["command"] = (...args) => {
    functions.leave()
    return sluiceJson(args, env)
  }

  /** A delivery stream, which writes as its role, by the columns of its table. */
  function firehoseOf(stream: DeliveryStream): FakeFirehose {
    const table = deployed.tables.find(({ database, name }) => database === stream.table?.database && name === stream.table.name)
    const columns = (table?.columns ?? []).map((column) => ({ ...column, Comment: "" }))
    const write = async (key: string, body: Uint8Array | string): Promise<void> => {
      const problem = deliveryProblem(deployed, stream, key)
      if (problem !== null) throw new Error(`${problem.name}: ${problem.says}`)
      await s3.putObject({ Bucket: stream.bucket.replace("arn:aws:s3:::", ""), Key: key, Body: body })
    }
    return new FakeFirehose({
      stream: stream.name,
      prefix: stream.prefix,
      errorPrefix: stream.errorPrefix,
      extension: stream.extension,
      bufferBytes: stream.bufferMegabytes * 1024 * 1024,
      bufferMillis: stream.bufferSeconds * 1000,
      convert: (line) => readByOpenX(line, columns),
      writeParquet: async (key, lines) => {
        const file = join(folder, "firehose.parquet")
        const duckdb = openDuckDB({ threads: 2, memoryLimit: 2 ** 30 })
        await Effect.runPromise(Effect.scoped(Effect.flatMap(duckdb, (db) => writeByDuckDB(db, columns, lines, file))))
        await write(key, readFileSync(file))
      },
      writeText: write,
      now: () => time.now
    })
  }

  /** What lies in a bucket, as objects to announce. */
  const objectsIn = async (of: string): Promise<ReadonlyArray<ObjectVersion>> => {
    const found: Array<ObjectVersion> = []
    let [key, version]: [string | undefined, string | undefined] = [undefined, undefined]
    do {
      const page: ListObjectVersionsOutput = await s3.listObjectVersions({ Bucket: of, KeyMarker: key, VersionIdMarker: version })
      for (const { Key = "", ETag = "", LastModified, Size = 0, VersionId } of page.Versions ?? [])
        found.push({
          key: Key,
          content: new Uint8Array(Size),
          etag: ETag.replaceAll('"', ""),
          versionId: VersionId === "null" ? null : (VersionId ?? null),
          sequencer: "00",
          writtenAt: LastModified?.getTime() ?? 0
        })
      ;[key, version] = [page.NextKeyMarker, page.NextVersionIdMarker]
    } while (key !== undefined && key !== "")
    return found
  }

  /** Each call to Firehose has its own luck. */
  const chance = (): void => {
    for (const { next } of firehoses.values())
      while (next.length < 64) {
        const isGood = !chances.chance(putShare)
        next.push(isGood ? () => true : chances.pick<Put>(["throttled", "lost answer", (n) => n % 3 !== 0]))
      }
  }
  const play = openPlay({
    deployed,
    time,
    queues: await openQueues(deployed, time, new Random(seed, 4)),
    firehoses: [...firehoses.values()],
    functions,
    objectsIn,
    runTask: async (task) => {
      throw new Error(`${task} is not run in this world`)
    },
    beforeStep: chance,
    random,
    mishaps: usualMishaps
  })

  return {
    raw,
    lake,
    denied: endpoints.denied,
    anotherLake: async () => `s3://${await gateway.bucket()}/lake`,
    byFirehose: async (objects) => {
      await play.tell(rawBucket, objects)
      await play.settle()
    },
    nextHour: async () => {
      await play.nextHour()
      for (const change of await runJobs(deployed, emr, endpoints)) await play.happen(change)
    },
    toQueue: (name, objects) =>
      sqs.send(
        name,
        delivered(objects, random, usualMishaps).flatMap((object) => announce(random, rawBucket.name, [object]))
      ),
    byStream: async (into, objects) => {
      functions.leave()
      Object.assign(process.env, { SLUICE_LAKE: into, SLUICE_S3_ENDPOINT: gateway.endpoint, SLUICE_LOG_LEVEL: "error" })
      const { handler } = await import("../../../src/lambda/consumeStream.ts")
      await mapStream(objects, (event) => call(handler, event), usualMapping, random)
    },
    command,
    outcomeOf: async (of) => {
      functions.leave()
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
      functions.leave()
      await server.stop()
      await endpoints.stop()
      await Effect.runPromise(Scope.close(scope, Exit.void))
      await moto.stop()
      s3.destroy()
      await sqs.stop()
      await gateway.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
