/**
 * The process of one contestant: is given a job, and then does it each time it is asked. With the kind of a job as its argument it loads its code and
 * ends: compiled code is kept for the processes that follow, see setup.mjs.
 */
import type { Job, Prepared, Request, Response } from "./job.ts"
import { load, prepare } from "./prepare.ts"

let prepared: Prepared | null = null

const answer = async (request: Request): Promise<Response> => {
  try {
    if (request.is === "prepare") {
      prepared = await prepare(request.job)
      return { is: "ready" }
    }
    if (prepared === null) throw new Error("there is no job")
    prepared.reset?.()
    const before = process.cpuUsage()
    const start = process.hrtime.bigint()
    const rows = await prepared.run()
    const seconds = Number(process.hrtime.bigint() - start) / 1e9
    const { user, system } = process.cpuUsage(before)
    return {
      is: "ran",
      seconds,
      cpuSeconds: (user + system) / 1e6,
      rows,
      peakBytes: process.resourceUsage().maxRSS * 1024,
      laps: prepared.laps?.() ?? []
    }
  } catch (error) {
    return { is: "failed", message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

const kind = process.argv[2]
if (kind !== undefined) await load(kind as Job["kind"])
else
  process.on("message", async (request: Request) => {
    const response = await answer(request)
    process.send?.(response)
  })
