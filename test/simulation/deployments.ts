import type { Random } from "../../src/record/seeded.ts"
import type { WorldSettings } from "./settings.ts"

/** From a moment on there are so many workers, each one a new task; often as many as before: another version of the program, or another machine. */
export interface Deployment {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly workers: number
}

/** Share of seeds that deploy, of those in which anything happens. */
const share = 0.3

/**
 * The deployments of a seed.
 *
 * @param random of its own: seeds without deployments have the worlds that they had before there were any
 */
export const drawDeployments = (
  random: Random,
  { active, events, startsAt, workers }: Pick<WorldSettings, "active" | "events" | "startsAt" | "workers">
): ReadonlyArray<Deployment> => {
  if (events.length === 0 || !random.chance(share)) return []
  const times = Array.from({ length: random.between(1, 4) }, () => startsAt + Math.round(random.unit() * active)).sort((a, b) => a - b)
  let before = workers
  return times.map((at) => {
    before = random.chance(0.25) ? before : random.between(1, 5)
    return { at, workers: before }
  })
}

/** How one task gives way to another, as ECS does it. Milliseconds since the deployment began. */
export interface Turn {
  /** When its service is turned to: they are changed one by one, and for a while tasks of both numbers run. */
  readonly begins: number
  /** Is the new task started before the old one is asked to stop? */
  readonly isBeside: boolean
  /** When the old one is asked to stop, and when it is killed where it runs still. */
  readonly stops: number
  readonly killed: number
}

/** What a service waits for, at most, before it takes a new task for well. */
const mostBeside = 90_000
/** Time that a task has from the request to stop until it is killed: the most that Fargate grants. */
const stopTimeout = 120_000

export const drawTurn = (random: Random): Turn => {
  const begins = random.below(60_000)
  const isBeside = random.chance(0.75)
  const stops = begins + (isBeside ? random.below(mostBeside) : 0)
  // Machines of Spot are gone when they are gone.
  return { begins, isBeside, stops, killed: stops + (random.chance(0.2) ? random.below(5_000) : stopTimeout) }
}
