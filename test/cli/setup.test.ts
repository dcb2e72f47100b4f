import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { root } from "./sluice.ts"

/** A clone that is set up, and whose pinned Node is not the one that runs it. */
let clone = ""
beforeAll(async () => {
  clone = await mkdtemp(join(tmpdir(), "sluice-setup-"))
  const bin = join(clone, "node_modules", "node", "bin")
  await mkdir(bin, { recursive: true })
  await mkdir(join(clone, "src"))
  await copyFile(join(root, "src", "setup.mjs"), join(clone, "src", "setup.mjs"))
  await symlink(process.execPath, join(bin, "node"))
  await writeFile(join(clone, "package.json"), JSON.stringify({ dependencies: { node: "0.0.0" } }))
  await writeFile(join(clone, "package-lock.json"), "{}")
  await writeFile(join(clone, "node_modules", ".sluice-installed"), createHash("sha256").update("{}").digest("hex"))
  await writeFile(join(clone, "end.mjs"), "process.kill(process.pid, process.argv[2]); setInterval(() => {}, 1000)")
})
afterAll(() => rm(clone, { recursive: true, force: true }))

it.each([
  ["SIGKILL", 137, "sluice: the command was ended by SIGKILL, most likely for want of memory.\n"],
  ["SIGTERM", 143, ""]
])("a command that %s ended gives %i", (signal, code, said) => {
  const { status, stderr } = spawnSync(process.execPath, [join(clone, "src", "setup.mjs"), "end.mjs", signal], { encoding: "utf8" })
  expect([status, stderr]).toEqual([code, said])
})

it("a program that was run before has no types to strip, in no thread: V8 makes slower code of typed arrays where they were", async () => {
  const stripped = `process.moduleLoadList.some((name: string) => name.includes("amaro"))`
  await writeFile(join(clone, "thread.ts"), `console.log("thread", ${stripped})`)
  await writeFile(
    join(clone, "typed.mts"),
    `import { Worker } from "node:worker_threads"
    console.log("program", ${stripped})
    new Worker(new URL("./thread.ts", import.meta.url))`
  )
  const { NODE_COMPILE_CACHE: _, ...env } = process.env
  const run = () => spawnSync(process.execPath, [join(clone, "src", "setup.mjs"), "typed.mts"], { encoding: "utf8", env }).stdout
  expect(run()).toBe("program true\nthread true\n")
  expect(run()).toBe("program false\nthread false\n")
})
