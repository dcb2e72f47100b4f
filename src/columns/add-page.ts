import { field, type LeafStore } from "./leaf-store.ts"

/** Adds so many entries to a leaf by their levels. @param repetition empty outside of lists */
export const addLevels = (store: LeafStore, leaf: number, definition: Uint8Array, repetition: Uint8Array, entries: number): void => {
  const before = reserveLevels(store, leaf, entries)
  store.bytes.set(definition.subarray(0, entries), store.get(leaf, field.definition) + before)
  const repetitions = store.get(leaf, field.repetition)
  if (repetitions >= 0) store.bytes.set(repetition.subarray(0, entries), repetitions + before)
  store.state[(leaf << 4) + field.levels] = before + entries
}

/** Adds values of 4, 8 or 16 bytes, or booleans of one, as the store holds them; their levels are added by themselves. */
export const addWords = (
  store: LeafStore,
  leaf: number,
  width: number,
  { bytes, view }: { readonly bytes: Uint8Array; readonly view: DataView },
  indices: Int32Array | null,
  count: number
): void => {
  if (count === 0) return
  const before = reserveValues(store, leaf, count)
  const at = (store.get(leaf, field.values) + before) * width
  if (indices === null) store.bytes.set(bytes.subarray(0, count * width), at)
  else if (width === 1) for (let i = 0; i < count; i++) store.bytes[at + i] = bytes[indices[i] ?? 0] ?? 0
  else {
    const { ints } = store
    const words = width >> 2
    let to = at >> 2
    for (let i = 0; i < count; i++) {
      const from = (indices[i] ?? 0) * width
      for (let word = 0; word < words; word++) ints[to++] = view.getInt32(from + 4 * word, true)
    }
  }
  store.state[(leaf << 4) + field.count] = before + count
}

/** Adds texts `bytes[starts[i], ends[i])`; their levels are added by themselves. @param indices which of them; null: all, in order */
export const addTexts = (
  store: LeafStore,
  leaf: number,
  { bytes, starts, ends }: { readonly bytes: Uint8Array; readonly starts: Int32Array; readonly ends: Int32Array },
  indices: Int32Array | null,
  count: number
): void => {
  if (count === 0) return
  const before = reserveValues(store, leaf, count)
  let more = 0
  for (let i = 0; i < count; i++) {
    const value = indices === null ? i : (indices[i] ?? 0)
    more += (ends[value] ?? 0) - (starts[value] ?? 0)
  }
  let length = store.get(leaf, field.textLength)
  reserveText(store, leaf, length + more)
  const { bytes: target, ints } = store
  const text = store.get(leaf, field.text)
  let end = store.get(leaf, field.values) + before
  for (let i = 0; i < count; i++) {
    const value = indices === null ? i : (indices[i] ?? 0)
    const from = starts[value] ?? 0
    const to = ends[value] ?? 0
    const at = text + length
    if (to - from > 48) target.set(bytes.subarray(from, to), at)
    else for (let byte = from; byte < to; byte++) target[at + byte - from] = bytes[byte] ?? 0
    length += to - from
    ints[end++] = length
  }
  store.state[(leaf << 4) + field.count] = before + count
  store.state[(leaf << 4) + field.textLength] = length
}

/** Makes room for so many entries more. @returns how many there are */
export const reserveLevels = (store: LeafStore, leaf: number, more: number): number => {
  const before = store.get(leaf, field.levels)
  while (before + more > store.get(leaf, field.capacity)) store.grow(leaf, 0, 0)
  return before
}

/** Makes room for so many values more. @returns how many there are */
export const reserveValues = (store: LeafStore, leaf: number, more: number): number => {
  const before = store.get(leaf, field.count)
  while (before + more > store.get(leaf, field.valueCapacity)) store.grow(leaf, 1, 0)
  return before
}

/** Makes room for texts of so many bytes in all. */
export const reserveText = (store: LeafStore, leaf: number, length: number): void => {
  // Words of four bytes are read, the last of which may go over the end.
  if (length + 4 > store.get(leaf, field.textCapacity)) store.grow(leaf, 2, length + 4)
}
