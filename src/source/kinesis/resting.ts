import type { ShardPosition } from "../../record/position.ts"
import { isNothingRead } from "./shard-plan.ts"

interface Rest {
  /** How long the position must not move. */
  readonly millis: number
  /** The position that this process took the shard from, when it did after a rest. */
  readonly takenAt: string | undefined
  /** The position as it was last seen; null: not yet. */
  seen: string | null
  /** When it was first seen so, milliseconds since 1970. */
  since: number
}

/**
 * Shards that another process committed while this one read them. Nobody tells who owns them now; the log shows whether somebody moves them. One
 * whose position has not moved for a while is taken again: the other process has stopped, or reads it no more.
 */
export class Resting {
  readonly #shards = new Map<string, Rest>()
  readonly #taken = new Map<string, string>()

  disown(shard: string, millis: number): void {
    this.#shards.set(shard, { millis, takenAt: this.#taken.get(shard), seen: null, since: 0 })
  }

  get isEmpty(): boolean {
    return this.#shards.size === 0
  }

  /** When the first of them may be taken if it does not move, milliseconds since 1970; null without any. */
  get nextAt(): number | null {
    let next: number | null = null
    for (const { seen, since, millis } of this.#shards.values()) {
      if (seen !== null && (next === null || since + millis < next)) next = since + millis
    }
    return next
  }

  /**
   * May this process read the shard? To be asked at each look at what is committed.
   *
   * A shard of which nothing was read needs no rest: several processes may have said where it begins, none has anything to lose. Neither does
   * one that stands where this process took it: it was not moved by anybody, this process only knew it from an older state of the log.
   */
  mayRead(shard: string, position: ShardPosition | undefined, now: number): boolean {
    const rest = this.#shards.get(shard)
    if (rest === undefined) return true
    const text = JSON.stringify(position)
    if (position === undefined || isNothingRead(position) || (rest.seen === null && rest.takenAt === text)) {
      this.#shards.delete(shard)
      return true
    }
    if (rest.seen !== text) {
      rest.seen = text
      rest.since = now
      return false
    }
    if (now - rest.since < rest.millis) return false
    this.#shards.delete(shard)
    this.#taken.set(shard, text)
    return true
  }
}
