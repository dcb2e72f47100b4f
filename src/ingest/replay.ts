import { Clock, Effect, Stream } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { type Decoder, type DecodeSettings, makeDecoder } from "../decode/decoder.ts"
import { infoOf } from "../lake/history.ts"
import { type ReplayState, replayDomain, replayState } from "../lake/positions.ts"
import { type Opened, openDeadLetters, openStage } from "../lake/tables.ts"
import type { Value } from "../record/column.ts"
import { deadLetterColumns } from "../record/dead-letter.ts"
import { randomUuid } from "../record/random.ts"
import { type DecodeCounts, emptyCounts, type ReplayReport, type RunEvent } from "../record/report.ts"
import { deterministicRunId } from "../record/run-id.ts"
import { stageColumns } from "../record/system-columns.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { AddFile } from "../table/actions.ts"
import type { TableError } from "../table/errors.ts"
import { type ReadValue, type Row, readTable } from "../table/table.ts"
import { columnsOfDate, columnsOfHour, OpenFiles } from "./open-files.ts"

export interface ReplayOptions {
  readonly contract: CompiledContract
  readonly decode: DecodeSettings
  /** Told after the commit that it speaks of. Must not fail or block. */
  readonly onEvent: (event: RunEvent) => Effect.Effect<void>
}

export interface ReplayResult {
  /** Dead letters of the dataset that were read again. */
  readonly letters: number
  readonly rows: number
  readonly left: number
}

type ReplayError = StoreError | TableError

/**
 * Reads the dead letters of a dataset again, by today's contract. Those that become rows go to stage, with the coordinates that they came
 * with, and leave the dead letters. File by file, in two commits, each of which can be found out to have happened: a replay that is cut off
 * is finished by the next one, and a replay after that does nothing.
 *
 * Errors: `TableError` with reason `Conflict` when another replay is at work.
 */
export const replay = (options: ReplayOptions): Effect.Effect<ReplayResult, ReplayError, Store> =>
  Effect.gen(function* () {
    const stage = yield* openStage(options.contract)
    const deadLetters = yield* openDeadLetters
    const decoder = makeDecoder(options.contract, options.decode)
    const result = { letters: 0, rows: 0, left: 0 }
    const { files } = yield* deadLetters.table.snapshot
    for (const file of [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1))) {
      const done = yield* Effect.scoped(replayFile(options, stage, deadLetters, decoder, file))
      result.letters += done.letters
      result.rows += done.rows
    }
    return { ...result, left: result.letters - result.rows }
  })

const replayFile = (options: ReplayOptions, stage: Opened, deadLetters: Opened, decoder: Decoder, file: AddFile) =>
  Effect.gen(function* () {
    const dataset = options.contract.contract.name
    const startedAt = yield* Clock.currentTimeMillis
    const before = yield* stage.table.snapshot
    const rows = yield* readTable(deadLetters.table, { where: (each) => each.path === file.path }).pipe(Stream.runCollect)
    const mine = rows.filter((row) => row["dataset"] === dataset)
    const state = replayState(before.domains)
    if (state.last?.file === file.path) {
      yield* removeLetters(deadLetters, file, rows, new Set(state.last.replayed))
      return { letters: mine.length, rows: state.last.replayed.length }
    }

    const files = new OpenFiles(stage.table.path, stageColumns(options.contract.columns), yield* randomUuid)
    const counts = emptyCounts()
    const replayed = decodeLetters(decoder, dataset, rows, files, counts)
    if (replayed.length === 0) return { letters: mine.length, rows: 0 }

    const runId = deterministicRunId(startedAt, `${dataset}.replay`, file.path)
    const inputs = [
      {
        uri: deadLetters.table.uri,
        table: { path: deadLetters.table.path, version: (yield* deadLetters.table.snapshot).version },
        rows: mine.length,
        bytes: file.size,
        files: 1
      }
    ]
    yield* options.onEvent({ event: "start", kind: "replay", runId, dataset, at: new Date(startedAt).toISOString(), inputs })
    const added = yield* files.finish(startedAt)
    const fileBytes = added.reduce((total, { size }) => total + size, 0)
    const report: ReplayReport = {
      kind: "replay",
      runId,
      dataset,
      startedAt: new Date(startedAt).toISOString(),
      counts,
      files: added.length,
      fileBytes
    }
    const after: ReplayState = { rows: state.rows + replayed.length, last: { file: file.path, replayed } }
    // The commit point: from here on these letters are rows, and what is left to do is to take them out of the dead letters.
    const { version } = yield* stage.table.commit({
      read: before,
      operation: "STREAMING UPDATE",
      parameters: { outputMode: "Append" },
      metrics: { numAddedFiles: String(added.length), numOutputRows: String(replayed.length), numOutputBytes: String(fileBytes) },
      actions: [
        { domainMetadata: { domain: replayDomain, configuration: JSON.stringify(after), removed: false } },
        ...added.map((add) => ({ add }))
      ],
      isBlindAppend: true,
      info: infoOf(report)
    })
    yield* removeLetters(deadLetters, file, rows, new Set(replayed))
    const at = new Date(yield* Clock.currentTimeMillis).toISOString()
    const output = { uri: stage.table.uri, path: stage.table.path, version, created: false, rows: replayed.length, bytes: fileBytes }
    yield* options.onEvent({ event: "complete", at, report, inputs, outputs: [{ ...output, files: added.length }] })
    return { letters: mine.length, rows: replayed.length }
  })

const text = (value: unknown): string => (typeof value === "string" ? value : "")
const millisOf = (row: Row): number => {
  const micros = row["_arrived_at"]
  return typeof micros === "bigint" ? Number(micros / 1000n) : 0
}

/** The columns of dead letters are leaves: no list, struct or map can stand in one. */
const leafValue = (value: ReadValue | undefined): Value =>
  value === undefined || (typeof value === "object" && !(value instanceof Uint8Array)) ? null : value

/** Decodes the letters of a dataset one by one. Gives the places of those that became rows. */
const decodeLetters = (
  decoder: Decoder,
  dataset: string,
  rows: ReadonlyArray<Row>,
  files: OpenFiles,
  counts: DecodeCounts
): ReadonlyArray<number> => {
  const replayed: Array<number> = []
  const sink = { columnsFor: (millis: number) => columnsOfHour(files, millis), deadLetter: () => {}, counts }
  for (const [i, row] of rows.entries()) {
    const { raw, size } = row
    // A record that its source had to cut is not whole: there is nothing to decode.
    if (row["dataset"] !== dataset || !(raw instanceof Uint8Array) || Number(size) > raw.length) continue
    const before = counts.rows
    decoder.decodePage(
      text(row["_source"]),
      {
        shard: text(row["_shard"]),
        count: 1,
        bytes: raw,
        starts: [0],
        ends: [raw.length],
        sequenceNumbers: [text(row["_sequence_number"])],
        subSequenceNumbers: [Number(row["_sub_sequence_number"])],
        arrivedAt: millisOf(row)
      },
      sink
    )
    if (counts.rows > before) replayed.push(i)
  }
  return replayed
}

/** Replaces a file of dead letters by one without those that became rows. */
const removeLetters = (deadLetters: Opened, file: AddFile, rows: ReadonlyArray<Row>, replayed: ReadonlySet<number>) =>
  Effect.gen(function* () {
    const { table } = deadLetters
    const now = yield* Clock.currentTimeMillis
    const rest = new OpenFiles(table.path, deadLetterColumns, yield* randomUuid)
    for (const [i, row] of rows.entries()) {
      if (!replayed.has(i)) columnsOfDate(rest, millisOf(row)).append(deadLetterColumns.map(({ name }) => leafValue(row[name])))
    }
    const added = yield* rest.finish(now)
    yield* table.commit({
      read: yield* table.snapshot,
      operation: "DELETE",
      parameters: { predicate: '["replayed"]' },
      metrics: {
        numRemovedFiles: "1",
        numAddedFiles: String(added.length),
        numDeletedRows: String(replayed.size),
        numCopiedRows: String(rows.length - replayed.size)
      },
      actions: [
        {
          remove: {
            path: file.path,
            deletionTimestamp: now,
            dataChange: true,
            partitionValues: file.partitionValues,
            size: file.size,
            ...(file.encodedPath === undefined ? {} : { encodedPath: file.encodedPath })
          }
        },
        ...added.map((add) => ({ add }))
      ],
      isBlindAppend: false,
      readFiles: new Set([file.path])
    })
  })
