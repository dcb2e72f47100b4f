import { join } from "node:path"
import { Clock, Effect } from "effect"
import type { DuckDB } from "../duckdb/duckdb.ts"
import { LakeError } from "../duckdb/errors.ts"
import { identifier, parquetFiles } from "../duckdb/sql.ts"
import type { StoredColumn } from "../duckdb/stored-columns.ts"
import { consumablePath, martPath, viewName } from "../lake/layout.ts"
import { type BuiltOf, builtOf, deleteMartView, type InputVersion, type MartView, putMartView } from "../lake/marts.ts"
import { totalsOf } from "../lake/rows.ts"
import { type Done, Run } from "../lake/run.ts"
import type { LakeTable } from "../lake/views.ts"
import { randomUuid } from "../record/random.ts"
import { type BuildReport, type OnRunEvent, outcomesOf, type RunInput } from "../record/report.ts"
import { deterministicRunId } from "../record/run-id.ts"
import { Store } from "../store/store.ts"
import { holdsBack, type TestResult } from "./audit-result.ts"
import { BuildError, cannotRun, heldBack, toldOf } from "./build-error.ts"
import type { Builder } from "./builder.ts"
import { goesOn, isUnchanged, textOf } from "./built-of.ts"
import { commitMart } from "./commit-mart.ts"
import { type Going, goingOf } from "./incremental.ts"
import { lookUp } from "./look-up.ts"
import { madeMart } from "./made-mart.ts"
import { columnsOf, describe, fitted } from "./mart-columns.ts"
import { putFiles, writeLocal } from "./mart-files.ts"
import type { Model } from "./model.ts"
import { auditRows, freshInputs, showInputs, unitTests } from "./model-tests.ts"
import { inputKey } from "./references.ts"
import { martSql, selectOf, sourcePath } from "./relations.ts"
import { render } from "./render.ts"
import type { Mart, ReadError } from "./sources.ts"

/** A builder, and how it builds. */
export interface Building extends Builder {
  readonly fullRefresh: boolean
  readonly dryRun: boolean
  readonly onEvent: OnRunEvent
}

/** What became of a model that did not fail. `version`: of its mart; null for a view. */
export type Built =
  | { readonly kind: "built"; readonly version: number | null; readonly report: BuildReport }
  | { readonly kind: "unchanged"; readonly version: number | null }
  | { readonly kind: "planned"; readonly full: boolean; readonly why: string }

type Failure = BuildError | ReadError

/** Builds a model, unless nothing it is made of has changed. @param planned models before it that a dry run would build */
export const buildModel = (builder: Building, model: Model, planned: ReadonlySet<string>): Effect.Effect<Built, Failure, Store> =>
  Effect.gen(function* () {
    const { sources, dryRun } = builder
    const parent = model.inputs.find((input) => input.kind === "model" && planned.has(input.name))
    if (parent !== undefined) return { kind: "planned", full: false, why: `${inputKey(parent)} would be built` }
    yield* requireParents(builder, model)
    const now = yield* readsOf(builder, model)
    const mart = yield* sources.mart(model.name)
    // Below a view the table lies that the model was before.
    const before = mart?.kind === "table" ? mart.table : mart === null ? null : yield* sources.table(martPath(model.name))
    const built = mart === null ? null : mart.kind === "view" ? mart.view.built : builtOf(mart.table.snapshot)
    const isView = model.materialization.kind === "view"
    const why = whyFull(builder, model, now, mart, built)
    if (why === null && built !== null && isUnchanged(built, now, isView))
      return { kind: "unchanged", version: before?.snapshot.version ?? null }
    if (dryRun) return { kind: "planned", full: why !== null || !isIncremental(model), why: why ?? changedText(built, now) }
    const read = (yield* Effect.forEach(Object.keys(now.inputs), (path) => sources.table(path))).filter((table) => table !== null)
    const startedAt = yield* Clock.currentTimeMillis
    const what = JSON.stringify([model.name, now, before?.table.uri, before?.snapshot.metaData.id, before?.snapshot.version, why])
    const about = {
      kind: "build",
      runId: deterministicRunId(newest(read), `${model.name}.build`, what),
      dataset: model.name,
      martUri: `${(yield* Store).root}/${martPath(model.name)}`
    } as const
    const run = new Run(builder.onEvent, about, startedAt, runInputs(read))
    const making: Making = { model, now, before, built, isFull: why !== null || !isIncremental(model), run }
    const work = Effect.gen(function* () {
      yield* showInputs(builder, model)
      // Before anything is made.
      const first = yield* holding(model, [...(yield* freshInputs(builder, model)), ...(yield* unitTests(builder, model))])
      return isView ? yield* buildView(builder, making, first) : yield* buildTable(builder, making, first)
    })
    return yield* run.of(work, isBuiltByAnother).pipe(
      Effect.catchIf(isBuiltByAnother, () =>
        Effect.gen(function* () {
          sources.forget(model.name)
          const made = yield* sources.mart(model.name)
          return { kind: "unchanged", version: made?.kind === "table" ? made.table.snapshot.version : null } as const
        })
      )
    )
  })

/** Has another process built what this one was about to? */
const isBuiltByAnother = (error: Failure): boolean => error._tag === "TableError" && error.reason === "AlreadyCommitted"

/** The building of one model. */
interface Making {
  readonly model: Model
  readonly now: BuiltOf
  /** Its mart as the build found it; null: there is no table. */
  readonly before: LakeTable | null
  readonly built: BuiltOf | null
  readonly isFull: boolean
  readonly run: Run
}

/** Is what is there gone on with, where it can be? */
const isIncremental = ({ materialization, text }: Model): boolean =>
  materialization.kind === "incremental" ||
  materialization.kind === "lookup" ||
  (materialization.kind === "history" && text.some(({ kind }) => kind === "ifIncremental"))

const whyFull = (
  { fullRefresh }: Building,
  { materialization }: Model,
  now: BuiltOf,
  mart: Mart | null,
  built: BuiltOf | null
): string | null => {
  if (mart === null || built === null) return "it was never built"
  if (fullRefresh) return "all of it is asked for"
  if ((mart.kind === "view") !== (materialization.kind === "view")) return `it was a ${mart.kind}`
  if (built.text !== now.text) return "its text, or its settings, are others"
  return goesOn(built, now) ? null : "a table that it reads was made anew, or it reads others"
}

const changedText = (built: BuiltOf | null, now: BuiltOf): string =>
  `${Object.entries(now.inputs)
    .filter(([path, { version }]) => built?.inputs[path]?.version !== version)
    .map(([path, { version }]) => `${path} is at version ${version} and was at ${built?.inputs[path]?.version ?? "none"}`)
    .join(", ")}`

/** Fails where a model that is read was never built. */
const requireParents = ({ sources }: Builder, model: Model): Effect.Effect<void, Failure, Store> =>
  Effect.gen(function* () {
    for (const input of model.inputs)
      if (input.kind === "model" && (yield* sources.mart(input.name)) === null)
        return yield* new BuildError({
          model: model.name,
          problem: `${model.file}: it reads ${input.name}, which was never built`,
          hint: `Build that, too: sluice build --select +${model.name}`,
          tests: []
        })
  })

/** What a model is made of as everything is now: its text, and the versions of all tables that it reads, views looked through. */
const readsOf = ({ sources, models }: Builder, model: Model): Effect.Effect<BuiltOf, ReadError, Store> =>
  Effect.gen(function* () {
    const inputs: { [path: string]: InputVersion } = {}
    const views: Array<string> = []
    for (const input of model.inputs) {
      const mart = input.kind === "model" ? yield* sources.mart(input.name) : null
      if (mart?.kind === "view") {
        views.push(mart.view.sql)
        for (const path of Object.keys(mart.view.built.inputs)) inputs[path] = yield* sources.version(path)
      } else {
        const path = input.kind === "model" ? martPath(input.name) : sourcePath(input.source, input.table)
        inputs[path] = yield* sources.version(path)
      }
    }
    return { text: textOf(model, models, views), inputs: Object.fromEntries(Object.entries(inputs).sort(([a], [b]) => (a < b ? -1 : 1))) }
  })

const runInputs = (tables: ReadonlyArray<LakeTable>): ReadonlyArray<RunInput> =>
  tables.map(({ table, snapshot }) => {
    const { files, bytes, rows } = totalsOf(snapshot.files.values())
    return { uri: table.uri, table: { path: table.path, version: snapshot.version }, files, bytes, ...(rows === null ? {} : { rows }) }
  })

/** Newest of the files that are read, milliseconds since 1970: the time of the work, whenever it is done. */
const newest = (tables: ReadonlyArray<LakeTable>): number => {
  let time = 0
  for (const { snapshot } of tables) for (const { modificationTime } of snapshot.files.values()) time = Math.max(time, modificationTime)
  return time
}

/** Fails where a test holds the model back, and tells of those that warn. */
const holding = (model: Model, tests: ReadonlyArray<TestResult>): Effect.Effect<ReadonlyArray<TestResult>, BuildError> =>
  Effect.gen(function* () {
    for (const test of tests) if (test.status === "warn") yield* Effect.logWarning(toldOf(test))
    if (holdsBack({ tests })) return yield* heldBack(model.name, tests)
    return tests
  })

const reportOf = ({ model, isFull, run }: Making, tests: ReadonlyArray<TestResult>): BuildReport => ({
  kind: "build",
  runId: run.about.runId,
  dataset: model.name,
  startedAt: run.startedAt,
  materialization: model.materialization.kind,
  full: isFull,
  rowsAdded: 0,
  filesReplaced: 0,
  files: 0,
  fileBytes: 0,
  tests: outcomesOf(tests)
})

const buildView = (builder: Builder, making: Making, first: ReadonlyArray<TestResult>): Effect.Effect<Done<Built>, Failure, Store> =>
  Effect.gen(function* () {
    const { db, models, sources } = builder
    const { model, now } = making
    const sql = selectOf(model, models)
    const found = yield* describe(db, model, sql)
    // A view may have columns that no table can.
    const columns = yield* Effect.orElseSucceed(columnsOf(builder, model, found), (): ReadonlyArray<StoredColumn> => [])
    const reads = model.inputs.flatMap((input) => (input.kind === "model" ? [input.name] : []))
    const view: MartView = { model: model.name, sql, reads, built: now }
    yield* Effect.mapError(db.run(`CREATE OR REPLACE VIEW sluice_result AS ${sql}`), cannotRun(model.name, model.file))
    const tests = yield* holding(model, [...first, ...(yield* auditRows(builder, model, "sluice_result"))])
    yield* putMartView(view)
    yield* sources.built(model.name, { kind: "view", view })
    const report = reportOf(making, tests)
    const mart = yield* madeMart(
      builder,
      model,
      columns.map(({ column }) => column)
    )
    return { result: { kind: "built", version: null, report }, report, outputs: [], mart }
  })

const buildTable = (builder: Builder, given: Making, first: ReadonlyArray<TestResult>): Effect.Effect<Done<Built>, Failure, Store> =>
  Effect.gen(function* () {
    const { db, sources } = builder
    const { model, now } = given
    const { making, select, columns, going } = yield* chosen(builder, given)
    const { before, isFull } = making
    const path = join(db.folder, `made-${yield* randomUuid}.parquet`)
    const made = `SELECT ${columns.map(({ sql }) => sql).join(", ")} FROM (${select}\n)`
    const ofSql = cannotRun(model.name, model.file)
    const failed = <E>(error: LakeError | E) => (error instanceof LakeError ? ofSql(error) : error)
    const rowsAdded = yield* Effect.mapError(writeLocal(db, made, path), failed)
    yield* db.run(`CREATE OR REPLACE VIEW sluice_made AS SELECT * FROM ${parquetFiles([path])}`)
    yield* requireOneRow(db, model)
    const names = columns.map(({ column }) => identifier(column.name)).join(", ")
    const replaced = before === null || isFull || going === null ? null : yield* Effect.mapError(going.prepare(db, before, names), failed)
    const rows = replaced === null ? "SELECT * FROM sluice_made" : `${replaced.kept} UNION ALL BY NAME SELECT * FROM sluice_made`
    yield* db.run(`CREATE OR REPLACE VIEW sluice_result AS ${rows}`)
    const tests = yield* holding(model, [...first, ...(yield* auditRows(builder, model, "sluice_result"))])

    const files = [...(rowsAdded > 0 ? [path] : [])]
    if (replaced !== null && replaced.survivors !== null) {
      const survivors = join(db.folder, `kept-${yield* randomUuid}.parquet`)
      if ((yield* Effect.mapError(writeLocal(db, replaced.survivors, survivors), failed)) > 0) files.push(survivors)
    }
    const allColumns = columns.map(({ column }) => column)
    const inFiles = allColumns.filter(({ name }) => !model.partitionBy.includes(name))
    const partitions = allColumns.filter(({ name }) => model.partitionBy.includes(name))
    const put = yield* putFiles(db, { tablePath: martPath(model.name), columns: inFiles, partitionBy: model.partitionBy }, files)
    const gone = replaced?.gone ?? []
    const report: BuildReport = {
      ...reportOf(making, tests),
      rowsAdded,
      filesReplaced: isFull ? (before?.snapshot.files.size ?? 0) : gone.length,
      files: put.length,
      fileBytes: put.reduce((sum, { add }) => sum + add.size, 0)
    }
    const committed = yield* commitMart({ model, before, isFull, inFiles, partitions, put, gone, report, now })
    yield* deleteMartView(model.name)
    yield* sources.built(model.name, { kind: "table", table: committed })
    const { table, snapshot } = committed
    const output = {
      uri: table.uri,
      path: table.path,
      version: snapshot.version,
      created: before === null,
      rows: rowsAdded,
      bytes: report.fileBytes,
      files: report.files
    }
    const mart = yield* madeMart(builder, model, allColumns)
    return { result: { kind: "built", version: snapshot.version, report }, report, outputs: [output], mart }
  })

/** What is made: what changed, or all of it where what is there cannot be gone on with. */
interface Chosen {
  readonly making: Making
  readonly select: string
  readonly columns: ReadonlyArray<StoredColumn>
  /** How what is there is gone on with; null: it is not. */
  readonly going: Going | null
}

const chosen = (builder: Builder, making: Making): Effect.Effect<Chosen, Failure, Store> =>
  Effect.gen(function* () {
    const { model, before, built, isFull } = making
    if (!isFull && before !== null && built !== null) {
      const some = yield* partOf(builder, making, before, built)
      if (some !== null) return some
    }
    const select = yield* rowsOf(builder, model, martSql(model, selectOf(model, builder.models), true), null)
    return {
      making: { ...making, isFull: true },
      select,
      columns: yield* columnsOf(builder, model, yield* describe(builder.db, model, select)),
      going: null
    }
  })

/** What goes on with what is there; null where that cannot be: what changed is not known any more, or its columns are others. */
const partOf = (builder: Builder, making: Making, before: LakeTable, built: BuiltOf): Effect.Effect<Chosen | null, Failure, Store> =>
  Effect.gen(function* () {
    const { models, names, sources } = builder
    const { model } = making
    for (const input of model.inputs) {
      if (input.kind !== "source" || input.source !== "changes") continue
      const since = built.inputs[consumablePath(input.table)]
      if (since === undefined || !(yield* sources.showChanges(input.table, since))) return null
    }
    const text = render(model.text, { ...names, this: identifier(viewName(martPath(model.name))), isIncremental: true })
    const going = yield* Effect.mapError(
      goingOf(builder.db, model, before, text, selectOf(model, models)),
      cannotRun(model.name, model.file)
    )
    const select = yield* rowsOf(builder, model, going.select, before)
    const given = yield* columnsOf(builder, model, yield* describe(builder.db, model, select))
    const columns = yield* fitted(model, given, before.snapshot)
    return columns === null ? null : { making, select, columns, going }
  })

/** A SELECT of the rows that are made of what a model's SELECT gives: of a lookup not what it gives itself. @param before what is there already */
const rowsOf = (
  { db }: Builder,
  { materialization, ...model }: Model,
  select: string,
  before: LakeTable | null
): Effect.Effect<string, BuildError | LakeError> =>
  materialization.kind === "lookup"
    ? lookUp(db, { ...model, materialization }, materialization.lookup, select, before === null ? null : identifier(before.view))
    : Effect.succeed(select)

/** Fails where a merge would have to take two rows for one. */
const requireOneRow = (db: DuckDB, model: Model): Effect.Effect<void, BuildError | LakeError> =>
  Effect.gen(function* () {
    const { materialization } = model
    if (materialization.kind !== "incremental" || materialization.strategy !== "merge") return
    const keys = materialization.uniqueKey.join(", ")
    const [row] = yield* db.rows(`SELECT count(*) AS n FROM (SELECT 1 FROM sluice_made GROUP BY ${keys} HAVING count(*) > 1)`)
    const n = Number(row?.["n"] ?? 0)
    if (n > 0)
      return yield* new BuildError({
        model: model.name,
        problem: `${model.file}: its SELECT gives several rows of one ${keys}, ${n} times`,
        hint: "Give one row of each unique_key; or write incremental_strategy='delete+insert', which takes all of them.",
        tests: []
      })
  })
