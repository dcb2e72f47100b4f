import type { Random } from "../../../src/record/seeded.ts"

/** What a seed draws. */
export interface Settings {
  readonly shards: number
  readonly segmentBytes: number
  readonly retentionMillis: number
  readonly maxBytes: number | undefined
  readonly keys: number
  readonly dataBytes: number
  /** Does who puts also read? */
  readonly together: boolean
  readonly crash: number
  readonly failsToSync: number
  readonly failsToWrite: number
  readonly powerLosses: boolean
  readonly full: boolean
  readonly active: number
}

export const drawSettings = (random: Random): Settings => {
  const isTrimmed = random.chance(0.25)
  return {
    shards: random.between(1, 4),
    segmentBytes: random.pick([600, 2_000, 20_000]),
    retentionMillis: isTrimmed && random.chance(0.5) ? 20_000 : 86_400_000,
    maxBytes: isTrimmed ? 10_000 : undefined,
    keys: random.between(1, 6),
    dataBytes: random.pick([8, 1_000, 3_000]),
    together: random.chance(0.3),
    crash: random.chance(0.5) ? random.pick([0.001, 0.01]) : 0,
    failsToSync: random.chance(0.4) ? 0.03 : 0,
    failsToWrite: random.chance(0.4) ? 0.03 : 0,
    powerLosses: random.chance(0.7),
    full: random.chance(0.6),
    active: 30_000
  }
}
