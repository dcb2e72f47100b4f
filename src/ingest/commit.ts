import { Effect } from "effect"
import { appendRetiring, appendTransaction, stagePositions } from "../lake/append.ts"
import { deadLetterDomain, stageDomain } from "../lake/log-keys.ts"
import { parsePosition } from "../lake/positions.ts"
import { bytesOf } from "../lake/rows.ts"
import { comparePositions, type Positions } from "../record/position.ts"
import type { BatchReport, RunOutput } from "../record/report.ts"
import type { AddFile, DomainMetadata } from "../table/actions.ts"
import { type Committed, conflictError } from "../table/commit.ts"
import { secondOwner } from "../table/conflict.ts"
import type { TableError } from "../table/errors.ts"
import type { Snapshot } from "../table/snapshot.ts"
import type { Table } from "../table/table.ts"
import type { ClosedBatch } from "./batch.ts"
import type { Retirement } from "./retirement.ts"
import { movedShards, standOf } from "./second-owner.ts"
import { type Tables, viewOf } from "./tables.ts"

/**
 * The positions of a batch's dead letters. After a crash between the two commits they may be ahead of this batch: one that is further on stays as it is,
 * and is written again, so that whoever else commits it meanwhile conflicts.
 */
const letterPositions = (domain: (shard: string) => string, batch: ClosedBatch, { domains }: Snapshot): ReadonlyArray<DomainMetadata> =>
  [...batch.shards].flatMap(([shard, { to, deadLetters }]) => {
    if (deadLetters === 0) return []
    const stored = domains.get(domain(shard))
    const isBehind = stored !== undefined && comparePositions(parsePosition(stored), to) >= 0
    return [{ domain: domain(shard), configuration: isBehind ? stored : JSON.stringify(to), removed: false }]
  })

/** Does the table stand as it was read, as far as these positions and its schema go? */
const isAsRead = (read: Snapshot, now: Snapshot, positions: ReadonlyArray<DomainMetadata>): boolean =>
  JSON.stringify(read.metaData) === JSON.stringify(now.metaData) &&
  positions.every(({ domain }) => read.domains.get(domain) === now.domains.get(domain))

const append = (
  target: { readonly table: Table; snapshot: Snapshot },
  files: ReadonlyArray<AddFile>,
  rows: number,
  positions: ReadonlyArray<DomainMetadata>,
  report?: BatchReport
): Effect.Effect<Committed, TableError> => {
  const commit = (read: Snapshot) => target.table.commit(appendTransaction({ read, files, rows, positions, report }))
  return commit(target.snapshot).pipe(
    // Others have committed since, and it was so long ago that their commits have expired: what they left tells as much.
    Effect.catchIf(
      (error) => error.conflict === "read",
      (error) =>
        Effect.flatMap(target.table.snapshot, (now) => (isAsRead(target.snapshot, now, positions) ? commit(now) : Effect.fail(error)))
    ),
    Effect.tap(({ snapshot }) =>
      Effect.sync(() => {
        target.snapshot = snapshot
      })
    )
  )
}

/**
 * A commit is judged by those that came between it and what it was read from, and that is the commit of the batch before: whoever committed a
 * shard of this batch while that one was on its way stands before it. What this batch was told of the shard is no longer so then.
 */
const refuseSecondOwner = (
  tables: Tables,
  batch: ClosedBatch,
  { dataset, source }: BatchReport,
  stored: Positions
): Effect.Effect<void, TableError> => {
  const view = viewOf(tables)
  const taken = [...batch.shards].map(([shard, { stand }]) => [shard, stand] as const)
  const [moved] = movedShards(taken, (shard) => standOf({ dataset, source: source.name, shard }, view, stored.get(shard)))
  if (moved === undefined) return Effect.void
  const { table, snapshot } = tables.stage
  return Effect.fail(conflictError(table.path, snapshot.version, "domain", secondOwner(stageDomain(source.name, moved))))
}

/**
 * Commits a closed batch: dead letters first, then stage. The order is what makes a crash between the two harmless: whatever stage says has
 * been read, its dead letters are safe. Dead letters without content are not committed; their position is then stage's.
 *
 * The domains of the positions fence a second owner of a shard: its commit fails with `Conflict`/`domain`, and it must stop.
 *
 * @param stored where the batch's shards stand in stage before it
 * @param retirement the positions that retire with it
 */
export const commitBatch = (
  tables: Tables,
  batch: ClosedBatch,
  report: BatchReport,
  stored: Positions,
  retirement: Retirement
): Effect.Effect<ReadonlyArray<RunOutput>, TableError> =>
  Effect.gen(function* () {
    const { dataset, source } = report
    yield* refuseSecondOwner(tables, batch, report, stored)
    const outputs: Array<RunOutput> = []
    if (batch.deadLetterFiles.length > 0) {
      const domain = (shard: string) => deadLetterDomain({ dataset, source: source.name, shard })
      const { version } = yield* appendRetiring(retirement.letters, (retiring) =>
        append(tables.deadLetters, batch.deadLetterFiles, batch.deadLetters, [
          ...letterPositions(domain, batch, tables.deadLetters.snapshot),
          ...retiring
        ])
      )
      outputs.push(output(tables.deadLetters, version, batch.deadLetterFiles, batch.deadLetters))
    }
    const positions = [...batch.shards].map(([shard, { to }]) => [shard, to] as const)
    // The commit point of the batch. What follows may fail without failing it.
    const { version } = yield* appendRetiring(retirement.stage, (retiring) =>
      append(tables.stage, batch.stageFiles, batch.counts.rows, stagePositions(source.name, positions, retiring), report)
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
