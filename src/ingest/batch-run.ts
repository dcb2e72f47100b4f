import type { Effect } from "effect"
import { bytesOf } from "../lake/rows.ts"
import { Run } from "../lake/run.ts"
import { coordinatesOf } from "../record/position.ts"
import type { BatchReport, RotationReason, RunOutput } from "../record/report.ts"
import type { Source } from "../source/source.ts"
import type { ClosedBatch } from "./batch.ts"
import type { IngestOptions } from "./options.ts"

/** The run of one batch. It begins with the batch's first record, and ends where the batch is committed or given up. */
export class BatchRun extends Run {
  readonly #source: Source

  /** @param startedAt milliseconds since 1970 */
  constructor({ contract, onEvent, source }: IngestOptions, runId: string, startedAt: number) {
    super(onEvent, { kind: "batch", runId, dataset: contract.contract.name }, startedAt, [{ uri: source.location }])
    this.#source = source
  }

  /** Tells that it is committed, which took so many milliseconds. */
  committed(report: BatchReport, { counts }: ClosedBatch, outputs: ReadonlyArray<RunOutput>, commitMillis: number): Effect.Effect<void> {
    const inputs = this.inputs.map((input) => ({ ...input, rows: counts.records, bytes: counts.bytes }))
    return this.complete(report, outputs, { inputs, commitMillis })
  }

  report(closed: ClosedBatch, rotation: RotationReason): BatchReport {
    const { name, location } = this.#source
    const { runId, dataset } = this.about
    return {
      runId,
      dataset,
      kind: "batch",
      source: { name, location },
      startedAt: this.startedAt,
      rotation,
      shards: [...closed.shards].map(([shard, { from, to, records }]) => ({
        shard,
        ...(from === undefined ? {} : { from }),
        to: coordinatesOf(to),
        records
      })),
      counts: closed.counts,
      files: closed.stageFiles.length,
      fileBytes: bytesOf(closed.stageFiles)
    }
  }
}
