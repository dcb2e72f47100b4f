import type { DropState, Drops } from "../../contract/drops.ts"
import type { Scanner } from "./scan.ts"

/**
 * Does the key at `[at, end)`, quotation mark and all, stand among the keys of the object from `first` on? Each is looked at, and what follows it
 * is skipped: for objects with few keys.
 */
export const keyCameBefore = (scanner: Scanner, first: number, at: number, end: number, escaped: number): boolean => {
  const { bytes } = scanner
  const length = end - at
  for (let other = first; other < at; ) {
    const close = scanner.special(other + 1 + escaped)
    if (close - other === length && bytes.compare(bytes, at, end, other, close) === 0) return true
    const value = scanner.past(scanner.past(close + 1 + escaped, escaped) + 1, escaped)
    // It has been read before: its depth is within the limit.
    other = scanner.past(scanner.past(scanner.skip(value, escaped, 1, Number.POSITIVE_INFINITY), escaped) + 1, escaped)
  }
  return false
}

/** The drop rules for keys that are data. */
export class EntryRules {
  readonly #drops: Drops
  readonly #letters: Uint8Array

  constructor(drops: Drops) {
    this.#drops = drops
    this.#letters = drops.firstLetters
  }

  /** The rule of the key at `[from, to)`, or null. Most keys need not be looked at: no rule's text begins with any of their letters. */
  ruleOf(state: DropState, scanner: Scanner, from: number, to: number): string | null {
    const { bytes } = scanner
    let isPlain = state.length === 0
    for (let i = from; isPlain && i < to; i++) isPlain = this.#letters[bytes[i] ?? 0] === 0
    return isPlain ? null : this.#drops.ruleFor(state, scanner.text(from, to))
  }
}
