import type { KinesisReason } from "../../../src/stream/kinesis/api.ts"

/** As the API names them. */
export const operations = ["DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords", "PutRecords"] as const
export type Operation = (typeof operations)[number]

/** What a call can be made to meet: an error by its reason, or the loss of its answer after it was carried out. */
export type Failure = KinesisReason | "LostAnswer"

/** What may go wrong, each with its probability per call (0 to 1). Nothing of it breaks the contract: the service may do all of this. */
export interface Faults {
  /** Any call: `Throttled` although the caller kept to the limits, since others use the shard too. */
  readonly throttle: number
  /** Any call: `Unavailable`, without effect. */
  readonly unavailable: number
  /** Any call: carried out, but the caller is told `Unavailable`. A put that is made again is a producer's duplicate. */
  readonly lostAnswer: number
  /** PutRecords, per record: `InternalFailure`, while others of the call succeed. */
  readonly putFailure: number
  /** GetRecords: no records though there are some, with `millisBehindLatest` above 0. */
  readonly emptyPage: number
  /** GetRecords: fewer records than there are. */
  readonly shortPage: number
  /** GetRecords: the iterator expires before its time. */
  readonly expireEarly: number
  /** GetRecords: no next iterator and no children either, wherever the reader stands. It says nothing; the call must be made again. */
  readonly nullIteratorWithoutChildren: number
  /** GetRecords at the end of a closed shard: the last records come with an iterator, and the end with one more, empty page. */
  readonly lateEnd: number
}

export const noFaults: Faults = {
  throttle: 0,
  unavailable: 0,
  lostAnswer: 0,
  putFailure: 0,
  emptyPage: 0,
  shortPage: 0,
  expireEarly: 0,
  nullIteratorWithoutChildren: 0,
  lateEnd: 0
}
