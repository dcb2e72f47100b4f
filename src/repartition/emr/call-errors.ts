import type { CallFailed } from "../../record/aws-call.ts"
import type { AwsReason } from "../../record/aws-errors.ts"
import { hintOfClient } from "../../record/aws-hints.ts"
import { EngineError } from "../engine.ts"

const hints: Readonly<Record<AwsReason, string>> = {
  Throttled: "The service asks for fewer calls of this account and region; run it again a little later.",
  Unavailable: "Look at the network, the region, and the state of the service. Run it again: a job that was started is found by its tags.",
  NotFound: "Look at the region, at the account, and at the settings that begin with emr-.",
  Denied: "Give the process credentials that may do it, see docs/aws.md.",
  Invalid: "Look at the settings that begin with emr-, and at the region."
}

/** What starts a job, or is asked before one is started and never after. */
const starting = new Set(["Connect", "GetApplication", "StartJobRun", "RunJobFlow", "AddJobFlowSteps"])

/**
 * A failure of a service that nothing can be done about here.
 *
 * @param own what to do about some reasons, where this service has more to say
 */
export const asEngineError =
  (engine: string, own: Partial<Record<AwsReason, string>> = {}) =>
  (error: CallFailed): EngineError => {
    const { operation, reason, name, detail, certain } = error
    const denied = /not authorized to perform:? ([\w-]+:\w+)/.exec(detail)?.[1]
    const quota = /quota|limit/i.test(name) && reason === "Invalid"
    return new EngineError({
      engine,
      problem: `${operation} failed (${detail})`,
      hint:
        hintOfClient(detail) ??
        (denied === undefined ? undefined : `Grant ${denied} to who runs Sluice, see docs/aws.md.`) ??
        (quota ? "Let what runs end, ask AWS for a higher quota, or give fewer --emr-executors." : undefined) ??
        own[reason] ??
        hints[reason],
      ...(certain && starting.has(operation) ? { isRefused: true } : {}),
      cause: error
    })
  }
