import { readFileSync } from "node:fs"
import { join } from "node:path"
import { DuckDBInstance } from "@duckdb/node-api"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { compileContract } from "../../src/contract/compile.ts"
import { defineContract } from "../../src/contract/contract.ts"
import { parquet } from "../../src/contract/format.ts"
import { type FilesOptions, filesSource } from "../../src/source/files.ts"
import { framingOf } from "../../src/source/framing.ts"
import { definition } from "../decode/csv/contract.ts"
import { run, temporaryStore } from "../ingest/support.ts"
import { change, folderWith, pagesOf, positionsAfter, recordsOf, textsOf, untilFailure } from "./collect.ts"
import { sourceSuite } from "./source-suite.ts"

const format = framingOf(parquet)

/** A Parquet file that DuckDB writes. */
const written = (select: string, options = "") =>
  Effect.gen(function* () {
    const folder = yield* folderWith({})
    const path = join(folder, "made.parquet")
    yield* Effect.promise(async () => {
      const instance = await DuckDBInstance.create(":memory:", { threads: "1" })
      const connection = await instance.connect()
      await connection.run("SET TimeZone = 'UTC'")
      await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet${options})`)
      connection.closeSync()
      instance.closeSync()
    })
    return new Uint8Array(readFileSync(path))
  })

const numbers = (from: number, to: number) =>
  written(`SELECT i AS n, 'é' || i AS s FROM range(${from}, ${to}) t(i)`, ", ROW_GROUP_SIZE 2048")

const over = (files: Readonly<Record<string, string | Uint8Array>>, options: Partial<FilesOptions> = {}) =>
  Effect.flatMap(folderWith(files), (input) => filesSource({ input, format, arrivedAt: 0, ...options }))

sourceSuite(
  "Parquet",
  Effect.gen(function* () {
    return yield* over({ "b.parquet": yield* numbers(0, 5000), "a.parquet": yield* numbers(0, 10), "c.json": "{}" }, { pageBytes: 20_000 })
  })
)

describe("files of Parquet", () => {
  it.effect("give each row as JSON, exactly", () =>
    Effect.gen(function* () {
      const file =
        yield* written(`SELECT 9007199254740993 AS l, 1.50::DECIMAL(4,2) AS d4, -0.05::DECIMAL(18,2) AS d18, 123456789012345678901234567890.12::DECIMAL(38,2) AS d38,
        TIMESTAMP '2026-11-20 07:00:00.123456' AS t, TIMESTAMPTZ '2026-11-20 07:00:00+00' AS tz, DATE '2026-11-20' AS day, true AS b, 1.5::DOUBLE AS f, 'nan'::DOUBLE AS nan,
        '\\xFF\\x00'::BLOB AS bytes, NULL::VARCHAR AS nothing, [{'price': 1.25::DECIMAL(5,2), 'tags': ['a', NULL]}] AS items, {'a': {'b': 2.50::DECIMAL(10,2)}} AS s, MAP {'k': 0.10::DECIMAL(5,2)} AS m`)
      const [text, ...more] = yield* textsOf(yield* over({ "a.parquet": file }))
      assert.deepStrictEqual(more, [])
      assert.strictEqual(
        text,
        '{"l":9007199254740993,"d4":1.50,"d18":-0.05,"d38":123456789012345678901234567890.12,"t":"2026-11-20T07:00:00.123456Z","tz":"2026-11-20T07:00:00Z",' +
          '"day":"2026-11-20","b":true,"f":1.5,"nan":"NaN","bytes":"/wA=","nothing":null,"items":[{"price":1.25,"tags":["a",null]}],"s":{"a":{"b":2.50}},"m":{"k":0.10}}'
      )
    })
  )

  it.effect("are read again from their beginning when they are replaced, and told where they are damaged or something else", () =>
    Effect.gen(function* () {
      const [first, second] = [yield* numbers(0, 3), yield* numbers(7, 9)]
      const folder = yield* folderWith({ "a.parquet": first, "b.parquet": first.subarray(0, 60), "c.parquet": "no", "d.parquet": second })
      const source = yield* filesSource({ input: folder, format, arrivedAt: 0 })
      const { error, texts, positions } = yield* untilFailure(source)
      assert.deepStrictEqual(texts, ['{"n":0,"s":"é0"}', '{"n":1,"s":"é1"}', '{"n":2,"s":"é2"}', '{"n":7,"s":"é7"}', '{"n":8,"s":"é8"}'])
      assert.include(error.message, "2 files could not be read")
      assert.include(error.message, "b.parquet (The Parquet file is damaged or not complete)")
      assert.include(error.message, "c.parquet (The content is not a Parquet file")
      change(folder, "a.parquet", second)
      change(folder, "b.parquet", first)
      change(folder, "c.parquet", first)
      const more = yield* pagesOf(source, positions)
      assert.strictEqual(more.flatMap(recordsOf).length, 2 + 3 + 3)
      assert.deepStrictEqual(yield* pagesOf(source, positionsAfter(more, positions)), [])
    })
  )

  it.effect("of large row groups are read a part at a time", () =>
    Effect.gen(function* () {
      const file = yield* written("SELECT i AS n, repeat(chr(97 + (i % 26)::INTEGER), 20000) || i AS s FROM range(0, 2000) t(i)")
      const texts = yield* textsOf(yield* over({ "a.parquet": file }))
      assert.strictEqual(texts.length, 2000)
      for (const [i, text] of texts.entries()) assert.isTrue(text.startsWith(`{"n":${i},`) && text.endsWith(`${i}"}`))
    })
  )

  it.effect("become rows by contract", () =>
    Effect.gen(function* () {
      const contract = compileContract(defineContract({ ...definition(), format: parquet }))
      const file = yield* written(
        `SELECT 'o-' || i AS "orderId", TIMESTAMP '2026-11-20 07:00:00' AS "changedAt", i::INTEGER AS units, (i / 4)::DECIMAL(12,2) AS price, {'height': i} AS box FROM range(0, 9) t(i)`
      )
      const { counts } = yield* run(yield* over({ "a.parquet": file }), { contract })
      assert.deepStrictEqual([counts.records, counts.rows, counts.rescued, counts.drift], [9, 9, {}, {}])
    }).pipe(Effect.provide(temporaryStore))
  )
})
