import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { afterAll, describe, expect, it } from "vitest"
import { widthsOf } from "../../../src/duckdb/move/divide.ts"
import { type MoveProgress, moveWith, type StoredFile } from "../../../src/duckdb/move/move.ts"
import { openSliceThreads } from "../../../src/duckdb/move/slice-threads.ts"
import { writeChosen } from "../../../src/duckdb/move/write-chosen.ts"
import { openDuckDB } from "../../../src/duckdb/open.ts"
import { leaf } from "../../../src/record/column.ts"
import { localStore } from "../../../src/store/local-store.ts"
import { Store } from "../../../src/store/store.ts"
import { query, writeParquet } from "../../parquet/support.ts"

const folder = mkdtempSync(join(tmpdir(), "sluice-divide-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe("ranges of places", () => {
  it("narrow until one is what is taken at a time, 64 of them at the most from one to the next", () => {
    expect(widthsOf(100, 100)).toEqual([])
    expect(widthsOf(101, 100)).toEqual([{ before: 200, width: 100 }])
    expect(widthsOf(6_400, 100)).toEqual([{ before: 6_400, width: 100 }])
    expect(widthsOf(6_401, 100)).toEqual([
      { before: 6_500, width: 200 },
      { before: 200, width: 100 }
    ])
    expect(widthsOf(1_000_000, 1).map(({ width }) => width)).toEqual([15_625, 245, 4, 1])
  })
})

const columns = [leaf("key", "long", ""), leaf("words", "text", ""), leaf("seldom", "text", "")]
const rows = 750
const rowsPerFile = 50

/** Rows of two partitions, `even` and `odd`, `most` at a time, from files in which they lie as `keyOf` says. @param which as SQL: the others stay where they are */
let lakes = 0
const write = async (most: number, keyOf: (row: number) => number, which = "true") => {
  const name = `lake${lakes++}`
  const files: Array<StoredFile> = []
  for (let first = 0; first < rows; first += rowsPerFile) {
    const group = Array.from({ length: rowsPerFile }, (_, i) => {
      const key = keyOf(first + i)
      return [BigInt(key), `row ${key} ${"x".repeat(key % 90)}`, key % 50 === 0 ? "now and then" : null]
    })
    const { bytes } = await writeParquet(columns, [group])
    const key = `${name}-${first}.parquet`
    writeFileSync(join(folder, key), bytes)
    files.push({ key, size: bytes.length })
  }
  const bytes = files.reduce((total, { size }) => total + size, 0)
  const progress: Array<MoveProgress> = []
  const statements: Array<string> = []
  const written = await Effect.runPromise(
    Effect.gen(function* () {
      const store = yield* Store
      const db = yield* openDuckDB()
      const move = moveWith({ threads: 1, sliceBytes: ((most + 0.5) * bytes) / (2 * rows) }, db, store, (each) => progress.push(each))
      const run = {
        ...move,
        db: {
          ...db,
          run: (sql: string) =>
            Effect.andThen(
              Effect.sync(() => statements.push(sql)),
              db.run(sql)
            )
        }
      }
      const paths = (yield* run.paths(files)).map((path) => `'${path}'`)
      yield* db.run(`CREATE TABLE chosen AS
        SELECT row_number() OVER (ORDER BY p, key) - 1 AS place, p, f, r, 1 AS n
        FROM (SELECT key, if(key % 2 = 0, 'even', 'odd') AS p, file_index AS f, file_row_number AS r
          FROM read_parquet([${paths}], file_row_number = true)) WHERE ${which}`)
      const target = { tablePath: name, columns, targetFileBytes: Number.POSITIVE_INFINITY, valuesOf: (p: string) => ({ p }) }
      return yield* writeChosen(target, run, files, yield* openSliceThreads(columns, 1, 0))
    }).pipe(Effect.scoped, Effect.provide(localStore(folder)))
  )
  const found = await Promise.all(
    written.map(({ add }) => query(`SELECT key::INTEGER AS key, words, seldom FROM '${join(folder, name, add.path)}'`))
  )
  return { found, passes: statements.filter((sql) => sql.startsWith("CREATE TABLE divided")).length, progress }
}

const expected = [0, 1].map((rest) =>
  Array.from({ length: rows / 2 }, (_, i) => {
    const key = 2 * i + rest
    return [key, `row ${key} ${"x".repeat(key % 90)}`, key % 50 === 0 ? "now and then" : null]
  })
)

describe("rows that are written in slices", () => {
  it.each([
    { lie: "all over the files", most: 50, passes: 1 },
    { lie: "all over the files, in very many slices", most: 10, passes: 2 }
  ])("are divided among files first where they lie $lie", async ({ most, passes }) => {
    const written = await write(most, (row) => (row * 77) % rows)
    expect(written.found).toEqual(expected)
    expect(written.passes).toBe(passes)
    const told = written.progress.map(({ rows }) => rows)
    expect(told).toEqual(told.toSorted((a, b) => a - b))
    expect(written.progress.at(-1)).toEqual({ rows, rowsTotal: rows })
  })

  it.each([
    { lie: "in their order", most: 50, keyOf: (row: number) => (row < rows / 2 ? 2 * row : 2 * row - rows + 1) },
    { lie: "all over the files, but few slices hold them", most: 300, keyOf: (row: number) => (row * 77) % rows }
  ])("are taken from where they stand where they lie $lie", async ({ most, keyOf }) => {
    const written = await write(most, keyOf)
    expect(written.found).toEqual(expected)
    expect(written.passes).toBe(0)
    expect(written.progress.at(-1)).toEqual({ rows, rowsTotal: rows })
  })

  it("are taken from where they stand where few are wanted of each file, and few slices hold them", async () => {
    const written = await write(50, (row) => (row * 77) % rows, "key % 10 < 2")
    expect(written.found).toEqual(expected.map((partition) => partition.filter(([key]) => Number(key) % 10 < 2)))
    expect(written.passes).toBe(0)
  })
})
