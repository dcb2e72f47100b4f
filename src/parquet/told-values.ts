import type { LeafColumn } from "../columns/leaf-column.ts"
import { type Bounds, widen } from "./bounds.ts"
import { leafBounds } from "./leaf-bounds.ts"
import type { PlainValues, ReadPage } from "./read-pages.ts"

/** What may be told of a leaf. */
export interface Telling {
  readonly bounds: boolean
  /** A row whose first entry is defined no deeper counts as null. */
  readonly nullDepth: number
}

/** Memory in which values stand as typed arrays have them; one page is looked at at a time. */
let room = new ArrayBuffer(0)

/** Gathers what is told of a leaf from its pages as they stand. */
export class ToldValues {
  readonly #leaf: LeafColumn
  readonly #telling: Telling
  /** Null: some value has no place in an order. */
  #bounds: Bounds | null
  nulls = 0

  /** @param leaf of the same type; what is in it afterwards means nothing */
  constructor(leaf: LeafColumn, telling: Telling) {
    this.#leaf = leaf
    this.#telling = telling
    this.#bounds = telling.bounds ? { min: null, max: null } : null
  }

  /** Null: there are none. */
  get bounds(): Bounds | null {
    return this.#bounds?.min === null ? null : this.#bounds
  }

  addLevels({
    slots,
    definition,
    isUniform,
    repetition,
    isFlat,
    count
  }: Pick<ReadPage, "slots" | "definition" | "isUniform" | "repetition" | "isFlat" | "count">): void {
    const { nullDepth } = this.#telling
    if (isFlat && (isUniform || nullDepth === this.#leaf.maxDefinition - 1)) {
      if (!isUniform) this.nulls += slots - count
      else if ((definition[0] ?? 0) <= nullDepth) this.nulls += slots
      return
    }
    for (let slot = 0; slot < slots; slot++)
      if ((isFlat || repetition[slot] === 0) && (definition[isUniform ? 0 : slot] ?? 0) <= nullDepth) this.nulls++
  }

  /** Values that stand plainly, each of which is some entry's. */
  addValues(values: PlainValues, count: number): void {
    if (this.#bounds === null || count === 0) return
    const leaf = this.#leaf
    leaf.count = count
    show(leaf, values, count)
    const found = leafBounds(leaf)
    leaf.before = 0
    if (found === null) this.#bounds = null
    else widen(this.#bounds, found)
  }
}

/** Lets a leaf have the values of a page. */
const show = (leaf: LeafColumn, { bytes, view, ends }: PlainValues, count: number): void => {
  switch (leaf.storage) {
    case "bytes":
      leaf.data = bytes
      leaf.view = view
      leaf.ends = ends
      leaf.entries = count
      // Their lengths.
      leaf.before = 4
      return
    case "boolean":
      leaf.data = bytes
      return
    case "fixed":
      leaf.data = bytes
      leaf.view = view
      return
    default:
      if (room.byteLength < bytes.length) room = new ArrayBuffer(bytes.length * 2)
      new Uint8Array(room).set(bytes)
      if (leaf.storage === "double") leaf.doubles = new Float64Array(room, 0, count)
      else leaf.ints = new Int32Array(room, 0, bytes.length >> 2)
  }
}
