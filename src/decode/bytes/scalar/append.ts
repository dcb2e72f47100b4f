import { field } from "../../../columns/leaf-store.ts"
import type { KernelImports } from "../kernel.ts"
import { layout } from "../memory.ts"

// Constants of this module: see leaves.ts.
const {
  capacity: leafCapacity,
  definition: leafDefinition,
  repetition: leafRepetition,
  maxDefinition: leafMaxDefinition,
  count: leafCount,
  valueCapacity: leafValueCapacity,
  values: leafValues,
  textLength: leafTextLength,
  textCapacity: leafTextCapacity,
  text: leafText,
  markLevels: leafMarkLevels,
  markCount: leafMarkCount,
  markText: leafMarkText
} = field
const stateAt = layout.state >> 2

/**
 * Appends to the `LeafStore` that lies in the memory, as its own functions do. Where there is no room, what is added to may be incomplete, and the
 * record has to be given up.
 */
export const makeAppend = (buffer: ArrayBuffer, grow: KernelImports["grow"]) => {
  const bytes = new Uint8Array(buffer)
  const ints = new Int32Array(buffer)
  const view = new DataView(buffer)

  const int = (at: number): number => ints[at] ?? 0

  /** An entry without a value. @returns false: there is no room, as everywhere here */
  const addLevel = (leaf: number, definition: number, repetition: number): boolean => {
    const s = (stateAt + (leaf << 4)) | 0
    const at = int(s)
    if (at === int((s + leafCapacity) | 0) && grow(leaf, 0, 0) === 0) return false
    bytes[(int((s + leafDefinition) | 0) + at) | 0] = definition
    const repetitions = int((s + leafRepetition) | 0)
    if (repetitions >= 0) bytes[(repetitions + at) | 0] = repetition
    ints[s] = (at + 1) | 0
    return true
  }

  /** The same in each of the leaves `first` to before `end`. */
  const addNulls = (first: number, end: number, definition: number, repetition: number): boolean => {
    for (let leaf = first | 0; leaf < end; leaf = (leaf + 1) | 0) if (!addLevel(leaf, definition, repetition)) return false
    return true
  }

  /** Makes an entry with a value. @returns the value's index in units of its width; -1: no room */
  const addEntry = (leaf: number, repetition: number): number => {
    const s = (stateAt + (leaf << 4)) | 0
    if (!addLevel(leaf, int((s + leafMaxDefinition) | 0), repetition)) return -1
    const at = int((s + leafCount) | 0)
    if (at === int((s + leafValueCapacity) | 0) && grow(leaf, 1, 0) === 0) return -1
    ints[(s + leafCount) | 0] = (at + 1) | 0
    return (int((s + leafValues) | 0) + at) | 0
  }

  /** The text `[start, end)` of the memory. */
  const addBytes = (leaf: number, repetition: number, start: number, end: number): boolean => {
    const s = (stateAt + (leaf << 4)) | 0
    const from = int((s + leafTextLength) | 0)
    const to = (from + end - start) | 0
    // Words of four bytes are copied, the last of which may go over the end.
    if (to + 4 > int((s + leafTextCapacity) | 0) && grow(leaf, 2, to + 4) === 0) return false
    const value = addEntry(leaf, repetition) | 0
    if (value < 0) return false
    ints[value] = to
    ints[(s + leafTextLength) | 0] = to
    let target = (int((s + leafText) | 0) + from) | 0
    if (end - start > 256) bytes.copyWithin(target, start, end)
    else
      for (let i = start | 0; i < end; i = (i + 4) | 0) {
        view.setInt32(target, view.getInt32(i, true), true)
        target = (target + 4) | 0
      }
    return true
  }

  const addBoolean = (leaf: number, repetition: number, value: boolean): boolean => {
    const place = addEntry(leaf, repetition) | 0
    if (place < 0) return false
    bytes[place] = value ? 1 : 0
    return true
  }

  /** An integer of at most 53 bits. @param isNarrow it is stored in 32 */
  const addInteger = (leaf: number, repetition: number, value: number, isNarrow: boolean): boolean => {
    const place = addEntry(leaf, repetition) | 0
    if (place < 0) return false
    if (isNarrow) ints[place] = value
    else {
      ints[(2 * place) | 0] = value | 0
      ints[(2 * place + 1) | 0] = Math.floor(value / 4294967296) | 0
    }
    return true
  }

  /** Remembers that a row is complete in so many leaves. */
  const commit = (leaves: number): void => {
    const end = (stateAt + (leaves << 4)) | 0
    for (let s = stateAt; s < end; s = (s + 16) | 0) {
      ints[(s + leafMarkLevels) | 0] = int(s)
      ints[(s + leafMarkCount) | 0] = int((s + leafCount) | 0)
      ints[(s + leafMarkText) | 0] = int((s + leafTextLength) | 0)
    }
  }

  return { addLevel, addNulls, addEntry, addBytes, addBoolean, addInteger, commit }
}

export type Append = ReturnType<typeof makeAppend>
