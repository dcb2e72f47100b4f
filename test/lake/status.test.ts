import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { compact } from "../../src/lake/compact.ts"
import { lakeStatus } from "../../src/lake/status.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { openTable } from "../../src/table/table.ts"
import { freshStore, ingest, orders } from "../repartition/lake.ts"

const start = Date.UTC(2026, 10, 20, 22)
const copy = (order: string) => ({ order, lastChange: start, arrivedAt: start, sequence: "1", note: "n" })

describe("status", () => {
  const lag = Effect.map(lakeStatus("", ["order"]), ({ datasets }) => datasets[0]?.repartitionLag)

  it.live("counts the versions with rows that wait for the repartition, not those that only move rows", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* lakeStatus("", ["order"]), { root: "", datasets: [], deadLetters: null })
      yield* ingest([copy("a")])
      yield* ingest([copy("b")])
      assert.strictEqual(yield* lag, 2)
      yield* repartition({ contract: orders })
      assert.strictEqual(yield* lag, 0)
      const compacted = yield* compact(yield* openTable("stage/order"))
      assert.deepInclude(compacted, { filesBefore: 2, filesAfter: 1 })
      assert.strictEqual(yield* lag, 0)
      yield* ingest([copy("c")])
      assert.strictEqual(yield* lag, 1)
    }).pipe(Effect.provide(freshStore))
  )
})
