import { createHmac } from "node:crypto"
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { Effect, Exit, Layer, Scope, Stream } from "effect"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { stagePath } from "../../src/lake/layout.ts"
import { localStore } from "../../src/store/local-store.ts"
import { openTable, readTable } from "../../src/table/table.ts"
import { secretsEnvironment, startSecrets } from "../app/secrets-server.ts"
import { fixtureByHive, fixturePath } from "../firehose/fixture-records.ts"
import { s3Endpoint } from "../store/s3-endpoint.ts"

const context = { awsRequestId: "r-1", getRemainingTimeInMillis: () => 600_000 }
const stream = "DataStreamStructuredCheckout"
const order = (n: number) => ({ orderId: `o-${n}`, lastChange: "2026-11-20T07:00:00Z", value: n })

let lake = ""
beforeEach(() => {
  lake = mkdtempSync(join(tmpdir(), "sluice-firehose-"))
  vi.resetModules()
  vi.stubEnv("SLUICE_LAKE", lake)
  vi.stubEnv("SLUICE_DELIVERY_STREAMS", `checkout=${stream}`)
  vi.spyOn(process.stderr, "write").mockImplementation(() => true)
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  rmSync(lake, { recursive: true, force: true })
})

const record = (key: string) => ({
  eventVersion: "2.1",
  eventSource: "aws:s3",
  eventName: "ObjectCreated:Put",
  eventTime: "2026-11-20T08:00:00Z",
  s3: { bucket: { name: "lake" }, object: { key: encodeURIComponent(key) } }
})
const ofQueue = (...keys: ReadonlyArray<string>) => ({
  Records: keys.map((key, i) => ({ messageId: `m${i}`, eventSource: "aws:sqs", body: JSON.stringify({ Records: [record(key)] }) }))
})

describe("registerStageObjects as Lambda calls it", () => {
  const load = async () => (await import("../../src/lambda/registerStageObjects.ts")).handler
  const rowsOf = (path: string) =>
    Effect.runPromise(
      openTable(path).pipe(
        Effect.flatMap((table) => Stream.runCollect(readTable(table))),
        Effect.provide(Layer.orDie(localStore(lake)))
      )
    )

  it("registers what is of the table, answers for what is not, and leaves other keys alone", async () => {
    const { writeOneByDuckDB } = await import("../firehose/written-by-duckdb.ts")
    const { linesOf } = await import("../firehose/structured.ts")
    const { pageOf } = await import("../decode/support.ts")
    const { compileContract } = await import("../../src/contract/compile.ts")
    const { default: vtex } = await import("../../schemas/vtex/project.ts")
    const [contract] = vtex.contracts.map(compileContract)
    if (contract === undefined) throw new Error("there is no contract")
    const good = `${stagePath("checkout")}/${fixturePath}`
    const foreign = good.replace("fbb01", "fbb02")
    const unknown = good.replace("checkout", "returns")
    await Effect.runPromise(
      writeOneByDuckDB(contract, linesOf(contract, pageOf([1, 2, 3].map((n) => JSON.stringify(order(n))))), join(lake, good))
    )
    copyFileSync(fixtureByHive, join(lake, foreign))
    const handler = await load()
    const event = ofQueue(good, foreign, unknown, "structured_json/checkout/a.json")
    expect(await handler(event, context)).toEqual({ batchItemFailures: [{ itemIdentifier: "m1" }, { itemIdentifier: "m2" }] })
    expect(await handler(ofQueue(good), context)).toEqual({ batchItemFailures: [] })
    expect((await rowsOf(stagePath("checkout"))).map((row) => row["order_id"])).toEqual(["o-1", "o-2", "o-3"])
    expect((await rowsOf("runs")).map(({ kind, outcome }) => [kind, outcome])).toEqual([["ingest", "complete"]])
    await expect(handler({ Records: [record(foreign)] }, context)).rejects.toThrow(
      /1 object of 1 failed, first: .* is not of this table: it has .*, which the table has not.*Give the columns of Glue/
    )
    const lineage = readFileSync(join(lake, "lineage/events.ndjson"), "utf8").trim().split("\n")
    expect(lineage.some((line) => line.includes("stage/checkout"))).toBe(true)
  })
})

describe("sendCheckoutDataToFirehouse as Lambda calls it", () => {
  const load = async () => (await import("../../src/lambda/sendCheckoutDataToFirehouse.ts")).handler

  it("structures by no other hash key than that of the stage, and leaves keys alone that no dataset takes", async () => {
    const { compileContract } = await import("../../src/contract/compile.ts")
    const { openRegistrar } = await import("../../src/firehose/register.ts")
    const { writeOneByDuckDB } = await import("../firehose/written-by-duckdb.ts")
    const { linesOf } = await import("../firehose/structured.ts")
    const { pageOf } = await import("../decode/support.ts")
    const { default: vtex } = await import("../../schemas/vtex/project.ts")
    const [contract] = vtex.contracts.map(compileContract)
    if (contract === undefined) throw new Error("there is no contract")
    vi.stubEnv("AWS_REGION", "us-east-1")
    vi.stubEnv("SLUICE_HASH_KEY", "swordfish swordfish")
    const event = { Records: [record("raw/CheckoutOrder/other/1.json")] }
    expect(await (await load())(event, context)).toEqual({ batchItemFailures: [] })
    await Effect.runPromise(
      writeOneByDuckDB(contract, linesOf(contract, pageOf([JSON.stringify(order(1))])), join(lake, stagePath("checkout"), fixturePath))
    )
    const hashing = { key: new TextEncoder().encode("swordfish swordfish"), change: false }
    await openRegistrar({ contract, hashing }).pipe(
      Effect.flatMap((registrar) => registrar.register([fixturePath], () => Effect.void)),
      Effect.provide(Layer.orDie(localStore(lake))),
      Effect.runPromise
    )
    vi.resetModules()
    expect(await (await load())(event, context)).toEqual({ batchItemFailures: [] })
    vi.resetModules()
    vi.stubEnv("SLUICE_HASH_KEY", "another fish, another fish")
    await expect((await load())(event, context)).rejects.toThrow(
      /stage\/checkout: its sensitive values were hashed with another key than that in SLUICE_HASH_KEY/
    )
  })
})

describe("transformFirehoseRecords as Lambda calls it", () => {
  const load = async () => (await import("../../src/lambda/transformFirehoseRecords.ts")).handler
  const event = (name: string) => ({
    deliveryStreamArn: `arn:aws:firehose:us-east-1:123456789012:deliverystream/${name}`,
    records: [JSON.stringify(order(1)), "{}", "{"].map((text, i) => ({
      recordId: `r${i}`,
      approximateArrivalTimestamp: 1,
      data: Buffer.from(text).toString("base64")
    }))
  })

  it("structures by the dataset of the stream", async () => {
    const { records } = await (await load())(event(stream), context)
    expect(records.map(({ recordId, result }) => [recordId, result])).toEqual([
      ["r0", "Ok"],
      ["r1", "Dropped"],
      ["r2", "ProcessingFailed"]
    ])
    expect(JSON.parse(Buffer.from(records[0]?.data ?? "", "base64").toString())).toMatchObject({
      order_id: "o-1",
      value: 1,
      _source: "firehose"
    })
  })

  it("tells in its log what became of the records, and nothing of what they hold", async () => {
    const lines: Array<string> = []
    vi.spyOn(process.stderr, "write").mockImplementation((text) => lines.push(String(text)) > 0)
    const secret = { ...order(1), value: "much", clientProfileData: { email: "a@x.com" }, newField: "a@x.com" }
    const { records } = event(stream)
    const data = Buffer.from(JSON.stringify(secret)).toString("base64")
    await (await load())({ ...event(stream), records: [...records, { recordId: "r9", approximateArrivalTimestamp: 1, data }] }, context)
    const told = lines.map((line) => JSON.parse(line)).find(({ message }) => message === `${stream}: transformed`)
    expect(told).toMatchObject({ records: 4, rows: 2, empty: 1, requestId: "r-1" })
    expect(told["deadLetters"]).toContain("truncated")
    expect(told["rescued"]).toContain("value")
    expect(lines.join("")).not.toMatch(/x\.com|much/)
  })

  it("hashes by the key of a secret, which it fetches once, and asks for anew where it could not be had", async () => {
    const secrets = await startSecrets()
    const lines: Array<string> = []
    vi.spyOn(process.stderr, "write").mockImplementation((text) => lines.push(String(text)) > 0)
    try {
      for (const [name, value] of Object.entries({ ...secretsEnvironment(secrets), SLUICE_HASH_KEY_SECRET: "sluice/hash-key" }))
        vi.stubEnv(name, value)
      const data = Buffer.from(JSON.stringify({ ...order(1), clientProfileData: { email: "p@e.example" } })).toString("base64")
      const one = { ...event(stream), records: [{ recordId: "r1", approximateArrivalTimestamp: 1, data }] }
      const email = async (handler: Awaited<ReturnType<typeof load>>) => {
        const { records } = await handler(one, context)
        return JSON.parse(Buffer.from(records[0]?.data ?? "", "base64").toString()).client_profile_data.email
      }
      const handler = await load()
      await expect(handler(one, context)).rejects.toThrow(/fetched from the secret sluice\/hash-key: .* can't find/)
      secrets.secrets.set("sluice/hash-key", { text: "swordfish swordfish" })
      expect([await email(handler), await email(handler)]).toEqual(
        Array(2).fill(createHmac("sha256", "swordfish swordfish").update("p@e.example").digest("hex"))
      )
      expect(secrets.asked).toHaveLength(2)
      expect(lines.join("")).not.toContain("swordfish")
    } finally {
      await secrets.stop()
    }
  })

  it("refuses a stream of no dataset, or of more than one", async () => {
    await expect((await load())(event("other"), context)).rejects.toThrow(
      /no dataset for the delivery stream other\. Set it to dataset=stream/
    )
    vi.stubEnv("SLUICE_DELIVERY_STREAMS", `checkout=${stream},fulfillment=${stream}`)
    vi.resetModules()
    await expect((await load())(event(stream), context)).rejects.toThrow(/more than one dataset/)
  })
})

describe("sendStructuredJsonToFirehose as Lambda calls it", () => {
  const load = async () => (await import("../../src/lambda/sendStructuredJsonToFirehose.ts")).handler
  let server: Server
  const calls: Array<{ readonly DeliveryStreamName: string; readonly Records: ReadonlyArray<{ readonly Data: string }> }> = []
  /** Firehose over HTTP: of the first call it does not take the first record. */
  beforeEach(async () => {
    calls.length = 0
    server = createServer((request, response) => {
      const parts: Array<Buffer> = []
      request.on("data", (part: Buffer) => parts.push(part))
      request.on("end", () => {
        const call = JSON.parse(Buffer.concat(parts).toString())
        const fails = calls.length === 0
        calls.push(call)
        const RequestResponses = call.Records.map((_: unknown, i: number) =>
          fails && i === 0 ? { ErrorCode: "ServiceUnavailableException", ErrorMessage: "Slow down." } : { RecordId: String(i) }
        )
        response.setHeader("content-type", "application/x-amz-json-1.1")
        response.end(JSON.stringify({ FailedPutCount: fails ? 1 : 0, RequestResponses }))
      })
    })
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
    const { port } = server.address() as AddressInfo
    vi.stubEnv("SLUICE_FIREHOSE_ENDPOINT", `http://127.0.0.1:${port}`)
    vi.stubEnv("AWS_REGION", "us-east-1")
    vi.stubEnv("AWS_ACCESS_KEY_ID", "x")
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "x")
  })
  afterEach(() => new Promise((done) => server.close(done)))

  const put = (key: string, text: string) => {
    mkdirSync(dirname(join(lake, key)), { recursive: true })
    writeFileSync(join(lake, key), text)
  }

  it("puts the lines of structured JSON, those again that were not taken, and nothing of other objects", async () => {
    put("structured_json/checkout/2026/11/20/08/a-0000.json", '{"order_id":"1"}\n{"order_id":"2"}\n')
    put("raw.json", "{}")
    put("structured_json/fulfillment/2026/11/20/08/b-0000.json", '{"order_id":"3"}\n')
    const handler = await load()
    const keys = ["structured_json/checkout/2026/11/20/08/a-0000.json", "raw.json", "structured_json/fulfillment/2026/11/20/08/b-0000.json"]
    // The lake names no stream for the last.
    expect(await handler(ofQueue(...keys), context)).toEqual({ batchItemFailures: [{ itemIdentifier: "m2" }] })
    expect(
      calls.map(({ DeliveryStreamName, Records }) => [
        DeliveryStreamName,
        Records.map(({ Data }) => Buffer.from(Data, "base64").toString())
      ])
    ).toEqual([
      [stream, ['{"order_id":"1"}\n', '{"order_id":"2"}\n']],
      [stream, ['{"order_id":"1"}\n']]
    ])
    expect(readdirSync(lake)).not.toContain("errors")
  })

  it("asks for nothing of a lake but what it sends", async () => {
    const scope = Scope.makeUnsafe()
    const line = '{"order_id":"1"}'
    const { asked, endpoint } = await Effect.runPromise(
      Scope.provide(
        s3Endpoint(() => ({ body: line, headers: { "content-length": String(line.length) } })),
        scope
      )
    )
    vi.stubEnv("SLUICE_LAKE", "s3://lake/shop")
    vi.stubEnv("SLUICE_S3_ENDPOINT", endpoint)
    const handler = await load()
    const key = "shop/structured_json/checkout/2026/11/20/08/a-0000.json"
    expect(await handler(ofQueue("shop/raw.json", key), context)).toEqual({ batchItemFailures: [] })
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([`HEAD /lake/${key}`, `GET /lake/${key}`])
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })
})
