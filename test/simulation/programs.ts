import { Deferred, Effect, Exit, Random, type Scope } from "effect"
import { pipeline, unwatched } from "../../src/app/pipeline.ts"
import { defaultBatchLimits } from "../../src/ingest/options.ts"
import { replay } from "../../src/ingest/replay.ts"
import { keepFrom } from "../../src/lake/keep-from.ts"
import { ownObjects } from "../../src/lake/maintain.ts"
import { recordRuns } from "../../src/lake/record-runs.ts"
import { lakeTables } from "../../src/lake/views.ts"
import { makeLineage } from "../../src/lineage/lineage.ts"
import { LineageError, type Transport } from "../../src/lineage/transport.ts"
import type { OnRunEvent } from "../../src/record/report.ts"
import type { RepartitionEngine } from "../../src/repartition/engine.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { Store, type StoreError } from "../../src/store/store.ts"
import { expireLog, vacuum } from "../../src/table/maintenance.ts"
import type { Faults } from "./faults.ts"
import type { Input, Place } from "./input.ts"
import type { ToldRuns } from "./judge-runs.ts"
import type { Passage, SimulatedProcess } from "./process.ts"
import type { WorldSettings } from "./settings.ts"
import { decodeSettings, type SimulatedDataset } from "./shape.ts"
import { type Bucket, type StoreCall, simulatedStore } from "./simulated-store.ts"

/** What processes find outside of them. */
export interface Outside {
  readonly settings: WorldSettings
  readonly datasets: ReadonlyArray<SimulatedDataset>
  readonly engine: RepartitionEngine
  readonly faults: Faults
  readonly bucket: Bucket
  readonly input: Input
  /** Told of every process that tells of runs. */
  readonly tells: (runs: ToldRuns) => void
  /** Told every lineage event that the endpoint got. */
  readonly heard: (event: string) => void
  /** Told how many bytes of columns a process holds in memory. */
  readonly holds: (name: string, bytes: number) => void
}

/** Sometimes the process stands still as it makes the call: the request leaves before, or when it moves again. */
export const frozen = <A, E>(process: SimulatedProcess, faults: Faults, passage: Passage<A, E>): Passage<A, E> => {
  if (!faults.strikes(faults.rates.freeze)) return passage
  const millis = faults.longTime()
  process.freeze(millis)
  if (passage.arrives === null || faults.random.chance(0.5)) return passage
  return { ...passage, arrives: passage.arrives + millis, answered: passage.answered + millis }
}

/** The store as a process reaches it. */
export const storeOf = (process: SimulatedProcess, { bucket, faults, settings }: Pick<Outside, "bucket" | "faults" | "settings">) =>
  simulatedStore(bucket, {
    pageSize: settings.listPageSize,
    carry: <A>(call: StoreCall, request: Effect.Effect<A, StoreError>) => {
      const passage = frozen(process, faults, faults.ofStore<A>(call))
      // The first answer got lost below the client, which asked again.
      const twice = call.operation === "putIfAbsent" && faults.strikes(faults.rates.ownConflict)
      return process.call(`${call.operation} ${call.key}`, twice ? Effect.andThen(Effect.exit(request), request) : request, passage)
    }
  })

/** An endpoint for lineage that takes events, fails, or never answers. */
const transportOf = (process: SimulatedProcess, { faults, heard }: Outside): Transport => ({
  name: "simulated endpoint",
  send: (event) => {
    const passage = faults.plain<void, LineageError>()
    const request = Effect.sync(() => heard(event))
    if (!faults.strikes(faults.rates.lineage)) return process.call("lineage", request, passage)
    const error = new LineageError({ transport: "simulated endpoint", reason: "Unavailable", hint: "This is simulated." })
    const hangs = faults.random.chance(0.5)
    return hangs ? Effect.never : process.call("lineage", request, { ...passage, instead: Exit.fail(error) })
  }
})

const lineageOf = (process: SimulatedProcess, outside: Outside) =>
  makeLineage({
    transports: [transportOf(process, outside)],
    capacity: 20,
    events: {
      namespace: "simulation",
      producer: "urn:sluice:simulation",
      version: "0",
      contracts: outside.datasets.map(({ contract }) => contract)
    }
  })

/** Whoever is told of runs: the judge, lineage, and the lake's table of them. */
const listenerOf = (process: SimulatedProcess, outside: Outside): Effect.Effect<OnRunEvent, never, Scope.Scope | Store> =>
  Effect.gen(function* () {
    const closed = yield* Deferred.make<void>()
    // What is closed last is added first.
    yield* Effect.addFinalizer(() => Deferred.succeed(closed, undefined))
    const lineage = yield* lineageOf(process, outside)
    const runs = yield* recordRuns()
    const told: ToldRuns = { who: process.name, events: [], counters: runs.counters, isClosed: () => Deferred.isDoneUnsafe(closed) }
    outside.tells(told)
    return (event) =>
      Effect.suspend(() => {
        told.events.push(event)
        return Effect.andThen(lineage.emit(event), runs.record(event))
      })
  })

/** What a worker runs: the service loop itself, with a simulated world in place of what it reaches. Ends when `stop` says so, or fails. */
export const serviceProgram = (process: SimulatedProcess, outside: Outside, place: Place, stop: Effect.Effect<void>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { batchAge, batchBytes, bufferBytes, repartitionEvery, retirement } = outside.settings
      const onRun = yield* listenerOf(process, outside)
      const { follow, worker } = place
      const atOnce = follow || outside.input.atOnce
      const datasets = yield* outside.input.sources(process, place)
      const held = new Map<string, number>()
      const { ingested, repartitioned } = yield* pipeline({
        datasets,
        follow,
        atOnce,
        ingest: {
          decode: decodeSettings,
          limits: { ...defaultBatchLimits, bytes: batchBytes, ageMillis: batchAge, bufferBytes },
          ...(retirement === undefined ? {} : { retirement })
        },
        repartition: { every: repartitionEvery, worker, engine: outside.engine },
        stop,
        watch: {
          ...unwatched,
          event: onRun,
          ingest: (dataset, progress) => {
            // One after the other: what another held it holds no more.
            if (!atOnce) held.clear()
            held.set(dataset, progress.held)
            outside.holds(
              process.name,
              [...held.values()].reduce((total, bytes) => total + bytes, 0)
            )
          }
        }
      })
      for (const { result } of ingested) if (result.failure !== null) return yield* result.failure
      for (const { failure } of repartitioned) if (failure !== null) return yield* Effect.fail(failure)
    })
  ).pipe(Effect.provideService(Store, storeOf(process, outside)))

/** Does some upkeep again and again, whatever becomes of each try. */
export const upkeepProgram = (process: SimulatedProcess, outside: Outside, every: number, work: Upkeep) =>
  Effect.sleep(every).pipe(
    Effect.andThen(Effect.catch(work, (error) => Effect.logInfo(error.message))),
    Effect.forever,
    Effect.provideService(Store, storeOf(process, outside))
  )

type Upkeep = Effect.Effect<void, { readonly message: string }, Store>

/** What `sluice maintain` does with the log. */
export const expireLogs: Upkeep = Effect.gen(function* () {
  const tables = yield* lakeTables
  for (const each of tables) {
    const from = keepFrom(each, tables)
    yield* expireLog(each.table, from === undefined ? {} : { keepFrom: from })
  }
})

/** Reads dead letters again, by contracts that refuse less. */
export const replayLetters = (process: SimulatedProcess, outside: Outside): Upkeep =>
  listenerOf(process, outside).pipe(
    Effect.flatMap((onEvent) =>
      Effect.forEach(outside.datasets, ({ lenient }) => replay({ contract: lenient, decode: decodeSettings, onEvent }), { discard: true })
    ),
    Effect.scoped
  )

/** Folds the days of all that there is anew, one after the other, where tables have days. */
export const foldDays = ({ datasets, engine, settings }: Outside): Upkeep =>
  Effect.forEach(
    datasets.filter(({ contract }) => contract.identity.partition.by === "day"),
    ({ contract }) =>
      Effect.flatMap(Random.nextIntBetween(-6, 7), (days) => {
        const day = new Date(settings.startsAt + days * 86_400_000).toISOString().slice(0, 10)
        return Effect.asVoid(repartition({ contract, engine, from: day, to: day }))
      }),
    { discard: true }
  )

/** Deletes what no table refers to. Whoever has uploaded files and sleeps for longer than they are kept loses them: there must be nobody. */
export const vacuumAll: Upkeep = Effect.flatMap(lakeTables, (tables) =>
  Effect.forEach(tables, ({ table }) => vacuum(table, { own: ownObjects(table) }), { discard: true })
)

/** Does it once, where nothing fails. */
export const upkeepOnce = (process: SimulatedProcess, outside: Outside, work: Upkeep) =>
  Effect.provideService(work, Store, storeOf(process, outside))
