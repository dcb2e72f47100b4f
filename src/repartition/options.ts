import { type Effect, Schema } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import type { OnRunEvent, RepartitionReport } from "../record/report.ts"
import type { RepartitionEngine, RepartitionProgress } from "./engine.ts"
import type { JobEngine } from "./job-place.ts"

export interface RepartitionOptions {
  readonly contract: CompiledContract
  /** Default: DuckDB in this process. */
  readonly engine?: RepartitionEngine | JobEngine | undefined
  /** Folds the whole stage into a fresh version of the consumable. */
  readonly rebuild?: boolean | undefined
  /** Commits what a job has made that was submitted before, and begins nothing. Without an outstanding job there is nothing to do. */
  readonly collectOnly?: boolean | undefined
  /** Changes nothing; says what would be done. */
  readonly dryRun?: boolean | undefined
  /** First and last day (`YYYY-MM-DD`, UTC, as the table is partitioned) to fold anew from the whole stage. Other days stay as they are, but for rows that have moved to these, and so does how far the stage has been taken. */
  readonly from?: string | undefined
  readonly to?: string | undefined
  /** Bytes that the default engine may use before it spills to disk. */
  readonly memoryLimit?: number | undefined
  /** Threads of the default engine. */
  readonly threads?: number | undefined
  /** Bytes at which a partition is split into files. Large files are read faster and pruned worse. */
  readonly targetFileBytes?: number | undefined
  /** Told what is going to be done, before anything is written; not of a job that was begun by another run. Must not fail. */
  readonly onPlan?: ((plan: RepartitionPlan) => Effect.Effect<void>) | undefined
  /** Told whenever rows were written. Must not fail or block. */
  readonly onProgress?: ((progress: RepartitionProgress) => void) | undefined
  /** Told before the work, and after the commit that it speaks of. Must not fail or block. */
  readonly onEvent?: OnRunEvent | undefined
}

export const defaultTargetFileBytes = 128 * 1024 * 1024

/** What is to be done: what a dry run says. */
export interface RepartitionPlan {
  readonly kind: "plan"
  readonly dataset: string
  readonly engine: string
  /** Stage versions that would be taken: after `fromVersion` (-1: from the start) up to and with `toVersion`. */
  readonly fromVersion: number
  readonly toVersion: number
  readonly rebuild: boolean
  readonly stageFiles: number
  readonly stageBytes: number
  /** Rows that would be read, before copies of one row are made one; null where the log does not tell. */
  readonly rows: number | null
  /** Empty where rows do not lie by time, and where only a job would find out. */
  readonly days: ReadonlyArray<{ readonly day: string; readonly rows: number }>
  /** Files of the consumable that lie where these rows go. They are replaced, or compared with, and replaced where a row lost. */
  readonly existingFiles: number
  readonly existingBytes: number
  /** How many of them are replaced, whatever their rows: all, where days or the whole table are folded anew. */
  readonly replacedFiles: number
}

/** Everything that stage holds is in the consumable already. */
export interface UpToDate {
  readonly kind: "up-to-date"
  readonly dataset: string
  /** Version of the stage that the consumable has. */
  readonly version: number
}

/** A job was started, and a later run commits what it makes. */
export interface Submitted {
  readonly kind: "submitted"
  readonly dataset: string
  readonly engine: string
  /** As the place where it runs names it, and what that place says of it. */
  readonly run: string
  readonly says: string
  /** Where it says more; null: the place does not tell. */
  readonly logs: string | null
  /** Stage version that it takes. */
  readonly toVersion: number
  readonly stageFiles: number
  readonly stageBytes: number
  /** What a job that was submitted before had made, and this run committed; null: there was none. */
  readonly committed: RepartitionReport | null
}

export type RepartitionOutcome = RepartitionReport | RepartitionPlan | UpToDate | Submitted

/**
 * Why a repartition failed, by what to do: `NoStage`: ingest first. `Expired`, `Vacuumed` and `Rewritten`: the log no longer says what is
 * new; rebuild. `Conflict`: somebody else changed the table meanwhile; run again. `UnderWay`: a job is at it; run again when it has ended. `Invalid`: the options. `Engine`, `Table`, `Store`: see `cause`.
 */
export const repartitionReasons = [
  "NoStage",
  "Expired",
  "Vacuumed",
  "Rewritten",
  "Conflict",
  "UnderWay",
  "Invalid",
  "Engine",
  "Table",
  "Store"
] as const

export class RepartitionError extends Schema.TaggedError<RepartitionError>()("RepartitionError", {
  dataset: Schema.String,
  reason: Schema.Literals(repartitionReasons),
  problem: Schema.String,
  hint: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `repartition of ${this.dataset}: ${this.problem}. ${this.hint}`
  }
}
