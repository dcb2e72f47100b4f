import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { sluice } from "../cli/sluice.ts"

const folder = mkdtempSync(join(tmpdir(), "sluice-collect-command-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe("sluice collect", () => {
  it("says what is wrong and what to do, and ends with the code for it", async () => {
    const server = createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    const to = ["collect", "--to", join(folder, "hits")]
    const [none, strange, taken, short] = await Promise.all([
      sluice(["collect"]),
      sluice(["collect", "--to", "s3://bucket/hits"]),
      sluice([...to, "--port", `127.0.0.1:${port}`]),
      sluice([...to, "--port", "0"], { SLUICE_API_KEYS: "short" })
    ])
    server.close()
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining("to")])
    expect([strange.code, strange.stderr]).toEqual([
      2,
      expect.stringContaining("--to s3://bucket/hits is no stream. Give a folder, or kinesis:NAME.")
    ])
    expect([taken.code, taken.stderr]).toEqual([78, expect.stringMatching(/port \d+ is taken by another program\. Give another --port/)])
    expect([short.code, short.stderr]).toEqual([78, expect.stringContaining("Make keys with: openssl rand -hex 32")])
    expect(short.stderr).not.toContain('"short"')
  })
})
