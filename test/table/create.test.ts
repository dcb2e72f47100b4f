import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { leaf } from "../../src/record/column.ts"
import { createTable, openTable } from "../../src/table/table.ts"
import { definition, inLake } from "./helpers.ts"

describe("createTable", () => {
  it.live("makes version 0, and opens what is there", () =>
    inLake(({ store }) =>
      Effect.gen(function* () {
        const first = yield* createTable("stage/checkout", definition)
        const again = yield* createTable("stage/checkout", definition)
        assert.isTrue(first.created)
        assert.isFalse(again.created)
        const { metaData, protocol, version } = yield* again.table.snapshot
        assert.strictEqual(version, 0)
        assert.strictEqual(metaData.name, "stage_checkout")
        assert.deepStrictEqual(metaData.partitionColumns, ["ingest_date", "ingest_hour"])
        assert.strictEqual(metaData.configuration["delta.checkpointInterval"], "100")
        assert.deepStrictEqual(protocol, { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ["domainMetadata"] })
        const plain = yield* createTable("plain", { ...definition, writerFeatures: [], configuration: { "delta.checkpointInterval": "7" } })
        const other = yield* plain.table.snapshot
        assert.deepStrictEqual(other.protocol, { minReaderVersion: 1, minWriterVersion: 2 })
        assert.strictEqual(other.metaData.configuration["delta.checkpointInterval"], "7")
        const lines = new TextDecoder().decode(yield* store.get("stage/checkout/_delta_log/00000000000000000000.json")).split("\n")
        assert.deepStrictEqual(
          lines.filter((line) => line !== "").map((line) => Object.keys(JSON.parse(line))[0]),
          ["commitInfo", "protocol", "metaData"]
        )
      })
    )
  )

  it.live("of many at once one makes it, whatever the store says", () =>
    inLake(({ ambiguousNext }) =>
      Effect.gen(function* () {
        ambiguousNext("putIfAbsent", "00000000000000000000.json", 2)
        const all = yield* Effect.forEach(Array.from({ length: 20 }), () => createTable("t", definition), { concurrency: "unbounded" })
        assert.strictEqual(all.filter(({ created }) => created).length, 1)
        const ids = yield* Effect.forEach(all, ({ table }) => Effect.map(table.snapshot, (s) => s.metaData.id))
        assert.strictEqual(new Set(ids).size, 1)
      })
    )
  )

  it.live("adds new columns, once, however many do it at the same time", () =>
    inLake(() =>
      Effect.gen(function* () {
        yield* createTable("t", definition)
        const wider = (...more: ReadonlyArray<string>) => ({
          ...definition,
          columns: [...definition.columns, ...more.map((name) => leaf(name, "text", ""))]
        })
        yield* Effect.forEach([wider("x"), wider("x", "y"), wider("z"), wider("x")], (d) => createTable("t", d), {
          concurrency: "unbounded"
        })
        const table = yield* openTable("t")
        const s = yield* table.snapshot
        assert.deepStrictEqual(s.schema.fields.map((f) => f.name).sort(), [
          "ingest_date",
          "ingest_hour",
          "order_id",
          "total",
          "x",
          "y",
          "z"
        ])
        // An older process opens it as it is.
        const before = s.version
        assert.strictEqual((yield* (yield* createTable("t", definition)).table.snapshot).version, before)
      })
    )
  )

  it.live("refuses another type, another partitioning, a missing feature", () =>
    inLake(() =>
      Effect.gen(function* () {
        yield* createTable("t", { ...definition, writerFeatures: [] })
        const typed = yield* Effect.flip(createTable("t", { ...definition, writerFeatures: [], columns: [leaf("total", "double", "")] }))
        assert.strictEqual(typed.reason, "Invalid")
        assert.include(typed.message, "column total is decimal(18,2) in the table and double in the definition")
        const parted = yield* Effect.flip(createTable("t", { ...definition, writerFeatures: [], partitions: [] }))
        assert.include(parted.message, "[ingest_date,ingest_hour]")
        const featured = yield* Effect.flip(createTable("t", definition))
        assert.strictEqual(featured.reason, "Unsupported")
        assert.include(featured.message, "domainMetadata")
      })
    )
  )
})
