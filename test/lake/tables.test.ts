import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { compileContract } from "../../src/contract/compile.ts"
import { defineContract } from "../../src/contract/contract.ts"
import { text } from "../../src/contract/field.ts"
import { openConsumable, openDeadLetters, openStage } from "../../src/lake/tables.ts"
import { deadLetterColumns } from "../../src/record/dead-letter.ts"
import { deadLetterPartitions, stageColumns } from "../../src/record/system-columns.ts"
import { createTable, type Table } from "../../src/table/table.ts"
import { definition, freshStore, orders } from "../repartition/lake.ts"

const skippedBy = (table: Table) =>
  Effect.map(table.snapshot, ({ metaData }) => metaData.configuration["delta.dataSkippingStatsColumns"]?.split(","))
const coordinates = ["_source", "_shard", "_sequence_number", "_sub_sequence_number", "_arrived_at"]

describe("tables", () => {
  it.live("say by which columns files may be skipped, and never by sensitive ones", () =>
    Effect.gen(function* () {
      const data = [
        "order_id",
        "last_change",
        "creation_date",
        "value",
        "total",
        "small",
        "count",
        "ratio",
        "shipping.city",
        "shipping.weight"
      ]
      const { table } = yield* openStage(orders)
      assert.deepStrictEqual(yield* skippedBy(table), [...data, ...coordinates])
      const consumable = yield* openConsumable(orders, stageColumns(orders.consumableColumns), false)
      assert.deepStrictEqual(yield* skippedBy(consumable.table), [...data, ...coordinates])
      // Files that are there tell nothing of columns that come later.
      const wider = compileContract(defineContract({ ...definition, fields: { ...definition.fields, later: text("Later.") } }))
      yield* openStage(wider)
      assert.deepStrictEqual(yield* skippedBy((yield* openStage(wider)).table), [...data, ...coordinates])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("that never said so say it from then on", () =>
    Effect.gen(function* () {
      yield* createTable("dead_letters", {
        name: "dead_letters",
        description: "",
        columns: deadLetterColumns,
        partitions: deadLetterPartitions,
        writerFeatures: ["domainMetadata"]
      })
      for (const { table } of [yield* openDeadLetters, yield* openDeadLetters]) {
        assert.deepStrictEqual(yield* skippedBy(table), ["dataset", "reason", "path", "offset", "detail", "size", ...coordinates])
        assert.strictEqual((yield* table.snapshot).version, 1)
      }
    }).pipe(Effect.provide(freshStore))
  )
})
