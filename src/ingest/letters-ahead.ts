import { Effect, Stream } from "effect"
import type { PositionReader } from "../lake/position-reader.ts"
import { isBeyond, storedLetterPositions } from "../lake/positions.ts"
import { type DeadLetterReason, deadLetterReasons } from "../record/dead-letter-reasons.ts"
import { comparePositions, type Position, positionText } from "../record/position.ts"
import { positionAt, type RecordPage, selectRecords } from "../record/record.ts"
import { count, type DecodeCounts } from "../record/report.ts"
import type { Store } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { readTable } from "../table/table.ts"
import type { Tables } from "./tables.ts"

/**
 * Dead letters that stage has not reached, by shard and then by coordinates: what is there when a process died between its two commits. These
 * records are dead letters for good, whatever the decoder would say today: with other settings or another contract it may decide otherwise,
 * and then a record would be both or neither.
 */
export type LettersAhead = ReadonlyMap<string, LettersOfShard>

type LettersOfShard = ReadonlyMap<string, Letter>

interface Letter extends Position {
  readonly reason: DeadLetterReason
  /** Bytes of the record at its source. */
  readonly size: number
}

const isReason = (text: unknown): text is DeadLetterReason => typeof text === "string" && Object.hasOwn(deadLetterReasons, text)

/** Reads nothing but the positions, unless some shard's dead letters are ahead. */
export const findLettersAhead = (
  tables: Tables,
  reader: PositionReader,
  dataset: string,
  source: string
): Effect.Effect<LettersAhead, TableError, Store> =>
  Effect.gen(function* () {
    const reached = new Map<string, Position | undefined>()
    for (const { source: from, shard, position } of storedLetterPositions(tables.deadLetters.snapshot.domains, dataset)) {
      if (from !== source) continue
      const stage = (yield* reader.find(tables.stage.snapshot.domains, source, shard))?.position
      if (isBeyond(position, stage)) reached.set(shard, stage)
    }
    const found = new Map<string, Map<string, Letter>>()
    if (reached.size === 0) return found
    const columns = ["dataset", "reason", "size", "_source", "_shard", "_sequence_number", "_sub_sequence_number"]
    yield* Stream.runForEachArray(readTable(tables.deadLetters.table, { snapshot: tables.deadLetters.snapshot, columns }), (rows) =>
      Effect.sync(() => {
        for (const row of rows) {
          const { dataset: of, reason, size, _source: from, _shard: shard, _sequence_number: sequenceNumber } = row
          if (of !== dataset || from !== source || typeof shard !== "string" || !reached.has(shard)) continue
          if (typeof sequenceNumber !== "string" || !isReason(reason)) continue
          const letter = { sequenceNumber, subSequenceNumber: Number(row["_sub_sequence_number"]), reason, size: Number(size) }
          if (!isBeyond(letter, reached.get(shard))) continue
          const ofShard = found.get(shard) ?? new Map<string, Letter>()
          found.set(shard, ofShard.set(positionText(letter), letter))
        }
      })
    )
    return found
  })

/**
 * A page without the records that are dead letters already. They are counted, and so are those that the page passes over: their file holds
 * something else by now, or their stream has let go of them.
 * @param after where the shard stood before the page
 */
export const withoutLetters = (
  page: RecordPage,
  letters: LettersOfShard,
  after: Position | undefined,
  counts: DecodeCounts
): RecordPage => {
  if (page.count === 0) return page
  const kept: Array<number> = []
  for (let i = 0; i < page.count; i++) if (!letters.has(positionText(positionAt(page, i)))) kept.push(i)
  const last = positionAt(page, page.count - 1)
  for (const letter of letters.values()) {
    if (!isBeyond(letter, after) || comparePositions(letter, last) > 0) continue
    counts.records++
    counts.bytes += letter.size
    count(counts.deadLetters, letter.reason)
  }
  return selectRecords(page, kept)
}
