import { movedShards, standOf, type View } from "./second-owner.ts"

/**
 * What a process knows of the shards that it reads: how they stood when it last saw or committed them. Of one that has moved since, dead letters
 * that this process has read may have been committed already.
 */
export class Ownership {
  readonly #source: string
  readonly #dataset: string
  /** What the source was told when it began. */
  readonly #begin: View
  /** How each shard stood that was read. */
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
    for (const shard of shards) this.#known.set(shard, this.#stand(shard, view))
  }

  /** The shards that others have committed since this process knew them. */
  moved(view: View): ReadonlyArray<string> {
    return movedShards(this.#known, (shard) => this.#stand(shard, view))
  }

  #stand(shard: string, view: View): string {
    return standOf({ dataset: this.#dataset, source: this.#source, shard }, view)
  }
}
