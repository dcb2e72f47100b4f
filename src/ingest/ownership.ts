import { Effect } from "effect"
import { deadLetterDomain, stageDomain } from "../lake/positions.ts"
import type { Store } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import type { Snapshot } from "../table/snapshot.ts"
import type { Tables } from "./commit.ts"

/**
 * Who owns a shard is not written down anywhere: whoever commits it does. What a process knows of the shards that it reads is their positions as
 * it last saw or committed them. One that stands otherwise in the log has moved under it, and everything read since is void.
 */
export class Ownership {
  readonly #source: string
  readonly #dataset: string
  /** What the source was told when it began. */
  readonly #begin: Snapshot
  /** The stored position of each shard that was read, as text; undefined where there is none. */
  readonly #known = new Map<string, string | undefined>()

  /** @param begin stage, as the source was told that it stands */
  constructor(dataset: string, source: string, begin: Snapshot) {
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

  /** From here on these shards stand as this snapshot of stage says. */
  learn(shards: Iterable<string>, stage: Snapshot): void {
    for (const shard of shards) this.#known.set(shard, this.#stored(shard, stage))
  }

  /** The shards that others have committed since this process knew them. */
  moved(stage: Snapshot): ReadonlyArray<string> {
    return [...this.#known.keys()].filter((shard) => this.#known.get(shard) !== this.#stored(shard, stage))
  }

  /** The shards that others have committed, in either table, once a commit of this process has lost against theirs. */
  lost(tables: Tables): Effect.Effect<ReadonlyArray<string>, TableError, Store> {
    return Effect.gen({ self: this }, function* () {
      const before = tables.deadLetters.snapshot
      const letters = yield* tables.deadLetters.table.snapshot
      const moved = new Set(this.moved(yield* tables.stage.table.snapshot))
      for (const shard of this.#known.keys()) {
        const domain = deadLetterDomain(this.#dataset, this.#source, shard)
        if (before.domains.get(domain) !== letters.domains.get(domain)) moved.add(shard)
      }
      return [...moved]
    })
  }

  #stored(shard: string, stage: Snapshot): string | undefined {
    return stage.domains.get(stageDomain(this.#source, shard))
  }
}
