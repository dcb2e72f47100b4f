import { execFile, spawnSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { subcommandIn } from "../../src/cli/sluice.ts"
import { root } from "./sluice.ts"

/**
 * Writes the URLs of all modules that are loaded to standard error, at the end: of a file of the bundle those of what it was made of, as its map
 * says, since they are all loaded with it.
 */
const hook = `
import { existsSync, readFileSync } from "node:fs"
import { registerHooks } from "node:module"
const files = new Set()
registerHooks({
  load(url, context, next) {
    files.add(url)
    return next(url, context)
  }
})
process.on("exit", () => {
  const modules = [...files].flatMap((url) => {
    const map = new URL(url + ".map")
    const isBundled = url.includes("/.cache/bundle/") && existsSync(map)
    return isBundled ? JSON.parse(readFileSync(map, "utf8")).sources.map((source) => new URL(source, url).href) : [url]
  })
  process.stderr.write(JSON.stringify([[...files], modules]))
})
`

interface Loads {
  readonly status: number | null
  readonly stdout: string
  /** URLs of the files that it reads as modules, of Node's own too. */
  readonly files: ReadonlyArray<string>
  /** Names of packages. */
  readonly packages: ReadonlyArray<string>
  /** Folders and subcommands of our own. */
  readonly own: ReadonlyArray<string>
}

/** How the command ends, and what it loads. */
const loads = (folder: string, ...args: ReadonlyArray<string>): Loads => {
  const preloaded = `data:text/javascript,${encodeURIComponent(hook)}`
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--no-warnings", "--import", preloaded, join(folder, "src", "main.ts"), ...args],
    { encoding: "utf8" }
  )
  const [files, modules]: [Array<string>, Array<string>] = JSON.parse(stderr.slice(stderr.lastIndexOf("[[")))
  const names = (pick: (url: string) => ReadonlyArray<string>) => [...new Set(modules.flatMap(pick))].sort()
  return {
    status,
    stdout,
    files,
    packages: names((url) => {
      const name = url.split("/node_modules/").at(-1) ?? ""
      return name === url || url.includes("/.cache/")
        ? []
        : [
            name
              .split("/")
              .slice(0, name.startsWith("@") ? 2 : 1)
              .join("/")
          ]
    }),
    own: names((url) =>
      url.includes("/node_modules/") || !url.includes("/src/")
        ? []
        : [(url.split("/src/").at(-1) ?? "").replace(/^(?!cli)([^/]+)\/.*/, "$1")]
    )
  }
}

/** Files of ours that are loaded as they are written, and files of the bundle. */
const filesOf = ({ files }: Loads) => ({
  written: files.filter((url) => url.includes("/src/") && !url.includes("/node_modules/")).map((url) => url.split("/src/").at(-1)),
  bundled: files.filter((url) => url.includes("/.cache/bundle/")).length
})

it("loads no library that a command does without: start-up is most of a short command, and of a cold start", () => {
  const { status, packages } = loads(root, "--version")
  expect([status, packages]).toEqual([
    0,
    ["@effect/platform-node", "@effect/platform-node-shared", "effect", "hyparquet", "hyparquet-writer"]
  ])
})

it("loads nothing of the subcommands that it is not asked for", () => {
  const { own } = loads(root, "status", "--lake", join(root, "no", "lake"))
  expect(own).toContain("cli/status.ts")
  expect(own).toEqual(expect.arrayContaining(["lake", "store"]))
  for (const other of ["cli/ingest.ts", "cli/repartition.ts", "ingest", "repartition", "decode", "generate", "catalog"])
    expect(own).not.toContain(other)
})

it("is a bundle of a few files, which it has made where it was not there", () => {
  const { written, bundled } = filesOf(loads(root, "status", "--lake", join(root, "no", "lake")))
  expect(written).toEqual(["main.ts", "build/fresh.ts"])
  expect(bundled).toBeGreaterThan(0)
  expect(bundled).toBeLessThan(100)
})

it("is the same as the sources for the projects of a clone, and finds what lies beside them", () => {
  const checked = loads(root, "contracts", "--check")
  expect([checked.status, filesOf(checked).written]).toEqual([0, ["main.ts", "build/fresh.ts"]])
  expect(checked.files.filter((url) => url.endsWith("/schemas/vtex/project.ts"))).toHaveLength(1)
})

describe("a clone whose sources change", () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-start-up-"))
  const main = join(folder, "src", "cli", "main.ts")
  const written = readFileSync(join(root, "src", "cli", "main.ts"), "utf8")
  /** Older than the process that bundles it, as sources are but for those that are changed meanwhile. */
  const say = (word: string) => writeFileSync(main, `console.log(${JSON.stringify(word)})\n${written}`)
  const waitForClock = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)

  beforeAll(() => {
    for (const name of ["src", "schemas", "package.json"]) cpSync(join(root, name), join(folder, name), { recursive: true })
    mkdirSync(join(folder, "node_modules"))
    for (const name of readdirSync(join(root, "node_modules")))
      if (name !== ".cache") symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it("runs what is written now, from a bundle again", () => {
    for (const word of ["one", "two"]) {
      say(word)
      waitForClock()
      const ran = loads(folder, "--version")
      expect([ran.status, ran.stdout.split("\n")[0]]).toEqual([0, word])
      expect(filesOf(ran).written).toEqual(["main.ts", "build/fresh.ts"])
    }
  })

  it("makes it once, however many processes find that it is not there", async () => {
    rmSync(join(folder, "node_modules", ".cache"), { recursive: true })
    const ran = await Promise.all(
      [1, 2, 3].map(() => promisify(execFile)(process.execPath, [join(folder, "src", "main.ts"), "--version"], { encoding: "utf8" }))
    )
    expect(ran.map(({ stdout }) => stdout.split("\n")[0])).toEqual(["two", "two", "two"])
    expect(readdirSync(join(folder, "node_modules", ".cache", "bundle"))).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/), "latest"])
  })

  it("names the files that are written in a trace, not those of the bundle", () => {
    writeFileSync(main, `console.log("three")\n\nthrow new Error("thrown on purpose")\n`)
    waitForClock()
    const { status, stderr } = spawnSync(process.execPath, ["--no-warnings", join(folder, "src", "main.ts")], { encoding: "utf8" })
    expect([status, stderr]).toEqual([1, expect.stringMatching(/Error: thrown on purpose\n +at file:\/\/.*\/src\/cli\/main\.ts:3:/)])
  })

  it("runs its sources where it cannot make a bundle", () => {
    say("four")
    rmSync(join(folder, "node_modules", "esbuild"))
    const ran = loads(folder, "--version")
    expect([ran.status, ran.stdout.split("\n")[0]]).toEqual([0, "four"])
    expect(filesOf(ran).written).toContain("cli/main.ts")
  })
})

it("knows which subcommand a command line names, wherever the flags of all of them stand", () => {
  expect(subcommandIn(["status", "--lake", "x"])).toBe("status")
  expect(subcommandIn(["--project", "status", "run", "--once"])).toBe("run")
  expect(subcommandIn(["--project=x", "--log-format", "json", "query", "SELECT 1"])).toBe("query")
  // All of them are there where one is to be suggested, or shown.
  for (const args of [[], ["--help"], ["statsu"], ["statsu", "status"], ["toString"]]) expect(subcommandIn(args)).toBe(null)
})
