import { Deferred, Effect, Exit, Fiber, Result } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { type IngestError, ingest } from "../ingest/ingest.ts"
import { recordRepartition, recordRepartitionFailure } from "../ingest/metrics.ts"
import type { IngestOptions, IngestProgress, IngestResult } from "../ingest/options.ts"
import { forgetDecoders } from "../ingest/stage-decoder.ts"
import { failTogether } from "../record/fail-together.ts"
import type { RunEvent } from "../record/report.ts"
import type { RepartitionProgress } from "../repartition/engine.ts"
import type { RepartitionOptions, RepartitionOutcome } from "../repartition/options.ts"
import { repartition } from "../repartition/repartition.ts"
import type { Source } from "../source/source.ts"
import type { Store } from "../store/store.ts"
import { shareOf } from "./budget.ts"
import { timed } from "./timed.ts"

/** A dataset that a pipeline carries, and where its records come from. */
export interface Carried {
  readonly contract: CompiledContract
  readonly source: Source
  /** Succeeds when there is something of the dataset, of which nothing is made before. Absent: at once. */
  readonly begins?: Effect.Effect<void> | undefined
}

export interface PipelineOptions {
  readonly datasets: ReadonlyArray<Carried>
  /**
   * True: all datasets at once, for as long as their sources give something, which may be for ever. False: one after the other, each with the whole
   * budget, to its end.
   */
  readonly follow: boolean
  /** All datasets at once in any case, since they share what they read. Default: only where they are followed. */
  readonly atOnce?: boolean | undefined
  /** How each dataset is ingested. Threads and buffers are those of the process, whatever the number of datasets. */
  readonly ingest: Pick<IngestOptions, "decode" | "changeHashKey" | "limits" | "retirement" | "threads" | "contracts" | "startThreadsAfter">
  /** Null: stage alone is filled. */
  readonly repartition: Repartitions | null
  /** Succeeds when the pipeline must stop: the open batches are committed first. */
  readonly stop: Effect.Effect<void>
  /** Told what happens. Must not fail or block. */
  readonly watch: PipelineWatch
}

export interface Repartitions extends Pick<RepartitionOptions, "engine" | "memoryLimit" | "threads"> {
  /** Milliseconds between two while sources are followed. */
  readonly every: number
  /** Which of the processes that share the sources this one is, from 0. */
  readonly worker: number
  /**
   * What is made of the tables for users, behind each round of repartitions. Whatever fails there is told there.
   *
   * @param lost datasets that could not be carried as far as their table
   */
  readonly behind?: ((lost: ReadonlySet<string>) => Effect.Effect<void, never, Store>) | undefined
}

export interface PipelineWatch {
  readonly event: (event: RunEvent) => Effect.Effect<void>
  readonly step: (step: PipelineStep) => Effect.Effect<void>
  readonly ingest: (dataset: string, progress: IngestProgress) => void
  readonly repartition: (dataset: string, progress: RepartitionProgress) => void
}

/** Nobody watches. */
export const unwatched: PipelineWatch = { event: () => Effect.void, step: () => Effect.void, ingest: () => {}, repartition: () => {} }

/** What an ingest came to, which took so many milliseconds. */
export interface Ingested {
  readonly dataset: string
  readonly result: IngestResult
  readonly millis: number
}

/** What a repartition came to, which took so many milliseconds. */
export interface Repartitioned {
  readonly dataset: string
  /** Null: it failed. */
  readonly outcome: RepartitionOutcome | null
  readonly failure: Error | null
  readonly millis: number
}

export type PipelineStep =
  | ({ readonly step: "ingested" } & Ingested)
  | { readonly step: "repartitioning"; readonly dataset: string }
  | ({ readonly step: "repartitioned" } & Repartitioned)

export interface PipelineResult {
  /** Of each dataset that was begun. */
  readonly ingested: ReadonlyArray<Ingested>
  /** How long all of them took together. */
  readonly millis: number
  /** The repartitions behind the end of all sources: none where the pipeline was told to stop. */
  readonly repartitioned: ReadonlyArray<Repartitioned>
  readonly stopped: "end" | "drain"
}

/**
 * The service loop: carries datasets from their sources into their tables, and is what `ingest`, `run` and `demo` do. While sources are followed, what is
 * new in stage is repartitioned every so often; behind their end, once.
 *
 * No dataset stands in another's way. One that cannot go on ends a pipeline that follows, which commits what the others have open first: whoever
 * keeps the process running starts it again. In one that does not follow, the others are carried to their end first. A repartition
 * that fails stops nothing, and not the next one either, which takes up what it left.
 *
 * Errors: those of `ingest`, the first where there are several. The failure of a source, and of a repartition at the end, is part of the result.
 */
export const pipeline = (options: PipelineOptions): Effect.Effect<PipelineResult, IngestError, Store> =>
  Effect.gen(function* () {
    const { datasets, follow, atOnce = follow } = options
    const asked = yield* Deferred.make<void>()
    const ending = yield* Deferred.make<void>()
    const end = Deferred.succeed(ending, undefined)
    yield* options.stop.pipe(Effect.andThen(Deferred.succeed(asked, undefined)), Effect.andThen(end), Effect.forkScoped)
    const { repartition: wanted } = options
    const begun = new Set<Carried>()
    const regular = Effect.suspend(() => repartitionAll(options, [...begun])).pipe(Effect.delay(wanted?.every ?? 0), Effect.forever)
    const repartitions = yield* Effect.raceFirst(follow && wanted !== null ? regular : Effect.never, Deferred.await(ending)).pipe(
      Effect.forkScoped
    )
    const carry = (carried: Carried) => {
      begun.add(carried)
      return ingestOne(options, carried, Deferred.await(ending)).pipe(
        Effect.tap(({ result }) => (result.failure === null || !follow ? Effect.void : end)),
        Effect.tapCause(() => (follow ? end : Effect.void)),
        Effect.exit
      )
    }
    const begin = (carried: Carried) =>
      Effect.raceFirst(Deferred.await(ending), carried.begins ?? Effect.void).pipe(
        Effect.andThen(Deferred.isDone(ending)),
        Effect.flatMap((isEnding) => (isEnding ? Effect.succeed(null) : carry(carried)))
      )
    const [exits, millis] = yield* timed(Effect.forEach(datasets, begin, { concurrency: atOnce ? "unbounded" : 1 }))
    yield* Fiber.interrupt(repartitions)
    const ingested = exits.flatMap((exit) => (exit !== null && Exit.isSuccess(exit) ? [exit.value] : []))
    const failures = exits.filter((exit) => exit !== null && Exit.isFailure(exit))
    if (follow) yield* failTogether(failures)

    const stopped: PipelineResult["stopped"] = (yield* Deferred.isDone(asked)) ? "drain" : "end"
    // Who asks it to stop waits for it.
    if (stopped === "drain" && wanted !== null) yield* Effect.logInfo("what is new in stage waits for the next repartition")
    const done = datasets.filter(({ contract }) => ingested.some(({ dataset }) => dataset === contract.contract.name))
    const lost = datasets.flatMap(({ contract: { contract } }) =>
      ingested.some(({ dataset, result }) => dataset === contract.name && result.failure === null) ? [] : [contract.name]
    )
    const repartitioned = stopped === "drain" ? [] : yield* repartitionAll(options, done, lost)
    yield* failTogether(failures)
    return { ingested, millis, repartitioned, stopped }
  }).pipe(Effect.scoped)

const ingestOne = (
  { datasets, follow, atOnce = follow, ingest: settings, watch }: PipelineOptions,
  { contract, source }: Carried,
  stop: Effect.Effect<void>
): Effect.Effect<Ingested, IngestError, Store> => {
  const dataset = contract.contract.name
  const { limits, threads = 1 } = settings
  const share = shareOf({ threads, bufferBytes: limits.bufferBytes }, atOnce ? datasets.length : 1)
  return timed(
    ingest({
      ...settings,
      contract,
      source,
      limits: { ...limits, bufferBytes: share.bufferBytes },
      threads: share.threads,
      stop,
      onEvent: watch.event,
      onProgress: (progress) => watch.ingest(dataset, progress)
    })
  ).pipe(
    Effect.map(([result, millis]) => ({ dataset, result, millis })),
    // What comes next has the memory.
    Effect.ensuring(Effect.sync(() => forgetDecoders(contract))),
    Effect.tap((ingested) => watch.step({ step: "ingested", ...ingested }))
  )
}

/** One dataset after the other: each has all the memory of the engine. Of several workers one does it: they would only take the same work from each other. */
const repartitionAll = (
  options: PipelineOptions,
  datasets: ReadonlyArray<Carried>,
  lost: ReadonlyArray<string> = []
): Effect.Effect<ReadonlyArray<Repartitioned>, never, Store> => {
  const { repartition: wanted, watch } = options
  if (wanted === null || wanted.worker !== 0) return Effect.succeed([])
  const { behind = () => Effect.void } = wanted
  return Effect.forEach(datasets, ({ contract }) => repartitionOne(contract, wanted, watch)).pipe(
    Effect.tap((done) => behind(new Set([...lost, ...done.flatMap(({ dataset, failure }) => (failure === null ? [] : [dataset]))])))
  )
}

const repartitionOne = (
  contract: CompiledContract,
  { engine, memoryLimit, threads }: Repartitions,
  watch: PipelineWatch
): Effect.Effect<Repartitioned, never, Store> =>
  Effect.gen(function* () {
    const dataset = contract.contract.name
    yield* watch.step({ step: "repartitioning", dataset })
    const [result, millis] = yield* timed(
      repartition({
        contract,
        engine,
        memoryLimit,
        threads,
        onProgress: (progress) => watch.repartition(dataset, progress),
        onEvent: watch.event
      }).pipe(
        Effect.catchDefect((defect) => Effect.fail(defect instanceof Error ? defect : new Error(String(defect)))),
        Effect.result
      )
    )
    const done: Repartitioned = Result.isSuccess(result)
      ? { dataset, outcome: result.success, failure: null, millis }
      : { dataset, outcome: null, failure: result.failure, millis }
    if (done.failure === null) yield* recordRepartition(dataset, done.outcome?.kind === "repartition" ? done.outcome : null, millis)
    else {
      yield* Effect.logError(`repartition failed, the next one takes up what it left: ${done.failure.message}`)
      yield* recordRepartitionFailure(dataset)
    }
    yield* watch.step({ step: "repartitioned", ...done })
    return done
  })
