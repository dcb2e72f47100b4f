import type { Aggregate } from "./aggregation.ts"
import { hashKeyOf } from "./aggregation.ts"
import type { Shard } from "./api.ts"

/** Hash keys of a shard, both bounds included. */
export interface HashRange {
  readonly from: bigint
  readonly to: bigint
}

/** Null for a shard that has all hash keys. */
export const hashRangeOf = (shard: Shard): HashRange | null => {
  const range = { from: BigInt(shard.startingHashKey), to: BigInt(shard.endingHashKey) }
  return range.from === 0n && range.to === 2n ** 128n - 1n ? null : range
}

/**
 * How many sub-records of an aggregated record belong to another shard. Kinesis places the whole by one of its keys; after a split the others
 * may belong elsewhere, and a producer may send them there again.
 */
export const countOutOfRange = (aggregate: Aggregate, { from, to }: HashRange): number => {
  const isOutside = (key: bigint): boolean => key < from || key > to
  // One key of a table may stand for thousands of records: each is hashed once, when it is first asked for.
  const byKey: Array<boolean | undefined> = []
  const byExplicit: Array<boolean | undefined> = []
  let count = 0
  for (let i = 0; i < aggregate.count; i++) {
    const key = aggregate.partitionKeyIndexes[i] ?? 0
    const explicit = aggregate.explicitHashKeyIndexes[i] ?? -1
    const known = explicit < 0 ? byKey : byExplicit
    const index = explicit < 0 ? key : explicit
    const outside = known[index] ?? isOutside(hashKeyOf(aggregate.partitionKeys[key] ?? "", aggregate.explicitHashKeys[explicit]))
    known[index] = outside
    if (outside) count++
  }
  return count
}
