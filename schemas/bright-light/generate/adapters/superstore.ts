import { type Change, type Table, tableOf } from "../replicas.ts"
import type { Row } from "../text.ts"
import { timeText } from "../text.ts"
import { centsIn, moneyOf, recordsOf, stateOf, timeIn } from "./read.ts"

const layout = { delimiter: ";", encoding: "windows-1252" } as const
const columns = [
  "Order ID",
  "Order Date",
  "Ship Date",
  "Customer ID",
  "Customer Name",
  "Segment",
  "City",
  "State",
  "Postal Code",
  "Product ID",
  "Category",
  "Sub-Category",
  "Product Name",
  "Sales",
  "Quantity"
] as const

/** `08/11/2020` as `2020-11-08` */
const isoDay = (text: string): string => text.split("/").reverse().join("-")

/** When its databases are copied: half a year before the last order. */
export const superstoreLoadedAt = Date.UTC(2021, 6, 1, 4)

/**
 * Tableau's Superstore: orders of US zip codes, of which programs took the zeros in front, and returns, which are of whole orders and say no day: they come
 * back on the day on which the order was shipped. What a customer or product is called, and where somebody lives, the first line says.
 */
export const superstoreTables = (folder: string): ReadonlyArray<Table> => {
  const lines = recordsOf(folder, "Orders.csv", columns, layout)
  const returned = new Set(recordsOf(folder, "Returns.csv", ["Order ID"], layout).map((row) => row["Order ID"]))
  const [customers, products] = [new Map<string, Change>(), new Map<string, Change>()]
  const orders = new Map<string, { readonly row: Row; readonly at: number; readonly shippedAt: number; cents: number; lines: number }>()
  const [orderLines, returns]: readonly [Array<Change>, Array<Change>] = [[], []]
  for (const line of lines) {
    const orderId = line["Order ID"]
    const [at, shippedAt] = [timeIn(isoDay(line["Order Date"]), "Order Date"), timeIn(isoDay(line["Ship Date"]), "Ship Date")]
    const zip = line["Postal Code"] === "" ? null : line["Postal Code"].padStart(5, "0")
    const [city, state] = [line["City"], stateOf(line["State"])]
    const [customerId, productId] = [line["Customer ID"], line["Product ID"]]
    const known = customers.get(customerId)
    const [firstName = "", ...names] = line["Customer Name"].split(" ")
    const person = {
      customer_id: customerId,
      first_name: firstName,
      last_name: names.join(" "),
      city,
      state,
      zip,
      segment: line["Segment"].toLowerCase()
    }
    if (known === undefined || at < known.at)
      customers.set(customerId, { at, operation: "I", row: { ...(known?.row ?? person), registered_at: timeText(at) } })
    if (!products.has(productId))
      products.set(productId, {
        at: Date.UTC(2018, 0, 1),
        operation: "I",
        row: {
          product_id: productId,
          product_name: line["Product Name"],
          category: line["Category"],
          subcategory: line["Sub-Category"],
          launched_on: "2018-01-01"
        }
      })
    const place = { ship_city: city, ship_state: state, ship_zip: zip }
    const ordered = { order_id: orderId, customer_id: customerId, ordered_at: timeText(at) }
    const order = orders.get(orderId) ?? { row: { ...ordered, ...place }, at, shippedAt, cents: 0, lines: 0 }
    orders.set(orderId, order)
    const [cents, quantity] = [centsIn(line["Sales"]), Number(line["Quantity"])]
    order.cents += cents
    order.lines++
    orderLines.push({
      at,
      operation: "I",
      row: {
        order_id: orderId,
        line_number: order.lines,
        ordered_at: timeText(at),
        product_id: productId,
        quantity,
        line_total: moneyOf(cents)
      }
    })
    if (returned.has(orderId))
      returns.push({
        at: shippedAt,
        operation: "I",
        row: {
          return_id: `${orderId} ${order.lines}`,
          order_id: orderId,
          line_number: order.lines,
          product_id: productId,
          customer_id: customerId,
          returned_at: timeText(shippedAt),
          quantity
        }
      })
  }
  return [
    tableOf("customers", [...customers.values()]),
    tableOf("products", [...products.values()]),
    tableOf(
      "orders",
      [...orders.values()].flatMap(({ row, at, shippedAt, cents }): ReadonlyArray<Change> => {
        const placed = { ...row, status: "placed", subtotal: moneyOf(cents), order_total: moneyOf(cents) }
        const shipped = { ...placed, status: "shipped", shipped_at: timeText(shippedAt) }
        return [
          { at, operation: "I", row: placed },
          { at: shippedAt, operation: "U", row: shipped }
        ]
      })
    ),
    tableOf("order_lines", orderLines),
    tableOf("returns", returns)
  ]
}
