import { hash } from "node:crypto"
import { initialState, lanes, md5Code, stateAt, stateBytes } from "./md5-code.ts"

/** The part of the WebAssembly interface that is used here; Node's type package leaves it out. */
declare const WebAssembly: {
  validate(code: Uint8Array): boolean
  readonly Module: new (code: Uint8Array) => { readonly module: never }
  readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => { readonly buffer: ArrayBuffer }
  readonly Instance: new (
    module: { readonly module: never },
    imports: { readonly js: { readonly memory: unknown } }
  ) => { readonly exports: { readonly blocks: (...numbers: ReadonlyArray<number>) => void } }
}

const blockBytes = 64
/** Bytes that a lane takes in at a time: all lanes together fit into a near cache. Not a power of two, or all would meet in the same part of it. */
const laneBytes = 255 * blockBytes
/** Fewer messages, and shorter ones, are not worth it. */
const least = { messages: 4, bytes: 1024 } as const

/**
 * MD5 of each message, 16 bytes. Messages of a kilobyte and more are taken together, two to four times as fast as one after the other; others,
 * and all where there are no 128-bit instructions, by Node.
 */
export const md5All = (messages: ReadonlyArray<Uint8Array>): ReadonlyArray<Uint8Array> => {
  const long = messages.filter(isLong)
  if (long.length >= least.messages) made ??= makeLanes() ?? "none"
  if (long.length < least.messages || made === null || made === "none") return messages.map(md5)
  const digests = made.digests(long)
  let at = 0
  return messages.map((message) => (isLong(message) ? digests[at++] : undefined) ?? md5(message))
}

const isLong = ({ length }: Uint8Array): boolean => length >= least.bytes
const md5 = (message: Uint8Array): Uint8Array => hash("md5", message, "buffer")

/** Made once a thread, when it is first needed. */
let made: Lanes | "none" | null = null

/** Null where there are none, or no room for them. */
const makeLanes = (): Lanes | null => {
  const code = md5Code()
  if (!WebAssembly.validate(code)) return null
  try {
    const pages = Math.ceil((stateBytes + lanes * laneBytes) / 65_536)
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const { blocks } = new WebAssembly.Instance(new WebAssembly.Module(code), { js: { memory } }).exports
    return new Lanes(memory.buffer, blocks)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

/** What a lane is at. */
interface Lane {
  /** Index of its message; -1 where there is no more to do. */
  message: number
  /** How much of it was taken in, its padding included. */
  taken: number
  /** Where its next block stands in the memory, and how many there are. */
  at: number
  blocks: number
}

class Lanes {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #blocks: (...numbers: ReadonlyArray<number>) => void

  constructor(memory: ArrayBuffer, blocks: (...numbers: ReadonlyArray<number>) => void) {
    this.#bytes = new Uint8Array(memory)
    this.#view = new DataView(memory)
    this.#blocks = blocks
  }

  digests(messages: ReadonlyArray<Uint8Array>): ReadonlyArray<Uint8Array> {
    const out = messages.map(() => new Uint8Array(16))
    // The longest first: in the end all lanes are done at about the same time.
    const waiting = messages.map((_, i) => i).toSorted((a, b) => (messages[a]?.length ?? 0) - (messages[b]?.length ?? 0))
    const all = Array.from({ length: lanes }, (): Lane => ({ message: -1, taken: 0, at: stateBytes, blocks: 0 }))
    for (;;) {
      let blocks = Number.POSITIVE_INFINITY
      for (const [i, lane] of all.entries()) {
        if (lane.blocks === 0) this.#refill(i, lane, messages, waiting, out)
        if (lane.message >= 0) blocks = Math.min(blocks, lane.blocks)
      }
      if (blocks === Number.POSITIVE_INFINITY) return out
      this.#blocks(...all.map(({ at }) => at), blocks)
      for (const lane of all) {
        if (lane.message < 0) continue
        lane.at += blocks * blockBytes
        lane.blocks -= blocks
      }
    }
  }

  /** Gives a lane that has used up its blocks more of its message, or another message. */
  #refill(i: number, lane: Lane, messages: ReadonlyArray<Uint8Array>, waiting: Array<number>, out: ReadonlyArray<Uint8Array>): void {
    const current = messages[lane.message]
    if (current === undefined || lane.taken === paddedLength(current)) {
      if (current !== undefined) out[lane.message]?.set(this.#stateOf(i))
      lane.message = waiting.pop() ?? -1
      lane.taken = 0
      // Where it stands does not matter to a lane without a message, as long as its blocks lie in the memory.
      lane.at = stateBytes
      for (const [word, value] of initialState.entries()) this.#view.setUint32(stateAt(i, word), value, true)
    }
    const message = messages[lane.message]
    if (message === undefined) return
    lane.at = stateBytes + i * laneBytes
    const size = Math.min(laneBytes, paddedLength(message) - lane.taken)
    this.#write(message, lane.taken, lane.at, size)
    lane.taken += size
    lane.blocks = size / blockBytes
  }

  /** Writes bytes of the padded message: behind it comes a bit, then zeros, and its length in bits at the end of the last block. */
  #write(message: Uint8Array, from: number, at: number, size: number): void {
    const own = Math.max(0, Math.min(message.length - from, size))
    if (own > 0) this.#bytes.set(own === message.length ? message : message.subarray(from, from + own), at)
    if (own === size) return
    this.#bytes.fill(0, at + own, at + size)
    if (message.length >= from) this.#bytes[at + message.length - from] = 0x80
    if (from + size < paddedLength(message)) return
    this.#view.setUint32(at + size - 8, (message.length % 2 ** 29) * 8, true)
    this.#view.setUint32(at + size - 4, Math.floor(message.length / 2 ** 29), true)
  }

  #stateOf(lane: number): Uint8Array {
    const digest = new DataView(new ArrayBuffer(16))
    for (const word of initialState.keys()) digest.setUint32(4 * word, this.#view.getUint32(stateAt(lane, word), true), true)
    return new Uint8Array(digest.buffer)
  }
}

/** With a byte for the bit and eight for the length, in whole blocks. */
const paddedLength = ({ length }: Uint8Array): number => Math.ceil((length + 9) / blockBytes) * blockBytes
