import type { Item, OlistTables } from "./olist-tables.ts"

/** A row of the orders table. Times as in the file, `YYYY-MM-DD hh:mm:ss`; empty where the order has none. */
export interface OlistOrder {
  readonly orderId: string
  readonly customerId: string
  readonly status: string
  readonly purchasedAt: string
  readonly approvedAt: string
  readonly handedToCarrierAt: string
  readonly deliveredAt: string
  readonly estimatedDelivery: string
}

/** How an order stood from one of its status times on. */
export interface OrderVersion {
  /** `YYYY-MM-DDThh:mm:ssZ` */
  readonly lastChange: string
  readonly status: string
}

/** At most so many versions has an order: one per status time. */
export const maxVersions = 4

/** Olist's times name no zone (they are local to Brazil); they are taken for UTC. Undefined: not a time. */
export const utc = (text: string): string | undefined =>
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(text) ? `${text.replace(" ", "T")}Z` : undefined

/**
 * The versions of an order in the order of time, one per status time that it has. A status never goes back: the file has orders that were
 * handed to the carrier before their payment was approved (1,359) or even before they were placed (166), and these stay `shipped`. Status
 * times of the same second are one version, the later status wins (1,305 times in the full data), because a version is known by its
 * `lastChange`. The last version carries the order's own final status. VTEX's words for the payment steps, Olist's for the rest.
 */
export const versionsOf = (order: OlistOrder): ReadonlyArray<OrderVersion> => {
  const steps = [
    { at: utc(order.purchasedAt), status: "payment-pending", rank: 0 },
    { at: utc(order.approvedAt), status: "payment-approved", rank: 1 },
    { at: utc(order.handedToCarrierAt), status: "shipped", rank: 2 },
    { at: utc(order.deliveredAt), status: "delivered", rank: 3 }
  ].flatMap(({ at, ...step }) => (at === undefined ? [] : [{ at, ...step }]))
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
 * An order joined with what belongs to it, as a function from version to the JSON of a checkout record with VTEX's keys. Money in cents.
 * `value` is the sum of the totals, as in VTEX. What was paid differs from it in 576 orders (interest, vouchers), and is all that
 * is known of the value of the 775 orders whose items are not in the data.
 */
export const orderRecord = (order: OlistOrder, tables: OlistTables): ((version: OrderVersion) => string) => {
  const items = tables.items(order.orderId)
  const payments = tables.payments(order.orderId)
  const customer = tables.customer(order.customerId)
  const itemsTotal = sum(items, (item) => item.priceCents)
  const freightTotal = sum(items, (item) => item.freightCents)
  const approvedAt = utc(order.approvedAt)
  const estimate = utc(order.estimatedDelivery)
  const unchanging = JSON.stringify({
    value: items.length > 0 ? itemsTotal + freightTotal : sum(payments, (payment) => payment.cents),
    creationDate: utc(order.purchasedAt) ?? null,
    // Unknown is not zero: without items there are no totals, or the order would count as one with free shipping.
    totals:
      items.length === 0
        ? []
        : [
            { id: "Items", name: "Items Total", value: itemsTotal },
            { id: "Shipping", name: "Shipping Total", value: freightTotal }
          ],
    items: items.map((item) => itemOf(order.orderId, item, tables)),
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
      ...(customer === undefined
        ? {}
        : { address: { postalCode: customer.zipPrefix, city: customer.city, state: customer.state, country: "BRA" } }),
      logisticsInfo: items.map((item, itemIndex) => ({
        itemIndex,
        price: item.freightCents,
        sellingPrice: item.freightCents,
        deliveryChannel: "delivery",
        ...(estimate === undefined ? {} : { shippingEstimateDate: estimate })
      }))
    },
    clientProfileData: { userProfileId: customer?.uniqueId ?? null },
    storePreferencesData: { countryCode: "BRA", currencyCode: "BRL", currencyLocale: 1046, currencySymbol: "R$" },
    marketplace: { name: "olist" }
  })
  return ({ lastChange, status }) => {
    const changing = JSON.stringify({
      orderId: order.orderId,
      origin: "Marketplace",
      hostname: "olist",
      status,
      lastChange,
      authorizedDate: approvedAt !== undefined && approvedAt <= lastChange ? approvedAt : null
    })
    // Most of an order is the same in all its versions and is turned into text once.
    return `${changing.slice(0, -1)},${unchanging.slice(1)}`
  }
}

const itemOf = (orderId: string, item: Item, tables: OlistTables) => {
  const { product } = item
  const number = (text: string | undefined): number | null => (text === undefined || !/^\d{1,9}$/.test(text) ? null : Number(text))
  return {
    uniqueId: `${orderId}-${item.number}`,
    id: item.productId,
    productId: item.productId,
    quantity: 1,
    seller: item.sellerId,
    price: item.priceCents,
    listPrice: item.priceCents,
    sellingPrice: item.priceCents,
    ...(product === undefined || product.category === ""
      ? {}
      : { productCategories: { [product.category]: tables.categoryName(product.category) } }),
    additionalInfo: {
      dimension: {
        weight: number(product?.weight),
        length: number(product?.length),
        height: number(product?.height),
        width: number(product?.width)
      }
    }
  }
}
