import { entryHash } from "./byte-hash.ts"
import type { LeafColumn } from "./leaf-column.ts"
import { field, type LeafStore, widths } from "./leaf-store.ts"

/**
 * Mixes what a leaf holds of each row into the rows' hashes: levels and values. The same rows have the same hashes, whatever they are stored with. For finding what
 * has changed by accident, not for what an attacker must not foresee.
 *
 * @param hashes two halves of 32 bits for each row
 */
export const mixLeaf = (store: LeafStore, leaf: number, { storage, maxDefinition }: LeafColumn, hashes: Int32Array): void => {
  const levels = store.get(leaf, field.levels)
  const definition = store.get(leaf, field.definition)
  const repetition = store.get(leaf, field.repetition)
  const values = store.get(leaf, field.values)
  const text = store.get(leaf, field.text)
  const width = widths[storage]
  const { bytes, ints, view } = store
  let at = -2
  let value = 0
  let start = text
  for (let level = 0; level < levels; level++) {
    const repeats = repetition < 0 ? 0 : (bytes[repetition + level] ?? 0)
    const defined = bytes[definition + level] ?? 0
    if (repeats === 0) at += 2
    let hash = (repeats << 8) | defined
    if (defined === maxDefinition) {
      if (storage === "bytes") {
        const end = text + (ints[values + value] ?? 0)
        hash ^= Math.imul(entryHash(view, start, end), 0x27d4eb2f)
        start = end
      } else if (storage === "boolean") hash ^= ((bytes[values + value] ?? 0) + 1) << 16
      else hash ^= Math.imul(entryHash(view, (values + value) * width, (values + value + 1) * width), 0x27d4eb2f)
      value++
    }
    const low = Math.imul((hashes[at] ?? 0) ^ hash, 0x9e3779b1)
    hashes[at] = low ^ (low >>> 15)
    const high = Math.imul(((hashes[at + 1] ?? 0) + hash) | 0, 0x85ebca6b)
    hashes[at + 1] = (high << 13) ^ (high >>> 19)
  }
}
