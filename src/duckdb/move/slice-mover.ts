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
  readonly #places: string
  readonly #run: Move
  readonly #files: ReadonlyArray<StoredFile>
  readonly #rowGroups: RowGroups
  readonly #threads: SliceThreads

  /** @param places the table that says where rows stand, see `chosen-sql.ts` */
  constructor(places: string, columns: ReadonlyArray<Column>, run: Move, files: ReadonlyArray<StoredFile>, threads: SliceThreads) {
    this.#places = places
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
      const [places, files, rows, lengths] = yield* this.#run.db.integers(placesSql(this.#places, from, from + length))
      if (places === undefined || files === undefined || rows === undefined || lengths === undefined)
        throw new RangeError("places have four columns")
      const wanted: Array<TakenRows> = []
      const rowAt = new Int32Array(length)
      let taken = 0
      let bytes = 0
      // The run that is next, and how many of its rows the row groups before had.
      let run = 0
      let done = 0
      while (run < places.length) {
        const f = files[run] ?? 0
        const [path = ""] = yield* this.#run.paths(this.#files.slice(f, f + 1))
        for (const at of yield* this.#rowGroups.of(path)) {
          const end = at.first + at.rows
          const first = { run, done }
          let found = 0
          while (files[run] === f && (rows[run] ?? 0) + done < end) {
            const more = Math.min((lengths[run] ?? 0) - done, end - (rows[run] ?? 0) - done)
            found += more
            done += more
            if (done < (lengths[run] ?? 0)) break
            run++
            done = 0
          }
          if (found === 0) continue
          // A few more rows than are wanted cost less than looking at each.
          const all = found > 0.75 * at.rows
          const some = new Uint8Array(at.rows).fill(all ? 1 : 0)
          let before = first.done
          for (let i = first.run, rank = 0; rank < found; i++, before = 0) {
            const row = (rows[i] ?? 0) + before - at.first
            const place = (places[i] ?? 0) + before
            const more = Math.min((lengths[i] ?? 0) - before, at.rows - row)
            if (!all) some.fill(1, row, row + more)
            for (let j = 0; j < more; j++) rowAt[place + j] = taken + j + (all ? row : rank)
            rank += more
          }
          wanted.push({ at, wanted: some, taken: all ? at.rows : found })
          taken += all ? at.rows : found
          bytes += (at.leastBytes * found) / at.rows
        }
        if (files[run] === f) throw new RangeError(`${path} has fewer rows than were read of it`)
      }
      return { wanted, rowAt, rowBytes: bytes / length }
    })
  }
}
