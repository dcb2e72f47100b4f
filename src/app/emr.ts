import { Effect } from "effect"
import type { ClusterSettings } from "../repartition/emr/cluster-request.ts"
import type { EmrSettings } from "../repartition/emr/job.ts"
import type { ServerlessSettings } from "../repartition/emr/serverless.ts"
import { UsageError } from "./failures.ts"
import type { Values } from "./settings.ts"

/** The settings of jobs on EMR, and of what they need to know beside. */
export const emrNames = [
  "emrApplication",
  "emrCluster",
  "emrRole",
  "emrServiceRole",
  "emrRelease",
  "emrMachines",
  "emrExecutors",
  "emrSize",
  "emrSubnets",
  "emrLogs",
  "emrTimeout",
  "emrTags",
  "emrEndpoint"
] as const
export type EmrValues = Values<(typeof emrNames)[number] | "region" | "kmsKey">

const commonOf = (values: EmrValues): EmrSettings => ({
  region: values.region,
  endpoint: values.emrEndpoint,
  executors: values.emrExecutors,
  size: values.emrSize,
  logs: values.emrLogs,
  tags: values.emrTags,
  kmsKey: values.kmsKey
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
