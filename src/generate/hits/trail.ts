import type { Random } from "../../record/seeded.ts"
import type { Hit, Parameter } from "./hit.ts"
import type { Person } from "./person.ts"

/** What a page is asked by. */
export interface Page {
  readonly path: string
  readonly title: string
  /** Parameters of the address: campaigns are told there as well. */
  readonly query?: string
}

const site = "https://www.loja.example"

/** The hits that one visitor leaves, written one after the other at a time that moves on. */
export class Trail {
  /** The time it is for the visitor, milliseconds since 1970. */
  at: number
  readonly hits: Array<Hit> = []
  readonly random: Random
  readonly #person: Person
  #location = `${site}/`
  #title = "Loja"
  #referrer: string | null = null
  #campaign: ReadonlyArray<Parameter> = []
  #isKnown = false

  constructor(person: Person, random: Random, at: number) {
    this.#person = person
    this.random = random
    this.at = at
  }

  /** Lets time pass: between the two, most of it short. */
  pause(shortest: number, longest: number): void {
    this.at += shortest + Math.floor((longest - shortest) * this.random.unit() ** 2)
  }

  /** Comes from elsewhere: the next page says from where. */
  from(referrer: string | null, campaign: ReadonlyArray<Parameter> = []): void {
    this.#referrer = referrer
    this.#campaign = campaign
  }

  /** From now on the shop knows who it is, where it ever does. */
  logIn(): void {
    this.#isKnown = true
  }

  /** Goes to a page and sees it. */
  open({ path, title, query = "" }: Page, more: ReadonlyArray<Parameter> = []): Hit {
    this.#location = `${site}${path}${query}`
    this.#title = title
    const hit = this.send("pageview", more)
    this.#referrer = this.#location
    return hit
  }

  /** Something happens on the page. */
  event(category: string, action: string, more: ReadonlyArray<Parameter> = []): Hit {
    return this.send("event", [["ec", category], ["ea", action], ...more])
  }

  /** A hit of any kind, at the visitor's time. @param type as it is written */
  send(type: string, more: ReadonlyArray<Parameter> = []): Hit {
    const { clientId, userId, property, language, screen, agent, address } = this.#person
    const hit: Hit = {
      arrivedAt: this.at,
      waited: 0,
      agent,
      address,
      referer: this.#location,
      parameters: [
        ["v", "1"],
        ["tid", property],
        ...(clientId === null ? [] : [["cid", clientId] as const]),
        ...(this.#isKnown && userId !== null ? [["uid", userId] as const] : []),
        ["t", type],
        ["dl", this.#location],
        ...(this.#referrer === null ? [] : [["dr", this.#referrer] as const]),
        ["dt", this.#title],
        ["de", "UTF-8"],
        ["ul", language],
        ...screen,
        ...this.#campaign,
        ...more,
        ["z", String(1 + this.random.below(2_147_483_647))]
      ]
    }
    this.hits.push(hit)
    return hit
  }

  /** A hit comes once more, as it is: a connection broke before the answer. */
  again(hit: Hit, after: number): void {
    this.hits.push({ ...hit, arrivedAt: hit.arrivedAt + after })
  }

  /** What was sent from the given hit on waits on the device until so long after the last of it, and says so. */
  holdBack(from: number, after: number): void {
    const sentAt = (this.hits.at(-1)?.arrivedAt ?? this.at) + after
    for (const [i, hit] of this.hits.entries())
      if (i >= from) this.hits[i] = { ...hit, arrivedAt: sentAt + i - from, waited: sentAt + i - from - hit.arrivedAt }
  }
}
