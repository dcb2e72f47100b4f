import { spawnSync } from "node:child_process"
import { chmod, copyFile, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { root, sluice } from "./sluice.ts"

type Packages = { readonly [path: string]: { readonly version?: string; readonly dev?: true; readonly optional?: true } }

/** A clone of a product with one dependency and one tool, and an npm that says how it was called and fails. */
let clone = ""
const pinned = () => join(clone, "node_modules", "node", "bin", "node")
const wanted: Packages = {
  "": {},
  "node_modules/effect": { version: "4.1.0" },
  "node_modules/for-another-machine": { version: "1.0.0", optional: true },
  "node_modules/vitest": { version: "5.1.0", dev: true }
}
const installed = (packages: Packages) => writeFile(join(clone, "node_modules", ".package-lock.json"), JSON.stringify({ packages }))
const nodeVersion = (version: string) => writeFile(join(clone, "package.json"), JSON.stringify({ dependencies: { node: version } }))

beforeAll(async () => {
  clone = await realpath(await mkdtemp(join(tmpdir(), "sluice-setup-")))
  for (const folder of ["src", "test", "path", "elsewhere", join("node_modules", "node", "bin")])
    await mkdir(join(clone, folder), { recursive: true })
  for (const file of [join("src", "setup.mjs"), join("src", "sluice")]) await copyFile(join(root, file), join(clone, file))
  await symlink(process.execPath, pinned())
  await nodeVersion("0.0.0")
  await writeFile(join(clone, "package-lock.json"), JSON.stringify({ packages: wanted }))
  await installed(wanted)
  await writeFile(join(clone, "src", "main.ts"), "console.log(JSON.stringify([process.cwd(), process.execArgv, process.argv.slice(2)]))")
  await writeFile(join(clone, "test", "tool.ts"), `console.log("the tool runs")`)
  await writeFile(join(clone, "end.mjs"), "process.kill(process.pid, process.argv[2]); setInterval(() => {}, 1000)")
  await writeFile(join(clone, "path", "npm"), `#!/bin/sh\necho "npm $*" >&2\nexit 7\n`)
  await chmod(join(clone, "path", "npm"), 0o755)
})
afterAll(() => rm(clone, { recursive: true, force: true }))

const run = (command: string, args: ReadonlyArray<string>) => {
  const { NODE_COMPILE_CACHE: _, ...env } = process.env
  return spawnSync(command, args, {
    encoding: "utf8",
    cwd: join(clone, "elsewhere"),
    env: { ...env, PATH: `${join(clone, "path")}:${env["PATH"]}` }
  })
}
const setup = (...args: ReadonlyArray<string>) => run(process.execPath, [join(clone, "src", "setup.mjs"), ...args])

it.each([
  ["SIGKILL", 137, "sluice: the command was ended by SIGKILL, most likely for want of memory.\n"],
  ["SIGTERM", 143, ""]
])("a command that %s ended gives %i", (signal, code, said) => {
  const { status, stderr } = setup("end.mjs", signal)
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
  expect(setup("typed.mts").stdout).toBe("program true\nthread true\n")
  expect(setup("typed.mts").stdout).toBe("program false\nthread false\n")
})

it("the command runs from any folder and through a link, with its heap bounded and its words as they are", async () => {
  const link = join(clone, "elsewhere", "linked")
  await symlink(join(clone, "src", "sluice"), link)
  const { status, stdout, stderr } = run(link, ["ingest", "--input", "a b"])
  expect([status, stderr]).toEqual([0, ""])
  expect(JSON.parse(stdout)).toEqual([
    join(clone, "elsewhere"),
    ["--max-old-space-size=320", "--initial-old-space-size=100", "--max-semi-space-size=8"],
    ["ingest", "--input", "a b"]
  ])
})

it("npm's own installation for production is enough for the product, and not for its tools", async () => {
  const { "node_modules/vitest": _, ...production } = wanted
  await installed(production)
  expect(setup("src/main.ts")).toMatchObject({ status: 0, stderr: "" })
  expect(setup("test/tool.ts")).toMatchObject({ status: 7, stdout: "", stderr: expect.stringContaining("\nnpm ci ") })
  await installed(wanted)
  expect(setup("test/tool.ts")).toMatchObject({ status: 0, stdout: "the tool runs\n", stderr: "" })
})

it.each<[string, Packages]>([
  ["another version", { ...wanted, "node_modules/effect": { version: "4.0.9" } }],
  ["another version of what is optional", { ...wanted, "node_modules/for-another-machine": { version: "0.9.0" } }],
  ["nothing", {}]
])("where the lockfile says one thing and %s is installed, what it says is installed first", async (_, packages) => {
  await installed(packages)
  expect(setup("src/main.ts")).toMatchObject({ status: 7, stdout: "", stderr: expect.stringContaining("\nnpm ci ") })
  await installed(wanted)
})

it("without the pinned Node one of the same major version does, and no other", async () => {
  await rm(pinned())
  expect(setup("src/main.ts").stderr).toContain("\nnpm ci ")
  await nodeVersion(`${process.versions.node.split(".")[0]}.999.0`)
  expect(setup("src/main.ts")).toMatchObject({ status: 0, stderr: "" })
})

it("flags that npm took from the command are told, and nothing is done", async () => {
  const taken = { npm_lifecycle_event: "sluice", npm_config_dry_run: "true", npm_config_batch_bytes: "5MiB", npm_config_loglevel: "silent" }
  const { code, stdout, stderr } = await sluice(["generate", "--out", join(clone, "orders")], taken)
  expect([code, stdout]).toEqual([2, ""])
  expect(stderr).toContain("npm took --batch-bytes, --dry-run for itself. Write -- before the command's own words")
  const { npm_lifecycle_event: _, ...notOurs } = taken
  expect((await sluice(["doctor", "--help"], { ...notOurs, npm_lifecycle_event: "test" })).code).toBe(0)
})
