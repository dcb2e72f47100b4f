import { Effect } from "effect"
import { duckdbEngine } from "../repartition/duckdb-engine.ts"
import { emrCluster } from "../repartition/emr/cluster.ts"
import { emrServerless } from "../repartition/emr/serverless.ts"
import type { RepartitionEngine } from "../repartition/engine.ts"
import type { JobEngine, JobPlace, JobState } from "../repartition/job-place.ts"
import { sparkPlace } from "../repartition/spark/local-place.ts"
import { clusterOf, type EmrValues, serverlessOf } from "./emr.ts"
import type { EngineName } from "./engine-names.ts"
import { UsageError } from "./failures.ts"
import { s3Place } from "./setting-types.ts"

/** The settings of all engines. */
export interface EngineSettings extends EmrValues {
  readonly lake: string
  readonly engine: EngineName
  readonly memoryLimit: number
  readonly threads: number
  readonly sparkSubmit: string
  readonly sparkConf: ReadonlyArray<string>
  readonly s3Endpoint: string | null
}

/** Where the jobs of an engine run; null: it makes no jobs, and folds in this process. */
const placeOf = (values: EngineSettings): Effect.Effect<JobPlace | null, UsageError> => {
  switch (values.engine) {
    case "duckdb":
      return Effect.succeed(null)
    case "spark":
      return Effect.succeed(
        sparkPlace({ command: values.sparkSubmit, threads: values.threads, conf: values.sparkConf, endpoint: values.s3Endpoint })
      )
    case "emr":
      return Effect.as(requireS3(values), emrCluster(clusterOf(values)))
    case "emr-serverless":
      return Effect.andThen(requireS3(values), Effect.map(serverlessOf(values), emrServerless))
  }
}

/** Machines of AWS see no folder of this one. */
const requireS3 = ({ engine, lake }: EngineSettings): Effect.Effect<void, UsageError> =>
  s3Place(lake) === null
    ? Effect.fail(
        new UsageError({
          problem: `--engine ${engine} cannot reach the folder ${lake}`,
          hint: "Keep the lake in S3 (--lake s3://bucket/prefix), or repartition with --engine duckdb or spark."
        })
      )
    : Effect.void

/**
 * The engine that the settings name.
 *
 * @param wait for the end of a job, where the engine makes one
 * @param onState told of a job that is waited for
 */
export const engineOf = (
  values: EngineSettings,
  wait: boolean,
  onState?: (state: JobState) => void
): Effect.Effect<RepartitionEngine | JobEngine, UsageError> =>
  Effect.map(placeOf(values), (place) => (place === null ? duckdbEngine(values) : { name: place.name, place, wait, onState }))
