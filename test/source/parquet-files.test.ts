import { readFileSync } from "node:fs"
import { join } from "node:path"
import { DuckDBInstance } from "@duckdb/node-api"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { bytesIn } from "../../src/contract/bytes-at.ts"
import { type CompiledContract, compileContract } from "../../src/contract/compile.ts"
import { defineContract, events } from "../../src/contract/contract.ts"
import { binary, document, entries, type Fields, list, long, text, timestamp } from "../../src/contract/field.ts"
import { parquet } from "../../src/contract/format.ts"
import { stagePath } from "../../src/lake/layout.ts"
import { type FilesOptions, filesSource } from "../../src/source/files.ts"
import { framingOf } from "../../src/source/framing.ts"
import { openTable, readTable } from "../../src/table/table.ts"
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

const eventsOf = (fields: Fields) =>
  compileContract(
    defineContract({
      name: "events",
      title: "Events",
      owner: "tests",
      sensitivity: "internal",
      description: "Events.",
      fields,
      drops: [],
      expectations: [],
      keepUnknown: false,
      conventions: { anyCase: true },
      table: events({ key: ["id"], by: "none" }),
      format: parquet
    })
  )

/** What stage has of files, read by contract. */
const rowsOf = (contract: CompiledContract, ...files: ReadonlyArray<Uint8Array>) =>
  Effect.gen(function* () {
    const all = Object.fromEntries(files.map((file, i) => [`${i}.parquet`, file]))
    yield* run(yield* over(all, { bytesAt: bytesIn(contract.contract.fields) }), { contract })
    return yield* Stream.runCollect(readTable(yield* openTable(stagePath(contract.contract.name))))
  })

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
        '{"l":9007199254740993,"d4":1.50,"d18":-0.05,"d38":123456789012345678901234567890.12,"t":"2026-11-20T07:00:00.123456","tz":"2026-11-20T07:00:00Z",' +
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

  it.effect("give maps by the texts of their keys, whatever those are", () =>
    Effect.gen(function* () {
      const file =
        yield* written(`SELECT MAP {'ab'::BLOB: 1} AS bytes, MAP {0.10::DECIMAL(4,2): 1} AS decimals, MAP {TIMESTAMP '2024-01-01 12:00:00': 1} AS times, MAP {'__proto__': 1} AS proto,
          MAP {9007199254740993: [MAP {'a': 1.50::DECIMAL(4,2)}]} AS nested, {'gone': NULL::MAP(VARCHAR, INTEGER), 'empty': MAP {}::MAP(VARCHAR, INTEGER)} AS s, [NULL, MAP {'a': NULL}] AS l`)
      assert.deepStrictEqual(yield* textsOf(yield* over({ "a.parquet": file })), [
        '{"bytes":{"ab":1},"decimals":{"0.10":1},"times":{"2024-01-01T12:00:00":1},"proto":{"__proto__":1},"nested":{"9007199254740993":[{"a":1.50}]},' +
          '"s":{"gone":null,"empty":{}},"l":[null,{"a":null}]}'
      ])
    })
  )

  it.effect("give times that are of no zone without one, and times of the day", () =>
    Effect.gen(function* () {
      const file =
        yield* written(`SELECT TIMESTAMP_S '2026-11-20 07:00:00' AS s, TIMESTAMP_NS '2026-11-20 07:00:00.123456789' AS ns, TIMESTAMPTZ '2026-11-20 07:00:00+00' AS tz,
        [{'at': TIMESTAMP '2026-11-20 07:00:00'}] AS items, MAP {'k': TIMESTAMP '2026-11-20 07:00:00'} AS m, 'Z' AS z, TIME '23:59:59.123456' AS t, TIME '00:00:00' AS midnight, TIME '24:00:00' AS beyond`)
      assert.deepStrictEqual(yield* textsOf(yield* over({ "a.parquet": file })), [
        '{"s":"2026-11-20T07:00:00","ns":"2026-11-20T07:00:00.123456","tz":"2026-11-20T07:00:00Z","items":[{"at":"2026-11-20T07:00:00"}],"m":{"k":"2026-11-20T07:00:00"},' +
          '"z":"Z","t":"23:59:59.123456","midnight":"00:00:00","beyond":"86400000000"}'
      ])
      const contract = eventsOf({
        id: long("Id."),
        there: timestamp("There.", { zone: "America/Sao_Paulo" }),
        utc: timestamp("UTC.", { zone: "America/Sao_Paulo" })
      })
      const times = yield* written(
        "SELECT 1::BIGINT AS id, TIMESTAMP '2024-01-01 12:00:00' AS there, TIMESTAMPTZ '2024-01-01 12:00:00+00' AS utc"
      )
      const [row] = yield* rowsOf(contract, times)
      const micros = (hour: number) => BigInt(Date.UTC(2024, 0, 1, hour)) * 1000n
      assert.deepStrictEqual([row?.["there"], row?.["utc"]], [micros(15), micros(12)])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("give bytes that the contract has as such, whatever they look like", () =>
    Effect.gen(function* () {
      const contract = eventsOf({
        id: long("Id."),
        b: binary("Bytes.", { formerly: ["bytes"] }),
        h: binary("Bytes, which texts have in hexadecimal.", { from: "hex" }),
        said: binary("Bytes, which the file has as text."),
        u: binary("Bytes of a UUID."),
        t: text("Text, which the file has as bytes."),
        box: document("Box.", { photo: binary("Photo."), kind: text("Kind.") }),
        all: list("All.", binary("One.")),
        photos: entries("Photos.", { key: ["name", text("Name.")], value: ["photo", binary("Photo.")] }),
        keys: entries("Keys.", { key: ["key", binary("Key.")], value: ["n", long("Number.")] }),
        boxes: entries("Boxes.", { key: ["name", text("Name.")], value: ["photo", binary("Photo.")] })
      })
      const rowOf = (value: string, name: string, id: number) =>
        `SELECT ${id}::BIGINT AS id, '${value}'::BLOB AS ${name}, '${value}'::BLOB AS h, 'aGk=' AS said, '00010203-0405-0607-0809-0a0b0c0d0e0f'::UUID AS u, '${value}'::BLOB AS t,
          {'Photo': '${value}'::BLOB, 'kind': '${value}'::BLOB} AS box, ['${value}'::BLOB] AS "all", MAP {'name': '${value}'::BLOB} AS photos, MAP {'${value}'::BLOB: 1} AS keys, [{'name': '${value}'::BLOB, 'photo': '${value}'::BLOB}] AS boxes`
      const values = ["abcd", "12345678", "hello!", "\\xFF\\x00"]
      const file = yield* written(
        values
          .slice(1)
          .map((value, i) => rowOf(value, "b", i + 1))
          .join(" UNION ALL ")
      )
      const before = yield* written(rowOf(values[0] ?? "", "bytes", 0))
      const rows = yield* rowsOf(contract, file, before)
      assert.strictEqual(rows.length, values.length)
      for (const row of rows) {
        const [id, bytes] = [Number(row["id"]), Buffer.from(values[Number(row["id"])]?.replace("\\xFF\\x00", "\xFF\0") ?? "", "latin1")]
        const asText = id === 3 ? "/wA=" : bytes.toString()
        const { b, h, said, u, t, box, all, photos, keys, boxes, _rescued } = row
        const photo = new Uint8Array(bytes)
        assert.deepStrictEqual(
          { b, h, said, u, t, box, all, photos, keys, boxes, _rescued },
          {
            b: photo,
            h: photo,
            said: new Uint8Array(Buffer.from("hi")),
            u: Uint8Array.from({ length: 16 }, (_, i) => i),
            t: asText,
            box: { photo, kind: asText },
            all: [photo],
            photos: [{ name: "name", photo }],
            keys: [{ key: photo, n: 1n }],
            boxes: [{ name: asText, photo }],
            _rescued: null
          }
        )
      }
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("of what is not supported are told so, not damaged", () =>
    Effect.gen(function* () {
      const interval = yield* written("SELECT 1 AS n, INTERVAL 1 DAY AS took")
      const lz4 = yield* written("SELECT 1 AS n", ", COMPRESSION lz4_raw")
      const none = yield* written("SELECT INTERVAL 1 DAY AS took LIMIT 0")
      const failed = (file: Uint8Array) => Effect.flatMap(over({ "a.parquet": file }), (source) => untilFailure(source))
      const [{ error: ofInterval }, { error: ofLz4 }] = [yield* failed(interval), yield* failed(lz4)]
      assert.include(ofInterval.message, "(column took is of the type INTERVAL, which is not supported)")
      assert.include(ofLz4.message, "(unsupported compression codec: LZ4_RAW)")
      for (const error of [ofInterval, ofLz4]) {
        assert.strictEqual(error.reason, "Invalid")
        assert.include(error.message, "Write it again without that")
      }
      assert.deepStrictEqual(yield* textsOf(yield* over({ "a.parquet": none })), [])
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
