import { copyFileSync, existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs"
import { rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { openRegistrar, type RegisterOptions, type Registrar } from "../../src/firehose/register.ts"
import { compact } from "../../src/lake/compact.ts"
import { maintain } from "../../src/lake/maintain.ts"
import { openStage } from "../../src/lake/tables.ts"
import { verify } from "../../src/lake/verify.ts"
import type { RunEvent } from "../../src/record/report.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { localStore } from "../../src/store/local-store.ts"
import type { Store } from "../../src/store/store.ts"
import { openTable, readTable } from "../../src/table/table.ts"
import { compiledOrders } from "../contract/orders.ts"
import { decodePages, settings } from "../decode/support.ts"
import { pagesSource, run } from "../ingest/support.ts"
import { freshFolder, rowsOf } from "../repartition/lake.ts"
import { fixtureByHive as fixture, fixturePage, fixturePath } from "./fixture-records.ts"
import { fittingParcels, parcelPage } from "./parcels.ts"
import { linesOf } from "./structured.ts"
import { writeOneByDuckDB } from "./written-by-duckdb.ts"

const events: Array<RunEvent> = []
const options = (more: Partial<RegisterOptions> = {}): RegisterOptions => ({
  contract: compiledOrders,
  hashing: { key: settings.hashKey, change: false },
  ...more
})

/** Puts a copy of a file into a stage. */
const put = (folder: string, path: string, file = fixture): string => {
  mkdirSync(join(folder, "stage/orders", dirname(path)), { recursive: true })
  copyFileSync(file, join(folder, "stage/orders", path))
  return path
}
/** Another object of the same hour. */
const objectNumber = (i: number, hour = "07") =>
  `ingest_date=2026-11-20/ingest_hour=${hour}/DataStreamStructured-1-2026-11-20-${hour}-59-58-0b5cbe6b-6d7c-4b0e-9d0e-${String(i).padStart(12, "0")}.parquet`

const withLake = <A, E>(test: (folder: string) => Effect.Effect<A, E, Store>) =>
  Effect.scoped(Effect.flatMap(freshFolder(), (folder) => Effect.provide(test(folder), localStore(folder))))
const open = (more?: Partial<RegisterOptions>) => openRegistrar(options(more))
const register = (registrar: Registrar, ...paths: ReadonlyArray<string>) =>
  registrar.register(paths, (event) => Effect.sync(() => void events.push(event)))

const failing = Effect.scoped(
  Effect.gen(function* () {
    const checks = yield* verify([compiledOrders], yield* openDuckDB({ threads: 1 }))
    return checks.flatMap(({ ok, warning, table, check, detail }) =>
      ok && warning === undefined ? [] : [`${ok ? "warning" : "fails"} ${table}: ${check}: ${detail}`]
    )
  })
)
const stageFiles = Effect.flatMap(openTable("stage/orders"), ({ snapshot }) => Effect.map(snapshot, ({ files }) => [...files.values()]))

const consumableRows = Effect.gen(function* () {
  yield* repartition({ contract: compiledOrders })
  return (yield* rowsOf("SELECT * EXCLUDE (_source, _shard) FROM consumable_orders ORDER BY order_id, last_change")).map((row) =>
    JSON.parse(row)
  )
})

/** What ingest makes of the same records. */
const ingested = Effect.gen(function* () {
  yield* run(pagesSource([fixturePage()]), { contract: compiledOrders, decode: settings })
  return yield* consumableRows
})

describe("a file that Firehose wrote becomes part of the stage", () => {
  it.live.each([["Hive's SerDe"], ["DuckDB"], ["DuckDB, times of no zone"]])(
    "written by %s: the consumable is that of ingest",
    ([writer]) =>
      Effect.gen(function* () {
        const rows = yield* withLake((folder) =>
          Effect.gen(function* () {
            const path = fixturePath
            if (writer !== "Hive's SerDe")
              yield* writeOneByDuckDB(
                compiledOrders,
                linesOf(compiledOrders, fixturePage()),
                join(folder, "stage/orders", path),
                writer?.endsWith("no zone") === true ? "TIMESTAMP" : undefined
              )
            else put(folder, path)
            const done = yield* register(yield* open(), path)
            assert.deepStrictEqual(done, { added: [path], rows: 60, known: 0, nothing: 0, refused: [] })
            const stage = yield* Stream.runCollect(readTable(yield* openTable("stage/orders")))
            const expected = decodePages(compiledOrders, [fixturePage()]).rows
            assert.deepStrictEqual(
              stage.map(({ ingest_date: _date, ingest_hour: _hour, ...row }) => row),
              expected.map((row) => ({ ...row, _source: "firehose" }))
            )
            const found = yield* consumableRows
            assert.deepStrictEqual(yield* failing, [])
            return found
          })
        )
        assert.isAbove(rows.length, 50)
        assert.deepStrictEqual(rows, yield* withLake(() => ingested))
      })
  )
})

describe("an object is registered once", () => {
  it.live("however often and by how many it is told of, in whatever order, and what all come to is accounted for", () =>
    withLake((folder) =>
      Effect.gen(function* () {
        const paths = Array.from({ length: 12 }, (_, i) => put(folder, objectNumber(i, i % 2 === 0 ? "07" : "08")))
        const [one, other] = [yield* open(), yield* open()]
        const all = yield* Effect.all(
          [
            register(one, ...paths.slice(0, 8)),
            register(other, ...paths.slice(4, 12)),
            register(yield* open(), ...paths.toReversed()),
            ...paths.map((path) => register(other, path, path))
          ],
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(all.flatMap(({ added }) => added).sort(), [...paths].sort())
        assert.deepStrictEqual((yield* register(one, ...paths)).known, 12)
        const files = yield* stageFiles
        assert.deepStrictEqual(
          new Set(files.map(({ partitionValues }) => `${partitionValues["ingest_date"]} ${partitionValues["ingest_hour"]}`)),
          new Set(["2026-11-20 7", "2026-11-20 8"])
        )
        yield* repartition({ contract: compiledOrders })
        assert.deepStrictEqual(yield* failing, [
          "warning stage/orders: no record twice: 60 distinct coordinates. Firehose delivered 660 rows once more: it delivers at least once, and the repartition takes each once"
        ])
      })
    )
  )

  it.live("when its position has retired, and its file was compacted and is gone", () =>
    withLake((folder) =>
      Effect.gen(function* () {
        const retirement = { live: 4, page: 5, atOnce: 100 }
        const paths = Array.from({ length: 30 }, (_, i) => put(folder, objectNumber(i)))
        const registrar = yield* open({ retirement })
        for (let i = 0; i < paths.length; i += 3) yield* register(registrar, ...paths.slice(i, i + 3))
        const table = yield* openTable("stage/orders")
        const { domains } = yield* table.snapshot
        assert.isBelow([...domains.keys()].filter((domain) => domain.startsWith("sluice.position/")).length, 8)
        const compacted = yield* compact(table, {})
        assert.strictEqual(compacted.filesAfter, 1)
        assert.deepStrictEqual(
          (yield* failing).filter((text) => !text.includes("once more") && !text.includes("is up to date")),
          []
        )
        yield* Effect.promise(() => rm(join(folder, "stage/orders", dirname(objectNumber(0))), { recursive: true }))
        const later = yield* register(yield* open({ retirement }), ...paths)
        assert.deepStrictEqual([later.known, later.added, later.refused], [30, [], []])
      })
    )
  )
})

describe("a run that registers", () => {
  it.live("is told once, with the delivery stream as what was read", () =>
    withLake((folder) =>
      Effect.gen(function* () {
        events.length = 0
        const registrar = yield* open()
        yield* register(registrar, put(folder, objectNumber(1)), put(folder, objectNumber(2)))
        yield* register(registrar, objectNumber(1))
        assert.deepStrictEqual(
          events.map((event) => event.event),
          ["start", "complete"]
        )
        const [, done] = events
        assert.deepInclude(done, { inputs: [{ uri: "firehose://DataStreamStructured", rows: 120, bytes: 2 * 19_928, files: 2 }] })
      })
    )
  )

  it.live("stops where the hash key of the table is another one by now", () =>
    withLake((folder) =>
      Effect.gen(function* () {
        const registrar = yield* open()
        yield* register(registrar, put(folder, objectNumber(1)))
        const other = { key: new TextEncoder().encode("another key"), change: true }
        yield* openStage(compiledOrders, { hashing: other })
        const error = yield* Effect.flip(register(registrar, put(folder, objectNumber(2))))
        assert.include(error.message, "changed the hash key of the table")
        assert.include((yield* Effect.flip(open())).message, "key")
        assert.deepStrictEqual((yield* register(yield* open({ hashing: other }), objectNumber(2))).added, [objectNumber(2)])
      })
    )
  )
})

describe("what is not of the table", () => {
  const bytes = () => readFileSync(fixture)
  const written = (folder: string, path: string, content: Uint8Array) => {
    writeFileSync(join(folder, "stage/orders", put(folder, path)), content)
    return path
  }
  it.live("is refused by name, and all else of the event is committed", () =>
    withLake((folder) =>
      Effect.gen(function* () {
        const other = join(folder, "other.parquet")
        yield* writeOneByDuckDB(fittingParcels, linesOf(fittingParcels, parcelPage()), other)
        const good = put(folder, objectNumber(1))
        const wrong = {
          [written(folder, objectNumber(2), bytes().subarray(0, 9000))]: "does not end as a Parquet file does",
          [written(folder, objectNumber(3), Buffer.from('{"order_id":"1"}'))]: "does not end as a Parquet file does",
          [written(
            folder,
            objectNumber(4),
            Buffer.concat([bytes().subarray(0, 100), Buffer.from([255, 255, 255, 127]), Buffer.from("PAR1")])
          )]: "its footer says that it has",
          [written(folder, objectNumber(5), Buffer.concat([Buffer.alloc(60, 7), Buffer.from([50, 0, 0, 0]), Buffer.from("PAR1")]))]:
            "its footer is damaged",
          [written(folder, objectNumber(6), bytes().subarray(bytes().length - 12_000))]: "its footer speaks of bytes that it has not",
          [put(folder, objectNumber(7), other)]: "carrier",
          [put(folder, `somewhere/${objectNumber(8).split("/").at(-1)}`)]: "its folders name no hour",
          [put(folder, objectNumber(9).replace("11-20/", "11-31/"))]: "its folders name no hour",
          [objectNumber(10)]: "is gone",
          [objectNumber(11).replace("ingest_hour=07", "ingest_hour=07/")]: "cannot be read from the lake"
        }
        const done = yield* register(yield* open(), good, ...Object.keys(wrong))
        assert.deepStrictEqual(done.added, [good])
        assert.deepStrictEqual(
          done.refused.map(({ path }) => path),
          Object.keys(wrong).sort()
        )
        for (const { path, problem } of done.refused) {
          assert.include(problem, path)
          assert.include(problem, wrong[path] ?? "?")
        }
        assert.deepStrictEqual(
          (yield* stageFiles).map(({ path }) => path),
          [good]
        )
      })
    )
  )

  it.live("is passed over where others commit it: files of ingest, the log, marks of folders", () =>
    withLake((folder) =>
      Effect.gen(function* () {
        yield* ingested
        const files = yield* stageFiles
        const registrar = yield* open()
        const before = files.map(({ path }) => path)
        mkdirSync(join(folder, "stage/orders/ingest_date=2026-11-20/ingest_hour=9"), { recursive: true })
        const copied = put(folder, "ingest_date=2026-11-20/ingest_hour=9/part-1.parquet", join(folder, "stage/orders", before[0] ?? ""))
        const done = yield* register(
          registrar,
          ...before,
          copied,
          "_delta_log/00000000000000000001.json",
          "ingest_date=2026-11-20/",
          "a_$folder$"
        )
        assert.deepStrictEqual({ ...done }, { added: [], rows: 0, known: before.length, nothing: 4, refused: [] })
        assert.deepStrictEqual(yield* stageFiles, files)
      })
    )
  )

  it.live("is told by its name: what Firehose did not write is left alone, and what readers would not see is refused", () =>
    withLake((folder) =>
      Effect.gen(function* () {
        const registrar = yield* open()
        const of = (name: string) => put(folder, `ingest_date=2026-11-20/ingest_hour=07/${name}`)
        const named = (stream: string, extension: string) =>
          of(`${stream}-1-2026-11-20-07-59-58-0b5cbe6b-6d7c-4b0e-9d0e-0a6f1f9fbb01${extension}`)
        const foreign = [of("part-00000-3f0c7f0e-6c8b-4f5e-9d3c-5a1b6a0f0001-c000.snappy.parquet"), of("export.parquet")]
        const hidden = [named("_x", ".parquet"), named(".x", ".parquet")]
        const good = ["", ".parquet", ".v_1!*'()-x"].map((extension) => named("PUT-S3.a_b", extension))
        const done = yield* register(registrar, ...foreign, ...hidden, ...good)
        assert.deepStrictEqual([...done.added].sort(), [...good].sort())
        assert.strictEqual(done.nothing, foreign.length)
        assert.deepStrictEqual(done.refused.map(({ path }) => path).sort(), [...hidden].sort())
        for (const { problem } of done.refused) assert.include(problem, "readers take it for hidden")
        assert.deepStrictEqual((yield* stageFiles).map(({ path }) => path).sort(), [...good].sort())
      })
    )
  )
})

describe("maintenance", () => {
  it.live("leaves what Firehose wrote and nobody registered, and verify tells of it", () =>
    withLake((folder) =>
      Effect.gen(function* () {
        const [known, waiting] = [put(folder, objectNumber(1)), put(folder, objectNumber(2))]
        const stray = put(folder, "ingest_date=2026-11-20/ingest_hour=7/stray.parquet")
        const registrar = yield* open()
        yield* register(registrar, known)
        const old = new Date(Date.now() - 30 * 86_400_000)
        for (const path of [known, waiting, stray]) utimesSync(join(folder, "stage/orders", path), old, old)
        const [done] = yield* maintain({ onEvent: () => Effect.void })
        assert.strictEqual(done?.filesDeleted, 1)
        assert.isFalse(existsSync(join(folder, "stage/orders", stray)))
        assert.deepStrictEqual(
          (yield* failing).filter((text) => text.includes("are registered")),
          [
            `warning stage/orders: objects of Firehose are registered: 1 object not: ${waiting}. Nothing is lost: send the notifications of those that are old once more`
          ]
        )
        assert.deepStrictEqual((yield* register(registrar, waiting)).added, [waiting])
      })
    )
  )
})
