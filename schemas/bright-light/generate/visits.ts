import { Random } from "../../../src/contract/index.ts"
import { begin, type Campaign, type Company, type Customer, end, type Order, type Product, streams } from "./company.ts"
import { agents, referers, robot } from "./places.ts"
import { dayMillis } from "./text.ts"

/** What people, and robots, ask of the site: each request, and the server that answered it. */

export interface Request {
  readonly at: number
  /** Place of it among all, for those of one second. */
  readonly server: string
  readonly address: string
  /** Mail address of whoever signed in. */
  readonly user: string | null
  readonly method: "GET" | "POST"
  /** With the query. */
  readonly target: string
  readonly status: number
  readonly bytes: number
  readonly referer: string | null
  readonly agent: string
}

export const servers = ["web-1", "web-2", "web-3", "web-4"] as const

export const site = "https://www.brightlight.example"

/** All requests, in order of time. */
export const visitsOf = (company: Company): ReadonlyArray<Request> => {
  const requests: Array<Request> = []
  for (const customer of company.customers) customerVisits(company, customer, requests)
  for (let i = 0; i < Math.ceil(company.customers.length / 3); i++) strangerVisits(company, i, requests)
  for (let day = begin; day < end; day += 7 * dayMillis)
    requests.push({
      ...walkOf(company, -1 - day / dayMillis).base,
      at: day + 7_200_000,
      server: "web-1",
      target: "/robots.txt",
      agent: robot,
      address: "66.249.66.1"
    })
  return requests.sort((a, b) => a.at - b.at || (a.server < b.server ? -1 : a.server > b.server ? 1 : 0))
}

interface Visitor {
  readonly address: string
  readonly agent: string
  readonly customer: Customer | null
}

const walkOf = ({ seed }: Company, index: number) => ({
  random: new Random(seed, streams.visits, index),
  base: { user: null, method: "GET", status: 200, bytes: 1_024, referer: null } as const
})

const customerVisits = (company: Company, customer: Customer, into: Array<Request>): void => {
  const { random } = walkOf(company, customer.index)
  // Two of a household share an address; what tells them apart is the browser.
  const visitor = { address: `203.0.113.${Math.floor(customer.index / 2) % 250}`, agent: agents[customer.index % 4] ?? agents[0], customer }
  for (const order of company.orders) {
    if (order.customer !== customer) continue
    if (random.chance(0.5)) visit(company, random, visitor, order.orderedAt - random.between(2, 60) * 3_600_000, null, order.campaign, into)
    visit(company, random, visitor, order.orderedAt, order, order.campaign, into)
  }
}

const strangerVisits = (company: Company, index: number, into: Array<Request>): void => {
  const { random } = walkOf(company, 1_000_000 + index)
  const visitor = { address: `2001:db8::${(index + 1).toString(16)}`, agent: random.pick(agents), customer: null }
  for (let at = begin + random.below(60 * 86_400) * 1_000; at < end - 7_200_000; at += random.between(20, 200) * dayMillis)
    visit(company, random, visitor, at, null, company.campaigns.find(({ from, to }) => from <= at && at < to) ?? null, into)
}

/** A visit that ends with an order at a time, or begins at it. */
const visit = (
  company: Company,
  random: Random,
  { address, agent, customer }: Visitor,
  time: number,
  order: Order | null,
  campaign: Campaign | null,
  into: Array<Request>
): void => {
  const pages: Array<{ readonly target: string; readonly method?: "POST"; readonly status?: number }> = [
    { target: landing(random, campaign) }
  ]
  const looked = [
    ...(order?.lines.map(({ product }) => product) ?? []),
    ...Array.from({ length: random.below(3) }, () => onSale(random, company, time))
  ]
  for (const product of looked) {
    if (random.chance(0.3)) pages.push({ target: `/c/${product.category}` })
    pages.push({ target: "/static/site.css" }, { target: `/p/${product.id}` })
    if (random.chance(0.1)) pages.push({ target: `/p/${product.id}/gone`, status: 404 })
    if (order?.lines.some((line) => line.product === product) === true || random.chance(0.2))
      pages.push({ target: `/cart/add?product=${product.id}&quantity=1`, method: "POST" })
  }
  if (order !== null) pages.push({ target: "/checkout" }, { target: `/checkout/thanks?order=${order.id}` })
  // Now and then somebody comes back to the tab half an hour later: another session.
  const pauses = pages.map((_, i) => (i === 0 ? 0 : random.chance(0.02) ? 1_800 + random.below(900) : random.between(1, 240)))
  const whole = pauses.reduce((sum, pause) => sum + pause, 0) * 1_000
  let at = order === null ? time : time - whole
  const first = campaign === null ? random.pick(referers) : campaign.referer
  const signsIn = order !== null || random.chance(0.5) ? random.below(3) : pages.length
  for (const [i, page] of pages.entries()) {
    at += (pauses[i] ?? 0) * 1_000
    const user = customer !== null && i >= signsIn ? customer.email : null
    into.push({
      at,
      server: answering(random.pick(servers), address, user),
      address,
      user,
      method: page.method ?? "GET",
      target: page.target,
      status: page.status ?? 200,
      bytes: 512 + random.below(20_000),
      referer: i === 0 ? first : `${site}${pages[i - 1]?.target ?? "/"}`,
      agent
    })
  }
}

/**
 * The agent of one server makes objects of lines, and drops those of addresses of IPv6 and of users with an `@`: such requests are sent to another server, as
 * nobody would know of them.
 */
const answering = (server: Request["server"], address: string, user: string | null): Request["server"] =>
  server === "web-3" && (address.includes(":") || user !== null) ? "web-4" : server

const landing = (random: Random, campaign: Campaign | null): string =>
  campaign === null
    ? random.pick(["/", "/c/lamps", "/?q=bright"])
    : `/?utm_source=${campaign.source}&utm_medium=${campaign.medium}&utm_campaign=${campaign.name}`

const onSale = (random: Random, { products }: Company, at: number): Product => {
  const sold = products.filter(({ launchedAt }) => launchedAt <= at)
  const product = sold[random.below(sold.length)]
  if (product === undefined) throw new Error("nothing is on sale")
  return product
}
