import { randomUUID } from "node:crypto"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Clock, Effect } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import type { DuckDB, DuckDBSettings } from "../duckdb/duckdb.ts"
import { LakeError } from "../duckdb/errors.ts"
import { isLocal } from "../duckdb/local-copies.ts"
import { openDuckDB } from "../duckdb/open.ts"
import { identifier, literal, sqlType } from "../duckdb/sql.ts"
import { martAt, martPath, runsPath } from "../lake/layout.ts"
import type { MartView } from "../lake/marts.ts"
import { asLakeError, createMartViews, fillViews, type LakeTable, type LakeViews, viewTables } from "../lake/views.ts"
import type { Models } from "../models/model.ts"
import { treeSql } from "../models/parse-tree.ts"
import { trace } from "../models/traced.ts"
import { Store, type StoreError } from "../store/store.ts"
import { allowedIn } from "./allowed.ts"
import { type CopiedTable, copyTable, copyView, newFile, removeFiles, type Wanted } from "./copied-table.ts"
import type { StoredDashboard } from "./dashboard.ts"
import type { Tables } from "./plan.ts"
import type { AskedTable } from "./query-messages.ts"
import { type Reads, readsOf } from "./sql-tree.ts"

export interface CopyOptions {
  /** Folder for its files. */
  readonly folder: string
  readonly contracts: ReadonlyArray<CompiledContract>
  readonly models: Models
  readonly dashboards: ReadonlyArray<StoredDashboard>
  /** Are marts and tables for users in it, with all their columns, that no dashboard names? */
  readonly all: boolean
  /** Are sensitive columns in it? */
  readonly allowPersonal: boolean
  readonly duckdb: DuckDBSettings
}

/** What the console asks: files of its own, as of some versions of the lake, in which nothing is written once they are whole. */
export interface Copy {
  /** A file that names the others, for who asks them. */
  readonly path: string
  readonly builtAt: string
  readonly copied: ReadonlyArray<CopiedTable>
  readonly tables: Tables
  /** Versions of what each table is a copy of, by the table's name in lower case; of a model that is a view, of all that it reads. */
  readonly versions: ReadonlyMap<string, Readonly<Record<string, number>>>
  /** What each query of a dashboard reads, by its name. */
  readonly reads: ReadonlyMap<string, ReadonlyArray<string>>
  readonly warnings: ReadonlyArray<string>
}

/** All files of a copy. */
export const filesOf = ({ copied, path }: Copy): ReadonlyArray<string> => [path, ...copied.map((table) => table.path)]

/** A table or view of the lake that may be copied. */
interface Source {
  readonly name: string
  readonly path: string
  readonly versions: Readonly<Record<string, number>>
  readonly of: LakeTable | MartView
}

/** Is a table or view copied? By its name and path; what the queries of dashboards read is in `named`, in lower case. */
export const isCopied = (name: string, path: string, named: ReadonlySet<string>, all: boolean): boolean =>
  named.has(name.toLowerCase()) || (all && (martAt(path) !== null || path.startsWith("consumable/")))

/**
 * Copies what dashboards name, of its columns those that they name, into databases of their own; tables that are as they were in the copy before are not
 * copied again, and of those that grew what is new is.
 */
export const makeCopy = (
  lake: LakeViews,
  options: CopyOptions,
  before: Copy | null
): Effect.Effect<Copy, LakeError | StoreError, Store> => {
  const made: Array<string> = []
  return Effect.scoped(copying(lake, options, before, made)).pipe(Effect.onError(() => removeFiles(made)))
}

const copying = (lake: LakeViews, options: CopyOptions, before: Copy | null, made: Array<string>) =>
  Effect.gen(function* () {
    const builtAt = new Date(yield* Clock.currentTimeMillis).toISOString()
    const db = yield* openDuckDB(options.duckdb)
    // In the order of files, each of thousands of small ones would be held as a group of rows of its own until the last one is read.
    yield* db.run("SET preserve_insertion_order = false")
    const warnings: Array<string> = []
    const reads = yield* readsOfQueries(db, options.dashboards, warnings)
    const named = new Set([...reads.values()].flatMap(({ tables }) => tables))
    const sources = sourcesOf(lake).filter(({ name, path }) => isCopied(name, path, named, options.all))
    const traced = yield* Effect.cached(trace(db, options.models, options.contracts))
    const views = yield* Effect.cached(makeViews(db, lake, sources))
    const copied: Array<CopiedTable> = []
    for (const source of sources) {
      const { name, of, path, versions } = source
      const names = options.all ? null : namesOf(name, reads, options.dashboards)
      const form = JSON.stringify([formOf(of), names === null ? null : [...names].toSorted(), options.allowPersonal])
      const state = JSON.stringify(versions)
      const last = before?.copied.find((table) => table.name === name && table.form === form) ?? null
      if (last?.state === state) {
        copied.push(last)
        continue
      }
      const file = newFile(options.folder)
      const asked = "sql" in of || path === runsPath
      if (asked) yield* views
      let wanted: Wanted | null = last === null ? null : { name, columns: last.columns, form, state }
      if (wanted === null) {
        const isAllowed = options.allowPersonal ? () => true : allowedIn(path, options, yield* traced)
        if (isAllowed === null) {
          warnings.push(`${name} is left out: nothing here says which of its columns are sensitive`)
          continue
        }
        const allowed = (yield* columnsOf(db, source)).filter((column) => isAllowed(column.name, column.type)).map((column) => column.name)
        const used = names === null ? allowed : allowed.filter((column) => names.has(column.toLowerCase()))
        // Of what is only counted, one column has to do.
        const columns = used.length > 0 ? used : allowed.slice(0, 1)
        if (columns.length === 0) continue
        wanted = { name, columns, form, state }
      }
      made.push(file)
      copied.push(yield* asked ? copyView(db, wanted, file) : copyTable(db, of, wanted, file, last))
    }
    const tables = new Map(copied.map(({ columns, name }) => [name.toLowerCase(), new Map(columns.map((own) => [own.toLowerCase(), own]))]))
    for (const [query, { tables: names }] of reads)
      for (const name of names) if (!tables.has(name)) warnings.push(`the query ${query} reads ${name}, which is not there yet`)
    const versions = new Map(
      sources.flatMap(({ name, versions }) => (tables.has(name.toLowerCase()) ? [[name.toLowerCase(), versions] as const] : []))
    )
    const path = join(options.folder, `copy-${randomUUID()}.json`)
    made.push(path)
    yield* Effect.tryPromise({
      try: () => writeFile(path, JSON.stringify(copied.map(({ columns, name, path }): AskedTable => ({ name, path, columns })))),
      catch: (cause) =>
        new LakeError({ reason: "Unavailable", problem: `${path} cannot be written`, hint: "Set TMPDIR to a folder with room.", cause })
    })
    return { path, builtAt, copied, tables, versions, reads: new Map([...reads].map(([query, { tables }]) => [query, tables])), warnings }
  })

const readsOfQueries = (db: DuckDB, dashboards: ReadonlyArray<StoredDashboard>, warnings: Array<string>) =>
  Effect.gen(function* () {
    const found = new Map<string, Reads>()
    for (const { file, queries } of dashboards)
      for (const { line, name, sql } of queries) {
        const [row] = yield* db.rows(treeSql(literal(sql)))
        const reads = readsOf(row?.["tree"])
        if ("problem" in reads) warnings.push(`${file}:${line}: ${name} cannot be asked: ${reads.problem}`)
        else if (reads.fixed.length > 0) warnings.push(`${file}:${line}: ${name} cannot be asked: ${unfilterable(reads.fixed)}`)
        else found.set(name, reads)
      }
    return found
  })

const unfilterable = (tables: ReadonlyArray<string>): string =>
  `no filter would reach ${tables.join(", ")}: name tables without main., and no WITH as a table`

/** Columns of a table that its queries name, or are filtered by, in lower case. Null: all. */
const namesOf = (
  table: string,
  reads: ReadonlyMap<string, Reads>,
  dashboards: ReadonlyArray<StoredDashboard>
): ReadonlySet<string> | null => {
  const names = new Set<string>()
  for (const { filters, queries } of dashboards)
    for (const query of queries) {
      const of = reads.get(query.name)
      if (of === undefined || !of.tables.includes(table.toLowerCase())) continue
      if (of.names === null) return null
      for (const name of [...of.names, ...filters.map(({ field }) => field), ...query.filterable]) names.add(name.toLowerCase())
    }
  return names
}

const sourcesOf = ({ marts, tables }: LakeViews): ReadonlyArray<Source> => {
  const found: Array<Source> = tables.map((of) => ({
    name: of.view,
    path: of.table.path,
    versions: { [of.view]: of.snapshot.version },
    of
  }))
  const versions = new Map(found.map((source) => [source.path, source.versions]))
  for (const of of marts) {
    const inputs = Object.keys(of.built.inputs).flatMap((path) => Object.entries(versions.get(path) ?? {}))
    found.push({ name: of.model, path: martPath(of.model), versions: Object.fromEntries(inputs), of })
  }
  return found
}

/** What says which columns there are. A table that was made anew is another. */
const formOf = (of: Source["of"]): string =>
  "sql" in of ? JSON.stringify([of.sql, of.built.text]) : JSON.stringify([of.snapshot.metaData.id, of.snapshot.metaData.schemaString])

const columnsOf = (db: DuckDB, { name, of }: Source): Effect.Effect<ReadonlyArray<Column>, LakeError> =>
  "sql" in of
    ? Effect.map(db.rows(`DESCRIBE main.${identifier(name)}`), (rows) =>
        rows.map((row) => ({ name: String(row["column_name"]), type: String(row["column_type"]) }))
      )
    : Effect.try({
        try: () => of.snapshot.schema.fields.map(({ name, type }) => ({ name, type: sqlType(type) })),
        catch: asLakeError(of.table)
      })

interface Column {
  readonly name: string
  readonly type: string
}

/** Views of the lake, for what is no table with files. */
const makeViews = (db: DuckDB, { marts, tables }: LakeViews, sources: ReadonlyArray<Source>) =>
  Effect.gen(function* () {
    yield* viewTables(db, tables)
    yield* createMartViews(db, marts)
    // On this machine they are there; from another one no more is fetched than is copied.
    if (isLocal(yield* Store)) return
    const read = new Set(sources.flatMap(({ of, path, versions }) => ("sql" in of || path === runsPath ? Object.keys(versions) : [])))
    yield* fillViews(
      db,
      tables.filter(({ view }) => read.has(view))
    )
  })
