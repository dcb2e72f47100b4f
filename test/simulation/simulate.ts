/**
 * `npm run simulate -- --seeds 100000 [--from SEED]`: the long run. The last line of its output is a summary; exits 1 if any seed ends with a
 * violation. `--trace` tells what happens in a world, line by line; `--mutants` breaks the program and looks whether the simulation finds out.
 */
import { availableParallelism } from "node:os"
import { parseArgs } from "node:util"
import { mutantTable } from "./mutate.ts"
import { defaultDuckdbShare, runSeeds } from "./run-seeds.ts"
import { isWorld, worlds } from "./worlds.ts"

const usage = `usage: npm run simulate -- [--seeds N] [--from SEED] [--jobs N] [--world ${Object.keys(worlds).join("|")}] [--trace]
       npm run simulate -- --mutants [--seeds N] [NAME…]

  --seeds N      how many seeds, default 1000
  --from SEED    the first of them, default 1
  --jobs N       processes at a time, default one per core
  --world KIND   of a stream (the default), of files, of announced objects, or of functions that an event source mapping calls (esm), or
                 of a stream in a folder (local)
  --duckdb N     share of seeds that repartition and verify with DuckDB, from 0 to 1, default 0.05
  --trace        print the transcript of each seed (in one process)
  --mutants      break the program in the ways of mutants.ts, and show the first seed that finds each`

const number = (name: string, text: string | undefined, otherwise: number): number => {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (text.trim() !== "" && Number.isFinite(value) && value >= 0) return value
  console.error(`--${name} is ${JSON.stringify(text)}, not a number\n${usage}`)
  process.exit(2)
}

const main = async (): Promise<boolean> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seeds: { type: "string" },
      from: { type: "string" },
      jobs: { type: "string" },
      world: { type: "string", default: "stream" },
      duckdb: { type: "string" },
      trace: { type: "boolean", default: false },
      mutants: { type: "boolean", default: false },
      help: { type: "boolean", default: false }
    }
  })
  if (values.help) {
    console.log(usage)
    return true
  }
  const jobs = number("jobs", values.jobs, availableParallelism())
  const from = number("from", values.from, 1)
  const seeds = number("seeds", values.seeds, 1000)
  const { world } = values
  if (!isWorld(world)) {
    console.error(`--world is ${JSON.stringify(world)}, not one of ${Object.keys(worlds).join(", ")}\n${usage}`)
    process.exit(2)
  }
  if (values.mutants) return mutantTable(positionals, jobs, seeds)
  const duckdbShare = number("duckdb", values.duckdb, defaultDuckdbShare)
  if (values.trace) {
    let violations = 0
    for (let seed = from; seed < from + seeds; seed++) {
      const outcome = await worlds[world](seed, { duckdbShare, say: (line) => console.log(line) })
      console.log(`seed ${seed}: transcript ${outcome.hash}, ${outcome.violations.length} violations`)
      violations += outcome.violations.length
    }
    return violations === 0
  }
  return runSeeds({ world, from, seeds, jobs, duckdbShare })
}

try {
  process.exitCode = (await main()) ? 0 : 1
} catch (error) {
  console.error(error instanceof TypeError && "code" in error ? `${error.message}\n${usage}` : error)
  process.exitCode = 2
}
