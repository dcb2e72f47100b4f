import type { Leaf, LeafType } from "../record/column.ts"
import { isWorthwhile, makeDictionary } from "./dictionary.ts"
import { field, type LeafStore, type Storage } from "./leaf-store.ts"

export const storageOf = (leaf: LeafType): Storage => {
  switch (leaf.type) {
    case "text":
    case "json":
    case "binary":
      return "bytes"
    case "integer":
    case "date":
      return "int32"
    case "long":
    case "timestamp":
      return "int64"
    case "double":
      return "double"
    case "boolean":
      return "boolean"
    case "decimal":
      return leaf.precision <= 9 ? "int32" : leaf.precision <= 18 ? "int64" : "fixed"
  }
}

const noBytes = new Uint8Array(0)
const noInts = new Int32Array(0)
const noDoubles = new Float64Array(0)
const noView = new DataView(noBytes.buffer)

/** One leaf is encoded at a time, so all share the room for indices. */
let indices = noInts

/**
 * One leaf of a column as the encoder takes it: definition and repetition levels, one per entry, and the values that are there, in the form
 * that Parquet's pages have. What stands here is a view of the {@link LeafStore} that was filled, made by {@link seal}.
 *
 * Texts are only appended there: looking for each in a dictionary would be a walk through cold memory, with hundreds of columns filled in
 * turns. That is done here, column by column. The values are `indexCount` indices into the entries `0 … dictionarySize - 1`, and behind them
 * the entries from `dictionarySize` on, each once.
 */
export class LeafColumn {
  readonly path: ReadonlyArray<string>
  readonly leaf: Leaf
  readonly storage: Storage
  /** Definition level of a value that is there. */
  readonly maxDefinition: number
  /** How many lists enclose the leaf. */
  readonly maxRepetition: number

  /** Number of entries. */
  levels = 0
  definition: Uint8Array = noBytes
  /** Empty outside of lists. */
  repetition: Uint8Array = noBytes

  /** Number of values that are there. */
  count = 0
  /** Storage int32: a value each. int64: two each. bytes: indices into the dictionary, if there is one. */
  ints: Int32Array = noInts
  doubles: Float64Array = noDoubles
  /** Storage bytes: all entries, one after the other. boolean: a byte each. fixed: 16 each. */
  data: Uint8Array = noBytes
  /** Over the same bytes, and 4 more. */
  view: DataView = noView

  /** End of each entry in `data`. */
  ends: Int32Array = noInts
  /** Bytes in front of each entry that are none of it. */
  before = 0
  /** Number of entries: those of the dictionary, then those that stand for themselves. */
  entries = 0
  dictionarySize = 0
  indexCount = 0

  constructor(path: ReadonlyArray<string>, leaf: Leaf, maxDefinition: number, maxRepetition: number) {
    this.path = path
    this.leaf = leaf
    this.storage = storageOf(leaf.leaf)
    this.maxDefinition = maxDefinition
    this.maxRepetition = maxRepetition
    // Levels are a byte each; nothing nests so deep that it would matter.
    if (maxDefinition > 255) throw new RangeError(`column ${path.join(".")} is nested deeper than 255 levels`)
  }

  /**
   * Looks at what the store holds of leaf `index`, and puts texts that repeat into a dictionary, in place. Nothing can be added to the store
   * from then on, until it is cleared. What is seen is valid until the store is cleared, or the next leaf is sealed, of whatever store.
   */
  seal(store: LeafStore, index: number): void {
    store.isSealed = true
    const count = store.get(index, field.count)
    const values = store.get(index, field.values)
    const definition = store.get(index, field.definition)
    const repetition = store.get(index, field.repetition)
    this.levels = store.get(index, field.levels)
    this.count = count
    this.definition = store.bytes.subarray(definition, definition + this.levels)
    if (repetition >= 0) this.repetition = store.bytes.subarray(repetition, repetition + this.levels)
    this.entries = 0
    this.dictionarySize = 0
    this.indexCount = 0
    switch (this.storage) {
      case "bytes": {
        const text = store.get(index, field.text)
        const length = store.get(index, field.textLength)
        this.data = store.bytes.subarray(text, text + length)
        this.view = new DataView(store.bytes.buffer, text, count === 0 ? 0 : length + 4)
        this.ends = store.ints.subarray(values, values + count)
        this.entries = count
        this.deduplicate()
        return
      }
      case "int32":
        this.ints = store.ints.subarray(values, values + count)
        return
      case "int64":
        this.ints = store.ints.subarray(values * 2, (values + count) * 2)
        return
      case "double":
        this.doubles = store.doubles.subarray(values, values + count)
        return
      case "boolean":
        this.data = store.bytes.subarray(values, values + count)
        return
      case "fixed":
        this.data = store.bytes.subarray(values * 16, (values + count) * 16)
        this.view = new DataView(store.bytes.buffer, values * 16, count * 16)
    }
  }

  /** Lets go of the store that was sealed. */
  release(): void {
    this.definition = noBytes
    this.repetition = noBytes
    this.ints = noInts
    this.doubles = noDoubles
    this.data = noBytes
    this.view = noView
    this.ends = noInts
  }

  /** Start of an entry in `data`. */
  startOf(entry: number): number {
    return (entry === 0 ? 0 : (this.ends[entry - 1] ?? 0)) + this.before
  }

  /** Puts texts that stand one behind the other, and repeat, into a dictionary, in place. */
  deduplicate(): void {
    if (!isWorthwhile(this)) return
    if (indices.length < this.count) indices = new Int32Array(Math.max(this.count, indices.length * 2))
    const { entries, indexed } = makeDictionary(this, indices)
    this.ints = indices
    this.dictionarySize = entries
    this.indexCount = indexed
    this.entries = entries + this.count - indexed
  }
}
