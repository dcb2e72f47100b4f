import { Effect } from "effect"
import { ColumnBuilders } from "../columns/builders.ts"
import { type RowStarts, startsOf, takeRows } from "../columns/take-rows.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { RowReader, type WantedRows } from "../duckdb/read-rows.ts"
import { RowGroups } from "../duckdb/row-groups.ts"
import { encodeLeaves, joinLeaves, type RowGroup } from "../parquet/row-group.ts"
import type { StoreError } from "../store/store.ts"
import type { EngineFile, EnginePlan } from "./engine.ts"
import type { EngineRun } from "./engine-run.ts"
import * as sql from "./fold-sql.ts"
import { cutRowGroups, type Piece } from "./slices.ts"

/** Moves the rows of a slice from the files that hold them into row groups, in memory. */
export class SliceMover {
  readonly #run: EngineRun
  readonly #files: ReadonlyArray<EngineFile>
  readonly #rowGroups: RowGroups
  /** Leaves of the slice's rows in the order in which the files have them, and of one row group's in their own order. */
  readonly #gathered: ColumnBuilders
  readonly #ordered: ColumnBuilders

  constructor({ columns }: EnginePlan, run: EngineRun, files: ReadonlyArray<EngineFile>) {
    this.#run = run
    this.#files = files
    this.#gathered = new ColumnBuilders(columns)
    this.#ordered = new ColumnBuilders(columns)
    this.#rowGroups = new RowGroups(this.#gathered, run.db)
  }

  /**
   * The rows at places `from` to before `from + length`: of each of their pieces the row groups. Null: they are too many, as one leaf of them does not fit
   * in memory.
   */
  move(
    from: number,
    length: number,
    pieces: ReadonlyArray<Piece>
  ): Effect.Effect<ReadonlyArray<ReadonlyArray<RowGroup>> | null, LakeError | StoreError> {
    return Effect.gen({ self: this }, function* () {
      const { wanted, rowAt, rowBytes } = yield* this.#find(from, length)
      const reader = new RowReader(wanted)
      const groups = pieces.map(({ rows }) => cutRowGroups(rows, rowBytes).map((rows) => ({ rows, parts: [] as RowGroup[] })))
      const gathered = this.#gathered
      const limit = length === 1 ? Number.POSITIVE_INFINITY : this.#run.sliceBytes
      gathered.reset()
      const starts: Array<RowStarts> = []
      const areMany = groups.length > 1
      let held = 0
      let first = 0
      for (const leaf of gathered.leaves.keys()) {
        if (!(yield* reader.leaf(leaf, gathered, gathered.bytes + limit))) return null
        const end = leaf + 1
        if (areMany) {
          const found = startsOf(gathered, leaf)
          starts[leaf] = found
          held += found.bytes
        }
        if (gathered.bytes + held < limit && end < gathered.leaves.length) continue
        for (const { rows, parts } of groups.flat()) {
          takeRows(this.#ordered, gathered, rowAt.subarray(rows.from, rows.to), first, end, starts)
          parts.push(encodeLeaves(this.#ordered, first, end))
          this.#ordered.reset()
        }
        gathered.reset()
        starts.length = 0
        held = 0
        first = end
      }
      return groups.map((ofPiece) => ofPiece.map(({ parts }) => joinLeaves(parts)))
    })
  }

  /** Where the rows stand; of each, by its place, its number among those that are gathered; and how many bytes a row takes, about. */
  #find(from: number, length: number) {
    return Effect.gen({ self: this }, function* () {
      const byFile = new Map<number, Array<{ readonly row: number; readonly place: number }>>()
      for (const { f, r, place } of yield* this.#run.db.rows(sql.placesSql(from, from + length))) {
        const rows = byFile.get(Number(f)) ?? []
        if (rows.length === 0) byFile.set(Number(f), rows)
        rows.push({ row: Number(r), place: Number(place) })
      }
      const wanted: Array<WantedRows> = []
      const rowAt = new Int32Array(length)
      let taken = 0
      let bytes = 0
      for (const [f, rows] of byFile) {
        const [path = ""] = yield* this.#run.paths(this.#files.slice(f, f + 1))
        let next = 0
        for (const at of yield* this.#rowGroups.of(path)) {
          const ofGroup: Array<{ readonly row: number; readonly place: number }> = []
          for (let found = rows[next]; found !== undefined && found.row < at.first + at.rows; found = rows[++next]) ofGroup.push(found)
          if (ofGroup.length === 0) continue
          // A few more rows than are wanted cost less than looking at each.
          const all = ofGroup.length > 0.75 * at.rows
          const some = new Uint8Array(at.rows).fill(all ? 1 : 0)
          for (const [i, { row, place }] of ofGroup.entries()) {
            some[row - at.first] = 1
            rowAt[place - from] = taken + (all ? row - at.first : i)
          }
          wanted.push({ at, wanted: some })
          taken += all ? at.rows : ofGroup.length
          bytes += (at.leastBytes * ofGroup.length) / at.rows
        }
      }
      return { wanted, rowAt, rowBytes: bytes / length }
    })
  }
}
