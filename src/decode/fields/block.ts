import { addNulls, addNumberRun, addTextRun } from "../../columns/add-run.ts"
import type { ColumnBuilders } from "../../columns/builders.ts"
import { maxContainers } from "../../contract/json.ts"
import type { Value } from "../../record/column.ts"
import type { RecordPage } from "../../record/record.ts"
import { add, type DecodeCounts } from "../../record/report.ts"
import type { Block } from "../fast-reader.ts"
import type { Plan } from "../plan.ts"
import type { Run } from "../run.ts"
import type { Walker } from "../walk.ts"
import { Cells } from "./cells.ts"
import { type FieldColumns, isTextKind, kinds } from "./columns.ts"
import type { FieldFinder, FieldsParts, Places } from "./parts.ts"

/** A block has at most so many records, and as many fields as there are cells: what is known of them stays in the processor's cache. */
const mostRecords = 2048

/** Where less than this share of a block is plain, so many times its records are passed over: looking at them would be for nothing. */
const leastShare = 0.5
const passedOver = 16

/** What must be there for a record to become a row, by the contract's fields. */
export interface Required {
  readonly keys: ReadonlyArray<number>
  readonly version: number | null
  /** One of these, if there are any. */
  readonly times: ReadonlyArray<number>
}

/** A field of the contract, and where it stands in the records. */
interface Place {
  readonly field: number
  readonly place: number
}

/** What is a row's other than its fields: the same for each record of a page. */
interface Page {
  readonly places: Places
  readonly names: number
}

/**
 * Records of a page, many at a time, column by column: all their values of one column are read one after the other, and become rows together with
 * those of the records beside them. It takes what is plainly a row; a record that has anything else is left to who reads records one by one.
 */
export class FieldsBlock implements Block {
  readonly #finder: FieldFinder
  readonly #cells: Cells
  readonly #columns: FieldColumns
  readonly #builders: ColumnBuilders
  readonly #plan: Plan
  readonly #run: Run
  readonly #walker: Walker
  readonly #keepUnknown: boolean
  readonly #required: Required
  /** Number of the first record, and behind the last. */
  #first = 0
  #end = 0
  #page: Page | null = null
  /** Records before this one are not looked at. */
  #next = 0
  /** One a record of the block: is it for others? */
  readonly #isOdd = new Uint8Array(mostRecords)
  /** By cell: numbers of values, NaN where there is none; and values that only the definition reads. */
  readonly #numbers = new Float64Array(Cells.most)
  readonly #values: Array<Value> = []

  constructor(finder: FieldFinder, cells: Cells, columns: FieldColumns, builders: ColumnBuilders, parts: FieldsParts, required: Required) {
    this.#finder = finder
    this.#cells = cells
    this.#columns = columns
    this.#builders = builders
    this.#plan = parts.plan
    this.#run = parts.run
    this.#walker = parts.walker
    this.#keepUnknown = parts.keepUnknown
    this.#required = required
  }

  /** Turns to another page. @param places of its fields; undefined: others read it */
  beginPage(places: Places | undefined): void {
    this.#end = 0
    this.#next = 0
    const isFor = places !== undefined && this.#hasRequired(places) && !this.#keeps(places)
    this.#page = isFor ? { places, names: places.fields.length } : null
  }

  #hasRequired({ fields }: Places): boolean {
    const { keys, version, times } = this.#required
    const isThere = (field: number) => fields.includes(field)
    return keys.every(isThere) && (version === null || isThere(version)) && (times.length === 0 || times.some(isThere))
  }

  /** Have records fields that are kept, each as it is? */
  #keeps({ others }: Places): boolean {
    return this.#keepUnknown && others.some((other) => other?.slot.is === "unknown")
  }

  look(page: RecordPage, first: number, from: number, end: number, mostBytes: number): void {
    const about = this.#page
    this.#first = first
    this.#end = first
    if (about === null || first < this.#next) return
    const records = this.#find(page, about, from, end, Math.min(mostBytes, maxContainers))
    for (let place = 0; place < about.names; place++) this.#read(place, records, about)
    this.#require(records, about)
    this.#end = first + records
    let plain = 0
    for (let i = 0; i < records; i++) plain += 1 - (this.#isOdd[i] ?? 0)
    if (plain < records * leastShare) this.#next = this.#end + records * passedOver
  }

  /** Finds the fields of all records. @returns how many records there are */
  #find({ starts, ends, count, cut }: RecordPage, { names }: Page, from: number, end: number, mostBytes: number): number {
    const cells = this.#cells
    cells.beginMany()
    const most = Math.min(mostRecords, Math.max(1, Math.floor(Cells.most / names)), count - this.#first)
    let records = 0
    for (; records < most; records++) {
      const i = this.#first + records
      const recordStart = (starts[i] ?? 0) - from
      const recordEnd = (ends[i] ?? 0) - from
      if (recordStart < 0 || recordEnd > end - from || recordEnd < recordStart) break
      cells.count = records * names
      const isFound =
        recordEnd - recordStart <= mostBytes &&
        cut?.has(i) !== true &&
        this.#finder.find(cells, recordStart, recordEnd, names) &&
        cells.count === (records + 1) * names
      this.#isOdd[records] = isFound ? 0 : 1
    }
    return records
  }

  /** Reads the values of one field of all records. */
  #read(place: number, records: number, { places, names }: Page): void {
    const field = places.fields[place] ?? -1
    if (field < 0) return
    const { starts, ends } = this.#cells
    const columns = this.#columns
    const isOdd = this.#isOdd
    const kind = columns.kindOf(field)
    if (isTextKind(kind)) {
      for (let i = 0, cell = place; i < records; i++, cell += names) {
        const start = starts[cell] ?? 0
        if (isOdd[i] === 0 && start >= 0 && columns.isNullWord(start, ends[cell] ?? 0)) isOdd[i] = 1
      }
    } else if (kind === kinds.other) {
      for (let i = 0, cell = place; i < records; i++, cell += names) {
        if (isOdd[i] === 0 && !this.#readOther(cell, field)) isOdd[i] = 1
      }
    } else {
      const numbers = this.#numbers
      for (let i = 0, cell = place; i < records; i++, cell += names) {
        if (isOdd[i] === 1) continue
        const start = starts[cell] ?? 0
        const number = start < 0 ? Number.NaN : columns.plainNumber(field, start, ends[cell] ?? 0)
        numbers[cell] = number
        if (Number.isNaN(number) && start >= 0) isOdd[i] = 1
      }
    }
  }

  /** Reads a value as the definition does. @returns whether there is nothing else to tell of it */
  #readOther(cell: number, field: number): boolean {
    const node = this.#plan.root.slots.fields[field]?.node
    if (node === undefined) throw new RangeError(`there is no field ${field}`)
    const { starts, ends, bytes } = this.#cells
    const run = this.#run
    run.begin("")
    run.exact = true
    const start = starts[cell] ?? 0
    this.#values[cell] = start < 0 ? null : this.#walker.read(run, node, bytes.toString("utf8", start, ends[cell]))
    return !run.hasMore
  }

  /** Leaves to others what has no key, no version or no time, and what may have none. */
  #require(records: number, { places: { fields }, names }: Page): void {
    const { keys, version, times } = this.#required
    const isOdd = this.#isOdd
    const placeOf = (field: number) => ({ field, place: fields.indexOf(field) })
    for (const key of keys.map(placeOf)) for (let i = 0; i < records; i++) if (!this.#isKey(key, i * names)) isOdd[i] = 1
    const alternatives = [version === null ? [] : [version], times].filter(({ length }) => length > 0)
    for (const some of alternatives.map((wanted) => wanted.map(placeOf).filter(({ place }) => place >= 0)))
      for (let i = 0; i < records; i++) if (!some.some((there) => this.#isThere(there, i * names))) isOdd[i] = 1
  }

  /** Has the record whose cells begin at `first` a value in the column of a field? */
  #isThere({ field, place }: Place, first: number): boolean {
    const kind = this.#columns.kindOf(field)
    if (kind === kinds.other) return (this.#values[first + place] ?? null) !== null
    return (this.#cells.starts[first + place] ?? -1) >= 0 && (this.#columns.maskedColumn(field) === null || this.#columns.hashes(kind))
  }

  /** Has it one that is surely not blank? */
  #isKey(at: Place, first: number): boolean {
    if (!this.#isThere(at, first)) return false
    const kind = this.#columns.kindOf(at.field)
    if (kind === kinds.other) return typeof this.#values[first + at.place] === "bigint"
    if (kind !== kinds.text) return true
    const { bytes, starts, ends } = this.#cells
    const start = starts[first + at.place] ?? 0
    const letter = bytes[start] ?? 0
    return start < (ends[first + at.place] ?? 0) && letter > 32 && letter < 127
  }

  runFrom(i: number): number {
    if (i < this.#first) return i
    let end = i
    while (end < this.#end && this.#isOdd[end - this.#first] === 0) end++
    return end
  }

  leaveOut(i: number): void {
    this.#isOdd[i - this.#first] = 1
  }

  hasSeen(i: number): boolean {
    return i >= this.#first && i < this.#end
  }

  add(first: number, end: number): void {
    if (this.#page === null) return
    const { places, names } = this.#page
    const { nodes, store } = this.#builders
    const columns = this.#columns
    const rows = end - first
    const from = first - this.#first
    for (let place = 0; place < names; place++) {
      const field = places.fields[place] ?? -1
      if (field < 0) continue
      const node = nodes[field]
      if (node === undefined) throw new RangeError(`there is no column ${field}`)
      const kind = columns.kindOf(field)
      if (kind === kinds.text) addTextRun(store, node.first, this.#cells, from * names + place, names, rows)
      else if (isTextKind(kind)) this.#addHashes(node.first, kind, from * names + place, names, rows)
      else if (kind === kinds.other) {
        for (let i = from; i < from + rows; i++) node.shred(store, this.#values[i * names + place], 0, 0)
      } else addNumberRun(store, node.first, columns.storageOf(field), this.#numbers, from * names + place, names, rows)
    }
    for (const field of places.absent) addNulls(store, nodes[field]?.first ?? 0, nodes[field]?.end ?? 0, rows)
  }

  #addHashes(leaf: number, kind: number, first: number, names: number, rows: number): void {
    const { starts, ends } = this.#cells
    for (let row = 0, cell = first; row < rows; row++, cell += names) {
      const start = starts[cell] ?? 0
      if (start < 0 || !this.#columns.addHash(kind, leaf, start, ends[cell] ?? 0)) this.#builders.store.addNull(leaf, 0, 0)
    }
  }

  settle(first: number, end: number, counts: DecodeCounts): void {
    if (this.#page === null) return
    const { places, names } = this.#page
    const run = this.#run
    run.begin("")
    for (const other of places.others) {
      if (other?.slot.is === "drop") run.drops.push(other.slot.rule)
      else if (other !== null && other !== undefined) run.drift.push(other.slot.drift)
    }
    run.settle(counts, end - first)
    const { starts } = this.#cells
    for (let place = 0; place < names; place++) {
      const field = places.fields[place] ?? -1
      const column = field < 0 ? null : this.#columns.maskedColumn(field)
      if (column === null) continue
      let masked = 0
      for (let i = first - this.#first; i < end - this.#first; i++) if ((starts[i * names + place] ?? 0) >= 0) masked++
      if (masked > 0) add(counts.masked, column, masked)
    }
  }
}
