import type { RetirementLimits } from "../../src/lake/retire.ts"
import type { Random } from "../../src/record/seeded.ts"
import type { InitialPosition } from "../../src/stream/kinesis/api.ts"
import { drawRates, type FaultRates, noFaults } from "./faults.ts"
import { noFaults as noStreamFaults, type Faults as StreamFaults } from "./kinesis/faults.ts"
import type { ProducerOptions } from "./producers.ts"

/** What happens to the world as a whole while it runs. */
export const eventKinds = [
  "split",
  "merge",
  "crash",
  "freeze",
  "terminate",
  "double",
  "scale",
  "shift clock",
  "full disk",
  "throttle store"
] as const
export type EventKind = (typeof eventKinds)[number]

/** A time in which nobody looks: workers are dead or asleep, and the stream changes and forgets meanwhile. Milliseconds. */
export interface Absence {
  readonly startsAt: number
  readonly lasts: number
  /** How long the stream keeps records from some moment of it on; null: as long as before. Two changes unseen are more than anybody can find out. */
  readonly retention: number | null
}

/** One world, as its seed draws it. Times in milliseconds. */
export interface WorldSettings {
  readonly startsAt: number
  /** How long faults strike and producers produce. */
  readonly active: number
  /** How many of `simulatedDatasets` there are. */
  readonly datasets: number
  readonly workers: number
  /** Producers are there before the first worker: what they put may lie before the initial position. */
  readonly workersStartAfter: number
  readonly batchAge: number
  readonly batchBytes: number
  /** Columns that a worker may hold in memory, of all datasets together. */
  readonly bufferBytes: number
  readonly repartitionEvery: number
  /** How often logs are expired; null: never. */
  readonly maintainEvery: number | null
  /** How often a day is folded anew, beside whoever repartitions; null: never. */
  readonly foldEvery: number | null
  /** How often dead letters are replayed by a contract that refuses less; null: never. */
  readonly replayEvery: number | null
  readonly absence: Absence | null
  readonly checkpointInterval: number
  readonly latency: number
  readonly listPageSize: number
  readonly rates: FaultRates
  readonly events: ReadonlyArray<EventKind>
  /** Mean time between two events. */
  readonly eventEvery: number
  readonly restartAfter: number
  /** It does not become quiet before, milliseconds since 1970; undefined: when its active time is over. */
  readonly quietAt?: number
  /** Do workers end when there is nothing to read, and are started again, as a schedule does it? */
  readonly isBounded?: boolean
  /** When positions retire; undefined: as by default. */
  readonly retirement?: RetirementLimits
  /** Is anything of the world done by other threads, beside DuckDB? */
  readonly hasRealWork?: boolean
  /** Repartition with DuckDB and verify the lake with it; else with the plain engine, and without. */
  readonly duckdb: boolean
}

/** A world of streams. */
export interface StreamSettings extends WorldSettings {
  /** Of each stream. */
  readonly shards: number
  readonly initial: InitialPosition
  readonly retention: number
  readonly poll: number
  readonly look: number
  /** They take the datasets in turn. */
  readonly producers: ReadonlyArray<ProducerOptions>
  readonly stream: {
    readonly sequenceNumbers: "long" | "growing"
    readonly arrivalJitterMillis: number
    readonly stalePosition: "emptyLoop" | "horizon"
    readonly listPageSize: number
    readonly listLagMillis: number
    readonly faults: StreamFaults
  }
}

const day = 86_400_000

/** From `least` to `most`, every order of magnitude as likely as the others. */
export const scale = (random: Random, least: number, most: number): number => Math.round(least * (most / least) ** random.unit())

const drawStreamFaults = (random: Random): StreamFaults => {
  const rate = (most: number) => (random.chance(0.3) ? most * random.unit() ** 2 : 0)
  return {
    throttle: rate(0.2),
    unavailable: rate(0.1),
    lostAnswer: rate(0.1),
    putFailure: rate(0.3),
    emptyPage: rate(0.5),
    shortPage: rate(0.8),
    expireEarly: rate(0.1),
    nullIteratorWithoutChildren: rate(0.1),
    lateEnd: rate(1)
  }
}

/** @param duckdbShare share of seeds that use DuckDB */
export const drawSettings = (random: Random, duckdbShare: number): StreamSettings => {
  const startsAt = Date.UTC(2026, 10, 20, random.below(24), random.between(30, 59), random.below(60))
  const active = scale(random, 60_000, 700_000)
  const calm = random.chance(0.05)
  const short = random.chance(0.15)
  const aggregated = random.chance(0.5) ? random.unit() : 0
  const options = {
    keys: scale(random, 2, 40),
    poison: random.chance(0.7) ? random.unit() * 0.3 : 0,
    around: startsAt,
    bursts: scale(random, 3, 20),
    burst: scale(random, 1, 12),
    aggregated,
    broken: random.chance(0.5) ? random.unit() * 0.3 : 0,
    doubled: random.chance(0.3) ? random.unit() * 0.2 : 0
  }
  const initial = random.below(8)
  const producers = random.between(1, 3)
  const settings = {
    startsAt,
    active,
    workers: random.pick([1, 1, 2, 2, 3, 4]),
    shards: random.between(1, 4),
    initial:
      initial === 0
        ? { type: "LATEST" }
        : initial === 1
          ? { type: "AT_TIMESTAMP", timestamp: startsAt + random.between(0, 30_000) }
          : { type: "TRIM_HORIZON" },
    workersStartAfter: random.chance(0.5) ? 0 : random.below(60_000),
    retention: short ? random.between(5, 20) * 60_000 : day,
    batchAge: scale(random, 3000, 120_000),
    batchBytes: random.chance(0.5) ? scale(random, 300, 10_000) : 1_000_000,
    poll: scale(random, 1500, 30_000),
    look: scale(random, 3000, 60_000),
    repartitionEvery: scale(random, 60_000, 900_000),
    checkpointInterval: random.pick([4, 20, 100]),
    latency: scale(random, 2, 300),
    listPageSize: random.pick([2, 10, 1000]),
    rates: calm ? noFaults : drawRates(random),
    events: calm ? [] : eventKinds.filter(() => random.chance(0.4)),
    eventEvery: active / random.between(1, 9),
    restartAfter: scale(random, 3000, 60_000),
    stream: {
      sequenceNumbers: random.pick(["long", "growing"]),
      arrivalJitterMillis: random.chance(0.3) ? scale(random, 10, 5000) : 0,
      stalePosition: random.pick(["emptyLoop", "horizon"]),
      listPageSize: random.pick([1, 2, 1000]),
      listLagMillis: random.chance(0.3) ? scale(random, 100, 10_000) : 0,
      faults: calm ? noStreamFaults : drawStreamFaults(random)
    },
    duckdb: random.chance(duckdbShare)
  } satisfies Partial<StreamSettings>
  // Drawn last: seeds without these have the worlds that they had before there were any.
  const absence = random.chance(0.2)
    ? { startsAt: startsAt + active / 2, lasts: scale(random, settings.retention / 4, settings.retention * 2) }
    : null
  // The service offers no less than a day, and who is late by an hour asks.
  const changes = absence !== null && !short && random.chance(0.5)
  const crashAtCommit = !calm && random.chance(0.2) ? scale(random, 10, 150) / 1000 : 0
  const some = random.chance(0.15) ? 2 : 1
  const drawn = {
    ...settings,
    // Where there are two, so little that both would take more together if each took all.
    bufferBytes: some === 1 ? 1 << 20 : scale(random, 300, 3000),
    rates: { ...settings.rates, crashAtCommit },
    maintainEvery: random.chance(0.1) ? scale(random, 120_000, 900_000) : null,
    replayEvery: random.chance(0.15) ? scale(random, 60_000, 900_000) : null,
    retention: changes ? random.pick([day, 2 * day]) : settings.retention,
    absence: absence && { ...absence, retention: changes ? random.pick([day, 1.5 * day, 2 * day]) : null }
  }
  const datasets = random.chance(0.1) ? 3 : some
  return {
    ...drawn,
    datasets,
    // One for each, at least.
    producers: Array.from({ length: Math.max(datasets, producers) }, () => ({ ...options, pause: active / options.bursts / 1.5 })),
    foldEvery: random.chance(0.1) ? scale(random, 10_000, 300_000) : null
  }
}
