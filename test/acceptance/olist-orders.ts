import { open } from "node:fs/promises"
import { type Row, withDuckDB } from "./support.ts"

/** An order of Olist's data set, joined with what belongs to it. Times as in the files, `YYYY-MM-DD hh:mm:ss`; null where the order has none. */
interface Order {
  readonly orderId: string
  readonly status: string
  readonly purchasedAt: string
  readonly approvedAt: string | null
  readonly handedToCarrierAt: string | null
  readonly deliveredAt: string | null
  readonly estimatedDelivery: string | null
  readonly customer: { readonly uniqueId: string; readonly zipPrefix: string; readonly city: string; readonly state: string } | null
  readonly items: ReadonlyArray<Item>
  readonly payments: ReadonlyArray<Payment>
}

interface Item {
  readonly number: number
  readonly productId: string
  readonly sellerId: string
  readonly priceCents: number
  readonly freightCents: number
  /** Portuguese name, and the English one, or the same again where there is none. */
  readonly category: string | null
  readonly categoryName: string | null
  /** Grams. */
  readonly weight: number | null
  /** Centimetres. */
  readonly length: number | null
  readonly height: number | null
  readonly width: number | null
}

interface Payment {
  readonly number: number
  readonly type: string
  readonly installments: number
  readonly cents: number
}

/** Olist's times name no zone; here they are taken for UTC. */
const utc = (text: string): string => `${text.replace(" ", "T")}Z`

/**
 * The versions of an order in the order of time, one per status time that it has. A status never goes back: the file has orders that were
 * handed to the carrier before their payment was approved (1,359) or even before they were placed (166), and these stay `shipped`. Status
 * times of the same second are one version, the later status wins (1,305 times in the full data), because a version is known by its
 * `lastChange`. The last version carries the order's own final status. VTEX's words for the payment steps, Olist's for the rest.
 */
const versionsOf = (order: Order): ReadonlyArray<{ readonly lastChange: string; readonly status: string }> => {
  const steps = [
    { at: order.purchasedAt, status: "payment-pending", rank: 0 },
    { at: order.approvedAt, status: "payment-approved", rank: 1 },
    { at: order.handedToCarrierAt, status: "shipped", rank: 2 },
    { at: order.deliveredAt, status: "delivered", rank: 3 }
  ].flatMap(({ at, ...step }) => (at === null ? [] : [{ at: utc(at), ...step }]))
  const times = [...new Set(steps.map((step) => step.at))].sort()
  return times.map((at, i) => {
    const furthest = steps.filter((step) => step.at <= at).reduce((a, b) => (b.rank > a.rank ? b : a))
    return { lastChange: at, status: i === times.length - 1 ? order.status : furthest.status }
  })
}

const sum = <A>(values: ReadonlyArray<A>, of: (value: A) => number): number => values.reduce((total, value) => total + of(value), 0)

/** VTEX's payment groups for Olist's payment types. */
const paymentGroups: Readonly<Record<string, string>> = {
  credit_card: "creditCard",
  debit_card: "debitCard",
  boleto: "bankInvoice",
  voucher: "giftCard"
}

/**
 * Every version of an order as a line of JSON with VTEX's keys. Money in cents. `value` is the sum of the totals, as in VTEX. What was paid
 * differs from it in 576 orders (interest, vouchers), and is all that is known of the value of the 775 orders whose items are not in the data.
 */
const linesOf = (order: Order): string => {
  const { items, payments, customer, approvedAt, estimatedDelivery } = order
  const itemsTotal = sum(items, (item) => item.priceCents)
  const freightTotal = sum(items, (item) => item.freightCents)
  const unchanging = JSON.stringify({
    value: items.length > 0 ? itemsTotal + freightTotal : sum(payments, (payment) => payment.cents),
    creationDate: utc(order.purchasedAt),
    // Unknown is not zero: without items there are no totals, or the order would count as one with free shipping.
    totals:
      items.length === 0
        ? []
        : [
            { id: "Items", name: "Items Total", value: itemsTotal },
            { id: "Shipping", name: "Shipping Total", value: freightTotal }
          ],
    items: items.map((item) => itemOf(order.orderId, item)),
    sellers: [...new Set(items.map((item) => item.sellerId))].map((id) => ({ id })),
    paymentData: {
      transactions:
        payments.length === 0
          ? []
          : [
              {
                isActive: true,
                payments: payments.map((payment) => ({
                  id: `${order.orderId}-${payment.number}`,
                  paymentSystemName: payment.type,
                  group: paymentGroups[payment.type] ?? null,
                  value: payment.cents,
                  referenceValue: payment.cents,
                  installments: payment.installments
                }))
              }
            ]
    },
    shippingData: {
      ...(customer === null
        ? {}
        : { address: { postalCode: customer.zipPrefix, city: customer.city, state: customer.state, country: "BRA" } }),
      logisticsInfo: items.map((item, itemIndex) => ({
        itemIndex,
        price: item.freightCents,
        sellingPrice: item.freightCents,
        deliveryChannel: "delivery",
        ...(estimatedDelivery === null ? {} : { shippingEstimateDate: utc(estimatedDelivery) })
      }))
    },
    clientProfileData: { userProfileId: customer?.uniqueId ?? null },
    storePreferencesData: { countryCode: "BRA", currencyCode: "BRL", currencyLocale: 1046, currencySymbol: "R$" },
    marketplace: { name: "olist" }
  })
  return versionsOf(order)
    .map(({ lastChange, status }) => {
      const changing = JSON.stringify({
        orderId: order.orderId,
        origin: "Marketplace",
        hostname: "olist",
        status,
        lastChange,
        authorizedDate: approvedAt !== null && utc(approvedAt) <= lastChange ? utc(approvedAt) : null
      })
      // Most of an order is the same in all its versions and is turned into text once.
      return `${changing.slice(0, -1)},${unchanging.slice(1)}\n`
    })
    .join("")
}

const itemOf = (orderId: string, { number, productId, sellerId, priceCents, category, categoryName, ...item }: Item) => ({
  uniqueId: `${orderId}-${number}`,
  id: productId,
  productId,
  quantity: 1,
  seller: sellerId,
  price: priceCents,
  listPrice: priceCents,
  sellingPrice: priceCents,
  ...(category === null ? {} : { productCategories: { [category]: categoryName } }),
  additionalInfo: { dimension: { weight: item.weight, length: item.length, height: item.height, width: item.width } }
})

/** A whole number or null, in a struct of DuckDB. */
const cents = (column: string): string => `CAST(100 * CAST(${column} AS DECIMAL(12, 2)) AS INTEGER)`

/** @param table gives the SQL of a table of the data set, every value as text */
const joined = (table: (name: string) => string): string => `
WITH items AS (
  SELECT order_id, list({
    number: CAST(order_item_id AS INTEGER), productId: product_id, sellerId: seller_id, priceCents: ${cents("price")}, freightCents: ${cents("freight_value")},
    category: product_category_name, categoryName: coalesce(product_category_name_english, product_category_name),
    weight: CAST(product_weight_g AS INTEGER), length: CAST(product_length_cm AS INTEGER),
    height: CAST(product_height_cm AS INTEGER), width: CAST(product_width_cm AS INTEGER)
  } ORDER BY CAST(order_item_id AS INTEGER)) AS items
  FROM (${table("olist_order_items_dataset")}) LEFT JOIN (${table("olist_products_dataset")}) USING (product_id)
  LEFT JOIN (${table("product_category_name_translation")}) USING (product_category_name)
  GROUP BY order_id
),
payments AS (
  SELECT order_id, list({
    number: CAST(payment_sequential AS INTEGER), type: payment_type, installments: CAST(payment_installments AS INTEGER), cents: ${cents("payment_value")}
  } ORDER BY CAST(payment_sequential AS INTEGER)) AS payments
  FROM (${table("olist_order_payments_dataset")}) GROUP BY order_id
),
customers AS (
  SELECT customer_id, {uniqueId: customer_unique_id, zipPrefix: customer_zip_code_prefix, city: customer_city, state: customer_state} AS customer
  FROM (${table("olist_customers_dataset")})
)
SELECT row_number() OVER () AS number, order_id AS "orderId", order_status AS status, order_purchase_timestamp AS "purchasedAt", order_approved_at AS "approvedAt",
  order_delivered_carrier_date AS "handedToCarrierAt", order_delivered_customer_date AS "deliveredAt",
  order_estimated_delivery_date AS "estimatedDelivery", customer, coalesce(items, []) AS items, coalesce(payments, []) AS payments
FROM (${table("olist_orders_dataset")}) LEFT JOIN customers USING (customer_id) LEFT JOIN items USING (order_id) LEFT JOIN payments USING (order_id)`

/** Rows of the query below are orders: it says so in its names and types. */
const isOrder = (row: Row): row is Row & Order => typeof row["orderId"] === "string" && Array.isArray(row["items"])

/**
 * Writes Olist's orders as a shop on VTEX would send them: every version of every order, a line each.
 *
 * @param table gives the SQL of a table of the data set, every value as text
 */
export const writeOrders = (table: (name: string) => string, file: string): Promise<void> =>
  withDuckDB(async (rows) => {
    await rows(`CREATE TABLE joined AS ${joined(table)}`)
    const out = await open(file, "w")
    try {
      const some = 10_000
      for (let from = 1; ; from += some) {
        const orders = (await rows(`FROM joined WHERE number BETWEEN ${from} AND ${from + some - 1} ORDER BY number`)).filter(isOrder)
        if (orders.length === 0) return
        await out.writeFile(orders.map(linesOf).join(""))
      }
    } finally {
      await out.close()
    }
  })
