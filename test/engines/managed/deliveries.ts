import type { Random } from "../../../src/record/seeded.ts"

/** A function as Lambda calls it. */
export type Handler<Answer = unknown> = (
  event: unknown,
  context: { readonly awsRequestId: string; readonly getRemainingTimeInMillis: () => number }
) => Promise<Answer>

/** How often what goes wrong. */
export interface Mishaps {
  readonly doubled: number
  /** Share that is delivered later than what came behind it. */
  readonly late: number
  /** A call that never reaches the function, and one of which the answer gets lost. */
  readonly unreached: number
  readonly unanswered: number
}

export const usualMishaps: Mishaps = { doubled: 0.05, late: 0.05, unreached: 0.03, unanswered: 0.03 }

let requests = 0
/** Calls a function. @param time that it has, milliseconds */
export const call = <Answer>(handler: Handler<Answer>, event: unknown, time = 60_000): Promise<Answer> => {
  const until = Date.now() + time
  return handler(event, { awsRequestId: `request-${++requests}`, getRemainingTimeInMillis: () => until - Date.now() })
}

/** The order in which a service that promises none delivers: some twice, some late. */
export const delivered = <A>(all: ReadonlyArray<A>, random: Random, { doubled, late }: Mishaps): ReadonlyArray<A> => {
  const placed = all.flatMap((one, i) => {
    const at = random.chance(late) ? i + random.below(200) : i
    return random.chance(doubled)
      ? [
          { one, at },
          { one, at: at + random.below(400) }
        ]
      : [{ one, at }]
  })
  return placed.sort((a, b) => a.at - b.at).map(({ one }) => one)
}

/**
 * Calls a function with each event, as Lambda does with those of SNS, S3 and EventBridge: again where it failed.
 *
 * @param retries how often again
 * @returns what was given up, as a destination for failures gets it
 */
export const callAsynchronously = async (
  invoke: (event: unknown) => Promise<unknown>,
  events: ReadonlyArray<unknown>,
  random: Random,
  mishaps: Mishaps,
  retries: number
): Promise<ReadonlyArray<{ readonly event: unknown; readonly problem: string }>> => {
  const waiting = events.map((event) => ({ event, tries: 0 }))
  const givenUp: Array<{ readonly event: unknown; readonly problem: string }> = []
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { event, tries } = next
      try {
        if (random.chance(mishaps.unreached)) throw new Error("it was not reached")
        await invoke(event)
        if (random.chance(mishaps.unanswered)) throw new Error("its answer got lost")
      } catch (error) {
        if (tries < retries) waiting.push({ event, tries: tries + 1 })
        else givenUp.push({ event, problem: error instanceof Error ? error.message : String(error) })
      }
    }
  }
  await Promise.all(Array.from({ length: 6 }, work))
  return givenUp
}
