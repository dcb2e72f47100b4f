import type { Contract } from "../contract/contract.ts"
import type { Convert } from "../contract/convert.ts"
import { type DropState, Drops } from "../contract/drops.ts"
import { type Field, type Fields, shapeOf } from "../contract/field.ts"
import { fold, snakeCase } from "../contract/names.ts"
import { needsNumberText, type Reading } from "../contract/reading.ts"
import type { LeafType } from "../record/column.ts"
import { driftKey } from "./drift.ts"

/** How a value is masked: by its keyed hash, or by nothing at all. */
export type MaskPolicy = "hash" | "drop"

interface NodeBase {
  /** `items[].price`: keys as the contract spells them, lists as `[]`. */
  readonly path: string
  /** `items.price`: names of columns. */
  readonly column: string
  /** How deep an object or list here would stand; the record itself is 1. */
  readonly depth: number
  readonly state: DropState
  /** What becomes of the value where it cannot be a column: set when a sensitive value is here or below. */
  readonly mask: MaskPolicy | undefined
}

export interface LeafNode extends NodeBase {
  readonly kind: "leaf"
  readonly type: LeafType["type"]
  readonly convert: Convert
  /** Raw records may carry every value as text, and null as the text `null`: at the top, and only there, that text is null. */
  readonly nullText: boolean
  readonly reading: Reading
  /** The column's own policy. */
  readonly policy: MaskPolicy | undefined
  /** Are sensitive keys masked inside of it, being JSON? Not where the column has a policy: it is masked, or kept, as a whole. */
  readonly masksInside: boolean
  /** What the column needs of a number's text: nothing, to tell whether it is an integer, or all of it. */
  readonly source: "none" | "integer" | "text"
}

export interface StructNode extends NodeBase {
  readonly kind: "struct"
  readonly slots: Slots
}

export interface ListNode extends NodeBase {
  readonly kind: "list"
  readonly element: Node
}

export interface EntriesNode extends NodeBase {
  readonly kind: "entries"
  /** An element that stands as an object already. */
  readonly element: StructNode
  readonly key: FieldSlot
  readonly value: FieldSlot
}

export type Node = LeafNode | StructNode | ListNode | EntriesNode

export interface FieldSlot {
  readonly is: "field"
  /** Name of the column. */
  readonly name: string
  readonly node: Node
  /** Number of the last object in which it was seen. */
  seen: number
}

/** What a key of a document means. */
export type Slot =
  | FieldSlot
  | { readonly is: "drop"; readonly rule: string }
  | { readonly is: "unknown"; readonly drift: string; readonly path: string; readonly mask: MaskPolicy | undefined }

export interface Plan {
  readonly root: StructNode
  /** See `Conventions` of the contract. */
  readonly conventions: { readonly nullText: boolean; readonly anyCase: boolean }
  readonly drops: Drops
  /** Folded keys of the sensitive fields, wherever they stand: what is rescued is masked under all of them. */
  readonly sensitiveKeys: ReadonlyMap<string, MaskPolicy>
  /**
   * Those of them that are masked in columns of JSON. There a key has to speak for itself: it does when the contract declares it sensitive in
   * more places than not. So `email` and `street` are masked, though the street of a shop is public, and `id` and `description` can be read.
   */
  readonly tellingKeys: ReadonlyMap<string, MaskPolicy>
}

/** What the decoder follows, made once from a contract. */
export const makePlan = (contract: Contract): Plan => {
  const drops = new Drops(contract.drops.filter((rule) => rule.from === "stage"))
  const uses = new Map<string, KeyUse>()
  const { nullText = false, anyCase = false } = contract.conventions ?? {}
  const conventions = { nullText, anyCase }
  const root = structNode(contract.fields, { path: "", column: "", depth: 1, state: drops.root, drops, uses, conventions })
  const sensitiveKeys = new Map<string, MaskPolicy>()
  const tellingKeys = new Map<string, MaskPolicy>()
  for (const [key, { policy, sensitive, plain }] of uses) {
    if (policy === undefined) continue
    sensitiveKeys.set(key, policy)
    if (sensitive > plain) tellingKeys.set(key, policy)
  }
  return { root, conventions, drops, sensitiveKeys, tellingKeys }
}

/** In how many places the contract declares a key, and the strictest policy among them. */
interface KeyUse {
  policy: MaskPolicy | undefined
  sensitive: number
  plain: number
}

const noteUse = (uses: Map<string, KeyUse>, keys: ReadonlyArray<string>, policy: MaskPolicy | undefined) => {
  for (const key of keys) {
    const before = uses.get(fold(key)) ?? { policy: undefined, sensitive: 0, plain: 0 }
    uses.set(fold(key), {
      policy: strictest([before.policy, policy]),
      sensitive: before.sensitive + (policy === undefined ? 0 : 1),
      plain: before.plain + (policy === undefined ? 1 : 0)
    })
  }
}

interface Place {
  readonly path: string
  readonly column: string
  readonly depth: number
  readonly state: DropState
  readonly drops: Drops
  readonly uses: Map<string, KeyUse>
  readonly conventions: Plan["conventions"]
}

const join = (path: string, key: string) => (path === "" ? key : `${path}.${key}`)

const memberPlace = (place: Place, key: string): Place => ({
  ...place,
  path: join(place.path, key),
  column: join(place.column, snakeCase(key)),
  depth: place.depth + 1,
  state: place.drops.child(place.state, key)
})

const elementPlace = (place: Place): Place => ({
  ...place,
  path: `${place.path}[]`,
  depth: place.depth + 1,
  state: place.drops.element(place.state)
})

/** @param keys of the field: its own, and those that it had before */
const nodeOf = (field: Field, place: Place, keys: ReadonlyArray<string>): Node => {
  const shape = shapeOf(field)
  const { path, column, depth, state } = place
  switch (shape.kind) {
    case "leaf": {
      const policy = shape.sensitive === "keep" ? undefined : shape.sensitive
      // What is kept is sensitive, but encrypted here: it tells nothing about the key elsewhere.
      if (shape.sensitive !== "keep") noteUse(place.uses, keys, policy)
      const type = shape.leaf.type
      const nullText = depth === 2 && type === "text" && place.conventions.nullText
      const masksInside = shape.sensitive === undefined
      return {
        kind: "leaf",
        path,
        column,
        depth,
        state,
        mask: policy,
        policy,
        masksInside,
        type,
        convert: shape.convert,
        nullText,
        reading: shape.reading,
        source: sourceNeed(type, shape.reading)
      }
    }
    case "document":
      noteUse(place.uses, keys, undefined)
      return structNode(shape.fields, place)
    case "list": {
      const element = nodeOf(shape.element, elementPlace(place), keys)
      return { kind: "list", path, column, depth, state, mask: element.mask, element }
    }
    case "entries": {
      noteUse(place.uses, keys, undefined)
      const element = structNode({ [shape.key[0]]: shape.key[1], [shape.value[0]]: shape.value[1] }, elementPlace(place))
      const slot = (key: string) => {
        const found = element.slots.of(key)
        // Both are fields of the element, one line above.
        if (found.is !== "field") throw new Error(`${path} has no ${key}`)
        return found
      }
      return {
        kind: "entries",
        path,
        column,
        depth,
        state,
        mask: element.mask,
        element,
        key: slot(shape.key[0]),
        value: slot(shape.value[0])
      }
    }
  }
}

const structNode = (fields: Fields, place: Place): StructNode => {
  const { path, column, depth, state } = place
  const { anyCase } = place.conventions
  const declared = new Map<string, FieldSlot>()
  for (const [key, field] of Object.entries(fields)) {
    const keys = [key, ...shapeOf(field).formerly]
    const slot: FieldSlot = { is: "field", name: snakeCase(key), node: nodeOf(field, memberPlace(place, key), keys), seen: 0 }
    for (const spelling of keys) declared.set(spelling, slot)
  }
  const nodes = [...new Set(declared.values())]
  const mask = strictest(nodes.map(({ node }) => node.mask))
  // A field that nobody declared, beside sensitive ones, is taken for sensitive: it may be one of them misspelt.
  const unknownMask = depth === 1 ? undefined : strictest(nodes.map(({ node }) => (node.kind === "leaf" ? node.mask : undefined)))
  const slots = new Slots(declared, anyCase, (key) => {
    const rule = place.drops.ruleFor(state, key)
    return rule !== null
      ? { is: "drop", rule }
      : { is: "unknown", drift: join(path, driftKey(key)), path: join(path, key), mask: unknownMask }
  })
  return { kind: "struct", path, column, depth, state, mask, slots }
}

/** Finds what a key means, and remembers it by its spelling. Keys can be data, so it remembers a bounded number. */
export class Slots {
  /** By every key that a field has, or had before, as the contract spells it. */
  readonly #declared: ReadonlyMap<string, FieldSlot>
  /** The same in small letters; null: case counts. */
  readonly #folded: ReadonlyMap<string, FieldSlot> | null
  readonly #other: (key: string) => Slot
  readonly #known = new Map<string, Slot>()

  constructor(declared: ReadonlyMap<string, FieldSlot>, anyCase: boolean, other: (key: string) => Slot) {
    this.#declared = declared
    this.#folded = anyCase ? new Map([...declared].map(([key, slot]) => [fold(key), slot])) : null
    this.#other = other
  }

  /** The fields that the contract declares, in its order. */
  get fields(): ReadonlyArray<FieldSlot> {
    return [...new Set(this.#declared.values())]
  }

  /** Is it a field's key in another case? */
  isRespelled(key: string): boolean {
    return this.#folded !== null && !this.#declared.has(key) && this.#folded.has(fold(key))
  }

  of(key: string): Slot {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const slot = this.#declared.get(key) ?? this.#folded?.get(fold(key)) ?? this.#other(key)
    if (this.#known.size < 4096 && key.length <= 200) this.#known.set(key, slot)
    return slot
  }
}

const sourceNeed = (type: LeafType["type"], reading: Reading): LeafNode["source"] =>
  type === "text" || type === "json" || type === "decimal" || needsNumberText(reading)
    ? "text"
    : type === "long" || type === "integer"
      ? "integer"
      : "none"

const strictest = (masks: ReadonlyArray<MaskPolicy | undefined>): MaskPolicy | undefined =>
  masks.includes("drop") ? "drop" : masks.includes("hash") ? "hash" : undefined
