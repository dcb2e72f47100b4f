import { Effect } from "effect"
import { infoOf } from "../lake/history.ts"
import { deadLetterDomain, parsePosition, stageDomain } from "../lake/positions.ts"
import { comparePositions, type ShardPosition } from "../record/position.ts"
import type { BatchReport, RunOutput } from "../record/report.ts"
import type { AddFile, WriteAction } from "../table/actions.ts"
import type { Committed } from "../table/commit.ts"
import type { TableError } from "../table/errors.ts"
import type { Snapshot } from "../table/snapshot.ts"
import type { Table } from "../table/table.ts"
import type { ClosedBatch } from "./batch.ts"

/** The two tables that a batch goes to, each with the snapshot that its positions were read from. */
export interface Tables {
  readonly stage: { readonly table: Table; readonly created: boolean; snapshot: Snapshot }
  readonly deadLetters: { readonly table: Table; readonly created: boolean; snapshot: Snapshot }
}

const bytesOf = (files: ReadonlyArray<AddFile>): number => files.reduce((total, file) => total + file.size, 0)

/** The positions of a batch. @param ahead positions already in the table, by domain: one that is further on stays as it is */
const positionActions = (
  batch: ClosedBatch,
  domain: (shard: string) => string,
  ahead: ReadonlyMap<string, string>
): ReadonlyArray<WriteAction> =>
  [...batch.shards].flatMap(([shard, { from, position }]) => {
    const stored = ahead.get(domain(shard))
    if (stored !== undefined && comparePositions(parsePosition(stored), position) >= 0) return []
    const configuration: ShardPosition = { ...(from === undefined ? {} : { from }), ...position }
    return [{ domainMetadata: { domain: domain(shard), configuration: JSON.stringify(configuration), removed: false } }]
  })

const append = (
  target: { readonly table: Table; snapshot: Snapshot },
  files: ReadonlyArray<AddFile>,
  rows: number,
  positions: ReadonlyArray<WriteAction>,
  info?: BatchReport
): Effect.Effect<Committed, TableError> =>
  target.table
    .commit({
      read: target.snapshot,
      operation: "STREAMING UPDATE",
      parameters: { outputMode: "Append" },
      metrics: {
        numAddedFiles: String(files.length),
        numRemovedFiles: "0",
        numOutputRows: String(rows),
        numOutputBytes: String(bytesOf(files))
      },
      actions: [...positions, ...files.map((add) => ({ add }))],
      isBlindAppend: true,
      ...(info === undefined ? {} : { info: infoOf(info) })
    })
    .pipe(
      Effect.tap(({ snapshot }) =>
        Effect.sync(() => {
          target.snapshot = snapshot
        })
      )
    )

/**
 * Commits a closed batch: dead letters first, then stage. The order is what makes a crash between the two harmless: whatever stage says has
 * been read, its dead letters are safe. Dead letters without content are not committed; their position is then stage's.
 *
 * The domains of the positions fence a second owner of a shard: its commit fails with `Conflict`/`domain`, and it must stop.
 */
export const commitBatch = (tables: Tables, batch: ClosedBatch, report: BatchReport): Effect.Effect<ReadonlyArray<RunOutput>, TableError> =>
  Effect.gen(function* () {
    const { dataset, source } = report
    const outputs: Array<RunOutput> = []
    if (batch.deadLetterFiles.length > 0) {
      const { version } = yield* append(
        tables.deadLetters,
        batch.deadLetterFiles,
        batch.deadLetters,
        // After a crash between the two commits the dead letters may be ahead of this batch.
        positionActions(batch, (shard) => deadLetterDomain(dataset, source.name, shard), tables.deadLetters.snapshot.domains)
      )
      outputs.push(output(tables.deadLetters, version, batch.deadLetterFiles, batch.deadLetters))
    }
    // The commit point of the batch. What follows may fail without failing it.
    const { version } = yield* append(
      tables.stage,
      batch.stageFiles,
      batch.counts.rows,
      positionActions(batch, (shard) => stageDomain(source.name, shard), new Map()),
      report
    )
    outputs.unshift(output(tables.stage, version, batch.stageFiles, batch.counts.rows))
    return outputs
  })

const output = (
  target: { readonly table: Table; readonly created: boolean },
  version: number,
  files: ReadonlyArray<AddFile>,
  rows: number
): RunOutput => ({
  uri: target.table.uri,
  path: target.table.path,
  version,
  // The commit after the one that made the table is the first that has something to show.
  created: target.created && version === 1,
  rows,
  bytes: bytesOf(files),
  files: files.length
})
