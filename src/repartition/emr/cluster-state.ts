import type { Cluster, ClusterState, StepState, StepSummary } from "@aws-sdk/client-emr"
import { scrub } from "../../record/scrub.ts"
import type { JobState } from "../job-place.ts"
import { below } from "./job.ts"

const phases: { readonly [state: string]: JobState["phase"] } = {
  PENDING: "waiting",
  RUNNING: "running",
  CANCEL_PENDING: "running",
  COMPLETED: "done",
  CANCELLED: "failed",
  FAILED: "failed",
  INTERRUPTED: "failed"
} satisfies Record<StepState, JobState["phase"]>

export const livingStates: Array<ClusterState> = ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING"]
export const endedStates: Array<ClusterState> = ["TERMINATED", "TERMINATED_WITH_ERRORS"]

/** A step of a cluster that was started for a job; none, where the cluster does not tell of it yet. */
export interface Run {
  readonly start: number
  readonly cluster: Cluster
  readonly step: StepSummary | undefined
}

export const isUnderWay = ({ phase }: JobState): boolean => phase === "waiting" || phase === "running"

/** Of a start that was announced and is not to be found yet. */
export const stateOfAnnounced = (start: number): JobState => ({
  phase: "waiting",
  run: `start ${start}`,
  says: "ANNOUNCED",
  startedAt: null
})

/** Where a run is: what its step says, and where that has nothing to say, its cluster. */
export const stateOf = ({ cluster, step }: Run): JobState => {
  const { State: said, FailureDetails, Timeline } = step?.Status ?? {}
  const whole = cluster.Status?.State
  const told = said === undefined ? "waiting" : (phases[said] ?? "running")
  const isLost = whole !== undefined && endedStates.includes(whole) && (told === "waiting" || told === "running")
  const phase = isLost ? "failed" : told
  // A step waits for its cluster first.
  const says = isLost || (phase === "waiting" && whole !== "RUNNING" && whole !== "WAITING") ? whole : said
  const id = cluster.Id ?? "?"
  const logs = FailureDetails?.LogFile ?? logsOf(cluster, step)
  return {
    phase,
    run: step?.Id === undefined ? id : `${id}/${step.Id}`,
    says: says ?? "?",
    startedAt: Timeline?.StartDateTime?.toISOString() ?? null,
    ...(phase === "failed" ? { reason: reasonOf(cluster, step) } : {}),
    ...(logs === null ? {} : { logs })
  }
}

/** What the step says of it, else what the cluster does: one that could not start its machines has never run the step. */
const reasonOf = (cluster: Cluster, step: StepSummary | undefined): string => {
  const { FailureDetails: details, StateChangeReason: change, State } = step?.Status ?? {}
  const whole = cluster.Status?.StateChangeReason
  const said = [
    [details?.Reason, details?.Message].filter(Boolean).join(" "),
    change?.Message,
    [whole?.Code, whole?.Message].filter(Boolean).join(": ")
  ]
  return scrub(said.find((text) => text !== undefined && text !== "") ?? State ?? cluster.Status?.State ?? "?")
}

const logsOf = ({ Id = "?", LogUri }: Cluster, step: StepSummary | undefined): string | null => {
  if (LogUri === undefined || LogUri === "") return null
  return below(LogUri.replace(/^s3n:/, "s3:"), Id, ...(step?.Id === undefined ? [] : ["steps", step.Id]))
}
