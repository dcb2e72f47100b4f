import { Effect } from "effect"
import { emrCluster } from "../repartition/emr/cluster.ts"
import type { ClusterSettings } from "../repartition/emr/cluster-request.ts"
import type { EmrSettings } from "../repartition/emr/job.ts"
import { emrServerless, type ServerlessSettings } from "../repartition/emr/serverless.ts"
import type { JobPlace } from "../repartition/job-place.ts"
import { UsageError } from "./failures.ts"
import { s3Place } from "./setting-types.ts"

/** The settings of jobs on EMR, and what they need to know beside. */
export interface EmrValues {
  readonly emrApplication: string | null
  readonly emrCluster: string | null
  readonly emrRole: string | null
  readonly emrServiceRole: string
  readonly emrRelease: string
  readonly emrMachines: ReadonlyArray<string>
  readonly emrExecutors: number
  readonly emrSize: EmrSettings["size"]
  readonly emrSubnets: ReadonlyArray<string>
  readonly emrLogs: string | null
  readonly emrTimeout: number
  readonly emrTags: Readonly<Record<string, string>>
  readonly emrEndpoint: string | null
  readonly sparkConf: ReadonlyArray<string>
  readonly region: string | null
  readonly kmsKey: string | null
}

/** Where jobs run on AWS. */
export const awsPlaceOf = (
  engine: "emr" | "emr-serverless",
  values: EmrValues & { readonly lake: string }
): Effect.Effect<JobPlace, UsageError> =>
  Effect.andThen(
    requireS3(engine, values.lake),
    engine === "emr" ? Effect.succeed(emrCluster(clusterOf(values))) : Effect.map(serverlessOf(values), emrServerless)
  )

/** Machines of AWS see no folder of this one. */
const requireS3 = (engine: string, lake: string): Effect.Effect<void, UsageError> =>
  s3Place(lake) === null
    ? Effect.fail(
        new UsageError({
          problem: `--engine ${engine} cannot reach the folder ${lake}`,
          hint: "Keep the lake in S3 (--lake s3://bucket/prefix), or repartition with --engine duckdb or spark."
        })
      )
    : Effect.void

const commonOf = (values: EmrValues): EmrSettings => ({
  region: values.region,
  endpoint: values.emrEndpoint,
  executors: values.emrExecutors,
  size: values.emrSize,
  logs: values.emrLogs,
  tags: values.emrTags,
  kmsKey: values.kmsKey,
  conf: values.sparkConf
})

/** What the settings say of jobs on EMR Serverless. */
export const serverlessOf = (values: EmrValues): Effect.Effect<ServerlessSettings, UsageError> => {
  const { emrApplication: application, emrRole: role, emrExecutors, emrTimeout: timeout } = values
  const engine = "--engine emr-serverless"
  if (application === null) return missing("--emr-application", `${engine} needs the id of an application of EMR Serverless for Spark`)
  if (role === null) return missing("--emr-role", `${engine} needs the ARN of a role that may read and write the lake`)
  if (!/^arn:[\w-]+:iam::/.test(role))
    return unfit("--emr-role", `${engine} needs a role's ARN, such as arn:aws:iam::123456789012:role/jobs`)
  if (emrExecutors === 0) return unfit("--emr-executors", `${engine} needs one executor or more`)
  if (timeout < 300_000 || timeout > 7 * 86_400_000) return unfit("--emr-timeout", "EMR Serverless takes 5m to 7d")
  // All of them go there in one text, between blanks.
  if (values.sparkConf.some((pair) => /[\s"']/.test(pair))) return unfit("--spark-conf", "EMR Serverless takes no blanks and quotes in it")
  return Effect.succeed({ ...commonOf(values), application, role, timeout })
}

/** What the settings say of jobs on EMR. */
export const clusterOf = (values: EmrValues): ClusterSettings => ({
  ...commonOf(values),
  cluster: values.emrCluster,
  release: values.emrRelease,
  machines: values.emrMachines,
  subnets: values.emrSubnets,
  role: values.emrRole,
  serviceRole: values.emrServiceRole
})

const missing = (flag: string, hint: string) => Effect.fail(new UsageError({ problem: `${flag} is missing`, hint: `${hint}.` }))
const unfit = (flag: string, hint: string) => Effect.fail(new UsageError({ problem: `${flag} cannot be used`, hint: `${hint}.` }))
