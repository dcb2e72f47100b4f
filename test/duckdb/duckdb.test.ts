import { existsSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { Decimal } from "../../src/duckdb/plain.ts"
import { filesList, identifier, literal, readParquet, sqlType } from "../../src/duckdb/sql.ts"
import { isoMicros } from "../../src/duckdb/values.ts"
import { jsonText } from "../../src/record/json-text.ts"
import { until } from "../passing-time.ts"

describe("duckdb", () => {
  it.live("gives exact values", () =>
    Effect.gen(function* () {
      const db = yield* openDuckDB()
      const [row] =
        yield* db.rows(`SELECT 1::BIGINT AS small, 9007199254740993 AS large, 0.10::DECIMAL(38,2) AS exact, 'NaN'::DOUBLE AS nan,
        TIMESTAMPTZ '1969-12-31 23:59:59.999999+00' AS t, TIMESTAMP '2026-11-20 01:02:03' AS local, 'infinity'::TIMESTAMPTZ AS never,
        DATE '2026-11-20' AS d, [1, NULL] AS l, {'a': {'b': 'c'}} AS s, MAP {'k': 1} AS m, '\\xFF\\x00'::BLOB AS b, true AS yes, NULL AS nothing`)
      assert.deepStrictEqual(row, {
        small: 1,
        large: 9007199254740993n,
        exact: new Decimal("0.10"),
        nan: "NaN",
        t: "1969-12-31T23:59:59.999999Z",
        local: "2026-11-20T01:02:03.000000",
        never: "infinity",
        d: "2026-11-20",
        l: [1, null],
        s: { a: { b: "c" } },
        m: { k: 1 },
        b: "/wA=",
        yes: true,
        nothing: null
      })
      assert.strictEqual(
        jsonText({ large: row?.["large"] ?? null, exact: row?.["exact"] ?? null }),
        '{"large":9007199254740993,"exact":0.10}'
      )
    }).pipe(Effect.scoped)
  )

  it("tells times of any year", () => {
    assert.strictEqual(isoMicros(-1n, true), "1969-12-31T23:59:59.999999Z")
    assert.strictEqual(isoMicros(2n ** 63n - 1n, true), "9223372036854775807 microseconds since 1970")
  })

  it.live("takes the path of a file for nothing else", () =>
    Effect.gen(function* () {
      const db = yield* openDuckDB()
      const schema = { type: "struct", fields: [{ name: "name", type: "string", nullable: true, metadata: {} }] } as const
      for (const name of ["a[1]", "a1", "a?", "a*", "ab", "a'b"]) {
        yield* db.run(`COPY (SELECT ${literal(name)} AS name) TO ${literal(join(db.folder, `${name}.parquet`))} (FORMAT parquet)`)
      }
      for (const name of ["a[1]", "a?", "a*", "a'b"]) {
        const path = join(db.folder, `${name}.parquet`)
        assert.deepStrictEqual(yield* db.rows(`SELECT name FROM ${readParquet([path], schema)}`), [{ name }])
        const [row] = yield* db.rows(`SELECT sum(num_rows) AS n, min(file_name) AS file FROM parquet_file_metadata(${filesList([path])})`)
        assert.deepStrictEqual([Number(row?.["n"]), row?.["file"]], [1, path])
      }
    }).pipe(Effect.scoped)
  )

  it.live("gives large values whole, a few rows at a time", () =>
    Effect.gen(function* () {
      const db = yield* openDuckDB()
      const { rows } = yield* db.stream("SELECT repeat('x', 1500000)::BLOB AS b FROM range(7)")
      const pieces = yield* Stream.runCollect(Stream.chunks(rows))
      assert.deepStrictEqual(
        pieces.map((piece) => piece.map(([value]) => String(value).length)),
        [[2_000_000, 2_000_000, 2_000_000], [2_000_000, 2_000_000, 2_000_000], [2_000_000]]
      )
    }).pipe(Effect.scoped)
  )

  it.live("streams rows without holding them", () =>
    Effect.gen(function* () {
      const db = yield* openDuckDB()
      const { columns, rows } = yield* db.stream("SELECT range AS n, range::VARCHAR AS n FROM range(10000000000)")
      assert.deepStrictEqual(columns, [
        { name: "n", type: "BIGINT" },
        { name: "n:1", type: "VARCHAR" }
      ])
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(rows, 2)), [
        [0, "0"],
        [1, "1"]
      ])
    }).pipe(Effect.scoped)
  )

  it.live("says whose fault it is", () =>
    Effect.gen(function* () {
      const db = yield* openDuckDB({ memoryLimit: 20 * 1024 * 1024 })
      const reason = (sql: string) => Effect.map(Effect.flip(db.run(sql)), (error) => error.reason)
      assert.strictEqual(yield* reason("SELEC 1"), "Invalid")
      assert.strictEqual(yield* reason("SELECT * FROM nowhere"), "Invalid")
      assert.strictEqual(yield* reason("SELECT 'x'::INTEGER"), "Invalid")
      assert.strictEqual(yield* reason("FROM read_parquet('/nowhere/at/all.parquet')"), "Missing")
      assert.strictEqual(yield* reason("SELECT list(repeat('x', 1000) || range) FROM range(1000000)"), "Memory")
      const error = yield* Effect.flip(db.run(`SELECT '${"x".repeat(10_000)}' FROM nowhere`))
      assert.isBelow(error.message.length, 600)
      assert.include(error.message, "SHOW TABLES")
    }).pipe(Effect.scoped)
  )

  it.live("has no network, and does not look for any", () =>
    Effect.gen(function* () {
      const db = yield* openDuckDB()
      const error = yield* Effect.flip(db.run("FROM 'https://example.com/x.parquet'"))
      assert.match(error.message, /httpfs|extension/)
    }).pipe(Effect.scoped)
  )

  it.live("stops a statement when it is interrupted, and removes its folder", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.scoped(
        Effect.gen(function* () {
          const db = yield* openDuckDB()
          // At once, when it may not have begun in its thread, and when it surely has.
          for (const written of [null, join(db.folder, "begun.csv")]) {
            const file = literal(written ?? join(db.folder, "other.csv"))
            const endless = db.run(`COPY (SELECT a.range FROM range(10000000) a, range(10000000) b) TO ${file} (USE_TMP_FILE false)`)
            const fiber = yield* Effect.forkChild(endless, { startImmediately: true })
            if (written !== null) yield* until(() => existsSync(written))
            yield* Fiber.interrupt(fiber)
            assert.deepStrictEqual(yield* db.rows("SELECT 1 AS one"), [{ one: 1 }])
          }
          assert.isTrue(existsSync(db.folder))
          return db.folder
        })
      )
      assert.isFalse(existsSync(folder))
    })
  )

  it.live("says where it cannot spill", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.scoped(openDuckDB({ tempDirectory: "/nowhere/at/all" })))
      assert.include(error.message, "TMPDIR")
    })
  )
})

describe("sql", () => {
  it("quotes whatever a name or a text holds", () => {
    assert.strictEqual(identifier('a"; DROP'), '"a""; DROP"')
    assert.strictEqual(literal("it's"), "'it''s'")
  })

  it("has a type for every type of a log", () => {
    const field = (name: string, type: Parameters<typeof sqlType>[0]) => ({ name, type, nullable: true, metadata: {} })
    assert.strictEqual(
      sqlType({
        type: "array",
        containsNull: true,
        elementType: { type: "struct", fields: [field("a b", "decimal(10,2)"), field("t", "timestamp")] }
      }),
      'STRUCT("a b" DECIMAL(10,2), "t" TIMESTAMP WITH TIME ZONE)[]'
    )
    assert.strictEqual(sqlType({ type: "map", keyType: "string", valueType: "long", valueContainsNull: true }), "MAP(VARCHAR, BIGINT)")
    assert.throws(() => sqlType("variant"), /variant/)
  })
})
