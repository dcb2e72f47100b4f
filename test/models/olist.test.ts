import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { DuckDB, Row } from "../../src/duckdb/duckdb.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { identifier } from "../../src/duckdb/sql.ts"
import { historySql } from "../../src/models/history-sql.ts"
import { render } from "../../src/models/render.ts"
import { runUnitTest } from "../../src/models/unit-test.ts"
import { realData } from "../acceptance/support.ts"
import { buildOlist, loadConsumables, olistAudit, olistModels, tableSql, viewOfSource } from "./olist-marts.ts"

/** The marts of all real orders, held against what other SQL says, which knows nothing but the CSV files. */

const input = realData("olist")
const models = olistModels()
const scope = Scope.makeUnsafe()
let opened: DuckDB | undefined
const db = (): DuckDB => {
  if (opened === undefined) throw new Error("DuckDB is not open")
  return opened
}
const csv = (dataset: string): string => `csv_${dataset}`
const rows = (sql: string): Promise<ReadonlyArray<Row>> => Effect.runPromise(db().rows(sql))

/** The only row of a query, every value as text. */
const one = async (sql: string): Promise<{ readonly [column: string]: string }> => {
  const [row = {}] = await rows(`SELECT COLUMNS(*)::VARCHAR FROM (${sql})`)
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, String(value)]))
}

/** Two queries give the same rows, each as often. */
const expectSame = async (actual: string, expected: string, counts: { readonly [what: string]: string } = {}) => {
  const found = await rows(
    `WITH actual AS MATERIALIZED (${actual}), expected AS MATERIALIZED (${expected})
     SELECT 'missing' AS what, e::VARCHAR AS row FROM (FROM expected EXCEPT ALL FROM actual) e
     UNION ALL SELECT 'unexpected', a::VARCHAR FROM (FROM actual EXCEPT ALL FROM expected) a ORDER BY ALL LIMIT 6`
  )
  expect(found).toEqual([])
  for (const [what, n] of Object.entries(counts)) expect(await one(`SELECT ${what} AS n FROM (${actual})`), what).toEqual({ n })
}

const utc = (column: string): string => `timezone('America/Sao_Paulo', ${column}::TIMESTAMP)`
const money = (column: string): string => `${column}::DECIMAL(18, 2)`
/** A quotient in cents, of whole numbers alone, a half up. */
const cents = (sum: string, n: string): string => `(((200 * ${sum})::BIGINT + ${n}) // (2 * ${n}) * 0.01)::DECIMAL(18, 2)`
const delivered = "order_status = 'delivered'"

beforeAll(async () => {
  if (input === undefined) return
  opened = await Effect.runPromise(Effect.provideService(openDuckDB({ threads: 2, memoryLimit: 1024 ** 3 }), Scope.Scope, scope))
  await Effect.runPromise(Effect.andThen(loadConsumables(opened, input), buildOlist(opened, models)))
}, 180_000)
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

describe.skipIf(input === undefined)("the marts of Olist's orders", { timeout: 60_000 }, () => {
  it("pass the project's own tests, every one", async () => {
    const audit = olistAudit(models)
    const tested = new Set<string>()
    for (const model of models.models) {
      const { tests } = await Effect.runPromise(audit(db(), model, () => model.name))
      for (const { name } of tests) tested.add(name)
      expect(
        tests.filter(({ status }) => status !== "pass"),
        model.name
      ).toEqual([])
    }
    expect(tested.size).toBe(models.tests.length)
    for (const test of models.unitTests) {
      const model = models.models.find(({ name }) => name === test.model)
      const names = { ref: identifier, source: viewOfSource, var: () => null }
      if (model !== undefined)
        expect(await Effect.runPromise(runUnitTest(db(), model, test, names))).toMatchObject({ status: "pass", difference: [] })
    }
  })

  it("describe each of their columns, and none that they lack", async () => {
    for (const { name, description, columns } of models.models) {
      const actual = (await rows(`DESCRIBE ${name}`)).map((row) => String(row["column_name"]))
      expect([name, columns.map((column) => column.name)]).toEqual([name, actual])
      for (const said of [description, ...columns.map((column) => column.description)]) expect(said, name).toMatch(/^[A-Z][^\n]*[.?]$/)
    }
  })

  it("have the figures that are published of them", async () => {
    expect(
      await one(`SELECT count(*) AS orders, count(*) FILTER (item_count = 0) AS without_items, count(*) FILTER (main_payment_type IS NULL) AS unpaid,
        count(*) FILTER (item_count > 1) AS of_several, count(*) FILTER (payment_types LIKE '%, %') AS of_two_types,
        count(*) FILTER (abs(payment_value - items_value - freight_value) > 0.01 AND item_count > 0 AND main_payment_type IS NOT NULL) AS unequal,
        count(*) FILTER (${delivered} AND ts_order_delivered_customer IS NULL) AS never_arrived,
        sum(items_value) AS items, sum(freight_value) AS freight, sum(payment_value) AS payments FROM dw_fact_orders`)
    ).toEqual({
      orders: "99441",
      without_items: "775",
      unpaid: "1",
      of_several: "9803",
      of_two_types: "2246",
      unequal: "303",
      never_arrived: "8",
      items: "13591643.70",
      freight: "2251909.54",
      payments: "16008872.12"
    })
    expect(
      await one(`SELECT count(*) AS orders, count(DISTINCT dt_order_purchase) AS days, sum(items_value) AS items, sum(freight_value) AS freight,
        sum(payment_value) AS payments, min(timezone('America/Sao_Paulo', ts_order_purchase)) AS first,
        max(timezone('America/Sao_Paulo', ts_order_purchase)) AS last FROM dw_fact_orders WHERE ${delivered}`)
    ).toEqual({
      orders: "96478",
      days: "612",
      items: "13221498.11",
      freight: "2198275.64",
      payments: "15422461.77",
      first: "2016-09-15 12:16:38",
      last: "2018-08-29 15:00:37"
    })
    expect(
      await one(`SELECT string_agg(order_status || ' ' || n, ', ' ORDER BY n DESC) AS n FROM
        (SELECT order_status, count(*) AS n FROM dw_fact_orders GROUP BY ALL)`)
    ).toEqual({
      n: "delivered 96478, shipped 1107, canceled 625, unavailable 609, invoiced 314, processing 301, created 5, approved 2"
    })
    expect(
      await one(`SELECT string_agg(payment_type || ' ' || n || ' ' || v, ', ' ORDER BY n DESC) AS n FROM
        (SELECT payment_type, count(*) AS n, sum(payment_value) AS v FROM dw_fact_order_payments GROUP BY ALL)`)
    ).toEqual({
      n: "credit_card 76795 12542084.19, boleto 19784 2869361.27, voucher 5775 379436.87, debit_card 1529 217989.79, not_defined 3 0.00"
    })
    expect(await one("SELECT count(*) AS n, sum(price) AS price, count(DISTINCT order_id) AS orders FROM dw_fact_order_items")).toEqual({
      n: "112650",
      price: "13591643.70",
      orders: "98666"
    })
    expect(await one("SELECT count(*) AS n, count(DISTINCT order_id) AS orders FROM dw_fact_order_payments")).toEqual({
      n: "103886",
      orders: "99440"
    })
    const types = await rows(
      "SELECT column_name || ' ' || column_type AS c FROM (DESCRIBE dw_fact_order_items) WHERE column_name IN ('price', 'freight_value') UNION ALL SELECT column_name || ' ' || column_type FROM (DESCRIBE dw_fact_order_payments) WHERE column_name = 'payment_value'"
    )
    expect(types.map(({ c }) => c).sort()).toEqual(["freight_value DECIMAL(12,2)", "payment_value DECIMAL(12,2)", "price DECIMAL(12,2)"])
  })

  it("do not count an item once for every payment, nor a payment once for every item", async () => {
    const multiplied = `SELECT sum(${money("price")}) AS items, sum(${money("freight_value")}) AS freight, sum(${money("payment_value")}) AS payments
      FROM ${csv("orders")} LEFT JOIN ${csv("items")} USING (order_id) LEFT JOIN ${csv("payments")} USING (order_id)`
    const wrong = { items: "14209250.31", freight: "2357437.00", payments: "20470726.66" }
    expect(await one(multiplied)).toEqual(wrong)
    const right = await one(
      "SELECT sum(items_value) AS items, sum(freight_value) AS freight, sum(payment_value) AS payments FROM dw_fact_orders"
    )
    for (const [what, value] of Object.entries(wrong)) expect(right[what], what).not.toBe(value)
    expect(await one("SELECT sum(price) AS n FROM dw_fact_order_items")).not.toEqual({ n: wrong.items })
    expect(await one("SELECT sum(payment_value) AS n FROM dw_fact_order_payments")).not.toEqual({ n: wrong.payments })
    expect(await one("SELECT sum(order_value) FILTER (is_latest AND item_count > 0) AS n FROM checkout_order_versions")).toEqual({
      n: "15843553.24"
    })
  })

  it("have each item and each payment as the files do, and every month adds up", async () => {
    const purchased = `(SELECT order_id, order_status, order_purchase_timestamp AS t FROM ${csv("orders")})`
    await expectSame(
      `SELECT order_id, order_item_id, product_id, seller_id, order_status, ts_order_purchase, dt_order_purchase, ts_shipping_limit, price,
         freight_value, purchase_month FROM dw_fact_order_items`,
      `SELECT order_id, order_item_id::INTEGER, product_id, seller_id, order_status, ${utc("t")}, t[1:10]::DATE, ${utc("shipping_limit_date")},
         price::DECIMAL(12, 2), freight_value::DECIMAL(12, 2), (t[1:7] || '-01')::DATE FROM ${csv("items")} JOIN ${purchased} USING (order_id)`,
      { "count(*)": "112650" }
    )
    await expectSame(
      `SELECT order_id, payment_sequential, order_status, ts_order_purchase, dt_order_purchase, payment_type, payment_installments, payment_value,
         purchase_month FROM dw_fact_order_payments`,
      `SELECT order_id, payment_sequential::INTEGER, order_status, ${utc("t")}, t[1:10]::DATE, payment_type, payment_installments::INTEGER,
         payment_value::DECIMAL(12, 2), (t[1:7] || '-01')::DATE FROM ${csv("payments")} JOIN ${purchased} USING (order_id)`,
      { "count(*)": "103886" }
    )
    await expectSame(
      `SELECT purchase_month, sum(items_value) AS items, sum(freight_value) AS freight, count(*) AS orders FROM dw_fact_orders GROUP BY ALL`,
      `SELECT (t[1:7] || '-01')::DATE AS purchase_month, coalesce(sum(items), 0), coalesce(sum(freight), 0), count(*)
       FROM ${purchased} LEFT JOIN (SELECT order_id, sum(${money("price")}) AS items, sum(${money("freight_value")}) AS freight
         FROM ${csv("items")} GROUP BY ALL) USING (order_id) GROUP BY ALL`,
      { "count(*)": "25" }
    )
  })

  it("have each order as the files do", async () => {
    const days = (from: string, to: string) => `trunc((epoch(${to}::TIMESTAMP) - epoch(${from}::TIMESTAMP)) / 86400)::INTEGER`
    // Clocks were put on and back while some orders were on their way: whole days are those of real time.
    const real = (from: string, to: string) => `trunc((epoch(${utc(to)}) - epoch(${utc(from)})) / 86400)::INTEGER`
    await expectSame(
      `SELECT order_id, order_status, ts_order_purchase, ts_order_approved_at, ts_order_delivered_carrier, ts_order_delivered_customer,
         dt_order_estimated_delivery, dt_order_purchase, days_to_approval, days_to_carrier, days_on_the_way, days_to_delivery, days_late, item_count,
         items_value, freight_value, payment_value, payment_types, main_payment_type FROM dw_fact_orders`,
      `SELECT order_id, order_status, ${utc("order_purchase_timestamp")}, ${utc("order_approved_at")}, ${utc("order_delivered_carrier_date")},
         ${utc("order_delivered_customer_date")}, order_estimated_delivery_date[1:10]::DATE, order_purchase_timestamp[1:10]::DATE,
         ${real("order_purchase_timestamp", "order_approved_at")}, ${real("order_approved_at", "order_delivered_carrier_date")},
         ${real("order_delivered_carrier_date", "order_delivered_customer_date")}, ${real("order_purchase_timestamp", "order_delivered_customer_date")},
         ${days("order_estimated_delivery_date[1:10]", "order_delivered_customer_date[1:10]")}, coalesce(n, 0), coalesce(items, 0)::DECIMAL(18, 2),
         coalesce(freight, 0)::DECIMAL(18, 2), coalesce(paid, 0)::DECIMAL(18, 2), types, main
       FROM ${csv("orders")}
       LEFT JOIN (SELECT order_id, count(*) AS n, sum(${money("price")}) AS items, sum(${money("freight_value")}) AS freight FROM ${csv("items")} GROUP BY ALL)
         USING (order_id)
       LEFT JOIN (SELECT order_id, sum(${money("payment_value")}) AS paid, string_agg(DISTINCT payment_type, ', ' ORDER BY payment_type) AS types,
           arg_max(payment_type, ${money("payment_value")} * 1000 - payment_sequential::INTEGER) AS main FROM ${csv("payments")} GROUP BY ALL)
         USING (order_id)`,
      { "count(*)": "99441" }
    )
  })

  it("have the history of each person: 252 whose address changed, of 2,997 with several orders", async () => {
    const orders = `SELECT customer_unique_id AS person, order_id, ${utc("order_purchase_timestamp")} AS t, customer_zip_code_prefix AS zip,
      customer_city AS city, customer_state AS state FROM ${csv("orders")} JOIN ${csv("customers")} USING (customer_id)`
    // Gaps and islands: an address holds as long as the next orders have it.
    const islands = `SELECT person, min(t) AS begun, any_value(address) AS address FROM (
        SELECT *, row_number() OVER (PARTITION BY person ORDER BY t) - row_number() OVER (PARTITION BY person, address ORDER BY t) AS island
        FROM (SELECT person, t, arg_max({zip: zip, city: city, state: state}, order_id) AS address FROM (${orders}) GROUP BY ALL))
      GROUP BY person, address, island`
    await expectSame(
      `SELECT surrogate_key, customer_unique_id, customer_zip_code_prefix, customer_city, customer_state, valid_from, valid_to, version_no, is_current,
         is_inferred FROM dw_dim_customers WHERE version_no > 0`,
      `SELECT md5(person || '|' || strftime(valid_from, '%Y-%m-%dT%H:%M:%S.%f') || 'Z'), person, address.zip, address.city, address.state, valid_from, valid_to, n,
         valid_to IS NULL, false
       FROM (SELECT person, address, CASE WHEN n = 1 THEN timestamptz '1900-01-01 00:00:00Z' ELSE begun END AS valid_from, next AS valid_to, n
         FROM (SELECT *, row_number() OVER w AS n, lead(begun) OVER w AS next FROM (${islands}) WINDOW w AS (PARTITION BY person ORDER BY begun)))`,
      { "count(*)": "96355", "count(DISTINCT customer_unique_id)": "96096", "count(*) FILTER (version_no = 2)": "252" }
    )
    expect(await one(`SELECT count(*) FILTER (n > 1) AS several FROM (SELECT count(*) AS n FROM (${orders}) GROUP BY person)`)).toEqual({
      several: "2997"
    })
    expect(await rows("SELECT surrogate_key = md5('-1') AS k, customer_unique_id AS p FROM dw_dim_customers WHERE version_no = 0")).toEqual(
      [{ k: true, p: null }]
    )
    // Every order finds the address that it was placed with.
    await expectSame(
      `SELECT order_id, customer_unique_id, customer_zip_code_prefix, customer_city, customer_state
       FROM dw_fact_orders JOIN dw_dim_customers ON surrogate_key = sk_customers`,
      `SELECT order_id, person, zip, city, state FROM (${orders})`,
      { "count(*)": "99441" }
    )
    for (const fact of ["dw_fact_order_items", "dw_fact_order_payments"])
      expect(
        await one(`SELECT count(*) AS n FROM ${fact} f JOIN dw_fact_orders o USING (order_id) WHERE f.sk_customers <> o.sk_customers`)
      ).toEqual({
        n: "0"
      })
  })

  it("have of people that something changed of the history that all have, when only theirs is made anew", async () => {
    const model = models.models.find(({ name }) => name === "dw_dim_customers")
    if (model?.materialization.kind !== "history") throw new Error("it is no history")
    const changes = (dataset: string) => `(SELECT * FROM consumable_${dataset} WHERE md5(customer_id) < '08')`
    const source = (from: string, table: string) => (from === "changes" ? changes(table) : viewOfSource(from, table))
    const select = render(model.text, { ref: identifier, source, this: model.name, var: () => null, isIncremental: true })
    const touched = `SELECT customer_unique_id FROM consumable_customers WHERE md5(customer_id) < '08'`
    await expectSame(
      historySql(model.materialization.history, `(${select})`, false),
      `FROM dw_dim_customers WHERE customer_unique_id IN (${touched})`
    )
    expect(
      await one(
        `SELECT count(*) > 3000 AND count(*) < 3500 AND max(version_no) > 1 AS n FROM (${historySql(model.materialization.history, `(${select})`, false)})`
      )
    ).toEqual({ n: "true" })
  })

  it("have one row a zip code, and sums by city that are those of all orders", async () => {
    const spelled = `SELECT customer_zip_code_prefix AS zip, customer_city AS city, customer_state AS state, count(*) AS n FROM ${csv("customers")} GROUP BY ALL`
    const places = `SELECT zip, list({city: city, state: state} ORDER BY n DESC, city, state)[1] AS place, count(*) AS n FROM (${spelled}) GROUP BY zip`
    await expectSame("FROM dw_dim_location", `SELECT zip, place.city, place.state, n FROM (${places})`, {
      "count(*)": "14994",
      "sum(nu_spellings)": "15034",
      "count(*) FILTER (nu_spellings > 1)": "39"
    })
    const sold = `SELECT o.order_id, o.order_purchase_timestamp AS t, c.customer_unique_id AS person, p.place, sum(coalesce(${money("price")}, 0)) AS price,
        sum(coalesce(${money("freight_value")}, 0)) AS freight, count(price) AS n
      FROM ${csv("orders")} o JOIN ${csv("customers")} c USING (customer_id) JOIN (${places}) p ON p.zip = c.customer_zip_code_prefix
      LEFT JOIN ${csv("items")} i ON i.order_id = o.order_id WHERE ${delivered} GROUP BY ALL`
    await expectSame(
      "FROM aggregate_sales_performance_by_city",
      `SELECT place.state, place.city, count(*), ${cents("sum(price)", "count(*)")}, sum(price)::DECIMAL(18, 2), count(DISTINCT person),
         ${cents("sum(freight)", "sum(n)")}, max(${utc("t")}) FROM (${sold}) GROUP BY place`,
      { "sum(nu_sum_items_price)": "13221498.11", "sum(nu_qty_sales)": "96478" }
    )
    // What a join with every spelling of a zip code comes to.
    expect(
      await one(`SELECT sum(${money("price")}) AS n FROM ${csv("orders")} JOIN ${csv("customers")} USING (customer_id) JOIN ${csv("items")} USING (order_id)
        JOIN (SELECT zip FROM (${spelled})) ON zip = customer_zip_code_prefix WHERE ${delivered}`)
    ).toEqual({ n: "13289360.52" })
  })

  it("have sales by day and by month in which each order counts once", async () => {
    const sold = `SELECT order_purchase_timestamp AS t, coalesce(main, 'none') AS main, coalesce(items, 0) AS items FROM ${csv("orders")}
      LEFT JOIN (SELECT order_id, sum(${money("price")}) AS items FROM ${csv("items")} GROUP BY ALL) USING (order_id)
      LEFT JOIN (SELECT order_id, arg_max(payment_type, ${money("payment_value")} * 1000 - payment_sequential::INTEGER) AS main FROM ${csv("payments")} GROUP BY ALL)
        USING (order_id) WHERE ${delivered}`
    for (const [table, day] of [
      ["aggregate_sales_per_day", "t[1:10]"],
      ["aggregate_sales_per_month", "t[1:7] || '-01'"]
    ] as const)
      await expectSame(
        `FROM ${table}`,
        `SELECT (${day})::DATE AS d, main, sum(items)::DECIMAL(18, 2), count(*) FROM (${sold}) GROUP BY d, main`,
        {
          "sum(nu_sum_items_value)": "13221498.11",
          "sum(nu_qty_orders)": "96478",
          "count(DISTINCT dt_order_purchase)": day === "t[1:10]" ? "612" : "23"
        }
      )
  })

  it("have every version of every order", async () => {
    const times = ["order_purchase_timestamp", "order_approved_at", "order_delivered_carrier_date", "order_delivered_customer_date"]
    const words = ["payment-pending", "payment-approved", "shipped", "delivered"]
    const versions = `SELECT DISTINCT order_id, changed FROM (${times.map((t) => `SELECT order_id, ${t} AS changed FROM ${csv("orders")}`).join(" UNION ALL ")})
      WHERE changed IS NOT NULL`
    // The furthest step that was taken by then; texts of times are in the order of time.
    const reached = `CASE ${[3, 2, 1, 0].map((i) => `WHEN ${times[i]} <= changed THEN '${words[i]}'`).join(" ")} END`
    const last = `greatest(${times.join(", ")})`
    const text = (t: string) => `strftime(timezone('America/Sao_Paulo', ${t}), '%Y-%m-%d %H:%M:%S')`
    await expectSame(
      `SELECT order_id, ${text("last_change")}, change_date, ${text("creation_date")}, status, is_latest, ${text("authorized_date")}, item_count, product_count,
         seller_count, items_value, freight_value, payment_value, payment_types, customer_unique_id, customer_zip_code_prefix, customer_city, customer_state
       FROM checkout_order_versions`,
      `SELECT order_id, changed, ${utc("changed")}::DATE, order_purchase_timestamp, CASE WHEN changed = ${last} THEN order_status ELSE ${reached} END,
         changed = ${last}, CASE WHEN order_approved_at <= changed THEN order_approved_at END, coalesce(n, 0), coalesce(products, 0), coalesce(sellers, 0),
         coalesce(items, 0)::DECIMAL(18, 2), coalesce(freight, 0)::DECIMAL(18, 2), coalesce(paid, 0)::DECIMAL(18, 2), types, customer_unique_id,
         customer_zip_code_prefix, customer_city, customer_state
       FROM (${versions}) JOIN ${csv("orders")} USING (order_id) JOIN ${csv("customers")} USING (customer_id)
       LEFT JOIN (SELECT order_id, count(*) AS n, count(DISTINCT product_id) AS products, count(DISTINCT seller_id) AS sellers,
         sum(${money("price")}) AS items, sum(${money("freight_value")}) AS freight FROM ${csv("items")} GROUP BY ALL) USING (order_id)
       LEFT JOIN (SELECT order_id, sum(${money("payment_value")}) AS paid, string_agg(DISTINCT payment_type, ', ' ORDER BY payment_type) AS types
         FROM ${csv("payments")} GROUP BY ALL) USING (order_id)`,
      { "count(*)": "391551", "count(DISTINCT order_id)": "99441", "sum(items_value) FILTER (is_latest)": "13591643.70" }
    )
  })

  it("say of each run that was completed what it took, once, however often it was tried", async () => {
    const ended = (run: string, kind: string, outcome: string, at: string, n: number, files: number) =>
      `('${run}', '${kind}', 'orders', '${outcome}', timestamptz '2026-11-20 ${at}Z', ${n + 1}, ${n}, 1, ${files})`
    await rows(
      `INSERT INTO runs (run_id, kind, dataset, outcome, ended_at, records, rows, duplicates, files) VALUES ${[
        ended("a", "ingest", "complete", "07:08:09.5", 4, 1),
        ended("a", "ingest", "complete", "07:09:00", 0, 0),
        ended("b", "ingest", "fail", "07:10:00", 0, 0),
        ended("c", "repartition", "complete", "23:59:59.999", 4, 2)
      ].join(", ")}`
    )
    const control = (zone: string) => {
      const model = models.models.find(({ name }) => name === `tb_0001_control_process_${zone}`)
      return model === undefined ? "" : tableSql(model, models)
    }
    expect(await one(control("raw"))).toEqual({
      str_origin_zone: "landzone",
      str_target_zone: "raw",
      str_process: "orders",
      ref: "20261120",
      dt_proc: "20261120070809",
      nu_qtd_rows: "4",
      nu_qtd_records: "5",
      nu_qtd_dead_letters: "null",
      run_id: "a"
    })
    expect(await one(control("trusted"))).toMatchObject({
      str_target_zone: "trusted",
      dt_proc: "20261120235959",
      num_affected_rows: "4",
      run_id: "c"
    })
    for (const zone of ["raw", "trusted"]) expect(await rows(control(zone))).toHaveLength(1)
  })

  it("have every product, its columns named as they are spelled", async () => {
    await expectSame(
      `SELECT product_id, product_category_name, product_category_name_english, product_name_length, product_description_length, product_photos_qty,
         product_weight_g, product_length_cm, product_height_cm, product_width_cm, is_inferred FROM dw_dim_products`,
      `SELECT product_id, product_category_name, coalesce(product_category_name_english, product_category_name),
         COLUMNS(['product_name_lenght', 'product_description_lenght', 'product_photos_qty', 'product_weight_g', 'product_length_cm', 'product_height_cm',
           'product_width_cm'])::INTEGER, false
       FROM ${csv("products")} LEFT JOIN ${csv("category_names")} USING (product_category_name)`,
      { "count(*)": "32951", "count(*) FILTER (product_category_name IS NULL)": "610" }
    )
  })
})
