import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { buildFunction } from "../../src/build/functions.ts"
import { type Emulator, startKinesisLocal } from "../wire/kinesis-local.ts"
import { recordsIn } from "../wire/read-stream.ts"
import { ownClient, type Running, runFunction } from "./runtime-api.ts"
import { unpack } from "./unzip.ts"

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** A request as an HTTP API hands it to a function. */
const request = (
  method: string,
  path: string,
  {
    query = "",
    headers = {},
    body,
    stage = "$default"
  }: { query?: string; headers?: Readonly<Record<string, string>>; body?: string | Buffer; stage?: string } = {}
) => ({
  version: "2.0",
  routeKey: "$default",
  rawPath: stage === "$default" ? path : `/${stage}${path}`,
  rawQueryString: query,
  headers,
  requestContext: {
    http: { method, path, protocol: "HTTP/1.1", sourceIp: "203.0.113.77", userAgent: "agent" },
    requestId: "id=",
    stage,
    timeEpoch: 1_795_000_000_000
  },
  ...(body === undefined ? {} : { body: typeof body === "string" ? body : body.toString("base64") }),
  isBase64Encoded: body !== undefined && typeof body !== "string"
})

describe("collect, bundled, under an HTTP API", () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-collect-function-"))
  let emulator: Emulator
  let running: Running
  beforeAll(async () => {
    const [built, started] = await Promise.all([buildFunction(root, "collect", join(root, "schemas/vtex/project.ts")), startKinesisLocal()])
    unpack(built.zip, folder)
    emulator = started
    await emulator.createStream("hits", 2)
    running = await runFunction(folder, { SLUICE_STREAM: "hits", SLUICE_ENDPOINT: emulator.endpoint, SLUICE_CLIENT_IP: "whole" }, ownClient)
  })
  afterAll(async () => {
    await running?.stop()
    await emulator?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const answerOf = async (event: unknown) => {
    const outcome = await running.invoke(event)
    if (outcome.kind !== "answer") throw new Error(JSON.stringify(outcome))
    return outcome.answer
  }

  it("answers when hits are in the stream, with the address that the gateway saw", async () => {
    const seen = await answerOf(
      request("GET", "/collect", { query: "v=1&t=pageview&cid=a&_c_ip=1.1.1.1", headers: { "x-forwarded-for": "6.6.6.6" }, stage: "prod" })
    )
    expect(seen).toMatchObject({ statusCode: 200, isBase64Encoded: true, headers: { "content-type": "image/gif" } })
    const posted = await answerOf(
      request("POST", "/batch", {
        headers: { "content-type": "text/plain;charset=UTF-8", "content-encoding": "gzip", accept: "application/json" },
        body: gzipSync("v=1&t=event&cid=b\nnothing\nv=1&t=event&cid=c&dt=%C3%A9")
      })
    )
    expect(posted).toMatchObject({ statusCode: 200, isBase64Encoded: false })
    expect(JSON.parse((posted as { body: string }).body)).toMatchObject({ stored: 2, refused: 1 })
    const records = await recordsIn(emulator.endpoint, "hits")
    const told = records.map(({ data }) => new URLSearchParams(Buffer.from(data).toString()))
    expect(told.map((hit) => [hit.get("cid"), hit.get("_c_ip"), hit.get("dt")]).sort()).toEqual([
      ["a", "203.0.113.77", null],
      ["b", "203.0.113.77", null],
      ["c", "203.0.113.77", "é"]
    ])
    expect(records.map(({ partitionKey }) => partitionKey).sort()).toEqual(["a", "b", "c"])
  })

  it("says what is wrong, and nothing is put", async () => {
    const statusOf = async (event: unknown) => ((await answerOf(event)) as { statusCode: number }).statusCode
    expect(await statusOf(request("GET", "/elsewhere"))).toBe(404)
    expect(await statusOf(request("DELETE", "/collect"))).toBe(405)
    expect(await statusOf(request("GET", "/collect"))).toBe(400)
    expect(await statusOf(request("POST", "/collect", { headers: { "content-type": "image/png" }, body: "v=1" }))).toBe(415)
    expect(await statusOf(request("POST", "/collect", { body: Buffer.from([0xff, 0x3d]) }))).toBe(400)
    expect(await answerOf(request("OPTIONS", "/collect", { headers: { origin: "https://shop.example" } }))).toMatchObject({
      statusCode: 204,
      headers: { "access-control-allow-origin": "*" }
    })
    expect(await recordsIn(emulator.endpoint, "hits")).toHaveLength(3)
  })

  it("answers 503 where the stream is not there, so that the client comes again", async () => {
    const other = await runFunction(folder, { SLUICE_STREAM: "gone", SLUICE_ENDPOINT: emulator.endpoint }, ownClient)
    try {
      expect(await other.invoke(request("GET", "/collect", { query: "v=1&cid=a" }))).toMatchObject({
        kind: "answer",
        answer: { statusCode: 503, headers: { "retry-after": "2" } }
      })
      expect(other.log().join("\n")).toContain("hits were not stored")
    } finally {
      await other.stop()
    }
  })
})
