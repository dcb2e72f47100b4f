import type { Made, MadeFile, ProjectGenerator } from "../../../src/contract/index.ts"
import { begin, type Company, dayMillis, loadedAt, makeCompany } from "./company.ts"
import { places, warehouses } from "./places.ts"
import { type Change, dayText, finalRows, type Row, type Table, tablesOf, timeText } from "./tables.ts"
import { lineOf, servers, visitsOf } from "./visits.ts"
import { type Bought, finalObserved, forecast, observed } from "./weather.ts"

const cell = (value: string | number | null, nullText: string): string =>
  value === null ? nullText : /[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value)

const csvOf = (columns: ReadonlyArray<string>, rows: ReadonlyArray<Row>, nullText = ""): string =>
  `${[columns, ...rows.map((row) => columns.map((column) => cell(row[column] ?? null, nullText)))].map((cells) => cells.join(",")).join("\n")}\n`

/** Place of a change among all, 35 digits: the time of its commit, and a counter. */
const sequenceOf = (at: number, counter: number): string =>
  `${new Date(at)
    .toISOString()
    .replace(/[^0-9]/g, "")
    .slice(0, 16)}${String(counter).padStart(19, "0")}`
    .padEnd(35, "0")
    .slice(0, 35)

const slashed = (at: number): string => dayText(at).replaceAll("-", "/")

/** A table as DMS copies it, and the changes of each day behind that. */
function* filesOf(table: Table, numbers: ReadonlyMap<Change, number>): Generator<MadeFile, void> {
  const folder = `databases/${table.database}/dbo/${table.name}`
  const before = table.changes.filter(({ at }) => at <= loadedAt)
  const copied = finalRows({ ...table, changes: before }).map((row) => ({ commit_time: timeText(loadedAt), ...row }))
  // A full load says of no row what was done to it.
  if (copied.length > 0)
    yield {
      path: `${folder}/LOAD00000001.csv`,
      content: csvOf(["commit_time", ...table.columns], copied, "NULL"),
      records: copied.length
    }
  const days = new Map<number, Array<Row>>()
  for (const change of table.changes) {
    if (change.at <= loadedAt) continue
    const { operation, at, row } = change
    const day = Math.floor(at / dayMillis)
    const rows = days.get(day) ?? []
    days.set(day, rows)
    rows.push({ Op: operation, commit_time: timeText(at), change_sequence: sequenceOf(at, numbers.get(change) ?? 0), ...row })
  }
  for (const [day, rows] of days) {
    const closed = new Date((day + 1) * dayMillis).toISOString().replace(/[^0-9]/g, "")
    yield {
      path: `${folder}/${closed.slice(0, 8)}-${closed.slice(8, 17)}.csv`,
      content: csvOf(["Op", "commit_time", "change_sequence", ...table.columns], rows, "NULL"),
      records: rows.length
    }
  }
}

function* logFiles(company: Company): Generator<MadeFile, void> {
  const parts = new Map<string, Array<string>>()
  for (const request of visitsOf(company)) {
    // Servers rotate their logs once a week.
    const week = begin + Math.floor((request.at - begin) / (7 * dayMillis)) * 7 * dayMillis
    const path = `web/${request.server}/${slashed(week)}/access.log`
    const lines = parts.get(path) ?? []
    parts.set(path, lines)
    lines.push(lineOf(request))
  }
  for (const [path, lines] of parts) yield { path, content: `${lines.join("\n")}\n`, records: lines.length }
}

/** Each revision has a folder of its own: else one would be written over the one before. One a week, as the history is long. */
function* boughtFiles(name: string, bought: ReadonlyArray<Bought>): Generator<MadeFile, void> {
  for (let i = 0; i < bought.length; i += 7) {
    const part = bought.slice(i, i + 7)
    const rows = part.flatMap((each) => each.rows)
    const day = part.at(-1)?.day ?? 0
    const columns = Object.keys(rows[0] ?? {})
    yield { path: `weather/${dayText(day)}/${name}.csv`, content: csvOf(columns, rows), records: rows.length }
  }
}

/** Which warehouse delivers where; those of the west send to the east, too, though they take longer. */
export const warehouseRows = (company: Company): ReadonlyArray<Row> =>
  company.places.flatMap(({ zip, warehouse, state }) =>
    warehouses
      .filter(({ id }) => id === warehouse || id === "W-WEST")
      .map(({ id, name, zip: ownZip }) => ({
        warehouse_id: id,
        zip,
        warehouse_name: name,
        warehouse_zip: ownZip,
        state: places.find((place) => place.zip === ownZip)?.state ?? state,
        delivery_days: id === warehouse ? 1 : 4
      }))
  )

function* allFiles(company: Company): Generator<MadeFile, void> {
  const stock = warehouseRows(company)
  yield { path: "logistics/warehouses.csv", content: csvOf(Object.keys(stock[0] ?? {}), stock), records: stock.length }
  const tables = tablesOf(company)
  const inOrder = tables.flatMap(({ changes }) => changes).sort((a, b) => a.at - b.at)
  const numbers = new Map(inOrder.map((change, i) => [change, i + 1]))
  for (const table of tables) yield* filesOf(table, numbers)
  yield* boughtFiles("weather_observed", observed(company))
  yield* boughtFiles("weather_forecast", forecast(company))
  yield* logFiles(company)
}

/** Rows of each table for users, once all has arrived. */
const expectedOf = (company: Company): { readonly [dataset: string]: number } => ({
  ...Object.fromEntries(tablesOf(company).map((table) => [table.name, finalRows(table).length])),
  weather_observed: finalObserved(company).length,
  weather_forecast: forecast(company).reduce((sum, { rows }) => sum + rows.length, 0),
  warehouses: warehouseRows(company).length,
  web_logs: visitsOf(company).length
})

const make = ({ seed, size }: { readonly seed: number; readonly size: number }): Made => {
  if (!Number.isSafeInteger(size) || size < 1 || size > 8_000) throw new RangeError(`size must be an integer from 1 to 8000, got ${size}.`)
  const company = makeCompany(seed, size)
  return { files: allFiles(company), expected: () => ({ servers, rows: expectedOf(company) }) }
}

/** Fourteen months of a company that sells widgets: what its servers logged, its databases and their changes, its coupons, and its weather. */
export const company: ProjectGenerator = {
  description: "fourteen months of a company: logs of its servers, its databases and their changes, coupons, returns and weather",
  counts: "customers",
  defaultSize: 100,
  folders: ["databases", "logistics", "weather", "web"],
  make
}
