/**
 * `npm run bench [-- NAME…] [--short] [--json] [--html] [--gate] [--shape NAME]… [--shapes] [--seed N]`: runs benches, one after the other;
 * without a name, those that need nothing but Node.
 *
 * `--json` writes one object to standard output and everything else to standard error. `--html` writes a page with plots to `bench/results/`.
 * `--gate` compares ratios with `bench/baseline.json` and exits 1 when one has fallen, see `gate.ts`.
 */
import { randomInt } from "node:crypto"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import type { Bench, BenchOptions, BenchResult } from "./bench.ts"
import { collect } from "./collect.ts"
import { console as consoleBench } from "./console.ts"
import { consumer } from "./consumer.ts"
import { core } from "./core.ts"
import { engines } from "./engines.ts"
import { formats } from "./formats.ts"
import { baselineOf, gate } from "./gate.ts"
import { ingest } from "./ingest.ts"
import { shapes } from "./input/shapes.ts"
import { lambda } from "./lambda.ts"
import { log } from "./log.ts"
import { machine } from "./machine.ts"
import { models } from "./models.ts"
import { repartition } from "./repartition.ts"
import { htmlOf } from "./report/html.ts"
import { jsonOf } from "./report/json.ts"
import { textOf } from "./report/text.ts"
import { scale } from "./scale.ts"
import { stages } from "./stages.ts"

const benches: Readonly<Record<string, Bench>> = {
  core,
  formats,
  stages,
  ingest,
  consumer,
  scale,
  log,
  repartition,
  lambda,
  models,
  collect,
  console: consoleBench,
  engines
}
/** They need more than Node: they run where they are named. */
const onlyByName: ReadonlySet<string> = new Set(["engines", "models", "console"])

const usage = (problem: string): never => {
  console.error(
    `${problem}\nusage: npm run bench -- [${Object.keys(benches).join("|")}]… [--short] [--json] [--html] [--gate] [--shape NAME]… [--shapes] [--seed N]`
  )
  process.exit(2)
}

const parse = () => {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        short: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        html: { type: "boolean", default: false },
        gate: { type: "boolean", default: false },
        shapes: { type: "boolean", default: false },
        shape: { type: "string", multiple: true, default: [] },
        seed: { type: "string" }
      }
    })
    return { ...values, names: positionals }
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error))
  }
}

const flags = parse()
const strange = flags.names.find((name) => !(name in benches)) ?? flags.shape.find((name) => !(name in shapes))
if (strange !== undefined)
  usage(`there is no ${strange}; benches: ${Object.keys(benches).join(", ")}; shapes: ${Object.keys(shapes).join(", ")}`)
if (flags.gate && (flags.shapes || flags.shape.length > 0)) usage("--gate holds the ratios of the ordinary shape; leave --shape out")
const seed = flags.seed === undefined ? randomInt(1, 2 ** 31) : Number(flags.seed)
if (!Number.isSafeInteger(seed)) usage(`--seed ${flags.seed} is not a whole number`)

const say = (text: string): void => console.error(`bench: ${text}`)
const options: BenchOptions = {
  short: flags.short,
  seed,
  shapes: flags.shapes ? Object.keys(shapes) : flags.shape.length > 0 ? flags.shape : ["orders"],
  only: null,
  say
}

/** Runs a bench in a folder that is gone afterwards, also where it is interrupted. */
const run = async (bench: Bench, given: BenchOptions): Promise<BenchResult> => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.on("exit", remove)
  try {
    return await bench(given, folder)
  } catch (error) {
    say(`failed with --seed ${given.seed}`)
    throw error
  } finally {
    remove()
    process.off("exit", remove)
  }
}
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130))

const results: Array<BenchResult> = []
let fallen = 0
for (const [name, bench] of Object.entries(benches)) {
  if (flags.names.length > 0 ? !flags.names.includes(name) : onlyByName.has(name)) continue
  const result = await run(bench, options)
  results.push(result)
  const print = flags.json ? console.error : console.log
  print(`${textOf(result, baselineOf(name))}\n`)
  if (flags.gate) fallen += await gate(result, (only) => run(bench, { ...options, seed: randomInt(1, 2 ** 31), only }), say)
}
if (flags.json) console.log(JSON.stringify(jsonOf(results, flags.short)))
if (flags.html) {
  const folder = join(dirname(fileURLToPath(import.meta.url)), "results")
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.html`)
  writeFileSync(file, htmlOf(results, machine(), flags.short))
  say(`written: ${file}`)
}
if (fallen > 0) process.exitCode = 1
