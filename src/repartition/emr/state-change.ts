import { membersOf } from "../../record/members.ts"

/** What EventBridge says of a job, a step or a cluster of EMR. */
export interface StateChange {
  /** As EMR names it: an id of a run, a step, or a cluster. */
  readonly of: string
  /** In EMR's own words: `RUNNING`, `COMPLETED`, … */
  readonly state: string
  /** Nothing more will come of it. */
  readonly isEnd: boolean
}

const ends: ReadonlySet<string> = new Set([
  // Runs of EMR Serverless.
  "SUCCESS",
  "FAILED",
  "CANCELLED",
  // Steps.
  "COMPLETED",
  "INTERRUPTED",
  // Clusters.
  "TERMINATED",
  "TERMINATED_WITH_ERRORS"
])

/** Reads an event of EventBridge: "EMR Step Status Change", "EMR Cluster State Change", "EMR Serverless Job Run State Change". Null: it is another one. */
export const stateChangeIn = (event: unknown): StateChange | null => {
  const { source, detail } = membersOf(event)
  const { state, jobRunId, stepId, clusterId } = membersOf(detail)
  const of = source === "aws.emr-serverless" ? jobRunId : source === "aws.emr" ? (stepId ?? clusterId) : undefined
  return typeof of === "string" && typeof state === "string" ? { of, state, isEnd: ends.has(state) } : null
}
