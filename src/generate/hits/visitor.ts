import { Random, weighted } from "../../record/seeded.ts"
import type { World } from "../world.ts"
import type { Hit } from "./hit.ts"
import type { TrafficSettings } from "./options.ts"
import { type Person, personOf } from "./person.ts"
import { Trail } from "./trail.ts"
import { buy, refund, visit } from "./visit.ts"

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** A pause of so many milliseconds ends a visit, exactly so many too. */
const visitPause = 30 * minute

interface Act {
  readonly person: Person
  readonly trail: Trail
  readonly world: World
}

/** What visitors do beside visiting once: what sessions, purchases and sums are easily got wrong by. The first visitors do one each, in this order. */
const acts = {
  /** Comes once. */
  once: ({ trail, world }: Act) => void visit(trail, world),
  /** Is back exactly half an hour after the last hit: another visit. */
  exactPause: ({ trail, world }: Act) => {
    visit(trail, world, "look")
    trail.at += visitPause
    visit(trail, world, "look")
  },
  /** Is back a millisecond sooner: the same visit. */
  shorterPause: ({ trail, world }: Act) => {
    visit(trail, world, "look")
    trail.at += visitPause - 1
    visit(trail, world, "basket")
  },
  /** Reads on past midnight, where that is a few hours off: one visit. */
  midnight: ({ trail, world }: Act) => {
    visit(trail, world, "look")
    const midnight = Math.ceil(trail.at / day) * day
    if (midnight - trail.at > 6 * hour) return
    while (trail.at < midnight + minute) {
      trail.pause(4 * minute, visitPause - second)
      trail.open({ path: "/revista/como-escolher", title: "Como escolher" })
    }
    visit(trail, world, "purchase")
  },
  /** A purchase is told twice, by the page that is loaded again: one purchase. */
  reloaded: ({ trail, world }: Act) => {
    const purchase = visit(trail, world, "purchase")
    if (purchase?.transaction == null) return
    trail.pause(second, 10 * minute)
    buy(trail, purchase.lines, trail.random.chance(0.5) ? purchase.transaction : ` ${purchase.transaction} `)
  },
  /** A hit is sent twice: one hit. */
  repeated: ({ trail, world }: Act) => {
    const purchase = visit(trail, world, "purchase")
    if (purchase !== null) trail.again(purchase.hit, trail.random.between(0, 40) * second)
    const first = trail.hits[0]
    if (first !== undefined) trail.again(first, trail.random.between(1, 3 * hour))
  },
  /** Loses the network in the middle of a visit: what is sent then comes later, and belongs to it. */
  offline: ({ trail, world }: Act) => {
    visit(trail, world, trail.random.chance(0.5) ? "checkout" : "purchase")
    trail.holdBack(trail.random.below(trail.hits.length), trail.random.between(minute, 3 * hour))
  },
  /** Has the network for the end of a visit first: what comes late joins two visits that seemed to be two. */
  bridge: ({ trail, world }: Act) => {
    visit(trail, world, "bounce")
    trail.at += 20 * minute
    const from = trail.hits.length
    trail.open({ path: "/loja/horários", title: "Horários" })
    trail.holdBack(from, trail.random.between(hour, 3 * hour))
    trail.at += 20 * minute
    visit(trail, world, "look")
  },
  /** Buys and gives all of it back. */
  refunded: ({ trail, world }: Act) => {
    const purchase = visit(trail, world, "purchase")
    trail.pause(5 * minute, 3 * hour)
    if (purchase !== null) refund(trail, purchase, "whole")
  },
  /** Buys and gives a part back. */
  refundedInPart: ({ trail, world }: Act) => {
    const purchase = visit(trail, world, "purchase")
    trail.pause(5 * minute, 3 * hour)
    if (purchase !== null) refund(trail, purchase, "part")
  },
  /** Buys where the page does not say which purchase it is. */
  unnamedPurchase: ({ trail, world }: Act) => {
    visit(trail, world, "basket")
    trail.pause(second, minute)
    buy(trail, [{ product: world.product(trail.random), quantity: 2 }], null)
  },
  /** A browser that does not name itself: in no visit, and not in one with others. */
  nameless: ({ person, trail, world }: Act) => {
    const other = new Trail({ ...person, clientId: null }, trail.random, trail.at)
    visit(other, world)
    trail.hits.push(...other.hits)
  },
  /** Several hits in one millisecond, of which the first is an event. */
  tied: ({ trail, world }: Act) => {
    trail.event("consent", "given", [["el", "Tudo"]])
    visit(trail, world, "look")
  },
  /** Looks around, page by page, as a program does. */
  robot: ({ trail, world }: Act) => {
    for (let i = trail.random.between(5, 30); i > 0; i--) {
      const product = world.product(trail.random)
      trail.from(null)
      trail.open({ path: product.path, title: product.name })
      trail.pause(300, 9 * second)
    }
  },
  /** What is seldom seen: kinds of hits that are no pages and no events, and a kind in capitals. */
  odd: ({ trail, world }: Act) => {
    visit(trail, world, "bounce")
    trail.pause(second, minute)
    trail.send("exception", [
      ["exd", "TypeError: undefined is not a function"],
      ["exf", "0"]
    ])
    trail.send("social", [
      ["sn", "Facebook"],
      ["sa", "like"],
      ["st", "https://www.loja.example/"]
    ])
    trail.send("Event", [["el", "no category"]])
    trail.send("PAGEVIEW")
  },
  /** Comes back after hours, or the next day. */
  returning: ({ trail, world }: Act) => {
    for (let i = trail.random.between(2, 3); i > 0; i--) {
      visit(trail, world)
      trail.pause(40 * minute, 14 * hour)
    }
  }
} satisfies { readonly [name: string]: (act: Act) => void }

export type ActName = keyof typeof acts

const drawAct = weighted<ActName>([
  ["once", 60],
  ["returning", 10],
  ["robot", 6],
  ["nameless", 3],
  ["offline", 3],
  ["repeated", 3],
  ["reloaded", 2],
  ["bridge", 2],
  ["tied", 2],
  ["midnight", 2],
  ["exactPause", 1],
  ["shorterPause", 1],
  ["refunded", 1],
  ["refundedInPart", 1],
  ["unnamedPurchase", 1],
  ["odd", 2]
])

const isActName = (name: string): name is ActName => name in acts
const firstActs: ReadonlyArray<ActName> = Object.keys(acts).filter(isActName)

/** When a visitor comes first, which is never before one with a lower index, milliseconds since 1970. */
export const beginOf = ({ seed, start, hours, visitors }: TrafficSettings, index: number): number =>
  start + Math.floor(((index + new Random(seed, 0x9e1, index).unit()) / visitors) * hours * hour)

/** All hits of a visitor by index, from 0; the same whenever they are asked for. No hit arrives before the visitor's {@link beginOf}. */
export const hitsOf = (settings: TrafficSettings, world: World, index: number): ReadonlyArray<Hit> => {
  const { seed, start } = settings
  const random = new Random(seed, 0x9e2, index)
  const name = firstActs[index] ?? drawAct(random)
  // Some are those who were here before, by another way: their visits may overlap.
  const who = index >= firstActs.length && name !== "robot" && random.chance(0.1) ? random.below(index) : index
  const person = personOf(seed, who, start, name === "robot")
  const trail = new Trail(person, random, beginOf(settings, index))
  acts[name]({ person, trail, world })
  return trail.hits
}
