import { readdir, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { asyncBufferFromFile, parquetMetadataAsync } from "hyparquet"
import { openDuckDB } from "../../src/lake/duckdb.ts"
import { joinParquet } from "../../src/lake/join-parquet.ts"

const rows = (from: number, to: number) =>
  `SELECT i AS id, 'key-' || i AS key, CASE WHEN i % 3 = 0 THEN NULL ELSE 'same' END AS word, {'a': i, 'secret': 'x' || i} AS s,
     [{'p': i::DECIMAL(18,2)}, NULL] AS items, make_timestamptz(i::BIGINT) AS t FROM range(${from}, ${to}) AS r(i)`

/** How many files this process has open. */
const openFiles = Effect.promise(async () => (await readdir("/dev/fd")).length)

describe("joined files", () => {
  it.live("hold the rows of their parts, in order, under a footer of our own", () =>
    Effect.gen(function* () {
      const db = yield* openDuckDB()
      const parts = [0, 1, 2].map((n) => join(db.folder, `${n}.parquet`))
      // Several row groups, one, and none.
      yield* db.run(`COPY (${rows(0, 5000)}) TO '${parts[0]}' (ROW_GROUP_SIZE 2048, COMPRESSION zstd)`)
      yield* db.run(`COPY (${rows(5000, 5003)}) TO '${parts[1]}' (COMPRESSION zstd)`)
      yield* db.run(`COPY (${rows(0, 0)}) TO '${parts[2]}' (COMPRESSION zstd)`)
      const whole = join(db.folder, "whole.parquet")
      yield* joinParquet(
        parts.map((part) => [part]),
        whole,
        (path) => !path.includes("secret")
      )

      const different = `SELECT count(*) AS n FROM (${rows(0, 5003)}) a FULL JOIN read_parquet('${whole}', file_row_number = true) b USING (id)
        WHERE (a.key, a.word, a.s, a.items, a.t) IS DISTINCT FROM (b.key, b.word, b.s, b.items, b.t) OR b.file_row_number <> id`
      assert.deepStrictEqual(yield* db.rows(different), [{ n: 0 }])
      // Row groups are skipped by their statistics: they must have come along unharmed.
      assert.deepStrictEqual(yield* db.rows(`SELECT id FROM '${whole}' WHERE key = 'key-4999' AND s.secret = 'x4999'`), [{ id: 4999 }])

      const metadata = yield* Effect.promise(async () => parquetMetadataAsync(await asyncBufferFromFile(whole)))
      assert.strictEqual(metadata.num_rows, 5003n)
      assert.strictEqual(metadata.row_groups.length, 4)
      assert.match(metadata.created_by ?? "", /^sluice version \d+\.\d+\.\d+ \(build \w+\)$/)
      assert.deepStrictEqual(metadata.key_value_metadata, [{ key: "org.apache.spark.version", value: "3.5.0" }])
      for (const { columns } of metadata.row_groups) {
        for (const { meta_data } of columns) {
          const secret = meta_data?.path_in_schema.includes("secret") === true
          assert.strictEqual(meta_data?.statistics?.max_value === undefined, secret, meta_data?.path_in_schema.join("."))
          assert.isDefined(meta_data?.statistics?.null_count)
          assert.isUndefined(meta_data?.bloom_filter_offset)
        }
      }
      const sizes = yield* Effect.promise(() => Promise.all([...parts, whole].map(async (path) => (await stat(path)).size)))
      assert.isBelow(sizes[3] ?? 0, (sizes[0] ?? 0) + (sizes[1] ?? 0) + (sizes[2] ?? 0))
    }).pipe(Effect.scoped)
  )

  it.live("are not made of what is no Parquet file", () =>
    Effect.gen(function* () {
      const db = yield* openDuckDB()
      const part = join(db.folder, "part")
      yield* Effect.promise(() => writeFile(part, "not a Parquet file at all"))
      const open = yield* openFiles
      const error = yield* Effect.flip(joinParquet([[part]], join(db.folder, "whole"), () => true))
      assert.include(error.message, "does not end as a Parquet file")
      assert.include((yield* Effect.flip(joinParquet([], join(db.folder, "none"), () => true))).message, "no files")
      assert.strictEqual(yield* openFiles, open)
    }).pipe(Effect.scoped)
  )

  it.live("hold columns that were written apart, side by side", () =>
    Effect.gen(function* () {
      const db = yield* openDuckDB({ threads: 1 })
      const write = (columns: string, name: string, rowGroup = 2048) => {
        const file = join(db.folder, name)
        return Effect.as(
          db.run(`COPY (SELECT ${columns} FROM (${rows(0, 5000)})) TO '${file}' (ROW_GROUP_SIZE ${rowGroup}, COMPRESSION zstd)`),
          file
        )
      }
      const left = yield* write("id, key", "left.parquet")
      const right = yield* write("word, s, items, t", "right.parquet")
      const whole = join(db.folder, "whole.parquet")
      yield* joinParquet(
        [
          [left, right],
          [left, right]
        ],
        whole,
        () => true
      )
      const expected = `(${rows(0, 5000)}) UNION ALL (${rows(0, 5000)})`
      assert.deepStrictEqual(yield* db.rows(`SELECT count(*) AS n FROM (FROM '${whole}' EXCEPT ALL (${expected}))`), [{ n: 0 }])
      assert.deepStrictEqual(yield* db.rows(`SELECT count(*) AS n FROM '${whole}'`), [{ n: 10_000 }])

      const other = yield* write("word", "other.parquet", 4096)
      const error = yield* Effect.flip(joinParquet([[left, other]], whole, () => true))
      assert.include(error.message, "different row groups")
    }).pipe(Effect.scoped)
  )

  it.live("follow the numbers of their rows, and refuse columns of other rows", () =>
    Effect.gen(function* () {
      const db = yield* openDuckDB({ threads: 1 })
      const write = (select: string, name: string) => {
        const file = join(db.folder, name)
        return Effect.as(db.run(`COPY (${select}) TO '${file}' (ROW_GROUP_SIZE 2048, COMPRESSION zstd)`), file)
      }
      // Rows 3000 to 5047 before rows 0 to 2047, in both files.
      const numbers = "SELECT (CASE WHEN i < 2048 THEN i + 3000 ELSE i - 2048 END)::BIGINT AS place FROM range(4096) AS r(i)"
      const left = yield* write(`SELECT 'l' || place AS l, place AS __place FROM (${numbers})`, "left.parquet")
      const right = yield* write(`SELECT 'r' || place AS r, place AS __place FROM (${numbers})`, "right.parquet")
      const whole = join(db.folder, "whole.parquet")
      yield* joinParquet([[left, right]], whole, () => true, "__place")
      const [found] = yield* db.rows(
        `SELECT count(*) AS n, count(*) FILTER (l[2:] <> r[2:]) AS torn,
           count(*) FILTER (l[2:]::INT <> (CASE WHEN file_row_number < 2048 THEN file_row_number ELSE file_row_number + 952 END)) AS disorder
         FROM read_parquet('${whole}', file_row_number = true)`
      )
      assert.deepStrictEqual(found, { n: 4096, torn: 0, disorder: 0 })
      assert.deepStrictEqual(
        (yield* db.rows(`DESCRIBE FROM '${whole}'`)).map((row) => row["column_name"]),
        ["l", "r"]
      )

      const shuffled = yield* write(
        `SELECT 's' || place AS s, place AS __place FROM (${numbers}) ORDER BY place >= 3000 DESC, place % 2, place`,
        "shuffled.parquet"
      )
      assert.include((yield* Effect.flip(joinParquet([[left, shuffled]], whole, () => true, "__place"))).message, "different row groups")
      const other = yield* write(`SELECT 'o' || place AS o, place + 1 AS __place FROM (${numbers})`, "other.parquet")
      assert.include((yield* Effect.flip(joinParquet([[left, other]], whole, () => true, "__place"))).message, "different row groups")
      assert.include((yield* Effect.flip(joinParquet([[left]], whole, () => true, "l"))).message, "not its last column")
    }).pipe(Effect.scoped)
  )
})
