import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { items } from "../../schemas/olist/items.ts"
import { orders } from "../../schemas/olist/orders.ts"
import { customers } from "../../schemas/olist/people.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { formatOf } from "../../src/contract/format.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { filesSource } from "../../src/source/files.ts"
import { framingOf } from "../../src/source/framing.ts"
import { run } from "../ingest/support.ts"
import { olistModels, tableSql } from "../models/olist-marts.ts"
import { random } from "../repartition/histories.ts"
import { freshFolder, freshStore, rowsOf } from "../repartition/lake.ts"
import { put } from "../source/collect.ts"

/**
 * Exports of tables that come late, twice and in any order leave what one load of all of them does, in the order in which they were made. Random
 * histories lie side by side in one lake, each with keys of its own. More of them: `SLUICE_TEST_EXTRACT_HISTORIES=200`.
 */

const histories = Number(process.env["SLUICE_TEST_EXTRACT_HISTORIES"] ?? 60)
const steps = 4

interface Extract {
  readonly dataset: "orders" | "items" | "customers"
  readonly history: number
  /** When it was made, `YYYYMMDDhhmmss`. */
  readonly at: string
  /** The steps at which it comes. */
  readonly comes: ReadonlyArray<number>
  readonly rows: ReadonlyArray<{ readonly [column: string]: string }>
}

const contracts = { orders: compileContract(orders), items: compileContract(items), customers: compileContract(customers) }
const datasets = ["orders", "items", "customers"] as const
const keys = { orders: ["order_id"], items: ["order_id", "order_item_id"], customers: ["customer_id"] }
const files = { orders: "olist_orders_dataset", items: "olist_order_items_dataset", customers: "olist_customers_dataset" }

const extractsOf = (seed: number): ReadonlyArray<Extract> => {
  const next = random(seed)
  const below = (n: number): number => Math.floor(next() * n)
  const pick = (...values: ReadonlyArray<string>): string => values[below(values.length)] ?? ""
  const rowOf = (dataset: Extract["dataset"], key: number): Extract["rows"][number] => {
    if (dataset === "customers")
      return {
        customer_id: `h${seed}-c${key}`,
        customer_unique_id: `h${seed}-p${key % 2}`,
        customer_zip_code_prefix: pick("01001", "02002", "00303"),
        customer_city: pick("sao paulo", "são paulo"),
        customer_state: "SP"
      }
    if (dataset === "items")
      return {
        order_id: `h${seed}-o${key % 2}`,
        order_item_id: String(1 + Math.floor(key / 2)),
        product_id: pick("a", "b"),
        seller_id: "s",
        shipping_limit_date: `2018-01-0${1 + below(3)} 10:00:00`,
        price: `${below(3)}.10`,
        freight_value: pick("", "1.00")
      }
    return {
      order_id: `h${seed}-o${key}`,
      customer_id: `h${seed}-c${key}`,
      order_status: pick("created", "shipped", "delivered"),
      order_purchase_timestamp: `2018-01-0${1 + below(3)} 10:00:00`,
      order_approved_at: pick("", "2018-01-04 00:00:00"),
      order_delivered_carrier_date: "",
      order_delivered_customer_date: "",
      order_estimated_delivery_date: "2018-02-01 00:00:00"
    }
  }
  return datasets.flatMap((dataset) =>
    // Each second at most once: of two exports of one time none is the newer.
    Array.from({ length: 6 }, (_, second) => second).flatMap((second): ReadonlyArray<Extract> => {
      if (below(2) === 0) return []
      const first = below(steps)
      const comes = [first, ...(below(4) === 0 ? [Math.min(steps - 1, first + below(steps))] : [])]
      const rows = [0, 1, 2].filter(() => below(3) > 0).map((key) => rowOf(dataset, key))
      return [{ dataset, history: seed, at: `2018030${1 + (second % 2)}13150${second}`, comes, rows }]
    })
  )
}

const all = Array.from({ length: histories }, (_, seed) => extractsOf(seed)).flat()

const write = (folder: string, { dataset, history, at, rows }: Extract): void => {
  const [first] = rows
  if (first === undefined) return
  const lines = [Object.keys(first), ...rows.map((row) => Object.values(row))].map((values) => `${values.join(",")}\n`)
  put(join(folder, `h${history}`), `${files[dataset]}_${at}.csv`, lines.join(""))
}

/** Takes what is new in a folder, and folds it. */
const take = (folder: string) =>
  Effect.forEach(datasets, (dataset) =>
    Effect.gen(function* () {
      const contract = contracts[dataset]
      const source = yield* filesSource({ input: join(folder, dataset), format: framingOf(formatOf(contract.contract)) })
      const { counts } = yield* run(source, { contract })
      assert.deepStrictEqual(counts.deadLetters, {})
      yield* repartition({ contract })
      return counts.rows
    })
  )

const models = olistModels()
const people = models.models.find(({ name }) => name === "dw_dim_customers")

/** What is in the lake: all columns but where a row was read, of each dataset, and the history of people. */
const found = Effect.gen(function* () {
  const tables: { [name: string]: ReadonlyArray<string> } = {}
  for (const dataset of datasets)
    tables[dataset] = yield* rowsOf(
      `SELECT * EXCLUDE (_shard, _sequence_number) FROM consumable_${dataset} ORDER BY ${keys[dataset].join(", ")}`
    )
  assert.isDefined(people)
  tables["history"] = yield* rowsOf(`SELECT * FROM (${tableSql(people, models)}) ORDER BY customer_unique_id, version_no`)
  return tables
})

/** Of each key the row of the export that was made last. */
const newest = (dataset: Extract["dataset"]): ReadonlyArray<{ readonly [column: string]: string }> => {
  const sorted = all.filter((extract) => extract.dataset === dataset).sort((a, b) => (a.at < b.at ? -1 : 1))
  const byKey = new Map(sorted.flatMap(({ rows }) => rows.map((row) => [keys[dataset].map((key) => row[key]).join(" "), row] as const)))
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}

describe("exports of Olist's tables", () => {
  it.live("give in any order, late and twice, what one load of all of them gives", () =>
    Effect.gen(function* () {
      const folder = yield* freshFolder()
      const inOrder = yield* Effect.gen(function* () {
        for (const extract of all) write(join(folder, "sorted", extract.dataset), extract)
        yield* take(join(folder, "sorted"))
        return yield* found
      }).pipe(Effect.provide(freshStore))

      const asTheyCome = yield* Effect.gen(function* () {
        for (let step = 0; step < steps; step++) {
          // What comes again comes into another folder: in its own it would be the same file, which is taken once.
          for (const extract of all) if (extract.comes.includes(step)) write(join(folder, "late", extract.dataset, `step-${step}`), extract)
          yield* take(join(folder, "late"))
        }
        assert.deepStrictEqual(yield* take(join(folder, "late")), [0, 0, 0])
        return yield* found
      }).pipe(Effect.provide(freshStore))

      assert.deepStrictEqual(asTheyCome, inOrder)
      for (const dataset of datasets) {
        const expected = newest(dataset)
        const actual = (inOrder[dataset] ?? []).map((row): { readonly [column: string]: unknown } => JSON.parse(row))
        assert.isAbove(actual.length, histories)
        for (const column of ["order_status", "product_id", "customer_zip_code_prefix"])
          if (expected.some((row) => row[column] !== undefined))
            assert.deepStrictEqual(
              actual.map((row) => [...keys[dataset].map((key) => String(row[key])), row[column]]),
              expected.map((row) => [...keys[dataset].map((key) => row[key]), row[column]])
            )
      }
      assert.isAbove((inOrder["history"] ?? []).length, histories)
    })
  )
})
