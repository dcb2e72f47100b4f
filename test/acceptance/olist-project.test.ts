import { join } from "node:path"
import { describe, expect, it } from "vitest"
import olist from "../../schemas/olist/project.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { rowsIn } from "../cli/in-process.ts"
import { root, sluiceJson } from "../cli/sluice.ts"
import { realData, temporaryFolder, withDuckDB } from "./support.ts"

/** Tables of a marketplace as CSV files: each row of every file is in the lake as DuckDB reads it from the file. */

const input = realData("olist")
const folder = temporaryFolder()

/** The file of each dataset, without its ending; rows of the set, and of the small set that lies in a folder below it, which has of each some again. */
const files: Readonly<Record<string, readonly [file: string, rows: number, again: number]>> = {
  orders: ["olist_orders_dataset.csv.gz", 99_441, 500],
  items: ["olist_order_items_dataset.csv.gz", 112_650, 571],
  payments: ["olist_order_payments_dataset.csv.gz", 103_886, 531],
  customers: ["olist_customers_dataset.csv.gz", 99_441, 500],
  products: ["olist_products_dataset.csv.gz", 32_951, 494],
  sellers: ["olist_sellers_dataset.csv", 3095, 332],
  reviews: ["olist_order_reviews_dataset.csv.gz", 99_161, 495],
  category_names: ["product_category_name_translation.csv", 71, 0]
}

/** A column as the file writes it: of the table, and of the file. */
const asWritten = (name: string, type: string): readonly [ours: string, theirs: string] => {
  const misspelt = name.replace(/^(product_(name|description))_length$/, "$1_lenght")
  if (type === "timestamp") return [`strftime(timezone('America/Sao_Paulo', ${name}), '%Y-%m-%d %H:%M:%S')`, name]
  if (type === "date") return [`strftime(${name}, '%Y-%m-%d')`, `${name}[1:10]`]
  // What people wrote is not stored.
  if (name.startsWith("review_comment")) return [name, "NULL"]
  return [`CAST(${name} AS VARCHAR)`, misspelt]
}

describe.skipIf(input === undefined)("the project of Olist's tables", () => {
  it("carries every row of every file, once, and verifies", async () => {
    const at = ["--project", join(root, "schemas", "olist"), "--lake", folder("lake")]
    const ran = await sluiceJson(["run", "--once", ...at, "--input", input ?? ""])
    for (const { dataset, counts } of ran.datasets) {
      const [, rows = 0, again = 0] = files[dataset] ?? []
      const expected = { records: rows + again, rows: rows + again, empty: 0, deadLetters: {}, rescued: {}, drift: {}, quality: {} }
      expect([dataset, counts]).toMatchObject([dataset, expected])
    }
    expect(ran.datasets.map(({ dataset }: { dataset: string }) => dataset)).toEqual(Object.keys(files))
    // The same run has built the marts, each once its tests held.
    expect(ran.models.map(({ kind }: { kind: string }) => kind)).toEqual(Array(14).fill("built"))
    const figures = `SELECT
      (SELECT sum(price)::VARCHAR FROM dw_fact_order_items) AS price,
      (SELECT sum(freight_value)::VARCHAR FROM dw_fact_order_items) AS freight,
      (SELECT sum(payment_value)::VARCHAR FROM dw_fact_order_payments) AS payments,
      (SELECT count(*) FROM dw_fact_orders) AS orders,
      (SELECT count(*) FROM dw_dim_customers WHERE version_no = 2) AS moved,
      (SELECT count(*) FROM checkout_order_versions) AS versions`
    expect(await rowsIn(folder("lake"), figures)).toEqual([
      JSON.stringify({
        price: "13591643.70",
        freight: "2251909.54",
        payments: "16008872.12",
        orders: 99_441,
        moved: 252,
        versions: 391_551
      })
    ])
    const verified = await sluiceJson(["verify", ...at])
    expect([verified.ok, verified.checks.length > 40]).toEqual([true, true])

    await withDuckDB(async (rows) => {
      for (const contract of olist.contracts) {
        const [file = ""] = files[contract.name] ?? []
        const columns = compileContract(contract).columns.map((column) =>
          asWritten(column.name, column.kind === "leaf" ? column.leaf.type : column.kind)
        )
        const ours = `SELECT ${columns.map(([sql]) => sql).join(", ")} FROM read_parquet('${folder("lake")}/consumable/${contract.name}/**/*.parquet')`
        const theirs = `SELECT ${columns.map(([, sql]) => sql).join(", ")} FROM read_csv('${join(input ?? "", file)}', header = true, all_varchar = true)`
        const counts = await rows(`SELECT (SELECT count(*) FROM (${ours})) AS ours, (SELECT count(*) FROM (${theirs})) AS theirs`)
        expect([contract.name, counts]).toEqual([
          contract.name,
          [{ ours: String(files[contract.name]?.[1]), theirs: String(files[contract.name]?.[1]) }]
        ])
        const differences = await rows(`(${ours} EXCEPT ALL ${theirs}) UNION ALL (${theirs} EXCEPT ALL ${ours}) LIMIT 5`)
        expect([contract.name, differences]).toEqual([contract.name, []])
      }
    })
  })
})
