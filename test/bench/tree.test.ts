import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { canWatch, watchTree } from "../../bench/tree.ts"

const folder = mkdtempSync(join(tmpdir(), "sluice-bench-test-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Works for a second of processor time and holds 64 MB meanwhile, says when half of it is over, and then makes a file. */
const works = `
  const held = Buffer.alloc(64 * 1024 * 1024, 1)
  const until = (micros) => { while (process.cpuUsage().user < micros) for (let i = 0; i < 1e6; i++); }
  until(500_000)
  require("node:fs").writeSync(1, "half")
  until(1_000_000)
  require("node:fs").writeFileSync(process.argv[1], String(held.length))`

describe.skipIf(!canWatch)("what processes take", () => {
  it("is waited for and counted also where it outlives who started it, in a session of its own", async () => {
    const taken = watchTree()
    const file = join(folder, "done")
    const starts = `
      const { spawn } = require("node:child_process")
      spawn(process.execPath, ["-e", ${JSON.stringify(works)}, ${JSON.stringify(file)}], { detached: true, stdio: ["ignore", "pipe", "ignore"] })
        .stdout.on("data", () => process.exit())`
    const child = spawn(process.execPath, ["-e", starts], { stdio: "ignore" })
    await new Promise((ended) => child.on("close", ended))
    const { cpuSeconds, peakBytes } = await taken()
    expect(existsSync(file)).toBe(true)
    expect(cpuSeconds).toBeGreaterThan(0.7)
    expect(peakBytes).toBeGreaterThan(64e6)
  })
})
