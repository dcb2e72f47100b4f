import type { ColumnBuilders } from "../columns/builders.ts"
import { encodeRowGroup, type RowGroup } from "../parquet/row-group.ts"
import { ingestionHour } from "../record/record.ts"
import type { PartitionValues } from "../table/actions.ts"
import type { BuilderPool } from "./builder-pool.ts"

/** How the rows of a table are told apart by their time of arrival. A partition is named by the number of its span since 1970, UTC. */
export interface Partitioning {
  readonly millis: number
  readonly values: (partition: number) => PartitionValues
}

/** Stage, by ingestion hour. */
export const byHour: Partitioning = {
  millis: 3_600_000,
  values: (partition) => {
    const { date, hour } = ingestionHour(partition * 3_600_000)
    return { ingest_date: date, ingest_hour: String(hour) }
  }
}

/** Dead letters, by ingestion date. */
export const byDate: Partitioning = {
  millis: 86_400_000,
  values: (partition) => ({ ingest_date: ingestionHour(partition * 86_400_000).date })
}

/** Encoded rows of one partition. */
export interface PartitionGroup {
  readonly partition: number
  readonly group: RowGroup
}

/** Text of one column that a row group may have in any case, in bytes. */
const leastText = 8 << 20

/** Rows of a partition that are not encoded yet, and how many bytes they take. */
interface Held {
  readonly builders: ColumnBuilders
  bytes: number
}

/** Rows of one table, gathered by partition until they take more memory than they may, and encoded then. Synchronous; knows no files. */
export class PartitionedRows {
  readonly #millis: number
  readonly #limit: number
  readonly #pool: BuilderPool
  readonly #held = new Map<number, Held>()
  /** What got rows since the bytes were counted. */
  readonly #touched = new Set<Held>()
  #bytes = 0
  #last = Number.NaN
  #lastHeld: Held | null = null

  /**
   * @param pool gives builders of the table, maybe to others, too
   * @param limit bytes of rows held in memory, over all partitions, above which the largest are encoded
   */
  constructor(pool: BuilderPool, { millis }: Partitioning, limit: number) {
    this.#pool = pool
    this.#millis = millis
    this.#limit = limit
  }

  /** Bytes of the rows that are held, as they were when last counted: what came since is not among them. */
  get bytes(): number {
    return this.#bytes
  }

  /** Where rows of this arrival time (milliseconds since 1970) go. Ask for each: who keeps the answer may write into another partition. */
  columnsFor(millis: number): ColumnBuilders {
    const partition = Math.floor(millis / this.#millis)
    if (this.#lastHeld !== null && partition === this.#last) return this.#lastHeld.builders
    let held = this.#held.get(partition)
    if (held === undefined) {
      held = { builders: this.#pool.take(), bytes: 0 }
      this.#held.set(partition, held)
    }
    this.#touched.add(held)
    this.#last = partition
    this.#lastHeld = held
    return held.builders
  }

  /**
   * Once more is held than may be, or would be with as much again as came since the last time: the largest partitions, until what remains is half
   * of that. And those in which one column has a third of it in text, which takes several times its size. Take all before you add rows.
   */
  *full(): Generator<PartitionGroup> {
    const crowded = new Set<Held>()
    const before = this.#bytes
    for (const held of this.#touched) {
      const { bytes, longestText } = held.builders
      this.#bytes += bytes - held.bytes
      held.bytes = bytes
      if (longestText > Math.max(this.#limit / 3, leastText)) crowded.add(held)
    }
    this.#forgetTouched()
    if (crowded.size > 0) for (const [partition, held] of [...this.#held]) if (crowded.has(held)) yield* this.#encode(partition, held)
    if (2 * this.#bytes - before <= this.#limit) return
    for (const [partition, held] of [...this.#held].sort(([, a], [, b]) => b.bytes - a.bytes)) {
      if (this.#bytes <= this.#limit / 2) return
      yield* this.#encode(partition, held)
    }
  }

  /** All that is held. Take all before you add rows. */
  *rest(): Generator<PartitionGroup> {
    this.#forgetTouched()
    for (const [partition, held] of [...this.#held]) yield* this.#encode(partition, held)
    this.#bytes = 0
  }

  *#encode(partition: number, held: Held): Generator<PartitionGroup> {
    const { builders } = held
    const group = builders.rowCount === 0 ? null : encodeRowGroup(builders)
    this.#held.delete(partition)
    // Whoever takes the groups may wait between them, and rows may come meanwhile: they must not go where these were.
    this.#touched.delete(held)
    if (this.#lastHeld === held) this.#lastHeld = null
    this.#pool.give(builders, this.#limit * 2)
    this.#bytes -= held.bytes
    if (group !== null) yield { partition, group }
  }

  #forgetTouched(): void {
    this.#touched.clear()
    this.#lastHeld = null
  }
}
