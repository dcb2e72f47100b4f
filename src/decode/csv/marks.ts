import { code } from "./marks-code.ts"

/** The part of the WebAssembly interface that is used here; Node's type package leaves it out. */
declare const WebAssembly: {
  validate(code: Uint8Array): boolean
  readonly Module: new (code: Uint8Array) => Module
  readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => { readonly buffer: ArrayBuffer }
  readonly Instance: new (
    module: Module,
    imports: { readonly env: { readonly memory: unknown } }
  ) => { readonly exports: { readonly mark: Mark } }
}
type Module = { readonly module: never }
type Mark = (end: number, map: number, first: number, second: number, third: number) => void

let compiled: Module | null | undefined

/** Compiled once a thread, when it is first needed; null: this machine has no SIMD. */
const kernel = (): Module | null => {
  if (compiled === undefined) {
    const binary = Buffer.from(code, "base64")
    compiled = WebAssembly.validate(binary) ? new WebAssembly.Module(binary) : null
  }
  return compiled
}

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
    const made = isSimd ? simd(mapAt + mapBytes) : null
    this.buffer = made?.buffer ?? new ArrayBuffer(mapAt + mapBytes)
    this.#mark = made?.mark ?? null
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

const simd = (bytes: number): { readonly buffer: ArrayBuffer; readonly mark: Mark } | null => {
  const module = kernel()
  if (module === null) return null
  const pages = Math.ceil(bytes / 65_536)
  try {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    return { buffer: memory.buffer, mark: new WebAssembly.Instance(module, { env: { memory } }).exports.mark }
  } catch (error) {
    // A process whose address space is limited may not get any.
    if (error instanceof RangeError) return null
    throw error
  }
}
