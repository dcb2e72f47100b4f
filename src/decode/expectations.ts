import { Cursors, makeReader, type Reader } from "../columns/assemble.ts"
import type { ColumnBuilders } from "../columns/builders.ts"
import { field, type LeafStore } from "../columns/leaf-store.ts"
import type { Expectation } from "../contract/contract.ts"
import type { Column, Value } from "../record/column.ts"

const none: ReadonlyArray<number> = []

type Row = { readonly [column: string]: Value }

/**
 * The expectations of a contract, and the part of a row that they look at. It is the same part whether the row stands as values or as the
 * last entries of the columns' leaves, so that both ways of decoding find the same.
 */
export class Expectations {
  readonly #expectations: ReadonlyArray<Expectation>
  readonly #parts: ReadonlyArray<{ readonly name: string; readonly pick: Pick }>
  readonly #readers: ReadonlyArray<{ readonly name: string; readonly read: Reader; readonly leaves: ReadonlyArray<number> }>
  readonly #cursors: Cursors
  /** Names of those with another severity than `reject` that did not hold the last time. */
  readonly warned: Array<string> = []

  /** @param builders of any rows of these columns: only their shape is looked at */
  constructor(expectations: ReadonlyArray<Expectation>, builders: ColumnBuilders) {
    const reads = new Set(expectations.flatMap((expectation) => expectation.reads))
    const isWanted = (path: ReadonlyArray<string>) => path.some((_, i) => reads.has(path.slice(0, i + 1).join(".")))
    this.#expectations = expectations
    this.#parts = builders.columns.flatMap((column) => {
      const pick = picker(column, column.name, reads)
      return pick === null ? [] : [{ name: column.name, pick }]
    })
    this.#cursors = new Cursors(builders.leaves.length)
    this.#readers = builders.nodes.flatMap((node) => {
      const wanted = new Set<number>()
      for (let i = node.first; i < node.end; i++) if (isWanted(builders.leaves[i]?.path ?? [])) wanted.add(i)
      const read = makeReader(node, builders.leaves, (leaf) => wanted.has(leaf))
      return read === undefined ? [] : [{ name: node.column.name, read, leaves: [...wanted] }]
    })
  }

  /** The first with severity `reject` that does not hold of the row, if there is one. */
  rejects(row: Row): Expectation | undefined {
    return this.#expectations.length === 0 ? undefined : this.#check(this.#partOf(row))
  }

  /** The same of the builders' open row. */
  rejectsOpenRow({ store }: ColumnBuilders): Expectation | undefined {
    if (this.#expectations.length === 0) return undefined
    this.#beginOpenRows(store)
    return this.#check(this.#nextRow(store))
  }

  /**
   * The same of many rows that were added leaf by leaf, and are still open: which of them are rejected.
   * @param warned takes the names of those with another severity, once for each row for which they did not hold
   */
  rejectedOpenRows({ store }: ColumnBuilders, rows: number, warned: Array<string>): ReadonlyArray<number> {
    warned.length = 0
    if (this.#expectations.length === 0) return none
    const rejected: Array<number> = []
    this.#beginOpenRows(store)
    for (let row = 0; row < rows; row++) {
      if (this.#check(this.#nextRow(store)) !== undefined) rejected.push(row)
      else warned.push(...this.warned)
    }
    return rejected
  }

  #beginOpenRows(store: LeafStore): void {
    for (const { leaves } of this.#readers) {
      for (const i of leaves) {
        this.#cursors.entries[i] = store.get(i, field.markLevels)
        this.#cursors.values[i] = store.get(i, field.markCount)
      }
    }
  }

  #nextRow(store: LeafStore): Row {
    const row: { [column: string]: Value } = {}
    for (const { name, read } of this.#readers) row[name] = read(store, this.#cursors)
    return row
  }

  #check(row: Row): Expectation | undefined {
    this.warned.length = 0
    for (const expectation of this.#expectations) {
      if (holds(expectation, row)) continue
      if (expectation.severity === "reject") return expectation
      this.warned.push(expectation.name)
    }
    return undefined
  }

  #partOf(row: Row): Row {
    const part: { [column: string]: Value } = {}
    for (const { name, pick } of this.#parts) part[name] = pick(row[name] ?? null)
    return part
  }
}

type Pick = (value: Value) => Value

/** Takes what is read of a column out of a value of it; null: nothing is. Compiled once: a list may have 200,000 elements. */
const picker = (column: Column, path: string, reads: ReadonlySet<string>): Pick | null => {
  if (reads.has(path)) return (value) => value
  switch (column.kind) {
    case "leaf":
      return null
    case "list": {
      const pick = picker(column.element, path, reads)
      return pick && ((value) => (Array.isArray(value) ? value.map((element) => pick(element)) : null))
    }
    case "struct": {
      const parts = column.fields.flatMap((field) => {
        const pick = picker(field, `${path}.${field.name}`, reads)
        return pick === null ? [] : [{ name: field.name, pick }]
      })
      if (parts.length === 0) return null
      return (value) => {
        if (value === null) return null
        const fields = value as Row // a struct's value, which the columns' check finds to be one
        const part: { [name: string]: Value } = {}
        for (const { name, pick } of parts) part[name] = pick(fields[name] ?? null)
        return part
      }
    }
  }
}

/** An expectation that throws does not hold: its author did not think of such a row. */
const holds = (expectation: Expectation, row: Row): boolean => {
  try {
    return expectation.holds(row)
  } catch {
    return false
  }
}
