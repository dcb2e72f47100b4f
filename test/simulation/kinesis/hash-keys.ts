import { hash } from "node:crypto"

/** Hash keys are integers of 128 bits: 0 to 2^128 - 1. */
export const hashKeys = 2n ** 128n

/** Where a record without an explicit hash key lands: the MD5 of its partition key, read as one big-endian integer. */
export const hashKeyOf = (partitionKey: string): bigint => BigInt(`0x${hash("md5", partitionKey, "hex")}`)

/** Both bounds are included. */
export interface HashRange {
  readonly from: bigint
  readonly to: bigint
}

/** The ranges of a new stream: as even as the number of shards permits, without holes. */
export const evenRanges = (shards: number): ReadonlyArray<HashRange> =>
  Array.from({ length: shards }, (_, i) => ({
    from: (hashKeys * BigInt(i)) / BigInt(shards),
    to: (hashKeys * BigInt(i + 1)) / BigInt(shards) - 1n
  }))
