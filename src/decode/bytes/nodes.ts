import type { ColumnBuilders } from "../../columns/builders.ts"
import { storageOf } from "../../columns/leaf-column.ts"
import type { ColumnNode } from "../../columns/shred.ts"
import { isUsual } from "../../contract/reading.ts"
import type { FieldSlot, Node, Plan, Slot, StructNode } from "../plan.ts"
import { type KeyStore, KeyTable } from "./keys.ts"
import { layout, respelled, type WalkMemory } from "./memory.ts"
import { giveUp } from "./scan.ts"

/** What a node holds, as a number, so that choosing is a jump. */
export const kinds = {
  /** Only the definition knows: its conversion, where it is a single value. */
  other: 0,
  text: 1,
  /** An integer of 32 bits. */
  integer: 2,
  long: 3,
  double: 4,
  boolean: 5,
  /** Of up to 18 digits. */
  decimal: 6,
  timestamp: 7,
  json: 8,
  struct: 9,
  list: 10,
  entries: 11,
  /** What a drop rule leaves out, and what the contract does not know. */
  drop: 12,
  unknown: 13
} as const

/** Words in four bytes as a number, little endian, and the two of an escaped quotation mark. */
export const words = { null: 0x6c6c756e, true: 0x65757274, escapedQuote: 0x225c } as const

/** What is done with a sensitive value. */
export const masks = { none: 0, hash: 1, drop: 2 } as const

/** Numbers that are known of a node: its place in `fields`, a cache line of 16 each. */
export const nodeField = {
  kind: 0,
  mask: 1,
  /** Definition level when everything above is there. */
  level: 2,
  /** How many lists enclose it. */
  lists: 3,
  /** Its leaves are `first` to before `end`. */
  first: 4,
  end: 5,
  /** How deep an object or list stands here in the record, which itself is 1. */
  depth: 6,
  /** Of a text where the text `null` is null: the node that is tallied then. 0: of any other. */
  nullText: 7,
  /** Of a struct: the key that came first the last time; -1: none yet. Of a decimal: how many digits it may have. */
  firstKey: 8,
  precision: 8,
  /** Of a list its element, of entries the struct of key and value. */
  element: 9,
  /** Of a struct: where its fields stand in `declared`, and how many there are. */
  declared: 10,
  declaredCount: 11,
  /** Digits behind the point. */
  scale: 12,
  /** The same column in a `ColumnBuilders`, see `nodeOf`. */
  column: 13,
  /** 1: a text, whole number or boolean that is not masked, nor a field of a record in which the text `null` may be null. */
  isPlain: 14,
  /** 1: whole numbers are stored in 32 bits. */
  isNarrow: 15
} as const

/** What is seldom needed of a node. */
export interface NodeDetails {
  /** What the definition follows; null where there is no column. */
  readonly node: Node | null
  /** What the key means to the definition; null for elements. */
  readonly slot: Slot | null
  /** Of a struct. */
  readonly keys: KeyTable | null
  /** Largest number of a decimal, as an integer. */
  readonly limit: number
}

/** Of keys that have no column so many are remembered, no longer than this. */
const mostOthers = 4096
const longestOther = 64

/** The plan with the columns that it fills, as numbers. Node 0 is the record. What keys mean is a node, too. */
export class Nodes {
  readonly fields: Int32Array
  /** By node: number of the last object in which its key was seen. On its own, since it is written for every key. */
  readonly seen: Int32Array
  readonly declared: Int32Array
  readonly details: Array<NodeDetails> = []
  /** How many of them are keys that the contract does not know. */
  unknowns = 0
  readonly #keys: KeyStore
  readonly #maxDepth: number
  readonly #hasNullText: boolean
  #nullTextNode = 0
  #declaredCount = 0
  #others = 0

  /** @param builders of any rows of the columns: only their shape is looked at; the record's fields are the first of them */
  constructor(plan: Plan, builders: ColumnBuilders, keys: KeyStore, maxDepth: number, memory: WalkMemory) {
    this.fields = memory.ints(layout.nodes, layout.nodesEnd)
    this.seen = memory.ints(layout.seen, layout.seenEnd)
    this.declared = memory.ints(layout.declared, layout.declaredEnd)
    this.#keys = keys
    this.#maxDepth = maxDepth
    this.#hasNullText = plan.conventions.nullText
    const below = builders.nodes.slice(0, plan.root.slots.fields.length)
    const column = { name: "", description: "", kind: "struct", fields: [] } as const
    this.#add(plan.root, null, { id: -1, column, depth: -1, lists: 0, first: 0, end: below.at(-1)?.end ?? 0, below, shred: () => {} })
  }

  detailsOf(id: number): NodeDetails {
    const details = this.details[id]
    if (details === undefined) throw new RangeError(`there is no node ${id}`)
    return details
  }

  #add(node: Node, slot: Slot | null, column: ColumnNode): number {
    // Every node stands in `declared` at most once, so that is large enough when this is.
    const most = (this.fields.length >> 4) - mostOthers
    if (this.details.length >= most) throw new RangeError(`the contract has more than the ${most} fields that there is room for`)
    const id = this.#reserve()
    // The depth of a leaf is that of an object in its place, which only counts where there is one.
    const isDeep = node.kind !== "leaf" && node.depth > this.#maxDepth
    const set = (which: number, value: number) => {
      this.fields[(id << 4) + which] = value
    }
    const kind = isDeep ? kinds.other : kindOf(node, column, this.#maxDepth)
    set(nodeField.kind, kind)
    // Of entries: may a drop rule's path go on into their keys?
    if (node.kind === "entries") set(nodeField.mask, node.state.length > 0 ? 1 : 0)
    else set(nodeField.mask, node.kind === "leaf" && node.policy !== undefined ? masks[node.policy] : masks.none)
    set(nodeField.level, column.depth)
    set(nodeField.lists, column.lists)
    set(nodeField.first, column.first)
    set(nodeField.end, column.end)
    set(nodeField.depth, node.depth)
    set(nodeField.nullText, node.kind === "leaf" && node.nullText ? this.#nullText() : 0)
    set(nodeField.column, column.id)
    set(nodeField.firstKey, -1)
    const isPlain = plainKinds.has(kind) && node.kind === "leaf" && node.policy === undefined && !(node.depth === 2 && this.#hasNullText)
    set(nodeField.isPlain, isPlain ? 1 : 0)
    set(nodeField.isNarrow, column.column.kind === "leaf" && storageOf(column.column.leaf) === "int32" ? 1 : 0)
    const decimal = column.column.kind === "leaf" && column.column.leaf.type === "decimal" ? column.column.leaf : { precision: 0, scale: 0 }
    set(nodeField.scale, decimal.scale)
    if (node.kind === "leaf") set(nodeField.precision, decimal.precision)
    const keys = node.kind === "struct" && !isDeep ? this.#struct(id, node, column.below) : null
    this.details[id] = { node, slot, keys, limit: 10 ** decimal.precision - 1 }
    if ((node.kind === "list" || node.kind === "entries") && !isDeep) {
      const element = column.below[0]
      if (element === undefined) throw new Error(`column ${column.column.name} has no element`)
      set(nodeField.element, this.#add(node.element, null, element))
    }
    return id
  }

  #struct(id: number, node: StructNode, columns: ReadonlyArray<ColumnNode>): KeyTable {
    const known = new Map<Slot, number>()
    const fieldOf = (slot: FieldSlot): number => {
      const column = columns.find(({ column }) => column.name === slot.name)
      if (column === undefined) throw new Error(`${slot.node.path} has no column`)
      return this.#add(slot.node, slot, column)
    }
    const ids = node.slots.fields.map((slot) => {
      const field = fieldOf(slot)
      known.set(slot, field)
      return field
    })
    this.declared.set(ids, this.#declaredCount)
    this.fields[(id << 4) + nodeField.declared] = this.#declaredCount
    this.fields[(id << 4) + nodeField.declaredCount] = ids.length
    this.#declaredCount += ids.length
    return new KeyTable(this.#keys, (key) => {
      const slot = node.slots.of(key)
      // Keys that have no column may be data. They get a part of the room, so that those that have one find theirs whatever came before.
      if (slot.is !== "field" && (this.#others >= mostOthers || key.length > longestOther)) throw giveUp
      const meaning = known.get(slot) ?? this.#other(slot)
      known.set(slot, meaning)
      const get = (which: number) => this.fields[(meaning << 4) + which] ?? 0
      return {
        meaning,
        about:
          get(nodeField.kind) +
          256 * get(nodeField.isPlain) +
          (node.slots.isRespelled(key) ? respelled : 0) +
          65536 * Math.max(0, get(nodeField.level)),
        leaf: get(nodeField.first),
        end: get(nodeField.end)
      }
    })
  }

  /** What is tallied where a text says `null`: one node for all. */
  #nullText(): number {
    if (this.#nullTextNode === 0) this.#nullTextNode = this.#reserve()
    return this.#nullTextNode
  }

  /** A key that has no column. */
  #other(slot: Slot): number {
    const id = this.#reserve()
    this.fields[(id << 4) + nodeField.kind] = slot.is === "drop" ? kinds.drop : kinds.unknown
    this.details[id] = { node: null, slot, keys: null, limit: 0 }
    this.#others++
    if (slot.is === "unknown") this.unknowns++
    return id
  }

  #reserve(): number {
    return this.details.push({ node: null, slot: null, keys: null, limit: 0 }) - 1
  }
}

const plainKinds: ReadonlySet<number> = new Set([kinds.text, kinds.integer, kinds.long, kinds.boolean])

const kindOf = (node: Node, { column }: ColumnNode, maxDepth: number): number => {
  switch (node.kind) {
    case "struct":
      return kinds.struct
    case "list":
      return kinds.list
    case "entries":
      return node.key.node.kind === "leaf" &&
        node.key.node.type === "text" &&
        node.key.node.policy === undefined &&
        node.element.depth <= maxDepth
        ? kinds.entries
        : kinds.other
    case "leaf":
      // What is written otherwise than it usually is.
      if (!isUsual(node.reading)) return kinds.other
      switch (node.type) {
        case "text":
        case "integer":
        case "long":
        case "double":
        case "boolean":
        case "timestamp":
        case "json":
          return kinds[node.type]
        case "decimal":
          return column.kind === "leaf" && column.leaf.type === "decimal" && column.leaf.precision <= 18 ? kinds.decimal : kinds.other
        default:
          return kinds.other
      }
  }
}
