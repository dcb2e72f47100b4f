import type { StoredPosition } from "./positions.ts"

/** How far one shard of a stream has been read, as of the commit that holds its position. Times are ISO 8601, UTC. */
export interface StreamShard {
  readonly source: string
  /** `<stream>/<shard id>` */
  readonly shard: string
  /** Of the last record that was read; null: none was. */
  readonly sequenceNumber: string | null
  readonly subSequenceNumber: number
  readonly records: number
  readonly lastArrival: string | null
  /** Everything that had arrived in the shard until then has been read. */
  readonly readUntil: string | null
  /** Milliseconds between `readUntil` and the time at which the stream said so. */
  readonly behind: number | null
  /** The shard was split or merged, and read to its end. */
  readonly ended: boolean
  /** Times between which records may have been trimmed by the stream's retention before they were read: how many, and the last of them. */
  readonly gaps: number
  readonly gapFrom: string | null
  readonly gapTo: string | null
  /** Records of aggregated ones that belong to another shard by their hash key; they were read all the same. */
  readonly outOfRange: number
}

/** The shards of streams among positions. Files have none of a stream's words in theirs. */
export const streamShards = (positions: ReadonlyArray<StoredPosition>): ReadonlyArray<StreamShard> =>
  positions.flatMap(({ source, shard, position }) => {
    const { source: told = {}, records } = position
    if (!["readUntil", "start", "ended", "gaps"].some((name) => Object.hasOwn(told, name))) return []
    const text = (name: string) => {
      const value = told[name]
      return typeof value === "string" ? value : null
    }
    const number = (name: string) => {
      const value = told[name]
      return typeof value === "number" ? value : null
    }
    return [
      {
        source,
        shard,
        // A position without records stands before all of them.
        sequenceNumber: records === 0 && position.arrivedAt === "" ? null : position.sequenceNumber,
        subSequenceNumber: position.subSequenceNumber,
        records,
        lastArrival: position.arrivedAt === "" ? null : position.arrivedAt,
        readUntil: text("readUntil"),
        behind: number("behind"),
        ended: told["ended"] === true,
        gaps: number("gaps") ?? 0,
        gapFrom: text("gapFrom"),
        gapTo: text("gapTo"),
        outOfRange: number("outOfRange") ?? 0
      }
    ]
  })

/** A sentence about the last gap of a shard, and how many there were before. */
export const gapText = ({ shard, gaps, gapFrom, gapTo }: StreamShard): string =>
  `${shard}: records that arrived between ${gapFrom ?? "an unknown time"} and ${gapTo ?? "an unknown time"} may have been trimmed by the stream's retention before they were read${gaps > 1 ? ` (the last of ${gaps} gaps)` : ""}`
