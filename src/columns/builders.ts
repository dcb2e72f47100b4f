import type { Column, Value } from "../record/column.ts"
import { checker } from "./check.ts"

/**
 * Rows being gathered as columns: what decode fills and Parquet empties. One array per top-level column, so that Parquet takes them as they
 * are. Every value is checked against its column's type on the way in, because a value that does not fit is a programming error and must be
 * found where it is made, with the column's name, and not as a broken file. {@link checker} says what fits.
 */
export class ColumnBuilders {
  readonly columns: ReadonlyArray<Column>
  readonly #values: ReadonlyArray<Array<Value>>
  readonly #checks: ReadonlyArray<(value: Value) => number>
  #rowCount = 0
  #bytes = 0

  constructor(columns: ReadonlyArray<Column>) {
    this.columns = columns
    this.#values = columns.map(() => [])
    this.#checks = columns.map((column) => checker(column))
  }

  get rowCount(): number {
    return this.#rowCount
  }

  /** Rough size in memory of the rows held, in bytes: what a batch or a row group is bounded by. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Adds a row: one value per column, in the order of the columns.
   * @throws TypeError or RangeError, naming the column, when a value does not fit; nothing is added then
   */
  append(row: ReadonlyArray<Value>): void {
    if (row.length !== this.#values.length) {
      throw new TypeError(`a row of ${row.length} values cannot be added to ${this.#values.length} columns`)
    }
    let bytes = 0
    for (const [i, check] of this.#checks.entries()) bytes += check(row[i] ?? null)
    for (const [i, values] of this.#values.entries()) values.push(row[i] ?? null)
    this.#rowCount++
    this.#bytes += bytes
  }

  /** Values of a column, by its index, one per row. The array is this builder's own: it changes with the next `append` or `clear`. */
  column(index: number): ReadonlyArray<Value> {
    const values = this.#values[index]
    if (values === undefined) throw new RangeError(`there is no column ${index}; the builder has ${this.#values.length} columns`)
    return values
  }

  /** Forgets all rows. The arrays are used again, to keep their capacity. */
  clear(): void {
    for (const values of this.#values) values.length = 0
    this.#rowCount = 0
    this.#bytes = 0
  }
}
