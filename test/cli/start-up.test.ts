import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { expect, it } from "vitest"
import { root } from "./sluice.ts"

/** Writes the names of all packages that are loaded to standard error, at the end. */
const hook = `
import { registerHooks } from "node:module"
const packages = new Set()
registerHooks({
  load(url, context, next) {
    const name = url.split("/node_modules/").at(-1)
    if (name !== url) packages.add(name.split("/").slice(0, name.startsWith("@") ? 2 : 1).join("/"))
    return next(url, context)
  }
})
process.on("exit", () => process.stderr.write(JSON.stringify([...packages].sort())))
`

it("loads no library that a command does without: start-up is most of a short command, and of a cold start", () => {
  const preloaded = `data:text/javascript,${encodeURIComponent(hook)}`
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--no-warnings", "--import", preloaded, join(root, "src", "main.ts"), "--version"],
    { encoding: "utf8" }
  )
  expect([status, JSON.parse(stderr)]).toEqual([
    0,
    ["@effect/platform-node", "@effect/platform-node-shared", "effect", "hyparquet", "hyparquet-writer"]
  ])
})
