import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Exit } from "effect"
import { afterAll, describe, expect, it } from "vitest"
import { ColumnBuilders } from "../../../src/columns/builders.ts"
import { JoinedLeaves } from "../../../src/duckdb/move/joined-leaves.ts"
import { newClaims, type Slice } from "../../../src/duckdb/move/leaf-mover.ts"
import { openSliceThreads } from "../../../src/duckdb/move/slice-threads.ts"
import { openDuckDB } from "../../../src/duckdb/open.ts"
import { RowReader } from "../../../src/duckdb/read-rows.ts"
import { RowGroups, type RowsAt } from "../../../src/duckdb/row-groups.ts"
import { openParquetFile } from "../../../src/parquet/file.ts"
import { encodeRowGroup, type RowGroup } from "../../../src/parquet/row-group.ts"
import { type Column, leaf, type Value } from "../../../src/record/column.ts"
import { randomColumn, randomValue, seeded } from "../../parquet/random.ts"
import { memoryUpload, query, writeParquet } from "../../parquet/support.ts"

const folder = mkdtempSync(join(tmpdir(), "sluice-move-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Rows = ReadonlyArray<ReadonlyArray<Value>>

const groupsOf = (columns: ReadonlyArray<Column>, paths: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const finder = new RowGroups(new ColumnBuilders(columns), yield* openDuckDB())
    return (yield* Effect.forEach(paths, (path) => finder.of(path))).flat()
  })

/** All wanted rows of some row groups, in an order, as row groups of so many rows. */
const sliceOf = (at: ReadonlyArray<RowsAt>, isWanted: (row: number) => boolean, rowAt: Int32Array, bounds: Int32Array): Slice => {
  let row = 0
  const wanted = at.map((each) => {
    const wanted = Uint8Array.from({ length: each.rows }, () => (isWanted(row++) ? 1 : 0))
    return { at: each, wanted, taken: wanted.reduce((sum, one) => sum + one, 0) }
  })
  return { wanted, rowAt, bounds, limit: Number.POSITIVE_INFINITY, windowBytes: 1 << 20, claims: newClaims() }
}

const moved = (columns: ReadonlyArray<Column>, slice: Slice, threads: number) =>
  Effect.gen(function* () {
    const opened = yield* openSliceThreads(columns, threads, Number.POSITIVE_INFINITY)
    const leaves = yield* opened.move(slice)
    if (leaves === null) return null
    const sizes = Array.from(slice.bounds.subarray(1), (to, i) => to - (slice.bounds[i] ?? 0))
    return [...new JoinedLeaves(leaves, sizes.length).groups(0, sizes)]
  }).pipe(Effect.scoped)

const fileOf = async (columns: ReadonlyArray<Column>, groups: ReadonlyArray<RowGroup>): Promise<Uint8Array> => {
  const { upload, bytes } = memoryUpload()
  const file = openParquetFile(columns, upload)
  await Effect.runPromise(Effect.andThen(Effect.forEach(groups, file.append), file.finish))
  return bytes()
}

const rowsOf = (columns: ReadonlyArray<Column>, path: string) =>
  Effect.gen(function* () {
    const into = new ColumnBuilders(columns)
    const wanted = (yield* groupsOf(columns, [path])).map((at) => ({ at, wanted: new Uint8Array(at.rows).fill(1) }))
    const reader = new RowReader(wanted)
    for (const number of into.leaves.keys()) yield* reader.leaf(number, into, Number.POSITIVE_INFINITY)
    into.endRows(wanted.reduce((total, { at }) => total + at.rows, 0))
    return into.rows()
  }).pipe(Effect.scoped)

/** The plain way: rows as values, in their new order. */
const plainly = (columns: ReadonlyArray<Column>, rows: Rows) => {
  const builders = new ColumnBuilders(columns)
  for (const row of rows) builders.append(row)
  const values = builders.rows()
  return { values, group: encodeRowGroup(builders) }
}

/** What is told of the rows. */
const told = ({ rows, statistics, chunks }: RowGroup) => ({
  rows,
  statistics,
  chunks: chunks.map(({ entries, statistics }) => ({ entries, statistics }))
})

const text = (name: string): Column => leaf(name, "text", "")
const words = ["", "a", "ab", "paid", "x".repeat(70), "canceled", "é"]

describe("leaves that are moved", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
    "are those of the rows in their new order, told the same of, as the plain way has them (seed %i)",
    async (seed) => {
      const random = seeded(seed)
      const columns = [
        ...Array.from({ length: 5 }, (_, i) => randomColumn(random, `c${i}`, 3)),
        text("repeats"),
        text("differs"),
        text("seldom"),
        text("never")
      ]
      const rows = Array.from({ length: 90 }, (_, i) => [
        ...columns.slice(0, 5).map((column) => randomValue(random, column)),
        words[(i * 31 + seed) % words.length] ?? null,
        `text ${i * seed}`,
        i % 40 === 7 ? "now and then" : null,
        null
      ])
      const ours = join(folder, `${seed}.parquet`)
      writeFileSync(ours, (await writeParquet(columns, [rows.slice(0, 40), rows.slice(40, 41), rows.slice(41)])).bytes)
      // Another writer has other pages, and other levels.
      const theirs = join(folder, `${seed}-theirs.parquet`)
      await query(`COPY (FROM read_parquet('${ours}')) TO '${theirs}' (FORMAT parquet, COMPRESSION snappy)`)
      const all = [...rows, ...rows]
      const share = (seed % 3) + 1
      const isWanted = (row: number) => row % share === 0
      const kept = all.flatMap((_, row) => (isWanted(row) ? [row] : []))
      const rowAt = Int32Array.from(kept, (_, i) => (i * 37 + seed) % kept.length)
      // Of 37 steps each number comes once, unless it divides them.
      expect(new Set(rowAt).size).toBe(kept.length)
      const bounds = Int32Array.of(0, 1, kept.length >> 1, kept.length)
      const found = await Effect.runPromise(
        Effect.scoped(
          Effect.gen(function* () {
            const at = yield* groupsOf(columns, [ours, theirs])
            return yield* moved(columns, sliceOf(at, isWanted, rowAt, bounds), 1)
          })
        )
      )
      const ordered = [...rowAt].map((number) => all[kept[number] ?? 0] ?? [])
      const expected = [...bounds.subarray(1)].map((to, i) => plainly(columns, ordered.slice(bounds[i], to)))
      expect(found?.map(told)).toEqual(expected.map(({ group }) => told(group)))
      const path = join(folder, `${seed}-moved.parquet`)
      writeFileSync(path, await fileOf(columns, found ?? []))
      expect(unsigned(await Effect.runPromise(rowsOf(columns, path)))).toEqual(unsigned(expected.flatMap(({ values }) => values)))
    }
  )

  const columns = Array.from({ length: 90 }, (_, i) => (i % 3 === 0 ? leaf(`n${i}`, "long", "") : text(`t${i}`)))
  const written = async (name: string): Promise<string> => {
    const rows = Array.from({ length: 300 }, (_, i) => columns.map((_, c) => (c % 3 === 0 ? BigInt(i * c) : `text ${(i * c) % 50}`)))
    const path = join(folder, name)
    writeFileSync(path, (await writeParquet(columns, [rows])).bytes)
    return path
  }
  const backwards = Int32Array.from({ length: 300 }, (_, i) => 299 - i)

  it("are the same whichever threads move them", async () => {
    const path = await written("threads.parquet")
    const [one, three] = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const at = yield* groupsOf(columns, [path])
          const slice = () => sliceOf(at, () => true, backwards, Int32Array.of(0, 100, 300))
          return [yield* moved(columns, slice(), 1), yield* moved(columns, slice(), 3)]
        })
      )
    )
    expect(three).toEqual(one)
    expect(one).toHaveLength(2)
  })

  it("are given up where one does not fit, and can be tried again", async () => {
    const path = await written("limit.parquet")
    const [none, some] = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const at = yield* groupsOf(columns, [path])
          const threads = yield* openSliceThreads(columns, 2, Number.POSITIVE_INFINITY)
          const slice = () => sliceOf(at, () => true, backwards, Int32Array.of(0, 300))
          return [yield* threads.move({ ...slice(), limit: 1000 }), yield* threads.move(slice())]
        })
      )
    )
    expect(none).toBeNull()
    expect(some?.reduce((leaves, { encoded }) => leaves + encoded.length, 0)).toBe(columns.length)
  })

  it("fail with the file that cannot be read", async () => {
    const path = await written("damaged.parquet")
    const exit = await Effect.runPromise(
      Effect.exit(
        Effect.scoped(
          Effect.gen(function* () {
            const at = yield* groupsOf(columns, [path])
            writeFileSync(path, readFileSync(path).subarray(0, 200))
            return yield* moved(
              columns,
              sliceOf(at, () => true, backwards, Int32Array.of(0, 300)),
              2
            )
          })
        )
      )
    )
    expect(Exit.isFailure(exit) && String(exit.cause)).toContain(path)
  })
})

/** DuckDB takes the sign from zero where it makes a dictionary. */
const unsigned = (value: unknown): unknown => {
  if (value === 0) return 0
  if (Array.isArray(value)) return value.map(unsigned)
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, unsigned(each)]))
}
