/**
 * How far a shard has been read. Sequence numbers are integers of any length, kept as text because they exceed 2^53 (Kinesis gives 56
 * digits); they are compared as integers, never as text of unequal length.
 */
export interface Position {
  readonly sequenceNumber: string
  /** Index of a record inside an aggregated one; 0 for plain records. */
  readonly subSequenceNumber: number
}

/** Compares two sequence numbers (decimal digits, no leading zeros) as integers: longer is larger, then compare as text. */
export const compareSequenceNumbers = (a: string, b: string): number =>
  a.length !== b.length ? a.length - b.length : a < b ? -1 : a > b ? 1 : 0

/** Negative when `a` is before `b`, 0 when equal, positive when after. */
export const comparePositions = (a: Position, b: Position): number =>
  compareSequenceNumbers(a.sequenceNumber, b.sequenceNumber) || a.subSequenceNumber - b.subSequenceNumber

/** The position alone, of what has one. */
export const coordinatesOf = ({ sequenceNumber, subSequenceNumber }: Position): Position => ({ sequenceNumber, subSequenceNumber })

/** A position as text that tells it from all others of its shard. */
export const positionText = ({ sequenceNumber, subSequenceNumber }: Position): string => `${sequenceNumber}/${subSequenceNumber}`

/** Where the reading of a shard stands. */
export interface ReadPosition extends Position {
  /** Arrival time of the last record, ISO 8601, UTC; empty as long as there was none. */
  readonly arrivedAt: string
  /** What the source needs to resume, and nobody else reads. */
  readonly source?: { readonly [key: string]: string | number | boolean } | undefined
}

/** What became of the records of a shard: `records = rows + deadLetters + empty`. */
export interface ShardCounts {
  readonly records: number
  readonly rows: number
  readonly deadLetters: number
  /** Records that are nothing by definition: empty lines, empty objects. */
  readonly empty: number
}

/**
 * What a table stores per shard, in one `domainMetadata` action of the commit that holds the data. `from` is the position that the commit
 * started after (absent: the shard's beginning), so that the ranges of successive commits can be proved to tile. The counts are cumulative
 * over the life of the shard, so that they survive log expiry.
 */
export interface ShardPosition extends ReadPosition, ShardCounts {
  readonly from?: Position | undefined
  /** What the object that the shard had retired to still counts of it: it has come back since. Sums count that once. */
  readonly retired?: ShardCounts | undefined
}

/** What a shard comes to when it rests: no range begins there, and nothing is counted twice. */
export const restingOf = ({ from: _, retired: __, ...position }: ShardPosition): ShardPosition => position

/** The counts alone, of what has them. */
export const countsOf = ({ records, rows, deadLetters, empty }: ShardCounts): ShardCounts => ({ records, rows, deadLetters, empty })

export const noCounts: ShardCounts = { records: 0, rows: 0, deadLetters: 0, empty: 0 }

/** @param times how often `b` counts; -1 takes it away */
export const plusCounts = (a: ShardCounts, b: ShardCounts, times: 1 | -1 = 1): ShardCounts => ({
  records: a.records + times * b.records,
  rows: a.rows + times * b.rows,
  deadLetters: a.deadLetters + times * b.deadLetters,
  empty: a.empty + times * b.empty
})

/** Positions by shard, found one by one: there may be as many as files were ever read. */
export interface Positions {
  readonly get: (shard: string) => ShardPosition | undefined
}
