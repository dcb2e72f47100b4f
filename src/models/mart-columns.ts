import { Effect } from "effect"
import type { DuckDB, ResultColumn } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { identifier } from "../duckdb/sql.ts"
import { type StoredColumn, storedColumn } from "../duckdb/stored-columns.ts"
import { holdsSensitive } from "../record/column.ts"
import { Malformed } from "../record/malformed.ts"
import { deltaSchema } from "../table/schema.ts"
import type { Snapshot } from "../table/snapshot.ts"
import { BuildError, cannotRun } from "./build-error.ts"
import type { Builder } from "./builder.ts"
import type { Model } from "./model.ts"

/** The columns that a model's SELECT gives, in DuckDB's types. Fails where it does not run, and where a contract that is enforced says others. */
export const describe = (db: DuckDB, model: Model, select: string): Effect.Effect<ReadonlyArray<ResultColumn>, BuildError | LakeError> =>
  db.rows(`DESCRIBE ${select}`).pipe(
    Effect.mapError(cannotRun(model.name, model.file)),
    Effect.map((rows) => rows.map((row) => ({ name: String(row["column_name"]), type: String(row["column_type"]) }))),
    Effect.tap((found) => holdContract(db, model, found))
  )

/** The columns that a model's SELECT gives, as its mart keeps them. @param found by {@link describe} */
export const columnsOf = (
  { sensitive, traced }: Builder,
  model: Model,
  found: ReadonlyArray<ResultColumn>
): Effect.Effect<ReadonlyArray<StoredColumn>, BuildError | LakeError> =>
  Effect.gen(function* () {
    const { sensitiveOf } = yield* traced
    const about = new Map(model.columns.map((column) => [column.name.toLowerCase(), column]))
    const stored = yield* Effect.try({
      try: () => {
        const columns = found.map((column) => {
          const name = column.name.toLowerCase()
          const policy = sensitiveOf(model.name, name) ?? (sensitive.has(name) ? "keep" : undefined)
          return storedColumn(column, { description: about.get(name)?.description ?? "", sensitive: policy })
        })
        // Names that a table cannot have.
        deltaSchema(columns.map(({ column }) => column))
        return columns
      },
      catch: refused(model)
    })
    const missing = model.partitionBy.find((name) => !stored.some(({ column }) => column.name === name))
    const partitions = stored.flatMap(({ column }) => (model.partitionBy.includes(column.name) ? [column] : []))
    const unfit = partitions.find((column) => column.kind !== "leaf" || !partitionTypes.includes(column.leaf.type))
    const told = partitions.find(holdsSensitive)
    if (missing !== undefined || unfit !== undefined || told !== undefined || (stored.length > 0 && partitions.length === stored.length))
      return yield* new BuildError({
        model: model.name,
        problem:
          missing !== undefined
            ? `${model.file}: partition_by names ${missing}, which is no column of it`
            : unfit !== undefined
              ? `${model.file}: its rows cannot be partitioned by ${unfit.name}, which is no text, whole number, date or truth`
              : told !== undefined
                ? `${model.file}: its rows cannot be partitioned by ${told.name}, which is sensitive: the names of folders would say its values`
                : `${model.file}: it is partitioned by all of its columns`,
        hint: "Name columns that many rows have the same value of, such as a date.",
        tests: []
      })
    const inFiles = stored.filter(({ column }) => !model.partitionBy.includes(column.name))
    return [...inFiles, ...byName(stored, model.partitionBy).map(asPartition)]
  })

const partitionTypes: ReadonlyArray<string> = ["text", "integer", "long", "date", "boolean"]

/** In Delta an empty text is null where it is a partition: so that what is tested is what there will be. */
const asPartition = ({ column, sql }: StoredColumn): StoredColumn => {
  const name = identifier(column.name)
  const isText = column.kind === "leaf" && column.leaf.type === "text"
  return { column, sql: isText ? `nullif(CAST(${name} AS VARCHAR), '') AS ${name}` : sql }
}

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
const holdContract = (db: DuckDB, model: Model, found: ReadonlyArray<ResultColumn>): Effect.Effect<void, BuildError | LakeError> =>
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

/** The columns that the SELECT gives, as the table that is there can take them; null: all of it has to be made anew. */
export const fitted = (
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
