import { existsSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import { openDuckDB } from "../../../src/duckdb/open.ts"
import { literal } from "../../../src/duckdb/sql.ts"

/** Of one in so many keys, the same ones of all that have the key. */
const oneIn = (n: number, key: string): string =>
  `md5(${key}) < '${Math.round(256 / n)
    .toString(16)
    .padStart(2, "0")}'`

/** The files of Olist's data set, each with the rows of it that are taken. */
const taken: Readonly<Record<string, string>> = {
  olist_orders_dataset: `order_id IN (FROM orders) AND NOT ${oneIn(50, "order_id")}`,
  olist_order_items_dataset: "order_id IN (SELECT order_id FROM items)",
  olist_order_payments_dataset: "order_id IN (FROM orders)",
  olist_customers_dataset: `customer_id IN (SELECT customer_id FROM people) AND NOT ${oneIn(50, "customer_id")}`,
  olist_products_dataset: `product_id IN (SELECT product_id FROM items) AND NOT ${oneIn(50, "product_id")}`,
  olist_sellers_dataset: `NOT ${oneIn(50, "seller_id")}`,
  olist_order_reviews_dataset: "order_id IN (FROM orders)",
  product_category_name_translation: "true"
}

/**
 * Writes the part of Olist's files that shows most: orders of people who have ordered more than once, whose addresses have a history, and a few of others. A
 * few orders, customers, products and sellers are left out, as if they had not come yet.
 */
export const partOfOlist = (input: string, output: string) =>
  Effect.gen(function* () {
    const db = yield* openDuckDB({ threads: 2 })
    const csv = (name: string): string => {
      const file = [`${name}.csv`, `${name}.csv.gz`].map((each) => join(input, each)).find(existsSync)
      return `read_csv(${literal(file ?? name)}, header = true, all_varchar = true)`
    }
    yield* db.run(
      `CREATE TABLE people AS FROM ${csv("olist_customers_dataset")}
       QUALIFY count(*) OVER (PARTITION BY customer_unique_id) > 1 OR ${oneIn(100, "customer_unique_id")}`
    )
    yield* db.run(
      `CREATE TABLE orders AS SELECT order_id FROM ${csv("olist_orders_dataset")} WHERE customer_id IN (SELECT customer_id FROM people)`
    )
    yield* db.run(`CREATE TABLE items AS SELECT * FROM ${csv("olist_order_items_dataset")} WHERE order_id IN (FROM orders)`)
    for (const [name, where] of Object.entries(taken))
      yield* db.run(`COPY (FROM ${csv(name)} WHERE ${where}) TO ${literal(join(output, `${name}.csv`))} (HEADER)`)
  })
