/** Jobs of Spark that functions start, as EMR Serverless runs them: this process does what Spark would, as the role of the job. */
import { Context, Effect, Layer } from "effect"
import { storeOf } from "../../../src/app/lake.ts"
import { Store } from "../../../src/store/store.ts"
import type { EmrStandIn, StandInRun } from "../../repartition/emr/emr-stand-in.ts"
import { drive } from "../../repartition/job-driver.ts"
import type { Endpoints } from "./endpoints.ts"
import type { Deployed } from "./model.ts"

/** What a run is for: the plan that it is given lies beside its result. */
const placeOf = ({ request }: StandInRun): { readonly lake: string; readonly consumable: string; readonly id: string } => {
  const [, lake, consumable, id] =
    /"(s3:\/\/[^"]+?)\/(consumable\/[^/"]+)\/_repartition\/([^/"]+)\/plan\.json"/.exec(JSON.stringify(request)) ?? []
  if (lake === undefined || consumable === undefined || id === undefined) throw new Error(`no plan in ${JSON.stringify(request)}`)
  return { lake, consumable, id }
}

/**
 * Runs what was started and has not ended, each to its end.
 *
 * @returns the changes of their states, as EventBridge tells them
 */
export const runJobs = async (deployed: Deployed, emr: EmrStandIn, endpoints: Endpoints): Promise<ReadonlyArray<object>> => {
  const ended: Array<object> = []
  for (const run of emr.runs) {
    if (run.state !== "SUBMITTED") continue
    const { consumable, id, lake } = placeOf(run)
    const { executionRoleArn } = run.request
    const { SLUICE_S3_ENDPOINT: s3Endpoint = null } = await endpoints.of(String(executionRoleArn))
    const store = storeOf({ lake, region: deployed.region, s3Endpoint, kmsKey: null }, "read")
    await Layer.build(store).pipe(
      Effect.flatMap((context) => drive(Context.get(context, Store), { id }, run.id, consumable)),
      Effect.scoped,
      Effect.runPromise
    )
    run.state = "SUCCESS"
    const [application = ""] = deployed.applications
    ended.push({
      "detail-type": "EMR Serverless Job Run State Change",
      source: "aws.emr-serverless",
      detail: { jobRunId: run.id, applicationId: application.split("/").at(-1), state: run.state }
    })
  }
  return ended
}
