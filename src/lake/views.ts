import { Effect, Option } from "effect"
import type { DuckDB } from "../duckdb/duckdb.ts"
import { LakeError } from "../duckdb/errors.ts"
import { isLocal, localCopies } from "../duckdb/local-copies.ts"
import { identifier, literal, readParquet, sqlType } from "../duckdb/sql.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { AddFile } from "../table/actions.ts"
import type { TableError } from "../table/errors.ts"
import type { StructField, StructType } from "../table/schema.ts"
import type { Snapshot } from "../table/snapshot.ts"
import type { Table } from "../table/table.ts"
import { ownTablePaths } from "./find-tables.ts"
import { martAt, runsPath, viewName } from "./layout.ts"
import { builtOf, type MartView, martViews } from "./marts.ts"
import { holdsRuns, oneRowPerRun } from "./runs.ts"
import { findTable } from "./tables.ts"

/** A table of the lake, as of one version. */
export interface LakeTable {
  /** Name of its view: `stage_orders`, `consumable_orders`, `dead_letters`, `runs`; of a mart, its model. */
  readonly view: string
  readonly table: Table
  readonly snapshot: Snapshot
}

/** Every table that lies in the lake, by path: those of `stage/`, of `consumable/`, of `marts/`, the dead letters and the runs. */
export const lakeTables: Effect.Effect<ReadonlyArray<LakeTable>, TableError | StoreError, Store> = Effect.gen(function* () {
  const found = yield* Effect.forEach(yield* ownTablePaths, lakeTable)
  return found.flatMap(Option.toArray)
})

/** The table of a path; none where there is none, or another program's. */
export const lakeTable = (path: string): Effect.Effect<Option.Option<LakeTable>, TableError, Store> =>
  Effect.gen(function* () {
    const table = yield* findTable(path)
    return Option.isNone(table) ? Option.none() : yield* seenTable(table.value)
  })

/** A table that is open, as of its newest version; none where nobody is to see it. */
export const seenTable = (table: Table): Effect.Effect<Option.Option<LakeTable>, TableError> =>
  Effect.map(table.snapshot, (snapshot) => {
    const { path } = table
    if (path === runsPath && !holdsRuns(snapshot)) return Option.none()
    // Nobody sees a mart whose first build was cut off.
    if (martAt(path) !== null && builtOf(snapshot) === null) return Option.none()
    return Option.some({ view: viewName(path), table, snapshot })
  })

/** What there is to ask. */
export interface LakeViews {
  readonly tables: ReadonlyArray<LakeTable>
  /** Models that are views, each behind those that it reads. They are not made: each takes DuckDB as long as all that it reads. */
  readonly marts: ReadonlyArray<MartView>
}

/**
 * Makes a view for every table of the lake. Where the lake is on another machine, a view only tells its columns until `fillViews` has fetched
 * its files.
 */
export const createViews = (db: DuckDB): Effect.Effect<LakeViews, LakeError | TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const seen = seenViews(yield* lakeTables, yield* martViews)
    yield* viewTables(db, seen.tables)
    return seen
  })

/** A model that is a view is seen as that, also where a table of an earlier build is still there. */
export const seenViews = (tables: ReadonlyArray<LakeTable>, marts: ReadonlyArray<MartView>): LakeViews => ({
  tables: tables.filter(({ table }) => !marts.some(({ model }) => model === martAt(table.path))),
  marts
})

/** Makes views of tables, as `createViews` does. */
export const viewTables = (db: DuckDB, tables: ReadonlyArray<LakeTable>): Effect.Effect<void, LakeError | StoreError, Store> =>
  Effect.gen(function* () {
    if (isLocal(yield* Store)) return yield* fillViews(db, tables)
    for (const { view, table, snapshot } of tables) {
      const select = yield* Effect.try({ try: () => selectNothing(snapshot), catch: asLakeError(table) })
      yield* db.run(`CREATE VIEW ${identifier(view)} AS ${select}`)
    }
  })

/** Makes views of models. One of something that is no longer there, or has lost a column, is left out, with a warning. */
export const createMartViews = (db: DuckDB, marts: ReadonlyArray<MartView>): Effect.Effect<void, LakeError> =>
  Effect.forEach(
    marts,
    ({ model, sql }) =>
      Effect.catchIf(
        db.run(`CREATE VIEW ${identifier(model)} AS ${sql}`),
        ({ reason }) => reason === "Invalid",
        ({ problem }) => Effect.logWarning(`the view ${model} is left out, build it again: ${problem}`)
      ),
    { discard: true }
  )

/** Lets the views of these tables show their rows. */
export const fillViews = (db: DuckDB, tables: ReadonlyArray<LakeTable>): Effect.Effect<void, LakeError | StoreError, Store> =>
  Effect.forEach(
    tables,
    ({ view, table, snapshot }) =>
      Effect.flatMap(rowsOf(db, table, snapshot), (select) =>
        db.run(`CREATE OR REPLACE VIEW ${identifier(view)} AS ${shown(table, select)}`)
      ),
    { discard: true }
  )

/** What is seen of a table's rows. */
const shown = ({ path }: Table, select: string): string => (path === runsPath ? oneRowPerRun(select) : select)

/**
 * SQL that gives what the view of a table does, from where its files lie, by the table's path: for other programs on this machine. Null: the lake is on
 * another one.
 */
export const selectsInPlace: Effect.Effect<ReadonlyMap<string, string> | null, LakeError | TableError | StoreError, Store> = Effect.gen(
  function* () {
    const store = yield* Store
    if (!isLocal(store)) return null
    const selects = yield* Effect.forEach(yield* lakeTables, ({ table, snapshot }) =>
      Effect.try({
        try: () =>
          [
            table.path,
            shown(
              table,
              selectTable(table.path, snapshot, (key) => store.localPath(key) ?? key)
            )
          ] as const,
        catch: asLakeError(table)
      })
    )
    return new Map(selects)
  }
)

/** SQL that reads a table as of a snapshot; its files are fetched first where they are not on this machine. */
export const rowsOf = (db: DuckDB, table: Table, snapshot: Snapshot): Effect.Effect<string, LakeError | StoreError, Store> =>
  Effect.gen(function* () {
    const keys = [...snapshot.files.keys()].map((path) => `${table.path}/${path}`)
    const pathOf = yield* localCopies(yield* Store, db.folder, keys)
    return yield* Effect.try({ try: () => selectTable(table.path, snapshot, pathOf), catch: asLakeError(table) })
  })

/** SQL that reads a table as of a snapshot, with the place of each row's file among the snapshot's files, from 0, as `sluice_file`. */
export const filesSql = (db: DuckDB, { table, snapshot }: LakeTable): Effect.Effect<string, LakeError | StoreError, Store> =>
  Effect.gen(function* () {
    const { files, schema, metaData } = snapshot
    const keys = [...files.keys()].map((path) => `${table.path}/${path}`)
    const pathOf = yield* localCopies(yield* Store, db.folder, keys)
    return yield* Effect.try({
      try: () => {
        if (keys.length === 0) return `SELECT CAST(NULL AS BIGINT) AS sluice_file, * FROM (${selectNoRow(schema)})`
        const { partitionColumns } = metaData
        const inFiles = { ...schema, fields: schema.fields.filter(({ name }) => !partitionColumns.includes(name)) }
        const columns = schema.fields.map(({ name, type }) => {
          const place = partitionColumns.indexOf(name)
          return place === -1 ? `r.${identifier(name)}` : `CAST(p.v${place} AS ${sqlType(type)}) AS ${identifier(name)}`
        })
        const rows = [...files.values()].map(
          ({ partitionValues }, i) =>
            `(${[i, ...partitionColumns.map((name) => (partitionValues[name] == null ? "NULL" : literal(partitionValues[name])))].join(", ")})`
        )
        const names = ["i", ...partitionColumns.map((_, place) => `v${place}`)].join(", ")
        const partitions = partitionColumns.length === 0 ? "" : ` JOIN (VALUES ${rows.join(", ")}) p(${names}) ON p.i = r.file_index`
        return `SELECT r.file_index AS sluice_file, ${columns.join(", ")} FROM ${readParquet(keys.map(pathOf), inFiles)} r${partitions}`
      },
      catch: asLakeError(table)
    })
  })

/** For a table with a type that nobody here knows. */
export const asLakeError =
  (table: Table) =>
  (cause: unknown): LakeError =>
    cause instanceof LakeError
      ? cause
      : new LakeError({
          reason: "Unavailable",
          problem: `table ${table.path} cannot be shown: ${cause instanceof Error ? cause.message : String(cause)}`,
          hint: "Read it with an engine that knows the type.",
          cause
        })

/**
 * SQL that reads the live files of a snapshot with the schema of its log: columns in order, partition columns typed. The log says what a
 * file's partition is. Where the path says the same, as ours do, all files are one scan, whose files are pruned by what is asked of the
 * partition columns; others are scanned by partition. Throws for types that DuckDB lacks.
 *
 * @param pathOf where a key's file lies on this machine
 */
const selectTable = (tablePath: string, snapshot: Snapshot, pathOf: (key: string) => string): string => {
  const partitions = snapshot.metaData.partitionColumns
  const inFiles = { ...snapshot.schema, fields: snapshot.schema.fields.filter(({ name }) => !partitions.includes(name)) }
  const { hive, others } = byPath(partitions, snapshot)
  const scan = (files: ReadonlyArray<AddFile>, partitionValue: (field: StructField) => string, fileNames: boolean): string => {
    const columns = snapshot.schema.fields.map((field) =>
      partitions.includes(field.name)
        ? `CAST(${partitionValue(field)} AS ${sqlType(field.type)}) AS ${identifier(field.name)}`
        : identifier(field.name)
    )
    const paths = files.map(({ path }) => pathOf(`${tablePath}/${path}`))
    return `SELECT ${columns.join(", ")} FROM ${readParquet(paths, inFiles, fileNames)}`
  }
  const scans = [
    ...(hive.length === 0 ? [] : [scan(hive, ({ name }) => `regexp_extract(filename, ${literal(`.*/${name}=([^/]*)/`)}, 1)`, true)]),
    ...others.map(([values, files]) =>
      scan(
        files,
        ({ name }) => {
          const value = values[name]
          return value === undefined || value === null ? "NULL" : literal(value)
        },
        false
      )
    )
  ]
  return scans.length > 0 ? scans.join(" UNION ALL ") : selectNoRow(snapshot.schema)
}

/** SQL that gives the columns of a schema, and no row. Throws for types that DuckDB lacks. */
export const selectNoRow = ({ fields }: StructType): string =>
  `SELECT ${fields.map(({ name, type }) => `CAST(NULL AS ${sqlType(type)}) AS ${identifier(name)}`).join(", ")} LIMIT 0`

/**
 * Tells columns, and fails when rows are asked for: no table may look empty because its files were not fetched. The columns fail too, since
 * what nulls come to is worked out without asking for rows.
 */
const selectNothing = ({ schema }: Snapshot): string => {
  const failure = "error('the files of this table were not fetched: name the table itself in FROM')"
  const columns = schema.fields.map(({ name, type }) => `CAST(${failure} AS ${sqlType(type)}) AS ${identifier(name)}`)
  return `SELECT ${columns.join(", ")} FROM (SELECT 1) WHERE CAST(${failure} AS BOOLEAN)`
}

/** Files whose path says their partition as the log does, and the others by the partition that the log says. */
const byPath = (partitions: ReadonlyArray<string>, { files, schema }: Snapshot) => {
  const hive: Array<AddFile> = []
  const others = new Map<string, [AddFile["partitionValues"], Array<AddFile>]>()
  // The name of the column in which DuckDB gives the path cannot be chosen without losing the pruning.
  const usable = partitions.length > 0 && !schema.fields.some(({ name }) => name.toLowerCase() === "filename")
  for (const file of files.values()) {
    const folders = partitions.map((name) => `${name}=${file.partitionValues[name] ?? "/"}/`).join("")
    if (usable && /^[\w.=/-]+$/.test(folders) && !folders.includes("//") && file.path.startsWith(folders)) hive.push(file)
    else {
      const key = JSON.stringify(partitions.map((name) => file.partitionValues[name] ?? null))
      const group = others.get(key)
      if (group === undefined) others.set(key, [file.partitionValues, [file]])
      else group[1].push(file)
    }
  }
  return { hive, others: [...others.values()] }
}
