import { Cause, Clock, Data, Effect, Exit, Random, type Scope } from "effect"
import { addCounts } from "../lake/history.ts"
import { positionsOf } from "../lake/positions.ts"
import { openDeadLetters, openStage } from "../lake/tables.ts"
import { deadLetterColumns } from "../record/dead-letter.ts"
import type { Positions } from "../record/position.ts"
import { randomUuid } from "../record/random.ts"
import { arrivedAt, type RecordPage } from "../record/record.ts"
import { type BatchReport, type DecodeCounts, emptyCounts, type RotationReason } from "../record/report.ts"
import { deterministicRunId } from "../record/run-id.ts"
import type { Resume } from "../source/source.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { type ClosedBatch, deadLetterCount, OpenBatch } from "./batch.ts"
import { type BatchDecoder, openBatchDecoder } from "./batch-decoder.ts"
import { commitBatch, type Tables } from "./commit.ts"
import type { WorkerError } from "./decode-workers.ts"
import { findLettersAhead, type LettersAhead } from "./letters-ahead.ts"
import { declareMetrics, recordBatch, recordConflict, watchBatch } from "./metrics.ts"
import type { IngestOptions, IngestResult } from "./options.ts"
import { Ownership } from "./ownership.ts"
import { type Next, startPages } from "./pages.ts"
import { byDate, PartitionedRows } from "./partitioned-rows.ts"

export type IngestError = StoreError | TableError | WorkerError

/** What all batches of one session share. */
interface Session {
  readonly options: IngestOptions
  readonly decoder: BatchDecoder
  /** Rows of dead letters, of one batch after the other. */
  readonly letters: PartitionedRows
  readonly tables: Tables
  lettersAhead: LettersAhead
  /** Null where the source's shards have one owner only. */
  readonly ownership: Ownership | null
  readonly next: (deadline: number | null) => Effect.Effect<Next>
  readonly total: Total
}

/** What all batches came to so far. */
interface Total {
  commits: number
  readonly counts: DecodeCounts
}

/** What ended a batch, or a session: `moved` are shards that another process has committed, so that what was read of them is void. */
type Ended = Next | { readonly _tag: "conflict"; readonly moved: ReadonlyArray<string> }

/**
 * Carries records from a source into the stage table of a contract, batch by batch, until the source ends or `options.stop` succeeds.
 *
 * Each batch is decoded page by page, its files are uploaded, and then two commits make it visible together with the positions reached
 * (dead letters, then stage). The process may die at any point: what is not committed is read again, what is committed is skipped.
 *
 * Where several processes share the shards of a source, the log decides who owns one. A process that finds that another has committed a shard
 * gives it up, forgets the open batch, and begins a new session from what the log says.
 *
 * A failure of the source is part of the result, since everything that could be read is committed before. Errors: `TableError` with reason
 * `Conflict` when another process commits the shards of a source that cannot be shared (this one must not go on); `StoreError` when files
 * cannot be written; `WorkerError` when a thread that decodes has ended, before anything of its batch is committed.
 */
export const ingest = (options: IngestOptions): Effect.Effect<IngestResult, IngestError, Store> =>
  Effect.gen(function* () {
    const { disown = () => Effect.void } = options.source
    const dataset = options.contract.contract.name
    const total: Total = { commits: 0, counts: emptyCounts() }
    yield* declareMetrics(dataset)
    for (let conflicts = 0; ; conflicts++) {
      const commits = total.commits
      const ended = yield* Effect.scoped(session(options, total))
      if (ended._tag === "conflict") {
        yield* Effect.logInfo(`another process commits ${ended.moved.join(", ") || "to this table"}: what was read of it is given up`)
        yield* recordConflict(dataset)
        yield* disown(ended.moved)
        if (total.commits > commits) conflicts = 0
        const pause = Math.min(100 * 2 ** conflicts, 30_000) * (0.5 + (yield* Random.next) / 2)
        yield* Effect.raceFirst(Effect.sleep(pause), options.stop)
        continue
      }
      if (ended._tag === "drain") return { ...total, stopped: "drain", failure: null }
      if (Exit.isSuccess(ended.exit)) return { ...total, stopped: "end", failure: null }
      const failure = Cause.findErrorOption(ended.exit.cause)
      // What could be read is committed by now: its failure is told beside it. Anything else is a defect.
      if (failure._tag === "None") return yield* Effect.die(Cause.squash(ended.exit.cause))
      return { ...total, stopped: "end", failure: failure.value }
    }
  })

type SessionEnd = Extract<Ended, { readonly _tag: "drain" | "end" | "conflict" }>

/** From what the log says now, batch by batch, to the end of the source or a conflict. */
const session = (options: IngestOptions, total: Total): Effect.Effect<SessionEnd, IngestError, Store | Scope.Scope> =>
  Effect.gen(function* () {
    const { contract, source } = options
    const dataset = contract.contract.name
    const stage = yield* openStage(contract)
    const deadLetters = yield* openDeadLetters
    const tables: Tables = {
      stage: { ...stage, snapshot: yield* stage.table.snapshot },
      deadLetters: { ...deadLetters, snapshot: yield* deadLetters.table.snapshot }
    }
    const resume = positionsOf(tables.stage.snapshot.domains, source.name)
    const latest: NonNullable<Resume["latest"]> = Effect.map(stage.table.snapshot, ({ domains }) => ({
      ...positionsOf(domains, source.name),
      latest
    }))
    const state: Session = {
      options,
      decoder: yield* openBatchDecoder(options),
      letters: new PartitionedRows(deadLetterColumns, byDate, options.limits.bufferBytes / 4),
      tables,
      lettersAhead: yield* findLettersAhead(tables, dataset, source.name),
      ownership: source.disown === undefined ? null : new Ownership(dataset, source.name),
      next: yield* startPages(source, { ...resume, latest }, options.stop),
      total
    }
    while (true) {
      const first = yield* state.next(null)
      const last = first._tag === "page" ? yield* oneBatch(state, first.page) : first
      if (last._tag === "drain" || last._tag === "end" || last._tag === "conflict") return last
    }
  })

/**
 * Looks at the log before a shard is read for the first time, and before each batch: what other processes committed meanwhile is where reading
 * goes on. @returns shards that they committed though this process reads them
 */
const lookAgain = (state: Session, shard: string): Effect.Effect<ReadonlyArray<string>, IngestError, Store> =>
  Effect.gen(function* () {
    const { ownership, options, tables } = state
    if (ownership === null) return []
    const stage = yield* tables.stage.table.snapshot
    const moved = ownership.moved(stage)
    if (moved.length > 0) return moved
    tables.stage.snapshot = stage
    tables.deadLetters.snapshot = yield* tables.deadLetters.table.snapshot
    state.lettersAhead = yield* findLettersAhead(tables, options.contract.contract.name, options.source.name)
    if (!ownership.knows(shard)) ownership.learn([shard], stage)
    return []
  })

/** Fills one batch, beginning with `first`, and commits it. Gives what ended it. */
const oneBatch = (state: Session, first: RecordPage): Effect.Effect<Ended, IngestError, Store> =>
  Effect.gen(function* () {
    const { options, ownership, tables } = state
    const { limits, source } = options
    const dataset = options.contract.contract.name
    const startedAt = yield* Clock.currentTimeMillis
    const before = yield* lookAgain(state, first.shard)
    if (before.length > 0) return { _tag: "conflict", moved: before } as const
    // Asked for anew each time: what is known of the log may grow while the batch is open.
    const positions: Positions = { get: (shard) => positionsOf(tables.stage.snapshot.domains, source.name).get(shard) }
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
        lettersAhead: { get: (shard) => state.lettersAhead.get(shard) },
        onPage: (counts) => tellProgress(state, counts)
      })
      yield* watchBatch(dataset, startedAt, () => batch.bytes)
      let next: Next = { _tag: "page", page: first }
      let rotation: RotationReason | null = null
      while (rotation === null) {
        if (next._tag !== "page") rotation = next._tag
        else {
          const { page } = next
          const moved: ReadonlyArray<string> = ownership?.knows(page.shard) === false ? yield* lookAgain(state, page.shard) : []
          if (moved.length > 0) return yield* new Moved({ shards: moved })
          yield* batch.add(page)
          if (!started && !batch.isEmpty) {
            started = true
            yield* options.onEvent({ event: "start", ...about, at: new Date(startedAt).toISOString(), inputs })
          }
          if (page.commitNow === true) rotation = "source"
          else if (batch.bytes >= limits.bytes) rotation = "size"
          else if (batch.hours >= limits.hours) rotation = "hours"
          else next = yield* state.next(startedAt + limits.ageMillis)
        }
      }
      if (batch.isEmpty) return next
      const closed = yield* batch.close(yield* Clock.currentTimeMillis)
      const report = batchReport(options, closed, runId, startedAt, rotation)
      const [commitMillis, outputs] = yield* timed(commitBatch(tables, closed, report)).pipe(
        Effect.catchIf(
          (error) => error.reason === "Conflict" && ownership !== null,
          () => Effect.flatMap(ownership?.lost(tables) ?? Effect.succeed([]), (shards) => Effect.fail(new Moved({ shards })))
        )
      )
      ownership?.learn(closed.shards.keys(), tables.stage.snapshot)
      yield* recordBatch(report, commitMillis)
      state.total.commits++
      addCounts(state.total.counts, closed.counts)
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
      ),
      Effect.catchTag("Moved", ({ shards }) => Effect.succeed({ _tag: "conflict", moved: shards } as const))
    )
  })

/** The open batch is void: another process has committed these of its shards. Never leaves this file. */
class Moved extends Data.TaggedError("Moved")<{ readonly shards: ReadonlyArray<string> }> {
  override get message(): string {
    return `another process has committed ${this.shards.join(", ") || "to the table"}: the batch is given up, and nothing of it was committed`
  }
}

/** How long an effect took, in milliseconds, and what it gave. */
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<readonly [number, A], E, R> =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeMillis
    const value = yield* effect
    return [(yield* Clock.currentTimeMillis) - start, value]
  })

const now = Effect.map(Clock.currentTimeMillis, (millis) => new Date(millis).toISOString())

/** The first failure's own words: errors of this product never quote data. Anything else might, so only its kind is told. */
const failureMessage = (cause: Cause.Cause<IngestError | Moved>): string => {
  const error = Cause.findErrorOption(cause)
  return error._tag === "Some" ? error.value.message : "an unexpected error; see the log of the process"
}

const tellProgress = ({ options, total: { counts, commits } }: Session, open: DecodeCounts | null): void =>
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
