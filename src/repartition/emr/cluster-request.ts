import type { RunJobFlowInput, StepConfig } from "@aws-sdk/client-emr"
import type { SparkJob } from "../job-place.ts"
import { below, type EmrSettings, nameOf, sparkConf, tagsOf } from "./job.ts"

/** How jobs run on EMR: each on a cluster of its own that ends with it, or as steps of a cluster that there is. */
export interface ClusterSettings extends EmrSettings {
  /** Id of a cluster that there is; null: each job gets one of its own. */
  readonly cluster: string | null
  /** Of a cluster of its own: `emr-7.13.0`. */
  readonly release: string
  /** Types of machines, of which EMR takes what there is. */
  readonly machines: ReadonlyArray<string>
  /** Where they may stand; empty: the default network. */
  readonly subnets: ReadonlyArray<string>
  /** Instance profile of the machines; on a cluster that there is, ARN of the role of the step. Null: the cluster's, or that of EMR's defaults. */
  readonly role: string | null
  /** Role of EMR itself. */
  readonly serviceRole: string
}

/** Names of clusters and steps. */
const nameOfStart = (job: SparkJob, start: number): string => `${nameOf(job)} start ${start}`

/** The number of a start, from the name of its cluster or step; null for those of other jobs. */
export const startOf = (job: SparkJob, name: string | undefined): number | null => {
  const prefix = `${nameOf(job)} start `
  const number = name?.startsWith(prefix) === true ? name.slice(prefix.length) : ""
  return /^\d+$/.test(number) ? Number(number) : null
}

/** The one step of a job. */
export const stepOf = (settings: ClusterSettings, job: SparkJob, start: number): StepConfig => ({
  Name: nameOfStart(job, start),
  ActionOnFailure: settings.cluster === null ? "TERMINATE_CLUSTER" : "CONTINUE",
  HadoopJarStep: {
    Jar: "command-runner.jar",
    // As a client the driver's own words stand in the log of the step.
    Args: ["spark-submit", "--deploy-mode", "client", ...sparkConf(settings).flatMap((each) => ["--conf", each]), job.driver, ...job.args]
  }
})

/** A cluster for one job: it ends with its only step, whatever becomes of that. */
export const clusterOf = (settings: ClusterSettings, job: SparkJob, start: number, step: StepConfig): RunJobFlowInput => {
  const { executors, machines, subnets, role, logs } = settings
  const types = machines.map((InstanceType) => ({ InstanceType }))
  return {
    Name: nameOfStart(job, start),
    ReleaseLabel: settings.release,
    Applications: [{ Name: "Spark" }],
    Configurations: [{ Classification: "delta-defaults", Properties: { "delta.enabled": "true" } }],
    Instances: {
      InstanceFleets: [
        { Name: "first", InstanceFleetType: "MASTER", TargetOnDemandCapacity: 1, InstanceTypeConfigs: types },
        ...(executors === 0
          ? []
          : [{ Name: "executors", InstanceFleetType: "CORE" as const, TargetOnDemandCapacity: 1, InstanceTypeConfigs: types }])
      ],
      ...(subnets.length === 0 ? {} : { Ec2SubnetIds: [...subnets] }),
      KeepJobFlowAliveWhenNoSteps: false,
      TerminationProtected: false
    },
    // It begins small, and grows where there is work.
    ...(executors <= 1
      ? {}
      : {
          ManagedScalingPolicy: {
            ComputeLimits: { UnitType: "InstanceFleetUnits" as const, MinimumCapacityUnits: 1, MaximumCapacityUnits: executors }
          }
        }),
    Steps: [step],
    JobFlowRole: role ?? "EMR_EC2_DefaultRole",
    ServiceRole: settings.serviceRole,
    Tags: Object.entries(tagsOf(job, settings.tags)).map(([Key, Value]) => ({ Key, Value })),
    ...(logs === null ? {} : { LogUri: below(logs) })
  }
}
