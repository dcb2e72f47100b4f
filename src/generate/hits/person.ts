import { Random, weighted } from "../../record/seeded.ts"
import { type Agent, personAgent, robotAgent } from "./agents.ts"
import type { Parameter } from "./hit.ts"

/** Who visits: what all hits of a visitor have in common. */
export interface Person {
  /** Null: a browser that names itself to nobody. */
  readonly clientId: string | null
  /** As the shop knows them once they have logged in; null: nobody it knows. */
  readonly userId: string | null
  readonly agent: Agent
  readonly address: string
  readonly property: string
  readonly language: string
  readonly screen: ReadonlyArray<Parameter>
}

const languages = weighted([
  ["pt-br", 60],
  ["en-us", 15],
  ["es-ar", 8],
  ["fr-ca", 5],
  ["de-de", 4],
  ["it-it", 3],
  ["pt-PT", 3],
  ["ja", 2]
])

const properties = ["UA-41502318-1", "UA-41502318-2"] as const

const letters = ["Ana", "joão", "Mia", "zoë", "KAI"] as const

/** How a browser names itself: as analytics.js does, as some shops do by a UUID, and seldom by something long of which no part may be cut off. */
const clientIdOf = (random: Random, seconds: number): string => {
  const kind = random.unit()
  const plain = `${1 + random.below(2_000_000_000)}.${seconds - random.below(90 * 86_400)}`
  if (kind < 0.8) return plain
  // Two that differ by the case of a letter, or behind 36 characters, are two.
  return kind < 0.95 ? random.uuid() : `GS1.2-${random.uuid().toUpperCase()}-${plain}`
}

/** The visitor of an index, from 0; the same whenever it is asked for. @param isRobot is it a program that looks around? */
export const personOf = (seed: number, index: number, start: number, isRobot: boolean): Person => {
  const random = new Random(seed, 0x9e0, index)
  const clientId = clientIdOf(random, Math.floor(start / 1000))
  const agent = isRobot ? robotAgent(random) : personAgent(random)
  const userId = random.chance(0.3) ? `${random.pick(letters)}-${random.hex(4)}` : null
  return {
    clientId,
    userId: isRobot ? null : userId,
    agent,
    address: random.chance(0.15)
      ? `2804:14c:${random.hex(4).slice(0, 4)}::${random.below(9_999) + 1}`
      : `177.${random.below(256)}.${random.below(256)}.${1 + random.below(254)}`,
    property: random.pick(properties),
    language: languages(random),
    screen: [
      ["sr", agent.screen],
      ["vp", agent.viewport],
      ["sd", random.chance(0.9) ? "24-bit" : "30-bit"]
    ]
  }
}
