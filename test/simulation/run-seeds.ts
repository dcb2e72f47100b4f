import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { defaultDuckdbShare, type Happened, type Outcome } from "./world.ts"
import type { WorldKind } from "./worlds.ts"

/** A range of seeds for one process, as it stands in its arguments; answers are outcomes, one message each. */
export interface Share {
  /** Default: a stream. */
  readonly world?: WorldKind
  readonly from: number
  readonly seeds: number
  /** Distance from one seed to the next. */
  readonly step: number
  readonly duckdbShare: number
  readonly stopAtViolation: boolean
}

const runner = fileURLToPath(new URL("./seed-runner.ts", import.meta.url))

/**
 * Runs a share in a process of its own: a world takes over the scheduling of its process.
 *
 * @param module the program to run it, by default this tree's
 * @returns rejects if the process ends before it is done
 */
export const runShare = (share: Share, each: (outcome: Outcome) => void, module = runner): Promise<void> =>
  new Promise((done, fail) => {
    const child = fork(module, [JSON.stringify(share)], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      execArgv: ["--no-warnings", "--max-semi-space-size=64"]
    })
    const stop = () => child.kill()
    process.once("exit", stop)
    // What a child sends is what `seed-runner.ts` of the same tree makes.
    child.on("message", (outcome: Outcome) => each(outcome))
    child.on("error", fail)
    child.on("exit", (code, signal) => {
      process.off("exit", stop)
      if (code === 0) done()
      else fail(new Error(`a process of the simulation ended with ${signal ?? `exit code ${code}`}`))
    })
  })

export { defaultDuckdbShare }

/** The one command that runs a seed again. */
export const replayCommand = (seed: number, duckdbShare: number, world: WorldKind = "stream"): string =>
  `npm run simulate -- --from ${seed} --seeds 1${world === "stream" ? "" : ` --world ${world}`}${duckdbShare === defaultDuckdbShare ? "" : ` --duckdb ${duckdbShare}`} --trace`

export interface SeedsOptions {
  readonly world: WorldKind
  readonly from: number
  readonly seeds: number
  readonly jobs: number
  readonly duckdbShare: number
}

const summaryOf = (happened: Happened): string =>
  Object.entries(happened)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([what, n]) => `${n.toLocaleString("en")} ${what}`)
    .join(", ")

/** Runs seeds in several processes, tells of violations and progress, and ends with a summary line. @returns whether all is well */
export const runSeeds = async ({ world, from, seeds, jobs, duckdbShare }: SeedsOptions): Promise<boolean> => {
  const happened: Happened = {}
  const startedAt = performance.now()
  const perSecond = () => ((finished * 1000) / (performance.now() - startedAt)).toFixed(1)
  let finished = 0
  let violations = 0
  let bad = 0
  let lasted = 0
  const each = (outcome: Outcome) => {
    finished++
    lasted += outcome.lasted
    for (const [what, n] of Object.entries(outcome.happened)) happened[what] = (happened[what] ?? 0) + n
    if (outcome.violations.length > 0) {
      bad++
      violations += outcome.violations.length
      console.log(`seed ${outcome.seed}: ${outcome.violations.length} violations; ${replayCommand(outcome.seed, duckdbShare, world)}`)
      for (const { rule, detail } of outcome.violations.slice(0, 5)) console.log(`  ${rule}: ${detail}`)
    }
    if (finished % Math.max(100, Math.floor(seeds / 20)) === 0)
      console.log(`… ${finished} of ${seeds} seeds, ${perSecond()} a second, ${bad} with violations`)
  }
  await Promise.all(
    Array.from({ length: Math.min(jobs, seeds) }, (_, job) =>
      runShare({ world, from: from + job, seeds: Math.ceil((seeds - job) / jobs), step: jobs, duckdbShare, stopAtViolation: false }, each)
    )
  )
  const days = (lasted / 86_400_000).toFixed(1)
  console.log(
    `${finished} seeds from ${from}, ${bad} with violations (${violations} in all), ${perSecond()} seeds a second, ${days} days of virtual time: ${summaryOf(happened)}`
  )
  return violations === 0
}
