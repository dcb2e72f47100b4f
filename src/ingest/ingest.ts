import { Cause, Clock, Effect, Exit } from "effect"
import { addCounts } from "../lake/history.ts"
import { positionsOf } from "../lake/positions.ts"
import { openDeadLetters, openStage } from "../lake/tables.ts"
import { deadLetterColumns } from "../record/dead-letter.ts"
import { randomUuid } from "../record/random.ts"
import { arrivedAt, type RecordPage } from "../record/record.ts"
import { type BatchReport, type DecodeCounts, emptyCounts, type RotationReason } from "../record/report.ts"
import { deterministicRunId } from "../record/run-id.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { type ClosedBatch, deadLetterCount, OpenBatch } from "./batch.ts"
import { type BatchDecoder, openBatchDecoder } from "./batch-decoder.ts"
import { commitBatch, type Tables } from "./commit.ts"
import type { WorkerError } from "./decode-workers.ts"
import { findLettersAhead, type LettersAhead } from "./letters-ahead.ts"
import type { IngestOptions, IngestResult } from "./options.ts"
import { type Next, startPages } from "./pages.ts"
import { byDate, PartitionedRows } from "./partitioned-rows.ts"

export type IngestError = StoreError | TableError | WorkerError

/** What all batches of one ingest share. */
interface Ingest {
  readonly options: IngestOptions
  readonly decoder: BatchDecoder
  /** Rows of dead letters, of one batch after the other. */
  readonly letters: PartitionedRows
  readonly tables: Tables
  readonly lettersAhead: LettersAhead
  readonly next: (deadline: number | null) => Effect.Effect<Next>
  commits: number
  /** What all batches came to so far. */
  readonly counts: DecodeCounts
}

/**
 * Carries records from a source into the stage table of a contract, batch by batch, until the source ends or `options.stop` succeeds.
 *
 * Each batch is decoded page by page, its files are uploaded, and then two commits make it visible together with the positions reached
 * (dead letters, then stage). The process may die at any point: what is not committed is read again, what is committed is skipped.
 *
 * A failure of the source is part of the result, since everything that could be read is committed before. Errors: `TableError` with reason
 * `Conflict` when another process owns a shard of this source (this one must not go on); `StoreError` when files cannot be written;
 * `WorkerError` when a thread that decodes has ended, before anything of its batch is committed.
 */
export const ingest = (options: IngestOptions): Effect.Effect<IngestResult, IngestError, Store> =>
  Effect.scoped(
    Effect.gen(function* () {
      const stage = yield* openStage(options.contract)
      const deadLetters = yield* openDeadLetters
      const tables: Tables = {
        stage: { ...stage, snapshot: yield* stage.table.snapshot },
        deadLetters: { ...deadLetters, snapshot: yield* deadLetters.table.snapshot }
      }
      const resume = positionsOf(tables.stage.snapshot.domains, options.source.name)
      const state: Ingest = {
        options,
        decoder: yield* openBatchDecoder(options),
        letters: new PartitionedRows(deadLetterColumns, byDate, options.limits.bufferBytes / 4),
        tables,
        lettersAhead: yield* findLettersAhead(tables, options.contract.contract.name, options.source.name),
        next: yield* startPages(options.source, resume, options.stop),
        commits: 0,
        counts: emptyCounts()
      }
      while (true) {
        const first = yield* state.next(null)
        const last = first._tag === "page" ? yield* oneBatch(state, first.page) : first
        const result = { commits: state.commits, counts: state.counts }
        if (last._tag === "drain") return { ...result, stopped: "drain", failure: null } as const
        if (last._tag === "end") {
          if (Exit.isSuccess(last.exit)) return { ...result, stopped: "end", failure: null } as const
          const failure = Cause.findErrorOption(last.exit.cause)
          // What could be read is committed by now: its failure is told beside it. Anything else is a defect.
          if (failure._tag === "None") return yield* Effect.die(Cause.squash(last.exit.cause))
          return { ...result, stopped: "end", failure: failure.value } as const
        }
      }
    })
  )

/** Fills one batch, beginning with `first`, and commits it. Gives what ended it. */
const oneBatch = (state: Ingest, first: RecordPage): Effect.Effect<Next, IngestError, Store> =>
  Effect.gen(function* () {
    const { options, tables } = state
    const { limits, source } = options
    const dataset = options.contract.contract.name
    const startedAt = yield* Clock.currentTimeMillis
    const positions = positionsOf(tables.stage.snapshot.domains, source.name)
    const runId = deterministicRunId(
      arrivedAt(first, 0),
      `${dataset}.ingest`,
      JSON.stringify([source.name, first.shard, positions.get(first.shard) ?? null])
    )
    const inputs = [{ uri: source.location }]
    const about = { kind: "batch", runId, dataset } as const
    // Pages may say nothing but that a file is empty: a batch of such is no run.
    let started = false

    const fill = Effect.gen(function* () {
      const batch = new OpenBatch({
        dataset,
        columns: options.contract.columns,
        stagePath: tables.stage.table.path,
        deadLettersPath: tables.deadLetters.table.path,
        decoder: state.decoder,
        letters: state.letters,
        fileTag: yield* randomUuid,
        positions,
        lettersAhead: state.lettersAhead,
        onPage: (counts) => tellProgress(state, counts)
      })
      let next: Next = { _tag: "page", page: first }
      let rotation: RotationReason | null = null
      while (rotation === null) {
        if (next._tag !== "page") rotation = next._tag
        else {
          yield* batch.add(next.page)
          if (!started && !batch.isEmpty) {
            started = true
            yield* options.onEvent({ event: "start", ...about, at: new Date(startedAt).toISOString(), inputs })
          }
          if (batch.bytes >= limits.bytes) rotation = "size"
          else if (batch.hours >= limits.hours) rotation = "hours"
          else next = yield* state.next(startedAt + limits.ageMillis)
        }
      }
      if (batch.isEmpty) return next
      const closed = yield* batch.close(yield* Clock.currentTimeMillis)
      const report = batchReport(options, closed, runId, startedAt, rotation)
      const outputs = yield* commitBatch(tables, closed, report)
      state.commits++
      addCounts(state.counts, closed.counts)
      tellProgress(state, null)
      const read = inputs.map((input) => ({ ...input, rows: closed.counts.records, bytes: closed.counts.bytes }))
      yield* options.onEvent({ event: "complete", at: yield* now, report, inputs: read, outputs })
      return next
    })

    return yield* Effect.scoped(fill).pipe(
      Effect.onError((cause) =>
        Effect.gen(function* () {
          if (!started) return
          const message = Cause.hasInterruptsOnly(cause) ? "interrupted" : failureMessage(cause)
          yield* options.onEvent({ event: "fail", ...about, at: yield* now, message, inputs })
        })
      )
    )
  })

const now = Effect.map(Clock.currentTimeMillis, (millis) => new Date(millis).toISOString())

/** The first failure's own words: errors of this product never quote data. Anything else might, so only its kind is told. */
const failureMessage = (cause: Cause.Cause<IngestError>): string => {
  const error = Cause.findErrorOption(cause)
  return error._tag === "Some" ? error.value.message : "an unexpected error; see the log of the process"
}

const tellProgress = ({ options, counts, commits }: Ingest, open: DecodeCounts | null): void =>
  options.onProgress({
    records: counts.records + (open?.records ?? 0),
    rows: counts.rows + (open?.rows ?? 0),
    deadLetters: deadLetterCount(counts) + (open === null ? 0 : deadLetterCount(open)),
    bytes: counts.bytes + (open?.bytes ?? 0),
    commits
  })

const batchReport = (
  { contract, source }: IngestOptions,
  closed: ClosedBatch,
  runId: string,
  startedAt: number,
  rotation: RotationReason
): BatchReport => ({
  kind: "batch",
  runId,
  dataset: contract.contract.name,
  source: { name: source.name, location: source.location },
  startedAt: new Date(startedAt).toISOString(),
  rotation,
  shards: [...closed.shards].map(([shard, { from, recordsBefore, position }]) => ({
    shard,
    ...(from === undefined ? {} : { from }),
    to: { sequenceNumber: position.sequenceNumber, subSequenceNumber: position.subSequenceNumber },
    records: position.records - recordsBefore
  })),
  counts: closed.counts,
  files: closed.stageFiles.length,
  fileBytes: closed.stageFiles.reduce((total, file) => total + file.size, 0)
})
