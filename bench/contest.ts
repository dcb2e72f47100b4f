import { type ChildProcess, fork, spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { median } from "./bench.ts"
import type { Job, Request, Response } from "./contestants/job.ts"

/**
 * Contestants that do the same job take turns, round by round, each in a process of its own that stays: the compiled code, the heap and the
 * allocator of one do not disturb another, and nobody pays for starting up. Each goes forward and backward through the order, so that nobody always
 * runs after the same neighbour. The clock is the contestant's own and stands still while others run.
 *
 * What would make it lie: other load on the machine (hence ratios round by round, and the median of those), too few warm-ups, and runs so
 * short that the clock or a single collection of garbage shows.
 */
export interface Contestant {
  readonly name: string
  readonly job: Job
  /** Rows that must come of each run; null where only the contestant knows. */
  readonly rows: number | null
}

export interface Rounds {
  /** Rounds that count for nothing. */
  readonly warmUps: number
  readonly least: number
  /** No round begins after this many seconds of rounds that count, once there are `least`. */
  readonly seconds: number
  readonly most: number
}

export interface Outcome {
  /** Seconds by round. */
  readonly seconds: ReadonlyArray<number>
  /** Seconds of processor time by round: what other load on the machine disturbs least. */
  readonly cpuSeconds: ReadonlyArray<number>
  /** Seconds of the parts of all rounds, where a run has parts. */
  readonly laps: ReadonlyArray<number>
  /** Largest resident size of the process, bytes. */
  readonly peakBytes: number
}

export type Outcomes = ReadonlyMap<string, Outcome>

const root = dirname(dirname(fileURLToPath(import.meta.url)))
export const main = join(root, "src", "main.ts")

/** The flags of Node that the command has: what is measured must run as its users run it. */
export const productFlags: ReadonlyArray<string> = (() => {
  const [, heap = ""] = /^heap="([^"]*)"$/m.exec(readFileSync(join(root, "src", "sluice"), "utf8")) ?? []
  const flags = heap.split(" ").filter((word) => word.startsWith("--"))
  if (flags.length === 0) throw new Error("src/sluice starts Node without flags: what they are is not known")
  return flags
})()

const ours: ReadonlySet<Job["kind"]> = new Set(["sluice", "stage", "profile", "ingest", "consume", "repartition", "open-table", "commit"])

const program = join(root, "bench", "contestants", "process.ts")

/** What runs must not be the first to compile its code: it would run slower to its end, which the command's second start and all that follow do not. */
const compile = (kinds: ReadonlySet<Job["kind"]>): void => {
  for (const kind of kinds) if (ours.has(kind)) spawnSync(process.execPath, ["--no-warnings", program, kind], { stdio: "inherit" })
}

class Process {
  readonly #child: ChildProcess

  readonly #name: string

  constructor(name: string, job: Job) {
    this.#name = name
    this.#child = fork(program, [], {
      execArgv: ours.has(job.kind) ? [...productFlags] : [],
      stdio: ["ignore", "ignore", "inherit", "ipc"]
    })
  }

  ask(request: Request): Promise<Response> {
    return new Promise((answered, failed) => {
      const ended = (code: number | null, signal: string | null) =>
        failed(new Error(`${this.#name}: its process ended with ${signal ?? code}`))
      this.#child.once("exit", ended)
      this.#child.once("message", (response: Response) => {
        this.#child.off("exit", ended)
        answered(response)
      })
      this.#child.send(request)
    })
  }

  end(): void {
    this.#child.kill("SIGKILL")
  }
}

/** @throws Error when a contestant fails or makes another number of rows than it must */
export const contest = async (contestants: ReadonlyArray<Contestant>, limits: Rounds): Promise<Outcomes> => {
  const processes = new Map<string, Process>()
  const empty = () => ({ seconds: [] as number[], cpuSeconds: [] as number[], laps: [] as number[], peakBytes: 0 })
  const outcomes = new Map(contestants.map(({ name }) => [name, empty()]))
  const endAll = () => {
    for (const running of processes.values()) running.end()
  }
  // Before the bench's folder is removed: who is alive would make it again.
  process.prependListener("exit", endAll)
  compile(new Set(contestants.map(({ job }) => job.kind)))
  try {
    for (const { name, job } of contestants) {
      const started = new Process(name, job)
      processes.set(name, started)
      requireOk(name, await started.ask({ is: "prepare", job }))
    }
    let begun = Number.NaN
    for (let round = -limits.warmUps; round < limits.most; round++) {
      if (round === 0) begun = performance.now()
      if (round >= limits.least && performance.now() - begun > limits.seconds * 1000) break
      for (const { name, rows } of round % 2 === 0 ? contestants : contestants.toReversed()) {
        const response = await processes.get(name)?.ask({ is: "run" })
        requireOk(name, response)
        if (response?.is !== "ran") throw new Error(`${name} did not run`)
        if (rows !== null && response.rows !== rows) throw new Error(`${name} made ${response.rows} rows; they must be ${rows}`)
        const outcome = outcomes.get(name)
        if (outcome === undefined || round < 0) continue
        outcome.seconds.push(response.seconds)
        outcome.cpuSeconds.push(response.cpuSeconds)
        outcome.laps.push(...response.laps)
        outcome.peakBytes = response.peakBytes
      }
    }
  } finally {
    endAll()
    process.off("exit", endAll)
  }
  return outcomes
}

const requireOk = (name: string, response: Response | undefined): void => {
  if (response?.is === "failed") throw new Error(`${name}: ${response.message}`)
}

/**
 * How many times faster `own` is than `peer`. Noise strikes neighbours alike: round by round, and then the median.
 * @param by `cpuSeconds`: how many times less processor time it takes
 */
export const ratio = (outcomes: Outcomes, own: string, peer: string, by: "seconds" | "cpuSeconds" = "seconds"): number => {
  const peers = outcomes.get(peer)?.[by] ?? []
  return median((outcomes.get(own)?.[by] ?? []).map((seconds, round) => (peers[round] ?? Number.NaN) / seconds))
}

/** Median speed in MB/s of `bytes`. */
export const speed = (outcomes: Outcomes, name: string, bytes: number): number => bytes / 1e6 / median(outcomes.get(name)?.seconds ?? [])

/** How many rounds there were. */
export const roundsOf = (outcomes: Outcomes): number => outcomes.values().next().value?.seconds.length ?? 0
