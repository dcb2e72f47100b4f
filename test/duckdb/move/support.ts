import { Effect } from "effect"
import { ColumnBuilders } from "../../../src/columns/builders.ts"
import { JoinedLeaves } from "../../../src/duckdb/move/joined-leaves.ts"
import { newClaims, type Slice } from "../../../src/duckdb/move/leaf-mover.ts"
import { openSliceThreads } from "../../../src/duckdb/move/slice-threads.ts"
import { openDuckDB } from "../../../src/duckdb/open.ts"
import { RowReader } from "../../../src/duckdb/read-rows.ts"
import { RowGroups, type RowsAt } from "../../../src/duckdb/row-groups.ts"
import { openParquetFile } from "../../../src/parquet/file.ts"
import { encodeRowGroup, type RowGroup } from "../../../src/parquet/row-group.ts"
import type { Column, Value } from "../../../src/record/column.ts"
import { memoryUpload } from "../../parquet/support.ts"

export type Rows = ReadonlyArray<ReadonlyArray<Value>>

export const groupsOf = (columns: ReadonlyArray<Column>, paths: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const finder = new RowGroups(new ColumnBuilders(columns), yield* openDuckDB())
    return (yield* Effect.forEach(paths, (path) => finder.of(path))).flat()
  })

/** All wanted rows of some row groups, in an order, as row groups of so many rows. */
export const sliceOf = (at: ReadonlyArray<RowsAt>, isWanted: (row: number) => boolean, rowAt: Int32Array, bounds: Int32Array): Slice => {
  let row = 0
  const wanted = at.map((each) => {
    const wanted = Uint8Array.from({ length: each.rows }, () => (isWanted(row++) ? 1 : 0))
    return { at: each, wanted, taken: wanted.reduce((sum, one) => sum + one, 0) }
  })
  return { wanted, rowAt, bounds, limit: Number.POSITIVE_INFINITY, windowBytes: 1 << 20, claims: newClaims() }
}

export const moved = (columns: ReadonlyArray<Column>, slice: Slice, threads: number) =>
  Effect.gen(function* () {
    const opened = yield* openSliceThreads(columns, threads, Number.POSITIVE_INFINITY)
    const leaves = yield* opened.move(slice)
    if (leaves === null) return null
    const sizes = Array.from(slice.bounds.subarray(1), (to, i) => to - (slice.bounds[i] ?? 0))
    return [...new JoinedLeaves(leaves, sizes.length).groups(0, sizes)]
  }).pipe(Effect.scoped)

export const fileOf = async (columns: ReadonlyArray<Column>, groups: ReadonlyArray<RowGroup>): Promise<Uint8Array> => {
  const { upload, bytes } = memoryUpload()
  const file = openParquetFile(columns, upload)
  await Effect.runPromise(Effect.andThen(Effect.forEach(groups, file.append), file.finish))
  return bytes()
}

export const rowsOf = (columns: ReadonlyArray<Column>, path: string) =>
  Effect.gen(function* () {
    const into = new ColumnBuilders(columns)
    const wanted = (yield* groupsOf(columns, [path])).map((at) => ({ at, wanted: new Uint8Array(at.rows).fill(1) }))
    const reader = new RowReader(wanted)
    for (const number of into.leaves.keys()) yield* reader.leaf(number, into, Number.POSITIVE_INFINITY)
    into.endRows(wanted.reduce((total, { at }) => total + at.rows, 0))
    return into.rows()
  }).pipe(Effect.scoped)

/** The plain way: rows as values, in their new order. */
export const plainly = (columns: ReadonlyArray<Column>, rows: Rows) => {
  const builders = new ColumnBuilders(columns)
  for (const row of rows) builders.append(row)
  const values = builders.rows()
  return { values, group: encodeRowGroup(builders) }
}

/** What is told of the rows. */
export const told = ({ rows, statistics, chunks }: RowGroup) => ({
  rows,
  statistics,
  chunks: chunks.map(({ entries, statistics }) => ({ entries, statistics }))
})

/** DuckDB takes the sign from zero where it makes a dictionary. */
export const unsigned = (value: unknown): unknown => {
  if (value === 0) return 0
  if (Array.isArray(value)) return value.map(unsigned)
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, unsigned(each)]))
}
