import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { endpoint } from "../pump/endpoint.ts"
import { sluice } from "./sluice.ts"

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-pump-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe("sluice pump", () => {
  it("tells what came of the hits, also in a file, and fails where one was not acknowledged", async () => {
    await using server = await endpoint(({ index }, response) => response.writeHead(index === 3 ? 400 : 204).end())
    const ledger = join(folder, "ledger")
    const flags = ["--to", server.url.origin, "--speed", "1e9", "--visitors", "20", "--limit", "30", "--ledger", ledger]
    const { code, stdout, stderr } = await sluice(["pump", ...flags, "--json"])
    expect({ code, error: JSON.parse(stderr).error.message }).toEqual({
      code: 1,
      error: "1 hit was not acknowledged. The result says why. Those given up may be stored all the same."
    })
    expect(JSON.parse(stdout)).toMatchObject({ data: "shop", sent: 30, acknowledged: 29, reasons: { "400": 1 }, stopped: "end" })
    expect(server.got.map(({ path }) => path)).toEqual(Array.from({ length: 30 }, () => "/collect"))
    const noted = readFileSync(ledger, "utf8").trimEnd().split("\n")
    const sent = server.got.flatMap(({ hits, index }) => (index === 3 ? [] : hits.map(String)))
    expect(noted.map((line) => String(new URLSearchParams(JSON.parse(line).hit))).sort()).toEqual(sent.sort())
  })

  it("takes no address that is none", async () => {
    const { code, stderr } = await sluice(["pump", "--to", "localhost:8080"])
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("--to localhost:8080 is no URL of HTTP") })
  })
})
