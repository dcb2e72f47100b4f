import { Effect } from "effect"
import type { PositionReader } from "../lake/position-reader.ts"
import type { ShardPosition } from "../record/position.ts"
import type { TableError } from "../table/errors.ts"
import { standOf, type View } from "./second-owner.ts"

/** As many commits may be made between what a source is told of a shard and the batch that takes its pages: it reads few pages ahead. */
const commitsKept = 4

/**
 * For a source whose shards nobody owns: how each stood when the source was told of it, or by this process' own commit since. It must stand so still when a
 * batch takes it in, and when that is committed: otherwise its pages may go on from what is not there, and say what was true before.
 */
export class Told {
  readonly #dataset: string
  readonly #source: string
  /** By what was told since each of the last commits, the latest first: memory does not grow with the number of shards. */
  #stands: ReadonlyArray<Map<string, string>> = [new Map()]

  constructor(dataset: string, source: string) {
    this.#dataset = dataset
    this.#source = source
  }

  /** The source is told that a shard stands so. */
  tell(shard: string, stand: string): void {
    this.#stands[0]?.set(shard, stand)
  }

  get(shard: string): string | undefined {
    for (const stands of this.#stands) {
      const stand = stands.get(shard)
      if (stand !== undefined) return stand
    }
    return undefined
  }

  /** This process has committed these shards, and both tables are so now. */
  committed(positions: ReadonlyMap<string, ShardPosition>, view: View): void {
    for (const [shard, position] of positions)
      this.tell(shard, standOf({ dataset: this.#dataset, source: this.#source, shard }, view, position))
    this.#stands = [new Map(), ...this.#stands].slice(0, commitsKept)
  }

  /** Those of these shards that stand otherwise in a view than was told. Positions that have retired may have to be fetched. */
  moved(view: View, shards: Iterable<string>, reader: PositionReader): Effect.Effect<ReadonlyArray<string>, TableError> {
    return Effect.gen({ self: this }, function* () {
      const moved: Array<string> = []
      // In their order: no page of retired positions is fetched twice.
      for (const shard of [...shards].sort()) {
        const told = this.get(shard)
        if (told === undefined) continue
        const stored = yield* reader.find(view.stage.domains, this.#source, shard)
        if (told !== standOf({ dataset: this.#dataset, source: this.#source, shard }, view, stored?.position)) moved.push(shard)
      }
      return moved
    })
  }
}
