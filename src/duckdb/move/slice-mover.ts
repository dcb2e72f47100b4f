import { Effect } from "effect"
import { ColumnBuilders } from "../../columns/builders.ts"
import type { RowGroup } from "../../parquet/row-group.ts"
import type { Column } from "../../record/column.ts"
import type { StoreError } from "../../store/store.ts"
import type { LakeError } from "../errors.ts"
import { RowGroups } from "../row-groups.ts"
import { placesSql } from "./chosen-sql.ts"
import { JoinedLeaves } from "./joined-leaves.ts"
import { newClaims, type TakenRows } from "./leaf-mover.ts"
import type { Move, StoredFile } from "./move.ts"
import type { SliceThreads } from "./slice-threads.ts"
import { cutRowGroups, type Piece } from "./slices.ts"

/** Bytes that are read ahead of what is asked for, by all threads. */
const windowBytes = 8 * 1024 * 1024

/** Moves the rows of a slice from the files that hold them into row groups, in memory. */
export class SliceMover {
  /** How many leaves a row has. */
  readonly leaves: number
  readonly #run: Move
  readonly #files: ReadonlyArray<StoredFile>
  readonly #rowGroups: RowGroups
  readonly #threads: SliceThreads

  constructor(columns: ReadonlyArray<Column>, run: Move, files: ReadonlyArray<StoredFile>, threads: SliceThreads) {
    this.#run = run
    this.#files = files
    const table = new ColumnBuilders(columns)
    this.leaves = table.leaves.length
    this.#rowGroups = new RowGroups(table, run.db)
    this.#threads = threads
  }

  /**
   * The rows at places `from` to before `from + length`: of each of their pieces the row groups, one at a time. Null: they are too many, as one leaf of them does
   * not fit in memory.
   */
  move(
    from: number,
    length: number,
    pieces: ReadonlyArray<Piece>
  ): Effect.Effect<ReadonlyArray<Iterable<RowGroup>> | null, LakeError | StoreError> {
    return Effect.gen({ self: this }, function* () {
      const { wanted, rowAt, rowBytes } = yield* this.#find(from, length)
      const ranges = pieces.map(({ rows }) => cutRowGroups(rows, rowBytes))
      const { threads, sliceBytes } = this.#run
      const moved = yield* this.#threads.move({
        wanted,
        rowAt,
        bounds: Int32Array.of(0, ...ranges.flat().map(({ to }) => to)),
        limit: length === 1 ? Number.POSITIVE_INFINITY : (2 * sliceBytes) / Math.max(2, threads),
        windowBytes: windowBytes / threads,
        claims: newClaims()
      })
      if (moved === null) return null
      const count = ranges.flat().length
      const joined = new JoinedLeaves(moved, count)
      let first = 0
      return ranges.map((ofPiece) => {
        const at = first
        first += ofPiece.length
        return joined.groups(
          at,
          ofPiece.map(({ from, to }) => to - from)
        )
      })
    })
  }

  /** Where the rows stand; of each, by its place, its number among those that are gathered; and how many bytes a row takes, about. */
  #find(from: number, length: number) {
    return Effect.gen({ self: this }, function* () {
      const [places, files, rows] = yield* this.#run.db.integers(placesSql(from, from + length))
      if (places === undefined || files === undefined || rows === undefined) throw new RangeError("places have three columns")
      const wanted: Array<TakenRows> = []
      const rowAt = new Int32Array(length)
      let taken = 0
      let bytes = 0
      for (let next = 0; next < length; ) {
        const f = files[next] ?? 0
        const [path = ""] = yield* this.#run.paths(this.#files.slice(f, f + 1))
        for (const at of yield* this.#rowGroups.of(path)) {
          const first = next
          while (next < length && files[next] === f && (rows[next] ?? 0) < at.first + at.rows) next++
          const found = next - first
          if (found === 0) continue
          // A few more rows than are wanted cost less than looking at each.
          const all = found > 0.75 * at.rows
          const some = new Uint8Array(at.rows).fill(all ? 1 : 0)
          for (let i = first; i < next; i++) {
            const row = (rows[i] ?? 0) - at.first
            some[row] = 1
            rowAt[places[i] ?? 0] = taken + (all ? row : i - first)
          }
          wanted.push({ at, wanted: some, taken: all ? at.rows : found })
          taken += all ? at.rows : found
          bytes += (at.leastBytes * found) / at.rows
        }
        if (files[next] === f) throw new RangeError(`${path} has fewer rows than were read of it`)
      }
      return { wanted, rowAt, rowBytes: bytes / length }
    })
  }
}
