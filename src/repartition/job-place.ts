import type { Effect } from "effect"
import type { Store } from "../store/store.ts"
import type { EngineError } from "./engine.ts"

/**
 * A Spark job, as plain data: what tells it from all others, and what it runs. What it needs to know stands in its plan, an object; what it made stands
 * in the object that it leaves beside the plan, so that who starts it and who takes what it made may be two processes.
 */
export interface SparkJob {
  /** 1 to 64 of `[A-Za-z0-9._-]`. The same work has the same id, so that it is found again, and a second trigger starts nothing. */
  readonly id: string
  readonly dataset: string
  /** Stage version that it takes. */
  readonly stageVersion: number
  /** URL of the driver, a Python file: `file:///…`, `s3://…`. What means something in a URL is encoded. */
  readonly driver: string
  /** Its arguments: first the plan's URI, of which nothing is encoded. */
  readonly args: ReadonlyArray<string>
}

/** Where a job is. `reason` and `logs` are for people: why it failed, and where it says more. */
export interface JobState {
  readonly phase: "waiting" | "running" | "done" | "failed"
  /** As the place names it: a process, a step of a cluster, a run of an application. */
  readonly run: string
  /** What the place says, in its own words: `PENDING`, `RUNNING`, … */
  readonly says: string
  /** ISO 8601 UTC; null where the place does not tell. */
  readonly startedAt: string | null
  readonly reason?: string | undefined
  readonly logs?: string | undefined
}

/** What runs Spark jobs: `spark-submit` on this machine, a cluster of EMR, an application of EMR Serverless. */
export interface JobPlace {
  readonly name: "spark" | "emr" | "emr-serverless"
  /**
   * The newest run of a job, found by what was told the place when it was started: null, where it has none, or has forgotten it. A run whose start was
   * asked for and never heard of is found as well.
   */
  readonly find: (job: SparkJob) => Effect.Effect<JobState | null, EngineError, Store>
  /**
   * Starts a job. Asked twice for one that waits or runs, it starts no second one, as far as the place can promise that; of one that has failed it starts another
   * run.
   */
  readonly submit: (job: SparkJob) => Effect.Effect<JobState, EngineError, Store>
  /** Ends what runs on this machine for a job, where nobody waits for it any more. A place that is elsewhere lets it go on. */
  readonly abandon?: (job: SparkJob) => Effect.Effect<void>
}

/** An engine whose work is a job elsewhere: one run of Sluice submits it, and another one may commit what it made. */
export interface JobEngine {
  readonly name: JobPlace["name"]
  readonly place: JobPlace
  /** Waits for the job, and commits what it made. Else it is submitted, and a later run commits. */
  readonly wait: boolean
  /** Told what is known of a job that is waited for. Must not fail or block. */
  readonly onState?: ((state: JobState) => void) | undefined
}
