import { Cursors, makeReader } from "../columns/assemble.ts"
import { ColumnBuilders } from "../columns/builders.ts"
import type { CompiledContract } from "../contract/compile.ts"
import { type DecodeSettings, makeDecoder } from "../decode/decoder.ts"
import { firehoseSource } from "../lake/firehose.ts"
import { count } from "../record/count.ts"
import type { DeadLetter } from "../record/dead-letter.ts"
import { arrivedAt, positionAt, type RecordPage, selectRecords } from "../record/record.ts"
import { count as countOne, type DecodeCounts } from "../record/report.ts"
import { stageColumns } from "../record/system-columns.ts"
import { putLimits } from "./api.ts"
import { rowTextOf } from "./structured-json.ts"

/** What became of a record. */
export type Structured =
  /** A row: its JSON object with a line feed behind it, at most {@link putLimits.recordBytes} bytes. */
  | { readonly kind: "line"; readonly line: string }
  | { readonly kind: "deadLetter"; readonly letter: DeadLetter }
  /** Nothing by definition: an empty line, an empty object. */
  | { readonly kind: "empty" }

/** From records to structured JSON, by a contract, as ingest makes rows of stage of them. */
export interface Structurer {
  /** What becomes of each record of a page, in order. The page is released. Synchronous; never throws for data. @param counts what it comes to is added */
  readonly structure: (page: RecordPage, counts: DecodeCounts) => ReadonlyArray<Structured>
}

export const makeStructurer = (contract: CompiledContract, settings: DecodeSettings): Structurer => {
  const columns = stageColumns(contract.columns)
  const decoder = makeDecoder(contract, settings)
  const rows = new ColumnBuilders(columns)
  const textOf = rowTextOf(columns)
  const readers = rows.nodes.map((node) => makeReader(node, rows.leaves, () => true))
  const rowIn = () => {
    const cursors = new Cursors(rows.leaves.length)
    return readers.map((read) => read?.(rows.store, cursors) ?? null)
  }

  const structureOne = (record: RecordPage, counts: DecodeCounts): Structured => {
    let letter: DeadLetter | undefined
    decoder.decodePage(firehoseSource, record, {
      columnsFor: () => rows,
      deadLetter: (made) => {
        letter = made
      },
      counts
    })
    const row = rows.rowCount === 0 ? undefined : rowIn()
    rows.clear()
    if (letter !== undefined) return { kind: "deadLetter", letter }
    if (row === undefined) return { kind: "empty" }
    const line = `${textOf(row)}\n`
    const bytes = Buffer.byteLength(line)
    if (bytes <= putLimits.recordBytes) return { kind: "line", line }
    counts.rows--
    countOne(counts.deadLetters, "too_large")
    return { kind: "deadLetter", letter: tooLarge(record, bytes) }
  }

  return {
    structure: (page, counts) => {
      const { release, ...records } = page
      // One by one: only so it is known of which record a row is.
      const structured = Array.from({ length: page.count }, (_, i) => structureOne(selectRecords(records, [i]), counts))
      release?.()
      return structured
    }
  }
}

/** @param bytes of its line */
const tooLarge = (record: RecordPage, bytes: number): DeadLetter => {
  const raw = record.bytes.slice(record.starts[0], record.ends[0])
  return {
    source: firehoseSource,
    shard: record.shard,
    ...positionAt(record, 0),
    arrivedAt: arrivedAt(record, 0),
    reason: "too_large",
    path: null,
    offset: null,
    detail: `${count(bytes, "byte")} as structured JSON, of which Firehose takes ${count(putLimits.recordBytes, "byte")}.`,
    raw,
    size: raw.length,
    header: record.header ?? null
  }
}
