import { existsSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { sluice, sluiceJson } from "../cli/sluice.ts"
import { writeOrders } from "./olist-orders.ts"
import { type Row, realData, temporaryFolder, withDuckDB } from "./support.ts"

/**
 * Real orders, held against what SQL over their CSV files says. The SQL is written from the meaning of the files alone: an order has one
 * version for each different time at which its status is known to have changed, and each version has all that belongs to the order.
 */

const all = realData("olist")
/** What takes the time are the days, each of which is a file of a thousand columns. So it is the orders of three months, unless `SLUICE_TEST_REAL=all` asks for all. */
const isAll = process.env["SLUICE_TEST_REAL"] === "all"
const input = isAll || all === undefined ? all : realData("olist/sample_500_orders")
const folder = temporaryFolder()

/** A table of the data set, every value as text. What a part of it has not is that of all. */
const csv = (input: string, table: string): string => {
  const file = [input, all ?? input]
    .flatMap((place) => [`${table}.csv`, `${table}.csv.gz`].map((name) => join(place, name)))
    .find(existsSync)
  const some = isAll || table !== "olist_orders_dataset" ? "" : " WHERE order_purchase_timestamp LIKE '2017-1%'"
  return `SELECT * FROM read_csv('${file}', header = true, all_varchar = true)${some}`
}

/** Cents of an amount that is written with a point. */
const cents = (column: string): string => `CAST(100 * CAST(${column} AS DECIMAL(12, 2)) AS BIGINT)`

/** One row per version of an order, money in cents. */
const versionColumns = [
  ...["order_id", "last_change", "change_date", "created", "status", "items", "products", "sellers", "categories"],
  ...["price", "freight", "paid", "city", "state", "zip_prefix"]
].join(", ")

/** The columns, and with each order's latest version marked. Only its status is the one that the files say. */
const marked = (from: string): string => `
SELECT * REPLACE (CASE WHEN is_latest THEN status END AS status)
FROM (SELECT ${versionColumns}, last_change = max(last_change) OVER (PARTITION BY order_id) AS is_latest FROM ${from})`

const expectedVersions = (input: string): string => `
WITH orders AS (${csv(input, "olist_orders_dataset")}),
customers AS (${csv(input, "olist_customers_dataset")}),
products AS (${csv(input, "olist_products_dataset")}),
item_rows AS (${csv(input, "olist_order_items_dataset")}),
payment_rows AS (${csv(input, "olist_order_payments_dataset")}),
english AS (${csv(input, "product_category_name_translation")}),
versions AS (
  SELECT DISTINCT order_id, CAST(changed AS TIMESTAMP) AS changed
  FROM (
    SELECT order_id, order_purchase_timestamp AS changed FROM orders
    UNION ALL SELECT order_id, order_approved_at FROM orders
    UNION ALL SELECT order_id, order_delivered_carrier_date FROM orders
    UNION ALL SELECT order_id, order_delivered_customer_date FROM orders
  )
  WHERE changed IS NOT NULL
),
items AS (
  SELECT order_id, count(*) AS items, sum(${cents("price")}) AS price, sum(${cents("freight_value")}) AS freight,
    string_agg(product_id, ' ' ORDER BY CAST(order_item_id AS INTEGER)) AS products,
    string_agg(DISTINCT seller_id, ' ' ORDER BY seller_id) AS sellers,
    string_agg(
      product_category_name || '=' || coalesce(product_category_name_english, product_category_name), ' '
      ORDER BY CAST(order_item_id AS INTEGER)
    ) AS categories
  FROM item_rows LEFT JOIN products USING (product_id) LEFT JOIN english USING (product_category_name)
  GROUP BY order_id
),
payments AS (SELECT order_id, sum(${cents("payment_value")}) AS paid FROM payment_rows GROUP BY order_id)
SELECT order_id, strftime(changed, '%Y-%m-%d %H:%M:%S.%f') AS last_change, strftime(changed, '%Y-%m-%d') AS change_date,
  strftime(CAST(order_purchase_timestamp AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f') AS created, order_status AS status,
  coalesce(items, 0) AS items, products, sellers, categories, coalesce(price, 0) AS price, coalesce(freight, 0) AS freight,
  coalesce(paid, 0) AS paid, customer_city AS city, customer_state AS state, customer_zip_code_prefix AS zip_prefix
FROM versions JOIN orders USING (order_id) JOIN customers USING (customer_id)
LEFT JOIN items USING (order_id) LEFT JOIN payments USING (order_id)`

const text = (list: string): string => `nullif(array_to_string(${list}, ' '), '')`

const actualVersions = `
SELECT order_id, strftime(last_change, '%Y-%m-%d %H:%M:%S.%f') AS last_change, CAST(change_date AS VARCHAR) AS change_date,
  strftime(creation_date, '%Y-%m-%d %H:%M:%S.%f') AS created,
  status, len(items) AS items,
  ${text("[i.product_id FOR i IN items]")} AS products,
  ${text("list_sort([s.id FOR s IN sellers])")} AS sellers,
  ${text("[c.id || '=' || c.name FOR c IN flatten([i.product_categories FOR i IN items IF i.product_categories IS NOT NULL])]")} AS categories,
  CAST(coalesce(list_sum([i.price FOR i IN items]), 0) AS BIGINT) AS price,
  CAST(coalesce(list_sum([l.price FOR l IN shipping_data.logistics_info]), 0) AS BIGINT) AS freight,
  CAST(coalesce(list_sum([p.value FOR p IN flatten([t.payments FOR t IN payment_data.transactions])]), 0) AS BIGINT) AS paid,
  shipping_data.address.city AS city, shipping_data.address.state AS state, shipping_data.address.postal_code AS zip_prefix
FROM consumable_checkout`

/** What a table of versions comes to. */
const totals = (table: string): string => `
SELECT count(*) AS versions, count(DISTINCT order_id) AS orders, count(DISTINCT change_date) AS days,
  count(*) FILTER (is_latest AND items = 0) AS orders_without_items,
  sum(price) FILTER (is_latest) AS price, sum(freight) FILTER (is_latest) AS freight, sum(paid) FILTER (is_latest) AS paid
FROM ${table}`

const byDay = (table: string): string => `SELECT change_date, count(*) AS versions FROM ${table} GROUP BY change_date ORDER BY change_date`

const differences = `
SELECT 'missing' AS what, * FROM (FROM expected EXCEPT ALL FROM actual)
UNION ALL SELECT 'unexpected' AS what, * FROM (FROM actual EXCEPT ALL FROM expected)
ORDER BY order_id, last_change, what LIMIT 10`

const ordersOf = (lake: string): string => `${lake}.ndjson`

/** Carries the orders of a folder of CSV files into the consumable table and holds it against them. Gives the totals. */
const carry = async (input: string, lake: string): Promise<Row> => {
  await writeOrders((table) => csv(input, table), ordersOf(lake))
  const { counts } = await sluiceJson(["ingest", "--dataset", "checkout", "--input", ordersOf(lake), "--lake", lake])
  expect(counts).toMatchObject({ rows: counts.records, empty: 0, deadLetters: {}, rescued: {}, drift: {} })
  await sluiceJson(["repartition", "--dataset", "checkout", "--lake", lake])

  const found = `${lake}.parquet`
  const { code, stderr } = await sluice(["query", "--lake", lake, "--output", found, actualVersions])
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^[\d,]+ rows in /)])
  return withDuckDB(async (rows) => {
    await rows(`CREATE TABLE expected AS ${marked(`(${expectedVersions(input)})`)}`)
    await rows(`CREATE TABLE actual AS ${marked(`read_parquet('${found}')`)}`)
    expect(await rows(differences)).toEqual([])
    expect(await rows(byDay("actual"))).toEqual(await rows(byDay("expected")))
    const [expected] = await rows(totals("expected"))
    const [actual] = await rows(totals("actual"))
    expect(actual).toEqual(expected)
    expect(counts.rows).toBe(Number(actual?.["versions"]))
    return actual ?? {}
  })
}

describe.skipIf(input === undefined)(isAll ? "all real orders" : "real orders of three months", () => {
  const lake = () => ["--lake", folder("lake")]
  let found: Row = {}
  beforeAll(async () => {
    found = await carry(input ?? "", folder("lake"))
  })

  it("are in the consumable table as their files say", () => {
    // The sums are those that are published of this data set: R$ 13,591,643.70, 2,251,909.54 and 16,008,872.12.
    const published = { orders_without_items: "775", price: "1359164370", freight: "225190954", paid: "1600887212" }
    expect(found).toMatchObject(isAll ? { versions: "391551", orders: "99441", ...published } : { versions: "383", orders: "97" })
  })

  it("pass verification", async () => {
    const { ok, checks } = await sluiceJson(["verify", ...lake()])
    expect([ok, checks.length > 10]).toEqual([true, true])
  })

  it("are not carried twice", async () => {
    expect((await sluiceJson(["ingest", "--input", ordersOf(folder("lake")), ...lake()])).commits).toBe(0)
    expect((await sluiceJson(["repartition", ...lake()])).kind).toBe("up-to-date")
  })
})
