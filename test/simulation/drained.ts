import { FollowedLog } from "./followed-log.ts"
import { domainPrefix } from "./judge-stream.ts"
import type { SimulatedKinesis } from "./kinesis/simulated-kinesis.ts"
import type { Made } from "./producers.ts"
import type { StoredPosition } from "./read-lake.ts"
import type { SimulatedDataset } from "./shape.ts"
import type { Bucket } from "./simulated-store.ts"

/** Watches the log of a stage until everything in its stream has been read. */
export class Drained {
  readonly #kinesis: SimulatedKinesis
  readonly #made: Made
  readonly #dataset: SimulatedDataset
  readonly #log: FollowedLog
  readonly #tellsEnds: () => boolean

  /** @param tellsEnds false while nobody may say of a shard that it has ended */
  constructor(bucket: Bucket, kinesis: SimulatedKinesis, made: Made, dataset: SimulatedDataset, tellsEnds: () => boolean) {
    this.#tellsEnds = tellsEnds
    this.#dataset = dataset
    this.#log = new FollowedLog(bucket, dataset)
    this.#kinesis = kinesis
    this.#made = made
  }

  /** What is left to be read, in words; empty: nothing. */
  missing(now: number): string {
    const missing: Array<string> = []
    for (const shard of this.#kinesis.shards(this.#dataset.stream)) {
      const position = this.#positionOf(shard.shardId)
      if (position?.source?.["ended"] === true) continue
      // Of what was gone before anybody looked, nobody knows; but who knows of a shard must find out that something is missing.
      const isUnknown = position === undefined && !shard.parents.some((parent) => this.#childrenOf(parent.shardId).includes(shard.shardId))
      const last = shard.records.at(-1)
      if (isUnknown && (shard.expired(now) || (last !== undefined && last.expiresAt <= now))) continue
      if (shard.closedAt !== null && this.#tellsEnds()) missing.push(`${shard.shardId} has not ended at ${describe(position)}`)
      else if (!this.#isAtTip(last, position, now)) missing.push(`${shard.shardId} is at ${describe(position)}`)
    }
    return missing.join("; ")
  }

  #positionOf(shardId: string): StoredPosition | undefined {
    return this.#log.positions.get(`${domainPrefix}${this.#dataset.stream}/${shardId}`)
  }

  /** What the position of a shard that has ended says of its children. */
  #childrenOf(shardId: string): ReadonlyArray<string> {
    const children = this.#positionOf(shardId)?.source?.["children"]
    return typeof children === "string" ? children.split(",") : []
  }

  #isAtTip(
    last: { readonly data: Uint8Array; readonly sequenceNumber: string; readonly storedAt: number; readonly expiresAt: number } | undefined,
    position: StoredPosition | undefined,
    now: number
  ): boolean {
    if (last === undefined) return true
    if (position === undefined) return false
    // Nobody can read any more what was trimmed, but somebody must have looked.
    const isTrimmed = last.expiresAt <= now
    const { start, readUntil } = position.source ?? {}
    if (typeof start === "string" && last.storedAt < Date.parse(start)) return true
    if (isTrimmed && typeof readUntil === "string" && last.storedAt < Date.parse(readUntil)) return true
    return position.sequenceNumber === last.sequenceNumber && position.subSequenceNumber === this.#made.of(last.data).length - 1
  }
}

const describe = (position: StoredPosition | undefined): string => (position === undefined ? "its beginning" : JSON.stringify(position))
