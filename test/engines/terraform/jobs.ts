/** Jobs of Spark that functions start, as EMR and EMR Serverless run them: this process does what Spark would, as the role of the job. */
import { Context, Effect, Layer } from "effect"
import { storeOf } from "../../../src/app/lake.ts"
import { Store } from "../../../src/store/store.ts"
import type { EmrStandIn } from "../../repartition/emr/emr-stand-in.ts"
import { drive } from "../../repartition/job-driver.ts"
import type { Endpoints } from "./endpoints.ts"
import { roleOfName } from "./guard.ts"
import type { Deployed } from "./model.ts"

/** What a job is for: the plan that it is given lies beside its result. */
const placeOf = (request: object): { readonly lake: string; readonly consumable: string; readonly id: string } => {
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
  /** @param role as which its driver reads and writes */
  const fold = async (request: object, attempt: string, role: string): Promise<void> => {
    const { consumable, id, lake } = placeOf(request)
    const { SLUICE_S3_ENDPOINT: s3Endpoint = null } = await endpoints.of(role)
    const store = storeOf({ lake, region: deployed.region, s3Endpoint, kmsKey: null }, "read")
    await Layer.build(store).pipe(
      Effect.flatMap((context) => drive(Context.get(context, Store), { id }, attempt, consumable)),
      Effect.scoped,
      Effect.runPromise
    )
  }
  for (const run of emr.runs) {
    if (run.state !== "SUBMITTED") continue
    await fold(run.request, run.id, String(run.request["executionRoleArn"]))
    run.state = "SUCCESS"
    const [application = ""] = deployed.applications
    ended.push({
      "detail-type": "EMR Serverless Job Run State Change",
      source: "aws.emr-serverless",
      detail: { jobRunId: run.id, applicationId: application.split("/").at(-1), state: run.state }
    })
  }
  for (const cluster of emr.clusters) {
    const about = { clusterId: cluster.id, name: cluster.request["Name"] }
    for (const step of cluster.steps) {
      if (step.state !== "PENDING") continue
      await fold(step.request, `${cluster.id}-${step.id}`, roleOfName(deployed, String(cluster.request["JobFlowRole"])))
      step.state = "COMPLETED"
      ended.push({
        "detail-type": "EMR Step Status Change",
        source: "aws.emr",
        detail: { ...about, name: step.request["Name"], stepId: step.id, state: step.state }
      })
    }
    if (cluster.state !== "STARTING" || cluster.request["Instances"] === undefined) continue
    cluster.state = "TERMINATED"
    ended.push({ "detail-type": "EMR Cluster State Change", source: "aws.emr", detail: { ...about, state: cluster.state } })
  }
  return ended
}
