import { Effect } from "effect"
import { commitJobs } from "../app/repartition-jobs.ts"
import { stateChangeIn } from "../repartition/emr/state-change.ts"
import { neverOfAppends } from "./actions.ts"
import { handlerOf } from "./handler.ts"
import { jobActions, jobFunctionSettings, openJobFunction, withJobs } from "./repartition-jobs.ts"

/** A job of the repartition has ended → what it made is committed. Of a job that goes on there is nothing to do, and one that failed is an error. */
export const handler = handlerOf({
  name: "commitPartitionRoutine",
  settings: jobFunctionSettings,
  actions: jobActions,
  never: neverOfAppends,
  takes: { holds: (event) => stateChangeIn(event) !== null, words: "a change of state of EMR or EMR Serverless, told by EventBridge" },
  open: openJobFunction,
  handle: (made, event) => {
    const change = stateChangeIn(event)
    return change === null || change.isEnd
      ? withJobs(made, commitJobs)
      : Effect.as(Effect.logInfo(`${change.of} is ${change.state}: nothing to commit yet`), { datasets: [] })
  }
})
