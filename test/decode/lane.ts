import { isDeepStrictEqual } from "node:util"
import { ColumnBuilders } from "../../src/columns/builders.ts"
import { field, widths } from "../../src/columns/leaf-store.ts"
import type { CompiledContract } from "../../src/contract/compile.ts"
import { type DecodePath, type Decoder, type DecodeSettings, makeDecoder } from "../../src/decode/decoder.ts"
import type { Column } from "../../src/record/column.ts"
import type { DeadLetter } from "../../src/record/dead-letter.ts"
import type { RecordPage } from "../../src/record/record.ts"
import { type DecodeCounts, emptyCounts } from "../../src/record/report.ts"
import { stageColumns } from "../../src/record/system-columns.ts"

const hourMillis = 3_600_000

/** A decoder, and real columns that it fills. */
export class Lane {
  readonly name: string
  readonly #decoder: Decoder
  readonly #columns: ReadonlyArray<Column>
  /** By ingestion hour. */
  readonly #hours = new Map<number, ColumnBuilders>()
  letters: Array<DeadLetter> = []
  counts: DecodeCounts = emptyCounts()

  constructor(name: string, compiled: CompiledContract, settings: DecodeSettings, path: DecodePath) {
    this.name = name
    this.#decoder = makeDecoder(compiled, settings, path)
    this.#columns = stageColumns(compiled.columns)
  }

  decode(page: RecordPage): void {
    this.#decoder.decodePage("files", page, {
      columnsFor: (arrivedAt) => this.#hour(Math.floor(arrivedAt / hourMillis)),
      deadLetter: (letter) => this.letters.push(letter),
      counts: this.counts
    })
  }

  /** Forgets what was decoded, but not what the decoder has learnt. */
  clear(): void {
    for (const builders of this.#hours.values()) builders.clear()
    this.letters = []
    this.counts = emptyCounts()
  }

  #hour(hour: number): ColumnBuilders {
    const known = this.#hours.get(hour)
    if (known !== undefined) return known
    const builders = new ColumnBuilders(this.#columns)
    this.#hours.set(hour, builders)
    return builders
  }

  /** Hours that have rows. */
  get #filled(): ReadonlyArray<number> {
    return [...this.#hours]
      .filter(([, { rowCount }]) => rowCount > 0)
      .map(([hour]) => hour)
      .sort()
  }

  /** What differs from what another lane has decoded; null: nothing. */
  differenceFrom(other: Lane): string | null {
    const hours = this.#filled
    if (!isDeepStrictEqual(hours, other.#filled)) return `hours ${hours} and ${other.#filled}`
    for (const hour of hours) {
      const difference = columnDifference(this.#hour(hour), other.#hour(hour))
      if (difference !== null) return difference
    }
    if (!isDeepStrictEqual(this.letters, other.letters)) return `dead letters ${shown(this.letters)} and ${shown(other.letters)}`
    const counts = { ...this.counts, handedOver: {} }
    const others = { ...other.counts, handedOver: {} }
    return isDeepStrictEqual(counts, others) ? null : `counts ${countDifference(counts, others)}`
  }
}

const shown = (letters: ReadonlyArray<DeadLetter>): string =>
  JSON.stringify(
    letters.map(({ sequenceNumber, reason, path, offset, detail, size }) => [sequenceNumber, reason, path, offset, detail, size])
  ).slice(0, 600)

const countDifference = (counts: DecodeCounts, others: DecodeCounts): string =>
  Object.entries(counts)
    .flatMap(([name, value]) => {
      const other = others[name as keyof DecodeCounts]
      if (typeof value === "number") return value === other ? [] : [`${name} ${value} and ${other}`]
      const names = new Set([...Object.keys(value as object), ...Object.keys(other as object)])
      const of = (counts: unknown, key: string) => (counts as { readonly [key: string]: number })[key]
      return [...names]
        .filter((key) => of(value, key) !== of(other, key))
        .map((key) => `${name} ${JSON.stringify(key)} ${of(value, key)} and ${of(other, key)}`)
    })
    .slice(0, 5)
    .join("; ")

/** The first leaf whose levels or values are not the same. */
const columnDifference = (one: ColumnBuilders, other: ColumnBuilders): string | null => {
  if (one.rowCount !== other.rowCount) return `${one.rowCount} and ${other.rowCount} rows`
  for (const [i, { path, storage }] of one.leaves.entries()) {
    const a = partsOf(one, i, widths[storage])
    const b = partsOf(other, i, widths[storage])
    const part = a.findIndex((bytes, i) => Buffer.compare(bytes, b[i] ?? empty) !== 0)
    if (part < 0) continue
    const text = (bytes: Buffer | undefined) =>
      (part === 3 ? JSON.stringify(bytes?.toString("utf8")) : (bytes?.toString("hex") ?? "")).slice(0, 400)
    return `${path.join(".")}: ${["definition levels", "repetition levels", "values", "texts"][part]} ${text(a[part])} and ${text(b[part])}${part === 2 && storage === "bytes" ? ` of texts ${JSON.stringify(a[3]?.toString("utf8")).slice(0, 400)} and ${JSON.stringify(b[3]?.toString("utf8")).slice(0, 400)}` : ""}`
  }
  return null
}

const empty = Buffer.alloc(0)

/** All that a leaf holds: definition levels, repetition levels, values (of texts their ends), texts. */
const partsOf = ({ store }: ColumnBuilders, leaf: number, width: number): ReadonlyArray<Buffer> => {
  const part = (start: number, length: number) => Buffer.from(store.bytes.buffer, start, length)
  const levels = store.get(leaf, field.levels)
  const repetition = store.get(leaf, field.repetition)
  const count = store.get(leaf, field.count)
  const hasText = store.get(leaf, field.textCapacity) >= 0
  return [
    part(store.get(leaf, field.definition), levels),
    repetition < 0 ? empty : part(repetition, levels),
    part(store.get(leaf, field.values) * width, count * width),
    hasText ? part(store.get(leaf, field.text), store.get(leaf, field.textLength)) : empty
  ]
}
