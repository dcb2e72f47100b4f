import type { Position, ShardPosition } from "../../record/position.ts"
import type { InitialPosition, IteratorStart, Shard } from "../../stream/kinesis/api.ts"

/** What to do with a shard. */
export type ShardPlan =
  | { readonly kind: "done" }
  /** Shards that must be read to their end before. */
  | { readonly kind: "wait"; readonly parents: ReadonlyArray<string> }
  | { readonly kind: "read"; readonly from: IteratorStart }

export interface Known {
  /** By the id of the shard; undefined where nothing is committed. */
  readonly position: (shardId: string) => ShardPosition | undefined
  /** Has this process given the shard's end? */
  readonly drained: (shardId: string) => boolean
}

/** Where a shard stands that gave no record yet: before every sequence number. */
export const nothingRead: Position = { sequenceNumber: "0", subSequenceNumber: 0 }

/** Was no record read, whatever else the position says? */
export const isNothingRead = (position: Position): boolean => position.sequenceNumber === "0"

/** Milliseconds since 1970 of a time that `source` of a position holds. */
export const timeIn = (position: ShardPosition | undefined, name: string): number | undefined => {
  const text = position?.source?.[name]
  const millis = typeof text === "string" ? Date.parse(text) : Number.NaN
  return Number.isNaN(millis) ? undefined : millis
}

export const isEnded = (position: ShardPosition | undefined): boolean => position?.source?.["ended"] === true

/**
 * Decides for every listed shard, in the order of the list.
 *
 * A shard is read from its position. One that was never read begins when its parents are read to their end, at the oldest record it has: what the
 * initial position says holds for the shards of the first start only, which have a position for it (see {@link beginOf}). A parent that is
 * not listed any more has expired and counts as read.
 *
 * Sequence numbers are taken AT, not AFTER: the record may be an aggregated one of which some sub-records are left.
 */
export const planShards = (shards: ReadonlyArray<Shard>, known: Known): ReadonlyMap<string, ShardPlan> => {
  const listed = new Set(shards.map((shard) => shard.shardId))
  const done = (shardId: string) => known.drained(shardId) || isEnded(known.position(shardId))
  return new Map(
    shards.map((shard): readonly [string, ShardPlan] => {
      const position = known.position(shard.shardId)
      if (done(shard.shardId)) return [shard.shardId, { kind: "done" }]
      if (position !== undefined && !isNothingRead(position))
        return [shard.shardId, { kind: "read", from: { type: "AT_SEQUENCE_NUMBER", sequenceNumber: position.sequenceNumber } }]
      const parents = parentsOf(shard).filter((parent) => listed.has(parent) && !done(parent))
      if (parents.length > 0) return [shard.shardId, { kind: "wait", parents }]
      const start = timeIn(position, "start")
      return [
        shard.shardId,
        { kind: "read", from: start === undefined ? { type: "TRIM_HORIZON" } : { type: "AT_TIMESTAMP", timestamp: start } }
      ]
    })
  )
}

export const parentsOf = (shard: Shard): ReadonlyArray<string> =>
  [shard.parentShardId, shard.adjacentParentShardId].filter((parent) => parent !== null)

/**
 * Where shards begin at the first start, when none of the stream has a position: a time, for each listed shard, or null where all begin at the
 * oldest record. The times are committed before anything is read: from then on a crash loses nothing that came after the first start, and
 * shards that come later begin at their oldest record.
 *
 * @param initial as it was asked for. A time before the horizon means the horizon; so does one that the horizon will have passed shortly
 */
export const beginOf = (initial: InitialPosition, now: number, retentionMillis: number): number | null => {
  if (initial.type === "AT_TIMESTAMP") return initial.timestamp < now - retentionMillis + 60_000 ? null : initial.timestamp
  return initial.type === "LATEST" ? now : null
}
