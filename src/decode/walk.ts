import { trimmed, unfit } from "../contract/convert.ts"
import { isObject, Members, members, readJson } from "../contract/json.ts"
import { fold } from "../contract/names.ts"
import type { Value } from "../record/column.ts"
import type { Keeper } from "./keep.ts"
import type { Masker } from "./mask.ts"
import type { EntriesNode, LeafNode, ListNode, Node, Plan, Slot, StructNode } from "./plan.ts"
import { firstOfSeveral, type Run } from "./run.ts"

/** Rows inherit nothing: a record that lacks a field called `constructor` has null there. */
const bare: object = Object.create(null)

/** Walks a JSON value along the plan and gives the values of its columns. What does not fit is told to the run; nothing throws. */
export class Walker {
  readonly #plan: Plan
  readonly #keeper: Keeper
  readonly #masker: Masker
  readonly #maxDepth: number
  readonly #keepUnknown: boolean

  constructor(plan: Plan, keeper: Keeper, masker: Masker, maxDepth: number, keepUnknown: boolean) {
    this.#plan = plan
    this.#keeper = keeper
    this.#masker = masker
    this.#maxDepth = maxDepth
    this.#keepUnknown = keepUnknown
  }

  /** The record itself: its columns by name; null when it is no object. */
  record(run: Run, raw: unknown): { readonly [name: string]: Value } | null {
    return this.#struct(run, this.#plan.root, raw)
  }

  read(run: Run, node: Node, raw: unknown): Value {
    switch (node.kind) {
      case "leaf":
        return this.#leaf(run, node, raw)
      case "struct":
        return typeof raw === "string" ? this.#document(run, node, raw) : this.#struct(run, node, raw)
      case "list":
        return typeof raw === "string" ? this.#document(run, node, raw) : this.#list(run, node, raw)
      case "entries":
        return typeof raw === "string" ? this.#document(run, node, raw) : this.#entries(run, node, raw)
    }
  }

  #leaf(run: Run, node: LeafNode, raw: unknown): Value {
    if (raw === null || raw === undefined) return null
    if (typeof raw === "number") {
      if (node.source === "text") run.needText()
      else if (node.source === "integer") run.needInteger()
    }
    if (raw === "null" && node.nullText) {
      run.conventions.push("nullText")
      return null
    }
    const value = node.type === "json" ? this.#json(run, node, raw) : node.convert(raw)
    if (value === unfit) return this.#rescue(run, node, raw)
    if (node.policy === undefined || value === null) return value
    run.masked.push(node.column)
    return node.policy === "hash" ? this.#masker.hash(String(value), node.reading.caseCounts) : null
  }

  #json(run: Run, node: LeafNode, raw: unknown): Value {
    if (typeof raw !== "string") return this.#keeper.column(run, node, raw)
    if (trimmed(raw) === "") return null
    const read = readJson(raw, this.#maxDepth - node.depth + 1)
    if (!("value" in read)) {
      if (read.fault === "deep") run.tooDeep ??= node.path
      return this.#keeper.column(run, node, raw)
    }
    if (read.value === null) return null
    const exact = run.exact
    run.exact = true
    const text = this.#keeper.column(run, node, read.value)
    run.exact = exact
    return text
  }

  /** @param raw anything but text */
  #struct(run: Run, node: StructNode, raw: unknown): { readonly [name: string]: Value } | null {
    if (raw === null || raw === undefined) return null
    if (!isObject(raw)) return this.#rescue(run, node, raw)
    if (this.#tooDeep(run, node)) return null
    const out: { [name: string]: Value } = Object.create(bare)
    const object = ++run.objects
    if (raw instanceof Map) for (const [key, value] of lastSpellings(node, raw, object)) this.#member(run, node, out, object, key, value)
    else {
      const plain: { readonly [key: string]: unknown } = raw as { readonly [key: string]: unknown } // isObject, and not a Map
      let isFirst = true
      for (const key in plain) {
        // Keys that look like integers stand first here, wherever they were written.
        if (isFirst) run.needOrder(key)
        isFirst = false
        this.#member(run, node, out, object, key, plain[key])
        if (run.needExact && !run.exact) break
      }
    }
    return out
  }

  #member(run: Run, node: StructNode, out: { [name: string]: Value }, object: number, key: string, value: unknown): void {
    const slot = node.slots.of(key)
    switch (slot.is) {
      case "field":
        // Two spellings of one field: which came last, JSON.parse does not tell.
        if (slot.seen === object && !run.exact) run.needExact = true
        slot.seen = object
        if (this.#plan.conventions.anyCase && !run.isRespelled) run.isRespelled = node.slots.isRespelled(key)
        out[slot.name] = this.read(run, slot.node, value)
        return
      case "drop":
        run.drops.push(slot.rule)
        this.#keeper.checkDepth(run, value, node.depth + 1, node.path)
        return
      case "unknown":
        this.unknown(run, node, slot, key, value)
    }
  }

  /** Tells of a member that the contract does not know. */
  unknown(run: Run, node: StructNode, slot: Slot & { readonly is: "unknown" }, key: string, value: unknown): void {
    run.drift.push(slot.drift)
    const depth = node.depth + 1
    if (!this.#keepUnknown || value === null) {
      this.#keeper.checkDepth(run, value, depth, slot.drift)
      return
    }
    this.#keepUnknownAs(run, node, slot, key, value, run.here(slot.path).toWellFormed())
  }

  /** Keeps a value of the record under a name of its own: its field has another one. */
  lost(run: Run, key: string, name: string, value: string): void {
    const { root } = this.#plan
    const slot = root.slots.of(key)
    if (slot.is === "field") this.#rescue(run, slot.node, value, name)
    else if (slot.is === "unknown" && this.#keepUnknown) this.#keepUnknownAs(run, root, slot, key, value, name)
  }

  #keepUnknownAs(run: Run, node: StructNode, slot: Slot & { readonly is: "unknown" }, key: string, value: unknown, name: string): void {
    const state = this.#plan.drops.child(node.state, key)
    const mask = slot.mask ?? this.#plan.sensitiveKeys.get(fold(key))
    run.kept.push(`${JSON.stringify(name)}:${this.#keeper.rescued(run, value, state, node.depth + 1, slot.drift, mask)}`)
  }

  #list(run: Run, node: ListNode, raw: unknown): Value {
    if (raw === null || raw === undefined) return null
    if (!Array.isArray(raw)) return this.#rescue(run, node, raw)
    if (this.#tooDeep(run, node) || !run.addElements(raw.length, node.path)) return null
    const out: Array<Value> = []
    const at = run.indexes.length
    for (let i = 0; i < raw.length; i++) {
      run.indexes[at] = i
      out.push(this.read(run, node.element, raw[i]))
    }
    run.indexes.length = at
    return out
  }

  #entries(run: Run, node: EntriesNode, raw: unknown): Value {
    if (raw === null || raw === undefined) return null
    const isList = Array.isArray(raw)
    if (!isList && !isObject(raw)) return this.#rescue(run, node, raw)
    if (this.#tooDeep(run, node)) return null
    if (isList && !run.addElements(raw.length, node.path)) return null
    const out: Array<Value> = []
    const at = run.indexes.length
    if (isList) {
      for (let i = 0; i < raw.length; i++) {
        run.indexes[at] = i
        out.push(this.read(run, node.element, raw[i]))
      }
    } else {
      if (!(raw instanceof Map)) run.needOrder(firstOfSeveral(Object.keys(raw)))
      for (const [key, value] of members(raw)) {
        const rule = this.#plan.drops.ruleFor(node.state, key)
        if (rule !== null) {
          run.drops.push(rule)
          this.#keeper.checkDepth(run, value, node.depth + 1, node.path)
          continue
        }
        if (!run.addElements(1, node.path)) break
        run.indexes[at] = out.length
        out.push({
          [node.key.name]: this.read(run, node.key.node, key),
          [node.value.name]: this.read(run, node.value.node, value)
        })
      }
    }
    run.indexes.length = at
    return out
  }

  /** A document that stands as text. Some systems send most of theirs so. */
  #document(run: Run, node: StructNode | ListNode | EntriesNode, raw: string): Value {
    const text = trimmed(raw)
    if (text === "" || text === "null") return null
    const opens = text.charCodeAt(0)
    const fits = node.kind === "struct" ? opens === 123 : node.kind === "list" ? opens === 91 : opens === 123 || opens === 91
    // Within what is read exactly, so is this at once: to try the fast way first would double the time with every text in a text.
    if (fits && run.exact) return this.#exactly(run, node, raw)
    const parsed = fits ? parse(raw) : undefined
    if (parsed === undefined) return this.#rescue(run, node, raw)
    const outer = run.enter(raw)
    const mark = run.mark()
    const value = this.read(run, node, parsed)
    const { needExact } = run
    if (needExact) run.undo(mark)
    run.leave(outer)
    return needExact ? this.#exactly(run, node, raw) : value
  }

  /** The same, once `JSON.parse` is not exact enough. */
  #exactly(run: Run, node: StructNode | ListNode | EntriesNode, raw: string): Value {
    const read = readJson(raw, this.#maxDepth - node.depth + 1)
    if (!("value" in read)) {
      if (read.fault === "deep") run.tooDeep ??= node.path
      else if (read.fault === "many") run.tooMany ??= node.path
      else return this.#rescue(run, node, raw)
      return null
    }
    const outer = run.enter(raw)
    run.exact = true
    const value = this.read(run, node, read.value)
    run.leave(outer)
    return value
  }

  #tooDeep(run: Run, node: Node): boolean {
    if (node.depth <= this.#maxDepth) return false
    run.tooDeep ??= node.path
    return true
  }

  /** @param name of a value that is not its field's */
  #rescue(run: Run, node: Node, raw: unknown, name?: string): null {
    run.rescued.push(name ?? node.path)
    const text = this.#keeper.rescued(run, raw, node.state, node.depth, node.path, node.mask)
    run.kept.push(`${JSON.stringify(name ?? run.here(node.path))}:${text}`)
    return null
  }
}

/** The members of an object, of a field in several spellings only the last. */
const lastSpellings = (node: StructNode, raw: Map<string, unknown>, object: number): Iterable<readonly [string, unknown]> => {
  let twice = false
  for (const key of raw.keys()) {
    const slot = node.slots.of(key)
    if (slot.is !== "field") continue
    if (slot.seen === object) twice = true
    slot.seen = object
  }
  if (!twice) return raw
  const last = new Map<string, readonly [string, unknown]>()
  const lastAt = raw instanceof Members ? raw.lastAt : undefined
  const inOrder = lastAt === undefined ? raw : [...raw].sort(([a], [b]) => (lastAt.get(a) ?? 0) - (lastAt.get(b) ?? 0))
  for (const [key, value] of inOrder) {
    const slot = node.slots.of(key)
    last.set(slot.is === "field" ? `field ${slot.name}` : `other ${key}`, [key, value])
  }
  return last.values()
}

/** What the text holds; undefined when it is not JSON. */
export const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
