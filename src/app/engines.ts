import { duckdbEngine } from "../repartition/duckdb-engine.ts"
import type { RepartitionEngine } from "../repartition/engine.ts"
import type { JobEngine, JobPlace, JobState } from "../repartition/job-place.ts"
import { sparkPlace } from "../repartition/spark/local-place.ts"

/** What `--engine` takes: what can fold stage into the tables for users, and where. A new one is a line here, and its settings. */
export const engineNames = ["duckdb", "spark"] as const
export type EngineName = (typeof engineNames)[number]

/** The settings of all engines. */
export interface EngineSettings {
  readonly engine: EngineName
  readonly memoryLimit: number
  readonly threads: number
  readonly sparkSubmit: string
  readonly sparkConf: ReadonlyArray<string>
  readonly s3Endpoint: string | null
}

/** Where the jobs of an engine run; null: it makes no jobs, and folds in this process. */
const placeOf = (values: EngineSettings): JobPlace | null => {
  switch (values.engine) {
    case "duckdb":
      return null
    case "spark":
      return sparkPlace({ command: values.sparkSubmit, threads: values.threads, conf: values.sparkConf, endpoint: values.s3Endpoint })
  }
}

/**
 * The engine that the settings name.
 *
 * @param wait for the end of a job, where the engine makes one
 * @param onState told of a job that is waited for
 */
export const engineOf = (values: EngineSettings, wait: boolean, onState?: (state: JobState) => void): RepartitionEngine | JobEngine => {
  const place = placeOf(values)
  return place === null ? duckdbEngine(values) : { name: place.name, place, wait, onState }
}
