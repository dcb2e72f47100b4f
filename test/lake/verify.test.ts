import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { openDuckDB } from "../../src/lake/duckdb.ts"
import { consumablePath } from "../../src/lake/layout.ts"
import { verify } from "../../src/lake/verify.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { Store } from "../../src/store/store.ts"
import { openTable } from "../../src/table/table.ts"
import { freshStore, ingest, orders } from "../repartition/lake.ts"

const start = Date.UTC(2026, 10, 20, 7)
const copies = Array.from({ length: 40 }, (_, i) => ({
  order: `o${i}`,
  lastChange: start + i,
  arrivedAt: start,
  sequence: String(i),
  note: `${i}`
}))

const contentChecks = Effect.scoped(
  Effect.gen(function* () {
    const checks = yield* verify([orders], yield* openDuckDB())
    return checks.filter(({ table }) => table === consumablePath("order")).map(({ check, ok, detail }) => [check, ok, detail] as const)
  })
)

describe("verify", () => {
  it.live("sees a consumable whose values are not those of stage", () =>
    Effect.gen(function* () {
      yield* ingest(copies)
      yield* repartition({ contract: orders })
      assert.deepStrictEqual(
        (yield* contentChecks).filter(([, ok]) => !ok),
        []
      )

      // The values of one column move down by a row, as a fault of a writer would have it.
      const store = yield* Store
      const table = yield* openTable(consumablePath("order"))
      const snapshot = yield* table.snapshot
      const [file] = [...snapshot.files.values()]
      assert.isDefined(file)
      if (file === undefined) return
      const path = file.path.replace("part-", "part-torn-")
      const size = yield* Effect.scoped(
        Effect.gen(function* () {
          const db = yield* openDuckDB({ threads: 1 })
          const torn = join(db.folder, "torn.parquet")
          yield* db.run(
            `COPY (SELECT * REPLACE (lag(email) OVER (ORDER BY order_id) AS email)
             FROM read_parquet('${store.localPath(`${table.path}/${file.path}`)}', hive_partitioning = false)) TO '${torn}'`
          )
          return (yield* store.putFile(`${table.path}/${path}`, torn)).size
        })
      )
      yield* table.commit({
        read: snapshot,
        operation: "WRITE",
        parameters: {},
        metrics: {},
        actions: [
          { remove: { path: file.path, deletionTimestamp: 1, dataChange: true, partitionValues: file.partitionValues, size: file.size } },
          { add: { ...file, path, size } }
        ],
        isBlindAppend: false
      })
      assert.deepStrictEqual(
        (yield* contentChecks).filter(([, ok]) => !ok).map(([check]) => check),
        ["rows are those of stage"]
      )
    }).pipe(Effect.provide(freshStore))
  )
})
