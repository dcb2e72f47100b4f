import { Random, zipf } from "../../../src/contract/index.ts"
import { type Category, categories, type Place, places, sources } from "./places.ts"
import { dayMillis } from "./text.ts"

/** What the company has and sells, row by row: what its databases hold, and each change of it. */

/** First day of its history, and the day after the last: fourteen months, so that each month of a year has that of the year before. */
export const begin = Date.UTC(2025, 9, 1)
export const end = Date.UTC(2026, 11, 1)
/** When the databases were copied; what changed behind it comes as changes. */
export const loadedAt = Date.UTC(2026, 10, 1, 4)
/** When that of the orders was begun anew, after a day of which it told nothing. */
export const reloaded = { at: Date.UTC(2026, 10, 15, 4), tables: ["orders"] }

export interface Product {
  readonly id: string
  readonly name: string
  readonly category: Category
  /** Cents. */
  readonly price: number
  readonly launchedAt: number
}

export interface Customer {
  readonly id: string
  readonly index: number
  readonly email: string
  readonly name: string
  readonly createdAt: number
  /** Where they live, from when on. */
  readonly homes: readonly [Home, ...ReadonlyArray<Home>]
}

export interface Home {
  readonly at: number
  readonly place: Place
}

export interface Campaign {
  readonly id: string
  readonly name: string
  readonly source: string
  readonly medium: string
  readonly referer: string | null
  /** Both days included. */
  readonly from: number
  readonly to: number
}

/** A coupon that one customer was given. */
export interface Coupon {
  readonly id: string
  readonly campaign: Campaign
  readonly category: Category
  readonly customer: Customer
  /** Of a hundred. */
  readonly percent: number
  readonly issuedAt: number
  readonly expiresAt: number
}

export interface Line {
  readonly number: number
  readonly product: Product
  readonly quantity: number
  /** Cents, as is the discount of the whole line. */
  readonly price: number
  readonly discount: number
}

export interface Order {
  readonly id: string
  readonly customer: Customer
  readonly place: Place
  readonly orderedAt: number
  readonly lines: ReadonlyArray<Line>
  /** What a coupon that was put in took off its lines. */
  readonly redemptions: ReadonlyArray<Redemption>
  /** What became of it, and when; null: nothing more. */
  readonly fate: { readonly status: "shipped" | "cancelled" | "deleted"; readonly at: number } | null
  /** Campaign that led to it. */
  readonly campaign: Campaign | null
}

export interface Redemption {
  readonly id: string
  readonly coupon: Coupon
  readonly line: Line
  /** Cents. */
  readonly value: number
}

export interface Return {
  readonly id: string
  readonly order: Order
  readonly line: Line
  readonly quantity: number
  readonly returnedAt: number
  readonly reason: string
}

export interface Company {
  readonly seed: number
  readonly places: readonly [Place, ...Array<Place>]
  readonly products: ReadonlyArray<Product>
  readonly customers: ReadonlyArray<Customer>
  readonly campaigns: ReadonlyArray<Campaign>
  readonly coupons: ReadonlyArray<Coupon>
  readonly orders: ReadonlyArray<Order>
  readonly returns: ReadonlyArray<Return>
}

/** Streams of chance, each its own, so that one thing more of a kind changes no other kind. */
export const streams = { customers: 1, coupons: 2, orders: 3, visits: 4, weather: 5, forecast: 6 } as const

const padded = (n: number, width: number): string => String(n).padStart(width, "0")

const productsOf = (count: number): ReadonlyArray<Product> =>
  Array.from({ length: count }, (_, i) => {
    const category = categories[i % categories.length] ?? categories[0]
    return {
      id: `P${padded(i + 1, 3)}`,
      name: `${category.charAt(0).toUpperCase()}${category.slice(1, -1)} no. ${i + 1}`,
      category,
      price: 999 + ((i * 1_337) % 9_000),
      // The last one is new: it has sold nothing before.
      launchedAt: i === count - 1 ? end - 20 * dayMillis : begin
    }
  })

const campaignsOf = (): ReadonlyArray<Campaign> =>
  Array.from({ length: 7 }, (_, i) => {
    const way = sources[i % sources.length] ?? sources[0]
    const from = begin + i * 60 * dayMillis
    return { id: `C${padded(i + 1, 2)}`, name: `season_${i + 1}`, ...way, from, to: from + 44 * dayMillis }
  })

const customerOf = (seed: number, index: number, around: readonly [Place, ...Array<Place>]): Customer => {
  const random = new Random(seed, streams.customers, index)
  const createdAt = begin + random.below(200 * 86_400) * 1_000
  const first = { at: createdAt, place: random.pick(around) }
  const moved = random.chance(0.25) ? [{ at: createdAt + random.between(60, 400) * dayMillis + 3_600_000, place: random.pick(around) }] : []
  return {
    id: String(1_000 + index),
    index,
    email: `user${1_000 + index}@mail.example`,
    name: `Customer ${index + 1}, Ms "${random.digits(3)}"`,
    createdAt,
    homes: [first, ...moved.filter(({ at }) => at < end)]
  }
}

/** Where a customer lives at a time. */
export const homeAt = ({ homes }: Customer, at: number): Place => (homes.findLast((home) => home.at <= at) ?? homes[0]).place

/** The company of a seed. @param size how many customers it has */
export const makeCompany = (seed: number, size: number): Company => {
  const around: [Place, ...Array<Place>] = [places[0], ...places.slice(1, Math.max(3, Math.min(places.length, Math.ceil(size / 4))))]
  const products = productsOf(Math.max(5, Math.min(24, Math.ceil(size / 3))))
  const campaigns = campaignsOf()
  const customers = Array.from({ length: size }, (_, i) => customerOf(seed, i, around))
  const coupons = customers.flatMap((customer) => couponsOf(seed, customer, campaigns))
  const orders = customers
    .flatMap((customer) => ordersOf(seed, customer, { products, campaigns, coupons }))
    .sort((a, b) => a.orderedAt - b.orderedAt)
  return { seed, places: around, products, customers, campaigns, coupons, orders, returns: returnsOf(seed, orders) }
}

const couponsOf = (seed: number, customer: Customer, campaigns: ReadonlyArray<Campaign>): ReadonlyArray<Coupon> => {
  const random = new Random(seed, streams.coupons, customer.index)
  return campaigns.flatMap((campaign) =>
    campaign.to < customer.createdAt || !random.chance(0.7)
      ? []
      : [
          {
            id: `${campaign.id}-${customer.id}`,
            campaign,
            category: random.pick(categories),
            customer,
            percent: random.pick([5, 10, 25]),
            issuedAt: Math.max(campaign.from, customer.createdAt),
            expiresAt: campaign.to + dayMillis
          }
        ]
  )
}

/** What a line comes to, cents. */
export const totalOf = ({ price, quantity, discount }: Line): number => price * quantity - discount

const popular = zipf(24, 0.7)

const ordersOf = (
  seed: number,
  customer: Customer,
  { products, campaigns, coupons }: Pick<Company, "products" | "campaigns" | "coupons">
): ReadonlyArray<Order> => {
  const random = new Random(seed, streams.orders, customer.index)
  const own = new Map(coupons.filter((coupon) => coupon.customer === customer).map((coupon) => [coupon.campaign, coupon]))
  const orders: Array<Order> = []
  // Some come every other week, some hardly ever.
  const pause = random.pick([12, 25, 40, 90])
  for (let at = customer.createdAt + 900_000; ; ) {
    at += Math.ceil(random.unit() * 2 * pause * 86_400) * 1_000
    if (at >= end - 3_600_000) return orders
    const running = campaigns.find(({ from, to }) => from <= at && at < to + dayMillis)
    const lines = linesOf(random, products, at)
    const coupon = running === undefined ? undefined : own.get(running)
    const isUsed = coupon !== undefined && coupon.issuedAt <= at && random.chance(0.5)
    const id = `${customer.index + 1}${padded(orders.length + 1, 4)}`
    const redemptions = lines.flatMap((line) =>
      isUsed && line.product.category === coupon.category
        ? [{ id: `R${id}-${line.number}`, coupon, line, value: Math.floor((totalOf(line) * coupon.percent) / 100) }]
        : []
    )
    const fate = random.below(20)
    const later = at + random.between(1, 96) * 3_600_000
    orders.push({
      id,
      customer,
      place: homeAt(customer, at),
      orderedAt: at,
      lines,
      redemptions,
      fate: later >= end ? null : { status: fate === 0 ? "cancelled" : fate === 1 ? "deleted" : "shipped", at: later },
      campaign: running !== undefined && random.chance(0.6) ? running : null
    })
    if (redemptions.length > 0 && running !== undefined) own.delete(running)
  }
}

const linesOf = (random: Random, products: ReadonlyArray<Product>, at: number): ReadonlyArray<Line> => {
  const lines: Array<Line> = []
  const wanted = random.between(1, 4)
  for (let i = 0; i < wanted; i++) {
    const product = products[popular(random) % products.length]
    if (product === undefined || product.launchedAt > at || lines.some((line) => line.product === product)) continue
    const quantity = random.between(1, 3)
    const discount = random.chance(0.15) ? random.below(product.price) : 0
    lines.push({ number: lines.length + 1, product, quantity, price: product.price, discount })
  }
  if (lines.length > 0) return lines
  const [first] = products
  return first === undefined ? [] : [{ number: 1, product: first, quantity: 1, price: first.price, discount: 0 }]
}

const reasons = ["damaged", "wrong item", "not as described", "no longer wanted"] as const

const returnsOf = (seed: number, orders: ReadonlyArray<Order>): ReadonlyArray<Return> =>
  orders.flatMap((order) => {
    const random = new Random(seed, streams.orders, Number(order.id), 1)
    if (order.fate?.status !== "shipped") return []
    const { at } = order.fate
    return order.lines.flatMap((line) => {
      const returnedAt = at + random.between(1, 30 * 24) * 3_600_000
      const back = {
        id: `T${order.id}-${line.number}`,
        order,
        line,
        quantity: random.between(1, line.quantity),
        returnedAt,
        reason: random.pick(reasons)
      }
      return random.chance(0.12) && returnedAt < end ? [back] : []
    })
  })
