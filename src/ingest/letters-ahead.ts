import { Effect, Stream } from "effect"
import { deadLetterDomain } from "../lake/log-keys.ts"
import { parsePosition, positionsOf, storedPositions } from "../lake/positions.ts"
import { type DeadLetterReason, deadLetterReasons } from "../record/dead-letter.ts"
import { comparePositions, type Position } from "../record/position.ts"
import { positionAt, type RecordPage, selectRecords } from "../record/record.ts"
import type { DecodeCounts } from "../record/report.ts"
import type { Store } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { readTable } from "../table/table.ts"
import type { Tables } from "./commit.ts"

/**
 * Dead letters that stage has not reached, by shard and then by coordinates: what is there when a process died between its two commits. These
 * records are dead letters for good, whatever the decoder would say today: with other settings or another contract it may decide otherwise,
 * and then a record would be both or neither.
 */
export type LettersAhead = ReadonlyMap<string, ReadonlyMap<string, DeadLetterReason>>

const coordinates = (sequenceNumber: string, subSequenceNumber: number): string => `${sequenceNumber}/${subSequenceNumber}`

const isReason = (text: unknown): text is DeadLetterReason => typeof text === "string" && Object.hasOwn(deadLetterReasons, text)

const isAhead = (position: Position, stage: Position | undefined): boolean => stage === undefined || comparePositions(position, stage) > 0

/** Do the dead letters of a shard reach further than stage? */
export const hasLettersAhead = ({ stage, deadLetters }: Tables, dataset: string, source: string, shard: string): boolean => {
  const letters = deadLetters.snapshot.domains.get(deadLetterDomain(dataset, source, shard))
  return letters !== undefined && isAhead(parsePosition(letters), positionsOf(stage.snapshot.domains, source).get(shard))
}

/** Reads nothing but the positions, unless some shard's dead letters are ahead. */
export const findLettersAhead = (tables: Tables, dataset: string, source: string): Effect.Effect<LettersAhead, TableError, Store> =>
  Effect.gen(function* () {
    const reached = positionsOf(tables.stage.snapshot.domains, source)
    const shards = new Set(
      storedPositions(tables.deadLetters.snapshot.domains).flatMap((stored) =>
        stored.source === `${dataset}.${source}` && isAhead(stored.position, reached.get(stored.shard)) ? [stored.shard] : []
      )
    )
    const found = new Map<string, Map<string, DeadLetterReason>>()
    if (shards.size === 0) return found
    const columns = ["dataset", "reason", "_source", "_shard", "_sequence_number", "_sub_sequence_number"]
    yield* Stream.runForEachArray(readTable(tables.deadLetters.table, { snapshot: tables.deadLetters.snapshot, columns }), (rows) =>
      Effect.sync(() => {
        for (const row of rows) {
          const { dataset: of, reason, _source: from, _shard: shard, _sequence_number: sequenceNumber } = row
          if (of !== dataset || from !== source || typeof shard !== "string" || !shards.has(shard)) continue
          if (typeof sequenceNumber !== "string" || !isReason(reason)) continue
          const subSequenceNumber = Number(row["_sub_sequence_number"])
          if (!isAhead({ sequenceNumber, subSequenceNumber }, reached.get(shard))) continue
          const ofShard = found.get(shard) ?? new Map<string, DeadLetterReason>()
          found.set(shard, ofShard.set(coordinates(sequenceNumber, subSequenceNumber), reason))
        }
      })
    )
    return found
  })

/** A page without the records that are dead letters already; they are counted. */
export const withoutLetters = (page: RecordPage, letters: ReadonlyMap<string, DeadLetterReason>, counts: DecodeCounts): RecordPage => {
  const kept: Array<number> = []
  for (let i = 0; i < page.count; i++) {
    const { sequenceNumber, subSequenceNumber } = positionAt(page, i)
    const reason = letters.get(coordinates(sequenceNumber, subSequenceNumber))
    if (reason === undefined) kept.push(i)
    else {
      counts.records++
      counts.bytes += page.cut?.get(i) ?? (page.ends[i] ?? 0) - (page.starts[i] ?? 0)
      counts.deadLetters[reason] = (counts.deadLetters[reason] ?? 0) + 1
    }
  }
  return selectRecords(page, kept)
}
