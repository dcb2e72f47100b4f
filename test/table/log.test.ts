import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DuckDBInstance } from "@duckdb/node-api"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { parquetMetadata } from "hyparquet"
import { parquetWriteBuffer } from "hyparquet-writer"
import type { Snapshot } from "../../src/table/snapshot.ts"
import { createTable, openTable, type Table } from "../../src/table/table.ts"
import { add, append, aTable, definition, domain, hour, inLake, merge, remove } from "./helpers.ts"

const folder = "stage/checkout/_delta_log"
const name = (version: number, end = "json") => `${folder}/${String(version).padStart(20, "0")}.${end}`
const same = (a: Snapshot, b: Snapshot) => {
  assert.strictEqual(a.version, b.version)
  assert.deepStrictEqual(a.protocol, b.protocol)
  assert.deepStrictEqual(a.metaData, b.metaData)
  assert.deepStrictEqual(a.schema, b.schema)
  for (const part of ["tombstones", "transactions", "domains"] as const)
    assert.deepStrictEqual(new Map<string, unknown>(a[part]), new Map<string, unknown>(b[part]), part)
  // A checkpoint says of every file that it is no news.
  const files = (s: Snapshot) => new Map([...s.files].map(([path, file]) => [path, { ...file, dataChange: false }]))
  assert.deepStrictEqual(files(a), files(b))
}

/** A table with something of everything, `commits` versions long. */
const busyTable = (commits: number, interval: number) =>
  Effect.gen(function* () {
    const { table } = yield* createTable("stage/checkout", {
      ...definition,
      configuration: { "delta.checkpointInterval": String(interval) }
    })
    for (let i = 1; i <= commits; i++) {
      const read = yield* table.snapshot
      const [oldest] = read.files.values()
      const news = [
        add(`f${i} ü%`, i % 3 === 0 ? { ingest_date: null, ingest_hour: "1" } : hour(i), {
          stats: '{"numRecords":9007199254740993}',
          tags: { t: null }
        }),
        domain(`sluice.position/k/${i % 4}`, `{"n":"${"9".repeat(50)}","i":${i}}`, i % 10 === 0),
        { txn: { appId: `app ${i % 2}`, version: i } }
      ]
      yield* table.commit(i % 5 === 0 && oldest !== undefined ? merge(read, "none", ...news, remove({ ...oldest })) : append(read, ...news))
    }
    return table
  })

const opened = Effect.flatMap(openTable("stage/checkout"), (table) => table.snapshot)

describe("checkpoints", () => {
  it.live("say what the commits say", () =>
    inLake(({ root, store }) =>
      Effect.gen(function* () {
        yield* busyTable(25, 10)
        const hint = JSON.parse(new TextDecoder().decode(yield* store.get(`${folder}/_last_checkpoint`)))
        assert.strictEqual(hint.version, 20)
        const withCheckpoint = yield* opened
        const bytes = yield* store.get(name(20, "checkpoint.parquet"))
        assert.strictEqual(hint.sizeInBytes, bytes.byteLength)
        for (const file of ["_last_checkpoint", "00000000000000000010.checkpoint.parquet", "00000000000000000020.checkpoint.parquet"])
          rmSync(join(root, folder, file))
        same(withCheckpoint, yield* opened)
        assert.strictEqual(withCheckpoint.files.size, 20)
        assert.strictEqual(hint.numOfAddFiles, 16)
      })
    )
  )

  it.live("are readable by another program, in the classic schema", () =>
    inLake(({ root, store }) =>
      Effect.gen(function* () {
        yield* busyTable(10, 10)
        const file = join(root, name(10, "checkpoint.parquet"))
        const rows = yield* Effect.promise(async () => {
          const connection = await (await DuckDBInstance.create()).connect()
          const reader = await connection.runAndReadAll(
            `SELECT add.path AS path, add.partitionValues['ingest_date'] AS date, add.size AS size, txn.appId AS app, txn.version AS version,
             domainMetadata.configuration AS configuration, protocol.minWriterVersion AS writer, protocol.writerFeatures AS features,
             metaData.partitionColumns AS columns, metaData.configuration['delta.checkpointInterval'] AS every, remove.deletionTimestamp AS gone,
             remove.extendedFileMetadata AS extended FROM read_parquet('${file}')`
          )
          return reader.getRowObjectsJson()
        })
        const only = (key: string) => rows.filter((row) => row[key] !== null)
        assert.strictEqual(only("path").length, 8)
        assert.strictEqual(only("gone").length, 2)
        assert.deepStrictEqual(
          only("extended").map((row) => row["extended"]),
          [true, true]
        )
        assert.strictEqual(only("app").length, 2)
        assert.strictEqual(only("configuration").length, 3)
        assert.deepStrictEqual(
          only("writer").map((row) => row["features"]),
          [["domainMetadata"]]
        )
        assert.deepStrictEqual(
          only("columns").map((row) => row["columns"]),
          [["ingest_date", "ingest_hour"]]
        )
        assert.deepStrictEqual(
          only("every").map((row) => row["every"]),
          ["10"]
        )
        assert.isTrue(only("path").every((row) => /^ingest_date=[^ü ]*%20%C3%BC%25$/.test(String(row["path"]))))
        // Every row is one action.
        const metadata = parquetMetadata(Uint8Array.from(yield* store.get(name(10, "checkpoint.parquet"))).buffer)
        assert.strictEqual(Number(metadata.num_rows), 8 + 2 + 2 + 3 + 1 + 1)
        assert.strictEqual(metadata.created_by, "sluice version 0.1.0")
        assert.isTrue(metadata.schema.slice(1).every((element) => element.repetition_type !== undefined))
      })
    )
  )

  it.live("of several parts, as Spark writes them for large tables, are read; incomplete ones are not", () =>
    inLake(({ root, store }) =>
      Effect.gen(function* () {
        const table = yield* busyTable(10, 10)
        const expected = yield* table.snapshot
        const whole = yield* store.get(name(10, "checkpoint.parquet"))
        rmSync(join(root, name(10, "checkpoint.parquet")))
        const part = (text: string) => ({ name: text, data: [{ appId: text, version: 10n }] })
        const extra = new Uint8Array(
          parquetWriteBuffer({
            columnData: [{ name: "txn", data: part("second part").data }],
            schema: [
              { name: "spark_schema", num_children: 1 },
              { name: "txn", num_children: 2, repetition_type: "OPTIONAL" },
              { name: "appId", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
              { name: "version", type: "INT64", repetition_type: "OPTIONAL" }
            ]
          })
        )
        yield* store.put(name(10, "checkpoint.0000000001.0000000002.parquet"), whole)
        // Half a checkpoint counts for nothing: the commits are read.
        same(yield* opened, expected)
        assert.isFalse((yield* opened).transactions.has("second part"))
        yield* store.put(name(10, "checkpoint.0000000002.0000000002.parquet"), extra)
        assert.strictEqual((yield* opened).transactions.get("second part"), 10)
      })
    )
  )

  it.live("that fail do not fail the commit", () =>
    inLake(({ failNext, store }) =>
      Effect.gen(function* () {
        const { table } = yield* createTable("stage/checkout", { ...definition, configuration: { "delta.checkpointInterval": "1" } })
        failNext("put", ".checkpoint.parquet", "Full")
        const first = yield* table.commit(append(yield* table.snapshot, add("a")))
        assert.isTrue(typeof first.checkpoint === "object" && first.checkpoint.message.includes("Full"))
        failNext("put", "_last_checkpoint", "Unavailable")
        const second = yield* table.commit(append(first.snapshot, add("b")))
        assert.strictEqual(typeof second.checkpoint, "object")
        const third = yield* table.commit(append(second.snapshot, add("c")))
        assert.strictEqual(third.checkpoint, "written")
        assert.strictEqual((yield* opened).files.size, 3)
        assert.strictEqual((yield* store.head(name(3, "checkpoint.parquet"))).key, name(3, "checkpoint.parquet"))
      })
    )
  )

  it.live("forget removed files after their retention", () =>
    inLake(() =>
      Effect.gen(function* () {
        const { table } = yield* createTable("stage/checkout", { ...definition, configuration: { "delta.checkpointInterval": "3" } })
        const { snapshot } = yield* table.commit(append(yield* table.snapshot, add("old"), add("young")))
        const [old, young] = snapshot.files.values()
        if (old === undefined || young === undefined) return assert.fail()
        yield* table.commit(merge(snapshot, "none", remove(old, true, Date.now() - 8 * 86_400_000), remove(young)))
        assert.strictEqual((yield* table.snapshot).tombstones.size, 2)
        const { snapshot: third, checkpoint } = yield* table.commit(append(yield* table.snapshot, add("x")))
        assert.strictEqual(checkpoint, "written")
        assert.deepStrictEqual([...third.tombstones.keys()], [young.path])
        same(third, yield* opened)
      })
    )
  )
})

describe("opening", () => {
  it.live("says NotFound where there is no table", () =>
    inLake(() =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(openTable("no/such"))
        assert.strictEqual(error.reason, "NotFound")
        assert.include(error.message, "no/such")
      })
    )
  )

  it.live("survives every kind of bad hint", () =>
    inLake(({ store, root }) =>
      Effect.gen(function* () {
        const expected = yield* Effect.flatMap(busyTable(25, 10), (table) => table.snapshot)
        for (const hint of ['{"version":10}', '{"version":999}', '{"version":15}', '{"version":"x"}', "{", "[]", "", '{"version":-5}']) {
          yield* store.put(`${folder}/_last_checkpoint`, new TextEncoder().encode(hint))
          same(yield* opened, expected)
        }
        rmSync(join(root, folder, "_last_checkpoint"))
        same(yield* opened, expected)
        assert.deepStrictEqual(new Set(expected.files.keys()), new Set((yield* opened).files.keys()))
      })
    )
  )

  it.live("falls back from a damaged checkpoint, and blames it where nothing is left to fall back on", () =>
    inLake(({ root }) =>
      Effect.gen(function* () {
        const expected = yield* Effect.flatMap(busyTable(25, 10), (table) => table.snapshot)
        writeFileSync(join(root, name(20, "checkpoint.parquet")), "PAR1 this is not Parquet")
        same(yield* opened, expected)
        writeFileSync(join(root, name(10, "checkpoint.parquet")), "")
        same(yield* opened, expected)
        rmSync(join(root, name(0)))
        const error = yield* Effect.flip(opened)
        assert.strictEqual(error.reason, "Corrupt")
        assert.include(error.message, "checkpoint of version 20")
      })
    )
  )

  it.live("names the version that is missing, and the line that is damaged", () =>
    inLake(({ root }) =>
      Effect.gen(function* () {
        yield* busyTable(25, 10)
        rmSync(join(root, name(23)))
        const gap = yield* Effect.flip(opened)
        assert.strictEqual(gap.reason, "Corrupt")
        assert.strictEqual(gap.version, 23)
        assert.include(gap.message, "commit 23 is missing")
        writeFileSync(join(root, name(23)), '{"commitInfo":{}}\n{"add":{"pa')
        const cut = yield* Effect.flip(opened)
        assert.strictEqual(cut.version, 23)
        assert.include(cut.message, "line 2")
      })
    )
  )

  it.live("reads the hint, one checkpoint and its tail, and nothing else", () =>
    inLake(({ calls }) =>
      Effect.gen(function* () {
        yield* busyTable(25, 10)
        calls.length = 0
        yield* openTable("stage/checkout")
        assert.deepStrictEqual(calls.map((call) => call.replaceAll(`${folder}/`, "").replaceAll("000000000000000000", "")).sort(), [
          "get 20.checkpoint.parquet",
          "get 21.json",
          "get 22.json",
          "get 23.json",
          "get 24.json",
          "get 25.json",
          "get _last_checkpoint",
          "list  after 20"
        ])
      })
    )
  )
})

describe("an open table", () => {
  const grow = (table: Table, n: number) =>
    Effect.gen(function* () {
      for (let i = 0; i < n; i++) yield* table.commit(append(yield* table.snapshot, add(`g${i}`)))
    })

  it.live("looks only at what is new", () =>
    inLake(({ calls }) =>
      Effect.gen(function* () {
        const table = yield* aTable
        const writer = yield* openTable(table.path)
        yield* grow(writer, 9)
        calls.length = 0
        assert.strictEqual((yield* table.snapshot).version, 9)
        assert.isTrue(calls.every((call) => call.startsWith("get ")))
        assert.isBelow(calls.length, 18)
        calls.length = 0
        yield* table.snapshot
        assert.deepStrictEqual(
          calls.map((call) => call.split("/").at(-1)),
          ["00000000000000000010.json", "00000000000000000009.json"]
        )
      })
    )
  )

  it.live("reads itself anew where the log expired under it, and does not write into the hole", () =>
    inLake(({ root }) =>
      Effect.gen(function* () {
        const table = yield* aTable
        const sleeper = yield* openTable(table.path)
        const read = yield* sleeper.snapshot
        const { table: writer } = yield* createTable(table.path, definition)
        yield* grow(writer, 200)
        for (let version = 0; version < 150; version++) rmSync(join(root, name(version)))
        rmSync(join(root, name(100, "checkpoint.parquet")))
        assert.strictEqual((yield* sleeper.snapshot).version, 200)
        const error = yield* Effect.flip(sleeper.commit(append(read, add("late"))))
        assert.strictEqual(error.reason, "Conflict")
        assert.include(error.message, "expired")
        assert.strictEqual(yield* sleeper.earliestVersion, 150)
      })
    )
  )

  it.live("checks the protocol again with every commit that it reads", () =>
    inLake(({ store }) =>
      Effect.gen(function* () {
        const table = yield* aTable
        yield* store.put(
          name(1),
          new TextEncoder().encode(
            '{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors"]}}'
          )
        )
        const error = yield* Effect.flip(table.snapshot)
        assert.strictEqual(error.reason, "Unsupported")
        assert.include(error.message, "deletionVectors")
        assert.strictEqual(error.version, 1)
      })
    )
  )

  it.live("gives its changes in order, with the commit's own words", () =>
    inLake(({ root }) =>
      Effect.gen(function* () {
        const table = yield* busyTable(12, 5)
        const changes = yield* Stream.runCollect(table.changes(2, 12))
        assert.deepStrictEqual(
          changes.map(({ version }) => version),
          [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
        )
        assert.isTrue(changes.every(({ actions }) => actions[0] !== undefined && "commitInfo" in actions[0]))
        assert.strictEqual((yield* Stream.runCollect(table.changes(-1, 1))).length, 2)
        assert.strictEqual((yield* Stream.runCollect(table.changes(12, 12))).length, 0)
        assert.strictEqual(yield* table.earliestVersion, 0)
        rmSync(join(root, name(3)))
        const error = yield* Effect.flip(Stream.runCollect(table.changes(2, 12)))
        assert.deepStrictEqual([error.reason, error.version], ["Corrupt", 3])
        assert.include(error.message, name(3))
        for (const version of [0, 1, 2]) rmSync(join(root, name(version)))
        const expired = yield* Effect.flip(Stream.runCollect(table.changes(2, 12)))
        assert.deepStrictEqual([expired.reason, expired.version], ["NotFound", 3])
      })
    )
  )
})

describe("a damaged commit", () => {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
  const damages: ReadonlyArray<readonly [string, (whole: string) => string, string]> = [
    ["is empty", () => "", "it is empty (0 bytes)"],
    ["has white space only", () => "\n \n", "it is empty (3 bytes)"],
    ["is cut within a line", (whole) => whole.slice(0, -9), "is not JSON"],
    ["is cut between two lines", (whole) => whole.split("\n").slice(0, 2).join("\n"), "it has 2 of its 4 lines"],
    ["is no JSON", () => "<Error/>", "line 1 is not JSON"],
    ["is no object", () => "null\n", "the field action is not an object"]
  ]
  it.live.each(damages)("that %s is told by its name", ([, damage, problem]) =>
    inLake(({ root, store }) =>
      Effect.gen(function* () {
        const table = yield* busyTable(3, 10)
        for (const version of [2, 3]) {
          const whole = text(yield* store.get(name(version)))
          writeFileSync(join(root, name(version)), damage(whole))
          for (const error of [yield* Effect.flip(opened), yield* Effect.flip(Stream.runCollect(table.changes(0, 3)))]) {
            assert.deepStrictEqual([error.reason, error.version], ["Corrupt", version])
            assert.include(error.message, name(version))
            assert.include(error.message, problem)
          }
          writeFileSync(join(root, name(version)), whole)
        }
        assert.strictEqual((yield* opened).version, 3)
      })
    )
  )
})
