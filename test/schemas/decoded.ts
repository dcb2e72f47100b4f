import { ColumnBuilders } from "../../src/columns/builders.ts"
import { compileContract } from "../../src/contract/compile.ts"
import type { Contract } from "../../src/contract/contract.ts"
import { makeDecoder } from "../../src/decode/decoder.ts"
import type { Value } from "../../src/record/column.ts"
import type { DeadLetter } from "../../src/record/dead-letter.ts"
import { type DecodeCounts, emptyCounts } from "../../src/record/report.ts"
import { stageColumns } from "../../src/record/system-columns.ts"

export interface Decoded {
  readonly counts: DecodeCounts
  /** Data columns by name; null ones are there. */
  readonly rows: ReadonlyArray<{ readonly [column: string]: Value }>
  readonly letters: ReadonlyArray<DeadLetter>
}

/** Decodes records as a page of a source would bring them. */
export const decodeRecords = (contract: Contract, records: ReadonlyArray<Uint8Array>, hashKey: Uint8Array | null = null): Decoded => {
  const compiled = compileContract(contract)
  const columns = stageColumns(compiled.columns)
  const counts = emptyCounts()
  const builders = new ColumnBuilders(columns)
  const letters: Array<DeadLetter> = []
  const decoder = makeDecoder(compiled, { hashKey, maxDepth: 64, maxRecordBytes: 10 * 1024 * 1024 })
  for (const [i, bytes] of records.entries())
    decoder.decodePage(
      "test",
      { shard: "0", count: 1, bytes, starts: [0], ends: [bytes.length], sequenceNumbers: [String(i)], arrivedAt: 0 },
      { columnsFor: () => builders, deadLetter: (letter) => letters.push(letter), counts }
    )
  const rows = builders.rows().map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i] ?? null])))
  return { counts, rows, letters }
}

/** Raw input as the platform's buckets hold it, made of a published document: keys capitalised, every value a string. */
export const rawForm = (document: object): Uint8Array =>
  Buffer.from(
    JSON.stringify(
      Object.fromEntries(
        Object.entries(document).map(([key, value]) => [
          key.charAt(0).toUpperCase() + key.slice(1),
          typeof value === "string" ? value : JSON.stringify(value)
        ])
      )
    )
  )
