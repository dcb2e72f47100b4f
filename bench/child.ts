import { spawn, spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"

/** What a process came to. */
export interface Ended {
  readonly code: number | null
  readonly seconds: number
  /** Largest resident size, bytes; NaN where the system does not tell. */
  readonly peakBytes: number
  readonly stdout: string
  readonly stderr: string
}

/** GNU time knows exactly; where it is not there, Linux is asked again and again. */
const gnuTime = "/usr/bin/time"
const hasGnuTime = spawnSync(gnuTime, ["-f", "%M", "true"]).status === 0

/** Can a process be held to one core? */
export const canPin: boolean = spawnSync("taskset", ["-c", "0", "true"]).status === 0

/** Runs Node with these arguments to its end, from its start on. @param pinned on one core alone, all its threads, see `canPin` */
export const measured = (
  args: ReadonlyArray<string>,
  folder: string,
  environment: Readonly<Record<string, string>>,
  pinned = false
): Promise<Ended> => {
  const report = join(folder, "time.txt")
  const timed = hasGnuTime ? [gnuTime, "-f", "%M", "-o", report] : []
  const [command = process.execPath, ...given] = [...timed, ...(pinned ? ["taskset", "-c", "0"] : []), process.execPath, ...args]
  return new Promise((done, failed) => {
    const start = process.hrtime.bigint()
    const child = spawn(command, given, { stdio: ["ignore", "pipe", "pipe"], detached: true, env: { ...process.env, ...environment } })
    // A group of its own: GNU time does not pass signals on, and nothing may outlive the bench or its folder.
    const kill = () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL")
    }
    process.prependListener("exit", kill)
    let stdout = ""
    let stderr = ""
    let polled = Number.NaN
    child.stdout.on("data", (text: Buffer) => {
      stdout += text.toString()
    })
    child.stderr.on("data", (text: Buffer) => {
      stderr += text.toString()
    })
    // The high-water mark can only be missed by what is added in the last few milliseconds.
    const poll = hasGnuTime ? undefined : setInterval(() => (polled = highWaterMark(child.pid) ?? polled), 20)
    child.on("error", failed)
    child.on("close", (code) => {
      clearInterval(poll)
      process.off("exit", kill)
      const seconds = Number(process.hrtime.bigint() - start) / 1e9
      const peakBytes = hasGnuTime ? Number(readFileSync(report, "utf8").trim().split("\n").at(-1)) * 1024 : polled
      done({ code, seconds, peakBytes, stdout, stderr })
    })
  })
}

const highWaterMark = (pid: number | undefined): number | undefined => {
  try {
    const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))
    return found === null ? undefined : Number(found[1]) * 1024
  } catch {
    return undefined
  }
}
