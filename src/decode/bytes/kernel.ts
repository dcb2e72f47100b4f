import { SimdKernel } from "../simd-kernel.ts"
import { code } from "./kernel-code.ts"
import { layout, WalkMemory } from "./memory.ts"

/** What the kernel asks for. -1, or 0 of `grow`, makes it give the record up. */
export interface KernelImports {
  /** Reads the value of a node. @returns the position behind it */
  readonly value: (node: number, at: number, escaped: number, repetition: number) => number
  /** Finds the key at `at`, which came behind the key `before`. @returns the key */
  readonly find: (node: number, before: number, at: number, escaped: number) => number
  /** Finds, or makes, the keyed hash of a text. @returns the number of its digest */
  readonly hash: (start: number, end: number) => number
  /** Makes room in a leaf: for entries (0), values (1), or a text of so many bytes (2). */
  readonly grow: (leaf: number, what: number, least: number) => number
}

/** What a kernel does: `kernel.as`, or `scalar/kernel.ts`. */
export interface KernelExports {
  /** Makes the bitmaps of the page, which ends at `end`, a multiple of 64, if it has any. */
  readonly mark: (end: number) => void
  /** Remembers that a row is complete in so many leaves. */
  readonly commit: (leaves: number) => void
  /** Walks the record whose opening brace stands at `start`. @returns the position behind it, or -1 */
  readonly record: (start: number) => number
}

const kernel = new SimdKernel<KernelImports, KernelExports>(code)

/** Does this machine run the kernel? It takes 128-bit SIMD instructions. */
export const simdAvailable: boolean = kernel.isAvailable

export interface Kernel {
  readonly memory: WalkMemory
  /** Where it marks the special bytes of the page, see `nextSpecial`; null: it does not. */
  readonly special: Int32Array | null
  /** Can be called once, when what it asks for is there. */
  readonly start: (imports: KernelImports) => KernelExports
}

/** The kernel of `kernel.as`; null where there is no SIMD, or no room: a process whose address space is limited may not get any. */
export const makeSimdKernel = (): Kernel | null => {
  const opened = kernel.open(layout.size)
  if (opened === null) return null
  const memory = new WalkMemory(opened.buffer)
  return { memory, special: memory.ints(layout.special, layout.outer), start: opened.start }
}
