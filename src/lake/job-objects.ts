import type { OwnObjects } from "../table/maintenance.ts"
import { jobOutput, jobsFolder } from "./layout.ts"

const logOfOutput = new RegExp(`(?:^|/)${jobOutput}[^/]+/_delta_log/`)

/**
 * What `vacuum` has to know of jobs that make files of a consumable: their plans, and the logs of what they wrote. They go with the commit; of a job whose commit
 * never came they are as old as its files, and go with them.
 */
export const jobObjects: OwnObjects = {
  holds: (path) => path.startsWith(`${jobsFolder}/`) || logOfOutput.test(path),
  needed: () => new Set()
}
