import { randomBytes } from "node:crypto"
import { zstdCompressSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { parquetWriteBuffer } from "hyparquet-writer"
import { leaf } from "../../src/record/column.ts"
import { Store } from "../../src/store/store.ts"
import type { ReadOptions } from "../../src/table/read.ts"
import { createTable, openTable, readTable } from "../../src/table/table.ts"
import { makeFaultyStore } from "../store/faulty-store.ts"
import { add, append, definition, hour, inLake } from "./helpers.ts"

/** A data file with one text column, two row groups. */
const file = (...ids: ReadonlyArray<string>) =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [{ name: "order_id", data: [...ids], type: "STRING" }],
      codec: "ZSTD",
      compressors: { ZSTD: (bytes) => zstdCompressSync(bytes) },
      rowGroupSize: 2
    })
  )

describe("readTable", () => {
  it.live("fills in partition values, and null for columns that a file has not", () =>
    inLake(({ store }) =>
      Effect.gen(function* () {
        const { table } = yield* createTable("t", definition)
        const files = [add("a", hour(1)), add("b", { ingest_date: null, ingest_hour: "23" })]
        yield* store.put(`t/${files[0]?.add.path}`, file("x", "y", "z"))
        yield* store.put(`t/${files[1]?.add.path}`, file("w"))
        yield* table.commit(append(yield* table.snapshot, ...files))
        const rows = yield* Stream.runCollect(readTable(table))
        assert.deepStrictEqual(rows, [
          ...["x", "y", "z"].map((order_id) => ({ order_id, total: null, ingest_date: 20_777, ingest_hour: 1 })),
          { order_id: "w", total: null, ingest_date: null, ingest_hour: 23 }
        ])
        const { table: wider } = yield* createTable("t", { ...definition, columns: [...definition.columns, leaf("later", "long", "")] })
        const some = yield* Stream.runCollect(
          readTable(wider, { columns: ["later", "ingest_hour"], where: (f) => f.partitionValues["ingest_hour"] === "1" })
        )
        assert.deepStrictEqual(
          some,
          Array.from({ length: 3 }, () => ({ later: null, ingest_hour: 1 }))
        )
      })
    )
  )

  it.live("fetches some columns of a large file by ranges, and says what is wrong with one", () =>
    inLake(({ store }) =>
      Effect.gen(function* () {
        const faults = makeFaultyStore(store)
        const read = (options: ReadOptions) =>
          Effect.gen(function* () {
            const table = yield* openTable("t")
            return yield* Stream.runCollect(readTable(table, options))
          }).pipe(Effect.provideService(Store, Store.of(faults.store)))
        const { table } = yield* createTable("t", definition)
        const large = randomBytes(6 << 20).toString("latin1")
        const bytes = new Uint8Array(
          parquetWriteBuffer({
            columnData: [
              { name: "order_id", data: ["x", "y"], type: "STRING" },
              { name: "other", data: [large, ""], type: "STRING" }
            ]
          })
        )
        const { add: file } = add("a", hour(1))
        yield* store.put(`t/${file.path}`, bytes)
        yield* table.commit(append(yield* table.snapshot, { add: { ...file, size: bytes.length } }))
        assert.deepStrictEqual(yield* read({ columns: ["order_id"] }), [{ order_id: "x" }, { order_id: "y" }])
        const ofFile = faults.calls.filter((call) => call.includes(file.path))
        assert.isAbove(ofFile.length, 1)
        assert.deepStrictEqual(new Set(ofFile.map((call) => call.split(" ")[0])), new Set(["getRange"]))
        faults.failNext("getRange", file.path, "Unavailable")
        assert.strictEqual((yield* Effect.flip(read({ columns: ["order_id"] }))).reason, "Store")
        yield* store.put(`t/${file.path}`, bytes.subarray(0, -1))
        assert.strictEqual((yield* Effect.flip(read({ columns: ["order_id"] }))).reason, "Corrupt")
      })
    )
  )

  it.live("says which file is missing, damaged, or asked for a column that is not there", () =>
    inLake(({ store }) =>
      Effect.gen(function* () {
        const { table } = yield* createTable("t", definition)
        const gone = add("gone", hour(1))
        yield* table.commit(append(yield* table.snapshot, gone))
        const all = Effect.flip(Stream.runCollect(readTable(table)))
        const missing = yield* all
        assert.strictEqual(missing.reason, "Store")
        assert.include(missing.message, "gone")
        yield* store.put(`t/${gone.add.path}`, new TextEncoder().encode("this is not Parquet"))
        const damaged = yield* all
        assert.strictEqual(damaged.reason, "Corrupt")
        assert.include(damaged.message, "gone")
        yield* store.put(`t/${gone.add.path}`, file("x"))
        const unknown = yield* Effect.flip(Stream.runCollect(readTable(table, { columns: ["nope"] })))
        assert.strictEqual(unknown.reason, "Invalid")
        assert.include(unknown.message, "nope")
      })
    )
  )

  it.live("does not take a file for what its schema says otherwise", () =>
    inLake(({ store }) =>
      Effect.gen(function* () {
        const { table } = yield* createTable("t", { ...definition, columns: [leaf("order_id", "long", "")] })
        const odd = add("odd", hour(1))
        yield* store.put(`t/${odd.add.path}`, file("text"))
        yield* table.commit(append(yield* table.snapshot, odd))
        const error = yield* Effect.flip(Stream.runCollect(readTable(table)))
        assert.strictEqual(error.reason, "Corrupt")
        assert.include(error.message, "long")
      })
    )
  )
})
