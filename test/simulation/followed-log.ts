import type { StoredPosition } from "./read-lake.ts"
import type { SimulatedDataset } from "./shape.ts"
import type { Bucket } from "./simulated-store.ts"

/** Reads the log of a stage as it grows: each commit once. */
export class FollowedLog {
  readonly #bucket: Bucket
  readonly #folder: string
  readonly #positions = new Map<string, StoredPosition>()
  #version = 0

  constructor(bucket: Bucket, { contract }: SimulatedDataset) {
    this.#bucket = bucket
    this.#folder = `stage/${contract.contract.name}/_delta_log`
  }

  /** The last position that was committed of each domain, also of those that have left the log since. */
  get positions(): ReadonlyMap<string, StoredPosition> {
    for (; ; this.#version++) {
      const commit = this.#bucket.remembered(`${this.#folder}/${String(this.#version).padStart(20, "0")}.json`)
      if (commit === undefined) return this.#positions
      for (const line of new TextDecoder().decode(commit.bytes).split("\n")) {
        if (!line.startsWith('{"domainMetadata"')) continue
        const { domain, configuration } = JSON.parse(line).domainMetadata
        this.#positions.set(String(domain), JSON.parse(configuration))
      }
    }
  }
}
