/**
 * How a leaf's values are held, which is how Parquet's PLAIN encoding has them (little endian): `bytes` are texts of any length, `int64` two
 * 32-bit halves, low first, `fixed` 16 bytes of a decimal, big endian.
 */
export type Storage = "bytes" | "int32" | "int64" | "double" | "boolean" | "fixed"

/** Numbers that are known of a leaf: its place in `state`, a cache line of 16 each. */
export const field = {
  /** Number of entries. */
  levels: 0,
  /** For how many entries there is room. */
  capacity: 1,
  /** Where its definition levels begin, and its repetition levels; -1: it has none. Bytes. */
  definition: 2,
  repetition: 3,
  /** Number of values that are there. */
  count: 4,
  /** Where its values begin, in units of their width; of texts the ends. And for how many there is room. */
  values: 5,
  valueCapacity: 6,
  /** Where its texts begin, how long they are together, and how long they may get. */
  text: 7,
  textLength: 8,
  textCapacity: 9,
  /** `levels`, `count` and `textLength` at the end of the last complete row. */
  markLevels: 10,
  markCount: 11,
  markText: 12,
  /** Definition level of a value that is there. */
  maxDefinition: 13
} as const

/** Width of a value in the arena, in bytes; of texts that of an end. */
export const widths: Readonly<Record<Storage, number>> = { bytes: 4, int32: 4, int64: 8, double: 8, boolean: 1, fixed: 16 }

const smallestShift = 6
/** Sizes of an arena, in bytes, see `#allocate`. */
const small = 4 << 20
const large = 96 << 20
const largest = 2 ** 31 - 64 // places are told by 32 bits

/** Thrown when a store that cannot grow has no room for more. A constant, not an error: who keeps such a store expects it. */
export const full: unique symbol = Symbol("no room")

/** A place for a store in a buffer that has other things, too: `state` has room for all leaves there, and the arena is `[arena, end)`. */
export interface StorePlace {
  readonly buffer: ArrayBuffer
  readonly state: Int32Array
  readonly arena: number
  readonly end: number
}

/**
 * Levels and values of all leaves of a table, being gathered. A row touches hundreds of leaves one after the other, so what counts is how many
 * cache lines each touch takes: all of them live in one arena, in segments that double as they fill, and what is known of a leaf is one line
 * of numbers. Nothing is allocated per value.
 */
export class LeafStore {
  /** See {@link field}. */
  readonly state: Int32Array
  bytes: Uint8Array<ArrayBuffer>
  ints: Int32Array<ArrayBuffer>
  doubles: Float64Array<ArrayBuffer>
  view: DataView<ArrayBuffer>
  #buffer: Buffer
  readonly #widths: ReadonlyArray<number>
  /** Where the free part of the arena begins, and where it ends for good; null: it grows. */
  #top = 0
  /** Bytes of memory that were written to, whatever is held now: how far the arena ever reached. */
  touched = 0
  readonly #start: number
  readonly #limit: number | null
  /** Segments that were outgrown, by the logarithm of their size. */
  readonly #free: Array<Array<number>> = Array.from({ length: 32 }, () => [])

  /** @param place where it lies, instead of in memory of its own, which grows */
  constructor(
    leaves: ReadonlyArray<{ readonly storage: Storage; readonly maxDefinition: number; readonly maxRepetition: number }>,
    place?: StorePlace
  ) {
    if (place !== undefined && place.state.length < leaves.length * 16)
      throw new RangeError(`${leaves.length} leaf columns are more than the ${place.state.length / 16} there is room for`)
    this.state = place === undefined ? new Int32Array(leaves.length * 16) : place.state.subarray(0, leaves.length * 16)
    this.#widths = leaves.map(({ storage }) => widths[storage])
    this.#limit = place?.end ?? null
    this.#start = place?.arena ?? 0
    const buffer = place?.buffer ?? new ArrayBuffer(Math.max(1 << 16, leaves.length * 256))
    this.bytes = new Uint8Array(buffer)
    this.ints = new Int32Array(buffer)
    this.doubles = new Float64Array(buffer)
    this.view = new DataView(buffer)
    this.#buffer = Buffer.from(buffer)
    for (const [leaf, { storage, maxDefinition, maxRepetition }] of leaves.entries()) {
      const s = leaf << 4
      this.state[s + field.repetition] = maxRepetition > 0 ? 0 : -1
      this.state[s + field.maxDefinition] = maxDefinition
      this.state[s + field.textCapacity] = storage === "bytes" ? 0 : -1
    }
    this.reset()
  }

  /** Forgets everything, and which leaf had how much room. What one page has made large may be in the way of another's. */
  reset(): void {
    const { state } = this
    this.#top = this.#start
    for (const segments of this.#free) segments.length = 0
    const capacity = 1 << smallestShift
    for (let s = 0; s < state.length; s += 16) {
      const lists = (state[s + field.repetition] ?? 0) >= 0
      state[s + field.capacity] = capacity
      state[s + field.definition] = this.#allocate(lists ? capacity * 2 : capacity)
      if (lists) state[s + field.repetition] = (state[s + field.definition] ?? 0) + capacity
      // Room for values is made when there are any: many leaves never have one.
      state[s + field.valueCapacity] = 0
      if ((state[s + field.textCapacity] ?? 0) >= 0) state[s + field.textCapacity] = 0
    }
    this.clear()
  }

  /** An entry without a value. @param definition how much of the path to the leaf is there */
  addNull(leaf: number, definition: number, repetition: number): void {
    const { state } = this
    const s = leaf << 4
    const at = state[s] ?? 0
    if (at === state[s + field.capacity]) this.#growLevels(s)
    this.bytes[(state[s + field.definition] ?? 0) + at] = definition
    const repetitions = state[s + field.repetition] ?? 0
    if (repetitions >= 0) this.bytes[repetitions + at] = repetition
    state[s] = at + 1
  }

  /** An entry without a value in each of the leaves `first` to before `end`. */
  addNulls(first: number, end: number, definition: number, repetition: number): void {
    for (let leaf = first; leaf < end; leaf++) this.addNull(leaf, definition, repetition)
  }

  /** Makes an entry with a value. @returns the value's index in units of its width */
  #addEntry(leaf: number, repetition: number): number {
    const { state } = this
    const s = leaf << 4
    this.addNull(leaf, state[s + field.maxDefinition] ?? 0, repetition)
    const at = state[s + field.count] ?? 0
    if (at === state[s + field.valueCapacity]) this.#growValues(leaf)
    state[s + field.count] = at + 1
    return (state[s + field.values] ?? 0) + at
  }

  addInt(leaf: number, repetition: number, value: number): void {
    const at = this.#addEntry(leaf, repetition)
    this.ints[at] = value
  }

  /** An integer of at most 53 bits. */
  addSafeLong(leaf: number, repetition: number, value: number): void {
    this.addLong(leaf, repetition, value | 0, Math.floor(value / 4294967296) | 0)
  }

  addLong(leaf: number, repetition: number, low: number, high: number): void {
    const at = this.#addEntry(leaf, repetition)
    this.ints[2 * at] = low
    this.ints[2 * at + 1] = high
  }

  addDouble(leaf: number, repetition: number, value: number): void {
    const at = this.#addEntry(leaf, repetition)
    this.doubles[at] = value
  }

  addBoolean(leaf: number, repetition: number, value: boolean): void {
    const at = this.#addEntry(leaf, repetition)
    this.bytes[at] = value ? 1 : 0
  }

  /** A decimal as an integer of 128 bits, big endian. */
  addFixed(leaf: number, repetition: number, value: bigint): void {
    const at = 16 * this.#addEntry(leaf, repetition)
    this.view.setBigInt64(at, value >> 64n)
    this.view.setBigUint64(at + 8, BigInt.asUintN(64, value))
  }

  /**
   * The value `bytes[start, end)`, well-formed UTF-8 where the leaf is text.
   * @param view over the same buffer and offset as `bytes`, with at least 4 more bytes behind `end`
   */
  addBytes(leaf: number, repetition: number, bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const { state } = this
    const s = leaf << 4
    const length = end - start
    const from = state[s + field.textLength] ?? 0
    const to = from + length
    // Words of four bytes are copied, the last of which may go over the end.
    if (to + 4 > (state[s + field.textCapacity] ?? 0)) this.#growText(s, to + 4)
    const entry = state[s] ?? 0
    if (entry === state[s + field.capacity]) this.#growLevels(s)
    const value = state[s + field.count] ?? 0
    if (value === state[s + field.valueCapacity]) this.#growValues(leaf)
    state[s] = entry + 1
    state[s + field.count] = value + 1
    state[s + field.textLength] = to
    this.bytes[(state[s + field.definition] ?? 0) + entry] = state[s + field.maxDefinition] ?? 0
    const repetitions = state[s + field.repetition] ?? 0
    if (repetitions >= 0) this.bytes[repetitions + entry] = repetition
    this.ints[(state[s + field.values] ?? 0) + value] = to
    let target = (state[s + field.text] ?? 0) + from
    if (length > 256) this.bytes.set(bytes.subarray(start, end), target)
    else {
      const own = this.view
      for (let i = start; i < end; i += 4, target += 4) own.setInt32(target, view.getInt32(i, true), true)
    }
  }

  /** Remembers that a row is complete. Can be replaced by something faster that does the same. */
  mark: () => void = () => this.#mark()

  #mark(): void {
    const { state } = this
    for (let s = 0; s < state.length; s += 16) {
      state[s + field.markLevels] = state[s] ?? 0
      state[s + field.markCount] = state[s + field.count] ?? 0
      state[s + field.markText] = state[s + field.textLength] ?? 0
    }
  }

  /** Takes back what was added to the leaves `first` to before `end` since the last `mark`. */
  rollback(first: number, end: number): void {
    const { state } = this
    for (let s = first << 4; s < end << 4; s += 16) {
      state[s] = state[s + field.markLevels] ?? 0
      state[s + field.count] = state[s + field.markCount] ?? 0
      state[s + field.textLength] = state[s + field.markText] ?? 0
    }
  }

  /** Have the leaves been sealed, which moves their texts about? */
  isSealed = false

  /** Forgets everything. The segments are used again. */
  clear(): void {
    const { state } = this
    this.isSealed = false
    for (let s = 0; s < state.length; s += 16) {
      state[s] = 0
      state[s + field.count] = 0
      state[s + field.textLength] = 0
    }
    this.mark()
  }

  /** Bytes of levels and values held. */
  get used(): number {
    const { state } = this
    let used = 0
    for (let s = 0, leaf = 0; s < state.length; s += 16, leaf++)
      used +=
        (state[s] ?? 0) * ((state[s + field.repetition] ?? 0) >= 0 ? 2 : 1) +
        (state[s + field.count] ?? 0) * (this.#widths[leaf] ?? 0) +
        (state[s + field.textLength] ?? 0)
    return used
  }

  /** Bytes of the leaf that has the most text. */
  get longestText(): number {
    let longest = 0
    for (let s = 0; s < this.state.length; s += 16) longest = Math.max(longest, this.state[s + field.textLength] ?? 0)
    return longest
  }

  /** Adds all that another store of the same leaves holds. */
  take(other: LeafStore): void {
    const { state } = this
    for (let s = 0, leaf = 0; s < state.length; s += 16, leaf++) {
      const levels = other.state[s] ?? 0
      const before = state[s] ?? 0
      while (before + levels > (state[s + field.capacity] ?? 0)) this.#growLevels(s)
      this.#copy((state[s + field.definition] ?? 0) + before, other, other.state[s + field.definition] ?? 0, levels)
      const repetitions = state[s + field.repetition] ?? 0
      if (repetitions >= 0) this.#copy(repetitions + before, other, other.state[s + field.repetition] ?? 0, levels)
      state[s] = before + levels

      const count = other.state[s + field.count] ?? 0
      if (count === 0) continue
      const had = state[s + field.count] ?? 0
      while (had + count > (state[s + field.valueCapacity] ?? 0)) this.#growValues(leaf)
      state[s + field.count] = had + count
      const to = (state[s + field.values] ?? 0) + had
      const from = other.state[s + field.values] ?? 0
      if ((state[s + field.textCapacity] ?? 0) < 0) {
        const width = this.#widths[leaf] ?? 1
        this.#copy(to * width, other, from * width, count * width)
        continue
      }
      const length = other.state[s + field.textLength] ?? 0
      const text = state[s + field.textLength] ?? 0
      if (text + length + 4 > (state[s + field.textCapacity] ?? 0)) this.#growText(s, text + length + 4)
      state[s + field.textLength] = text + length
      this.#copy((state[s + field.text] ?? 0) + text, other, other.state[s + field.text] ?? 0, length)
      const { ints } = this
      const ends = other.ints
      for (let i = 0; i < count; i++) ints[to + i] = (ends[from + i] ?? 0) + text
    }
    this.mark()
  }

  /** The text that stands in `bytes[start, end)`. A call that makes no view leaves nothing to the collector. */
  textAt(start: number, end: number): string {
    return this.#buffer.toString("utf8", start, end)
  }

  #copy(to: number, other: LeafStore, from: number, length: number): void {
    // A call of its own for a few bytes costs more than they do.
    if (length > 48) other.#buffer.copy(this.#buffer, to, from, from + length)
    else for (let i = 0; i < length; i++) this.bytes[to + i] = other.bytes[from + i] ?? 0
  }

  /** Makes room in a leaf: for entries (0), for values (1), or for a text of at least so many bytes (2). */
  grow(leaf: number, what: number, least: number): void {
    if (what === 0) this.#growLevels(leaf << 4)
    else if (what === 1) this.#growValues(leaf)
    else this.#growText(leaf << 4, least)
  }

  get(leaf: number, which: number): number {
    return this.state[(leaf << 4) + which] ?? 0
  }

  #growLevels(s: number): void {
    const { state } = this
    const old = state[s + field.definition] ?? 0
    const capacity = state[s + field.capacity] ?? 0
    const lists = (state[s + field.repetition] ?? 0) >= 0
    const segment = this.#allocate(capacity * (lists ? 4 : 2))
    this.bytes.copyWithin(segment, old, old + capacity)
    if (lists) this.bytes.copyWithin(segment + 2 * capacity, old + capacity, old + 2 * capacity)
    this.#release(old, lists ? capacity * 2 : capacity)
    state[s + field.capacity] = capacity * 2
    state[s + field.definition] = segment
    if (lists) state[s + field.repetition] = segment + 2 * capacity
  }

  #growValues(leaf: number): void {
    const { state } = this
    const s = leaf << 4
    const width = this.#widths[leaf] ?? 1
    const capacity = state[s + field.valueCapacity] ?? 0
    const old = (state[s + field.values] ?? 0) * width
    const size = Math.max(1 << smallestShift, capacity * width * 2)
    const segment = this.#allocate(size)
    if (capacity > 0) {
      this.bytes.copyWithin(segment, old, old + capacity * width)
      this.#release(old, capacity * width)
    }
    state[s + field.valueCapacity] = size / width
    state[s + field.values] = segment / width
  }

  #growText(s: number, least: number): void {
    const { state } = this
    const capacity = state[s + field.textCapacity] ?? 0
    const old = state[s + field.text] ?? 0
    let size = Math.max(1 << smallestShift, capacity * 2)
    while (size < least) size *= 2
    const segment = this.#allocate(size)
    if (capacity > 0) {
      this.bytes.copyWithin(segment, old, old + (state[s + field.textLength] ?? 0))
      this.#release(old, capacity)
    }
    state[s + field.textCapacity] = size
    state[s + field.text] = segment
  }

  /** @param size a power of two @returns the offset of a segment */
  #allocate(size: number): number {
    const free = this.#free[31 - Math.clz32(size)]?.pop()
    if (free !== undefined) return free
    const at = this.#top
    if (this.#limit !== null && at + size > this.#limit) throw full
    this.#top += size
    if (this.#top > this.touched) this.touched = this.#top
    if (this.#top > largest) throw new RangeError(`rows of more than ${largest} bytes cannot be held at once`)
    if (this.#top > this.bytes.length) {
      const before = this.bytes.length
      // Small tables stay small. What has outgrown that is likely to be filled, and gets a size which that takes at once: growing by and by would
      // leave holes in the process' memory, while what is not written to takes none.
      const next = before < small ? before * 2 : Math.max(large, Math.floor(before * 1.5))
      const buffer = new ArrayBuffer(Math.min(largest, Math.ceil(Math.max(this.#top, next) / 64) * 64))
      const grown = new Uint8Array(buffer)
      grown.set(this.bytes)
      this.bytes = grown
      this.ints = new Int32Array(buffer)
      this.doubles = new Float64Array(buffer)
      this.view = new DataView(buffer)
      this.#buffer = Buffer.from(buffer)
    }
    return at
  }

  #release(segment: number, size: number): void {
    this.#free[31 - Math.clz32(size)]?.push(segment)
  }
}
