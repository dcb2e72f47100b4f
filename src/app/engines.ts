import { Effect } from "effect"
import { duckdbEngine } from "../repartition/duckdb-engine.ts"
import type { RepartitionEngine } from "../repartition/engine.ts"
import type { JobEngine, JobPlace, JobState } from "../repartition/job-place.ts"
import { sparkPlace } from "../repartition/spark/local-place.ts"
import { awsPlaceOf, type EmrValues } from "./emr.ts"
import type { EngineName } from "./engine-names.ts"
import type { UsageError } from "./failures.ts"

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
    default:
      return awsPlaceOf(values.engine, values)
  }
}

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
