import type { ColumnBuilders } from "../../columns/builders.ts"
import type { DecodeCounts } from "../../record/report.ts"
import type { FastReader, Outcome } from "../fast-reader.ts"
import { HashMemo } from "../hash-memo.ts"
import type { Plan } from "../plan.ts"
import { FieldsBlock, type Required } from "./block.ts"
import { Cells } from "./cells.ts"
import { FieldColumns } from "./columns.ts"
import type { FieldFinder, FieldsParts, Places } from "./parts.ts"

/** For formats that only their definition reads. */
export const findNothing: FieldFinder = { accepts: () => false, names: () => undefined, take: () => {}, find: () => false }

/** The fast way for formats whose records are fields that stand as text. */
export class FieldsReader implements FastReader {
  readonly capacity: number
  readonly accepts: (bytes: Uint8Array) => boolean
  readonly handedOver: ReadonlyArray<string> = []
  readonly hasTallied = false
  /** Names have no case here. */
  readonly isRespelled = false
  readonly builders: ColumnBuilders
  readonly block: FieldsBlock | null
  readonly #finder: FieldFinder
  readonly #parts: FieldsParts
  readonly #cells: Cells
  readonly #columns: FieldColumns
  #names: ReadonlyArray<string | null> | undefined
  #places: Places | undefined

  /**
   * @param required null: what makes a record a row takes more than a look at its columns
   * @param isSimd may a kernel look over the bytes first?
   */
  constructor(finder: FieldFinder, parts: FieldsParts, builders: ColumnBuilders, required: Required | null, isSimd: boolean) {
    const { plan, run, walker, hashKey } = parts
    this.capacity = finder === findNothing ? 0 : Cells.capacity
    this.accepts = finder.accepts
    this.builders = builders
    this.#finder = finder
    this.#parts = parts
    this.#cells = new Cells(isSimd)
    this.#columns = new FieldColumns(plan, run, walker, hashKey === null ? null : new HashMemo(hashKey), builders, this.#cells)
    const block = required === null || finder === findNothing ? null : required
    this.block = block === null ? null : new FieldsBlock(finder, this.#cells, this.#columns, builders, parts, block)
  }

  beginPage(_: DecodeCounts, header: Uint8Array | undefined): void {
    const names = this.#finder.names(header)
    if (names !== this.#names) {
      this.#names = names
      this.#places = names && placesOf(this.#parts.plan, names)
    }
    this.block?.beginPage(this.#places)
  }

  watchDrift(): void {}

  load(page: Buffer, from: number, to: number): void {
    this.#cells.load(page, from, to)
    this.#finder.take(this.#cells, to - from)
  }

  read(start: number, end: number): Outcome {
    const places = this.#places
    const cells = this.#cells
    cells.beginOne()
    if (places === undefined || !this.#finder.find(cells, start, end, places.fields.length)) return "odd"
    const { run } = this.#parts
    run.begin("")
    run.exact = true
    const columns = this.#columns
    const { fields, absent } = places
    const { starts, ends } = cells
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i] ?? -1
      const from = starts[Cells.most + i] ?? -1
      if (field < 0) this.#other(places, i, from)
      else if (from < 0) columns.addNull(field)
      else columns.add(field, from, ends[Cells.most + i] ?? 0)
    }
    for (let i = 0; i < absent.length; i++) columns.addNull(absent[i] ?? 0)
    if (run.tooDeep === null && run.tooMany === null) return "row"
    this.builders.rollback()
    return "odd"
  }

  /** A field that has no column. */
  #other({ others }: Places, i: number, start: number): void {
    const other = others[i]
    if (other === null || other === undefined) return
    const { run, walker, plan } = this.#parts
    const { slot, name } = other
    if (slot.is === "drop") run.drops.push(slot.rule)
    else
      walker.unknown(
        run,
        plan.root,
        slot,
        name,
        start < 0 ? null : this.#cells.bytes.toString("utf8", start, this.#cells.ends[Cells.most + i])
      )
  }

  settle(): void {}
  flush(): void {}
}

/** Undefined: a name comes twice, and which of the two counts is known by the definition. */
const placesOf = (plan: Plan, names: ReadonlyArray<string | null>): Places | undefined => {
  const { slots } = plan.root
  const declared = slots.fields
  const given = names.filter((name) => name !== null)
  if (new Set(given).size < given.length) return undefined
  const found = names.map((name) => (name === null ? null : slots.of(name)))
  const fields = found.map((slot) => (slot?.is === "field" ? declared.indexOf(slot) : -1))
  const taken = fields.filter((field) => field >= 0)
  if (new Set(taken).size < taken.length) return undefined
  return {
    fields: Int32Array.from(fields),
    others: found.map((slot, i) => (slot === null || slot.is === "field" ? null : { slot, name: names[i] ?? "" })),
    absent: Int32Array.from(declared.flatMap((_, field) => (fields.includes(field) ? [] : [field])))
  }
}
