import type { ColumnBuilders } from "../../columns/builders.ts"
import { readJson } from "../../contract/json.ts"
import { add, type DecodeCounts } from "../../record/report.ts"
import { maxDriftPaths } from "../drift.ts"
import type { HashMemo } from "../hash-memo.ts"
import type { Plan } from "../plan.ts"
import { maxElements, type Run, shorten } from "../run.ts"
import type { Walker } from "../walk.ts"
import { EntryRules, keyCameBefore } from "./entry-keys.ts"
import { KeyStore, keyField } from "./keys.ts"
import { cell, layout, type WalkMemory } from "./memory.ts"
import { kinds, Nodes, nodeField, words } from "./nodes.ts"
import { LeafReader } from "./read-leaf.ts"
import { giveUp, type Scanner } from "./scan.ts"

/** Paths that so many kinds of unknown keys can have. */
const fewUnknowns = maxDriftPaths / 2 - 1

/**
 * Walks a record's bytes along the plan and puts its values into the columns' leaves, levels and all, in one pass. It only accepts, or gives
 * up: a value that is not plainly what its column wants is read by the definition and put in its place; so is a whole field of the record
 * when that cannot be done in its middle; and when the record itself is odd, {@link giveUp} is thrown, and all of it is the definition's.
 */
export class ByteWalker {
  /** Paths of the values that were read by the definition in the record at hand. */
  readonly handedOver: Array<string> = []
  readonly nodes: Nodes
  readonly keys: KeyStore
  readonly #scanner: Scanner
  readonly #run: Run
  readonly #walker: Walker
  readonly #leaves: LeafReader
  readonly #builders: ColumnBuilders
  readonly #memory: WalkMemory
  readonly #entryRules: EntryRules
  readonly #maxDepth: number
  readonly #keepUnknown: boolean
  /** Where the field of the record at hand began. */
  readonly #mark = { drops: 0, rescued: 0, drift: 0, masked: 0, kept: 0, elements: 0, conventions: 0, isRespelled: false }

  /** @param builders takes the rows; their store and the scanner's page lie in `memory` */
  constructor(
    plan: Plan,
    scanner: Scanner,
    run: Run,
    walker: Walker,
    memo: HashMemo | null,
    builders: ColumnBuilders,
    memory: WalkMemory,
    settings: { readonly maxDepth: number; readonly keepUnknown: boolean }
  ) {
    this.#scanner = scanner
    this.#run = run
    this.#walker = walker
    this.#builders = builders
    this.#memory = memory
    this.#maxDepth = settings.maxDepth
    this.#keepUnknown = settings.keepUnknown
    memory.cells[cell.maxDepth] = settings.maxDepth
    this.keys = new KeyStore({
      entries: memory.ints(layout.entries, layout.entriesEnd),
      wide: new Float64Array(memory.buffer, layout.wide, (layout.wideEnd - layout.wide) / 8),
      narrow: memory.ints(layout.narrow, layout.narrowEnd)
    })
    this.nodes = new Nodes(plan, builders, this.keys, settings.maxDepth, memory)
    this.#leaves = new LeafReader(plan, scanner, this.nodes, builders, run, memo, memory)
    this.#entryRules = new EntryRules(plan.drops)
    memory.bytes.set(plan.drops.firstLetters, layout.ruleLetters)
  }

  begin(): void {
    shorten(this.handedOver, 0)
    this.#memory.forget()
    this.#run.begin("")
    this.#run.exact = true
    // Numbers of objects are of 32 bits. Starting again, none of those before may be mistaken for a new one.
    if ((this.#memory.cells[cell.objects] ?? 0) > 1 << 30) {
      this.#memory.cells[cell.objects] = 0
      this.nodes.seen.fill(0)
    }
  }

  /** Reads the record `[start, end)` into the builders' open row. @throws giveUp */
  record(start: number, end: number): void {
    this.begin()
    const at = this.#scanner.past(start, 0)
    if (this.#scanner.bytes[at] !== 123) throw giveUp
    this.close(this.#struct(0, at + 1, 0, 0), end)
  }

  /** What has to hold of a record that was read up to `at`. @throws giveUp */
  close(at: number, end: number): void {
    // Behind the record's last byte stands something else, which is not part of it.
    if (at > end || this.#scanner.past(at, 0) < end || this.#run.tooDeep !== null) throw giveUp
    if ((this.#memory.cells[cell.elements] ?? 0) + this.#run.elements > maxElements) throw giveUp
  }

  /** Adds what was masked and left out in the records since the last call to the counts. */
  flush(counts: DecodeCounts): void {
    this.#memory.takeTotals((id, total) => {
      const { node, slot } = this.nodes.detailsOf(id)
      if (node !== null) add(counts.masked, node.column, total)
      else if (slot?.is === "drop") add(counts.drops, slot.rule, total)
      else if (slot?.is === "unknown") {
        add(counts.drift, slot.drift, total)
        this.#run.forgetRoom()
      } else add(counts.conventions, "nullText", total)
    })
  }

  /** Decides how unknown members are counted from now on: by their nodes as long as there are far fewer than are counted by name. */
  beginPage(counts: DecodeCounts): void {
    const isFar = this.nodes.unknowns <= fewUnknowns && Object.keys(counts.drift).length <= maxDriftPaths / 2
    this.#memory.cells[cell.talliesDrift] = isFar && !this.#keepUnknown ? 1 : 0
  }

  #get(node: number, which: number): number {
    return this.nodes.fields[(node << 4) + which] ?? 0
  }

  /** Null everything below a node. @param level definition level: how much is there */
  #nulls(node: number, level: number, repetition: number): void {
    this.#builders.store.addNulls(this.#get(node, nodeField.first), this.#get(node, nodeField.end), level, repetition)
  }

  /** A node that is null itself. */
  #null(node: number, repetition: number): void {
    this.#nulls(node, this.#get(node, nodeField.level), repetition)
  }

  /** Finds the key at `at`, of an object, and remembers that it came behind `before` (-1: first). The scanner's `after` is behind its colon. */
  find(node: number, before: number, at: number, escaped: number): number {
    const { keys } = this.nodes.detailsOf(node)
    if (keys === null) throw giveUp
    const key = keys.find(this.#scanner, at, escaped)
    if (this.nodes.unknowns > fewUnknowns && this.#memory.cells[cell.talliesDrift] === 1) {
      this.#memory.cells[cell.talliesDrift] = 0
      // All of a record is counted one way.
      throw giveUp
    }
    if (before < 0) this.nodes.fields[(node << 4) + nodeField.firstKey] = key
    else this.keys.entries[(before << 3) + keyField.next] = key
    return key
  }

  /** Walks the members of an object. @param start behind its brace @returns the position behind it */
  #struct(node: number, start: number, escaped: number, repetition: number): number {
    const scanner = this.#scanner
    const { bytes, view } = scanner
    const { keys } = this
    const { entries } = keys
    const { fields, seen, declared } = this.nodes
    const { cells } = this.#memory
    const n = node << 4
    const depth = fields[n + nodeField.depth] ?? 0
    const object = (cells[cell.objects] ?? 0) + 1
    cells[cell.objects] = object
    const quote = escaped === 0 ? 34 : 92
    let found = 0
    let all = 0
    let before = -1
    let at = scanner.past(start, escaped)
    if (bytes[at] === 125) {
      // Nothing at all: not a record.
      if (depth === 1) throw giveUp
      at++
    } else
      for (;;) {
        let key = before < 0 ? (fields[n + nodeField.firstKey] ?? 0) : (entries[(before << 3) + keyField.next] ?? 0)
        // A key is known by its pattern in one of two ways of quoting: it has to be the one that stands here.
        if (key >= 0 && bytes[at] === quote && keys.matches(key, view, at)) at += entries[(key << 3) + keyField.length] ?? 0
        else {
          key = this.find(node, before, at, escaped)
          at = scanner.past(scanner.after, escaped)
        }
        before = key
        const e = key << 3
        const member = entries[e + keyField.meaning] ?? 0
        // Of a key that comes twice the last counts, and that is known too late.
        if (seen[member] === object) throw giveUp
        seen[member] = object
        const kind = fields[member << 4] ?? 0
        all |= entries[e + keyField.about] ?? 0
        if (kind < kinds.drop) {
          found++
          at = depth === 1 ? this.#field(member, at) : this.#value(member, scanner.past(at, escaped), escaped, repetition)
        } else {
          at = scanner.past(at, escaped)
          if (kind === kinds.drop || cells[cell.talliesDrift] === 1) this.#memory.tally(member)
          else this.#drift(member, at)
          at = scanner.skip(at, escaped, depth + 1, this.#maxDepth)
        }
        let c = bytes[at++]
        if (c === 44) continue
        if (c === 125) break
        at = scanner.past(at - 1, escaped)
        c = bytes[at++]
        if (c === 125) break
        if (c !== 44) throw giveUp
      }
    cells[cell.keys] = (cells[cell.keys] ?? 0) | all
    const count = fields[n + nodeField.declaredCount] ?? 0
    if (found < count) {
      const from = fields[n + nodeField.declared] ?? 0
      for (let i = from; i < from + count; i++) {
        const member = declared[i] ?? 0
        if (seen[member] !== object) this.#null(member, repetition)
      }
    }
    return at
  }

  /** Remembers an unknown member by its name. */
  #drift(member: number, at: number): void {
    const { slot } = this.nodes.detailsOf(member)
    // What is kept is written in the definition's own way.
    if (slot?.is !== "unknown" || (this.#keepUnknown && !this.#scanner.isNull(at))) throw giveUp
    this.#run.drift.push(slot.drift)
  }

  /** A field of the record. What cannot be read in its middle is read again by the definition, as a whole. */
  #field(node: number, start: number): number {
    const at = this.#scanner.past(start, 0)
    const run = this.#run
    run.markInto(this.#mark)
    const handedOver = this.handedOver.length
    const tallied = this.#memory.cells[cell.tallied] ?? 0
    const keys = this.#memory.cells[cell.keys] ?? 0
    try {
      return this.#value(node, at, 0, 0)
    } catch (thrown) {
      if (thrown !== giveUp) throw thrown
      run.undo(this.#mark)
      shorten(run.indexes, 0)
      shorten(this.handedOver, handedOver)
      this.#memory.cells[cell.tallied] = tallied
      this.#memory.cells[cell.keys] = keys
      this.#builders.rollback(this.#get(node, nodeField.first), this.#get(node, nodeField.end))
      return this.#handOver(node, at, 0, 0)
    }
  }

  /** Has a value read by the definition. @returns the position behind it */
  #handOver(node: number, at: number, escaped: number, repetition: number): number {
    const scanner = this.#scanner
    const run = this.#run
    const { node: defined } = this.nodes.detailsOf(node)
    if (defined === null) throw giveUp
    const end = scanner.skip(at, escaped, defined.depth, this.#maxDepth)
    const written = scanner.text(at, end)
    const text = escaped === 0 ? written : String(JSON.parse(`"${written}"`))
    const read = readJson(text)
    if (!("value" in read)) throw giveUp
    run.exact = true
    const value = this.#walker.read(run, defined, read.value)
    if (run.tooDeep !== null || run.tooMany !== null || run.needExact) throw giveUp
    const builders = this.#builders
    builders.nodeOf(this.#get(node, nodeField.column)).shred(builders.store, value, this.#get(node, nodeField.level), repetition)
    this.handedOver.push(defined.path)
    return end
  }

  /** Reads the value of a node, or takes note of an unknown member. @returns the position behind it @throws giveUp */
  value(node: number, at: number, escaped: number, repetition: number): number {
    if (this.#get(node, nodeField.kind) < kinds.drop) return this.#value(node, at, escaped, repetition)
    this.#drift(node, at)
    return at
  }

  #value(node: number, at: number, escaped: number, repetition: number): number {
    const { fields } = this.nodes
    const n = node << 4
    const kind = fields[n] ?? 0
    const word = this.#scanner.view.getInt32(at, true)
    if (word === words.null && kind !== kinds.other) {
      this.#null(node, repetition)
      return at + 4
    }
    if (kind >= kinds.struct) return this.#nested(node, kind, at, escaped, repetition)
    return this.#leaves.read(kind, node, at, escaped, repetition) || this.#handOver(node, at, escaped, repetition)
  }

  #nested(node: number, kind: number, at: number, escaped: number, repetition: number): number {
    const scanner = this.#scanner
    const c = scanner.bytes[at]
    if (c === 123 && kind === kinds.struct) return this.#struct(node, at + 1, escaped, repetition)
    if (c === 91 && kind !== kinds.struct) return this.#list(node, at + 1, escaped, repetition)
    if (c === 123 && kind === kinds.entries) return this.#entries(node, at + 1, escaped, repetition)
    // A document that stands as text. Some systems send most of theirs so.
    if (c !== 34 || escaped !== 0) return this.#handOver(node, at, escaped, repetition)
    const inner = scanner.past(at + 1, 1)
    const opens = scanner.bytes[inner]
    let end = inner
    if (opens === 34) this.#null(node, repetition)
    else if (scanner.isNull(inner)) {
      end = inner + 4
      this.#null(node, repetition)
    } else if (opens === 123 && kind === kinds.struct) end = this.#struct(node, inner + 1, 1, repetition)
    else if (opens === 91 && kind !== kinds.struct) end = this.#list(node, inner + 1, 1, repetition)
    else if (opens === 123 && kind === kinds.entries) end = this.#entries(node, inner + 1, 1, repetition)
    else return this.#handOver(node, at, escaped, repetition)
    end = scanner.past(end, 1)
    if (scanner.bytes[end] !== 34) throw giveUp
    return end + 1
  }

  #countElement(): void {
    const { cells } = this.#memory
    const count = (cells[cell.elements] ?? 0) + 1
    cells[cell.elements] = count
    if (count > maxElements) throw giveUp
  }

  /** Walks the elements of a list. @param start behind its bracket */
  #list(node: number, start: number, escaped: number, repetition: number): number {
    const scanner = this.#scanner
    const { bytes } = scanner
    const element = this.#get(node, nodeField.element)
    let at = scanner.past(start, escaped)
    if (bytes[at] === 93) {
      this.#nulls(node, this.#get(node, nodeField.level) + 1, repetition)
      return at + 1
    }
    const { indexes } = this.#run
    const depth = indexes.length
    const lists = this.#get(node, nodeField.lists)
    let next = repetition
    for (let i = 0; ; i++) {
      this.#countElement()
      indexes[depth] = i
      at = scanner.past(this.#value(element, at, escaped, next), escaped)
      next = lists + 1
      const c = bytes[at++]
      if (c === 93) break
      if (c !== 44) throw giveUp
      at = scanner.past(at, escaped)
    }
    indexes.pop()
    return at
  }

  /** Walks the members of an object whose keys are data: each is an element with key and value. @param start behind its brace */
  #entries(node: number, start: number, escaped: number, repetition: number): number {
    const scanner = this.#scanner
    const { bytes } = scanner
    // The element's fields are the key and the value, in this order.
    const pair = this.#get(this.#get(node, nodeField.element), nodeField.declared)
    const keyLeaf = this.#get(this.nodes.declared[pair] ?? 0, nodeField.first)
    const value = this.nodes.declared[pair + 1] ?? 0
    const { node: defined } = this.nodes.detailsOf(node)
    if (defined === null) throw giveUp
    let at = scanner.past(start, escaped)
    if (bytes[at] === 125) {
      this.#nulls(node, this.#get(node, nodeField.level) + 1, repetition)
      return at + 1
    }
    const { indexes } = this.#run
    const depth = indexes.length
    const first = at
    let kept = 0
    for (let i = 0; ; i++) {
      scanner.openingQuote(at, escaped)
      const from = at + 1 + escaped
      const to = scanner.special(from)
      if (!scanner.closes(to, escaped) || i > 32 || keyCameBefore(scanner, first, at, to, escaped)) throw giveUp
      at = scanner.past(to + 1 + escaped, escaped)
      if (bytes[at] !== 58) throw giveUp
      at = scanner.past(at + 1, escaped)
      const rule = this.#entryRules.ruleOf(defined.state, scanner, from, to)
      if (rule !== null) {
        this.#run.drops.push(rule)
        at = scanner.skip(at, escaped, this.#get(node, nodeField.depth) + 1, this.#maxDepth)
      } else {
        const next = kept === 0 ? repetition : this.#get(node, nodeField.lists) + 1
        this.#countElement()
        indexes[depth] = kept++
        this.#builders.store.addBytes(keyLeaf, next, bytes, scanner.view, from, to)
        at = this.#value(value, at, escaped, next)
      }
      at = scanner.past(at, escaped)
      const c = bytes[at++]
      if (c === 125) break
      if (c !== 44) throw giveUp
      at = scanner.past(at, escaped)
    }
    if (kept === 0) this.#nulls(node, this.#get(node, nodeField.level) + 1, repetition)
    else indexes.pop()
    return at
  }
}
