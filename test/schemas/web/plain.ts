/*
 * What the models of `schemas/web` must come to, computed in plain TypeScript from lines as an endpoint stores them, and written apart from the models. It is slow and
 * short on purpose: all lines are there, and everything is computed anew.
 */

/** A hit as it was stored. */
export interface Stored {
  /** Larger: came later. */
  readonly position: number
  readonly line: string
}

export interface PlainProduct {
  readonly slot: number
  readonly id: string | null
  readonly quantity: number | null
  /** In ten-thousandths. */
  readonly price: bigint | null
}

export interface PlainHit {
  readonly id: string
  readonly position: number
  readonly receivedAt: number
  /** Milliseconds since 1970: when it was received, less what it waited. */
  readonly at: number
  readonly hitType: string
  readonly clientId: string | null
  readonly userId: string | null
  readonly action: string | null
  readonly transactionId: string | null
  readonly category: string | null
  readonly products: ReadonlyArray<PlainProduct>
  readonly amounts: { readonly [name in "tr" | "tt" | "ts"]: bigint | null }
  /** Id of the first hit of its session; null: nobody knows which. */
  readonly session: string | null
  /** The same where each day, by UTC, cuts sessions. */
  readonly sessionByDay: string | null
}

const halfHour = 1_800_000
const day = 86_400_000

const textOf = (fields: URLSearchParams, name: string): string | null => {
  const text = fields.getAll(name).at(-1)?.trim() ?? ""
  return text === "" ? null : text
}

/** An amount in ten-thousandths; null: it is none. */
const amountOf = (text: string | null): bigint | null => {
  const [, sign, whole, part = ""] = /^(-?)(\d+)(?:\.(\d{1,4}))?$/.exec(text ?? "") ?? []
  return whole === undefined ? null : BigInt(`${sign}${whole}${part.padEnd(4, "0")}`)
}

const productsOf = (fields: URLSearchParams): ReadonlyArray<PlainProduct> => {
  const slots = new Set([...fields.keys()].flatMap((name) => /^pr([1-9]\d*)[a-z]/.exec(name)?.[1] ?? []))
  return [...slots]
    .sort((a, b) => Number(a) - Number(b))
    .map((slot) => {
      const quantity = textOf(fields, `pr${slot}qt`)
      return {
        slot: Number(slot),
        id: textOf(fields, `pr${slot}id`),
        quantity: quantity === null || !Number.isInteger(Number(quantity)) ? null : Number(quantity),
        price: amountOf(textOf(fields, `pr${slot}pr`))
      }
    })
}

/** Nobody believes a device that a hit waited for more than four hours. */
const waitedOf = (text: string | null): number => {
  const millis = /^\d+$/.test(text ?? "") ? Number(text) : 0
  return millis <= 4 * 3_600_000 ? millis : 0
}

const hitOf = ({ position, line }: Stored): (PlainHit & { readonly key: string | null }) | null => {
  const fields = new URLSearchParams(line)
  const hitType = textOf(fields, "t")?.toLowerCase()
  if (hitType === undefined) return null
  const receivedAt = Number(fields.get("_c_at"))
  return {
    id: fields.get("_c_id") ?? "",
    key: textOf(fields, "_c_key"),
    position,
    receivedAt,
    at: receivedAt - waitedOf(textOf(fields, "qt")),
    hitType,
    clientId: textOf(fields, "cid"),
    userId: textOf(fields, "uid"),
    action: textOf(fields, "pa")?.toLowerCase() ?? null,
    transactionId: textOf(fields, "ti"),
    category: textOf(fields, "ec"),
    products: productsOf(fields),
    amounts: { tr: amountOf(textOf(fields, "tr")), tt: amountOf(textOf(fields, "tt")), ts: amountOf(textOf(fields, "ts")) },
    session: null,
    sessionByDay: null
  }
}

const byTime = (a: PlainHit, b: PlainHit): number => a.at - b.at || a.position - b.position

/** The first of each key; what has none is kept. */
const firstOf = <A>(all: ReadonlyArray<A>, keyOf: (each: A) => string | null): ReadonlyArray<A> => {
  const seen = new Set<string>()
  return all.filter((each) => {
    const key = keyOf(each)
    if (key === null) return true
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/** When each hit happened, whatever it is. */
export const plainTimes = (stored: ReadonlyArray<Stored>): ReadonlyArray<number> =>
  stored.map(({ line }) => {
    const fields = new URLSearchParams(line)
    return Number(fields.get("_c_at")) - waitedOf(textOf(fields, "qt"))
  })

/** Each hit once, and each purchase, with its session, in the order of time. */
export const plainLogs = (stored: ReadonlyArray<Stored>): ReadonlyArray<PlainHit> => {
  const hits = stored.flatMap((each) => hitOf(each) ?? []).toSorted(byTime)
  const once = firstOf(hits, ({ key }) => key)
  const logs = firstOf(once, ({ action, transactionId }) => (action === "purchase" ? transactionId : null))
  const sessions = sessionsOf(logs, ({ clientId }) => clientId)
  const byDay = sessionsOf(logs, ({ clientId, at }) => (clientId === null ? null : `${Math.floor(at / day)} ${clientId}`))
  return logs.map((hit, i) => ({ ...hit, session: sessions[i] ?? null, sessionByDay: byDay[i] ?? null }))
}

/** Of each hit the id of the first of its session. @param ofWhom whose sessions they are; null: nobody knows */
const sessionsOf = (hits: ReadonlyArray<PlainHit>, ofWhom: (hit: PlainHit) => string | null): ReadonlyArray<string | null> => {
  const last = new Map<string, { readonly at: number; readonly session: string }>()
  return hits.map((hit) => {
    const whose = ofWhom(hit)
    if (whose === null) return null
    const before = last.get(whose)
    const session = before === undefined || hit.at - before.at >= halfHour ? hit.id : before.session
    last.set(whose, { at: hit.at, session })
    return session
  })
}

export interface PlainProductAction {
  readonly hit: PlainHit
  readonly product: PlainProduct
}

export const plainProductActions = (logs: ReadonlyArray<PlainHit>): ReadonlyArray<PlainProductAction> =>
  logs.flatMap((hit) => (hit.action === null ? [] : hit.products.map((product) => ({ hit, product }))))

export const plainEvents = (logs: ReadonlyArray<PlainHit>) =>
  logs.filter(({ hitType, category }) => hitType === "event" && category !== null)
export const plainPageviews = (logs: ReadonlyArray<PlainHit>) => logs.filter(({ hitType }) => hitType === "pageview")
export const plainPurchases = (logs: ReadonlyArray<PlainHit>) =>
  logs.flatMap((hit) => {
    const { action, transactionId, products, amounts } = hit
    if (action !== "purchase" || transactionId === null) return []
    // What a purchase does not say that it comes to, its products do.
    const goods = products.length === 0 ? null : sumOf(products.map(({ price, quantity }) => (price ?? 0n) * BigInt(quantity ?? 1)))
    return [{ hit, transactionId, revenue: amounts.tr ?? goods, tax: amounts.tt, shipping: amounts.ts }]
  })

export const measureNames = [
  "count_active_sessions",
  "count_new_sessions",
  "count_active_users",
  "count_new_users",
  "count_active_clients",
  "count_new_clients",
  "pageviews",
  "sum_of_product_clicks",
  "product_clicks",
  "sum_of_product_details",
  "product_details",
  "sum_of_add_to_cart",
  "add_to_cart",
  "sum_of_remove_from_cart",
  "remove_from_cart",
  "transactions",
  "transaction_revenue",
  "transaction_tax",
  "transaction_shipping",
  "purchased_items",
  "purchased_products"
] as const

/** What one hour, or one day, comes to. */
export type Measures = { readonly [measure in (typeof measureNames)[number]]: bigint }

/** Names of values in a hit. */
const actives = { sessions: "session", users: "userId", clients: "clientId" } as const

const sumOf = (values: Iterable<bigint | null>): bigint => {
  let sum = 0n
  for (const value of values) sum += value ?? 0n
  return sum
}

const distinct = (values: Iterable<string | null>): bigint => {
  const found = new Set(values)
  found.delete(null)
  return BigInt(found.size)
}

/**
 * Measures by the start of each hour, or day, milliseconds since 1970, in which a hit came, also one that counts for nothing. Amounts are in ten-thousandths.
 *
 * @param times of all hits
 */
export const plainOverview = (
  logs: ReadonlyArray<PlainHit>,
  times: ReadonlyArray<number>,
  width: number
): ReadonlyMap<number, Measures> => {
  const startOf = (at: number): number => Math.floor(at / width) * width
  const bucketOf = (hit: PlainHit): number => startOf(hit.at)
  // Who came first when, on each day.
  const firsts = Object.fromEntries(
    Object.entries(actives).map(([name, of]) => {
      const first = new Map<string, number>()
      for (const hit of logs) {
        const key = hit[of] === null ? null : `${Math.floor(hit.at / day)} ${hit[of]}`
        if (key !== null && !first.has(key)) first.set(key, bucketOf(hit))
      }
      return [name, [...first.values()]]
    })
  )
  const measures = (hits: ReadonlyArray<PlainHit>, bucket: number): Measures => {
    const rows = plainProductActions(hits)
    const of = (action: string) => rows.filter(({ hit }) => hit.action === action)
    const pairs = (action: string) =>
      distinct(
        of(action).map(({ hit, product }) =>
          hit.session === null || product.id === null ? null : JSON.stringify([hit.session, product.id])
        )
      )
    const purchases = plainPurchases(hits)
    const bought = of("purchase").filter(({ hit }) => hit.transactionId !== null)
    const active = (name: keyof typeof actives) => distinct(hits.map((hit) => hit[actives[name]]))
    const fresh = (name: keyof typeof actives) => BigInt(firsts[name]?.filter((at) => at === bucket).length ?? 0)
    return {
      count_active_sessions: active("sessions"),
      count_new_sessions: fresh("sessions"),
      count_active_users: active("users"),
      count_new_users: fresh("users"),
      count_active_clients: active("clients"),
      count_new_clients: fresh("clients"),
      pageviews: BigInt(plainPageviews(hits).length),
      sum_of_product_clicks: BigInt(of("click").length),
      product_clicks: pairs("click"),
      sum_of_product_details: BigInt(of("detail").length),
      product_details: pairs("detail"),
      sum_of_add_to_cart: BigInt(of("add").length),
      add_to_cart: pairs("add"),
      sum_of_remove_from_cart: BigInt(of("remove").length),
      remove_from_cart: pairs("remove"),
      transactions: distinct(purchases.map(({ transactionId }) => transactionId)),
      transaction_revenue: sumOf(purchases.map(({ revenue }) => revenue)),
      transaction_tax: sumOf(purchases.map(({ tax }) => tax)),
      transaction_shipping: sumOf(purchases.map(({ shipping }) => shipping)),
      purchased_items: sumOf(bought.map(({ product }) => BigInt(product.quantity ?? 1))),
      purchased_products: distinct(bought.map(({ product }) => product.id))
    }
  }
  const hitsOf = Map.groupBy(logs, bucketOf)
  return new Map([...new Set(times.map(startOf))].map((bucket) => [bucket, measures(hitsOf.get(bucket) ?? [], bucket)]))
}
