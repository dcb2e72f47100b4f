import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { afterAll, describe, expect, it } from "vitest"
import { ColumnBuilders } from "../../src/columns/builders.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { RowReader } from "../../src/duckdb/read-rows.ts"
import { RowGroups } from "../../src/duckdb/row-groups.ts"
import { type Column, leaf, type Value } from "../../src/record/column.ts"
import { takeRows } from "../columns/take-rows.ts"
import { randomColumn, randomValue, seeded } from "../parquet/random.ts"
import { query, writeParquet } from "../parquet/support.ts"

const folder = mkdtempSync(join(tmpdir(), "sluice-read-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
const fileOf = async (columns: ReadonlyArray<Column>, groups: ReadonlyArray<ReadonlyArray<ReadonlyArray<Value>>>): Promise<string> => {
  const path = join(folder, `${files++}.parquet`)
  writeFileSync(path, (await writeParquet(columns, groups)).bytes)
  return path
}

/** Rows of files as columns, by leaves. @param isWanted by the row's number over all files */
const read = (
  columns: ReadonlyArray<Column>,
  paths: ReadonlyArray<string>,
  isWanted: (row: number) => boolean = () => true
): Promise<ColumnBuilders> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const into = new ColumnBuilders(columns)
        const rowGroups = new RowGroups(into, yield* openDuckDB())
        let row = 0
        const wanted = (yield* Effect.forEach(paths, (path) => rowGroups.of(path)))
          .flat()
          .map((at) => ({ at, wanted: Uint8Array.from({ length: at.rows }, () => (isWanted(row++) ? 1 : 0)) }))
        const reader = new RowReader(wanted)
        for (const leaf of into.leaves.keys()) expect(yield* reader.leaf(leaf, into, Number.POSITIVE_INFINITY)).toBe(true)
        into.endRows(wanted.reduce((total, { wanted }) => total + wanted.reduce((sum, each) => sum + each, 0), 0))
        return into
      })
    )
  )

/** As builders give rows back. */
const normal = (columns: ReadonlyArray<Column>, rows: ReadonlyArray<ReadonlyArray<Value>>) => {
  const builders = new ColumnBuilders(columns)
  for (const row of rows) builders.append(row)
  return builders.rows()
}

/** DuckDB takes the sign from zero where it makes a dictionary. */
const unsigned = (value: Value | ReadonlyArray<ReadonlyArray<Value>>): unknown => {
  if (value === 0) return 0
  if (Array.isArray(value)) return value.map(unsigned)
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, unsigned(each)]))
}

const text = (name: string): Column => leaf(name, "text", "")
const list = (name: string, element: Column): Column => ({ kind: "list", name, description: "", element: { ...element, name: "element" } })
const struct = (name: string, ...fields: ReadonlyArray<Column>): Column => ({ kind: "struct", name, description: "", fields })

describe("rows read by leaves", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "are those that were written, by Sluice and by DuckDB, whichever are wanted (seed %i)",
    async (seed) => {
      const random = seeded(seed)
      const columns = Array.from({ length: 6 }, (_, i) => randomColumn(random, `c${i}`, 3))
      const rows = Array.from({ length: 60 }, () => columns.map((column) => randomValue(random, column)))
      const ours = await fileOf(columns, [rows.slice(0, 25), rows.slice(25, 26), rows.slice(26)])
      const expected = normal(columns, rows)
      expect((await read(columns, [ours])).rows()).toEqual(expected)
      for (const options of ["COMPRESSION snappy", "COMPRESSION zstd, PARQUET_VERSION v2", "COMPRESSION gzip, ROW_GROUP_SIZE 16"]) {
        const theirs = join(folder, `${files++}.parquet`)
        await query(`COPY (FROM read_parquet('${ours}')) TO '${theirs}' (FORMAT parquet, ${options})`)
        expect(unsigned((await read(columns, [theirs])).rows())).toEqual(unsigned(expected))
      }
      const isWanted = (row: number) => (row * 7 + seed) % 3 === 0
      expect((await read(columns, [ours, ours], isWanted)).rows()).toEqual([...expected, ...expected].filter((_, row) => isWanted(row)))
    }
  )

  it.each([1, 2, 3, 4])("can be put in any order (seed %i)", (seed) => {
    const random = seeded(seed)
    const columns = Array.from({ length: 6 }, (_, i) => randomColumn(random, `c${i}`, 3))
    const rows = Array.from({ length: 80 }, () => columns.map((column) => randomValue(random, column)))
    const [from, to] = [new ColumnBuilders(columns), new ColumnBuilders(columns)]
    for (const row of rows) from.append(row)
    const order = Int32Array.from({ length: 50 }, (_, i) => (i * 37 + seed) % rows.length)
    takeRows(to, from, order, 0, from.leaves.length)
    const expected = normal(
      columns,
      [...order].map((row) => rows[row] ?? [])
    )
    expect(to.rows()).toEqual(expected)
  })

  it("have null where a file lacks columns, at any depth, and keep the lists around them", async () => {
    const old = [struct("s", text("a")), list("l", struct("e", text("a"), list("deep", text("t"))))]
    const now = [
      text("new"),
      struct("s", text("a"), struct("more", text("x")), list("xs", text("x"))),
      list("l", struct("e", text("b"), list("deep", text("t")), list("other", text("o")), text("a")))
    ]
    const path = await fileOf(old, [
      [
        [{ a: "1" }, [{ a: "x", deep: ["p", "q"] }, null, { a: "y", deep: [] }]],
        [null, []],
        [{}, null]
      ]
    ])
    expect((await read(now, [path])).rows()).toEqual(
      normal(now, [
        [null, { a: "1" }, [{ deep: ["p", "q"], a: "x" }, null, { deep: [], a: "y" }]],
        [null, null, []],
        [null, {}, null]
      ])
    )
  })

  it("are read by the name that a column had before, and under both, and with another type", async () => {
    const now: ReadonlyArray<Column> = [{ ...text("now"), formerly: ["before"] }]
    const before = await fileOf([text("before")], [[["x"]]])
    const both = await fileOf(
      [text("before"), text("now")],
      [
        [
          ["x", null],
          ["x", "y"],
          [null, null]
        ]
      ]
    )
    const other = await fileOf([leaf("now", "long", "")], [[[1n]]])
    expect((await read(now, [before, both, other])).rows()).toEqual([["x"], ["x"], ["y"], [null], ["1"]])
  })

  it("stop where they are too many", async () => {
    const columns = [list("l", text("t"))]
    const path = await fileOf(columns, [Array.from({ length: 100 }, (_, i) => [Array.from({ length: 100 }, () => `text ${i}`)])])
    const into = new ColumnBuilders(columns)
    const fits = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const groups = new RowGroups(into, yield* openDuckDB())
          const wanted = (yield* groups.of(path)).map((at) => ({ at, wanted: new Uint8Array(at.rows).fill(1) }))
          return yield* new RowReader(wanted).leaf(0, into, 1000)
        })
      )
    )
    expect(fits).toBe(false)
  })

  it("are damaged where bytes are: told with the file, and other files are read as before", async () => {
    const columns = [text("a")]
    const rows = Array.from({ length: 500 }, (_, i) => [`text ${i} ${i * 7919}`])
    const path = await fileOf(columns, [rows])
    const whole = readFileSync(path)
    const damaged = Buffer.from(whole).fill(0xff, 200, 260)
    for (const bytes of [damaged, Buffer.from("PAR1 is not enough"), whole.subarray(0, 300)]) {
      writeFileSync(path, bytes)
      await expect(read(columns, [path])).rejects.toThrow(path)
    }
    writeFileSync(path, whole)
    expect((await read(columns, [path])).rows()).toEqual(rows)
  })
})
