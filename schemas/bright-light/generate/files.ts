import type { Made, MadeFile, ProjectGenerator } from "../../../src/contract/index.ts"
import { adapters } from "./adapters/adapters.ts"
import { type Company, loadedAt, makeCompany, reloaded } from "./company.ts"
import { logFiles } from "./logs.ts"
import { places, warehouses } from "./places.ts"
import { finalRows, replicaFiles } from "./replicas.ts"
import { tablesOf } from "./tables.ts"
import { csvOf, dayText, type Row } from "./text.ts"
import { servers, visitsOf } from "./visits.ts"
import { type Bought, corrections, finalObserved, forecast, observed } from "./weather.ts"

/** A revision of bought weather. Each has a folder of its own: else one would be written over the one before. */
export const boughtFile = (name: string, folder: string, rows: ReadonlyArray<Row>): MadeFile => ({
  path: `weather/${folder}/${name}.csv`,
  content: csvOf(Object.keys(rows[0] ?? {}), rows),
  records: rows.length
})

/** Revisions of a kind of weather, one a week, as the history is long. */
const boughtFiles = (name: string, bought: ReadonlyArray<Bought>): ReadonlyArray<MadeFile> =>
  Array.from({ length: Math.ceil(bought.length / 7) }, (_, i) => {
    const part = bought.slice(i * 7, i * 7 + 7)
    const rows = part.flatMap((each) => each.rows)
    return boughtFile(name, dayText(part.at(-1)?.day ?? 0), rows)
  })

/** What comes of measured weather: one revision comes twice, and now and then one says of days a month ago how it really was. */
function* observedFiles(company: Company): Generator<MadeFile, void> {
  const files = boughtFiles("weather_observed", observed(company))
  const repeated = observed(company).slice(7, 14)
  yield* files
  yield boughtFile(
    "weather_observed",
    `${dayText(repeated.at(-1)?.day ?? 0)}-again`,
    repeated.flatMap(({ rows }) => rows)
  )
  for (const { day, rows } of corrections(company)) yield boughtFile("weather_observed", `${dayText(day)}-corrected`, rows)
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
  yield* replicaFiles(tablesOf(company), { loadedAt, reloaded })
  yield* observedFiles(company)
  yield* boughtFiles("weather_forecast", forecast(company))
  yield* logFiles(visitsOf(company))
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
  make,
  adapters
}
