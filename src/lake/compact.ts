import { rm } from "node:fs/promises"
import { Clock, Effect, ScopedRef } from "effect"
import type { DuckDB } from "../duckdb/duckdb.ts"
import { LakeError } from "../duckdb/errors.ts"
import { identitySql } from "../duckdb/identity-sql.ts"
import { copiesIn } from "../duckdb/local-copies.ts"
import { type Move, type MoveSettings, moveWith, type NewFile, type StoredFile } from "../duckdb/move/move.ts"
import { openSliceThreads, type SliceThreads } from "../duckdb/move/slice-threads.ts"
import { writeChosen } from "../duckdb/move/write-chosen.ts"
import { openDuckDB } from "../duckdb/open.ts"
import { filesList, readParquet } from "../duckdb/sql.ts"
import type { Column } from "../record/column.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { PartitionValues, WriteAction } from "../table/actions.ts"
import { columnsOf } from "../table/columns-of.ts"
import { type CompactionGroup, planCompaction } from "../table/compaction.ts"
import { fromThrown, type TableError } from "../table/errors.ts"
import { asWritten, type StructType } from "../table/schema.ts"
import type { Snapshot } from "../table/snapshot.ts"
import type { Table } from "../table/table.ts"
import { consumablePath } from "./layout.ts"
import { toldApartBy } from "./remembered.ts"
import { withoutSecrets } from "./told-columns.ts"

export interface CompactOptions extends MoveSettings {
  /** Bytes that files grow to. Large files are read faster, and cost more to rewrite. */
  readonly targetBytes?: number | undefined
  /** Partitions to look at. Default: all; hours that still fill are better left alone. */
  readonly where?: ((partition: PartitionValues) => boolean) | undefined
  /** Told what share of the files to rewrite was taken, 0 to 1. */
  readonly onShare?: ((share: number) => void) | undefined
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
  /** In the files that it wrote. */
  readonly rows: number
  /** Groups that another commit was faster to change; the next run looks at them again. */
  readonly overtaken: number
  /** Version of the last commit; null when there was none. */
  readonly version: number | null
}

export const defaultCompactionBytes = 128 * 1024 * 1024

/** Of fewer bytes, one thread moves all: upkeep goes from table to table, and what starts anew for each is slow at first. */
const fewBytes = 64 * 1024 * 1024

/**
 * Rewrites small files of a partition into large ones, one commit for each group, in which no row changes (`dataChange` false on both sides): who reads
 * the log for new rows sees none, and positions are untouched. It is the fold with nothing to drop: rows are moved as there, and those of a consumable are sorted
 * as there, by key and version; in other tables, and where a consumable does not say what its key is, they stay in their order. The old files stay until vacuum.
 * Nothing to do: no commit.
 */
export const compact = (table: Table, options: CompactOptions = {}): Effect.Effect<Compacted, LakeError | TableError | StoreError, Store> =>
  Effect.scoped(
    Effect.gen(function* () {
      const snapshot = yield* table.snapshot
      const groups = planCompaction(snapshot, options.targetBytes ?? defaultCompactionBytes, options.where)
      const bytesBefore = groups.reduce((total, { bytes }) => total + bytes, 0)
      const planned: Compacted = {
        table: table.path,
        filesBefore: groups.reduce((total, { files }) => total + files.length, 0),
        filesAfter: groups.length,
        bytesBefore,
        bytesAfter: 0,
        rows: 0,
        overtaken: 0,
        version: null
      }
      if (options.dryRun === true || groups.length === 0) return planned
      const db = yield* openDuckDB(options)
      const store = yield* Store
      const threadsFor = yield* threadsOf(bytesBefore < fewBytes ? 1 : moveWith(options, db, store).threads, bytesBefore)
      let done = { ...planned, filesAfter: 0 }
      // Each commit begins where the one before has left the table: what came since the first look would be read again for every group.
      let now = snapshot
      for (const [i, group] of groups.entries()) {
        const tell = (share: number) => options.onShare?.((i + share) / groups.length)
        tell(0)
        const move = moveWith(options, db, store, ({ rows, rowsTotal }) => tell(rows / Math.max(1, rowsTotal)))
        const isThere = group.files.every(({ path }) => now.files.has(path))
        const outcome = isThere ? yield* compactGroup(move, threadsFor, table, now, group) : null
        if (outcome === null) {
          done = { ...done, filesAfter: done.filesAfter + 1, overtaken: done.overtaken + 1 }
          now = yield* table.snapshot
        } else {
          const { files, bytes, rows } = outcome
          done = {
            ...done,
            filesAfter: done.filesAfter + files,
            bytesAfter: done.bytesAfter + bytes,
            rows: done.rows + rows,
            version: outcome.snapshot.version
          }
          now = outcome.snapshot
        }
      }
      return done
    })
  )

type ThreadsFor = (columns: ReadonlyArray<Column>) => Effect.Effect<SliceThreads>

/** Threads that move rows of some columns. Most groups of a table have the same, and go on with those of the group before. */
const threadsOf = (threads: number, bytes: number) =>
  Effect.gen(function* () {
    const ref = yield* ScopedRef.make((): { readonly of: string; readonly opened: SliceThreads } | null => null)
    const threadsFor: ThreadsFor = (columns) =>
      Effect.gen(function* () {
        const of = JSON.stringify(columns)
        const current = ScopedRef.getUnsafe(ref)
        if (current?.of === of) return current.opened
        yield* ScopedRef.set(
          ref,
          Effect.map(openSliceThreads(columns, threads, bytes), (opened) => ({ of, opened }))
        )
        return yield* threadsFor(columns)
      })
    return threadsFor
  })

/** Null: another commit removed one of the files meanwhile. */
const compactGroup = (move: Move, threadsFor: ThreadsFor, table: Table, snapshot: Snapshot, group: CompactionGroup) =>
  Effect.gen(function* () {
    const { db, store } = move
    const files: ReadonlyArray<StoredFile> = group.files.map(({ path, size }) => ({ key: `${table.path}/${path}`, size }))
    const paths = yield* move.paths(files)
    const stored = yield* Effect.try({ try: () => columnsOf(columnsInFiles(snapshot)), catch: (cause) => unreadable(table.path, cause) })
    const columns = yield* withoutSecrets(
      db,
      stored,
      group.files.map(({ stats }) => stats),
      paths
    )
    const order = yield* Effect.try({ try: () => orderOf(table, snapshot), catch: fromThrown(table.path, "its identity") })
    const rows = yield* chooseAll(db, paths, order)
    const target = {
      tablePath: table.path,
      columns,
      // The group was made for it; sorted, or compressed again, it may take a little more.
      targetFileBytes: Number.POSITIVE_INFINITY,
      valuesOf: () => group.partitionValues
    }
    const written = yield* writeChosen(target, move, files, yield* threadsFor(columns))
    const discard = Effect.ignore(store.delete(written.map(({ add }) => `${table.path}/${add.path}`)))
    // Before the old files go, the new ones must hold as many rows as they do.
    const moved = written.reduce((total, each) => total + each.rows, 0)
    if (moved !== rows) return yield* Effect.andThen(discard, lost(table.path, rows, moved))
    // Room for the next group's.
    yield* Effect.ignore(Effect.tryPromise(() => rm(copiesIn(db.folder), { recursive: true, force: true })))
    const committed = yield* table.commit(transaction(snapshot, group, written, yield* Clock.currentTimeMillis)).pipe(
      Effect.catchIf(
        (error) => error.reason === "Conflict",
        // The commit is certainly lost: nobody will name the files.
        () => Effect.as(discard, null)
      )
    )
    const bytes = written.reduce((total, { add }) => total + add.size, 0)
    return committed === null ? null : { files: written.length, bytes, rows, snapshot: committed.snapshot }
  })

const unreadable = (table: string, cause: unknown): LakeError =>
  new LakeError({
    reason: "Unavailable",
    problem: `table ${table} cannot be rewritten: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "Compact it with an engine that knows its types.",
    cause
  })

const lost = (table: string, rows: number, moved: number): LakeError =>
  new LakeError({
    reason: "Unavailable",
    problem: `compaction of ${table} would have made ${moved} rows of ${rows}`,
    hint: "Nothing was changed. Check the files with another reader."
  })

/** No row changes: what stands under a name that a column had before stays there. */
const columnsInFiles = ({ schema, metaData }: Snapshot): StructType => ({
  type: "struct",
  fields: asWritten(schema).fields.filter(({ name }) => !metaData.partitionColumns.includes(name))
})

/** What rows are sorted by, and the columns that it takes. */
interface Order {
  readonly by: ReadonlyArray<string>
  readonly columns: StructType
}

/** As the fold sorts them; null: they stay as they are. Throws `Malformed` where the log's word on it is damaged. */
const orderOf = ({ path }: Table, snapshot: Snapshot): Order | null => {
  const identity = path.startsWith(consumablePath("")) ? toldApartBy(snapshot) : null
  if (identity === null) return null
  const needed = [...identity.key, ...identity.version]
  return {
    by: identitySql(identity, columnsOf(snapshot.schema)).map(([, sql]) => sql),
    columns: { type: "struct", fields: snapshot.schema.fields.filter(({ name }) => needed.includes(name)) }
  }
}

/** Makes `chosen` of all rows of some files. @returns how many there are */
const chooseAll = (db: DuckDB, paths: ReadonlyArray<string>, order: Order | null): Effect.Effect<number, LakeError> =>
  Effect.gen(function* () {
    const found = yield* db.rows(`SELECT file_name, num_rows FROM parquet_file_metadata(${filesList(paths)})`)
    const rowsOf = new Map(found.map((row) => [String(row["file_name"]), Number(row["num_rows"])]))
    const rows =
      order === null
        ? `SELECT f, unnest(range(n)) AS r FROM (VALUES ${paths.map((path, f) => `(${f}, ${rowsOf.get(path) ?? 0})`).join(", ")}) files(f, n) ORDER BY f, r`
        : `SELECT file_index AS f, file_row_number AS r FROM ${readParquet(paths, order.columns)} ORDER BY ${[...order.by, "f", "r"].join(", ")}`
    yield* db.run(`CREATE OR REPLACE TABLE chosen AS SELECT row_number() OVER () - 1 AS place, '' AS p, f, r FROM (${rows})`)
    return [...rowsOf.values()].reduce((total, n) => total + n, 0)
  })

const transaction = (snapshot: Snapshot, group: CompactionGroup, written: ReadonlyArray<NewFile>, millis: number) => {
  const adds = written.map(({ add }): WriteAction => ({ add: { ...add, modificationTime: millis, dataChange: false } }))
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
      numAddedFiles: String(adds.length),
      numRemovedFiles: String(removes.length),
      numAddedBytes: String(written.reduce((total, { add }) => total + add.size, 0)),
      numRemovedBytes: String(group.bytes)
    },
    actions: [...removes, ...adds],
    isBlindAppend: false
  }
}
