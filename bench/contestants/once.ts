/** One cold run of a job in a process of its own: `node once.ts JOB`, the job as JSON. Prints the rows. */
import type { Job } from "./job.ts"
import { prepare } from "./prepare.ts"

const job: Job = JSON.parse(process.argv[2] ?? "null")
const { run } = await prepare(job)
console.log(await run())
process.exit(0)
