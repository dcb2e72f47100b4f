import { join } from "node:path"
import { Clock, Effect } from "effect"
import { randomUuid } from "../record/random.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { AddFile, PartitionValues, WriteAction } from "../table/actions.ts"
import { type CompactionGroup, planCompaction } from "../table/compaction.ts"
import type { TableError } from "../table/errors.ts"
import type { Snapshot } from "../table/snapshot.ts"
import { addPath, type Table } from "../table/table.ts"
import { type DuckDB, type DuckDBSettings, openDuckDB } from "./duckdb.ts"
import { LakeError } from "./errors.ts"
import { mergeStatistics } from "./merge-statistics.ts"
import { identifier, literal, parquetOptions, readParquet } from "./sql.ts"
import { localPath } from "./views.ts"

export interface CompactOptions extends DuckDBSettings {
  /** Bytes that files grow to. Large files are read faster, and cost more to rewrite. */
  readonly targetBytes?: number | undefined
  /** Partitions to look at. Default: all; hours that still fill are better left alone. */
  readonly where?: ((partition: PartitionValues) => boolean) | undefined
  /** Only says what would be done. */
  readonly dryRun?: boolean | undefined
}

export interface Compacted {
  /** Path of the table. */
  readonly table: string
  readonly filesBefore: number
  readonly filesAfter: number
  readonly bytesBefore: number
  /** 0 for a dry run. */
  readonly bytesAfter: number
  /** Groups that another commit was faster to change; the next run looks at them again. */
  readonly overtaken: number
  /** Version of the last commit; null when there was none. */
  readonly version: number | null
}

export const defaultCompactionBytes = 128 * 1024 * 1024

/**
 * Rewrites small files of a partition into large ones, one commit for each, in which no row changes (`dataChange` false on both sides): who reads
 * the log for new rows sees none, and positions are untouched. The old files stay until vacuum. Nothing to do: no commit.
 */
export const compact = (table: Table, options: CompactOptions = {}): Effect.Effect<Compacted, LakeError | TableError | StoreError, Store> =>
  Effect.scoped(
    Effect.gen(function* () {
      const snapshot = yield* table.snapshot
      const groups = planCompaction(snapshot, options.targetBytes ?? defaultCompactionBytes, options.where)
      const planned = {
        table: table.path,
        filesBefore: groups.reduce((total, { files }) => total + files.length, 0),
        filesAfter: groups.length,
        bytesBefore: groups.reduce((total, { bytes }) => total + bytes, 0),
        bytesAfter: 0,
        overtaken: 0,
        version: null
      }
      if (options.dryRun === true || groups.length === 0) return planned
      const db = yield* openDuckDB({ threads: 1, ...options })
      let done: Compacted = planned
      for (const group of groups) {
        const outcome = yield* compactGroup(db, table, snapshot, group)
        done =
          outcome === null
            ? { ...done, overtaken: done.overtaken + 1 }
            : { ...done, bytesAfter: done.bytesAfter + outcome.size, version: outcome.version }
      }
      return done
    })
  )

/** Null: another commit removed one of the files meanwhile. */
const compactGroup = (db: DuckDB, table: Table, snapshot: Snapshot, group: CompactionGroup) =>
  Effect.gen(function* () {
    const store = yield* Store
    const uuid = yield* randomUuid
    const local = join(db.folder, `${uuid}.parquet`)
    const paths = yield* Effect.try({
      try: () => group.files.map(({ path }) => localPath(store, `${table.path}/${path}`)),
      catch: (cause) => (cause instanceof LakeError ? cause : unreadable(table.path, cause))
    })
    yield* db.run(yield* Effect.try({ try: () => rewriteSql(snapshot, paths, local), catch: (cause) => unreadable(table.path, cause) }))
    yield* sameRows(db, table.path, paths, local)
    const path = addPath(group.partitionValues, `part-${uuid}.zstd.parquet`)
    const { size } = yield* store.putFile(`${table.path}/${path}`, local)
    const committed = yield* table.commit(transaction(snapshot, group, { path, size }, yield* Clock.currentTimeMillis)).pipe(
      Effect.catchIf(
        (error) => error.reason === "Conflict",
        // The commit is certainly lost: nobody will name the file.
        () => Effect.as(Effect.ignore(store.delete([`${table.path}/${path}`])), null)
      )
    )
    return committed === null ? null : { size, version: committed.version }
  })

const unreadable = (table: string, cause: unknown): LakeError =>
  new LakeError({
    reason: "Unavailable",
    problem: `table ${table} cannot be rewritten: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "Compact it with an engine that knows its types.",
    cause
  })

/** Rows of a row group: few enough that one of wide rows fits the memory of a small process. */
const rowGroupRows = 16_384

/** One file after the other, in the columns of the table. */
const rewriteSql = (snapshot: Snapshot, files: ReadonlyArray<string>, local: string): string => {
  const fields = snapshot.schema.fields.filter(({ name }) => !snapshot.metaData.partitionColumns.includes(name))
  return `COPY (SELECT ${fields.map(({ name }) => identifier(name)).join(", ")} FROM ${readParquet(files, { type: "struct", fields })})
    TO ${literal(local)} (${parquetOptions(rowGroupRows)})`
}

/** Before the old files go, the new one must hold as many rows as they do. */
const sameRows = (db: DuckDB, table: string, files: ReadonlyArray<string>, local: string): Effect.Effect<void, LakeError> =>
  Effect.gen(function* () {
    const count = (paths: ReadonlyArray<string>) => `(SELECT sum(num_rows) FROM parquet_file_metadata([${paths.map(literal).join(", ")}]))`
    const [row = {}] = yield* db.rows(`SELECT ${count(files)} AS before, ${count([local])} AS after`)
    if (String(row["before"]) === String(row["after"])) return
    return yield* new LakeError({
      reason: "Unavailable",
      problem: `compaction of ${table} would have made ${row["after"]} rows of ${row["before"]}`,
      hint: "Nothing was changed. Check the files with another reader."
    })
  })

const transaction = (
  snapshot: Snapshot,
  group: CompactionGroup,
  file: { readonly path: string; readonly size: number },
  millis: number
) => {
  const add: AddFile = {
    ...file,
    partitionValues: group.partitionValues,
    modificationTime: millis,
    stats: mergeStatistics(group.files.map(({ stats }) => stats)),
    dataChange: false
  }
  const removes = group.files.map(
    ({ path, partitionValues, size }): WriteAction => ({
      remove: { path, partitionValues, size, deletionTimestamp: millis, dataChange: false }
    })
  )
  return {
    read: snapshot,
    operation: "OPTIMIZE",
    parameters: { predicate: "[]", zOrderBy: "[]" },
    metrics: {
      numAddedFiles: "1",
      numRemovedFiles: String(group.files.length),
      numAddedBytes: String(file.size),
      numRemovedBytes: String(group.bytes)
    },
    actions: [...removes, { add }],
    isBlindAppend: false
  }
}
