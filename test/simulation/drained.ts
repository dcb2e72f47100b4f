import type { SimulatedKinesis } from "./kinesis/simulated-kinesis.ts"
import { orders } from "./orders.ts"
import type { Made } from "./producers.ts"
import type { StoredPosition } from "./read-lake.ts"
import { streamName } from "./settings.ts"
import type { Bucket } from "./simulated-store.ts"

/** Watches the log of stage until everything in the stream has been read. */
export class Drained {
  readonly #bucket: Bucket
  readonly #kinesis: SimulatedKinesis
  readonly #made: Made
  readonly #positions = new Map<string, StoredPosition>()
  #version = 0

  constructor(bucket: Bucket, kinesis: SimulatedKinesis, made: Made) {
    this.#bucket = bucket
    this.#kinesis = kinesis
    this.#made = made
  }

  isReached(now: number): boolean {
    return this.missing(now) === ""
  }

  /** What is left to be read, in words. */
  missing(now: number): string {
    this.#follow()
    const missing: Array<string> = []
    for (const shard of this.#kinesis.shards(streamName)) {
      const position = this.#positions.get(shard.shardId)
      if (position?.source?.["ended"] === true) continue
      // Of a shard that was gone before anybody looked, nobody knows.
      if (position === undefined && shard.expired(now) && !shard.parents.some(({ shardId }) => this.#positions.has(shardId))) continue
      if (shard.closedAt !== null) missing.push(`${shard.shardId} has not ended at ${describe(position)}`)
      else if (!this.#isAtTip(shard.records.at(-1), position, now)) missing.push(`${shard.shardId} is at ${describe(position)}`)
    }
    return missing.join("; ")
  }

  #isAtTip(
    last: { readonly data: Uint8Array; readonly sequenceNumber: string; readonly storedAt: number; readonly expiresAt: number } | undefined,
    position: StoredPosition | undefined,
    now: number
  ): boolean {
    if (last === undefined) return true
    // Nobody can read any more what was trimmed, but somebody must have looked.
    const isTrimmed = last.expiresAt <= now
    if (position === undefined) return isTrimmed
    const { start, readUntil } = position.source ?? {}
    if (typeof start === "string" && last.storedAt < Date.parse(start)) return true
    if (isTrimmed && typeof readUntil === "string" && last.storedAt < Date.parse(readUntil)) return true
    return position.sequenceNumber === last.sequenceNumber && position.subSequenceNumber === this.#made.of(last.data).length - 1
  }

  #follow(): void {
    for (; ; this.#version++) {
      const key = `stage/${orders.contract.name}/_delta_log/${String(this.#version).padStart(20, "0")}.json`
      const commit = this.#bucket.get(key)
      if (commit === undefined) return
      for (const line of new TextDecoder().decode(commit.bytes).split("\n")) {
        if (!line.startsWith('{"domainMetadata"')) continue
        const { domain, configuration } = JSON.parse(line).domainMetadata
        this.#positions.set(String(domain).slice(String(domain).lastIndexOf("/") + 1), JSON.parse(configuration))
      }
    }
  }
}

const describe = (position: StoredPosition | undefined): string => (position === undefined ? "its beginning" : JSON.stringify(position))
