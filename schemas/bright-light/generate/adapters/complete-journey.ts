import { type Change, type Table, tableOf } from "../replicas.ts"
import { type Row, timeText } from "../text.ts"
import { centsIn, moneyOf, recordsOf, timeIn } from "./read.ts"

/** When its databases are copied: the last quarter comes as changes. */
export const completeJourneyLoadedAt = Date.UTC(2017, 9, 1, 4)

const begin = Date.UTC(2017, 0, 1)

/** The Complete Journey of 84.51°: baskets of households, and coupons that are good for many widgets. What one took off is not told. */
export const completeJourneyTables = (folder: string): ReadonlyArray<Table> => {
  const orders = new Map<string, { readonly row: Row; readonly at: number; cents: number; lines: number }>()
  const transactions = recordsOf(folder, "transactions_sample.csv", [
    "household_id",
    "basket_id",
    "product_id",
    "quantity",
    "sales_value",
    "transaction_timestamp"
  ])
  const lines = transactions.map((row): Change => {
    const at = timeIn(row.transaction_timestamp, "transaction_timestamp")
    const first = { order_id: row.basket_id, customer_id: row.household_id, ordered_at: timeText(at), status: "placed" }
    const order = orders.get(row.basket_id) ?? { row: first, at, cents: 0, lines: 0 }
    orders.set(row.basket_id, order)
    order.cents += centsIn(row.sales_value)
    order.lines++
    return {
      at,
      operation: "I",
      row: {
        order_id: row.basket_id,
        line_number: order.lines,
        ordered_at: timeText(at),
        product_id: row.product_id,
        quantity: Math.round(Number(row.quantity)),
        line_total: moneyOf(centsIn(row.sales_value))
      }
    }
  })
  const campaigns = recordsOf(folder, "campaign_descriptions.csv", ["campaign_id", "campaign_type", "start_date", "end_date"])
  const starts = new Map(campaigns.map(({ campaign_id, start_date }) => [campaign_id, timeIn(start_date, "start_date")]))
  const goodFor = new Map<string, string>()
  const coupons = recordsOf(folder, "coupons.csv", ["coupon_upc", "product_id", "campaign_id"]).map((row): Change => {
    const { coupon_upc, product_id, campaign_id } = row
    const least = goodFor.get(`${coupon_upc} ${campaign_id}`)
    if (least === undefined || product_id < least) goodFor.set(`${coupon_upc} ${campaign_id}`, product_id)
    return { at: starts.get(campaign_id) ?? begin, operation: "I", row: { coupon_code: coupon_upc, product_id, campaign_id } }
  })
  const redemptions = recordsOf(folder, "coupon_redemptions.csv", ["household_id", "coupon_upc", "campaign_id", "redemption_date"])
  return [
    tableOf(
      "products",
      recordsOf(folder, "products.csv", ["product_id", "department", "brand", "product_category"]).map((row) => ({
        at: begin,
        operation: "I",
        row: {
          product_id: row.product_id,
          category: row.department || null,
          subcategory: row.product_category || null,
          brand: row.brand || null
        }
      }))
    ),
    tableOf(
      "campaigns",
      campaigns.map(({ campaign_id, campaign_type, start_date, end_date }) => ({
        at: begin,
        operation: "I",
        row: { campaign_id, campaign_name: campaign_type, campaign_type, starts_on: start_date, ends_on: end_date }
      }))
    ),
    tableOf(
      "orders",
      [...orders.values()].map(({ row, at, cents }) => ({
        at,
        operation: "I",
        row: { ...row, subtotal: moneyOf(cents), order_total: moneyOf(cents) }
      }))
    ),
    tableOf("order_lines", lines),
    tableOf("coupons", coupons),
    tableOf(
      "coupon_redemptions",
      redemptions.map(({ household_id, coupon_upc, campaign_id, redemption_date }, i) => ({
        at: timeIn(redemption_date, "redemption_date"),
        operation: "I",
        row: {
          redemption_id: i,
          coupon_code: coupon_upc,
          campaign_id,
          customer_id: household_id,
          product_id: goodFor.get(`${coupon_upc} ${campaign_id}`) ?? null,
          redeemed_at: timeText(timeIn(redemption_date, "redemption_date")),
          redeemed_value: "0.00"
        }
      }))
    )
  ]
}
