/**
 * An immutable map that shares most of itself with the version before: a base that nobody changes, and a small layer of changes that is
 * copied on each update and folded into a new base when it outgrows the square root of it. A commit to a table of n files so costs about √n,
 * where a plain copy would cost n, and old snapshots stay valid.
 */
export class LayeredMap<K, V extends object | string | number> implements ReadonlyMap<K, V> {
  readonly #base: ReadonlyMap<K, V>
  /** undefined: deleted. */
  readonly #changes: ReadonlyMap<K, V | undefined>
  readonly size: number

  constructor(base: ReadonlyMap<K, V> = new Map(), changes: ReadonlyMap<K, V | undefined> = new Map()) {
    this.#base = base
    this.#changes = changes
    let size = base.size
    for (const [key, value] of changes) size += (value === undefined ? 0 : 1) - (base.has(key) ? 1 : 0)
    this.size = size
  }

  /** With these entries set, or deleted where undefined. The map may be taken over: it must not change any more. */
  with(updates: ReadonlyMap<K, V | undefined>): LayeredMap<K, V> {
    if (updates.size === 0) return this
    if (this.size === 0 && deletesNothing(updates)) return new LayeredMap(updates)
    const limit = 32 + 2 * Math.sqrt(this.#base.size)
    if (updates.size <= limit) {
      const changes = new Map(this.#changes)
      for (const [key, value] of updates) changes.set(key, value)
      if (changes.size <= limit) return new LayeredMap(this.#base, changes)
    }
    const base = new Map(this.#base)
    for (const layer of [this.#changes, updates]) {
      for (const [key, value] of layer) {
        if (value === undefined) base.delete(key)
        else base.set(key, value)
      }
    }
    return new LayeredMap(base)
  }

  get(key: K): V | undefined {
    return this.#changes.has(key) ? this.#changes.get(key) : this.#base.get(key)
  }

  has(key: K): boolean {
    return this.get(key) !== undefined
  }

  *entries(): Generator<[K, V], undefined> {
    for (const [key, value] of this.#base) if (!this.#changes.has(key)) yield [key, value]
    for (const [key, value] of this.#changes) if (value !== undefined) yield [key, value]
  }

  *keys(): Generator<K, undefined> {
    for (const [key] of this.entries()) yield key
  }

  *values(): Generator<V, undefined> {
    for (const [, value] of this.entries()) yield value
  }

  [Symbol.iterator](): Generator<[K, V], undefined> {
    return this.entries()
  }

  forEach(callback: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.entries()) callback(value, key, this)
  }
}

const deletesNothing = <K, V>(updates: ReadonlyMap<K, V | undefined>): updates is ReadonlyMap<K, V> => {
  for (const value of updates.values()) if (value === undefined) return false
  return true
}
