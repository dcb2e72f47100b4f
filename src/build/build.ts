/**
 * `npm run build [-- FUNCTION…] [--project DIR] [--out DIR]`: bundles the functions of `src/lambda/`, or those that are named, for AWS Lambda, each a zip in `dist/lambda/`,
 * and lists in `functions.json` there what they contain, read and call. Source maps are apart, in `maps/`. The same sources give the same bytes.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { Effect, Option } from "effect"
import { readSettings } from "../app/settings.ts"
import { loadProject } from "../contract/load.ts"
import { version } from "../record/version.ts"
import { buildFunction, functionNames } from "./functions.ts"

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const build = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { project: { type: "string" }, out: { type: "string" } }
  })
  const all = functionNames(root)
  const strange = positionals.find((name) => !all.includes(name))
  if (strange !== undefined) throw new Error(`there is no function ${strange}; there are ${all.join(", ")}`)
  const chosen = await Effect.runPromise(readSettings(["project"], { project: Option.fromUndefinedOr(values.project) }))
  const project = await loadProject(chosen.project)
  if (project.error !== null) throw project.error
  const ours = join(root, "dist/lambda")
  // Nothing is removed from somebody else's folder.
  if (values.out === undefined) rmSync(ours, { recursive: true, force: true })
  const out = resolve(values.out ?? ours)
  mkdirSync(join(out, "maps"), { recursive: true })
  const functions = []
  for (const name of positionals.length === 0 ? all : positionals) {
    const { entry, zip, map } = await buildFunction(root, name, fileURLToPath(project.module))
    writeFileSync(join(out, entry.zip), zip)
    writeFileSync(join(out, "maps", `${name}.mjs.map`), map)
    functions.push(entry)
    console.log(`${entry.zip}: ${entry.bytes} bytes, sha256 ${entry.sha256}`)
  }
  writeFileSync(join(out, "functions.json"), `${JSON.stringify({ version, project: project.name, functions }, null, 2)}\n`)
}

await build().catch((error: unknown) => {
  console.error(`build: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})
