import { cpSync, mkdirSync } from "node:fs"
import { basename, join } from "node:path"
import { describe, expect, it } from "vitest"
import olist from "../../schemas/olist/project.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { rowsIn } from "../cli/in-process.ts"
import { root, sluiceJson } from "../cli/sluice.ts"
import { realData, temporaryFolder, withDuckDB } from "./support.ts"

/** Tables of a marketplace as CSV files: each row of every file is in the lake as DuckDB reads it from the file. */

const all = realData("olist")
/** The small set by itself, unless `SLUICE_TEST_REAL=all` asks for all. */
const isAll = process.env["SLUICE_TEST_REAL"] === "all"
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

/** How often a dataset has each row, and how many it has when all are folded. */
const sizes = ([, rows, again]: readonly [string, number, number]) =>
  isAll ? { records: rows + again, rows } : { records: again || rows, rows: again || rows }

/** The folder of the files, and the file of a dataset there. */
const input = (): string => (isAll ? (all ?? "") : folder("in"))
const fileOf = (dataset: string): string => {
  const [file = ""] = files[dataset] ?? []
  return join(input(), isAll ? file : basename(file, ".gz"))
}

/** What the orders come to, as the files say it. */
const sumsOfFiles = `SELECT
  (SELECT sum(CAST(price AS DECIMAL(12, 2)))::VARCHAR FROM items) AS price,
  (SELECT sum(CAST(freight_value AS DECIMAL(12, 2)))::VARCHAR FROM items) AS freight,
  (SELECT sum(CAST(payment_value AS DECIMAL(12, 2)))::VARCHAR FROM payments) AS payments`

/** A column as the file writes it: of the table, and of the file. */
const asWritten = (name: string, type: string): readonly [ours: string, theirs: string] => {
  const misspelt = name.replace(/^(product_(name|description))_length$/, "$1_lenght")
  if (type === "timestamp") return [`strftime(timezone('America/Sao_Paulo', ${name}), '%Y-%m-%d %H:%M:%S')`, name]
  if (type === "date") return [`strftime(${name}, '%Y-%m-%d')`, `${name}[1:10]`]
  // What people wrote is not stored.
  if (name.startsWith("review_comment")) return [name, "NULL"]
  return [`CAST(${name} AS VARCHAR)`, misspelt]
}

describe.skipIf(all === undefined)("the project of Olist's tables", () => {
  it("carries every row of every file, once, and verifies", async () => {
    if (!isAll) {
      mkdirSync(input())
      cpSync(join(all ?? "", "sample_500_orders"), input(), { recursive: true })
      cpSync(join(all ?? "", basename(fileOf("category_names"))), fileOf("category_names"))
    }
    const at = ["--project", join(root, "schemas", "olist"), "--lake", folder("lake")]
    const ran = await sluiceJson(["run", "--once", ...at, "--input", input()])
    for (const { dataset, counts } of ran.datasets) {
      const { records } = sizes(files[dataset] ?? ["", 0, 0])
      const expected = { records, rows: records, empty: 0, deadLetters: {}, rescued: {}, drift: {}, quality: {} }
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
    const [made = "{}"] = await rowsIn(folder("lake"), figures)
    const { moved, ...others } = JSON.parse(made)
    const published = { price: "13591643.70", freight: "2251909.54", payments: "16008872.12", orders: 99_441, versions: 391_551 }
    const [sums] = await withDuckDB(async (rows) => {
      for (const dataset of ["items", "payments"])
        await rows(`CREATE VIEW ${dataset} AS FROM read_csv('${fileOf(dataset)}', header = true, all_varchar = true)`)
      return rows(sumsOfFiles)
    })
    expect(others).toEqual({ ...sums, orders: 500, versions: 1973, ...(isAll && published) })
    expect(moved).toBe(isAll ? 252 : 0)
    const verified = await sluiceJson(["verify", ...at])
    expect([verified.ok, verified.checks.length > 40]).toEqual([true, true])

    await withDuckDB(async (rows) => {
      for (const contract of olist.contracts) {
        const columns = compileContract(contract).columns.map((column) =>
          asWritten(column.name, column.kind === "leaf" ? column.leaf.type : column.kind)
        )
        const ours = `SELECT ${columns.map(([sql]) => sql).join(", ")} FROM read_parquet('${folder("lake")}/consumable/${contract.name}/**/*.parquet')`
        const theirs = `SELECT ${columns.map(([, sql]) => sql).join(", ")} FROM read_csv('${fileOf(contract.name)}', header = true, all_varchar = true)`
        const counts = await rows(`SELECT (SELECT count(*) FROM (${ours})) AS ours, (SELECT count(*) FROM (${theirs})) AS theirs`)
        const rowsOfAll = String(sizes(files[contract.name] ?? ["", 0, 0]).rows)
        expect([contract.name, counts]).toEqual([contract.name, [{ ours: rowsOfAll, theirs: rowsOfAll }]])
        const differences = await rows(`(${ours} EXCEPT ALL ${theirs}) UNION ALL (${theirs} EXCEPT ALL ${ours}) LIMIT 5`)
        expect([contract.name, differences]).toEqual([contract.name, []])
      }
    })
  })
})
