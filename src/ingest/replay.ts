import { Clock, Effect, type Scope, Stream } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { type Decoder, type DecodeSettings, makeDecoder } from "../decode/decoder.ts"
import { haveSameHashKeys } from "../lake/hash-key.ts"
import { infoOf } from "../lake/history.ts"
import { replayDomain } from "../lake/log-keys.ts"
import { PositionReader } from "../lake/position-reader.ts"
import { type ReplayState, replayState } from "../lake/positions.ts"
import { bytesOf } from "../lake/rows.ts"
import { Run } from "../lake/run.ts"
import { identityOf, type Opened, openDeadLetters, openStage } from "../lake/tables.ts"
import type { Value } from "../record/column.ts"
import { count } from "../record/count.ts"
import { deadLetterColumns } from "../record/dead-letter.ts"
import { type DeadLetterReason, structuredReasons, unreadReasons } from "../record/dead-letter-reasons.ts"
import { comparePositions, type Position } from "../record/position.ts"
import { randomUuid } from "../record/random.ts"
import type { RecordPage } from "../record/record.ts"
import { type DecodeCounts, emptyCounts, type OnRunEvent, type ReplayReport } from "../record/report.ts"
import { deterministicRunId } from "../record/run-id.ts"
import type { OnSteps } from "../record/steps.ts"
import { stageColumns } from "../record/system-columns.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { AddFile, Metadata } from "../table/actions.ts"
import { conflictError } from "../table/commit.ts"
import type { TableError } from "../table/errors.ts"
import type { Snapshot } from "../table/snapshot.ts"
import { type ReadValue, type Row, readTable } from "../table/table.ts"
import { BuilderPool } from "./builder-pool.ts"
import { OpenFiles } from "./open-files.ts"
import { defaultBatchLimits, hashingOf } from "./options.ts"
import { byDate, byHour, PartitionedRows } from "./partitioned-rows.ts"
import { type QualityError, stopWhereOrdered } from "./stopped.ts"

export interface ReplayOptions {
  readonly contract: CompiledContract
  readonly decode: DecodeSettings
  /** Only dead letters of this reason. Null, or not given: whatever theirs is. */
  readonly reason?: DeadLetterReason | null | undefined
  /** Goes on with the hash key of `decode` where the stage's hashes are of another one. Default: that is refused. */
  readonly changeHashKey?: boolean
  /** Told after the commit that it speaks of. Must not fail or block. */
  readonly onEvent: OnRunEvent
  /** Told as each file of dead letters begins. */
  readonly onSteps?: OnSteps | undefined
}

export interface ReplayResult {
  /** Dead letters of the dataset, and of the reason where one was given, that were read again. */
  readonly letters: number
  readonly rows: number
  readonly left: number
  /** How many of those left were too long and cut when they were read first: they cannot become rows, whatever the contract says. */
  readonly cut: number
  /** How many of those left never were records: what announced them is all that there is. */
  readonly unread: number
  /** How many of those left were rows already, as structured JSON: they are not read again. */
  readonly structured: number
}

type ReplayError = StoreError | TableError | QualityError

const { bufferBytes } = defaultBatchLimits

/**
 * Reads the dead letters of a dataset again, by today's contract. Those that become rows go to stage, with the coordinates that they came
 * with, and leave the dead letters. File by file, in two commits, each of which can be found out to have happened: a replay that is cut off
 * is finished by the next one, and a replay after that does nothing.
 *
 * Errors: `TableError` with reason `Conflict` when another replay is at work; `QualityError` where the contract orders to stop.
 */
export const replay = (options: ReplayOptions): Effect.Effect<ReplayResult, ReplayError, Store> =>
  Effect.gen(function* () {
    const stage = yield* openStage(options.contract, { hashing: hashingOf(options) })
    const deadLetters = yield* openDeadLetters
    const { metaData } = yield* stage.table.snapshot
    const work: Work = { ...options, stage, deadLetters, metaData, decoder: makeDecoder(options.contract, options.decode) }
    const result = { letters: 0, rows: 0, cut: 0, unread: 0, structured: 0 }
    const take = (file: AddFile) =>
      Effect.gen(function* () {
        const done = yield* Effect.scoped(replayFile(work, file, yield* Clock.currentTimeMillis))
        result.letters += done.letters
        result.rows += done.rows
        result.cut += done.cut
        result.unread += done.unread
        result.structured += done.structured
      })
    // First what an earlier replay left undone, as long as stage tells of it.
    const { last } = replayState((yield* stage.table.snapshot).domains)
    const unfinished = last === null ? undefined : (yield* deadLetters.table.snapshot).files.get(last.file)
    if (unfinished !== undefined) yield* take(unfinished)
    const { files } = yield* deadLetters.table.snapshot
    const inOrder = [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
    for (const [i, file] of inOrder.entries()) {
      const doing = `${count(result.letters, "dead letter")} read again, ${count(result.rows, "row")}`
      options.onSteps?.({ share: i / inOrder.length, doing })
      yield* take(file)
    }
    return { ...result, left: result.letters - result.rows }
  })

interface Work extends ReplayOptions {
  readonly stage: Opened
  readonly deadLetters: Opened
  readonly decoder: Decoder
  /** Of stage, when it was opened for this key. */
  readonly metaData: Metadata
}

const replayFile = (
  work: Work,
  file: AddFile,
  startedAt: number
): Effect.Effect<Omit<ReplayResult, "left">, ReplayError, Store | Scope.Scope> =>
  Effect.gen(function* () {
    const { stage, deadLetters } = work
    const dataset = work.contract.contract.name
    const before = yield* stage.table.snapshot
    if (!haveSameHashKeys(before.metaData, work.metaData))
      return yield* conflictError(stage.table.path, before.version, "metaData", "another process changed the hash key of the table")
    const state = replayState(before.domains)
    if (state.last?.file === file.path) {
      // Its letters are rows already: another replay was cut off between its two commits, or is at work beside this one.
      const { replayed } = state.last
      yield* removeLetters(work, file, new Set(replayed))
      return { letters: replayed.length, rows: replayed.length, cut: 0, unread: 0, structured: 0 }
    }
    const files = new OpenFiles(stage.table.path, stageColumns(work.contract.columns), byHour, yield* randomUuid)
    const counts = emptyCounts()
    const { letters, replayed, ...left } = yield* decodeLetters(work, file, before, files, counts)
    if (replayed.length === 0) return { letters, rows: 0, ...left }
    yield* stopWhereOrdered(work.contract.contract, counts)

    const runId = deterministicRunId(
      startedAt,
      `${dataset}.replay`,
      JSON.stringify([...identityOf({ table: stage.table, snapshot: before }), file.path])
    )
    const inputs = [
      {
        uri: deadLetters.table.uri,
        table: { path: deadLetters.table.path, version: (yield* deadLetters.table.snapshot).version },
        rows: letters,
        bytes: file.size,
        files: 1
      }
    ]
    const run = new Run(work.onEvent, { kind: "replay", runId, dataset }, startedAt, inputs)
    return yield* run.of(
      Effect.gen(function* () {
        const added = yield* files.finish(startedAt)
        const fileBytes = bytesOf(added)
        const { startedAt: begun } = run
        const report: ReplayReport = { kind: "replay", runId, dataset, startedAt: begun, counts, files: added.length, fileBytes }
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
        yield* removeLetters(work, file, new Set(replayed))
        const { uri, path } = stage.table
        const output = { uri, path, version, created: false, rows: replayed.length, bytes: fileBytes, files: added.length }
        return { result: { letters, rows: replayed.length, ...left }, report, outputs: [output] }
      })
    )
  })

const text = (value: unknown): string => (typeof value === "string" ? value : "")
const millisOf = (row: Row): number => {
  const micros = row["_arrived_at"]
  return typeof micros === "bigint" ? Number(micros) / 1000 : 0
}

/** The columns of dead letters are leaves: no list, struct or map can stand in one. */
const leafValue = (value: ReadValue | undefined): Value =>
  value === undefined || (typeof value === "object" && !(value instanceof Uint8Array)) ? null : value

/** The rows of a file of dead letters, a row group at a time, each with its place in the file. */
const forEachLetter = <E, R>(
  { deadLetters }: Work,
  file: AddFile,
  use: (rows: ReadonlyArray<Row>, first: number) => Effect.Effect<void, E, R>
): Effect.Effect<void, E | TableError, R | Store> => {
  let first = 0
  return Stream.runForEachArray(readTable(deadLetters.table, { where: ({ path }) => path === file.path }), (rows) =>
    Effect.suspend(() => {
      const at = first
      first += rows.length
      return use(rows, at)
    })
  )
}

/** Decodes the letters of the dataset one by one. Gives how many there are, and the places in the file of those that became rows. */
const decodeLetters = (work: Work, file: AddFile, stage: Snapshot, files: OpenFiles, counts: DecodeCounts) =>
  Effect.gen(function* () {
    const dataset = work.contract.contract.name
    const reason = work.reason ?? null
    const isAsked = (row: Row) => row["dataset"] === dataset && (reason === null || row["reason"] === reason)
    const replayed: Array<number> = []
    let letters = 0
    let cut = 0
    let unread = 0
    let structured = 0
    const held = new PartitionedRows(new BuilderPool(stageColumns(work.contract.columns)), byHour, bufferBytes)
    const sink = { columnsFor: (millis: number) => held.columnsFor(millis), deadLetter: () => {}, counts }
    const reader = new PositionReader(work.stage.table, yield* Store)
    yield* forEachLetter(work, file, (rows, first) =>
      Effect.gen(function* () {
        const positions = new Map<string, Position | undefined>()
        for (const row of rows) {
          const shard = `${text(row["_source"])}/${text(row["_shard"])}`
          if (!isAsked(row) || positions.has(shard)) continue
          positions.set(shard, (yield* reader.find(stage.domains, text(row["_source"]), text(row["_shard"])))?.position)
        }
        for (const [i, row] of rows.entries()) {
          if (!isAsked(row)) continue
          letters++
          if (unreadReasons.has(text(row["reason"]))) {
            unread++
            continue
          }
          if (structuredReasons.has(text(row["reason"]))) {
            structured++
            continue
          }
          const page = pageOf(row)
          if (page === null) cut++
          // Ingest has yet to commit the rest of that batch: until then its dead letters are not for others to take.
          const reached = positions.get(`${text(row["_source"])}/${text(row["_shard"])}`)
          if (page === null || reached === undefined || comparePositions(positionOf(row), reached) > 0) continue
          const before = counts.rows
          work.decoder.decodePage(text(row["_source"]), page, sink)
          if (counts.rows > before) replayed.push(first + i)
        }
        yield* files.appendAll(held.full())
      })
    )
    yield* files.appendAll(held.rest())
    return { letters, replayed, cut, unread, structured }
  })

const positionOf = (row: Row) => ({ sequenceNumber: text(row["_sequence_number"]), subSequenceNumber: Number(row["_sub_sequence_number"]) })

/** A letter as a page of one record; null where its source had to cut the record, so that there is nothing whole to decode. */
const pageOf = (row: Row): RecordPage | null => {
  const { raw, size, header } = row
  if (!(raw instanceof Uint8Array) || Number(size) > raw.length) return null
  const { sequenceNumber, subSequenceNumber } = positionOf(row)
  return {
    shard: text(row["_shard"]),
    count: 1,
    bytes: raw,
    starts: [0],
    ends: [raw.length],
    sequenceNumbers: [sequenceNumber],
    subSequenceNumbers: [subSequenceNumber],
    arrivedAt: millisOf(row),
    header: header instanceof Uint8Array ? header : undefined
  }
}

/** Replaces a file of dead letters by one without those that became rows. */
const removeLetters = (work: Work, file: AddFile, replayed: ReadonlySet<number>): Effect.Effect<void, ReplayError, Store | Scope.Scope> =>
  Effect.gen(function* () {
    const { table } = work.deadLetters
    const now = yield* Clock.currentTimeMillis
    const rest = new OpenFiles(table.path, deadLetterColumns, byDate, yield* randomUuid)
    const held = new PartitionedRows(new BuilderPool(deadLetterColumns), byDate, bufferBytes)
    let copied = 0
    yield* forEachLetter(work, file, (rows, first) =>
      Effect.suspend(() => {
        for (const [i, row] of rows.entries()) {
          if (replayed.has(first + i)) continue
          copied++
          held.columnsFor(millisOf(row)).append(deadLetterColumns.map(({ name }) => leafValue(row[name])))
        }
        return rest.appendAll(held.full())
      })
    )
    yield* rest.appendAll(held.rest())
    const added = yield* rest.finish(now)
    const { path, partitionValues, size } = file
    yield* table.commit({
      read: yield* table.snapshot,
      operation: "DELETE",
      parameters: { predicate: '["replayed"]' },
      metrics: {
        numRemovedFiles: "1",
        numAddedFiles: String(added.length),
        numDeletedRows: String(replayed.size),
        numCopiedRows: String(copied)
      },
      actions: [{ remove: { path, deletionTimestamp: now, dataChange: true, partitionValues, size } }, ...added.map((add) => ({ add }))],
      isBlindAppend: false,
      readFiles: new Set([path])
    })
  })
