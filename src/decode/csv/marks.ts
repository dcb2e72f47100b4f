import { SimdKernel } from "../simd-kernel.ts"
import { code } from "./marks-code.ts"

const kernel = new SimdKernel<object, { readonly mark: Mark }>(code)
type Mark = (end: number, map: number, first: number, second: number, third: number) => void

const blockBytes = 64

/**
 * Bytes, and a bitmap of those among them that mean something: who looks for these goes from one to the next without a look at what lies between.
 * A SIMD kernel marks them; where there is none, or no room for its memory, TypeScript does the same.
 */
export class Marks {
  readonly buffer: ArrayBuffer
  readonly bytes: Buffer
  /** A bit for each byte, in words of 32. */
  readonly map: Int32Array
  readonly #mapAt: number
  readonly #mark: Mark | null

  /** @param size bytes of its memory @param marked so many of them, from the first on, can be marked */
  constructor(size: number, marked: number, isSimd = true) {
    const mapAt = Math.ceil(size / blockBytes) * blockBytes
    const mapBytes = (Math.ceil(marked / blockBytes) + 1) * (blockBytes / 8)
    const opened = isSimd ? kernel.open(mapAt + mapBytes) : null
    this.buffer = opened?.buffer ?? new ArrayBuffer(mapAt + mapBytes)
    this.#mark = opened?.start({}).mark ?? null
    this.#mapAt = mapAt
    this.bytes = Buffer.from(this.buffer, 0, mapAt)
    this.map = new Int32Array(this.buffer, mapAt, mapBytes / 4)
  }

  /** Marks, among the bytes before `end`, those that are one of three. Behind them stands a mark that ends every search. */
  mark(end: number, first: number, second: number, third: number): void {
    if (this.#mark === null) this.#markPlainly(end, first, second, third)
    else this.#mark(end, this.#mapAt, first, second, third)
    const last = end >> 5
    this.map[last] = ((end & 31) === 0 ? 0 : (this.map[last] ?? 0) & ((1 << (end & 31)) - 1)) | (1 << (end & 31))
  }

  #markPlainly(end: number, first: number, second: number, third: number): void {
    const { bytes, map } = this
    for (let word = 0, at = 0; at < end; word++) {
      let bits = 0
      for (let bit = 0; bit < 32; bit++, at++) {
        const byte = bytes[at]
        if (byte === first || byte === second || byte === third) bits |= 1 << bit
      }
      map[word] = bits
    }
  }

  /** Index of the first marked byte from `at` on, at most the end of what was marked. */
  next(at: number): number {
    const { map } = this
    let word = at >> 5
    let bits = (map[word] ?? 0) & (-1 << (at & 31))
    while (bits === 0) bits = map[++word] ?? -1
    return (word << 5) + 31 - Math.clz32(bits & -bits)
  }
}
