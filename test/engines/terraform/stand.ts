/** Everything that stands in for AWS around what is deployed, with the driver that plays the rest of it: for the ways of records into the lake. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Glue } from "@aws-sdk/client-glue"
import { type ListObjectVersionsOutput, S3 } from "@aws-sdk/client-s3"
import { Effect, Exit, Scope } from "effect"
import { openDuckDB } from "../../../src/duckdb/open.ts"
import { Random } from "../../../src/record/seeded.ts"
import { startSecrets } from "../../app/secrets-server.ts"
import { sluice, sluiceJson } from "../../cli/sluice.ts"
import { FakeFirehose } from "../../firehose/fake-firehose.ts"
import { readByOpenX } from "../../firehose/openx-serde.ts"
import { writeByDuckDB } from "../../firehose/written-by-duckdb.ts"
import { emrStandIn } from "../../repartition/emr/emr-stand-in.ts"
import type { ObjectVersion } from "../../simulation/input-bucket.ts"
import type { SimulatedQueue } from "../../simulation/simulated-queue.ts"
import { usualMishaps } from "../managed/deliveries.ts"
import { startFirehose } from "../managed/firehose-server.ts"
import { type SqsServer, startSqs } from "../managed/sqs-server.ts"
import { startMoto } from "../moto.ts"
import { startVersitygw, type Versitygw, versitygwEnvironment } from "../versitygw.ts"
import { type Endpoints, openEndpoints } from "./endpoints.ts"
import { type FunctionCaller, functionCaller } from "./functions.ts"
import { deliveryProblem } from "./hops.ts"
import { runJobs } from "./jobs.ts"
import type { Bucket, DeliveryStream, Deployed } from "./model.ts"
import { lakeOf } from "./places.ts"
import { openPlay, type Play } from "./play.ts"
import { jumpingClock, openQueues, type WorldTime } from "./queues.ts"
import { hashKey, runToEnd } from "./tasks.ts"

export interface Stand {
  readonly gateway: Versitygw
  readonly s3: S3
  readonly lake: string
  /** Whose objects are announced, beside the lake; null: none's are. */
  readonly rawBucket: Bucket | null
  readonly queues: ReadonlyMap<string, SimulatedQueue>
  readonly sqs: SqsServer
  readonly endpoints: Endpoints
  readonly functions: FunctionCaller
  readonly play: Play
  /** What a process has in its environment to reach it all with no role, and so with all rights. */
  readonly env: { readonly [name: string]: string }
  /** Runs a command. Gives the JSON that it prints. */
  readonly command: (...args: ReadonlyArray<string>) => ReturnType<typeof sluiceJson>
  /** Each rule that waits for a minute of the hour comes, and goes on to the end of what it starts. */
  readonly nextHour: () => Promise<void>
  /** Repartitions a lake, verifies it, and gives every value of every row in order, but for where it came from; and dead letters by reason. */
  readonly outcomeOf: (lake: string) => Promise<LakeOutcome>
  readonly close: () => Promise<void>
}

export interface LakeOutcome {
  /** There was nothing to repartition any more. */
  readonly wasFolded: boolean
  readonly rows: ReadonlyArray<string>
  readonly deadLetters: Readonly<Record<string, number>>
  /** Values that were left out, by rule, as the commits of the stage say; nothing where Firehose filled it. */
  readonly drops: Readonly<Record<string, number>>
  /** Of all rows of the table for users, as the generator counts them. */
  readonly totals: { readonly rows: number; readonly orders: number; readonly value: string; readonly roundingError: string }
}

const credentials = { accessKeyId: versitygwEnvironment.AWS_ACCESS_KEY_ID, secretAccessKey: versitygwEnvironment.AWS_SECRET_ACCESS_KEY }

/** Of a hundred requests to the store one is cut, half of them when they have taken effect. */
const cutShare = 0.005
/** Share of calls to Firehose of which something goes wrong. */
const putShare = 0.1

const hour = 3_600_000

/** What becomes of a call to put records. */
type Put = FakeFirehose["next"][number]

/** @param kinesis server of the stream, where there is one; queues then live on the clock of the machine, as whoever reads them does */
export const openStand = async (deployed: Deployed, seed: number, kinesis?: string, isLive = false): Promise<Stand> => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-stand-"))
  const { region } = deployed
  const scope = Scope.makeUnsafe()
  const [gateway, moto] = await Promise.all([startVersitygw(region), startMoto()])
  const s3 = new S3({ endpoint: gateway.endpoint, forcePathStyle: true, region, credentials })
  for (const { isVersioned, name } of deployed.buckets.values()) await gateway.bucket({ name, isVersioned })
  await makeCatalog(deployed, moto.endpoint)
  const { bucket, folder: prefix } = lakeOf(deployed)
  const rawBucket = [...deployed.buckets.values()].find(({ name, notifications }) => name !== bucket && notifications.length > 0) ?? null
  const chances = new Random(seed, 2)
  const faults = [true, false].map((arrives) => ({ when: () => chances.chance(cutShare), fault: { arrives, answer: "cut" as const } }))

  const time: WorldTime = { now: isLive ? Date.now() : Date.parse("2026-11-27T16:00:00Z") }
  const queues = await openQueues(deployed, isLive ? null : await jumpingClock(time), new Random(seed, 4))
  const sqs = await startSqs(new Random(seed, 3), new Map([...queues].map(([arn, queue]) => [deployed.queues.get(arn)?.name ?? "", queue])))
  const firehoses = new Map([...deployed.deliveryStreams.values()].map((stream) => [stream.name, firehoseOf(stream)]))
  const server = await startFirehose(firehoses)
  const emr = await Effect.runPromise(Scope.provide(emrStandIn(), scope))
  for (const arn of deployed.applications)
    emr.applications.set(arn.split("/").at(-1) ?? "", { releaseLabel: "emr-7.13.0", state: "STARTED" })
  const secrets = await startSecrets()
  for (const { environment } of deployed.functions.values())
    if (environment["SLUICE_HASH_KEY_SECRET"] !== undefined) secrets.secrets.set(environment["SLUICE_HASH_KEY_SECRET"], { text: hashKey })
  const servers = {
    s3: gateway.endpoint,
    firehose: server.endpoint,
    glue: moto.endpoint,
    emr: emr.endpoint,
    sqs: sqs.endpoint,
    secrets: secrets.endpoint
  }
  const endpoints = openEndpoints(deployed, kinesis === undefined ? servers : { ...servers, kinesis }, faults)
  const common = { ...versitygwEnvironment, AWS_REGION: region }
  Object.assign(process.env, common)
  const functions = functionCaller(deployed, endpoints, { SLUICE_LOG_LEVEL: "error" })
  const lake = `s3://${bucket}${prefix === "" ? "" : `/${prefix.slice(0, -1)}`}`
  const env = { ...common, SLUICE_S3_ENDPOINT: gateway.endpoint, ...(kinesis === undefined ? {} : { SLUICE_ENDPOINT: kinesis }) }
  const command: Stand["command"] = (...args) => {
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
    queues,
    firehoses: [...firehoses.values()],
    functions,
    objectsIn,
    runTask: (task) => runToEnd(deployed, endpoints, task),
    beforeStep: chance,
    random: new Random(seed, 1),
    mishaps: usualMishaps
  })

  return {
    gateway,
    s3,
    lake,
    rawBucket,
    queues,
    sqs,
    endpoints,
    functions,
    play,
    env,
    command,
    nextHour: async () => {
      // From its first minute: what waits for a later one goes on with what an earlier one made.
      time.now = Math.ceil(time.now / hour) * hour
      for (const { schedule } of deployed.rules) {
        if (schedule === null) continue
        await play.nextMinute()
        for (const change of await runJobs(deployed, emr, endpoints)) await play.happen(change)
      }
    },
    outcomeOf: async (of) => {
      functions.leave()
      const said = await command("repartition", "--lake", of)
      const folds: ReadonlyArray<{ readonly kind: string }> = said.datasets ?? [said]
      const verified = await sluice(["verify", "--lake", of], env)
      if (verified.code !== 0) throw new Error(`verify of ${of}: ${verified.stdout}${verified.stderr}`)
      const query = (sql: string): Promise<ReadonlyArray<{ readonly [column: string]: unknown }>> => command("query", "--lake", of, sql)
      const values = "SELECT * EXCLUDE (_source, _shard, _sequence_number, _sub_sequence_number) FROM consumable_checkout"
      const rows = await query(`SELECT to_json(r)::VARCHAR AS text FROM (${values}) AS r ORDER BY order_id, last_change`)
      const letters = await query("SELECT reason, count(*) AS n FROM dead_letters GROUP BY ALL ORDER BY ALL")
      const [totals] = await query(
        "SELECT count(DISTINCT order_id) AS orders, sum(value)::VARCHAR AS value, sum(rounding_error)::VARCHAR AS rounding FROM consumable_checkout"
      )
      const { datasets } = await command("status", "--lake", of)
      return {
        drops: datasets.find(({ dataset }: { readonly dataset: string }) => dataset === "checkout").counts.drops,
        wasFolded: folds.every(({ kind }) => kind === "up-to-date"),
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
      await secrets.stop()
      await Effect.runPromise(Scope.close(scope, Exit.void))
      await moto.stop()
      s3.destroy()
      await sqs.stop()
      await gateway.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** What is deployed of the catalog. */
const makeCatalog = async ({ databases, region, tables }: Deployed, endpoint: string): Promise<void> => {
  const glue = new Glue({ endpoint, region, credentials })
  for (const Name of databases) await glue.createDatabase({ DatabaseInput: { Name } })
  for (const { columns, database, location, name, parameters, partitionKeys } of tables)
    await glue.createTable({
      DatabaseName: database,
      TableInput: {
        Name: name,
        TableType: "EXTERNAL_TABLE",
        Parameters: parameters,
        PartitionKeys: [...partitionKeys],
        StorageDescriptor: { Location: location, Columns: [...columns] }
      }
    })
  glue.destroy()
}
