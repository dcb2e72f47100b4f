import { statSync } from "node:fs"
import { join } from "node:path"
import { Effect, Option } from "effect"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { literal } from "../../src/duckdb/sql.ts"
import { consumablePath } from "../../src/lake/layout.ts"
import { findTable } from "../../src/lake/tables.ts"
import { createViews } from "../../src/lake/views.ts"
import { randomUuid } from "../../src/record/random.ts"
import { localStore } from "../../src/store/local-store.ts"
import { Store } from "../../src/store/store.ts"

const dataset = "checkout"

/** Copies of all orders that a file holds. */
const perFile = 10

/** Columns that somebody looks at: the others, which cost most of the time, are not in the files, as if they had been added to the table later. */
const looked = ["order_id", "creation_date", "last_change", "hostname", "origin", "status", "value", "totals", "store_preferences_data"]

/**
 * Puts the orders that came into a lake into its table for users again, so many times, each time under other numbers: what a console shows of a million orders lies as
 * if each had come by itself, and is there in minutes.
 */
export const multiplyOrders = (lake: string, times: number): Promise<void> =>
  Effect.gen(function* () {
    const run = yield* randomUuid
    const db = yield* openDuckDB({ memoryLimit: 2 ** 30 })
    const store = yield* Store
    yield* createViews(db)
    const view = `consumable_${dataset}`
    const columns = looked.map((name) => (name === "order_id" ? `c.order_id || '~${run}.' || k AS order_id` : `c.${name}`))
    const days = yield* db.rows(`SELECT DISTINCT CAST(change_date AS VARCHAR) AS day FROM ${view} ORDER BY 1`)
    const table = Option.getOrThrow(yield* findTable(consumablePath(dataset)))
    for (let from = 0; from < times; from += perFile) {
      const actions = yield* Effect.forEach(days, ({ day }) =>
        Effect.gen(function* () {
          const file = join(db.folder, `${yield* randomUuid}.parquet`)
          const to = Math.min(times, from + perFile)
          yield* db.run(
            `COPY (SELECT ${columns.join(", ")}
               FROM ${view} c, range(${from}, ${to}) t(k) WHERE CAST(c.change_date AS VARCHAR) = ${literal(String(day))} AND NOT contains(c.order_id, '~'))
             TO ${literal(file)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000)`
          )
          const path = `change_date=${String(day)}/part-${yield* randomUuid}.zstd.parquet`
          const { size } = statSync(file)
          yield* store.putFile(`${table.path}/${path}`, file)
          const add = { path, partitionValues: { change_date: String(day) }, size, modificationTime: 1, dataChange: true, stats: null }
          return { add }
        })
      )
      yield* table.commit({
        read: yield* table.snapshot,
        operation: "WRITE",
        parameters: {},
        metrics: {},
        isBlindAppend: true,
        actions
      })
    }
  }).pipe(Effect.scoped, Effect.provide(localStore(lake)), Effect.runPromise)
