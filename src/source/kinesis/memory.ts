import { Effect, Semaphore } from "effect"

/**
 * How many answers may be in memory, over all shards of a run: being received, or waiting to be taken. Turns go in the order in which they are
 * asked for, so that no shard starves.
 *
 * A shard at its tip has no more than came since the last look: such answers are small, and have a larger number of their own, so that many idle
 * shards do not wait for those that catch up.
 */
export class AnswerMemory {
  readonly #large: Semaphore.Semaphore
  readonly #small: Semaphore.Semaphore

  /** @param answers large ones, of up to 10 MiB each, and as many again while they are decoded */
  constructor(answers: number) {
    this.#large = Semaphore.makeUnsafe(answers)
    this.#small = Semaphore.makeUnsafe(2 * answers)
  }

  /** Waits for room for an answer. @returns gives it back; to be run once */
  take(isSmall: boolean): Effect.Effect<Effect.Effect<void>> {
    const room = isSmall ? this.#small : this.#large
    return Effect.as(room.take(1), Effect.asVoid(room.release(1)))
  }
}
