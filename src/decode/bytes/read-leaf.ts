import type { ColumnBuilders } from "../../columns/builders.ts"
import type { LeafStore } from "../../columns/leaf-store.ts"
import { unfit } from "../../contract/convert.ts"
import { NumberText } from "../../contract/json.ts"
import type { HashMemo } from "../hash-memo.ts"
import type { LeafNode, Plan } from "../plan.ts"
import { type Run, shorten } from "../run.ts"
import { JsonCopier, type JsonKeys } from "./copy-json.ts"
import { cell, type WalkMemory } from "./memory.ts"
import { kinds, masks, type Nodes, nodeField, words } from "./nodes.ts"
import { giveUp, type Scanner } from "./scan.ts"
import { readTimestamp } from "./timestamp.ts"

const powersOfTen = Array.from({ length: 23 }, (_, i) => 10 ** i)

/**
 * Reads values of leaves from bytes into the store. Each function gives the position behind the value, or 0 when the value is not plainly what
 * its column wants: then nothing has been added, and it is the definition's to say what becomes of it.
 */
export class LeafReader {
  readonly #scanner: Scanner
  readonly #nodes: Nodes
  readonly #builders: ColumnBuilders
  readonly #store: LeafStore
  readonly #run: Run
  readonly #memo: HashMemo | null
  readonly #hexView: DataView
  readonly #copier: JsonCopier
  readonly #jsonKeys = new Map<number, JsonKeys>()
  readonly #memory: WalkMemory

  constructor(plan: Plan, scanner: Scanner, nodes: Nodes, builders: ColumnBuilders, run: Run, memo: HashMemo | null, memory: WalkMemory) {
    this.#scanner = scanner
    this.#nodes = nodes
    this.#builders = builders
    this.#store = builders.store
    this.#run = run
    this.#memo = memo
    this.#hexView =
      memo === null ? new DataView(new ArrayBuffer(0)) : new DataView(memo.hex.buffer, memo.hex.byteOffset, memo.hex.byteLength)
    this.#memory = memory
    this.#copier = new JsonCopier(plan, scanner, run, memory.cells[cell.maxDepth] ?? 0)
  }

  /** @param kind of the node, which is a leaf's */
  read(kind: number, node: number, at: number, escaped: number, repetition: number): number {
    switch (kind) {
      case kinds.text:
        return this.#text(node, at, escaped, repetition)
      case kinds.integer:
      case kinds.long:
      case kinds.double:
      case kinds.decimal:
      case kinds.boolean:
      case kinds.timestamp:
        return this.#scalar(kind, node, at, escaped, repetition)
      case kinds.json:
        return this.#json(node, at, escaped, repetition)
      default:
        return this.#other(node, at, escaped, repetition)
    }
  }

  /** By the definition's own conversion: a single value, as it stands, of a type or in a form that no path of bytes is made for. */
  #other(node: number, at: number, escaped: number, repetition: number): number {
    const scanner = this.#scanner
    const { node: defined } = this.#nodes.detailsOf(node)
    if (defined?.kind !== "leaf" || defined.policy !== undefined || defined.type === "json") return 0
    let end = at + 4
    let raw: string | NumberText | null = null
    if (!scanner.isNull(at)) {
      const c = scanner.bytes[at] ?? 0
      if (c === 34 || c === 92) {
        scanner.openingQuote(at, escaped)
        const from = at + 1 + escaped
        const close = scanner.special(from)
        if (!scanner.closes(close, escaped)) return 0
        raw = scanner.text(from, close)
        end = close + 1 + escaped
      } else if (c === 45 || (c >= 48 && c <= 57)) {
        end = scanner.number(at)
        raw = new NumberText(scanner.text(at, end))
      } else return 0
    }
    const value = defined.convert(raw)
    if (value === unfit) return 0
    const builders = this.#builders
    builders.nodeOf(this.#get(node, nodeField.column)).shred(builders.store, value, this.#get(node, nodeField.level), repetition)
    return end
  }

  #get(node: number, which: number): number {
    return this.#nodes.fields[(node << 4) + which] ?? 0
  }

  #null(node: number, repetition: number): void {
    this.#store.addNull(this.#get(node, nodeField.first), this.#get(node, nodeField.level), repetition)
  }

  /** Adds a text, masked where it is sensitive. */
  #addText(node: number, bytes: Uint8Array, view: DataView, start: number, end: number, repetition: number): void {
    const store = this.#store
    const leaf = this.#get(node, nodeField.first)
    const mask = this.#get(node, nodeField.mask)
    if (mask === masks.none) {
      store.addBytes(leaf, repetition, bytes, view, start, end)
      return
    }
    this.#memory.tally(node)
    if (mask === masks.drop || this.#memo === null) this.#null(node, repetition)
    else {
      const slot = this.#memo.slotOf(bytes, start, end)
      store.addBytes(leaf, repetition, this.#memo.hex, this.#hexView, slot * 64, slot * 64 + 64)
    }
  }

  #text(node: number, at: number, escaped: number, repetition: number): number {
    const scanner = this.#scanner
    const c = scanner.bytes[at]
    if (escaped === 0 ? c === 34 : c === 92 && scanner.bytes[at + 1] === 34) {
      const end = scanner.string(at + 1 + escaped, escaped)
      const { textBytes, textView, textStart, textEnd } = scanner
      const nullText = textEnd - textStart === 4 ? this.#get(node, nodeField.nullText) : 0
      if (nullText > 0 && textView.getInt32(textStart, true) === words.null) {
        this.#memory.tally(nullText)
        this.#null(node, repetition)
      } else this.#addText(node, textBytes, textView, textStart, textEnd, repetition)
      return end
    }
    // Numbers and words stand as they were written.
    if (c === 123 || c === 91) return 0
    const end = scanner.skip(at, escaped, 0, 0)
    this.#addText(node, scanner.bytes, scanner.view, at, end, repetition)
    return end
  }

  /** Behind the text at `from` if it is empty or says `null`: 0 if it is anything else. */
  #emptyText(from: number, escaped: number): number {
    const scanner = this.#scanner
    if (scanner.closes(from, escaped)) return from + 1 + escaped
    return scanner.isNull(from) && scanner.closes(from + 4, escaped) ? from + 5 + escaped : 0
  }

  /** A number, a boolean or a timestamp, as such or as text; text that is empty or says `null` is null. */
  #scalar(kind: number, node: number, at: number, escaped: number, repetition: number): number {
    const scanner = this.#scanner
    const isText = scanner.bytes[at] === 34 || scanner.bytes[at] === 92
    if (isText) scanner.openingQuote(at, escaped)
    const from = isText ? at + 1 + escaped : at
    const empty = isText ? this.#emptyText(from, escaped) : 0
    if (empty > 0) {
      this.#null(node, repetition)
      return empty
    }
    const end =
      kind === kinds.boolean
        ? this.#boolean(node, from, isText, escaped, repetition)
        : kind === kinds.timestamp
          ? this.#timestamp(node, from, isText, escaped, repetition)
          : this.#number(node, from, isText, escaped, repetition)
    return end > 0 && isText ? end + 1 + escaped : end
  }

  // What follows gives the position behind the value itself; what is text must end there.

  #number(node: number, from: number, isText: boolean, escaped: number, repetition: number): number {
    const scanner = this.#scanner
    const first = scanner.bytes[from] ?? 0
    if ((first < 48 || first > 57) && first !== 45) return 0
    const end = scanner.number(from)
    if (isText && !scanner.closes(end, escaped)) return 0
    return this.#addNumber(node, from, end, repetition) ? end : 0
  }

  /** Adds the number that the scanner has read. */
  #addNumber(node: number, start: number, end: number, repetition: number): boolean {
    const { mantissa, digits, fraction, negative, exponent } = this.#scanner
    if (exponent) return false
    const kind = this.#get(node, nodeField.kind)
    let value = negative ? -mantissa : mantissa
    if (kind === kinds.double) {
      if (digits <= 15 && fraction <= 22) value /= powersOfTen[fraction] ?? Number.NaN
      else value = Number(this.#scanner.bytes.toString("latin1", start, end))
      if (!Number.isFinite(value)) return false
    } else if (kind === kinds.decimal) {
      const missing = this.#get(node, nodeField.scale) - fraction
      if (missing < 0 || digits + missing > 15) return false
      value *= powersOfTen[missing] ?? Number.NaN
      if (!(Math.abs(value) <= this.#nodes.detailsOf(node).limit)) return false
    } else {
      if (fraction > 0 || digits > 15) return false
      if (kind === kinds.integer && (value > 2147483647 || value < -2147483648)) return false
    }
    const mask = this.#get(node, nodeField.mask)
    if (mask !== masks.none) {
      // The hash is of the value's own text.
      if (mask === masks.hash && (kind === kinds.double || kind === kinds.decimal || value === 0)) return false
      this.#addText(node, this.#scanner.bytes, this.#scanner.view, start, end, repetition)
      return true
    }
    const leaf = this.#get(node, nodeField.first)
    if (kind === kinds.double) this.#store.addDouble(leaf, repetition, value)
    else if (this.#get(node, nodeField.isNarrow) === 1) this.#store.addInt(leaf, repetition, value)
    else this.#store.addSafeLong(leaf, repetition, value)
    return true
  }

  #boolean(node: number, from: number, isText: boolean, escaped: number, repetition: number): number {
    const scanner = this.#scanner
    const isTrue = scanner.isTrue(from)
    const end = isTrue ? from + 4 : scanner.isFalse(from) ? from + 5 : 0
    if (this.#get(node, nodeField.mask) !== masks.none || end === 0 || (isText && !scanner.closes(end, escaped))) return 0
    this.#store.addBoolean(this.#get(node, nodeField.first), repetition, isTrue)
    return end
  }

  #timestamp(node: number, from: number, isText: boolean, escaped: number, repetition: number): number {
    const scanner = this.#scanner
    if (!isText || this.#get(node, nodeField.mask) !== masks.none) return 0
    const end = scanner.special(from)
    const micros = scanner.closes(end, escaped) ? readTimestamp(scanner.bytes, from, end) : Number.NaN
    if (Number.isNaN(micros)) return 0
    this.#store.addSafeLong(this.#get(node, nodeField.first), repetition, micros)
    return end
  }

  #json(node: number, at: number, escaped: number, repetition: number): number {
    const scanner = this.#scanner
    const { bytes } = scanner
    let from = at
    let inner = escaped
    if (bytes[at] === 34 && escaped === 0) {
      from = scanner.past(at + 1, 1)
      inner = 1
      const end = scanner.past(scanner.isNull(from) ? from + 4 : from, 1)
      if (bytes[end] === 34) {
        this.#null(node, repetition)
        return end + 1
      }
    }
    if (bytes[from] !== 123 && bytes[from] !== 91) return 0
    const { drops } = this.#run
    const dropped = drops.length
    try {
      let end = this.#copier.copy(this.#keysOf(node), from, inner, this.#get(node, nodeField.depth))
      if (inner !== escaped) {
        end = scanner.past(end, 1)
        if (bytes[end++] !== 34) throw giveUp
      }
      const { out, view, length } = this.#copier
      this.#addText(node, out, view, 0, length, repetition)
      return end
    } catch (thrown) {
      if (thrown !== giveUp) throw thrown
      shorten(drops, dropped)
      return 0
    }
  }

  #keysOf(node: number): JsonKeys {
    const known = this.#jsonKeys.get(node)
    if (known !== undefined) return known
    const { state, masksInside } = this.#nodes.detailsOf(node).node as LeafNode // of kind json
    const keys = this.#copier.keysAt(state, masksInside)
    this.#jsonKeys.set(node, keys)
    return keys
  }
}
