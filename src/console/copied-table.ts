import { randomUUID } from "node:crypto"
import { constants } from "node:fs"
import { copyFile, rm } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import type { DuckDB } from "../duckdb/duckdb.ts"
import { LakeError } from "../duckdb/errors.ts"
import { identifier, literal } from "../duckdb/sql.ts"
import { filesSql, type LakeTable } from "../lake/views.ts"
import type { Store, StoreError } from "../store/store.ts"
import { type AskedTable, copiedRows } from "./query-messages.ts"

/** The column that says which file of the lake a row is of. */
const fileColumn = "sluice_file"

/** A table in a database file of its own, in which nothing is written once it is whole. */
export interface CopiedTable extends AskedTable {
  /** What its columns were chosen by: of another form it is copied anew. */
  readonly form: string
  /** What its rows are as of. */
  readonly state: string
  /** The lake's files whose rows are in it, by path. Null: its rows are not told apart by files. */
  readonly files: ReadonlyMap<string, CopiedFile> | null
}

interface CopiedFile {
  /** What tells its rows from others. */
  readonly number: number
  readonly bytes: number
}

/** What is copied, besides where its rows come from. */
export type Wanted = Pick<CopiedTable, "name" | "columns" | "form" | "state">

/** Where a copy of it is to lie. */
export const newFile = (folder: string): string => join(folder, `table-${randomUUID()}.duckdb`)

export const removeFiles = (paths: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.ignore(
    Effect.tryPromise(() => Promise.all(paths.flatMap((path) => [rm(path, { force: true }), rm(`${path}.wal`, { force: true })])))
  )

const listOf = (columns: ReadonlyArray<string>): string => columns.map(identifier).join(", ")

/** Copies what a view of `db` shows. */
export const copyView = (db: DuckDB, wanted: Wanted, path: string): Effect.Effect<CopiedTable, LakeError> =>
  Effect.as(
    within(db, path, [`CREATE TABLE copy.${copiedRows} AS SELECT ${listOf(wanted.columns)} FROM main.${identifier(wanted.name)}`]),
    { ...wanted, path, files: null }
  )

/**
 * Copies a table of the lake. Of what is in `before` already only what has changed is read: rows of files that are gone go, those of new ones come.
 *
 * @param before a copy of the same form; null: there is none
 */
export const copyTable = (
  db: DuckDB,
  source: LakeTable,
  wanted: Wanted,
  path: string,
  before: CopiedTable | null
): Effect.Effect<CopiedTable, LakeError | StoreError, Store> =>
  Effect.gen(function* () {
    const { files } = source.snapshot
    const known = before?.files ?? new Map<string, CopiedFile>()
    const gone = [...known].filter(([file]) => !files.has(file)).map(([, file]) => file)
    const kept = new Map([...known].filter(([file]) => files.has(file)))
    // Rows that go leave holes, and are looked for: where most go, what stays is copied with the rest.
    const isNew = before === null || bytesOf(gone) > bytesOf(kept.values())
    if (isNew) kept.clear()
    const first = Math.max(-1, ...[...known.values()].map(({ number }) => number)) + 1
    const added = [...files].filter(([file]) => !kept.has(file))
    const rows = yield* filesSql(db, { ...source, snapshot: { ...source.snapshot, files: new Map(added) } })
    const select = `SELECT CAST(${fileColumn} + ${first} AS INTEGER) AS ${fileColumn}, ${listOf(wanted.columns)} FROM (${rows})`
    if (isNew) yield* within(db, path, [`CREATE TABLE copy.${copiedRows} AS ${select}`])
    else {
      yield* Effect.tryPromise({ try: () => copyFile(before.path, path, constants.COPYFILE_FICLONE), catch: noRoom })
      yield* within(db, path, [
        ...(gone.length === 0
          ? []
          : [`DELETE FROM copy.${copiedRows} WHERE ${fileColumn} IN (${gone.map(({ number }) => number).join(", ")})`]),
        ...(added.length === 0 ? [] : [`INSERT INTO copy.${copiedRows} ${select}`])
      ])
    }
    const all = new Map(kept)
    for (const [i, [file, { size }]] of added.entries()) all.set(file, { number: first + i, bytes: size })
    return { ...wanted, path, files: all }
  })

const bytesOf = (files: Iterable<CopiedFile>): number => {
  let sum = 0
  for (const { bytes } of files) sum += bytes
  return sum
}

/** Runs statements on a database file, which is whole behind them. */
const within = (db: DuckDB, path: string, statements: ReadonlyArray<string>): Effect.Effect<void, LakeError> =>
  Effect.acquireUseRelease(
    db.run(`ATTACH ${literal(path)} AS copy`),
    () => Effect.forEach(statements, (statement) => db.run(statement), { discard: true }),
    () => Effect.orDie(db.run("DETACH copy"))
  )

const noRoom = (cause: unknown): LakeError =>
  new LakeError({
    reason: "Unavailable",
    problem: "the copy of a table cannot be copied on",
    hint: "Point TMPDIR at a folder that may be written and has room.",
    cause
  })
