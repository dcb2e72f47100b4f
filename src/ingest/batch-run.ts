import { Cause, Clock, Effect } from "effect"
import { coordinatesOf } from "../record/position.ts"
import type { BatchReport, RotationReason, RunOutput } from "../record/report.ts"
import type { ClosedBatch } from "./batch.ts"
import type { IngestOptions } from "./options.ts"

/** What is told of one batch, and to whom: that it began, and what became of it. */
export class BatchRun {
  readonly #options: IngestOptions
  readonly #runId: string
  readonly #startedAt: string
  /** Is it told that it began, and not yet what became of it? */
  #isOpen = false

  /** @param startedAt milliseconds since 1970 */
  constructor(options: IngestOptions, runId: string, startedAt: number) {
    this.#options = options
    this.#runId = runId
    this.#startedAt = new Date(startedAt).toISOString()
  }

  /** Tells that it began, unless it did. */
  get start(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#isOpen) return Effect.void
      this.#isOpen = true
      return this.#options.onEvent({ event: "start", ...this.#about, at: this.#startedAt, inputs: this.#inputs })
    })
  }

  /** Tells that it is committed, which took so many milliseconds. */
  complete(report: BatchReport, { counts }: ClosedBatch, outputs: ReadonlyArray<RunOutput>, commitMillis: number): Effect.Effect<void> {
    this.#isOpen = false
    const inputs = this.#inputs.map((input) => ({ ...input, rows: counts.records, bytes: counts.bytes }))
    return Effect.flatMap(now, (at) => this.#options.onEvent({ event: "complete", at, report, commitMillis, inputs, outputs }))
  }

  /** Tells that it is given up, if it was told that it began, and not that it is committed. */
  fail(cause: Cause.Cause<{ readonly message: string }>): Effect.Effect<void> {
    if (!this.#isOpen) return Effect.void
    this.#isOpen = false
    const message = Cause.hasInterruptsOnly(cause) ? "interrupted" : failureMessage(cause)
    return Effect.flatMap(now, (at) => this.#options.onEvent({ event: "fail", ...this.#about, at, message, inputs: this.#inputs }))
  }

  report(closed: ClosedBatch, rotation: RotationReason): BatchReport {
    const { source } = this.#options
    return {
      ...this.#about,
      kind: "batch",
      source: { name: source.name, location: source.location },
      startedAt: this.#startedAt,
      rotation,
      shards: [...closed.shards].map(([shard, { from, to, records }]) => ({
        shard,
        ...(from === undefined ? {} : { from }),
        to: coordinatesOf(to),
        records
      })),
      counts: closed.counts,
      files: closed.stageFiles.length,
      fileBytes: closed.stageFiles.reduce((total, file) => total + file.size, 0)
    }
  }

  get #about() {
    return { kind: "batch", runId: this.#runId, dataset: this.#options.contract.contract.name } as const
  }

  get #inputs() {
    return [{ uri: this.#options.source.location }]
  }
}

const now = Effect.map(Clock.currentTimeMillis, (millis) => new Date(millis).toISOString())

/** The first failure's own words: errors of this product never quote data. Anything else might, so only its kind is told. */
const failureMessage = (cause: Cause.Cause<{ readonly message: string }>): string => {
  const error = Cause.findErrorOption(cause)
  return error._tag === "Some" ? error.value.message : "an unexpected error; see the log of the process"
}
