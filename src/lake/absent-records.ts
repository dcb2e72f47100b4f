import { Effect, Stream } from "effect"
import type { Feed } from "../record/feed.ts"
import { membersOf } from "../record/members.ts"
import { positionText } from "../record/position.ts"
import { arrivedAt, ingestionHour, positionAt, type RecordPage } from "../record/record.ts"
import type { Store } from "../store/store.ts"
import type { AddFile } from "../table/actions.ts"
import type { TableError } from "../table/errors.ts"
import { readTable } from "../table/read.ts"
import type { Snapshot } from "../table/snapshot.ts"
import type { Table } from "../table/table.ts"

/** A table as of one version. */
interface At {
  readonly table: Table
  readonly snapshot: Snapshot
}

const columns = ["_source", "_shard", "_sequence_number", "_sub_sequence_number"]

/**
 * The records of a page that are neither a row nor a dead letter of a dataset, by their indexes. It reads the files that may have them: those of their ingestion
 * hours whose statistics do not rule them out, which are few.
 *
 * A record that is nothing by definition is in no file, and so among them.
 */
export const absentRecords = (
  { dataset, source }: Omit<Feed, "shard">,
  page: RecordPage,
  { stage, deadLetters }: { readonly stage: At; readonly deadLetters: At }
): Effect.Effect<ReadonlyArray<number>, TableError, Store> =>
  Effect.gen(function* () {
    const wanted = new Map<string, number>()
    const hours = new Set<string>()
    for (let i = 0; i < page.count; i++) {
      wanted.set(positionText(positionAt(page, i)), i)
      const { date, hour } = ingestionHour(arrivedAt(page, i))
      hours.add(`${date}/${hour}`).add(date)
    }
    const numbers = [...new Set(page.sequenceNumbers)].sort()
    const find = ({ table, snapshot }: At, ofDataset: boolean) =>
      Effect.gen(function* () {
        if (wanted.size === 0) return
        const where = (file: AddFile) => hours.has(placeOf(file)) && mayHold(file, page.shard, numbers)
        const rows = readTable(table, { snapshot, columns: ofDataset ? ["dataset", ...columns] : columns, where })
        yield* Stream.runForEachArray(rows, (rows) =>
          Effect.sync(() => {
            for (const row of rows) {
              const { _source, _shard, _sequence_number: sequenceNumber, _sub_sequence_number: sub } = row
              if (_source !== source || _shard !== page.shard || typeof sequenceNumber !== "string") continue
              if (ofDataset && row["dataset"] !== dataset) continue
              wanted.delete(positionText({ sequenceNumber, subSequenceNumber: Number(sub) }))
            }
          })
        )
      })
    yield* find(stage, false)
    yield* find(deadLetters, true)
    return [...wanted.values()]
  })

/** The partition of a file: date and hour, or the date alone. */
const placeOf = ({ partitionValues: { ingest_date: date, ingest_hour: hour } }: AddFile): string =>
  hour === undefined ? `${date}` : `${date}/${hour}`

/** May a file have one of these sequence numbers, which are sorted as texts? Bounds of texts are cut, down and up. */
const mayHold = ({ stats }: AddFile, shard: string, numbers: ReadonlyArray<string>): boolean => {
  const { minValues, maxValues } = membersOf(stats === null ? null : JSON.parse(stats))
  const [least, most] = [membersOf(minValues), membersOf(maxValues)]
  const isWithin = (column: string, text: string) => {
    const [min, max] = [least[column], most[column]]
    return typeof min !== "string" || typeof max !== "string" || (min <= text && text <= max)
  }
  return isWithin("_shard", shard) && numbers.some((number) => isWithin("_sequence_number", number))
}
