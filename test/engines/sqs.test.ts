import { once } from "node:events"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { S3 } from "@aws-sdk/client-s3"
import { SQS } from "@aws-sdk/client-sqs"
import { afterAll, beforeAll, expect, it } from "vitest"
import { sluice, sluiceJson, start } from "../cli/sluice.ts"
import { eventually } from "../passing-time.ts"
import { type Moto, motoEnvironment, startMoto } from "./moto.ts"

/** Objects that a bucket announces to a queue, itself and over a topic, at a server that is not ours. */
let moto: Moto
let s3: S3
let sqs: SQS
let folder = ""
let env: Readonly<Record<string, string>> = {}

const project = `import { defineContract, defineProject, text, timestamp, versions } from "sluice/contract"

const of = (name: string) => defineContract({
  name, title: name, owner: "shop", sensitivity: "internal", description: "Records.", fields: { id: text("Id."), at: timestamp("When.") },
  table: versions({ key: ["id"], version: "at", by: { day: "at" } }), eventTime: { field: "at" }, drops: [], expectations: [], keepUnknown: false,
  announced: ["**/" + name + "/**", "**/both/**"]
})
export default defineProject({ name: "shop", contracts: [of("orders"), of("returns")] })
`

beforeAll(async () => {
  moto = await startMoto()
  Object.assign(process.env, motoEnvironment)
  s3 = new S3({ endpoint: moto.endpoint, forcePathStyle: true })
  sqs = new SQS({ endpoint: moto.endpoint, region: "us-east-1" })
  folder = mkdtempSync(join(tmpdir(), "sluice-sqs-"))
  mkdirSync(join(folder, "shop"))
  writeFileSync(join(folder, "shop", "project.ts"), project)
  // The region in which a bucket is made that names none.
  env = { ...motoEnvironment, SLUICE_REGION: "us-east-1", SLUICE_S3_ENDPOINT: moto.endpoint, SLUICE_PROJECT: join(folder, "shop") }
})
afterAll(async () => {
  s3.destroy()
  sqs.destroy()
  await moto.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Asks the notification service, of which the project has no client. @returns what stands in an element of the answer */
const sns = async (action: string, parameters: Readonly<Record<string, string>>, element: string): Promise<string> => {
  const body = new URLSearchParams({ Action: action, Version: "2010-03-31", ...parameters })
  const authorization = "AWS4-HMAC-SHA256 Credential=x/20261128/us-east-1/sns/aws4_request, SignedHeaders=host, Signature=x"
  const answer = await (await fetch(moto.endpoint, { method: "POST", body, headers: { authorization } })).text()
  const found = new RegExp(`<${element}>([^<]*)<`).exec(answer)?.[1]
  if (found === undefined) throw new Error(`${action}: ${answer}`)
  return found
}

/**
 * A bucket that announces what lies below `s3/` to a new queue, and what lies below `sns/` to a topic that the queue has subscribed to, in the envelope of
 * topics. What lies below `sns/both/` is announced once more, over a topic without an envelope.
 */
const announcing = async () => {
  const bucket = await moto.bucket()
  const { QueueUrl: queue = "" } = await sqs.createQueue({ QueueName: `raw-${bucket}` })
  const { Attributes = {} } = await sqs.getQueueAttributes({ QueueUrl: queue, AttributeNames: ["QueueArn"] })
  const { QueueArn = "" } = Attributes
  const topic = async (raw: boolean) => {
    const TopicArn = await sns("CreateTopic", { Name: `topic-${raw}-${bucket}` }, "TopicArn")
    const delivery = { "Attributes.entry.1.key": "RawMessageDelivery", "Attributes.entry.1.value": String(raw) }
    await sns("Subscribe", { TopicArn, Protocol: "sqs", Endpoint: QueueArn, ...delivery }, "SubscriptionArn")
    return TopicArn
  }
  const of = (prefix: string) => ({
    Events: ["s3:ObjectCreated:*" as const],
    Filter: { Key: { FilterRules: [{ Name: "prefix" as const, Value: prefix }] } }
  })
  await s3.putBucketNotificationConfiguration({
    Bucket: bucket,
    NotificationConfiguration: {
      QueueConfigurations: [{ QueueArn, ...of("s3/") }],
      TopicConfigurations: [
        { TopicArn: await topic(false), ...of("sns/") },
        { TopicArn: await topic(true), ...of("sns/both/") }
      ]
    }
  })
  const left = async () => {
    const { Attributes: now = {} } = await sqs.getQueueAttributes({
      QueueUrl: queue,
      AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    })
    return Number(now.ApproximateNumberOfMessages) + Number(now.ApproximateNumberOfMessagesNotVisible)
  }
  return { bucket, queue, left }
}

const at = "2026-11-20T07:00:00Z"
const json = (ids: ReadonlyArray<string>) => ids.map((id) => `${JSON.stringify({ id, at })}\n`).join("")

it("each object becomes rows once, whatever becomes of the process", async () => {
  const { bucket, queue, left } = await announcing()
  const lake = ["--lake", join(folder, "lake")]
  const from = ["--source", "sqs", "--queue", queue, ...lake]
  const wanted = { orders: [] as string[], returns: [] as string[] }
  const put = async (key: string, body: string | Uint8Array) => {
    await s3.putObject({ Bucket: bucket, Key: key, Body: Buffer.from(body) })
  }
  const keep = async (key: string, ids: ReadonlyArray<string>) => {
    if (/\/(orders|both)\//.test(key)) wanted.orders.push(...ids)
    if (/\/(returns|both)\//.test(key)) wanted.returns.push(...ids)
    await put(key, key.endsWith(".gz") ? gzipSync(json(ids)) : json(ids))
  }
  const some = async (name: string, count: number) => {
    for (let i = 0; i < count; i++) {
      const by = i % 2 === 0 ? "s3" : "sns"
      const dataset = ["orders", "returns", "both"][i % 3]
      await keep(`${by}/${dataset}/${name} ${i}+%41é${i % 5 === 0 ? ".ndjson.gz" : ""}`, [`${name}-${i}-a`, `${name}-${i}-b`])
    }
  }
  const query = (sql: string) => sluiceJson(["query", ...lake, sql], env)
  const expectAll = async () => {
    for (const [dataset, ids] of Object.entries(wanted)) {
      const rows: ReadonlyArray<{ readonly id: string }> = await query(`SELECT id FROM stage_${dataset} ORDER BY id`)
      expect(rows.map(({ id }) => id)).toEqual([...ids].sort())
    }
    const verified = await sluice(["verify", ...lake], env)
    expect(verified.code, verified.stdout + verified.stderr).toBe(0)
  }

  await some("first", 40)
  await put("s3/orders/gone", json(["never"]))
  await s3.deleteObject({ Bucket: bucket, Key: "s3/orders/gone" })
  await put("sns/orders/damaged.gz", gzipSync(json(Array.from({ length: 5000 }, (_, i) => `never-${i * i}`))).subarray(0, 20))
  await put("s3/other/x", "1")
  await sqs.sendMessage({ QueueUrl: queue, MessageBody: "no announcement" })

  const running = start(["run", ...from, "--batch-age", "1s", "--repartition-every", "1h", "--log-format", "json"], env)
  const said: Array<string> = []
  const hasEnded = (process: typeof running) => process.child.exitCode !== null
  running.child.stderr?.on("data", (chunk: Buffer) => said.push(String(chunk)))
  await eventually(() => said.join("").includes("committed") || hasEnded(running))
  running.child.kill("SIGKILL")
  await once(running.child, "close")

  await some("second", 40)
  const again = start(["run", ...from, "--batch-age", "1s", "--repartition-every", "1h"], env)
  // What the first process held is hidden for a while.
  await eventually(async () => (await left()) === 0 || hasEnded(again))
  again.child.kill("SIGTERM")
  expect((await again.done).code).toBe(0)
  await expectAll()
  const letters = await query("SELECT dataset, reason, count(*)::INTEGER AS n FROM dead_letters GROUP BY ALL ORDER BY ALL")
  expect(letters).toEqual([
    { dataset: "orders", reason: "not_announcement", n: 1 },
    { dataset: "orders", reason: "object_gone", n: 1 },
    { dataset: "orders", reason: "object_unreadable", n: 1 }
  ])

  await some("third", 6)
  let records = 0
  // A poll that was under way when the process ended may have been given some, which are hidden for a while.
  do records += (await sluiceJson(["ingest", ...from], env)).counts.records
  while ((await left()) > 0)
  expect(records).toBe(16)
  await expectAll()
  expect((await sluiceJson(["ingest", ...from], env)).commits).toBe(0)
})

it("each version of an object is read, also one that another has followed, and a version that is gone is a dead letter", async () => {
  const bucket = await moto.bucket()
  await s3.putBucketVersioning({ Bucket: bucket, VersioningConfiguration: { Status: "Enabled" } })
  const { QueueUrl: queue = "" } = await sqs.createQueue({ QueueName: `versions-${bucket}` })
  const key = "a/orders/1"
  const versions: Array<string> = []
  for (const id of ["first", "second", "third"]) {
    const { VersionId = "", ETag } = await s3.putObject({ Bucket: bucket, Key: key, Body: Buffer.from(json([id])) })
    versions.push(VersionId)
    const object = { key, size: json([id]).length, eTag: ETag, versionId: VersionId, sequencer: "00" }
    const record = { eventVersion: "2.1", eventName: "ObjectCreated:Put", eventTime: at, s3: { bucket: { name: bucket }, object } }
    await sqs.sendMessage({ QueueUrl: queue, MessageBody: JSON.stringify({ Records: [record] }) })
  }
  await s3.deleteObject({ Bucket: bucket, Key: key, VersionId: versions[1] })
  await s3.deleteObject({ Bucket: bucket, Key: key })
  const lake = ["--lake", join(folder, "versions")]
  await sluiceJson(["ingest", "--source", "sqs", "--queue", queue, ...lake], env)
  const shard = (version: string | undefined) => `2026-11-20T07/s3://${bucket}/${key}?${version}`
  expect(await sluiceJson(["query", ...lake, "SELECT id, _shard AS shard FROM stage_orders ORDER BY id"], env)).toEqual([
    { id: "first", shard: shard(versions[0]) },
    { id: "third", shard: shard(versions[2]) }
  ])
  expect(await sluiceJson(["query", ...lake, "SELECT reason, _shard AS shard FROM dead_letters"], env)).toEqual([
    { reason: "object_gone", shard: shard(versions[1]) }
  ])
  const verified = await sluice(["verify", ...lake], env)
  expect(verified.code, verified.stdout + verified.stderr).toBe(0)
})
