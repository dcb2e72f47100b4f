import type { Column, Value } from "../record/column.ts"
import { Cursors, makeReader } from "./assemble.ts"
import { checker } from "./check.ts"
import type { LeafColumn } from "./leaf-column.ts"
import { LeafStore, type StorePlace } from "./leaf-store.ts"
import { type ColumnNode, columnNode } from "./shred.ts"

/** What builders of the same columns share: of a table with hundreds of leaves it takes a megabyte. */
interface Shape {
  readonly leaves: ReadonlyArray<LeafColumn>
  readonly nodes: ReadonlyArray<ColumnNode>
  /** By their numbers. */
  readonly numbered: ReadonlyArray<ColumnNode | null>
  readonly checks: ReadonlyArray<(value: Value) => void>
}

const shapes = new WeakMap<ReadonlyArray<Column>, Shape>()

const shapeOf = (columns: ReadonlyArray<Column>): Shape => {
  const known = shapes.get(columns)
  if (known !== undefined) return known
  const leaves: Array<LeafColumn> = []
  const numbered: Array<ColumnNode | null> = []
  const nodes = columns.map((column) => columnNode(column, leaves, numbered))
  const made = { leaves, nodes, numbered, checks: columns.map((column) => checker(column)) }
  shapes.set(columns, made)
  return made
}

/**
 * Rows being gathered as columns: what decode fills and Parquet empties. Each leaf of each column is a {@link LeafColumn}. Rows come in one
 * of two ways: as values, which are checked against their columns' types, because a value that does not fit is a programming error and must
 * be found where it is made and not as a broken file ({@link checker} says what fits); or entry by entry into the leaves, ended by `endRow`
 * or taken back by `rollback`.
 */
export class ColumnBuilders {
  readonly columns: ReadonlyArray<Column>
  /** In the order of the Parquet schema; the encoder seals them one by one: what is sealed is of one store at a time, so builders share them. */
  readonly leaves: ReadonlyArray<LeafColumn>
  /** What is gathered, by the index of the leaf. */
  readonly store: LeafStore
  /** One per column. */
  readonly nodes: ReadonlyArray<ColumnNode>
  readonly #nodes: ReadonlyArray<ColumnNode | null>
  readonly #checks: ReadonlyArray<(value: Value) => void>
  #rowCount = 0

  /** @param place where the store lies, if it is to lie somewhere particular, see `LeafStore` */
  constructor(columns: ReadonlyArray<Column>, place?: StorePlace) {
    const { checks, leaves, nodes, numbered } = shapeOf(columns)
    this.columns = columns
    this.nodes = nodes
    this.leaves = leaves
    this.store = new LeafStore(leaves, place)
    this.#nodes = numbered
    this.#checks = checks
  }

  get rowCount(): number {
    return this.#rowCount
  }

  /** Size in memory of the rows held, in bytes: what a batch or a row group is bounded by. */
  get bytes(): number {
    return this.store.used
  }

  /** Bytes of the leaf that has the most text. It takes them several times: text grows by doubling, and is copied to be encoded. */
  get longestText(): number {
    return this.store.longestText
  }

  /**
   * Adds a row: one value per column, in the order of the columns.
   * @throws TypeError or RangeError, naming the column, when a value does not fit; nothing is added then
   */
  append(row: ReadonlyArray<Value>): void {
    if (row.length !== this.nodes.length) {
      throw new TypeError(`a row of ${row.length} values cannot be added to ${this.nodes.length} columns`)
    }
    for (const [i, check] of this.#checks.entries()) check(row[i] ?? null)
    for (const [i, { shred }] of this.nodes.entries()) shred(this.store, row[i], 0, 0)
    this.endRow()
  }

  /** The column, or part of one, by its number. */
  nodeOf(id: number): ColumnNode {
    const node = this.#nodes[id]
    if (node === undefined || node === null) throw new RangeError(`there is no column node ${id}`)
    return node
  }

  /** The row being added entry by entry is complete: every leaf has its entries. */
  endRow(): void {
    this.endRows(1)
  }

  /** So many rows that were added leaf by leaf are complete. */
  endRows(count: number): void {
    if (this.store.isSealed) throw new Error("these rows are encoded; clear them before others are added")
    this.store.mark()
    this.#rowCount += count
  }

  /** Adds the rows of builders of the same columns, and forgets them there. */
  take(other: ColumnBuilders): void {
    if (this.store.isSealed) throw new Error("these rows are encoded; clear them before others are added")
    this.store.take(other.store)
    this.#rowCount += other.rowCount
    other.clear()
  }

  /** Takes back the entries of the row being added, of the leaves `first` to before `end`. */
  rollback(first = 0, end = this.leaves.length): void {
    this.store.rollback(first, end)
  }

  /** The rows, put together again, as {@link append} took them: for looking at them, not for speed, and before they are encoded. */
  rows(): Array<Array<Value>> {
    const readers = this.nodes.map((node) => makeReader(node, this.leaves, () => true))
    const cursors = new Cursors(this.leaves.length)
    return Array.from({ length: this.#rowCount }, () => readers.map((read) => read?.(this.store, cursors) ?? null))
  }

  /** Forgets all rows, and how much room each leaf had. */
  reset(): void {
    this.store.reset()
    this.#rowCount = 0
  }

  /** Forgets all rows. The arrays are used again, to keep their capacity. */
  clear(): void {
    // Others share the leaves: what they see of this store would hold its memory, though nobody has it any more.
    if (this.store.isSealed) for (const leaf of this.leaves) leaf.release()
    this.store.clear()
    this.#rowCount = 0
  }
}
