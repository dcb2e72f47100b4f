const KiB = 1024
const MiB = 1024 * KiB

/** What the service permits, as its documents say (README.md names them). Times in milliseconds. */
export const limits = {
  getRecords: { callsPerSecond: 5, bytesPerSecond: 2 * MiB, records: 10_000, bytes: 10 * MiB },
  getShardIterator: { callsPerSecond: 5 },
  listShards: { callsPerSecond: 1000, shards: 1000 },
  describeStream: { callsPerSecond: 20 },
  putRecords: { records: 500, bytes: 10 * MiB },
  /** Of one shard, over all producers. */
  write: { recordsPerSecond: 1000, bytesPerSecond: MiB },
  /** A stream may raise the size of a record from 1 MiB to 10 MiB; the key does not count. */
  recordBytes: { usual: MiB, most: 10 * MiB },
  partitionKeyCharacters: 256,
  iteratorMillis: 300_000,
  nextTokenMillis: 300_000,
  retentionMillis: { least: 24 * 3_600_000, most: 365 * 24 * 3_600_000 }
} as const

/**
 * So much a second, in windows of one second that begin with their first use. One use may go beyond what is left; then nothing is granted until
 * the excess is paid for: 10 MiB at 2 MiB a second close the door for 5 s.
 */
export class RateLimit {
  readonly perSecond: number
  private windowStart = Number.NEGATIVE_INFINITY
  private used = 0
  private closedUntil = Number.NEGATIVE_INFINITY

  constructor(perSecond: number) {
    this.perSecond = perSecond
  }

  /** Whether something is left at this time (milliseconds). */
  open(now: number): boolean {
    return now >= this.closedUntil
  }

  use(now: number, amount: number): void {
    if (now >= this.windowStart + 1000) {
      this.windowStart = now
      this.used = 0
    }
    this.used += amount
    if (this.used >= this.perSecond) this.closedUntil = this.windowStart + Math.ceil((this.used / this.perSecond) * 1000)
  }
}
