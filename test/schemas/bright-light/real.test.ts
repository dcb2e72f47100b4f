import { readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { adventureworksTables } from "../../../schemas/bright-light/generate/adapters/adventureworks.ts"
import { completeJourneyTables } from "../../../schemas/bright-light/generate/adapters/complete-journey.ts"
import { ghcnRows } from "../../../schemas/bright-light/generate/adapters/ghcn.ts"
import { superstoreTables } from "../../../schemas/bright-light/generate/adapters/superstore.ts"
import type { DuckDB } from "../../../src/duckdb/duckdb.ts"
import { openDuckDB } from "../../../src/duckdb/open.ts"
import { literal } from "../../../src/duckdb/sql.ts"
import { realData } from "../../acceptance/support.ts"
import { brightModels, buildKnown, differenceOf, type Known, loadKnown, martOf, noDifference } from "./lake.ts"
import { type Parameters, plainSales } from "./plain.ts"
import { plainFeatures } from "./plain-features.ts"
import { plainWeb, sessionsOf } from "./plain-web.ts"
import { accessLog, knownOfTables, textOfFile } from "./real.ts"

/** The marts of real data sets, which have other dirt than what is generated: held to plain loops, and to other SQL over their files. */

const parameters: Parameters = { period_days: 365, top_days: 400, top_percent: 10, top_categories: 3 }
const science = ["widget_weather_features", "stock_by_forecast"]

const open = openDuckDB({ threads: 2, memoryLimit: 1024 ** 3 })

/** Builds the marts in a DuckDB, and holds them to what is expected. */
const hold = (db: DuckDB, known: Known, expected: { readonly [mart: string]: ReadonlyArray<string> }, isWhole = false) =>
  Effect.gen(function* () {
    const models = brightModels({ ...parameters })
    yield* loadKnown(db, known)
    yield* buildKnown(db, { ...models, models: models.models.filter(({ name }) => isWhole || !science.includes(name)) })
    for (const [mart, lines] of Object.entries(expected))
      assert.deepStrictEqual(differenceOf(yield* martOf(db, mart), lines), noDifference, mart)
  })

/** Two queries give the same rows. */
const same = (db: DuckDB, actual: string, expected: string) =>
  Effect.gen(function* () {
    const texts = (sql: string) =>
      Effect.map(db.rows(`SELECT r::VARCHAR AS r FROM (${sql}) AS r ORDER BY 1`), (rows) => rows.map(({ r }) => String(r)))
    const found = yield* texts(expected)
    assert.isAbove(found.length, 0)
    assert.deepStrictEqual(differenceOf(yield* texts(actual), found), noDifference, actual)
  })

const store = realData("superstore_us")
const journey = realData("completejourney")
const bicycles = realData("adventureworks_lt")
const isLong = process.env["SLUICE_TEST_BRIGHT_REAL"] === "1"
const logs = realData("access_logs")
const weather = realData("weather")

describe("the marts of real data", () => {
  it.effect.skipIf(store === undefined)("of Superstore: sales by zip code, and returns", () =>
    Effect.gen(function* () {
      const db = yield* open
      const known = knownOfTables(superstoreTables(store ?? ""))
      yield* hold(db, known, plainSales(known, parameters))
      const decoded = join(db.folder, "orders.csv")
      writeFileSync(decoded, textOfFile(store ?? "", "Orders.csv.gz", "windows-1252"))
      const file = `read_csv(${literal(decoded)}, delim = ';', all_varchar = true, header = true)`
      yield* db.run(`CREATE TABLE lines AS SELECT strptime("Order Date", '%d/%m/%Y')::DATE AS d, strptime("Ship Date", '%d/%m/%Y')::DATE AS shipped,
        coalesce(lpad("Postal Code", 5, '0'), 'unknown') AS zip, "Category" AS category, "Order ID" AS o, "Customer ID" AS c, "Product ID" AS p,
        "Quantity"::BIGINT AS n, round(replace("Sales", ',', '.')::DECIMAL(14, 4), 2)::DECIMAL(18, 2) AS s FROM ${file}`)
      yield* same(
        db,
        "SELECT sold_month, zip, category, sales, sales_year_ago FROM sales_by_zip_month",
        `WITH m AS (SELECT date_trunc('month', d)::DATE AS m, zip, category, sum(s)::DECIMAL(18, 2) AS s FROM lines GROUP BY ALL)
         SELECT coalesce(a.m, (b.m + INTERVAL 1 YEAR)::DATE) AS sold_month, coalesce(a.zip, b.zip) AS zip, coalesce(a.category, b.category) AS category,
           coalesce(a.s, 0)::DECIMAL(18, 2) AS sales, coalesce(b.s, 0)::DECIMAL(18, 2) AS sales_year_ago
         FROM m a FULL JOIN m b ON a.m = b.m + INTERVAL 1 YEAR AND a.zip = b.zip AND a.category = b.category
         WHERE coalesce(a.m, b.m + INTERVAL 1 YEAR) <= (SELECT max(m) FROM m)`
      )
      yield* same(
        db,
        "SELECT begins_on, product_id, units_returned FROM top_returned_products WHERE period = 'week'",
        `SELECT date_trunc('week', shipped)::DATE AS begins_on, p AS product_id, sum(n)::BIGINT AS units_returned
         FROM lines WHERE o IN (SELECT "Order ID" FROM read_csv(${literal(join(store ?? "", "Returns.csv"))}, delim = ';', all_varchar = true)) GROUP BY ALL`
      )
      yield* same(
        db,
        "SELECT DISTINCT customer_id FROM top_customers",
        `SELECT c AS customer_id FROM (
        SELECT c, row_number() OVER (ORDER BY sum(s) DESC, c) AS r, count(*) OVER () AS n FROM lines
        WHERE d > (SELECT max(d) FROM lines) - ${parameters.top_days} GROUP BY c) WHERE r <= ceil(n / 10)`
      )
    }).pipe(Effect.scoped)
  )

  it.effect.skipIf(bicycles === undefined)("of AdventureWorks: shops that buy in June 2008", () =>
    Effect.gen(function* () {
      const db = yield* open
      const known = knownOfTables(adventureworksTables(bicycles ?? ""))
      yield* hold(db, known, plainSales(known, parameters))
      const file = (name: string): string => `read_csv(${literal(join(bicycles ?? "", `${name}.csv`))}, all_varchar = true)`
      yield* db.run(`CREATE TABLE sold AS SELECT CASE WHEN a.CountryRegion = 'United States' THEN lpad(a.PostalCode, 5, '0') ELSE 'unknown' END AS zip,
        p.Name AS category, h.CustomerID AS c, d.ProductID AS p, d.OrderQty::BIGINT AS n, round(d.LineTotal::DECIMAL(18, 6), 2)::DECIMAL(18, 2) AS s
        FROM ${file("SalesOrderDetail")} d JOIN ${file("SalesOrderHeader")} h USING (SalesOrderID) JOIN ${file("Address")} a ON a.AddressID = h.ShipToAddressID
        JOIN ${file("Product")} w USING (ProductID) JOIN ${file("ProductCategory")} k USING (ProductCategoryID)
        JOIN ${file("ProductCategory")} p ON p.ProductCategoryID = k.ParentProductCategoryID::DOUBLE::INTEGER::VARCHAR`)
      yield* same(
        db,
        "SELECT zip, category, sales FROM sales_by_zip_month WHERE sold_month = '2008-06-01'",
        "SELECT zip, category, sum(s)::DECIMAL(18, 2) AS sales FROM sold GROUP BY ALL"
      )
      yield* same(
        db,
        "SELECT customer_id, max(spend_so_far) AS spend FROM customer_running_totals GROUP BY 1",
        "SELECT c AS customer_id, sum(s)::DECIMAL(18, 2) AS spend FROM sold GROUP BY 1"
      )
    }).pipe(Effect.scoped)
  )

  it.effect.skipIf(journey === undefined || !isLong)("of The Complete Journey: coupons, running totals", () =>
    Effect.gen(function* () {
      const db = yield* open
      const known = knownOfTables(completeJourneyTables(journey ?? ""))
      yield* hold(db, known, plainSales(known, parameters))
      const file = (name: string): string => `read_csv(${literal(join(journey ?? "", `${name}.csv.gz`))}, all_varchar = true)`
      yield* same(
        db,
        "SELECT campaign_id, sum(redemptions)::BIGINT AS n FROM coupon_redemptions_by_category GROUP BY 1 HAVING sum(redemptions) > 0",
        `SELECT campaign_id, count(*) AS n FROM ${file("coupon_redemptions")} GROUP BY 1`
      )
      yield* same(
        db,
        "SELECT customer_id, max(spend_so_far) AS spend FROM customer_running_totals GROUP BY 1",
        `SELECT household_id AS customer_id, sum(sales_value::DECIMAL(14, 2))::DECIMAL(18, 2) AS spend FROM ${file("transactions_sample")} GROUP BY 1`
      )
    }).pipe(Effect.scoped)
  )

  it.effect.skipIf(logs === undefined || weather === undefined || store === undefined)(
    "of an access log, and of sales beside GHCN's weather",
    () =>
      Effect.gen(function* () {
        const db = yield* open
        const name = readdirSync(logs ?? "").find((each) => /log/.test(each)) ?? ""
        const log = accessLog(textOfFile(logs ?? "", name))
        yield* hold(db, log, plainWeb(log))
        const { tables, requests } = knownOfTables(superstoreTables(store ?? ""))
        const few = (tables["products"] ?? []).slice(0, 4)
        const known = {
          tables: {
            ...tables,
            products: few.map((row) => ({ ...row, list_price: "1.0000" })),
            order_lines: (tables["order_lines"] ?? []).filter((row) => few.some(({ product_id }) => product_id === row["product_id"])),
            weather_observed: ghcnRows(weather ?? "")
          },
          requests
        }
        const { widget_weather_features = [] } = plainFeatures(known, sessionsOf(known))
        assert.isAbove(widget_weather_features.length, 2_000)
        yield* hold(db, known, { widget_weather_features }, true)
      }).pipe(Effect.scoped)
  )
})
