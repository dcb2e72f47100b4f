import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { sluice } from "./sluice.ts"

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-logs-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const order = '{"OrderId":"a-1","Value":"1160","LastChange":"2026-11-20T07:00:00.0000000+00:00"}\n'
const ingest = () => ["ingest", "--input", "-", "--lake", join(folder, "lake"), "--arrived-at", "2026-11-20T08:00:00Z"]

describe("the log of a command", () => {
  it("is JSON where that is asked for, by flag or environment, to the last line", async () => {
    const missing = ["ingest", "--input", join(folder, "nowhere"), "--lake", folder]
    for (const { code, stdout, stderr } of [
      await sluice([...missing, "--log-format", "json"]),
      await sluice([...missing, "--log-format=json"]),
      await sluice(missing, { SLUICE_LOG_FORMAT: "json" })
    ]) {
      expect([code, stdout]).toEqual([1, ""])
      expect(JSON.parse(stderr)).toMatchObject({
        level: "fatal",
        kind: "SourceError",
        code: 1,
        message: expect.stringContaining("nowhere")
      })
    }
  })

  it("has the error that ended the command at any level", async () => {
    const missing = ["ingest", "--input", join(folder, "nowhere"), "--lake", folder, "--log-format", "json"]
    for (const { code, stderr } of [
      await sluice([...missing, "--log-level", "none"]),
      await sluice(missing, { SLUICE_LOG_LEVEL: "none" })
    ]) {
      expect(code).toBe(1)
      expect(JSON.parse(stderr)).toMatchObject({ level: "fatal", kind: "SourceError" })
    }
  })

  it("says what of its settings cannot be used", async () => {
    const flag = await sluice(["status", "--log-format", "xml"])
    expect([flag.code, flag.stderr]).toEqual([2, expect.stringContaining("--log-format")])
    const variable = await sluice(["status"], { SLUICE_LOG_LEVEL: "loud" })
    expect([variable.code, variable.stderr]).toEqual([78, expect.stringContaining("SLUICE_LOG_LEVEL")])
  })
})

describe("what a command shows of itself", () => {
  it("is told by a port, and a port that is taken is bad configuration", async () => {
    const free = await sluice([...ingest(), "--metrics-port", "127.0.0.1:0", "--log-format", "json"], {}, order)
    expect(free.code).toBe(0)
    expect(JSON.parse(free.stderr)).toMatchObject({
      level: "info",
      message: expect.stringMatching(/^metrics are at http:\/\/127\.0\.0\.1:\d+\/metrics$/)
    })
    const server = createServer()
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
    const { port } = server.address() as AddressInfo
    const taken = await sluice([...ingest(), "--metrics-port", `127.0.0.1:${port}`], {}, order)
    expect([taken.code, taken.stderr]).toEqual([78, expect.stringContaining(`port ${port} for metrics is taken`)])
    await new Promise((done) => server.close(done))
  })

  it("does not keep it when a collector never answers", async () => {
    let asked = 0
    const server = createServer(() => {
      asked++
    })
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
    const { port } = server.address() as AddressInfo
    expect((await sluice([...ingest(), "--otlp", `http://127.0.0.1:${port}`], {}, order)).code).toBe(0)
    expect(asked).toBeGreaterThan(0)
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  })
})
