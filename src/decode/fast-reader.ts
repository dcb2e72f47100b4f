import type { ColumnBuilders } from "../columns/builders.ts"
import type { RecordPage } from "../record/record.ts"
import type { DecodeCounts } from "../record/report.ts"

/** What became of a record: it stands in the open row; it is the definition's; or there was no room for it, and the rows before must go first. */
export type Outcome = "row" | "odd" | "full"

/** Reads records of a page many at a time. What it does not take, it leaves to who reads them one by one. */
export interface Block {
  /**
   * Looks at records from `first` on, as many as it takes at a time, that end before `end` of what was taken in.
   * @param from where that begins in the page
   * @param mostBytes longer records are left out
   */
  readonly look: (page: RecordPage, first: number, from: number, end: number, mostBytes: number) => void
  /** Was record `i` of the page looked at? */
  readonly hasSeen: (i: number) => boolean
  /** Where the records end that are plainly rows from record `i` on; `i` itself: it is none, or was not looked at. */
  readonly runFrom: (i: number) => number
  /** Adds the records `first` to before `end`, a part of a run, as open rows: their data columns. */
  readonly add: (first: number, end: number) => void
  /** Leaves out a record that was part of a run. */
  readonly leaveOut: (i: number) => void
  /** Adds what was done to the records `first` to before `end`, now rows, to the counts. */
  readonly settle: (first: number, end: number, counts: DecodeCounts) => void
}

/** Reads records of a page into the open row of its own builders, and leaves to the definition what it is unsure of. */
export interface FastReader {
  /** Takes the rows: data columns first. They are few, close together in memory; where rows are gathered takes them over, many at a time. */
  readonly builders: ColumnBuilders
  /** Reads many records at once, and leaves out those that are not plainly rows; null: nothing does. */
  readonly block: Block | null
  /** Longest part of a page that it takes, in bytes. */
  readonly capacity: number
  /** Does it take these bytes, as far as their encoding goes? */
  readonly accepts: (bytes: Uint8Array) => boolean
  /** Paths of the values of the last record that the definition read. */
  readonly handedOver: ReadonlyArray<string>
  /** Has the last record members without a column that the run was not told of: left out, or unknown? Masked ones, and texts that are null, look the same. */
  readonly hasTallied: boolean
  /** Has a field of the last record its key in another case, that the run was not told of? */
  readonly isRespelled: boolean
  /** Turns to another page, whose records are counted there. */
  readonly beginPage: (counts: DecodeCounts, header: Uint8Array | undefined) => void
  /** Looks again how unknown members are to be counted, after some were counted elsewhere. */
  readonly watchDrift: (counts: DecodeCounts) => void
  /** Takes the part `[from, to)` of a page in. */
  readonly load: (page: Buffer, from: number, to: number) => void
  /** Reads the record that is `[start, end)` of what was taken in. Unless it stands in the open row, nothing of it remains. */
  readonly read: (start: number, end: number) => Outcome
  /** Takes what was told of the record, now a row, into the totals. */
  readonly settle: () => void
  /** Adds the totals to the counts. */
  readonly flush: (counts: DecodeCounts) => void
}
