import type { Row as TableRow } from "../../../schemas/bright-light/generate/text.ts"
import { type Known, lineOf } from "./lake.ts"

/** What the marts of sales, coupons and returns must hold, by plain loops over rows: no SQL is asked. Money is whole cents. */

export type PlainRow = { [column: string]: string | number | boolean | null }
export type Line = string

export const textOf = (row: TableRow, column: string): string => String(row[column] ?? "")
const centsOf = (row: TableRow, column: string): number => Math.round(Number(row[column]) * 100)
const numberOf = (row: TableRow, column: string): number => Number(row[column])

export const sum = (values: ReadonlyArray<number>): number => values.reduce((a, b) => a + b, 0)

/** Cents as the text of a decimal of two places. */
export const fixed = (cents: unknown): string => (Number(cents) / 100).toFixed(2)
/** A number with a point, as text. */
export const exact = (value: number): string => value.toFixed(12)
/** Cents as dollars, with a point. */
const dollarsOf = (cents: number): number => cents / 100

export const day = 86_400_000
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)
const timeOf = (text: string): number => Date.parse(`${text.slice(0, 23).replace(" ", "T")}Z`)
const monthOf = (date: string): string => `${date.slice(0, 7)}-01`
const weekOf = (date: string): string => {
  const at = Date.parse(date)
  return dayOf(at - ((new Date(at).getUTCDay() + 6) % 7) * day)
}
export const later = (date: string, days: number): string => dayOf(Date.parse(date) + days * day)

export const linesOf = (rows: ReadonlyArray<PlainRow>): ReadonlyArray<Line> => rows.map(lineOf).sort()

/** Adds measures to the row of a key. */
export const add = (rows: Map<string, PlainRow>, key: PlainRow, measures: { readonly [column: string]: number }): void => {
  const name = JSON.stringify(key)
  const row = rows.get(name) ?? { ...key }
  rows.set(name, row)
  for (const [measure, value] of Object.entries(measures)) row[measure] = Number(row[measure] ?? 0) + value
}

export interface Sale {
  readonly order: string
  readonly customer: string
  readonly product: string
  readonly category: string
  readonly zip: string
  readonly at: number
  readonly on: string
  readonly quantity: number
  /** Cents. */
  readonly total: number
}

export const rowsOf = (known: Known, dataset: string): ReadonlyArray<TableRow> => known.tables[dataset] ?? []

const categoriesOf = (known: Known) => {
  const products = new Map(rowsOf(known, "products").map((row) => [textOf(row, "product_id"), textOf(row, "category") || "unknown"]))
  return (product: string): string => products.get(product) ?? "unknown"
}

export const salesOf = (known: Known): ReadonlyArray<Sale> => {
  const orders = new Map(rowsOf(known, "orders").map((row) => [textOf(row, "order_id"), row]))
  const category = categoriesOf(known)
  return rowsOf(known, "order_lines").flatMap((row) => {
    const order = orders.get(textOf(row, "order_id"))
    if (order === undefined || order["status"] === "cancelled") return []
    const at = timeOf(textOf(order, "ordered_at"))
    const product = textOf(row, "product_id")
    return [
      {
        order: textOf(order, "order_id"),
        customer: textOf(order, "customer_id"),
        product,
        category: category(product),
        zip: textOf(order, "ship_zip").slice(0, 5) || "unknown",
        at,
        on: dayOf(at),
        quantity: numberOf(row, "quantity"),
        total: centsOf(row, "line_total")
      }
    ]
  })
}

/** Where zip codes are; of several spellings the first by the alphabet. */
export const placesOf = (known: Known) => {
  const places = new Map<string, { readonly city: string; readonly state: string }>()
  const least = (a: string, b: string): string => (a < b ? a : b)
  const note = (zip: string, city: string, state: string): void => {
    const before = places.get(zip)
    if (zip !== "") places.set(zip, { city: least(city, before?.city ?? city), state: least(state, before?.state ?? state) })
  }
  for (const row of rowsOf(known, "customers")) note(textOf(row, "zip").slice(0, 5), textOf(row, "city"), textOf(row, "state"))
  for (const row of rowsOf(known, "orders")) note(textOf(row, "ship_zip").slice(0, 5), textOf(row, "ship_city"), textOf(row, "ship_state"))
  const placeOf = (zip: string) => places.get(zip) ?? { city: "unknown", state: "unknown" }
  return { places, placeOf }
}

export const greatest = (values: Iterable<string>): string => [...values].reduce((a, b) => (a > b ? a : b), "")

/** Groups by a key, in order of the first of each. */
export const grouped = <A>(values: Iterable<A>, keyOf: (value: A) => string): ReadonlyMap<string, ReadonlyArray<A>> => {
  const groups = new Map<string, Array<A>>()
  for (const value of values) {
    const group = groups.get(keyOf(value))
    if (group === undefined) groups.set(keyOf(value), [value])
    else group.push(value)
  }
  return groups
}

export interface Parameters {
  readonly period_days: number
  readonly top_days: number
  readonly top_percent: number
  readonly top_categories: number
}

export const plainSales = (known: Known, parameters: Parameters): { readonly [mart: string]: ReadonlyArray<Line> } => {
  const sales = salesOf(known)
  return {
    ...spendByZip(known, sales, parameters),
    ...coupons(known),
    top_customers: topCustomers(sales, parameters),
    top_returned_products: returned(known, sales),
    sales_by_zip_month: byMonth(known, sales),
    ...running(known, sales)
  }
}

const ordersIn = (sales: ReadonlyArray<Sale>): number => new Set(sales.map(({ order }) => order)).size
const totalIn = (sales: ReadonlyArray<Sale>): number => sum(sales.map(({ total }) => total))
const unitsIn = (sales: ReadonlyArray<Sale>): number => sum(sales.map(({ quantity }) => quantity))
const percent = (now: number, before: number): string | null =>
  before > 0 ? exact((100 * dollarsOf(now - before)) / dollarsOf(before)) : null

const spendByZip = (known: Known, sales: ReadonlyArray<Sale>, { period_days }: Parameters) => {
  const { placeOf } = placesOf(known)
  const until = greatest(sales.map(({ on }) => on))
  const begin = later(until, -period_days)
  const inBoth = sales.filter(({ on }) => on > later(begin, -period_days))
  return {
    spend_by_zip_day: linesOf(
      [...grouped(sales, ({ on, zip }) => `${on} ${zip}`).values()].map((group) => {
        const { on = "", zip = "" } = group[0] ?? {}
        return { sold_on: on, zip, ...placeOf(zip), orders: ordersIn(group), units: unitsIn(group), spend: fixed(totalIn(group)) }
      })
    ),
    spend_by_zip_compared: linesOf(
      [...grouped(inBoth, ({ zip }) => zip)].map(([zip, group]) => {
        const spend = totalIn(group.filter(({ on }) => on > begin))
        const before = totalIn(group.filter(({ on }) => on <= begin))
        return {
          zip,
          ...placeOf(zip),
          period_begins_on: later(begin, 1),
          period_ends_on: until,
          spend: fixed(spend),
          spend_before: fixed(before),
          difference: fixed(spend - before),
          difference_percent: percent(spend, before)
        }
      })
    )
  }
}

const coupons = (known: Known) => {
  const category = categoriesOf(known)
  const names = new Map(rowsOf(known, "campaigns").map((row) => [textOf(row, "campaign_id"), textOf(row, "campaign_name")]))
  const all = new Map<string, PlainRow>()
  const days = new Map<string, PlainRow>()
  const seen = new Set<string>()
  const zero = { coupons_offered: 0, coupons_redeemed: 0, redemptions: 0, redeemed_value: 0 }
  const keyOf = (row: TableRow) => {
    const campaign_id = textOf(row, "campaign_id")
    return { category: category(textOf(row, "product_id")), campaign_id, campaign_name: names.get(campaign_id) ?? null }
  }
  /** Is it the first of its kind of this coupon, in this category? */
  const once = (kind: string, row: TableRow): number => {
    const name = JSON.stringify([kind, keyOf(row), row["coupon_code"]])
    const isFirst = !seen.has(name)
    seen.add(name)
    return isFirst ? 1 : 0
  }
  for (const row of rowsOf(known, "coupons")) add(all, keyOf(row), { ...zero, coupons_offered: once("offered", row) })
  for (const row of rowsOf(known, "coupon_redemptions")) {
    const value = centsOf(row, "redeemed_value")
    const { campaign_name: _, ...key } = keyOf(row)
    add(all, keyOf(row), { ...zero, coupons_redeemed: once("redeemed", row), redemptions: 1, redeemed_value: value })
    add(days, { redeemed_on: textOf(row, "redeemed_at").slice(0, 10), ...key }, { redemptions: 1, redeemed_value: value })
  }
  return {
    coupon_redemptions_by_category: linesOf(
      [...all.values()].map((row) => ({
        ...row,
        redeemed_value: fixed(row["redeemed_value"]),
        redemption_rate: Number(row["coupons_offered"]) > 0 ? exact(Number(row["coupons_redeemed"]) / Number(row["coupons_offered"])) : null
      }))
    ),
    coupon_redemptions_per_day: linesOf([...days.values()].map((row) => ({ ...row, redeemed_value: fixed(row["redeemed_value"]) })))
  }
}

/** The largest first; of two alike that with the smaller name. */
const ranked = (groups: ReadonlyMap<string, ReadonlyArray<Sale>>) =>
  [...groups]
    .map(([name, sales]) => ({ name, sales, spend: totalIn(sales) }))
    .sort((a, b) => b.spend - a.spend || (a.name < b.name ? -1 : 1))

const topCustomers = (sales: ReadonlyArray<Sale>, { top_days, top_percent, top_categories }: Parameters) => {
  const until = greatest(sales.map(({ on }) => on))
  const customers = ranked(
    grouped(
      sales.filter(({ on }) => on > later(until, -top_days)),
      ({ customer }) => customer
    )
  )
  const rows = customers.slice(0, Math.ceil((customers.length * top_percent) / 100)).flatMap(({ name, sales: own, spend }, i) =>
    ranked(grouped(own, ({ category }) => category))
      .slice(0, top_categories)
      .map((category, place) => ({
        customer_rank: i + 1,
        customer_id: name,
        spend: fixed(spend),
        orders: ordersIn(own),
        category_rank: place + 1,
        category: category.name,
        category_spend: fixed(category.spend)
      }))
  )
  return linesOf(rows)
}

const returned = (known: Known, sales: ReadonlyArray<Sale>) => {
  const products = new Map(rowsOf(known, "products").map((row) => [textOf(row, "product_id"), row]))
  const rows = new Map<string, PlainRow>()
  const note = (on: string, product: string, measures: { readonly [column: string]: number }): void => {
    for (const [period, begins_on] of [
      ["day", on],
      ["week", weekOf(on)],
      ["month", monthOf(on)]
    ] as const)
      add(rows, { period, begins_on, product_id: product }, { returns: 0, units_returned: 0, units_sold: 0, ...measures })
  }
  for (const row of rowsOf(known, "returns"))
    note(textOf(row, "returned_at").slice(0, 10), textOf(row, "product_id"), { returns: 1, units_returned: numberOf(row, "quantity") })
  for (const { on, product, quantity } of sales) note(on, product, { units_sold: quantity })
  const rate = (row: PlainRow): number => (Number(row["units_sold"]) > 0 ? Number(row["units_returned"]) / Number(row["units_sold"]) : -1)
  const byName = (a: PlainRow, b: PlainRow): number => (String(a["product_id"]) < String(b["product_id"]) ? -1 : 1)
  const back = [...rows.values()].filter((row) => Number(row["returns"]) > 0)
  return linesOf(
    [...grouped(back, ({ period, begins_on }) => `${period} ${begins_on}`).values()].flatMap((group) => {
      const byReturns = group.toSorted((a, b) => Number(b["units_returned"]) - Number(a["units_returned"]) || byName(a, b))
      const byRate = group.toSorted((a, b) => rate(b) - rate(a) || byName(a, b))
      return group.map((row) => {
        const product = products.get(String(row["product_id"]))
        return {
          ...row,
          product_name: product === undefined ? null : textOf(product, "product_name"),
          category: product === undefined ? "unknown" : textOf(product, "category"),
          return_rate: rate(row) < 0 ? null : exact(rate(row)),
          rank_by_returns: byReturns.indexOf(row) + 1,
          rank_by_rate: byRate.indexOf(row) + 1
        }
      })
    })
  )
}

const byMonth = (known: Known, sales: ReadonlyArray<Sale>) => {
  const { placeOf } = placesOf(known)
  const newest = monthOf(greatest(sales.map(({ on }) => on)))
  interface Month {
    readonly key: PlainRow
    readonly sales: Array<Sale>
    readonly before: Array<Sale>
  }
  const rows = new Map<string, Month>()
  const at = (month: string, { zip, category }: Sale): Month => {
    const key = { sold_month: month, zip, category }
    const found: Month = rows.get(JSON.stringify(key)) ?? { sales: [], before: [], key }
    rows.set(JSON.stringify(key), found)
    return found
  }
  for (const sale of sales) {
    const month = monthOf(sale.on)
    const next = `${Number(month.slice(0, 4)) + 1}${month.slice(4)}`
    at(month, sale).sales.push(sale)
    if (next <= newest) at(next, sale).before.push(sale)
  }
  return linesOf(
    [...rows.values()].map(({ key, sales: now, before }) => ({
      ...key,
      ...placeOf(String(key["zip"])),
      orders: ordersIn(now),
      units: unitsIn(now),
      sales: fixed(totalIn(now)),
      units_year_ago: unitsIn(before),
      sales_year_ago: fixed(totalIn(before)),
      difference: fixed(totalIn(now) - totalIn(before)),
      difference_percent: percent(totalIn(now), totalIn(before))
    }))
  )
}

const running = (known: Known, sales: ReadonlyArray<Sale>) => {
  const used = grouped(rowsOf(known, "coupon_redemptions"), (row) => textOf(row, "order_id"))
  const totals: Array<PlainRow> = []
  const categories: Array<PlainRow> = []
  for (const [customer, own] of grouped(sales, (sale) => sale.customer)) {
    const orders = [...grouped(own, ({ order }) => order)].sort(([a, [x]], [b, [y]]) => (x?.at ?? 0) - (y?.at ?? 0) || (a < b ? -1 : 1))
    const so = { number: 0, units: 0, spend: 0, coupons: 0, value: 0 }
    const by = new Map<string, { units: number; spend: number }>()
    const monthNumber = (at: number): number => new Date(at).getUTCFullYear() * 12 + new Date(at).getUTCMonth()
    const first = monthNumber(orders[0]?.[1][0]?.at ?? 0)
    for (const [order, lines] of orders) {
      const at = lines[0]?.at ?? 0
      const redeemed = used.get(order) ?? []
      const coupons = new Set(redeemed.map((row) => row["coupon_code"])).size
      const value = sum(redeemed.map((row) => centsOf(row, "redeemed_value")))
      so.number++
      so.units += unitsIn(lines)
      so.spend += totalIn(lines)
      so.coupons += coupons
      so.value += value
      totals.push({
        customer_id: customer,
        order_id: order,
        ordered_at: at,
        sale_number: so.number,
        units: unitsIn(lines),
        spend: fixed(totalIn(lines)),
        coupons,
        coupon_value: fixed(value),
        units_so_far: so.units,
        spend_so_far: fixed(so.spend),
        average_spend_per_sale: exact(dollarsOf(so.spend) / so.number),
        average_spend_per_month: exact(dollarsOf(so.spend) / (1 + monthNumber(at) - first)),
        coupons_so_far: so.coupons,
        coupon_value_so_far: fixed(so.value)
      })
      for (const [category, part] of grouped(lines, (line) => line.category)) {
        const far = by.get(category) ?? { units: 0, spend: 0 }
        by.set(category, far)
        far.units += unitsIn(part)
        far.spend += totalIn(part)
        categories.push({
          customer_id: customer,
          category,
          order_id: order,
          ordered_at: at,
          units: unitsIn(part),
          spend: fixed(totalIn(part)),
          units_so_far: far.units,
          spend_so_far: fixed(far.spend)
        })
      }
    }
  }
  return { customer_running_totals: linesOf(totals), customer_category_totals: linesOf(categories) }
}
