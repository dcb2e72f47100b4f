import { maxElements as mostElements } from "../../run.ts"
import type { Kernel, KernelExports, KernelImports } from "../kernel.ts"
import { keyField } from "../keys.ts"
import { cell, layout, WalkMemory } from "../memory.ts"
import { kinds, nodeField, words } from "../nodes.ts"
import { makeAppend } from "./append.ts"
import { makeLeaves } from "./leaves.ts"
import { makeScan } from "./scan.ts"

// Constants of this module: see leaves.ts.
const {
  first: nodeFirst,
  end: nodeEnd,
  depth: nodeDepth,
  firstKey: nodeFirstKey,
  declaredCount: nodeDeclaredCount,
  declared: nodeDeclared,
  level: nodeLevel,
  element: nodeElement,
  lists: nodeLists,
  kind: nodeKind,
  isPlain: nodeIsPlain
} = nodeField
const { length: keyLength, next: keyNext, meaning: keyMeaning, about: keyAbout, leaf: keyLeaf, end: keyEnd } = keyField
const { drop: dropKind, other: otherKind, struct: structKind } = kinds
const { null: nullWord } = words
const maxElements = mostElements

// Where things lie, in units of their width.
const entriesAt = layout.entries >> 2
const wideAt = layout.wide >> 3
const narrowAt = layout.narrow >> 2
const nodesAt = layout.nodes >> 2
const seenAt = layout.seen >> 2
const declaredAt = layout.declared >> 2
const objectsAt = (layout.cells >> 2) + cell.objects
const afterAt = (layout.cells >> 2) + cell.after
const talliesDriftAt = (layout.cells >> 2) + cell.talliesDrift
const elementsAt = (layout.cells >> 2) + cell.elements
const openListsAt = (layout.cells >> 2) + cell.openLists
const keysAt = (layout.cells >> 2) + cell.keys
const indexesAt = (layout.cells >> 2) + cell.indexes

/** As many list indexes as there are cells for. */
const mostLists = 32

/**
 * The walk over a record's bytes in TypeScript, for machines without SIMD: `kernel.as` function by function, over the same memory and with the
 * same ways out. It is written the way V8 makes the shortest code of: functions over arrays that are constants to it, positions that it can see are
 * integers (`| 0`), numbers instead of exceptions. That is a third faster than the same walk in methods that find their arrays in fields.
 */
export const makeScalarKernel = (): Kernel => {
  const memory = new WalkMemory()
  return { memory, special: null, start: (js) => start(memory.buffer, js) }
}

/**
 * The first of this thread; null: there has been one. Arrays are constants to V8 as long as there is one kernel. With two, each takes twice as long,
 * which is more than the `ByteWalker` alone does.
 */
export const makeFirstScalarKernel = (): Kernel | null => {
  if (wasMade) return null
  wasMade = true
  return makeScalarKernel()
}

let wasMade = false

const start = (buffer: ArrayBuffer, js: KernelImports): KernelExports => {
  const scan = makeScan(buffer)
  const append = makeAppend(buffer, js.grow)
  const { byte, word, past, skip } = scan
  const { addNulls, commit } = append
  const { tally, plain, leaf } = makeLeaves(buffer, scan, append, js.hash)
  const ints = new Int32Array(buffer)
  const doubles = new Float64Array(buffer)
  const view = new DataView(buffer)
  const { find } = js

  const int = (at: number): number => ints[at] ?? 0
  const field = (node: number, which: number): number => int((nodesAt + (node << 4) + which) | 0)
  const handOver = (node: number, at: number, escaped: number, repetition: number): number => js.value(node, at, escaped, repetition) | 0

  /** Does the pattern of a key stand at `at`? See `KeyStore`. */
  const matches = (key: number, at: number): boolean => {
    const e = (entriesAt + (key << 3)) | 0
    const length = int((e + keyLength) | 0)
    const first = int(e)
    if (length < 8) {
      const pattern = (narrowAt + first) | 0
      return word(at) === int(pattern) && word((at + length - 4) | 0) === int((pattern + 1) | 0)
    }
    let pattern = (wideAt + first) | 0
    const last = (at + length - 8) | 0
    for (let position = at | 0; position < last; position = (position + 8) | 0) {
      if (view.getFloat64(position, true) !== doubles[pattern]) return false
      pattern = (pattern + 1) | 0
    }
    return view.getFloat64(last, true) === doubles[pattern]
  }

  /** Null everything below a node. @param level definition level: how much is there */
  const nulls = (node: number, level: number, repetition: number): boolean =>
    addNulls(field(node, nodeFirst), field(node, nodeEnd), level, repetition)

  /** Walks the members of an object. @param start behind its brace @returns the position behind it */
  const struct = (node: number, start: number, escaped: number, repetition: number): number => {
    const depth = field(node, nodeDepth)
    const object = (int(objectsAt) + 1) | 0
    ints[objectsAt] = object
    const quote = (34 + 58 * escaped) | 0
    let found = 0
    let before = -1
    let all = 0
    let at = past(start, escaped) | 0
    if (byte(at) === 125) {
      // Nothing at all: not a record.
      if (depth === 1) return -1
      at = (at + 1) | 0
    } else
      for (;;) {
        let key = (before < 0 ? field(node, nodeFirstKey) : int((entriesAt + (before << 3) + keyNext) | 0)) | 0
        // A key is known by its pattern in one of two ways of quoting: it has to be the one that stands here.
        if (key >= 0 && byte(at) === quote && matches(key, at)) at = (at + int((entriesAt + (key << 3) + keyLength) | 0)) | 0
        else {
          key = find(node, before, at, escaped) | 0
          if (key < 0) return -1
          at = past(int(afterAt), escaped) | 0
        }
        before = key
        const e = (entriesAt + (key << 3)) | 0
        const member = int((e + keyMeaning) | 0)
        const seen = (seenAt + member) | 0
        // Of a key that comes twice the last counts, and that is known too late.
        if (int(seen) === object) return -1
        ints[seen] = object
        const about = int((e + keyAbout) | 0)
        const kind = about & 255
        all = all | about
        if (kind < dropKind) {
          found = (found + 1) | 0
          const first = word(at)
          const leaf = int((e + keyLeaf) | 0)
          if (first === nullWord && kind !== otherKind) {
            if (!addNulls(leaf, int((e + keyEnd) | 0), about >>> 16, repetition)) return -1
            at = (at + 4) | 0
          } else {
            const end = ((about & 256) !== 0 ? plain(kind, leaf, first, at, escaped, repetition) : 0) | 0
            at = (end !== 0 ? end : value(member, past(at, escaped), escaped, repetition)) | 0
            if (at < 0) return -1
          }
        } else {
          at = past(at, escaped) | 0
          const isTallied = kind === dropKind || int(talliesDriftAt) !== 0
          if (isTallied ? !tally(member) : handOver(member, at, escaped, repetition) < 0) return -1
          at = skip(at, escaped, (depth + 1) | 0) | 0
          if (at < 0) return -1
        }
        let c = byte(at)
        if (c !== 44 && c !== 125) {
          at = past(at, escaped) | 0
          c = byte(at)
        }
        at = (at + 1) | 0
        if (c === 125) break
        if (c !== 44) return -1
      }
    ints[keysAt] = int(keysAt) | all
    const count = field(node, nodeDeclaredCount)
    if (found < count) {
      const declared = (declaredAt + field(node, nodeDeclared)) | 0
      for (let i = 0; i < count; i = (i + 1) | 0) {
        const member = int((declared + i) | 0)
        if (int((seenAt + member) | 0) !== object && !nulls(member, field(member, nodeLevel), repetition)) return -1
      }
    }
    return at
  }

  const countElement = (): boolean => {
    const count = (int(elementsAt) + 1) | 0
    ints[elementsAt] = count
    return count <= maxElements
  }

  /** Walks the elements of a list. @param start behind its bracket */
  const list = (node: number, start: number, escaped: number, repetition: number): number => {
    let at = past(start, escaped) | 0
    if (byte(at) === 93) return nulls(node, (field(node, nodeLevel) + 1) | 0, repetition) ? (at + 1) | 0 : -1
    const element = field(node, nodeElement)
    const lists = field(node, nodeLists)
    const open = int(openListsAt)
    if (open >= mostLists) return -1
    ints[openListsAt] = (open + 1) | 0
    const index = (indexesAt + open) | 0
    let repeated = repetition | 0
    for (let i = 0; ; i = (i + 1) | 0) {
      if (!countElement()) return -1
      ints[index] = i
      at = value(element, at, escaped, repeated) | 0
      if (at < 0) return -1
      repeated = (lists + 1) | 0
      at = past(at, escaped) | 0
      const c = byte(at)
      at = (at + 1) | 0
      if (c === 93) {
        ints[openListsAt] = open
        return at
      }
      if (c !== 44) return -1
      at = past(at, escaped) | 0
    }
  }

  const value = (node: number, at: number, escaped: number, repetition: number): number => {
    const kind = field(node, nodeKind)
    const first = word(at)
    if (first === nullWord && kind !== otherKind) return nulls(node, field(node, nodeLevel), repetition) ? (at + 4) | 0 : -1
    if (kind < structKind) {
      const isPlain = field(node, nodeIsPlain) !== 0
      let end = (isPlain ? plain(kind, field(node, nodeFirst), first, at, escaped, repetition) : 0) | 0
      if (end === 0) end = leaf(kind, node, at, escaped, repetition) | 0
      return end !== 0 ? end : handOver(node, at, escaped, repetition)
    }
    const c = first & 255
    if (c === 123 && kind === structKind) return struct(node, (at + 1) | 0, escaped, repetition) | 0
    if (c === 91 && kind !== structKind) return list(node, (at + 1) | 0, escaped, repetition) | 0
    return (c === 34 && escaped === 0 ? document(node, kind, at, repetition) : handOver(node, at, escaped, repetition)) | 0
  }

  /** A document that stands as text. Some systems send most of theirs so. */
  const document = (node: number, kind: number, at: number, repetition: number): number => {
    const inner = past((at + 1) | 0, 1) | 0
    const c = byte(inner)
    let end = inner | 0
    if (c === 34 || word(inner) === nullWord) {
      if (c !== 34) end = (end + 4) | 0
      if (!nulls(node, field(node, nodeLevel), repetition)) return -1
    } else if (c === 123 && kind === structKind) end = struct(node, (inner + 1) | 0, 1, repetition) | 0
    else if (c === 91 && kind !== structKind) end = list(node, (inner + 1) | 0, 1, repetition) | 0
    else return handOver(node, at, 0, repetition)
    if (end < 0) return -1
    end = past(end, 1) | 0
    return byte(end) === 34 ? (end + 1) | 0 : -1
  }

  return { mark: () => {}, commit, record: (start) => struct(0, (start + 1) | 0, 0, 0) }
}
