import { randomUUID } from "node:crypto"
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { Clock, Effect } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import type { DuckDB, DuckDBSettings } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { isLocal } from "../duckdb/local-copies.ts"
import { openDuckDB } from "../duckdb/open.ts"
import { identifier, literal } from "../duckdb/sql.ts"
import { datasetAt, deadLettersPath, martAt, martPath, runsPath } from "../lake/layout.ts"
import type { MartView } from "../lake/marts.ts"
import { createMartViews, createViews, fillViews, type LakeTable } from "../lake/views.ts"
import type { Models } from "../models/model.ts"
import { treeSql } from "../models/parse-tree.ts"
import { type Traced, trace } from "../models/traced.ts"
import { holdsSensitive } from "../record/column.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import type { StoredDashboard } from "./dashboard.ts"
import type { Tables } from "./plan.ts"
import { readsOf } from "./sql-tree.ts"

export interface CopyOptions {
  /** Folder for the file. */
  readonly folder: string
  readonly contracts: ReadonlyArray<CompiledContract>
  readonly models: Models
  readonly dashboards: ReadonlyArray<StoredDashboard>
  /** Are tables for users in it that no dashboard names? */
  readonly allConsumables: boolean
  /** Are sensitive columns in it? */
  readonly allowPersonal: boolean
  readonly duckdb: DuckDBSettings
}

/** What the console asks: a file of its own, as of some versions of the lake, in which nothing is written once it is whole. */
export interface Copy {
  readonly path: string
  readonly builtAt: string
  readonly tables: Tables
  /** Versions of what each table is a copy of, by the table's name in lower case; of a model that is a view, of all that it reads. */
  readonly versions: ReadonlyMap<string, Readonly<Record<string, number>>>
  /** What each query of a dashboard reads, by its name. */
  readonly reads: ReadonlyMap<string, ReadonlyArray<string>>
  readonly warnings: ReadonlyArray<string>
}

/** A table or view of the lake that may be copied. */
interface Source {
  readonly name: string
  readonly path: string
  readonly versions: Readonly<Record<string, number>>
}

/** Copies marts, and what dashboards name, into a database of their own. */
export const makeCopy = (options: CopyOptions): Effect.Effect<Copy, LakeError | TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const builtAt = new Date(yield* Clock.currentTimeMillis).toISOString()
    const path = join(options.folder, `marts-${randomUUID()}.duckdb`)
    const db = yield* openDuckDB(options.duckdb)
    const lake = yield* createViews(db)
    yield* createMartViews(db, lake.marts)
    const warnings: Array<string> = []
    const reads = yield* readsOfQueries(db, options.dashboards, warnings)
    const named = new Set([...reads.values()].flat())
    const sources = sourcesOf(lake.tables, lake.marts).filter(
      ({ name, path }) =>
        martAt(path) !== null || named.has(name.toLowerCase()) || (options.allConsumables && path.startsWith("consumable/"))
    )
    // On this machine they are there; from another one no more is fetched than is copied.
    if (!isLocal(yield* Store)) {
      const wanted = new Set(sources.flatMap(({ versions }) => Object.keys(versions)))
      yield* fillViews(
        db,
        lake.tables.filter(({ view }) => wanted.has(view))
      )
    }
    const traced = yield* trace(db, options.models, options.contracts)
    const tables = new Map<string, ReadonlyMap<string, string>>()
    // Rows need no order in a copy, and tables of hundreds of files take too much memory with it.
    yield* db.run("SET preserve_insertion_order = false")
    yield* db.run(`ATTACH ${literal(path)} AS copy`)
    for (const { name, path } of sources) {
      const columns = yield* columnsOf(db, name)
      const isAllowed = options.allowPersonal ? () => true : allowedIn(path, options, traced)
      if (isAllowed === null) {
        warnings.push(`${name} is left out: nothing here says which of its columns are sensitive`)
        continue
      }
      const kept = columns.filter((column) => isAllowed(column.name, column.type))
      if (kept.length === 0) continue
      yield* db.run(
        `CREATE TABLE copy.${identifier(name)} AS SELECT ${kept.map((column) => identifier(column.name)).join(", ")} FROM main.${identifier(name)}`
      )
      tables.set(name.toLowerCase(), new Map(kept.map((column) => [column.name.toLowerCase(), column.name])))
    }
    yield* db.run("DETACH copy")
    for (const [query, names] of reads)
      for (const name of names) if (!tables.has(name)) warnings.push(`the query ${query} reads ${name}, which is not there yet`)
    const versions = new Map(
      sources.flatMap(({ name, versions }) => (tables.has(name.toLowerCase()) ? [[name.toLowerCase(), versions] as const] : []))
    )
    return { path, builtAt, tables, versions, reads, warnings }
  }).pipe(Effect.scoped)

export const removeCopy = ({ path }: Copy): Effect.Effect<void> =>
  Effect.ignore(Effect.tryPromise(() => Promise.all([rm(path, { force: true }), rm(`${path}.wal`, { force: true })])))

const readsOfQueries = (db: DuckDB, dashboards: ReadonlyArray<StoredDashboard>, warnings: Array<string>) =>
  Effect.gen(function* () {
    const found = new Map<string, ReadonlyArray<string>>()
    for (const { file, queries } of dashboards)
      for (const { line, name, sql } of queries) {
        const [row] = yield* db.rows(treeSql(literal(sql)))
        const reads = readsOf(row?.["tree"])
        if ("problem" in reads) warnings.push(`${file}:${line}: ${name} cannot be asked: ${reads.problem}`)
        else found.set(name, reads.tables)
      }
    return found
  })

const sourcesOf = (tables: ReadonlyArray<LakeTable>, views: ReadonlyArray<MartView>): ReadonlyArray<Source> => {
  const found = tables.map(({ snapshot, table, view }) => ({ name: view, path: table.path, versions: { [view]: snapshot.version } }))
  const versions = new Map(found.map((source) => [source.path, source.versions]))
  for (const { built, model } of views) {
    const inputs = Object.keys(built.inputs).flatMap((path) => Object.entries(versions.get(path) ?? {}))
    found.push({ name: model, path: martPath(model), versions: Object.fromEntries(inputs) })
  }
  return found
}

const columnsOf = (db: DuckDB, name: string) =>
  Effect.map(db.rows(`DESCRIBE main.${identifier(name)}`), (rows) =>
    rows.map((row) => ({ name: String(row["column_name"]), type: String(row["column_type"]) }))
  )

/** A type that no hash and no text fits in: what is made of a hash and is such a number is a count. */
const isNumber = (type: string): boolean => /^(?:(?:TINY|SMALL|BIG|HUGE)INT|INTEGER|DECIMAL\(.*\)|DOUBLE|FLOAT|BOOLEAN)$/.test(type)

/** Columns that hold what a record said and no contract looked at, and a dead letter's bytes. */
const unlooked: ReadonlySet<string> = new Set(["_rescued", "raw", "header"])

/**
 * Which columns of a table are nobody's personal data, as contracts and models say it. Null: nobody says it.
 */
const allowedIn = (
  path: string,
  { contracts, models }: CopyOptions,
  traced: Traced
): ((column: string, type: string) => boolean) | null => {
  if (path === runsPath) return () => true
  if (path === deadLettersPath) return (column) => !unlooked.has(column)
  const dataset = datasetAt(path)
  if (dataset !== null) {
    const contract = contracts.find((each) => each.contract.name === dataset)
    if (contract === undefined) return null
    const all = [...contract.columns, ...contract.consumableColumns]
    const sensitive = new Set(all.flatMap((column) => (holdsSensitive(column) ? [column.name.toLowerCase()] : [])))
    return (column) => !sensitive.has(column.toLowerCase()) && !unlooked.has(column)
  }
  const model = martAt(path)
  if (model === null || !models.models.some(({ name }) => name === model)) return null
  return (column, type) => {
    const policy = traced.sensitiveOf(model, column)
    return policy === undefined || (policy === "hash" && isNumber(type))
  }
}
