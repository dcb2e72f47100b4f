import { type Company, type Coupon, type Line, type Order, totalOf } from "./company.ts"
import { type Change, type Table, tableOf } from "./replicas.ts"
import { dayMillis, dayText, dollars, type Row, timeText } from "./text.ts"

/** Rows of the company's databases, and each change of them. */

export const tablesOf = (company: Company): ReadonlyArray<Table> => [
  tableOf("customers", customerChanges(company)),
  tableOf("products", productChanges(company)),
  tableOf("orders", company.orders.flatMap(orderChanges)),
  tableOf(
    "order_lines",
    company.orders.flatMap((order) =>
      livesOf(
        order,
        order.lines.map((line) => lineRow(order, line))
      )
    )
  ),
  tableOf("returns", company.returns.map(returnChange)),
  tableOf("campaigns", campaignChanges(company)),
  tableOf("coupons", couponChanges(company)),
  tableOf("coupon_redemptions", company.orders.flatMap(redemptionChanges))
]

const customerChanges = ({ customers }: Company): ReadonlyArray<Change> =>
  customers.flatMap((customer) =>
    customer.homes.map(({ at, place }, i) => ({
      at,
      operation: i === 0 ? "I" : "U",
      row: {
        customer_id: customer.id,
        first_name: "Customer",
        last_name: customer.name,
        email: customer.email,
        phone: `555-${customer.id}`,
        street: `${customer.index + 1} Main St`,
        city: place.city,
        state: place.state,
        zip: place.zip,
        segment: customer.index % 3 === 0 ? "corporate" : "consumer",
        registered_at: timeText(customer.createdAt)
      }
    }))
  )

const productChanges = ({ products }: Company): ReadonlyArray<Change> =>
  products.map(({ id, name, category, price, launchedAt }) => ({
    at: launchedAt,
    operation: "I",
    row: {
      product_id: id,
      product_name: name,
      category,
      subcategory: `${category}, ${price > 5_000 ? "large" : "small"}`,
      brand: price % 2 === 0 ? "Brightly" : "Lux & Co",
      list_price: `${dollars(price)}00`,
      standard_cost: `${dollars(Math.floor(price / 2))}00`,
      launched_on: dayText(launchedAt),
      discontinued_on: null
    }
  }))

const couponTotalOf = ({ redemptions }: Order): number => redemptions.reduce((sum, { value }) => sum + value, 0)

const orderRow = (order: Order, status: string, shippedAt: number | null): Row => {
  const subtotal = order.lines.reduce((sum, line) => sum + totalOf(line), 0)
  const coupon = couponTotalOf(order)
  const tax = Math.floor(((subtotal - coupon) * 8) / 100)
  const freight = subtotal < 5_000 ? 599 : 0
  return {
    order_id: order.id,
    customer_id: order.customer.id,
    ordered_at: timeText(order.orderedAt),
    shipped_at: shippedAt === null ? null : timeText(shippedAt),
    status,
    ship_city: order.place.city,
    ship_state: order.place.state,
    ship_zip: order.place.zip,
    subtotal: dollars(subtotal),
    coupon_total: dollars(coupon),
    tax_total: dollars(tax),
    freight: dollars(freight),
    order_total: dollars(subtotal - coupon + tax + freight)
  }
}

const orderChanges = (order: Order): ReadonlyArray<Change> => {
  const first: Change = { at: order.orderedAt, operation: "I", row: orderRow(order, "placed", null) }
  if (order.fate === null) return [first]
  const { status, at } = order.fate
  if (status === "deleted") return [first, { ...first, at, operation: "D" }]
  return [first, { at, operation: "U", row: orderRow(order, status, status === "shipped" ? at : null) }]
}

/** Rows that come with an order, and go where it is deleted. */
const livesOf = (order: Order, rows: ReadonlyArray<Row>): ReadonlyArray<Change> =>
  rows.flatMap((row): ReadonlyArray<Change> => {
    const first: Change = { at: order.orderedAt, operation: "I", row }
    return order.fate?.status === "deleted" ? [first, { ...first, at: order.fate.at, operation: "D" }] : [first]
  })

const lineRow = (order: Order, line: Line): Row => ({
  order_id: order.id,
  line_number: line.number,
  ordered_at: timeText(order.orderedAt),
  product_id: line.product.id,
  quantity: line.quantity,
  unit_price: `${dollars(line.price)}00`,
  discount: dollars(line.discount),
  line_total: dollars(totalOf(line))
})

const redemptionChanges = (order: Order): ReadonlyArray<Change> =>
  livesOf(
    order,
    order.redemptions.map(({ id, coupon, line, value }) => ({
      redemption_id: id,
      coupon_code: coupon.id,
      campaign_id: coupon.campaign.id,
      customer_id: order.customer.id,
      order_id: order.id,
      product_id: line.product.id,
      redeemed_at: timeText(order.orderedAt),
      redeemed_value: dollars(value)
    }))
  )

const returnChange = ({ id, order, line, quantity, returnedAt, reason }: Company["returns"][number]): Change => ({
  at: returnedAt,
  operation: "I",
  row: {
    return_id: id,
    order_id: order.id,
    line_number: line.number,
    product_id: line.product.id,
    customer_id: order.customer.id,
    returned_at: timeText(returnedAt),
    quantity,
    refund_amount: dollars(Math.floor((totalOf(line) * quantity) / line.quantity)),
    reason
  }
})

const campaignChanges = ({ campaigns }: Company): ReadonlyArray<Change> =>
  campaigns.map(({ id, name, source, medium, from, to }) => ({
    at: from - dayMillis,
    operation: "I",
    row: {
      campaign_id: id,
      campaign_name: `Season ${id}`,
      campaign_type: medium,
      utm_source: source,
      utm_medium: medium,
      utm_campaign: name,
      starts_on: dayText(from),
      ends_on: dayText(to),
      budget: "10000.00"
    }
  }))

const couponChanges = ({ coupons, products }: Company): ReadonlyArray<Change> =>
  coupons.flatMap((coupon: Coupon) =>
    products
      .filter(({ category }) => category === coupon.category)
      .map(({ id }) => ({
        at: coupon.issuedAt,
        operation: "I" as const,
        row: {
          coupon_code: coupon.id,
          product_id: id,
          campaign_id: coupon.campaign.id,
          discount_type: "percent",
          discount_value: `${coupon.percent}.0000`,
          valid_from: dayText(coupon.issuedAt),
          valid_to: dayText(coupon.expiresAt)
        }
      }))
  )
