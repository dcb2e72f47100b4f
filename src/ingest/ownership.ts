import { lettersBeyond, positionsOf } from "../lake/positions.ts"
import { restingOf } from "../record/position.ts"
import type { Snapshot } from "../table/snapshot.ts"

/** The two tables that hold positions, as they stand at one time. */
export interface View {
  readonly stage: Snapshot
  readonly deadLetters: Snapshot
}

/**
 * What both tables say of a shard, as text to compare: the same whether its position has retired or not.
 *
 * @param stored where it stands in stage, for a source whose positions retire
 */
export const standOf = (
  dataset: string,
  source: string,
  shard: string,
  { stage, deadLetters }: View,
  stored = positionsOf(stage.domains, source).get(shard)
): string => JSON.stringify([stored && restingOf(stored), lettersBeyond(deadLetters.domains, dataset, source, shard, stored)])

/**
 * Who owns a shard is not written down anywhere: whoever commits it does. What a process knows of the shards that it reads is their positions as
 * it last saw or committed them. One that stands otherwise in either table has moved under it: everything read since is void, and dead letters
 * among it may have been committed already.
 */
export class Ownership {
  readonly #source: string
  readonly #dataset: string
  /** What the source was told when it began. */
  readonly #begin: View
  /** The stored positions of each shard that was read, as text. */
  readonly #known = new Map<string, string>()

  constructor(dataset: string, source: string, begin: View) {
    this.#dataset = dataset
    this.#source = source
    this.#begin = begin
  }

  knows(shard: string): boolean {
    return this.#known.has(shard)
  }

  /** A shard is read from where it stood when the source began. */
  begin(shard: string): void {
    this.learn([shard], this.#begin)
  }

  /** From here on these shards stand as this view says. */
  learn(shards: Iterable<string>, view: View): void {
    for (const shard of shards) this.#known.set(shard, this.#stored(shard, view))
  }

  /** The shards that others have committed since this process knew them. */
  moved(view: View): ReadonlyArray<string> {
    return [...this.#known.keys()].filter((shard) => this.#known.get(shard) !== this.#stored(shard, view))
  }

  #stored(shard: string, view: View): string {
    return standOf(this.#dataset, this.#source, shard, view)
  }
}
