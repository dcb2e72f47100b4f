import { rm } from "node:fs/promises"
import { join } from "node:path"
import { Clock, Effect } from "effect"
import { ColumnBuilders } from "../columns/builders.ts"
import type { DuckDB, DuckDBSettings } from "../duckdb/duckdb.ts"
import { LakeError } from "../duckdb/errors.ts"
import { copiesIn, localCopies } from "../duckdb/local-copies.ts"
import { localUpload } from "../duckdb/local-upload.ts"
import { openDuckDB } from "../duckdb/open.ts"
import { RowReader } from "../duckdb/read-rows.ts"
import { RowGroups, type RowsAt } from "../duckdb/row-groups.ts"
import { filesList } from "../duckdb/sql.ts"
import { openParquetFile } from "../parquet/file.ts"
import { encodeLeaves, joinLeaves, type RowGroup } from "../parquet/row-group.ts"
import type { Column } from "../record/column.ts"
import { randomUuid } from "../record/random.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { AddFile, PartitionValues, WriteAction } from "../table/actions.ts"
import { columnsOf } from "../table/columns-of.ts"
import { type CompactionGroup, planCompaction } from "../table/compaction.ts"
import type { TableError } from "../table/errors.ts"
import { asWritten, type StructType } from "../table/schema.ts"
import type { Snapshot } from "../table/snapshot.ts"
import { addPath, type Table } from "../table/table.ts"
import { mergeStatistics, toldColumns } from "./merge-statistics.ts"
import { totalsOf } from "./rows.ts"

export interface CompactOptions extends DuckDBSettings {
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
  /** In the files that it wrote; null where one of the old files does not tell. */
  readonly rows: number | null
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
        rows: 0,
        overtaken: 0,
        version: null
      }
      if (options.dryRun === true || groups.length === 0) return planned
      const db = yield* openDuckDB({ threads: 1, ...options })
      let done: Compacted = planned
      const rewritten: Array<AddFile> = []
      // Each commit begins where the one before has left the table: what came since the first look would be read again for every group.
      let now = snapshot
      for (const [i, group] of groups.entries()) {
        options.onShare?.(i / groups.length)
        const isThere = group.files.every(({ path }) => now.files.has(path))
        const outcome = isThere ? yield* compactGroup(db, table, now, group) : null
        if (outcome === null) {
          done = { ...done, overtaken: done.overtaken + 1 }
          now = yield* table.snapshot
        } else {
          rewritten.push(...group.files)
          done = { ...done, bytesAfter: done.bytesAfter + outcome.size, version: outcome.snapshot.version }
          now = outcome.snapshot
        }
      }
      return { ...done, rows: totalsOf(rewritten).rows }
    })
  )

/** Null: another commit removed one of the files meanwhile. */
const compactGroup = (db: DuckDB, table: Table, snapshot: Snapshot, group: CompactionGroup) =>
  Effect.gen(function* () {
    const store = yield* Store
    const uuid = yield* randomUuid
    const local = join(db.folder, `${uuid}.parquet`)
    const keys = group.files.map(({ path }) => `${table.path}/${path}`)
    const paths = keys.map(yield* localCopies(store, db.folder, keys))
    const stats = mergeStatistics(group.files.map(({ stats }) => stats))
    const columns = yield* Effect.try({
      try: () => told(columnsOf(columnsInFiles(snapshot)), toldColumns(stats)),
      catch: (cause) => unreadable(table.path, cause)
    })
    yield* rewrite(db, columns, paths, local)
    yield* sameRows(db, table.path, paths, local)
    const path = addPath(group.partitionValues, `part-${uuid}.zstd.parquet`)
    const { size } = yield* store.putFile(`${table.path}/${path}`, local)
    // Room for the next group's.
    yield* Effect.ignore(Effect.tryPromise(() => rm(copiesIn(db.folder), { recursive: true, force: true })))
    const committed = yield* table.commit(transaction(snapshot, group, { path, size, stats }, yield* Clock.currentTimeMillis)).pipe(
      Effect.catchIf(
        (error) => error.reason === "Conflict",
        // The commit is certainly lost: nobody will name the file.
        () => Effect.as(Effect.ignore(store.delete([`${table.path}/${path}`])), null)
      )
    )
    return committed === null ? null : { size, snapshot: committed.snapshot }
  })

const unreadable = (table: string, cause: unknown): LakeError =>
  new LakeError({
    reason: "Unavailable",
    problem: `table ${table} cannot be rewritten: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "Compact it with an engine that knows its types.",
    cause
  })

/** No row changes: what stands under a name that a column had before stays there. */
const columnsInFiles = ({ schema, metaData }: Snapshot): StructType => ({
  type: "struct",
  fields: asWritten(schema).fields.filter(({ name }) => !metaData.partitionColumns.includes(name))
})

/** Marks what the log has no bounds of: it may be sensitive, and the footer must not tell it either. */
const told = (columns: ReadonlyArray<Column>, paths: ReadonlySet<string>, above = ""): ReadonlyArray<Column> =>
  columns.map((column) => {
    const path = above + column.name
    if (column.kind === "struct") return { ...column, fields: told(column.fields, paths, `${path}.`) }
    return column.kind === "leaf" && !paths.has(path) ? { ...column, sensitive: "keep" } : column
  })

/** Bytes of rows in a row group, about, as they are in memory: what the ingest makes at the most. */
const rowGroupBytes = 48 * 1024 * 1024

/** Bytes of leaves that are held at a time. */
const heldBytes = 16 * 1024 * 1024

/** The rows of files, one file after the other, in one local file: small row groups together, leaf by leaf. */
const rewrite = (
  db: DuckDB,
  columns: ReadonlyArray<Column>,
  files: ReadonlyArray<string>,
  local: string
): Effect.Effect<void, LakeError | StoreError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = openParquetFile(columns, yield* localUpload(local))
      const held = new ColumnBuilders(columns)
      const finder = new RowGroups(held, db)
      let together: Array<RowsAt> = []
      for (const [number, path] of files.entries()) {
        const groups = yield* finder.of(path)
        for (const [i, at] of groups.entries()) {
          together.push(at)
          const bytes = together.reduce((total, { leastBytes }) => total + leastBytes, 0)
          const next = groups[i + 1]
          const isLast = next === undefined && number === files.length - 1
          if (!isLast && bytes + (next ?? at).leastBytes <= rowGroupBytes) continue
          yield* file.append(yield* oneRowGroup(together, held))
          together = []
        }
      }
      yield* file.finish
    })
  )

const oneRowGroup = (groups: ReadonlyArray<RowsAt>, held: ColumnBuilders): Effect.Effect<RowGroup, LakeError> =>
  Effect.gen(function* () {
    const reader = new RowReader(groups.map((at) => ({ at, wanted: new Uint8Array(at.rows).fill(1) })))
    const rows = groups.reduce((total, { rows }) => total + rows, 0)
    const parts: Array<RowGroup> = []
    let first = 0
    for (const leaf of held.leaves.keys()) {
      yield* reader.leaf(leaf, held, Number.POSITIVE_INFINITY)
      const end = leaf + 1
      if (held.bytes < heldBytes && end < held.leaves.length) continue
      held.endRows(rows)
      parts.push(encodeLeaves(held, first, end))
      held.reset()
      first = end
    }
    return joinLeaves(parts)
  })

/** Before the old files go, the new one must hold as many rows as they do. */
const sameRows = (db: DuckDB, table: string, files: ReadonlyArray<string>, local: string): Effect.Effect<void, LakeError> =>
  Effect.gen(function* () {
    const count = (paths: ReadonlyArray<string>) => `(SELECT sum(num_rows) FROM parquet_file_metadata(${filesList(paths)}))`
    const [row = {}] = yield* db.rows(`SELECT ${count(files)} AS before, ${count([local])} AS after`)
    if (String(row["before"]) === String(row["after"])) return
    return yield* new LakeError({
      reason: "Unavailable",
      problem: `compaction of ${table} would have made ${row["after"]} rows of ${row["before"]}`,
      hint: "Nothing was changed. Check the files with another reader."
    })
  })

const transaction = (snapshot: Snapshot, group: CompactionGroup, file: Pick<AddFile, "path" | "size" | "stats">, millis: number) => {
  const add: AddFile = {
    ...file,
    partitionValues: group.partitionValues,
    modificationTime: millis,
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
