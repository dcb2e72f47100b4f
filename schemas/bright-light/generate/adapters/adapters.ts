import type { DataSetAdapter, MadeFile } from "../../../../src/contract/index.ts"
import { finalRows, replicaFiles, type Table } from "../replicas.ts"
import { csvOf, type Row } from "../text.ts"
import { adventureworksLeftOut, adventureworksLoadedAt, adventureworksTables } from "./adventureworks.ts"
import { completeJourneyLoadedAt, completeJourneyTables } from "./complete-journey.ts"
import { ghcnRows } from "./ghcn.ts"
import { bytesIn, namesIn } from "./read.ts"
import { superstoreLoadedAt, superstoreTables } from "./superstore.ts"

/** Data sets that others publish, as files of the company. The same files give the same bytes. */

const replicated = (
  description: string,
  tablesOf: (folder: string) => ReadonlyArray<Table>,
  loadedAt: number,
  more: { readonly [name: string]: unknown } = {}
): DataSetAdapter => ({
  description,
  make: (folder) => {
    const tables = tablesOf(folder)
    return { files: replicaFiles(tables, { loadedAt }), expected: () => ({ rows: rowsOf(tables), ...more }) }
  }
})

/** Rows of each table for users. Lines of no widget at all, which a data set may have, are dead letters. */
const rowsOf = (tables: ReadonlyArray<Table>): { readonly [dataset: string]: number } =>
  Object.fromEntries(
    tables.map((table) => [
      table.name,
      finalRows(table).filter((row) => table.name !== "order_lines" || Number(row["quantity"]) > 0).length
    ])
  )

/** Lines as they are: what is none is for whoever reads them to say. */
function* logFiles(folder: string): Generator<MadeFile, void> {
  for (const [i, name] of namesIn(folder, logName, "file *.log or *.log.gz").entries()) {
    const content = bytesIn(folder, name)
    const text = new TextDecoder("latin1").decode(content)
    const lines = text.split("\n").filter((line) => line.trim() !== "")
    if (!lines.some((line) => /\[\d\d\/[A-Z][a-z]{2}\/\d{4}:/.test(line)))
      throw new Error(`${name} in ${folder} has no line of an access log: it is another file.`)
    yield { path: `web/web-${i + 1}/access.log`, content, records: lines.length }
  }
}

const logName = /\.log(?:\.gz)?$/

/** One revision a month, of all stations. */
function* weatherFiles(rows: ReadonlyArray<Row>): Generator<MadeFile, void> {
  const months = Map.groupBy(rows, (row) => String(row["observed_on"]).slice(0, 7))
  for (const [month, some] of [...months].sort(([a], [b]) => (a < b ? -1 : 1)))
    yield { path: `weather/${month}/weather_observed.csv`, content: csvOf(Object.keys(some[0] ?? {}), some), records: some.length }
}

export const adapters: { readonly [name: string]: DataSetAdapter } = {
  superstore: replicated("Tableau's Superstore: Orders.csv and Returns.csv", superstoreTables, superstoreLoadedAt),
  "complete-journey": replicated(
    "The Complete Journey: transactions_sample.csv, products.csv, coupons.csv, coupon_redemptions.csv, campaign_descriptions.csv",
    completeJourneyTables,
    completeJourneyLoadedAt
  ),
  adventureworks: replicated(
    "AdventureWorksLT: Customer.csv, Address.csv, CustomerAddress.csv, Product.csv, ProductCategory.csv, SalesOrderHeader.csv, SalesOrderDetail.csv",
    adventureworksTables,
    adventureworksLoadedAt,
    { leftOut: adventureworksLeftOut }
  ),
  "access-logs": {
    description: "access logs of web servers: *.log, each of a server",
    make: (folder) => {
      const files = [...logFiles(folder)]
      return { files, expected: () => ({ lines: files.reduce((sum, { records }) => sum + records, 0) }) }
    }
  },
  ghcn: {
    description: "daily weather of GHCN in °F and inches: ghcn_*.csv, and stations.csv where stations are not known",
    make: (folder) => {
      const rows = ghcnRows(folder)
      const days = new Set(rows.map((row) => `${row["zip"]} ${row["observed_on"]}`))
      return { files: weatherFiles(rows), expected: () => ({ rows: { weather_observed: days.size } }) }
    }
  }
}
