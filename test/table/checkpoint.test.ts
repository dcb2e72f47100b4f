import { copyFileSync } from "node:fs"
import { join } from "node:path"
import { DuckDBInstance } from "@duckdb/node-api"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { parquetMetadata } from "hyparquet"
import { parquetWriteBuffer } from "hyparquet-writer"
import type { Action, AddFile } from "../../src/table/actions.ts"
import { writeCheckpoint } from "../../src/table/checkpoint.ts"
import { readCheckpoint } from "../../src/table/checkpoint-read.ts"
import { logOf } from "../../src/table/log.ts"
import { checkpointName } from "../../src/table/paths.ts"
import { checkpointInterval } from "../../src/table/properties.ts"
import { fold, type Snapshot } from "../../src/table/snapshot.ts"
import { createTable } from "../../src/table/table.ts"
import { add, definition, domain, hour, inLake, remove } from "./helpers.ts"

const folder = "t/_delta_log"

/** Everything in it, statistics decoded. */
const contents = (snapshot: Snapshot) => ({
  protocol: snapshot.protocol,
  metaData: snapshot.metaData,
  // As text, which is compared much faster than objects are.
  files: new Map(
    [...snapshot.files.values()]
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map(({ path, ...file }) => [path, JSON.stringify([file.partitionValues, file.size, file.modificationTime, file.stats, file.tags])])
  ),
  tombstones: new Map(snapshot.tombstones),
  transactions: new Map(snapshot.transactions),
  domains: new Map(snapshot.domains)
})

const some = (from: number, to: number): ReadonlyArray<Action> =>
  Array.from({ length: to - from }, (_, i) => {
    const n = from + i
    const values = n % 7 === 0 ? { ingest_date: null, ingest_hour: String(n % 24) } : hour(n % 24)
    const tags = n % 11 === 0 ? { tags: { kind: n % 22 === 0 ? null : "ü" } } : {}
    return add(`part ${n}`, values, { stats: n % 5 === 0 ? null : `{"numRecords":${n},"ü":"${"x".repeat(n % 300)}"}`, size: n, ...tags })
  })

const removeAll = (snapshot: Snapshot, which: (file: AddFile) => boolean): ReadonlyArray<Action> =>
  [...snapshot.files.values()].filter(which).map((file) => remove(file, true, 4e12))

/** A table "t" of which only checkpoints are written: what the log would say is folded beside it. */
const inTable = <E>(
  body: (table: {
    readonly root: string
    readonly first: Snapshot
    /** Writes the checkpoint of a snapshot. */
    readonly write: (snapshot: Snapshot) => Effect.Effect<Snapshot, unknown>
    /** What its checkpoint holds, read anew. */
    readonly read: (version: number) => Effect.Effect<{ readonly bytes: Uint8Array; readonly snapshot: Snapshot }, unknown>
  }) => Effect.Effect<void, E>
) =>
  inLake(({ root, store }) =>
    Effect.gen(function* () {
      const { table } = yield* createTable("t", definition)
      yield* body({
        root,
        first: yield* table.snapshot,
        write: (snapshot) => writeCheckpoint(logOf(store, "t"), snapshot),
        read: (version) =>
          Effect.gen(function* () {
            const bytes = yield* store.get(`${folder}/${checkpointName(version)}`)
            return { bytes, snapshot: fold(null, version, yield* Effect.promise(() => readCheckpoint(bytes))) }
          })
      })
    })
  )

const rowGroups = (bytes: Uint8Array) =>
  parquetMetadata(Uint8Array.from(bytes).buffer).row_groups.map((group) => ({
    rows: Number(group.num_rows),
    files: group.columns.some(
      ({ meta_data }) =>
        meta_data?.path_in_schema.join(".") === "add.path" && Number(meta_data.statistics?.null_count) < Number(group.num_rows)
    )
  }))

describe("a checkpoint after another", () => {
  it.live("copies what still holds, and says what a checkpoint from scratch says", () =>
    inTable(({ root, first, write, read }) =>
      Effect.gen(function* () {
        const one = fold(first, 1, [...some(0, 10_000), domain("d", "1"), { txn: { appId: "a", version: 1 } }])
        const afterOne = yield* write(one)
        assert.deepStrictEqual(contents(afterOne), contents(one))

        // Of the first of three row groups some files are removed, of the third one is replaced; the second is left as it is.
        const changes: ReadonlyArray<Action> = [
          ...removeAll(afterOne, (file) => file.size < 4000 && file.size % 10 === 0),
          add("part 9000", hour(9000 % 24), { stats: "new", size: 1 }),
          ...some(10_000, 10_050),
          domain("d", "", true)
        ]
        const two = fold(afterOne, 2, changes)
        const afterTwo = yield* write(two)
        const expected = contents(fold(one, 2, changes))
        assert.deepStrictEqual(contents(two), expected)
        assert.deepStrictEqual(contents(afterTwo), expected)
        const readOne = yield* read(1)
        const readTwo = yield* read(2)
        assert.deepStrictEqual(contents(readOne.snapshot), contents(one))
        assert.deepStrictEqual(contents(readTwo.snapshot), expected)

        // What was read anew is as good to go on with.
        const three = fold(readTwo.snapshot, 3, some(10_050, 10_060))
        yield* write(three)
        assert.deepStrictEqual(contents((yield* read(3)).snapshot), contents(three))
        const untouched = readOne.bytes.subarray(readOne.bytes.byteLength >> 1, (readOne.bytes.byteLength >> 1) + 1000)
        for (const version of [2, 3]) assert.isAbove(Buffer.from((yield* read(version)).bytes).indexOf(untouched), 0)

        const rows = yield* Effect.promise(async () => {
          const connection = await (await DuckDBInstance.create()).connect()
          const file = join(root, folder, checkpointName(3))
          const reader = await connection.runAndReadAll(
            `SELECT add.path AS path, add.size AS size, add.stats AS stats, add.partitionValues['ingest_hour'] AS hour, add.dataChange AS news
             FROM read_parquet('${file}') WHERE add.path IS NOT NULL ORDER BY path`
          )
          return reader.getRowObjectsJson()
        })
        assert.deepStrictEqual(
          rows.map((row) => [decodeURIComponent(String(row["path"])), Number(row["size"]), row["stats"], row["hour"], row["news"]]),
          [...three.files.values()]
            .sort((a, b) => (a.path < b.path ? -1 : 1))
            .map((file) => [file.path, file.size, file.stats, file.partitionValues["ingest_hour"], false])
        )
      })
    )
  )

  it.live("keeps the number of row groups small, however many checkpoints there are", () =>
    inTable(({ first, write, read }) =>
      Effect.gen(function* () {
        let snapshot = first
        for (let version = 1; version <= 60; version++)
          snapshot = yield* write(fold(snapshot, version, some(version * 100, (version + 1) * 100)))
        const { bytes, snapshot: found } = yield* read(60)
        assert.deepStrictEqual(contents(found), contents(fold(first, 60, some(100, 6100))))
        const groups = rowGroups(bytes).filter(({ files }) => files)
        // 6,000 files in groups of 2,048 to 4,096, and what is on its way to the next.
        assert.isAtMost(groups.length, 2 + 6)
        assert.isAtMost(Math.max(...groups.map(({ rows }) => rows)), 4096)
      })
    )
  )

  it.live("is made from another program's, too", () =>
    inTable(({ root, first, write, read }) =>
      Effect.gen(function* () {
        const expected = fold(first, 1, some(1, 3000))
        yield* write(expected)
        const file = join(root, folder, checkpointName(1))
        // Rewritten by DuckDB: other encodings, other row groups, no counts that could be relied on.
        yield* Effect.promise(async () => {
          const connection = await (await DuckDBInstance.create()).connect()
          await connection.run(`COPY (SELECT * FROM read_parquet('${file}')) TO '${file}.other' (FORMAT parquet, COMPRESSION gzip)`)
          copyFileSync(`${file}.other`, file)
        })
        const foreign = (yield* read(1)).snapshot
        assert.deepStrictEqual(contents(foreign), contents(expected))
        const next = fold(foreign, 2, some(3000, 3010))
        yield* write(next)
        assert.deepStrictEqual(contents((yield* read(2)).snapshot), contents(next))
      })
    )
  )

  it.live("is due less often in a table of many files", () =>
    inTable(({ first }) =>
      Effect.sync(() => {
        const { add: file } = add("x")
        const of = (files: number) =>
          checkpointInterval({ ...first, files: new Map(Array.from({ length: files }, (_, i) => [String(i), file])) })
        assert.deepStrictEqual([of(100), of(49_999), of(50_000), of(120_000), of(900_000)], [100, 100, 200, 300, 1000])
      })
    )
  )
})

describe("reading a checkpoint", () => {
  it.live("names damage in statistics, which opening does not look at, when they are asked for", () =>
    inTable(({ first, write, read }) =>
      Effect.gen(function* () {
        yield* write(fold(first, 1, some(1, 2000)))
        const { bytes } = yield* read(1)
        const [group] = parquetMetadata(Uint8Array.from(bytes).buffer).row_groups.filter(({ num_rows }) => num_rows > 1000n)
        const chunk = group?.columns.find(({ meta_data }) => meta_data?.path_in_schema.join(".") === "add.stats")?.meta_data
        if (chunk === undefined) throw new Error("there are statistics")
        const start = Number(chunk.data_page_offset)
        const damaged = Uint8Array.from(bytes).fill(255, start + 60, start + Number(chunk.total_compressed_size))
        const snapshot = fold(null, 1, yield* Effect.promise(() => readCheckpoint(damaged)))
        assert.strictEqual(snapshot.files.size, 1999)
        assert.throws(() => contents(snapshot), /statistics of files in a checkpoint cannot be read/)
      })
    )
  )

  it("refuses files with deletion vectors, and files without a path", async () => {
    const optional = { repetition_type: "OPTIONAL" as const }
    const text = (name: string) => ({ name, type: "BYTE_ARRAY" as const, converted_type: "UTF8" as const, ...optional })
    const schema = [
      { name: "spark_schema", num_children: 1 },
      { name: "add", num_children: 4, ...optional },
      text("path"),
      { name: "size", type: "INT64" as const, ...optional },
      { name: "modificationTime", type: "INT64" as const, ...optional },
      { name: "deletionVector", num_children: 1, ...optional },
      text("storageType")
    ]
    const reading = (...files: ReadonlyArray<object>) =>
      readCheckpoint(new Uint8Array(parquetWriteBuffer({ schema, columnData: [{ name: "add", data: [...files] }] }))).then(
        (actions) => actions.length,
        (error: unknown) => String(error)
      )
    const file = { path: "a", size: 1n, modificationTime: 1n, deletionVector: null }
    assert.strictEqual(await reading(file, file), 2)
    assert.match(String(await reading(file, { ...file, deletionVector: { storageType: "u" } })), /has a deletion vector/)
    assert.match(String(await reading(file, { ...file, path: null })), /the field path is not text/)
    assert.match(String(await reading(file, { ...file, size: null })), /the field size is not an integer/)
    assert.match(String(await reading(file, { ...file, size: 2n ** 60n })), /beyond 2\^53/)
  })
})
