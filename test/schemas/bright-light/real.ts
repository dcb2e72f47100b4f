import { readFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import type { Row } from "../../../schemas/bright-light/generate/text.ts"
import type { Request } from "../../../schemas/bright-light/generate/visits.ts"
import { readLine } from "../../../src/decode/access-log/line.ts"
import type { Known } from "./lake.ts"

/** Real data sets as rows of the company's tables. What a set does not know is null. */

/** A file of a set as text; gzip where its name says so. */
export const textOfFile = (folder: string, name: string, encoding = "utf-8"): string => {
  const bytes = readFileSync(join(folder, name))
  return new TextDecoder(encoding).decode(name.endsWith(".gz") ? gunzipSync(bytes) : bytes)
}

/** Records of CSV, by the names of its header. */
const recordsOf = (text: string, delimiter = ","): ReadonlyArray<{ readonly [name: string]: string }> => {
  const cells = text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) =>
      [...`${line}${delimiter}`.matchAll(delimiter === ";" ? /("(?:[^"]|"")*"|[^;]*);/g : /("(?:[^"]|"")*"|[^,]*),/g)].map(
        ([, cell = ""]) => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell)
      )
    )
  const [names = [], ...records] = cells
  return records.map((record) => Object.fromEntries(names.map((name, i) => [name, record[i] ?? ""])))
}

/** `08/11/2020` as `2020-11-08` */
const isoDay = (text = ""): string => text.split("/").reverse().join("-")

/** A decimal of any places, as one of two: half away from zero. */
export const centsText = (text = ""): string => {
  if (/e/i.test(text)) return Number(text).toFixed(2)
  const [whole = "0", part = ""] = text.replace(",", ".").split(".")
  const cents = Number(whole) * 100 + Math.floor((Number(part.padEnd(8, "0").slice(0, 8)) + 500_000) / 1_000_000)
  return (cents / 100).toFixed(2)
}

/** Superstore: orders of US zip codes, of which programs took the zeros in front, and returns of whole orders. */
export const superstore = (folder: string): Known => {
  const lines = recordsOf(textOfFile(folder, "Orders.csv.gz", "windows-1252"), ";")
  const returned = new Set(recordsOf(textOfFile(folder, "Returns.csv"), ";").map((row) => row["Order ID"]))
  const customers = new Map<string, Row>()
  const products = new Map<string, Row>()
  const orders = new Map<string, Row>()
  const numbers = new Map<string, number>()
  const orderLines: Array<Row> = []
  const returns: Array<Row> = []
  for (const line of lines) {
    const order_id = line["Order ID"] ?? ""
    const zip = line["Postal Code"] === "" ? null : (line["Postal Code"] ?? "").padStart(5, "0")
    const ordered_at = `${isoDay(line["Order Date"])} 00:00:00`
    const product_id = line["Product ID"] ?? ""
    const customer_id = line["Customer ID"] ?? ""
    const number = (numbers.get(order_id) ?? 0) + 1
    numbers.set(order_id, number)
    // What was bought first says where somebody lives, and what is called how.
    if (!customers.has(customer_id))
      customers.set(customer_id, { customer_id, city: line["City"] ?? null, state: line["State"] ?? null, zip })
    if (!products.has(product_id))
      products.set(product_id, {
        product_id,
        product_name: line["Product Name"] ?? null,
        category: line["Category"] ?? null,
        launched_on: "2018-01-01"
      })
    if (!orders.has(order_id))
      orders.set(order_id, {
        order_id,
        customer_id,
        ordered_at,
        status: "shipped",
        ship_city: line["City"] ?? null,
        ship_state: line["State"] ?? null,
        ship_zip: zip
      })
    const quantity = Number(line["Quantity"])
    orderLines.push({ order_id, line_number: number, ordered_at, product_id, quantity, line_total: centsText(line["Sales"]) })
    if (returned.has(order_id))
      returns.push({
        return_id: `${order_id} ${number}`,
        order_id,
        product_id,
        quantity,
        returned_at: `${isoDay(line["Ship Date"])} 00:00:00`
      })
  }
  const tables = {
    customers: [...customers.values()],
    products: [...products.values()],
    orders: [...orders.values()],
    order_lines: orderLines,
    returns
  }
  return { tables, requests: [] }
}

/** The Complete Journey: baskets of households, and coupons that are good for many widgets. What one took off is not told. */
export const completeJourney = (folder: string): Known => {
  const read = (name: string) => recordsOf(textOfFile(folder, `${name}.csv.gz`))
  const orders = new Map<string, Row>()
  const numbers = new Map<string, number>()
  const lines = read("transactions_sample").map((row): Row => {
    const order_id = row["basket_id"] ?? ""
    const ordered_at = row["transaction_timestamp"] ?? ""
    if (!orders.has(order_id)) orders.set(order_id, { order_id, customer_id: row["household_id"] ?? "", ordered_at, status: "placed" })
    const number = (numbers.get(order_id) ?? 0) + 1
    numbers.set(order_id, number)
    const quantity = Math.round(Number(row["quantity"]))
    return {
      order_id,
      line_number: number,
      ordered_at,
      product_id: row["product_id"] ?? "",
      quantity,
      line_total: centsText(row["sales_value"])
    }
  })
  const goodFor = new Map<string, string>()
  const coupons = read("coupons").map((row): Row => {
    const [coupon_code, product_id, campaign_id] = [row["coupon_upc"] ?? "", row["product_id"] ?? "", row["campaign_id"] ?? ""]
    const least = goodFor.get(`${coupon_code} ${campaign_id}`)
    if (least === undefined || product_id < least) goodFor.set(`${coupon_code} ${campaign_id}`, product_id)
    return { coupon_code, product_id, campaign_id }
  })
  const redemptions = read("coupon_redemptions").map((row, i): Row => {
    const [coupon_code, campaign_id] = [row["coupon_upc"] ?? "", row["campaign_id"] ?? ""]
    const product_id = goodFor.get(`${coupon_code} ${campaign_id}`) ?? null
    const redeemed_at = `${row["redemption_date"]} 00:00:00`
    return {
      redemption_id: i,
      coupon_code,
      campaign_id,
      customer_id: row["household_id"] ?? "",
      product_id,
      redeemed_at,
      redeemed_value: "0.00"
    }
  })
  return {
    tables: {
      products: read("products").map((row) => ({ product_id: row["product_id"] ?? "", category: row["department"] || null })),
      campaigns: read("campaign_descriptions").map((row) => ({
        campaign_id: row["campaign_id"] ?? "",
        campaign_name: row["campaign_type"] ?? null
      })),
      orders: [...orders.values()],
      order_lines: lines,
      coupons,
      coupon_redemptions: redemptions
    },
    requests: []
  }
}

/** An access log of a site; lines that are none are left out. */
export const accessLog = (text: string): Known => ({
  tables: {},
  requests: text.split("\n").flatMap((line): ReadonlyArray<Request> => {
    const read = readLine("combined", line)
    if (read === null || !("host" in read) || (read.method !== "GET" && read.method !== "POST")) return []
    return [
      {
        at: Date.parse(read.datetime),
        server: "web-1",
        address: read.host ?? "",
        user: null,
        method: read.method,
        target: `${read.path}${read.query === null ? "" : `?${read.query}`}`,
        status: Number(read.response),
        bytes: Number(read.bytes ?? 0),
        referer: read.referer,
        agent: read.agent ?? ""
      }
    ]
  })
})

/** Daily weather of GHCN, in °F and inches, of a zip code. */
export const ghcnWeather = (text: string, zip: string): ReadonlyArray<Row> => {
  const celsius = (fahrenheit: string | undefined): string | null =>
    fahrenheit === undefined || fahrenheit === "" ? null : (Math.round(((Number(fahrenheit) - 32) * 1000) / 18) / 100).toFixed(2)
  return recordsOf(text).map((row) => ({
    zip,
    observed_on: row["DATE"] ?? "",
    station_id: row["STATION"] ?? null,
    temperature_min: celsius(row["TMIN"]),
    temperature_max: celsius(row["TMAX"]),
    temperature_avg: celsius(row["TAVG"] === "" ? undefined : row["TAVG"]),
    precipitation: row["PRCP"] === "" || row["PRCP"] === undefined ? null : (Math.round(Number(row["PRCP"]) * 2540) / 100).toFixed(2),
    condition: Number(row["PRCP"]) > 0 ? "rain" : "clear"
  }))
}
