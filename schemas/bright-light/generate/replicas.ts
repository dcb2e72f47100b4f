import type { LeafType } from "../../../src/contract/index.ts"
import { type Contract, compileContract, type MadeFile } from "../../../src/contract/index.ts"
import { customers } from "../customers.ts"
import { campaigns, couponRedemptions, coupons } from "../marketing.ts"
import { orderLines, orders } from "../orders.ts"
import { products } from "../products.ts"
import { returns } from "../returns.ts"
import { csvOf, dayMillis, type Row, slashed, timeText } from "./text.ts"

/** Tables of databases, row by row as they come to be, and the files that DMS makes of them. */

/** A row from a time on, which is of the key that it has; a change of `D` has the row as it was before. */
export interface Change {
  readonly at: number
  readonly operation: "I" | "U" | "D"
  readonly row: Row
}

export interface Table {
  readonly name: string
  /** Folder of its database. */
  readonly database: string
  readonly key: ReadonlyArray<string>
  /** Those of the contract, in its order. */
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: LeafType }>
  /** In the order in which they came about. */
  readonly changes: ReadonlyArray<Change>
}

const replicated: { readonly [name: string]: readonly [Contract, database: string, ...key: ReadonlyArray<string>] } = {
  customers: [customers, "sales", "customer_id"],
  products: [products, "products", "product_id"],
  orders: [orders, "sales", "order_id"],
  order_lines: [orderLines, "sales", "order_id", "line_number"],
  returns: [returns, "returns", "return_id"],
  campaigns: [campaigns, "marketing", "campaign_id"],
  coupons: [coupons, "marketing", "coupon_code", "product_id", "campaign_id"],
  coupon_redemptions: [couponRedemptions, "marketing", "redemption_id"]
}

/** What DMS says of a row. */
const said: ReadonlyArray<string> = ["op", "commit_time", "change_sequence"]

/** A replicated table of the company, by the name of its dataset. */
export const tableOf = (name: string, changes: ReadonlyArray<Change>): Table => {
  const [contract, database, ...key] = replicated[name] ?? []
  if (contract === undefined || database === undefined) throw new Error(`${name} is no table of the company's databases`)
  const columns = compileContract(contract).columns.flatMap((column) =>
    column.kind === "leaf" && !said.includes(column.name) ? [{ name: column.name, type: column.leaf }] : []
  )
  return { name, database, key, columns, changes: changes.toSorted((a, b) => a.at - b.at) }
}

/** What a table holds in the end. */
export const finalRows = ({ key, changes }: Pick<Table, "key" | "changes">): ReadonlyArray<Row> => {
  const rows = new Map<string, Row>()
  for (const { operation, row } of changes) {
    const id = key.map((column) => row[column]).join("|")
    if (operation === "D") rows.delete(id)
    else rows.set(id, row)
  }
  return [...rows.values()]
}

/** How a task of DMS is set up for a table. */
export interface Forms {
  readonly load: "csv" | "parquet"
  readonly changes: "csv" | "parquet"
  /** `AddColumnName`: do files of CSV name their columns? Else fields stand in the order of the contract. */
  readonly header: boolean
  /** `IncludeOpForFullLoad` */
  readonly opInLoad: boolean
  /** Does a rule of the mapping add `change_sequence`? */
  readonly sequence: boolean
  /** `DatePartitionEnabled` */
  readonly byDate: boolean
  /** Files of a load. */
  readonly parts: number
}

const usual: Forms = { load: "csv", changes: "csv", header: true, opInLoad: false, sequence: true, byDate: false, parts: 1 }

/** No two teams have set up their tasks alike. */
const formsOf = ({ name }: Table): Forms => {
  switch (name) {
    case "products":
      return { ...usual, load: "parquet" }
    case "orders":
      return { ...usual, opInLoad: true }
    case "order_lines":
      return { ...usual, header: false, parts: 11 }
    case "returns":
      return { ...usual, load: "parquet", changes: "parquet" }
    case "campaigns":
      return { ...usual, sequence: false }
    case "coupons":
      return { ...usual, byDate: true }
    default:
      return usual
  }
}

/** Place of a change among all, 35 digits: the time of its commit, and a counter. */
const sequenceOf = (at: number, counter: number): string =>
  `${new Date(at)
    .toISOString()
    .replace(/[^0-9]/g, "")
    .slice(0, 16)}${String(counter).padStart(19, "0")}`

/** When tables were copied; what changed behind it comes as changes. */
export interface Loaded {
  readonly loadedAt: number
  /** When a task was begun anew, of the tables that it is of. */
  readonly reloaded?: { readonly at: number; readonly tables: ReadonlyArray<string> }
}

/** What DMS writes of tables: each as it was when it was copied, and the changes of each day behind that. */
export function* replicaFiles(tables: ReadonlyArray<Table>, { loadedAt, reloaded }: Loaded): Generator<MadeFile, void> {
  const inOrder = tables.flatMap(({ changes }) => changes).sort((a, b) => a.at - b.at)
  const numbers = new Map(inOrder.map((change, i) => [change, i + 1]))
  for (const table of tables) {
    const forms = formsOf(table)
    yield* loadFiles(table, forms, loadedAt, table.database)
    const again = reloaded?.tables.includes(table.name) ? reloaded.at : null
    // The task that was begun anew has a folder of its own: of one name there would be two files.
    if (again !== null) yield* loadFiles(table, forms, again, `${table.database}-2`)
    const told = table.changes.filter(({ at }) => at > loadedAt && (again === null || at > again || at < again - dayMillis))
    yield* changeFiles({ ...table, changes: told }, forms, numbers)
  }
}

const columnsOf = ({ columns }: Table, forms: Forms, isLoad: boolean): Table["columns"] => {
  const text = { type: "text" } as const
  const [hasOp, isCsv] = [!isLoad || forms.opInLoad, (isLoad ? forms.load : forms.changes) === "csv"]
  // Without names a record has a place for each.
  const isPlaced = isCsv && !forms.header
  return [
    ...(hasOp ? [{ name: "Op", type: text }] : []),
    { name: "commit_time", type: text },
    ...columns,
    ...(isPlaced || (!isLoad && forms.sequence) ? [{ name: "change_sequence", type: text }] : [])
  ]
}

const fileOf = (name: string, rows: ReadonlyArray<Row>, columns: Table["columns"], form: "csv" | "parquet", header: boolean): MadeFile => ({
  path: `databases/${name}.${form}`,
  content:
    form === "parquet"
      ? { columns, rows }
      : csvOf(
          columns.map((column) => column.name),
          rows,
          { nullText: "NULL", header }
        ),
  records: rows.length
})

function* loadFiles(table: Table, forms: Forms, at: number, folder: string): Generator<MadeFile, void> {
  const rows = finalRows({ ...table, changes: table.changes.filter((change) => change.at <= at) })
  const columns = columnsOf(table, forms, true)
  const part = Math.max(1, Math.ceil(rows.length / forms.parts))
  for (let i = 0; i * part < rows.length; i++) {
    // All rows of a load are as old as its beginning. The counter is hexadecimal: 0A is behind 09.
    const some = rows.slice(i * part, (i + 1) * part).map((row) => ({ Op: "I", commit_time: timeText(at), ...row }))
    const number = (i + 1).toString(16).toUpperCase().padStart(8, "0")
    yield fileOf(`${folder}/dbo/${table.name}/LOAD${number}`, some, columns, forms.load, forms.header)
  }
}

function* changeFiles(table: Table, forms: Forms, numbers: ReadonlyMap<Change, number>): Generator<MadeFile, void> {
  const columns = columnsOf(table, forms, false)
  const days = new Map<number, Array<Row>>()
  for (const change of table.changes) {
    const { operation, at, row } = change
    const day = Math.floor(at / dayMillis)
    const rows = days.get(day) ?? []
    days.set(day, rows)
    const sequence = forms.sequence ? { change_sequence: sequenceOf(at, numbers.get(change) ?? 0) } : {}
    rows.push({ Op: operation, commit_time: timeText(at), ...sequence, ...row })
  }
  for (const [day, rows] of days) {
    const digits = new Date((day + 1) * dayMillis).toISOString().replace(/[^0-9]/g, "")
    const folder = forms.byDate ? `${slashed(day * dayMillis)}/` : ""
    const name = `${table.database}/dbo/${table.name}/${folder}${digits.slice(0, 8)}-${digits.slice(8, 17)}`
    yield fileOf(name, rows, columns, forms.changes, forms.header)
  }
}
