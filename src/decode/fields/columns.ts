import type { ColumnBuilders } from "../../columns/builders.ts"
import { storageOf } from "../../columns/leaf-column.ts"
import type { LeafStore, Storage } from "../../columns/leaf-store.ts"
import { isUsual } from "../../contract/reading.ts"
import { daysIn, daysSinceEpoch } from "../../contract/timestamp.ts"
import { words } from "../bytes/nodes.ts"
import { readTimestamp, two } from "../bytes/timestamp.ts"
import type { HashMemo } from "../hash-memo.ts"
import type { FieldSlot, Plan } from "../plan.ts"
import type { Run } from "../run.ts"
import type { Walker } from "../walk.ts"
import type { Cells } from "./cells.ts"

/** What a column takes from plain text, as a number, so that choosing is a jump. All else is read by the definition. */
export const kinds = {
  other: 0,
  text: 1,
  hashed: 2,
  dropped: 3,
  integer: 4,
  long: 5,
  double: 6,
  decimal: 7,
  boolean: 8,
  timestamp: 9,
  date: 10
} as const

/** Is what the column takes a text, as it is or masked? */
export const isTextKind = (kind: number): boolean => kind !== kinds.other && kind <= kinds.dropped

/** How columns hold what is told as a number. */
export type NumberStorage = Exclude<Storage, "bytes" | "fixed">

const powersOfTen = Array.from({ length: 23 }, (_, i) => 10 ** i)

/** Puts fields that stand as text into the columns of the open row: what is plainly what its column wants at once, and all else by the definition. */
export class FieldColumns {
  readonly #builders: ColumnBuilders
  readonly #run: Run
  readonly #walker: Walker
  readonly #memo: HashMemo | null
  readonly #hexView: DataView
  readonly #cells: Cells
  /** By field: the kind of its column, its leaves, and of a decimal its scale and its largest value. */
  readonly #slots: ReadonlyArray<FieldSlot>
  readonly #kinds: Uint8Array
  readonly #leaves: Int32Array
  readonly #ends: Int32Array
  readonly #scales: Uint8Array
  readonly #limits: Float64Array
  readonly #storages: ReadonlyArray<NumberStorage>

  /** The number that `number` has read. */
  #mantissa = 0
  #digits = 0
  #fraction = 0

  constructor(plan: Plan, run: Run, walker: Walker, memo: HashMemo | null, builders: ColumnBuilders, cells: Cells) {
    this.#builders = builders
    this.#run = run
    this.#walker = walker
    this.#memo = memo
    const { buffer, byteOffset, byteLength } = memo?.hex ?? Buffer.alloc(0)
    this.#hexView = new DataView(buffer, byteOffset, byteLength)
    this.#cells = cells
    const slots = plan.root.slots.fields
    this.#slots = slots
    this.#kinds = new Uint8Array(slots.length)
    this.#leaves = new Int32Array(slots.length)
    this.#ends = new Int32Array(slots.length)
    this.#scales = new Uint8Array(slots.length)
    this.#limits = new Float64Array(slots.length)
    this.#storages = slots.map((_, i) => {
      const column = builders.nodes[i]?.column
      const storage = column?.kind === "leaf" ? storageOf(column.leaf) : "bytes"
      return storage === "bytes" || storage === "fixed" ? "int64" : storage
    })
    for (const [i, { node }] of slots.entries()) {
      const column = builders.nodes[i]
      const leaf = column?.column.kind === "leaf" ? column.column.leaf : null
      const { precision, scale } = leaf?.type === "decimal" ? leaf : { precision: 0, scale: 0 }
      this.#kinds[i] = node.kind === "leaf" && isUsual(node.reading) ? kindOf(node.type, node.policy, precision) : kinds.other
      this.#leaves[i] = column?.first ?? 0
      this.#ends[i] = column?.end ?? 0
      this.#scales[i] = scale
      this.#limits[i] = 10 ** precision - 1
    }
  }

  /** Kind of a field's column, one of {@link kinds}. */
  kindOf(field: number): number {
    return this.#kinds[field] ?? 0
  }

  /** How the column of a field holds its numbers. */
  storageOf(field: number): NumberStorage {
    return this.#storages[field] ?? "int64"
  }

  /** Have masked texts of this kind a hash in their place? */
  hashes(kind: number): boolean {
    return kind === kinds.hashed && this.#memo !== null
  }

  /** Path of a column in which texts are masked; null: in this field's they are not. */
  maskedColumn(field: number): string | null {
    const kind = this.kindOf(field)
    return kind === kinds.hashed || kind === kinds.dropped ? (this.#slots[field]?.node.column ?? "") : null
  }

  addNull(field: number): void {
    this.#builders.store.addNulls(this.#leaves[field] ?? 0, this.#ends[field] ?? 0, 0, 0)
  }

  /** Adds `bytes[start, end)` of the cells, of well-formed UTF-8, to the column of a field. */
  add(field: number, start: number, end: number): void {
    const { bytes, view } = this.#cells
    const { store } = this.#builders
    const leaf = this.#leaves[field] ?? 0
    const kind = this.#kinds[field] ?? 0
    if (!isTextKind(kind)) {
      const value = this.plainNumber(field, start, end)
      if (Number.isNaN(value)) this.#byDefinition(field, bytes.toString("utf8", start, end))
      else addNumber(store, leaf, this.storageOf(field), value)
    } else if (this.isNullWord(start, end)) this.#byDefinition(field, "null")
    else if (kind === kinds.text) store.addBytes(leaf, 0, bytes, view, start, end)
    else {
      this.#run.masked.push(this.maskedColumn(field) ?? "")
      if (!this.addHash(kind, leaf, start, end)) store.addNull(leaf, 0, 0)
    }
  }

  /** What that word means as a text, if anything, the definition knows. */
  isNullWord(start: number, end: number): boolean {
    return end - start === 4 && this.#cells.view.getInt32(start, true) === words.null
  }

  /** Adds the hash that stands in for a sensitive text. @returns false: none does */
  addHash(kind: number, leaf: number, start: number, end: number): boolean {
    if (!this.hashes(kind) || this.#memo === null) return false
    const slot = this.#memo.slotOf(this.#cells.bytes, start, end)
    this.#builders.store.addBytes(leaf, 0, this.#memo.hex, this.#hexView, slot * 64, slot * 64 + 64)
    return true
  }

  /** The number that `bytes[start, end)` of the cells plainly is in the column of a field that takes numbers, a boolean as 0 or 1. NaN: who knows. */
  plainNumber(field: number, start: number, end: number): number {
    const { bytes, view } = this.#cells
    switch (this.#kinds[field]) {
      case kinds.long:
        return this.#number(start, end) && this.#fraction === 0 && this.#digits <= 15 ? this.#mantissa : Number.NaN
      case kinds.integer: {
        if (!this.#number(start, end) || this.#fraction > 0) return Number.NaN
        const value = this.#mantissa
        return value <= 2147483647 && value >= -2147483648 ? value : Number.NaN
      }
      case kinds.double:
        return this.#number(start, end) && this.#digits <= 15 ? this.#mantissa / (powersOfTen[this.#fraction] ?? Number.NaN) : Number.NaN
      case kinds.decimal: {
        if (!this.#number(start, end)) return Number.NaN
        const missing = (this.#scales[field] ?? 0) - this.#fraction
        if (missing < 0 || this.#digits + missing > 15) return Number.NaN
        const value = this.#mantissa * (powersOfTen[missing] ?? Number.NaN)
        return Math.abs(value) <= (this.#limits[field] ?? 0) ? value : Number.NaN
      }
      case kinds.boolean:
        if (end - start === 4 && view.getInt32(start, true) === words.true) return 1
        return end - start === 5 && view.getInt32(start, true) === falsWord && bytes[start + 4] === 101 ? 0 : Number.NaN
      case kinds.timestamp:
        return readTimestamp(bytes, start, end)
      case kinds.date:
        return end - start === 10 ? readDay(bytes, start) : Number.NaN
      default:
        return Number.NaN
    }
  }

  #byDefinition(field: number, text: string): void {
    const slot = this.#slots[field]
    if (slot === undefined) throw new RangeError(`there is no field ${field}`)
    const value = this.#walker.read(this.#run, slot.node, text)
    this.#builders.nodes[field]?.shred(this.#builders.store, value, 0, 0)
  }

  /** Reads `bytes[start, end)` as a number of JSON without an exponent. */
  #number(start: number, end: number): boolean {
    const { bytes } = this.#cells
    const negative = bytes[start] === 45
    const first = negative ? start + 1 : start
    let mantissa = 0
    let at = first
    for (; at < end; at++) {
      const digit = (bytes[at] ?? 0) - 48
      if (digit < 0 || digit > 9) break
      mantissa = mantissa * 10 + digit
    }
    const whole = at - first
    if (whole === 0 || (whole > 1 && bytes[first] === 48)) return false
    let fraction = 0
    if (at < end) {
      if (bytes[at++] !== 46 || at === end) return false
      fraction = end - at
      for (; at < end; at++) {
        const digit = (bytes[at] ?? 0) - 48
        if (digit < 0 || digit > 9) return false
        mantissa = mantissa * 10 + digit
      }
    }
    this.#mantissa = negative ? -mantissa : mantissa
    this.#digits = whole + fraction
    this.#fraction = fraction
    return true
  }
}

const addNumber = (store: LeafStore, leaf: number, storage: NumberStorage, value: number): void => {
  if (storage === "int64") store.addSafeLong(leaf, 0, value)
  else if (storage === "int32") store.addInt(leaf, 0, value)
  else if (storage === "double") store.addDouble(leaf, 0, value)
  else store.addBoolean(leaf, 0, value === 1)
}

/** The first four bytes of `false` as a number, little endian. */
const falsWord = 0x736c6166

const kindOf = (type: string, policy: "hash" | "drop" | undefined, precision: number): number => {
  if (policy !== undefined) return type !== "text" ? kinds.other : policy === "hash" ? kinds.hashed : kinds.dropped
  switch (type) {
    case "text":
    case "integer":
    case "long":
    case "double":
    case "boolean":
    case "timestamp":
    case "date":
      return kinds[type]
    case "decimal":
      return precision <= 18 ? kinds.decimal : kinds.other
    default:
      return kinds.other
  }
}

/** Days since 1970 of `2024-02-06`; NaN: it is not in that form, or no such day. */
const readDay = (bytes: Uint8Array, start: number): number => {
  if (bytes[start + 4] !== 45 || bytes[start + 7] !== 45) return Number.NaN
  const year = two(bytes, start) * 100 + two(bytes, start + 2)
  const month = two(bytes, start + 5)
  const day = two(bytes, start + 8)
  // NaN compares as false.
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month) ? daysSinceEpoch(year, month, day) : Number.NaN
}
