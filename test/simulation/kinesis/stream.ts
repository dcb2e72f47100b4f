import type { PutAnswer, PutRecord, Shard } from "../../../src/stream/kinesis/api.ts"
import { evenRanges, type HashRange, hashKeyOf, hashKeys } from "./hash-keys.ts"
import { limits, RateLimit } from "./limits.ts"
import { type SequenceNumberStyle, SequenceNumbers } from "./sequence-numbers.ts"
import { type SimulatedRecord, SimulatedShard } from "./shard.ts"

export interface StreamSettings {
  readonly shards: number
  readonly retentionMillis: number
  readonly sequenceNumbers: SequenceNumberStyle
  /** How far `ApproximateArrivalTimestamp` is off, at most, to either side. */
  readonly arrivalJitterMillis: number
  readonly random: () => number
}

/** One stream: its shards, open and closed, and how they come from each other. Time is handed in. */
export class SimulatedStream {
  readonly name: string
  readonly settings: StreamSettings
  retentionMillis: number
  /** In the order in which they were opened, those that the service has forgotten included. */
  readonly shards: Array<SimulatedShard> = []
  /** Everything that was ever stored, in that order. */
  readonly records: Array<SimulatedRecord> = []
  readonly listCalls = new RateLimit(limits.listShards.callsPerSecond)
  private readonly byId = new Map<string, SimulatedShard>()
  /** The open shards by range. */
  private open: ReadonlyArray<SimulatedShard> = []

  constructor(name: string, settings: StreamSettings, now: number) {
    this.name = name
    this.settings = settings
    this.retentionMillis = settings.retentionMillis
    for (const range of evenRanges(settings.shards)) this.openShard(range, [], now)
  }

  /** Undefined for what never was and for what the service has forgotten. */
  shard(shardId: string, now: number): SimulatedShard | undefined {
    const shard = this.byId.get(shardId)
    return shard?.expired(now) ? undefined : shard
  }

  /** Routes one record and stores it, unless its shard is written to too fast. `stored` is null for what was refused. */
  put(record: PutRecord, bytes: number, now: number): { readonly answer: PutAnswer; readonly stored: SimulatedRecord | null } {
    const shard = this.shardFor(record.explicitHashKey === undefined ? hashKeyOf(record.partitionKey) : BigInt(record.explicitHashKey))
    if (!shard.writable(now)) return { answer: { ok: false, code: "ProvisionedThroughputExceededException" }, stored: null }
    const jitter = this.settings.arrivalJitterMillis
    const off = jitter === 0 ? 0 : Math.round((this.settings.random() * 2 - 1) * jitter)
    const stored = shard.store(now, record, bytes, Math.max(0, now + off))
    this.records.push(stored)
    return { answer: { ok: true, sequenceNumber: stored.sequenceNumber, shardId: shard.shardId }, stored }
  }

  /** Closes a shard and opens two. @param at the first hash key of the upper one; by default the middle */
  split(shardId: string, now: number, at?: bigint): readonly [SimulatedShard, SimulatedShard] {
    const parent = this.openShardCalled(shardId)
    const { from, to } = parent.range
    const middle = at ?? from + (to - from + 1n) / 2n
    if (middle <= from || middle > to)
      throw new Error(`shard ${shardId} cannot be split at ${middle}: outside of its range, or at its start`)
    parent.close(now)
    return [this.openShard({ from, to: middle - 1n }, [parent], now), this.openShard({ from: middle, to }, [parent], now)]
  }

  /** Closes two neighbours and opens one. */
  merge(shardId: string, adjacentShardId: string, now: number): SimulatedShard {
    const one = this.openShardCalled(shardId)
    const other = this.openShardCalled(adjacentShardId)
    const [low, high] = one.range.from < other.range.from ? [one, other] : [other, one]
    if (low.range.to + 1n !== high.range.from) throw new Error(`shards ${shardId} and ${adjacentShardId} are not neighbours`)
    one.close(now)
    other.close(now)
    return this.openShard({ from: low.range.from, to: high.range.to }, [one, other], now)
  }

  /** Keeps all records for so long from now on. */
  retain(retentionMillis: number, now: number): void {
    this.retentionMillis = retentionMillis
    for (const shard of this.shards) shard.retain(retentionMillis, now)
  }

  openShards(): ReadonlyArray<SimulatedShard> {
    return this.open
  }

  /** As ListShards shows a shard to somebody who sees only what was known at `known`. */
  describe(shard: SimulatedShard, known: number): Shard {
    return {
      shardId: shard.shardId,
      parentShardId: shard.parents[0]?.shardId ?? null,
      adjacentParentShardId: shard.parents[1]?.shardId ?? null,
      startingHashKey: shard.range.from.toString(),
      endingHashKey: shard.range.to.toString(),
      startingSequenceNumber: shard.startingSequenceNumber,
      endingSequenceNumber: shard.closedAt !== null && shard.closedAt <= known ? shard.endingSequenceNumber : null
    }
  }

  private shardFor(hashKey: bigint): SimulatedShard {
    if (hashKey < 0n || hashKey >= hashKeys) throw new Error(`${hashKey} is no hash key`)
    let low = 0
    let high = this.open.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.open[middle]?.range.from ?? hashKeys) <= hashKey) low = middle
      else high = middle - 1
    }
    const shard = this.open[low]
    if (shard === undefined) throw new Error(`stream ${this.name} has no open shard`)
    return shard
  }

  private openShardCalled(shardId: string): SimulatedShard {
    const shard = this.byId.get(shardId)
    if (shard === undefined || shard.closedAt !== null) throw new Error(`stream ${this.name} has no open shard ${shardId}`)
    return shard
  }

  private openShard(range: HashRange, parents: ReadonlyArray<SimulatedShard>, now: number): SimulatedShard {
    const ordinal = this.shards.length
    const after = parents.reduce<bigint | null>((most, { numbers }) => (most === null || numbers.last > most ? numbers.last : most), null)
    const { sequenceNumbers, random } = this.settings
    const numbers = new SequenceNumbers(sequenceNumbers, ordinal, after, random)
    const shard = new SimulatedShard(`shardId-${String(ordinal).padStart(12, "0")}`, range, parents, now, numbers, this.retentionMillis)
    this.shards.push(shard)
    this.byId.set(shard.shardId, shard)
    this.open = [...this.open.filter((other) => other.closedAt === null), shard].sort((a, b) => (a.range.from < b.range.from ? -1 : 1))
    return shard
  }
}
