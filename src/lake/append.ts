import { Effect } from "effect"
import type { ShardPosition } from "../record/position.ts"
import type { BatchReport } from "../record/report.ts"
import type { AddFile, DomainMetadata } from "../table/actions.ts"
import type { Committed } from "../table/commit.ts"
import type { TableError } from "../table/errors.ts"
import type { Snapshot } from "../table/snapshot.ts"
import type { Transaction } from "../table/transaction.ts"
import { infoOf } from "./history.ts"
import { stageDomain } from "./log-keys.ts"
import { bytesOf } from "./rows.ts"

/** Files that become part of a table, and positions that become known, by one commit: neither is ever there without the other. */
export interface Append {
  /** The snapshot on which it rests. */
  readonly read: Snapshot
  readonly files: ReadonlyArray<AddFile>
  readonly rows: number
  readonly positions: ReadonlyArray<DomainMetadata>
  /** What is said of it, where it is said here. */
  readonly report?: BatchReport | undefined
}

/** The transaction of an append, as Spark names those of streams. */
export const appendTransaction = ({ read, files, rows, positions, report }: Append): Transaction => ({
  read,
  operation: "STREAMING UPDATE",
  parameters: { outputMode: "Append" },
  metrics: {
    numAddedFiles: String(files.length),
    numRemovedFiles: "0",
    numOutputRows: String(rows),
    numOutputBytes: String(bytesOf(files))
  },
  actions: [...positions.map((domainMetadata) => ({ domainMetadata })), ...files.map((add) => ({ add }))],
  isBlindAppend: true,
  ...(report === undefined ? {} : { info: infoOf(report) })
})

/** Positions of shards in a stage, as its log has them. @param retiring what takes the place of some of them */
export const stagePositions = (
  source: string,
  positions: Iterable<readonly [shard: string, position: ShardPosition]>,
  retiring: ReadonlyArray<DomainMetadata>
): ReadonlyArray<DomainMetadata> => {
  const told = new Set(retiring.map(({ domain }) => domain))
  const live = [...positions].map(([shard, position]) => ({
    domain: stageDomain(source, shard),
    configuration: JSON.stringify(position),
    removed: false
  }))
  return [...live.filter(({ domain }) => !told.has(domain)), ...retiring]
}

/** Commits with the positions that retire. Where they conflict another process has moved some of them meanwhile, and they can wait: then without them. */
export const appendRetiring = (
  retiring: ReadonlyArray<DomainMetadata>,
  append: (retiring: ReadonlyArray<DomainMetadata>) => Effect.Effect<Committed, TableError>
): Effect.Effect<Committed, TableError> =>
  retiring.length === 0
    ? append([])
    : // Who has committed a shard of these conflicts again.
      Effect.catchIf(
        append(retiring),
        ({ reason }) => reason === "Conflict",
        () => append([])
      )
