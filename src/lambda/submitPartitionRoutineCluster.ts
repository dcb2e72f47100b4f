import { submitJobs } from "../app/repartition-jobs.ts"
import { neverOfAppends } from "./actions.ts"
import { detailTypeOf } from "./event-kinds.ts"
import { handlerOf } from "./handler.ts"
import { jobActions, jobFunctionSettings, openJobFunction, withJobs } from "./repartition-jobs.ts"

/** The rule of the hour → a job for each dataset with something new. A rule that fires twice starts none twice. */
export const handler = handlerOf({
  name: "submitPartitionRoutineCluster",
  settings: jobFunctionSettings,
  actions: jobActions,
  never: neverOfAppends,
  takes: { holds: (event) => detailTypeOf(event) === "Scheduled Event", words: "a scheduled event of EventBridge" },
  open: openJobFunction,
  handle: (made) => withJobs(made, submitJobs)
})
