import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { expect, it } from "vitest"
import { subcommandIn } from "../../src/cli/sluice.ts"
import { root } from "./sluice.ts"

/** Writes the names of all packages that are loaded, and of folders and subcommands of our own, to standard error, at the end. */
const hook = `
import { registerHooks } from "node:module"
const [packages, own] = [new Set(), new Set()]
registerHooks({
  load(url, context, next) {
    const name = url.split("/node_modules/").at(-1)
    if (name !== url) packages.add(name.split("/").slice(0, name.startsWith("@") ? 2 : 1).join("/"))
    else if (url.includes("/src/")) own.add(url.split("/src/").at(-1).replace(/^(?!cli)([^/]+)\\/.*/, "$1"))
    return next(url, context)
  }
})
process.on("exit", () => process.stderr.write(JSON.stringify([[...packages].sort(), [...own].sort()])))
`

/** How the command ends, and what it loads. */
const loads = (
  ...args: ReadonlyArray<string>
): { readonly status: number | null; readonly packages: ReadonlyArray<string>; readonly own: ReadonlyArray<string> } => {
  const preloaded = `data:text/javascript,${encodeURIComponent(hook)}`
  const { status, stderr } = spawnSync(process.execPath, ["--no-warnings", "--import", preloaded, join(root, "src", "main.ts"), ...args], {
    encoding: "utf8"
  })
  const [packages, own] = JSON.parse(stderr.slice(stderr.lastIndexOf("[[")))
  return { status, packages, own }
}

it("loads no library that a command does without: start-up is most of a short command, and of a cold start", () => {
  const { status, packages } = loads("--version")
  expect([status, packages]).toEqual([
    0,
    ["@effect/platform-node", "@effect/platform-node-shared", "effect", "hyparquet", "hyparquet-writer"]
  ])
})

it("loads nothing of the subcommands that it is not asked for", () => {
  const { own } = loads("status", "--lake", join(root, "no", "lake"))
  expect(own).toContain("cli/status.ts")
  expect(own).toEqual(expect.arrayContaining(["lake", "store"]))
  for (const other of ["cli/ingest.ts", "cli/repartition.ts", "ingest", "repartition", "decode", "generate", "catalog"])
    expect(own).not.toContain(other)
})

it("knows which subcommand a command line names, wherever the flags of all of them stand", () => {
  expect(subcommandIn(["status", "--lake", "x"])).toBe("status")
  expect(subcommandIn(["--project", "status", "run", "--once"])).toBe("run")
  expect(subcommandIn(["--project=x", "--log-format", "json", "query", "SELECT 1"])).toBe("query")
  // All of them are there where one is to be suggested, or shown.
  for (const args of [[], ["--help"], ["statsu"], ["statsu", "status"], ["toString"]]) expect(subcommandIn(args)).toBe(null)
})
