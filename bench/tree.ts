import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"

/** What processes took together. */
export interface Taken {
  /** Of processor time. What a process does in its last tenth of a second is missed. */
  readonly cpuSeconds: number
  /** Largest sum of resident sizes, bytes: what processes share is counted for each. */
  readonly peakBytes: number
}

/** Does the system tell what processes take? */
export const canWatch: boolean = existsSync("/proc/self/stat")

const systemValue = (name: string): number => Number(spawnSync("getconf", [name], { encoding: "utf8" }).stdout)

interface Process {
  readonly pid: number
  readonly parent: number
  /** Its number and when it began: there is no other one. */
  readonly id: string
  readonly ticks: number
  readonly pages: number
  readonly isEnded: boolean
}

const pids = (): ReadonlyArray<number> => readdirSync("/proc").map(Number).filter(Number.isInteger)

const processOf = (pid: number): ReadonlyArray<Process> => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
    // The name of the program stands in parentheses, and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    const [state, parent] = fields
    const [user, system, startedAt, pages] = [fields[11], fields[12], fields[19], fields[21]]
    return [
      {
        pid,
        id: `${pid} ${startedAt}`,
        parent: Number(parent),
        ticks: Number(user) + Number(system),
        pages: Number(pages),
        isEnded: state === "Z"
      }
    ]
  } catch {
    return [] // It has ended.
  }
}

/**
 * Watches all processes that come of this one from now on, also those that outlive who started them: what Spark is started by ends before Spark does. Who starts another
 * and ends within a tenth of a second may hide it.
 *
 * @returns what waits until they have ended and tells what they took
 */
export const watchTree = (): (() => Promise<Taken>) => {
  const [ticksPerSecond, pageBytes] = [systemValue("CLK_TCK"), systemValue("PAGESIZE")]
  /** Those that were there before, as long as they are. */
  let others = new Set(pids())
  const ticks = new Map<string, number>()
  let alive: ReadonlyArray<Process> = []
  let peakPages = 0

  const look = () => {
    const now = pids()
    others = others.intersection(new Set(now))
    const all = now.filter((pid) => !others.has(pid)).flatMap(processOf)
    const ours = new Set([process.pid, ...all.filter(({ id }) => ticks.has(id)).map(({ pid }) => pid)])
    // Children may stand before who started them: until there are no more.
    for (let found = 0; found !== ours.size; ) {
      found = ours.size
      for (const { pid, parent } of all) if (ours.has(parent)) ours.add(pid)
    }
    const known = all.filter(({ pid }) => ours.has(pid))
    for (const each of known) ticks.set(each.id, each.ticks)
    alive = known.filter(({ isEnded }) => !isEnded)
    peakPages = Math.max(
      peakPages,
      alive.reduce((sum, { pages }) => sum + pages, 0)
    )
  }
  const timer = setInterval(look, 100)
  // Nothing may outlive the bench or its folder.
  const kill = () => {
    look()
    for (const { pid } of alive) process.kill(pid, "SIGKILL")
  }
  process.prependListener("exit", kill)

  return async () => {
    for (look(); alive.length > 0; ) await new Promise((next) => setTimeout(next, 50))
    clearInterval(timer)
    process.off("exit", kill)
    return {
      cpuSeconds: [...ticks.values()].reduce((sum, each) => sum + each, 0) / ticksPerSecond,
      peakBytes: peakPages * pageBytes
    }
  }
}
