import { join } from "node:path"
import { Clock, Effect } from "effect"
import type { DuckDB } from "../duckdb/duckdb.ts"
import { LakeError } from "../duckdb/errors.ts"
import { identifier, parquetFiles } from "../duckdb/sql.ts"
import { type StoredColumn, storedColumn } from "../duckdb/stored-columns.ts"
import { infoOf } from "../lake/history.ts"
import { consumablePath, martPath, viewName } from "../lake/layout.ts"
import { buildApp, builtProperty } from "../lake/log-keys.ts"
import { type BuiltOf, builtOf, deleteMartView, type InputVersion, type MartView, putMartView } from "../lake/marts.ts"
import { totalsOf } from "../lake/rows.ts"
import { type Done, Run } from "../lake/run.ts"
import { retention, skippable } from "../lake/tables.ts"
import type { LakeTable } from "../lake/views.ts"
import type { Column } from "../record/column.ts"
import { Malformed } from "../record/malformed.ts"
import { randomUuid } from "../record/random.ts"
import type { BuildReport, OnRunEvent, RunInput, TestOutcome } from "../record/report.ts"
import { deterministicRunId } from "../record/run-id.ts"
import { Store } from "../store/store.ts"
import type { WriteAction } from "../table/actions.ts"
import type { TableError } from "../table/errors.ts"
import { deltaSchema } from "../table/schema.ts"
import type { Snapshot } from "../table/snapshot.ts"
import { createTable } from "../table/table.ts"
import type { Audit } from "./audit.ts"
import { testsOf } from "./audit.ts"
import { holdsBack, type TestResult } from "./audit-result.ts"
import { BuildError, cannotRun, heldBack } from "./build-error.ts"
import { goesOn, isUnchanged, textOf } from "./built-of.ts"
import { checkFreshness, type FreshnessResult } from "./freshness.ts"
import { type Going, goingOf } from "./incremental.ts"
import { type MartFile, putFiles, writeLocal } from "./mart-files.ts"
import type { Input, Model, Models } from "./model.ts"
import { ofBothBranches } from "./pieces.ts"
import { inputKey } from "./references.ts"
import { martSql, type RelationNames, selectOf, sourcePath } from "./relations.ts"
import { render } from "./render.ts"
import type { Mart, ReadError, Sources } from "./sources.ts"
import { runUnitTest } from "./unit-test.ts"

/** What the building of each model shares. */
export interface Builder {
  readonly db: DuckDB
  readonly models: Models
  readonly sources: Sources
  readonly audit: Audit
  readonly names: RelationNames
  readonly sensitive: ReadonlySet<string>
  readonly fullRefresh: boolean
  readonly dryRun: boolean
  readonly onEvent: OnRunEvent
  /** How old inputs are, by input, once that was looked at. */
  readonly fresh: Map<string, FreshnessResult>
}

/** What became of a model that did not fail. `version`: of its mart; null for a view. */
export type Built =
  | { readonly kind: "built"; readonly version: number | null; readonly report: BuildReport }
  | { readonly kind: "unchanged"; readonly version: number | null }
  | { readonly kind: "planned"; readonly full: boolean; readonly why: string }

type Failure = BuildError | ReadError

/** Builds a model, unless nothing it is made of has changed. @param planned models before it that a dry run would build */
export const buildModel = (builder: Builder, model: Model, planned: ReadonlySet<string>): Effect.Effect<Built, Failure, Store> =>
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
    const inputs = yield* runInputs(sources, now)
    const startedAt = yield* Clock.currentTimeMillis
    const work = JSON.stringify([model.name, now, before?.table.uri, before?.snapshot.metaData.id, before?.snapshot.version, why])
    const about = {
      kind: "build",
      runId: deterministicRunId(yield* newest(sources, now), `${model.name}.build`, work),
      dataset: model.name
    } as const
    const run = new Run(builder.onEvent, about, startedAt, inputs)
    const making: Making = { model, now, before, built, isFull: why !== null || !isIncremental(model), run }
    return yield* run.of(
      Effect.gen(function* () {
        yield* showInputs(builder, model)
        yield* holdFresh(builder, model)
        const unit = yield* unitTests(builder, model)
        return isView ? yield* buildView(builder, making, unit) : yield* buildTable(builder, making, unit)
      })
    )
  })

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
  materialization.kind === "incremental" || (materialization.kind === "history" && text.some(({ kind }) => kind === "ifIncremental"))

const whyFull = (
  { fullRefresh }: Builder,
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

const runInputs = (sources: Sources, { inputs }: BuiltOf): Effect.Effect<ReadonlyArray<RunInput>, ReadError, Store> =>
  Effect.map(
    Effect.forEach(Object.keys(inputs), (path) => sources.table(path)),
    (tables) =>
      tables.flatMap((found) => {
        if (found === null) return []
        const { files, bytes, rows } = totalsOf(found.snapshot.files.values())
        const { table, snapshot } = found
        return [
          { uri: table.uri, table: { path: table.path, version: snapshot.version }, files, bytes, ...(rows === null ? {} : { rows }) }
        ]
      })
  )

/** Newest of the files that are read, milliseconds since 1970: the time of the work, whenever it is done. */
const newest = (sources: Sources, { inputs }: BuiltOf): Effect.Effect<number, ReadError, Store> =>
  Effect.map(
    Effect.forEach(Object.keys(inputs), (path) => sources.table(path)),
    (tables) => {
      let time = 0
      for (const found of tables)
        for (const { modificationTime } of found?.snapshot.files.values() ?? []) time = Math.max(time, modificationTime)
      return time
    }
  )

/** Makes a view of whatever the model and its tests read. */
const showInputs = ({ sources, models }: Builder, model: Model): Effect.Effect<void, ReadError, Store> =>
  Effect.gen(function* () {
    yield* sources.showMart(model.name)
    const ofTests = testsOf(models, model).flatMap(
      ({ check, model: on }): ReadonlyArray<Input> => [
        ...(on === null || on === model.name ? [] : [{ kind: "model" as const, name: on }]),
        ...(check.kind === "relationships"
          ? [check.to]
          : check.kind === "singular"
            ? ofBothBranches(check.text).flatMap((piece): ReadonlyArray<Input> => inputOf(piece))
            : [])
      ]
    )
    for (const input of [...model.inputs, ...ofTests]) yield* sources.show(input)
  })

const inputOf = (piece: Model["text"][number]): ReadonlyArray<Input> => {
  if (piece.kind === "ref") return [{ kind: "model", name: piece.model }]
  if (piece.kind !== "source") return []
  const { source, table } = piece
  return source === "consumable" || source === "stage" || source === "lake" || source === "changes"
    ? [{ kind: "source", source, table }]
    : []
}

/** Fails where an input is older than may be. */
const holdFresh = ({ db, models, names, fresh }: Builder, model: Model): Effect.Effect<void, BuildError | LakeError> =>
  Effect.gen(function* () {
    const keys = new Set(model.inputs.map(inputKey))
    for (const each of models.freshness) {
      const key = inputKey(each.input)
      if (!keys.has(key) || each.input.kind !== "source") continue
      const relation = names.source(each.input.source, each.input.table)
      const found =
        fresh.get(key) ?? (yield* Effect.mapError(checkFreshness(db, each, relation), cannotRun(model.name, `${each.file}:${each.line}`)))
      fresh.set(key, found)
      const age = found.ageMillis === null ? "has no row" : `is ${hours(found.ageMillis)} old`
      if (found.status === "warn") yield* Effect.logWarning(`${key} ${age} (${each.file}:${each.line})`)
      if (found.status === "fail")
        return yield* new BuildError({
          model: model.name,
          problem: `${each.file}:${each.line}: ${key}, which it reads, ${age}`,
          hint: "Find out why nothing new arrives; or let it be older, by its error_after.",
          tests: []
        })
    }
  })

const hours = (millis: number): string => `${(millis / 3_600_000).toFixed(1)} hours`

/** Runs the model's unit tests. Fails with the first that does not hold. */
const unitTests = ({ db, models, names }: Builder, model: Model): Effect.Effect<ReadonlyArray<TestResult>, BuildError> =>
  Effect.gen(function* () {
    const results: Array<TestResult> = []
    for (const test of models.unitTests.filter((each) => each.model === model.name)) {
      const { name, status, difference, file, line } = yield* Effect.mapError(
        runUnitTest(db, model, test, names),
        ({ problem, hint }) => new BuildError({ model: model.name, problem, hint, tests: [] })
      )
      results.push({
        name,
        model: model.name,
        column: null,
        check: "unit",
        severity: "error",
        status,
        failures: difference.length,
        keys: difference,
        file,
        line
      })
    }
    if (results.some(({ status }) => status === "fail")) return yield* heldBack(model.name, results)
    return results
  })

/** Tests what a mart will hold. Fails where a test holds it back. */
const auditIt = (
  { db, audit }: Builder,
  model: Model,
  relation: string,
  unit: ReadonlyArray<TestResult>
): Effect.Effect<ReadonlyArray<TestResult>, BuildError> =>
  Effect.gen(function* () {
    const found = yield* Effect.mapError(
      audit(db, model, relation),
      ({ problem, hint }) => new BuildError({ model: model.name, problem, hint, tests: [] })
    )
    const tests = [...unit, ...found.tests]
    if (holdsBack(found)) return yield* heldBack(model.name, tests)
    return tests
  })

/** A test's result without what only people at the terminal are shown. */
export const outcomesOf = (tests: ReadonlyArray<TestResult>): ReadonlyArray<TestOutcome> =>
  tests.map(({ name, model, column, check, severity, status, failures }) => ({ name, model, column, check, severity, status, failures }))

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

const buildView = (builder: Builder, making: Making, unit: ReadonlyArray<TestResult>): Effect.Effect<Done<Built>, Failure, Store> =>
  Effect.gen(function* () {
    const { db, models, sources } = builder
    const { model, now } = making
    const sql = selectOf(model, models)
    yield* describe(db, model, sql)
    const reads = model.inputs.flatMap((input) => (input.kind === "model" ? [input.name] : []))
    const view: MartView = { model: model.name, sql, reads, built: now }
    yield* Effect.mapError(db.run(`CREATE OR REPLACE VIEW sluice_result AS ${sql}`), cannotRun(model.name, model.file))
    const tests = yield* auditIt(builder, model, "sluice_result", unit)
    yield* putMartView(view)
    yield* sources.built(model.name, { kind: "view", view })
    const report = reportOf(making, tests)
    return { result: { kind: "built", version: null, report }, report, outputs: [] }
  })

const describe = (db: DuckDB, model: Model, select: string) =>
  Effect.mapError(
    Effect.map(db.rows(`DESCRIBE ${select}`), (rows) =>
      rows.map((row) => ({ name: String(row["column_name"]), type: String(row["column_type"]) }))
    ),
    cannotRun(model.name, model.file)
  )

/** The columns that a model's SELECT gives, as its mart keeps them. */
const columnsOf = (
  { db, sensitive }: Builder,
  model: Model,
  select: string
): Effect.Effect<ReadonlyArray<StoredColumn>, BuildError | LakeError> =>
  Effect.gen(function* () {
    const found = yield* describe(db, model, select)
    const about = new Map(model.columns.map((column) => [column.name.toLowerCase(), column]))
    const stored = yield* Effect.try({
      try: () => {
        const columns = found.map((column) => {
          const name = column.name.toLowerCase()
          const isSensitive = about.get(name)?.isSensitive === true || sensitive.has(name)
          return storedColumn(column, { description: about.get(name)?.description ?? "", isSensitive })
        })
        // Names that a table cannot have.
        deltaSchema(columns.map(({ column }) => column))
        return columns
      },
      catch: refused(model)
    })
    yield* holdContract(db, model, found)
    const missing = model.partitionBy.find((name) => !stored.some(({ column }) => column.name === name))
    const partitions = stored.flatMap(({ column }) => (model.partitionBy.includes(column.name) ? [column] : []))
    const unfit = partitions.find((column) => column.kind !== "leaf" || !partitionTypes.includes(column.leaf.type))
    if (missing !== undefined || unfit !== undefined || (stored.length > 0 && partitions.length === stored.length))
      return yield* new BuildError({
        model: model.name,
        problem:
          missing !== undefined
            ? `${model.file}: partition_by names ${missing}, which is no column of it`
            : unfit !== undefined
              ? `${model.file}: its rows cannot be partitioned by ${unfit.name}, which is no text, whole number, date or truth`
              : `${model.file}: it is partitioned by all of its columns`,
        hint: "Name columns that many rows have the same value of, such as a date.",
        tests: []
      })
    return [...stored.filter(({ column }) => !model.partitionBy.includes(column.name)), ...byName(stored, model.partitionBy)]
  })

const partitionTypes: ReadonlyArray<string> = ["text", "integer", "long", "date", "boolean"]

const byName = (stored: ReadonlyArray<StoredColumn>, names: ReadonlyArray<string>): ReadonlyArray<StoredColumn> =>
  names.flatMap((name) => stored.filter(({ column }) => column.name === name))

const refused =
  (model: Model) =>
  (cause: unknown): BuildError =>
    new BuildError({
      model: model.name,
      problem: `${model.file}: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: cause instanceof Malformed ? cause.hint : "Name and cast the columns otherwise.",
      tests: []
    })

/** Fails where a contract that is enforced says other columns or types, in DuckDB's words for them. */
const holdContract = (
  db: DuckDB,
  model: Model,
  found: ReadonlyArray<{ readonly name: string; readonly type: string }>
): Effect.Effect<void, BuildError | LakeError> =>
  Effect.gen(function* () {
    if (!model.isContractEnforced) return
    const problems: Array<string> = []
    for (const { name, dataType } of model.columns) {
      const column = found.find((each) => each.name.toLowerCase() === name.toLowerCase())
      if (column === undefined) problems.push(`${name} is not given`)
      else if (dataType !== null) {
        const [row] = yield* Effect.mapError(
          db.rows(`DESCRIBE SELECT CAST(NULL AS ${dataType}) AS c`),
          cannotRun(model.name, `${model.file}: the data_type of ${name}`)
        )
        const wanted = String(row?.["column_type"])
        if (wanted !== column.type) problems.push(`${name} is ${column.type} and its contract says ${wanted}`)
      }
    }
    const known = new Set(model.columns.map(({ name }) => name.toLowerCase()))
    problems.push(...found.flatMap(({ name }) => (known.has(name.toLowerCase()) ? [] : [`its contract does not know ${name}`])))
    if (problems.length > 0)
      return yield* new BuildError({
        model: model.name,
        problem: `${model.file}: ${problems.join("; ")}`,
        hint: "Cast the columns in the SELECT, or say their data_type otherwise.",
        tests: []
      })
  })

const buildTable = (builder: Builder, given: Making, unit: ReadonlyArray<TestResult>): Effect.Effect<Done<Built>, Failure, Store> =>
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
    const tests = yield* auditIt(builder, model, "sluice_result", unit)

    const files = [...(rowsAdded > 0 ? [path] : [])]
    if (replaced !== null && replaced.survivors !== null) {
      const survivors = join(db.folder, `kept-${yield* randomUuid}.parquet`)
      if ((yield* Effect.mapError(writeLocal(db, replaced.survivors, survivors), failed)) > 0) files.push(survivors)
    }
    const allColumns = columns.map(({ column }) => column)
    const inFiles = allColumns.filter(({ name }) => !model.partitionBy.includes(name))
    const partitions = allColumns.filter(({ name }) => model.partitionBy.includes(name))
    const put = yield* putFiles(db, { tablePath: martPath(model.name), columns: inFiles, partitionBy: model.partitionBy }, files)
    const gone = before === null ? [] : isFull ? [...before.snapshot.files.keys()] : (replaced?.gone ?? [])
    const report: BuildReport = {
      ...reportOf(making, tests),
      rowsAdded,
      filesReplaced: gone.length,
      files: put.length,
      fileBytes: put.reduce((sum, { add }) => sum + add.size, 0)
    }
    const mart = yield* commit(making, { inFiles, partitions, put, gone, report, now })
    yield* deleteMartView(model.name)
    yield* sources.built(model.name, { kind: "table", table: mart })
    const { table, snapshot } = mart
    const output = {
      uri: table.uri,
      path: table.path,
      version: snapshot.version,
      created: before === null,
      rows: rowsAdded,
      bytes: report.fileBytes,
      files: report.files
    }
    return { result: { kind: "built", version: snapshot.version, report }, report, outputs: [output] }
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
    const select = martSql(model, selectOf(model, builder.models), true)
    return { making: { ...making, isFull: true }, select, columns: yield* columnsOf(builder, model, select), going: null }
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
    const given = yield* columnsOf(builder, model, going.select)
    const columns = yield* fitted(model, given, before.snapshot)
    return columns === null ? null : { making, select: going.select, columns, going }
  })

/** The columns that the SELECT gives, as the table that is there can take them; null: all of it has to be made anew. */
const fitted = (
  model: Model,
  given: ReadonlyArray<StoredColumn>,
  { schema, metaData }: Snapshot
): Effect.Effect<ReadonlyArray<StoredColumn> | null, BuildError> => {
  const wanted = deltaSchema(given.map(({ column }) => column))
  const typesOf = ({ fields }: typeof wanted) => new Map(fields.map(({ name, type }) => [name, JSON.stringify(type)]))
  const [there, now] = [typesOf(schema), typesOf(wanted)]
  const isSamePartition = metaData.partitionColumns.join() === model.partitionBy.join()
  const added = [...now.keys()].filter((name) => !there.has(name))
  const missing = [...there.keys()].filter((name) => !now.has(name))
  const isRetyped = [...now].some(([name, type]) => there.has(name) && there.get(name) !== type)
  if (!isSamePartition || isRetyped) return Effect.succeed(null)
  if (added.length === 0 && missing.length === 0) return Effect.succeed(given)
  const { materialization } = model
  if (materialization.kind === "incremental" && materialization.onSchemaChange === "fail")
    return Effect.fail(
      new BuildError({
        model: model.name,
        problem: `${model.file}: ${[...added.map((name) => `${name} is new`), ...missing.map((name) => `${name} is gone`)].join(", ")}`,
        hint: "Build it with --full-refresh, or say on_schema_change otherwise.",
        tests: []
      })
    )
  // What has lost or won a column is as a whole build makes it.
  return Effect.succeed(null)
}

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

/** What a commit brings. */
interface Change {
  readonly inFiles: ReadonlyArray<Column>
  readonly partitions: ReadonlyArray<Column>
  readonly put: ReadonlyArray<MartFile>
  /** Paths of files that go. */
  readonly gone: ReadonlyArray<string>
  readonly report: BuildReport
  readonly now: BuiltOf
}

/** The commit point: the files that go, those that come, what it was built of, and that there was a build, in one. */
const commit = (making: Making, change: Change): Effect.Effect<LakeTable, ReadError, Store> =>
  Effect.gen(function* () {
    const { model, isFull } = making
    const { inFiles, partitions, put, gone, report, now } = change
    const columns = [...inFiles, ...partitions]
    const description = model.description === "" ? `The model ${model.name}.` : model.description
    const found = making.before ?? (yield* begun(model, change, description))
    const { table } = found
    const { snapshot: before } = found
    const millis = yield* Clock.currentTimeMillis
    const removes = gone.flatMap((path): ReadonlyArray<WriteAction> => {
      const file = before.files.get(path)
      return file === undefined
        ? []
        : [{ remove: { path, deletionTimestamp: millis, dataChange: true, partitionValues: file.partitionValues, size: file.size } }]
    })
    const app = buildApp(model.name)
    const { metaData } = before
    const transaction = {
      read: before,
      ...(isFull
        ? { operation: "WRITE", parameters: { mode: "Overwrite", partitionBy: JSON.stringify(partitions.map(({ name }) => name)) } }
        : { operation: "MERGE", parameters: { predicate: JSON.stringify(["what changed"]) } }),
      metrics: {
        numAddedFiles: String(put.length),
        numRemovedFiles: String(removes.length),
        numOutputRows: String(put.reduce((sum, { rows }) => sum + rows, 0)),
        numOutputBytes: String(report.fileBytes)
      },
      actions: [
        ...removes,
        ...put.map(({ add }): WriteAction => ({ add: { ...add, modificationTime: millis, dataChange: true } })),
        {
          metaData: {
            ...metaData,
            description,
            schemaString: isFull ? JSON.stringify(deltaSchema(columns)) : metaData.schemaString,
            partitionColumns: partitions.map(({ name }) => name),
            configuration: { ...metaData.configuration, ...(isFull ? skippable(inFiles) : {}), [builtProperty]: JSON.stringify(now) }
          }
        },
        { txn: { appId: app, version: (before.transactions.get(app) ?? -1) + 1, lastUpdated: millis } }
      ],
      isBlindAppend: false,
      readFiles: "all" as const,
      info: infoOf(report)
    }
    const committed = yield* Effect.tapError(table.commit(transaction), (error) => (isLost(error) ? discard(table.path, put) : Effect.void))
    return { view: viewName(table.path), table, snapshot: committed.snapshot }
  })

/** Is it certain that nothing was committed? */
const isLost = ({ reason }: TableError): boolean => reason !== "Store"

const discard = (tablePath: string, put: ReadonlyArray<MartFile>): Effect.Effect<void, never, Store> =>
  Effect.ignore(Effect.flatMap(Store, (store) => store.delete(put.map(({ add }) => `${tablePath}/${add.path}`))))

/** The table of a mart that has none yet. Nobody sees it before its first build is committed. */
const begun = (model: Model, { inFiles, partitions }: Change, description: string): Effect.Effect<LakeTable, TableError, Store> =>
  Effect.gen(function* () {
    const path = martPath(model.name)
    const { table } = yield* createTable(path, {
      name: model.name,
      description,
      columns: inFiles,
      partitions,
      configuration: { ...retention, ...skippable(inFiles) }
    })
    return { view: viewName(path), table, snapshot: yield* table.snapshot }
  })
