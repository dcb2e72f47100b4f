import type { Row as TableRow } from "../../../schemas/bright-light/generate/text.ts"
import type { Known } from "./lake.ts"
import { day, dayOf, fixed, greatest, grouped, type Line, later, linesOf, type PlainRow, rowsOf, salesOf, sum, textOf } from "./plain.ts"
import { addedOf, type PlainSession, viewedOf } from "./plain-web.ts"

/** What the marts for science and logistics must hold, by plain loops over rows. */

const timeOf = (text: string): number => Date.parse(`${text.slice(0, 23).replace(" ", "T")}Z`)

/** Days of a month by weekday: the `n`-th of it, from 1; the last one where `n` is 0. */
const nthOf = (date: string, weekday: number, n: number): boolean => {
  const at = new Date(Date.parse(date))
  if (at.getUTCDay() !== weekday) return false
  return n === 0 ? new Date(at.getTime() + 7 * day).getUTCMonth() !== at.getUTCMonth() : Math.ceil(at.getUTCDate() / 7) === n
}

/** Holidays of the United States, by month: days, or the n-th of a weekday. */
const isHoliday = (date: string): boolean => {
  if (["01-01", "06-19", "07-04", "11-11", "12-25"].includes(date.slice(5))) return true
  const rules: ReadonlyArray<readonly [month: string, weekday: number, n: number]> = [
    ["01", 1, 3],
    ["02", 1, 3],
    ["05", 1, 0],
    ["09", 1, 1],
    ["10", 1, 2],
    ["11", 4, 4]
  ]
  return rules.some(([month, weekday, n]) => date.slice(5, 7) === month && nthOf(date, weekday, n))
}

export const plainFeatures = (known: Known, sessions: ReadonlyArray<PlainSession>): { readonly [mart: string]: ReadonlyArray<Line> } => {
  const features = featuresOf(known, sessions)
  return {
    widget_weather_features: linesOf(features),
    weather_by_zip: linesOf(weatherOf(known)),
    stock_by_forecast: linesOf(stockOf(known, features))
  }
}

/** What counts up by a key. */
class Counts {
  readonly #counts = new Map<string, number>()
  add(amount: number, ...key: ReadonlyArray<string>): void {
    this.#counts.set(key.join(" "), this.of(...key) + amount)
  }
  of(...key: ReadonlyArray<string>): number {
    return this.#counts.get(key.join(" ")) ?? 0
  }
}

const featuresOf = (known: Known, sessions: ReadonlyArray<PlainSession>): ReadonlyArray<PlainRow> => {
  const units = new Counts()
  const revenue = new Counts()
  const views = new Counts()
  const adds = new Counts()
  const sales = salesOf(known)
  for (const { product, zip, on, quantity, total } of sales) {
    units.add(quantity, product, zip, on)
    revenue.add(total, product, zip, on)
  }
  for (const { zip, seen } of sessions)
    for (const each of seen) {
      views.add(1, viewedOf(each) ?? "", zip, dayOf(each.at))
      adds.add(1, addedOf(each) ?? "", zip, dayOf(each.at))
    }
  const measured = rowsOf(known, "weather_observed")
  const observed = new Map(measured.map((row) => [`${row["zip"]} ${row["observed_on"]}`, row]))
  const days = [...new Set([...measured.map((row) => textOf(row, "observed_on")), ...sales.map(({ on }) => on)])].sort()
  const zips = [...new Set(measured.map((row) => textOf(row, "zip")))]
  const forecasts = forecastsOf(known)
  const features: Array<PlainRow> = []
  for (const product of rowsOf(known, "products")) {
    const id = textOf(product, "product_id")
    const launched = textOf(product, "launched_on")
    const own = rowsOf(known, "coupons").filter((row) => row["product_id"] === id)
    for (const on of days) {
      if (on < launched) continue
      const age = (Date.parse(on) - Date.parse(launched)) / day
      const isPromoted = own.some((row) => textOf(row, "valid_from") <= on && on <= textOf(row, "valid_to"))
      for (const zip of zips) {
        const before = (n: number): number | null => {
          const then = later(on, -n)
          return then < launched || then < (days[0] ?? "") ? null : units.of(id, zip, then)
        }
        const weather = observed.get(`${zip} ${on}`)
        features.push({
          product_id: id,
          zip,
          feature_on: on,
          category: textOf(product, "category"),
          price: textOf(product, "list_price"),
          is_promoted: isPromoted,
          is_holiday: isHoliday(on),
          days_since_launch: age,
          is_cold_start: age < 28,
          units: units.of(id, zip, on),
          revenue: fixed(revenue.of(id, zip, on)),
          views: views.of(id, zip, on),
          adds_to_cart: adds.of(id, zip, on),
          units_1_days_ago: before(1),
          units_7_days_ago: before(7),
          units_28_days_ago: before(28),
          units_364_days_ago: before(364),
          ...columnsOf(weather, ["temperature_min", "temperature_max", "temperature_avg", "precipitation", "condition"]),
          ...forecasts(zip, on),
          feature_month: `${on.slice(0, 7)}-01`
        })
      }
    }
  }
  return features
}

const columnsOf = (row: TableRow | undefined, columns: ReadonlyArray<string>): PlainRow =>
  Object.fromEntries(columns.map((column) => [column, row?.[column] ?? null]))

/** What had been said of the seven days behind a day by its noon. */
const forecastsOf = (known: Known) => {
  const issues = grouped(rowsOf(known, "weather_forecast"), (row) => textOf(row, "zip"))
  const byZip = new Map([...issues].map(([zip, rows]) => [zip, [...grouped(rows, (row) => textOf(row, "issued_at"))]]))
  const said = new Map<string, PlainRow>()
  return (zip: string, on: string): PlainRow => {
    const found = said.get(`${zip} ${on}`) ?? saidOf(byZip.get(zip) ?? [], on)
    said.set(`${zip} ${on}`, found)
    return found
  }
}

const saidOf = (issues: ReadonlyArray<readonly [issued: string, rows: ReadonlyArray<TableRow>]>, on: string): PlainRow => {
  const noon = Date.parse(on) + day / 2
  let newest: { readonly at: number; readonly rows: ReadonlyArray<TableRow> } | undefined
  for (const [text, rows] of issues) {
    const at = timeOf(text)
    if (at <= noon && at > Date.parse(on) - 7 * day && at > (newest?.at ?? 0)) newest = { at, rows }
  }
  const said: PlainRow = { forecast_issued_at: newest?.at ?? null }
  for (let ahead = 1; ahead <= 7; ahead++) {
    const row = newest?.rows.find((each) => each["forecast_on"] === later(on, ahead))
    said[`forecast_temperature_${ahead}`] = row?.["temperature_avg"] ?? null
    said[`forecast_precipitation_${ahead}`] = row?.["precipitation"] ?? null
  }
  return said
}

const newestOf = (rows: ReadonlyArray<TableRow>, column: string): string => greatest(rows.map((row) => textOf(row, column)))

/** What the weather of each zip code was last, and what is to come of it. */
const weatherOf = (known: Known): ReadonlyArray<PlainRow> => {
  const shared = ["temperature_avg", "precipitation", "condition"]
  const observed = [...grouped(rowsOf(known, "weather_observed"), (row) => textOf(row, "zip"))].map(([zip, rows]): PlainRow => {
    const newest = newestOf(rows, "observed_on")
    const row = rows.find((each) => each["observed_on"] === newest)
    return { zip, kind: "observed", weather_on: newest, issued_at: null, horizon_days: null, ...columnsOf(row, shared) }
  })
  const forecast = [...grouped(rowsOf(known, "weather_forecast"), (row) => textOf(row, "zip"))].flatMap(([zip, rows]) => {
    const newest = newestOf(rows, "issued_at")
    return rows
      .filter((row) => row["issued_at"] === newest)
      .map(
        (row): PlainRow => ({
          zip,
          kind: "forecast",
          weather_on: textOf(row, "forecast_on"),
          issued_at: timeOf(newest),
          horizon_days: row["horizon_days"] ?? null,
          ...columnsOf(row, shared)
        })
      )
  })
  return [...observed, ...forecast]
}

const stockOf = (known: Known, features: ReadonlyArray<PlainRow>): ReadonlyArray<PlainRow> => {
  const soonest = new Map<string, TableRow>()
  for (const row of rowsOf(known, "warehouses")) {
    const known = soonest.get(textOf(row, "zip"))
    const isSooner =
      known === undefined ||
      Number(row["delivery_days"]) < Number(known["delivery_days"]) ||
      (row["delivery_days"] === known["delivery_days"] && textOf(row, "warehouse_id") < textOf(known, "warehouse_id"))
    if (isSooner) soonest.set(textOf(row, "zip"), row)
  }
  const sold = new Map<string, { units: number; days: number }>()
  const note = (key: string, units: number): void => {
    const so = sold.get(key) ?? { units: 0, days: 0 }
    sold.set(key, { units: so.units + units, days: so.days + 1 })
  }
  const products = new Map<string, string>()
  for (const row of features) {
    products.set(String(row["product_id"]), String(row["category"]))
    note(`${row["product_id"]} ${row["zip"]}`, Number(row["units"]))
    if (row["condition"] !== null) note(`${row["product_id"]} ${row["zip"]} ${row["condition"]}`, Number(row["units"]))
  }
  const weather = weatherOf(known).filter(({ kind }) => kind === "forecast")
  const rows: Array<PlainRow> = []
  for (const [warehouse, served] of grouped(soonest.values(), (row) => textOf(row, "warehouse_id"))) {
    const zips = served.map((row) => textOf(row, "zip"))
    for (const [on, days] of grouped(
      weather.filter(({ zip }) => zips.includes(String(zip))),
      ({ weather_on }) => String(weather_on)
    ))
      for (const [product, category] of products) {
        const thousandths = days.flatMap(({ zip, condition }) => {
          const like = sold.get(`${product} ${zip} ${condition}`) ?? sold.get(`${product} ${zip}`)
          return like === undefined ? [] : [Math.floor((1000 * like.units) / like.days)]
        })
        rows.push({
          warehouse_id: warehouse,
          warehouse_name: textOf(served[0] ?? {}, "warehouse_name"),
          product_id: product,
          category,
          needed_on: on,
          horizon_days: days[0]?.["horizon_days"] ?? null,
          issued_at: days[0]?.["issued_at"] ?? null,
          zips: thousandths.length,
          expected_units: (sum(thousandths) / 1000).toFixed(3)
        })
      }
  }
  return rows
}
