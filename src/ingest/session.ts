import { Cause, Clock, Data, Effect, Exit, Fiber, Option, Scope } from "effect"
import { haveSameHashKeys } from "../lake/hash-key.ts"
import { addCounts } from "../lake/history.ts"
import { deadLetterDomain } from "../lake/log-keys.ts"
import { PositionReader } from "../lake/position-reader.ts"
import { lettersBeyond, positionsOf } from "../lake/positions.ts"
import { defaultRetirement } from "../lake/retire.ts"
import { identityOf } from "../lake/tables.ts"
import { deadLetterColumns } from "../record/dead-letter.ts"
import type { Feed } from "../record/feed.ts"
import { coordinatesOf, type Positions, type ReadPosition, type ShardPosition } from "../record/position.ts"
import { randomUuid } from "../record/random.ts"
import { arrivedAt, type RecordPage } from "../record/record.ts"
import type { RotationReason } from "../record/report.ts"
import { deterministicRunId } from "../record/run-id.ts"
import type { Resume } from "../source/source.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { OpenBatch } from "./batch.ts"
import { type BeginBatch, openBatchDecoder } from "./batch-decoder.ts"
import { BatchRun } from "./batch-run.ts"
import { BuilderPool } from "./builder-pool.ts"
import { commitBatch } from "./commit.ts"
import { finder } from "./committed.ts"
import type { WorkerError } from "./decode-workers.ts"
import { Told } from "./first-come.ts"
import { findLettersAhead, type LettersAhead } from "./letters-ahead.ts"
import { recordBatch, watchBatch } from "./metrics.ts"
import { openTables } from "./open-tables.ts"
import { defaultShards, firstComeHours, type IngestOptions, type IngestTotal, progressOf } from "./options.ts"
import { Ownership } from "./ownership.ts"
import { type Next, startPages } from "./pages.ts"
import { byDate, PartitionedRows } from "./partitioned-rows.ts"
import { retirementOf } from "./retirement.ts"
import { standOf, type View } from "./second-owner.ts"
import { type QualityError, stopWhereOrdered } from "./stopped.ts"
import { type Tables, viewOf } from "./tables.ts"

type BatchError = StoreError | TableError | WorkerError | QualityError | Moved

/** What all batches of one session share. */
interface Session {
  readonly options: IngestOptions
  readonly decoder: BeginBatch
  /** Where rows of dead letters are gathered. */
  readonly letterBuilders: BuilderPool
  readonly tables: Tables
  /** Finds where shards stand in stage. */
  readonly reader: PositionReader
  lettersAhead: LettersAhead
  /** Null where the source's shards have one owner only. */
  readonly ownership: Ownership | null
  /** Null but for a source whose shards nobody owns. */
  readonly told: Told | null
  /** The next page, or why there is none; fails as soon as the batch before could not be committed. */
  readonly next: (deadline: number | null) => Effect.Effect<Next, BatchError>
  /** The batch that is being filled. */
  filling: OpenBatch | null
  /** Its shards as it took them in. */
  readonly taken: Map<string, Taken>
  /** The batch that is being committed: the one that is being filled begins where it ends. */
  committing: OpenBatch | null
  /** Waits until it is committed. */
  committed: Effect.Effect<void, BatchError>
  readonly total: IngestTotal
}

/** A shard as a batch takes it in. */
interface Taken {
  /** Where it stands before the batch; undefined: it was never read. */
  readonly begin: ReadPosition | undefined
  /** What the tables say of it; null where the batch before, which is being committed, has some of it. */
  readonly stand: string | null
}

/** The open batch is void: another process has committed these of its shards. Never leaves this file. */
class Moved extends Data.TaggedError("Moved")<{ readonly shards: ReadonlyArray<string> }> {
  override get message(): string {
    return `another process has committed ${this.shards.join(", ") || "to the table"}: what was read since is given up`
  }
}

const isMoved = (cause: Cause.Cause<BatchError>): boolean => Option.getOrNull(Cause.findErrorOption(cause)) instanceof Moved

/** What ended a session: its source, `options.stop`, or another process that has committed shards which this one reads. */
export type SessionEnd =
  | Extract<Next, { readonly _tag: "drain" | "end" }>
  | { readonly _tag: "conflict"; readonly moved: ReadonlyArray<string> }

/**
 * From what the log says now, batch by batch, to the end of the source or a conflict. One batch is finished and committed while the next one is
 * filled; commits stay in order, and a batch whose predecessor could not be committed is void.
 */
export const session = (
  options: IngestOptions,
  total: IngestTotal
): Effect.Effect<SessionEnd, Exclude<BatchError, Moved>, Store | Scope.Scope> =>
  Effect.gen(function* () {
    const state = yield* openSession(options, total)
    while (true) {
      const first = yield* state.next(null)
      const { next, batch } = first._tag === "page" ? yield* fillBatch(state, first.page) : { next: first, batch: null }
      if (batch !== null) {
        yield* state.committed.pipe(Effect.onError(batch.given))
        state.filling = null
        state.committing = batch.filled
        state.committed = Fiber.join(yield* Effect.forkScoped(batch.commit, { startImmediately: true }))
      }
      if (next._tag === "drain" || next._tag === "end") {
        yield* state.committed
        return next
      }
    }
  }).pipe(Effect.catchTag("Moved", ({ shards }) => Effect.succeed({ _tag: "conflict", moved: shards } as const)))

const openSession = (options: IngestOptions, total: IngestTotal): Effect.Effect<Session, BatchError, Store | Scope.Scope> =>
  Effect.gen(function* () {
    const { contract, source } = options
    const dataset = contract.contract.name
    const tables = yield* options.tables ?? openTables(options)
    const { table } = tables.stage
    const reader = new PositionReader(table, yield* Store)
    const told = source.isFirstCome === true ? new Told(dataset, source.name) : null
    const latest: NonNullable<Resume["latest"]> = Effect.map(table.snapshot, ({ domains }) => ({
      ...positionsOf(domains, source.name),
      latest
    }))
    const resume: Resume = {
      ...positionsOf(tables.stage.snapshot.domains, source.name),
      latest,
      find: finder(tables, reader, dataset, source, Effect.runPromiseWith(yield* Effect.context<never>()), told)
    }
    const next = yield* startPages(source, resume, options.stop)
    const state: Session = {
      options,
      decoder: yield* openBatchDecoder(options),
      letterBuilders: new BuilderPool(deadLetterColumns),
      tables,
      reader,
      lettersAhead: yield* findLettersAhead(tables, reader, dataset, source.name),
      ownership: source.disown === undefined ? null : new Ownership(dataset, source.name, viewOf(tables)),
      told,
      next: (deadline) =>
        Effect.suspend(() =>
          state.committing === null ? next(deadline) : Effect.raceFirst(next(deadline), Effect.andThen(state.committed, Effect.never))
        ),
      filling: null,
      taken: new Map(),
      committing: null,
      committed: Effect.void,
      total
    }
    return state
  })

/**
 * Looks at the log before a shard is taken in for the first time. Fails with `Moved` where another process has committed it since the source was
 * told where it stands: its pages may then continue what is not there any more, and say of it what was true before. A source whose shards have
 * one owner is spared the reading: it is enough that dead letters are known which another one has left.
 */
const lookAgain = (state: Session, shard: string): Effect.Effect<void, BatchError, Store> =>
  Effect.gen(function* () {
    const { committing, lettersAhead, options, ownership, reader, taken, tables } = state
    const { contract, source } = options
    const dataset = contract.contract.name
    const feed: Feed = { dataset, source: source.name, shard }
    if (taken.has(shard)) return
    if (ownership === null) {
      const { stage, deadLetters } = viewOf(tables)
      if (lettersAhead.has(shard) || committing?.readTo(shard) !== undefined) return yield* take(state, shard)
      if (deadLetters.domains.has(deadLetterDomain(feed))) {
        const stored = yield* reader.find(stage.domains, source.name, shard)
        if (lettersBeyond(deadLetters.domains, feed, stored?.position) !== undefined)
          state.lettersAhead = yield* findLettersAhead(tables, reader, dataset, source.name)
      }
      return yield* take(state, shard)
    }
    if (ownership.knows(shard)) return yield* take(state, shard)
    yield* state.committed
    ownership.begin(shard)
    // Who keeps the tables open is soon done with what it reads, and was told a moment ago where it stands.
    const view = options.tables === undefined ? yield* look(tables) : viewOf(tables)
    const moved = ownership.moved(view)
    // Where the hash key was changed, the next session is told when it opens the table.
    if (moved.length > 0 || !haveSameHashKeys(view.stage.metaData, tables.stage.snapshot.metaData))
      return yield* new Moved({ shards: moved })
    tables.stage.snapshot = view.stage
    tables.deadLetters.snapshot = view.deadLetters
    state.lettersAhead = yield* findLettersAhead(tables, reader, dataset, source.name)
    yield* take(state, shard)
  })

/** Notes where a shard stands as the batch takes it in: from here on the batch before may be committed, and the position retire. */
const take = (state: Session, shard: string): Effect.Effect<void, BatchError> =>
  Effect.suspend(() => {
    const { options, reader, taken, tables, told } = state
    const { stage } = viewOf(tables)
    const { name } = options.source
    return Effect.flatMap(reader.find(stage.domains, name, shard), (stored) => {
      // A batch was committed while the position was fetched.
      if (tables.stage.snapshot !== stage) return take(state, shard)
      const before = state.committing?.readTo(shard)
      const stand = standOf({ dataset: options.contract.contract.name, source: name, shard }, viewOf(tables), stored?.position)
      taken.set(shard, { begin: before ?? stored?.position, stand: before === undefined ? stand : null })
      // Another process has committed it since the source was told where to begin.
      if (before === undefined && told !== null && stand !== (told.get(shard) ?? stand))
        return Effect.andThen(state.committed, new Moved({ shards: [shard] }))
      return Effect.void
    })
  })

/** What ended a batch; and where it holds anything, the batch, what commits it, and what is done instead when it is void before that. */
interface Filled {
  readonly next: Next
  readonly batch: {
    readonly filled: OpenBatch
    readonly commit: Effect.Effect<void, BatchError, Store>
    readonly given: (cause: Cause.Cause<BatchError>) => Effect.Effect<void>
  } | null
}

/** Fills one batch, beginning with `first`, until it is full or there is a reason to close it. Other threads may still be decoding of it then. */
const fillBatch = (state: Session, first: RecordPage): Effect.Effect<Filled, BatchError, Store | Scope.Scope> =>
  Effect.gen(function* () {
    const { options, tables } = state
    const { limits, source } = options
    const dataset = options.contract.contract.name
    const hours = source.isFirstCome === true ? Math.max(limits.hours, firstComeHours) : limits.hours
    state.taken.clear()
    yield* lookAgain(state, first.shard)
    const startedAt = yield* Clock.currentTimeMillis
    const begin = (shard: string): ReadPosition | undefined => state.taken.get(shard)?.begin
    const from = begin(first.shard)
    // Pages without records may follow each other from one position, in one moment: nothing that is read tells such batches apart.
    const unlike = first.count === 0 ? [yield* randomUuid] : []
    const runId = deterministicRunId(
      first.count === 0 ? startedAt : arrivedAt(first, 0),
      `${dataset}.ingest`,
      // The same whether the batch before was committed by this process or by one that is gone.
      JSON.stringify([...identityOf(tables.stage), source.name, first.shard, from === undefined ? null : coordinatesOf(from), ...unlike])
    )
    const run = new BatchRun(options, runId, startedAt)
    // They are let go of when the batch is committed, or with the session.
    const files = yield* Scope.fork(yield* Effect.scope)
    const given = (cause: Cause.Cause<BatchError>) =>
      Effect.andThen(run.fail(cause, isMoved(cause)), Scope.close(files, Exit.failCause(cause)))

    const fill = Effect.gen(function* () {
      const batch = new OpenBatch({
        dataset,
        columns: options.contract.columns,
        stagePath: tables.stage.table.path,
        deadLettersPath: tables.deadLetters.table.path,
        decoder: state.decoder,
        letters: new PartitionedRows(state.letterBuilders, byDate, limits.bufferBytes / 4),
        fileTag: yield* randomUuid,
        begin,
        stand: (shard) => state.taken.get(shard)?.stand ?? null,
        lettersAhead: { get: (shard) => state.lettersAhead.get(shard) },
        onPage: () => tellProgress(state)
      })
      state.filling = batch
      yield* watchBatch(dataset, startedAt, () => batch.bytes)
      let next: Next = { _tag: "page", page: first }
      let rotation: RotationReason | null = null
      while (rotation === null) {
        if (next._tag !== "page") rotation = next._tag
        else {
          const { page } = next
          yield* lookAgain(state, page.shard)
          yield* Scope.provide(batch.add(page), files)
          // Pages may say nothing but that a file is empty: a batch of such is no run.
          if (!batch.isEmpty) yield* run.start
          if (page.commitNow === true) rotation = "source"
          else if (batch.bytes >= limits.bytes || batch.shards.size >= (limits.shards ?? defaultShards)) rotation = "size"
          else if (batch.hours >= hours) rotation = "hours"
          else next = yield* state.next(startedAt + limits.ageMillis)
        }
      }
      if (batch.isEmpty) {
        yield* Scope.close(files, Exit.void)
        return { next, batch: null }
      }
      yield* Scope.provide(batch.close, files)
      const commit = Scope.provide(commitFilled(state, run, batch, rotation), files).pipe(
        Effect.onExit((exit) => (Exit.isSuccess(exit) ? Scope.close(files, exit) : given(exit.cause)))
      )
      return { next, batch: { filled: batch, commit, given } }
    })
    return yield* Effect.scoped(fill).pipe(Effect.onError(given))
  })

/** Finishes the files of a batch and commits it. Fails with `Moved` where another process has committed shards that this one reads. */
const commitFilled = (
  state: Session,
  run: BatchRun,
  batch: OpenBatch,
  rotation: RotationReason
): Effect.Effect<void, BatchError, Store | Scope.Scope> =>
  Effect.gen(function* () {
    const { options, ownership, reader, tables, told, total } = state
    if (told !== null) yield* lookForOthers(state, told, batch)
    const stored = yield* storedPositions(state, batch)
    const closed = yield* batch.finish(stored, yield* Clock.currentTimeMillis)
    yield* stopWhereOrdered(options.contract.contract, closed.counts)
    const report = run.report(closed, rotation)
    const begun = yield* Clock.currentTimeMillis
    const reading = {
      dataset: report.dataset,
      source: options.source,
      reader,
      isOpen: (shard: string) => state.filling !== batch && state.filling?.readTo(shard) !== undefined
    }
    const retirement = yield* retirementOf(reading, tables.stage.table, viewOf(tables), closed, options.retirement ?? defaultRetirement)
    const outputs = yield* commitBatch(tables, closed, report, stored, retirement).pipe(
      Effect.catchIf(
        (error) => error.reason === "Conflict" && (ownership !== null || told !== null),
        () =>
          Effect.flatMap(look(tables), (view) => {
            // Its dead letters may stand, where stage's commit does not: those are no other's.
            ownership?.learn(closed.shards.keys(), viewOf(tables))
            return Effect.fail(new Moved({ shards: ownership?.moved(view) ?? [] }))
          })
      )
    )
    state.committing = null
    const positions = new Map([...closed.shards].map(([shard, { to }]) => [shard, to]))
    told?.committed(positions, viewOf(tables))
    yield* options.source.committed?.(positions) ?? Effect.void
    total.commits++
    addCounts(total.counts, closed.counts)
    tellProgress(state)
    const commitMillis = (yield* Clock.currentTimeMillis) - begun
    yield* recordBatch(report, commitMillis)
    yield* run.committed(report, closed, outputs, commitMillis)
    if (ownership === null) return
    const view = viewOf(tables)
    ownership.learn(closed.shards.keys(), view)
    // Others may have committed shards that this process reads, but that were not in this batch.
    const moved = ownership.moved(view)
    if (moved.length > 0) yield* new Moved({ shards: moved })
  })

/** Looks, once for a whole batch, whether others have committed some of it, and what they have made of the tables. */
const lookForOthers = ({ tables, reader }: Session, told: Told, batch: OpenBatch): Effect.Effect<void, BatchError> =>
  Effect.gen(function* () {
    const { stage, deadLetters } = viewOf(tables)
    const view = yield* look(tables)
    if (view.stage.version === stage.version && view.deadLetters.version === deadLetters.version) return
    const moved = yield* told.moved(view, batch.shards.keys(), reader)
    // The files of this batch may not be what the table is by now.
    if (moved.length > 0 || JSON.stringify(view.stage.metaData) !== JSON.stringify(stage.metaData))
      return yield* new Moved({ shards: moved })
    tables.stage.snapshot = view.stage
    tables.deadLetters.snapshot = view.deadLetters
  })

/** Where the shards of a batch stand in the stage table behind the commit of the batch before. */
const storedPositions = ({ options, reader, tables }: Session, batch: OpenBatch): Effect.Effect<Positions, TableError> =>
  Effect.gen(function* () {
    const stored = new Map<string, ShardPosition>()
    for (const shard of [...batch.shards.keys()].sort()) {
      const found = yield* reader.find(tables.stage.snapshot.domains, options.source.name, shard)
      if (found !== null) stored.set(shard, found.position)
    }
    return stored
  })

/** Tells what is committed, and what came so far of the batches that are not. */
const tellProgress = ({ committing, filling, options, total }: Session): void =>
  options.onProgress(
    progressOf(total, filling?.held ?? 0, ...[committing, filling].flatMap((batch) => (batch === null ? [] : [batch.counts])))
  )

/** Both tables as they stand now. */
const look = ({ stage, deadLetters }: Tables): Effect.Effect<View, TableError> =>
  Effect.all({ deadLetters: deadLetters.table.snapshot, stage: stage.table.snapshot })
