import type { DecodeSettings } from "../decode/decoder.ts"
import type { RecordPage } from "../record/record.ts"
import type { PartitionGroup } from "./partitioned-rows.ts"
import type { DecodedPage } from "./stage-decoder.ts"

/** What a worker is made with. */
export interface WorkerSetup {
  /** URL of the module of the project that has the contract. */
  readonly contracts: string
  readonly dataset: string
  /** What the contract must say of decoding, as `decodingText` gives it. */
  readonly decoding: string
  readonly decode: DecodeSettings
  readonly source: string
  readonly bufferBytes: number
}

/**
 * A page on its way to a worker. Its bytes stand in memory that both see, one of a worker's two slots; a page that is larger than its slot
 * brings a new one. Nothing is transferred: V8 looks for detached buffers at every access to typed arrays once it has seen one.
 */
export interface PageMessage {
  readonly kind: "page"
  readonly slot: number
  readonly memory: SharedArrayBuffer | null
  readonly length: number
  readonly page: Omit<RecordPage, "bytes" | "sequenceNumbers" | "release" | "resume">
  /** Joined by commas: one text crosses over faster than many. */
  readonly sequenceNumbers: string
}

export type ToWorker = PageMessage | { readonly kind: "flush" }

/** Pages are answered in the order in which they came; the row groups of a page stand before its answer. */
export type FromWorker =
  | { readonly kind: "ready" }
  /** The contract is not there any more as it was, and nothing is decoded. */
  | { readonly kind: "refused"; readonly problem: string }
  | ({ readonly kind: "page" } & DecodedPage)
  | ({ readonly kind: "group" } & PartitionGroup)
  | { readonly kind: "flushed" }

/** A worker takes one page while it decodes another. */
export const slotCount = 2

/** Room of a slot comes in steps of this: pages of a source are about equal, and a few bytes more need no new memory. */
const step = 1 << 20

/** Puts a page into its slot, and says so in a message. @param slots the worker's; replaces one that is too small */
export const pageMessage = (page: RecordPage, slot: number, slots: Array<SharedArrayBuffer>): PageMessage => {
  const { shard, count, bytes, starts, ends, sequenceNumbers, header, subSequenceNumbers, arrivedAt, cut, rejected } = page
  const { length } = bytes
  const known = slots[slot]
  const memory = known !== undefined && known.byteLength >= length ? known : new SharedArrayBuffer(Math.ceil(length / step) * step)
  slots[slot] = memory
  // Of a buffer's part, see `WalkMemory.load`.
  Buffer.from(bytes.buffer).copy(Buffer.from(memory), 0, bytes.byteOffset, bytes.byteOffset + length)
  return {
    kind: "page",
    slot,
    memory: memory === known ? null : memory,
    length,
    page: {
      shard,
      count,
      cut,
      header,
      rejected,
      starts: Int32Array.from(starts),
      ends: Int32Array.from(ends),
      arrivedAt: typeof arrivedAt === "number" ? arrivedAt : Float64Array.from(arrivedAt),
      subSequenceNumbers: subSequenceNumbers && Float64Array.from(subSequenceNumbers)
    },
    sequenceNumbers: sequenceNumbers.join(",")
  }
}

/** The page of a message. @param slots those that the worker knows; takes in a new one */
export const pageOf = ({ memory, slot, length, page, sequenceNumbers }: PageMessage, slots: Array<SharedArrayBuffer>): RecordPage => {
  if (memory !== null) slots[slot] = memory
  const bytes = slots[slot]
  if (bytes === undefined) throw new RangeError(`there is no slot ${slot}`)
  return { ...page, bytes: new Uint8Array(bytes, 0, length), sequenceNumbers: sequenceNumbers.split(",") }
}
