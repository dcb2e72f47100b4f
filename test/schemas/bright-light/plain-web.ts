import { hash } from "node:crypto"
import { toldOf } from "../../../schemas/bright-light/generate/logs.ts"
import type { Request } from "../../../schemas/bright-light/generate/visits.ts"
import type { Known } from "./lake.ts"
import { add, dayOf, exact, fixed, type Line, linesOf, type PlainRow, placesOf, salesOf, sum, textOf } from "./plain.ts"

/** What the marts of the site must hold, by plain loops over the requests. */

/** What a query says, as it is written: the first value of each name that is not nothing. */
interface Said {
  readonly get: (name: string) => string | null
}

const saidOf = (query: string): Said => {
  const pairs = query.split("&").map((pair) => [pair.split("=", 1)[0], pair.slice(pair.indexOf("=") + 1)] as const)
  return { get: (name) => pairs.find(([said]) => said === name)?.[1] || null }
}

interface Seen {
  readonly at: number
  readonly request: Request
  readonly path: string
  readonly said: Said
}

export interface PlainSession {
  readonly id: string
  readonly visitor: string
  readonly seen: ReadonlyArray<Seen>
  readonly customer: string | null
  readonly zip: string
  readonly orders: number
  readonly revenue: number
}

const robots = /bot|crawl|spider|slurp|curl|wget|python|monitor/i
const assets = /\.(css|js|png|jpg|jpeg|gif|ico|svg|woff2|txt|xml)$/
const halfAnHour = 1_800_000

const isFine = ({ status }: Request): boolean => status >= 200 && status <= 299

const isPage = ({ request, path }: Seen): boolean =>
  request.method === "GET" && isFine(request) && !path.startsWith("/static/") && !assets.test(path)

export const viewedOf = ({ request, path }: Seen): string | null =>
  request.method === "GET" && isFine(request) ? (/^\/p\/([^/]+)$/.exec(path)?.[1] ?? null) : null

export const addedOf = ({ request, path, said }: Seen): string | null =>
  request.status >= 200 && request.status <= 399 && path === "/cart/add" ? said.get("product") : null

const orderedOf = ({ request, path, said }: Seen): string | null =>
  isFine(request) && path === "/checkout/thanks" ? said.get("order") : null

/** The host of a page, by its text alone: what servers log is not always an address that a browser takes. */
const hostOf = (referer: string | null): string | null => {
  const [scheme = "", rest] = (referer ?? "").split("://")
  const host = rest === undefined || !/^[a-z]+$/i.test(scheme) ? "" : (rest.split(/[/?#:]/)[0] ?? "").toLowerCase()
  return host === "" || host === "www.brightlight.example" ? null : host
}

const requestText = ({ method, target }: Request): string => `${method} ${target} HTTP/1.1`

export const sessionsOf = (known: Known): ReadonlyArray<PlainSession> => {
  const visitors = new Map<string, Array<Seen>>()
  for (const request of known.requests) {
    if (robots.test(request.agent)) continue
    const [path = "", query = ""] = request.target.split("?")
    const visitor = hash("md5", `${request.address}|${request.agent}`)
    const seen = visitors.get(visitor) ?? []
    visitors.set(visitor, seen)
    seen.push({ at: request.at, request, path, said: saidOf(query) })
  }
  const cut: Array<{ readonly id: string; readonly visitor: string; readonly seen: Array<Seen> }> = []
  for (const [visitor, all] of visitors) {
    all.sort((a, b) => a.at - b.at || (requestText(a.request) < requestText(b.request) ? -1 : 1))
    let number = 0
    let before = Number.NEGATIVE_INFINITY
    for (const seen of all) {
      if (seen.at - before >= halfAnHour) cut.push({ id: hash("md5", `${visitor}|${++number}`), visitor, seen: [] })
      before = seen.at
      cut.at(-1)?.seen.push(seen)
    }
  }
  const first = new Map<string, { readonly at: number; readonly session: string }>()
  for (const { id, seen } of cut)
    for (const each of seen) {
      const order = orderedOf(each)
      if (order !== null && each.at < (first.get(order)?.at ?? Number.POSITIVE_INFINITY)) first.set(order, { at: each.at, session: id })
    }
  const sold = new Map<string, { customer: string; revenue: number }>()
  for (const { order, customer, total } of salesOf(known)) {
    const whole = sold.get(order) ?? { customer, revenue: 0 }
    sold.set(order, whole)
    whole.revenue += total
  }
  const people = new Map(known.tables["customers"]?.map((row) => [textOf(row, "email"), row]))
  const homes = new Map(known.tables["customers"]?.map((row) => [textOf(row, "customer_id"), textOf(row, "zip").slice(0, 5)]))
  return cut.map(({ id, visitor, seen }) => {
    const orders = [...first].flatMap(([order, { session }]) => (session === id ? (sold.get(order) ?? []) : []))
    const logins = seen
      .flatMap(({ request: { user } }) => (user === null ? [] : [people.get(user)]))
      .flatMap((row) => (row ? [textOf(row, "customer_id")] : []))
    const customer = logins.sort()[0] ?? orders.map((order) => order.customer).sort()[0] ?? null
    return {
      id,
      visitor,
      seen,
      customer,
      zip: homes.get(customer ?? "") ?? "unknown",
      orders: orders.length,
      revenue: sum(orders.map(({ revenue }) => revenue))
    }
  })
}

const waysOf = ({ seen: [landed] }: PlainSession) => {
  const said = landed?.said ?? saidOf("")
  const host = hostOf(landed?.request.referer ?? null)
  const utm = said.get("utm_source")
  return {
    source: utm ?? host ?? "(direct)",
    medium: said.get("utm_medium") ?? (utm === null && host !== null ? "referral" : "(none)"),
    campaign: said.get("utm_campaign") ?? "(none)",
    referrer_host: host ?? "(none)"
  }
}

const startOf = ({ seen }: PlainSession): number => seen[0]?.at ?? 0
const endOf = ({ seen }: PlainSession): number => seen.at(-1)?.at ?? 0
const pagesOf = ({ seen }: PlainSession): number => seen.filter(isPage).length
const secondsOf = (session: PlainSession): number => Math.floor((endOf(session) - startOf(session)) / 1000)

export const plainWeb = (known: Known, sessions = sessionsOf(known)): { readonly [mart: string]: ReadonlyArray<Line> } => {
  const { places } = placesOf(known)
  const activity = new Map<string, PlainRow>()
  const referrals = new Map<string, PlainRow>()
  const times = new Map<string, PlainRow>()
  const looks = new Map<string, PlainRow>()
  const categories = new Map(known.tables["products"]?.map((row) => [textOf(row, "product_id"), textOf(row, "category")]))
  const nothing = { views: 0, adds_to_cart: 0, units_bought: 0, spend: 0 }
  const look = (customer: string, product: string, more: Partial<typeof nothing>): void =>
    add(looks, { customer_id: customer, product_id: product, category: categories.get(product) ?? "unknown" }, { ...nothing, ...more })
  for (const session of sessions) {
    const { customer, zip, orders, revenue, seen } = session
    const page_views = pagesOf(session)
    const place = places.get(zip) ?? { city: "unknown", state: "unknown" }
    add(activity, { activity_on: dayOf(startOf(session)), ...place, zip }, { page_views, sessions: 1, orders, revenue })
    add(
      referrals,
      { referred_on: dayOf(startOf(session)), ...waysOf(session) },
      { sessions: 1, sessions_with_orders: orders > 0 ? 1 : 0, orders, revenue }
    )
    if (customer === null) continue
    add(times, { customer_id: customer }, { sessions: 1, page_views, seconds_on_site: secondsOf(session) })
    for (const each of seen) {
      const viewed = viewedOf(each)
      const added = addedOf(each)
      if (viewed !== null) look(customer, viewed, { views: 1 })
      if (added !== null) look(customer, added, { adds_to_cart: 1 })
    }
  }
  for (const { customer, product, quantity, total } of salesOf(known)) look(customer, product, { units_bought: quantity, spend: total })
  return {
    web_sessions: linesOf(
      sessions.map((session) => ({
        session_id: session.id,
        visitor_key: session.visitor,
        started_at: startOf(session),
        ended_at: endOf(session),
        started_on: dayOf(startOf(session)),
        seconds_on_site: secondsOf(session),
        page_views: pagesOf(session),
        products_viewed: new Set(session.seen.flatMap((each) => viewedOf(each) ?? [])).size,
        adds_to_cart: session.seen.filter((each) => addedOf(each) !== null).length,
        orders: session.orders,
        revenue: fixed(session.revenue),
        customer_id: session.customer,
        zip: session.zip,
        ...waysOf(session)
      }))
    ),
    site_activity_by_geography: linesOf([...activity.values()].map((row) => ({ ...row, revenue: fixed(row["revenue"]) }))),
    site_hits: linesOf(
      sessions.flatMap((session) =>
        session.seen.map((each) => ({
          requested_at: each.at,
          activity_on: dayOf(startOf(session)),
          server: toldOf(each.request).server,
          method: each.request.method,
          path: each.path,
          status: each.request.status,
          is_page_view: isPage(each),
          product_viewed: viewedOf(each),
          product_added: addedOf(each),
          order_id: orderedOf(each),
          zip: session.zip,
          ...(places.get(session.zip) ?? { city: "unknown", state: "unknown" }),
          ...waysOf(session)
        }))
      )
    ),
    campaign_referrals: linesOf(
      [...referrals.values()].map((row) => ({
        ...row,
        revenue: fixed(row["revenue"]),
        conversion: exact(Number(row["sessions_with_orders"]) / Number(row["sessions"]))
      }))
    ),
    time_on_site_by_customer: linesOf(
      [...times.values()].map((row) => ({
        ...row,
        average_seconds_on_site: exact(Number(row["seconds_on_site"]) / Number(row["sessions"]))
      }))
    ),
    browsed_and_bought: linesOf([...looks.values()].map((row) => ({ ...row, spend: fixed(row["spend"]) })))
  }
}
