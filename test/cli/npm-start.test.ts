import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, it } from "vitest"
import { brokenChecks, rowsIn } from "./in-process.ts"
import { root } from "./sluice.ts"

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-start-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it("npm start makes orders and a lake of them that holds, and says what to try", async () => {
  const out = join(folder, "demo")
  const { stdout } = await promisify(execFile)("npm", ["start", "--", "--orders", "150", "--out", out], { cwd: root })
  expect(stdout).toContain("records read")
  expect(stdout).toContain("Try:")
  const lake = join(out, "lake")
  expect(stdout).toContain(`--lake ${relative(root, lake)} "SELECT`)
  expect(await brokenChecks(lake)).toEqual([])
  const [row = "{}"] = await rowsIn(lake, "SELECT count(DISTINCT order_id)::INTEGER AS orders FROM consumable_checkout")
  expect(JSON.parse(row).orders).toBeGreaterThan(100)
})
