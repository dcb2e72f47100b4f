import type { Random } from "../../../src/record/seeded.ts"
import { drawSettings, scale, type WorldSettings } from "../settings.ts"
import { noQueueFaults, type QueueFaults } from "../simulated-queue.ts"
import type { ContentOptions } from "./objects.ts"

/** What happens to objects and to what announces them; probabilities from 0 to 1. Times in milliseconds. */
export interface AnnouncedOptions {
  /** Bursts that a producer makes, objects in each at most, and the mean time between two. */
  readonly bursts: number
  readonly burst: number
  readonly pause: number
  readonly content: ContentOptions
  /** An object takes the place of another; with the content that was there, in some of these. */
  readonly overwritten: number
  readonly sameContent: number
  /** It is deleted, and its version too, where there are versions, a while after it was put. */
  readonly deleted: number
  /** It may not be read for a while. */
  readonly forbidden: number
  /** It is announced again, by another message. */
  readonly twice: number
  /** It is announced late, by so much at most; as what is announced again may be. */
  readonly late: number
  readonly latest: number
  /** A message is sent beside, of which nothing is to be read, or which nobody can read. */
  readonly noise: number
  readonly poison: number
}

/** A world of objects that are announced. */
export interface AnnouncedSettings extends WorldSettings {
  /** Does nothing go wrong with processes, calls and the queue? */
  readonly isCalm: boolean
  readonly isVersioned: boolean
  /** May consumers list the bucket? */
  readonly mayList: boolean
  /** Bytes that a source takes of an object at once. */
  readonly pageBytes: number
  readonly producers: number
  readonly objects: AnnouncedOptions
  readonly queue: QueueFaults
  /** How often a message must be given out before the queue gives it up; null: it never does. */
  readonly redriveAfter: number | null
  /** A read fails, though it was tried again and again. */
  readonly readFailure: number
  /** Until then no read succeeds, milliseconds since 1970: longer than a message can be hidden. Null: they do. */
  readonly outageUntil: number | null
}

const drawQueueFaults = (random: Random): QueueFaults => {
  const rate = (most: number) => (random.chance(0.3) ? most * random.unit() ** 2 : 0)
  return {
    throttle: rate(0.2),
    unavailable: rate(0.1),
    lostAnswer: rate(0.1),
    short: rate(0.5),
    double: rate(0.3),
    revive: rate(0.2),
    refuse: rate(0.2)
  }
}

/** @param duckdbShare share of seeds that use DuckDB */
export const drawAnnouncedSettings = (random: Random, duckdbShare: number): AnnouncedSettings => {
  const { absence, initial, look, poll, producers, retention, shards, stream, ...common } = drawSettings(random, duckdbShare)
  const isCalm = common.events.length === 0 && Object.values(common.rates).every((rate) => rate === 0)
  const rate = (on: number, most: number) => (random.chance(on) ? most * random.unit() : 0)
  const { active } = common
  const bursts = scale(random, 3, 15)
  const outageUntil = isCalm && absence === null && random.chance(0.3) ? common.startsAt + 13 * 3_600_000 : null
  const packed = rate(0.3, 0.6)
  return {
    ...common,
    absence: absence && { ...absence, lasts: scale(random, 60_000, 43_200_000), retention: null },
    events: common.events.filter((kind) => kind !== "split" && kind !== "merge"),
    // Messages are hidden for two minutes: where nothing else brings them back, batches are open for longer.
    batchAge: scale(random, isCalm ? 100_000 : 3000, 600_000),
    isCalm: isCalm && absence === null && outageUntil === null,
    isBounded: random.chance(0.1),
    isVersioned: random.chance(0.5),
    mayList: random.chance(0.7),
    pageBytes: random.pick([300, 2000, 4 << 20]),
    producers: random.between(1, 2),
    objects: {
      bursts,
      burst: scale(random, 1, 8),
      pause: active / bursts / 1.5,
      content: {
        keys: scale(random, 2, 40),
        poison: random.chance(0.7) ? random.unit() * 0.3 : 0,
        around: common.startsAt,
        most: scale(random, 1, 30),
        packed,
        damaged: rate(0.5, 0.5)
      },
      overwritten: rate(0.5, 0.5),
      sameContent: 0.2,
      deleted: rate(0.3, 0.3),
      forbidden: rate(0.3, 0.2),
      twice: random.chance(0.5) ? 0.05 : rate(0.5, 0.5),
      late: rate(0.3, 0.2),
      latest: scale(random, 60_000, 7_200_000),
      noise: rate(0.5, 0.3),
      poison: rate(0.5, 0.3)
    },
    queue: isCalm ? noQueueFaults : drawQueueFaults(random),
    // Whoever is started again and again through an outage is given everything as often.
    redriveAfter: random.chance(0.3) && outageUntil === null ? 100 : null,
    readFailure: isCalm ? 0 : rate(0.3, 0.1),
    outageUntil,
    ...(outageUntil === null ? {} : { quietAt: outageUntil }),
    ...(random.chance(0.3)
      ? { retirement: { live: random.between(1, 12), page: random.between(2, 12), atOnce: random.between(1, 16) } }
      : {}),
    hasRealWork: packed > 0
  }
}
