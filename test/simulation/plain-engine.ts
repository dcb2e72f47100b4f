import { Effect, Stream } from "effect"
import { ColumnBuilders } from "../../src/columns/builders.ts"
import { openParquetFile } from "../../src/parquet/file.ts"
import type { Value } from "../../src/record/column.ts"
import { compareSequenceNumbers } from "../../src/record/position.ts"
import { randomUuid } from "../../src/record/random.ts"
import { EngineError, type EngineFile, type EnginePlan, type NewFile, noDay, type RepartitionEngine } from "../../src/repartition/engine.ts"
import { Store } from "../../src/store/store.ts"
import { deltaSchema } from "../../src/table/schema.ts"
import type { Snapshot } from "../../src/table/snapshot.ts"
import { addPath, type Row, readTable, type Table } from "../../src/table/table.ts"

/**
 * A repartition engine in plain TypeScript, all in memory: what DuckDB does for real, without its start-up of tens of milliseconds, which thousands
 * of seeds cannot afford. It passes the suite that every engine has to pass.
 */
export const plainEngine: RepartitionEngine = {
  name: "plain",
  survey: (plan) =>
    failing(
      Effect.map(read(plan, plan.inputs), (copies) => {
        const days = new Map<string, number>()
        for (const { day } of copies) if (isWithin(plan, day)) days.set(day, (days.get(day) ?? 0) + 1)
        return [...days].sort(([a], [b]) => (a < b ? -1 : 1)).map(([day, rows]) => ({ day, rows }))
      })
    ),
  run: (plan) =>
    failing(
      Effect.gen(function* () {
        const fresh = yield* read(plan, plan.inputs)
        const days = new Set(fresh.map(({ day }) => day))
        const existing = plan.versionDecidesDay ? plan.existing.filter(({ day }) => days.has(day)) : plan.existing
        const old = (yield* read(plan, existing)).map((copy) => ({ ...copy, old: true }))

        const winners = new Map<string, Copy>()
        for (const copy of [...old, ...fresh]) {
          const known = winners.get(copy.id)
          if (known === undefined || isLater(copy, known)) winners.set(copy.id, copy)
        }
        const won = new Set([...winners.values()].filter(({ day }) => isWithin(plan, day)))
        const replaced = new Set(old.filter((copy) => !won.has(copy)).map(({ file }) => file))
        const chosen = [...won].filter((copy) => !copy.old || replaced.has(copy.file))
        return {
          rowsRead: fresh.filter(({ day }) => isWithin(plan, day)).length,
          rowsAdded: [...won].filter((copy) => !copy.old).length - old.filter((copy) => !won.has(copy)).length,
          files: yield* write(plan, chosen),
          replaced: existing.filter(({ key }) => replaced.has(key)).map(({ path }) => path),
          days: [...new Set([...days, ...(plan.versionDecidesDay ? [] : existing.map(({ day }) => day))])].sort()
        }
      })
    )
}

const failing = <A, R>(effect: Effect.Effect<A, { readonly message: string }, R>): Effect.Effect<A, EngineError, R> =>
  Effect.mapError(effect, (cause) => new EngineError({ engine: "plain", problem: cause.message, hint: "Run again.", cause }))

interface Copy {
  readonly row: Row
  /** Key and version. */
  readonly id: string
  readonly day: string
  /** Key of its file. */
  readonly file: string
  readonly old: boolean
}

const read = (plan: EnginePlan, files: ReadonlyArray<EngineFile>) =>
  Effect.map(
    Effect.forEach(files, ({ key, size }) => Effect.map(readFile(plan, key, size), (rows) => rows.map((row) => copyOf(plan, row, key)))),
    (copies) => copies.flat()
  )

/** Reads one file as if it were a table of its own: of a table's snapshot, the reader looks at nothing but this. */
const readFile = (plan: EnginePlan, key: string, size: number) => {
  const slash = key.lastIndexOf("/")
  const path = key.slice(slash + 1)
  const add = { path, partitionValues: {}, size, modificationTime: 0, stats: null, dataChange: true }
  const snapshot = {
    schema: deltaSchema(plan.columns),
    files: new Map([[path, add]]),
    metaData: { partitionColumns: [] }
  } as unknown as Snapshot
  const table = { path: key.slice(0, slash), snapshot: Effect.succeed(snapshot) } as unknown as Table
  return Stream.runCollect(readTable(table))
}

const firstOf = (row: Row, columns: ReadonlyArray<string>): unknown => {
  for (const column of columns) if (row[column] != null) return row[column]
  return null
}

const copyOf = (plan: EnginePlan, row: Row, file: string): Copy => {
  const micros = firstOf(row, plan.eventTimeColumns)
  const version = firstOf(row, plan.versionColumns)
  const day = typeof micros === "bigint" ? new Date(Number(micros / 1000n)).toISOString().split("T")[0] : undefined
  return { row, id: `${row[plan.keyColumn]}\n${version}`, day: day?.length === 10 ? day : noDay, file, old: false }
}

const isWithin = ({ bounds }: EnginePlan, day: string): boolean =>
  bounds === null || (day !== noDay && (bounds.from === null || day >= bounds.from) && (bounds.to === null || day <= bounds.to))

/** The latest arrival; ties go by source and shard, then position. Of the very same record, the one that is there already stays. */
const isLater = (a: Copy, b: Copy): boolean => {
  const [p, q] = [a.row, b.row]
  const by = (column: string): number => compare(p[column] as bigint | string, q[column] as bigint | string)
  const order =
    by("_arrived_at") ||
    by("_source") ||
    by("_shard") ||
    compareSequenceNumbers(String(p["_sequence_number"]), String(q["_sequence_number"])) ||
    by("_sub_sequence_number")
  return order > 0
}

const compare = (a: bigint | string, b: bigint | string): number => (a < b ? -1 : a > b ? 1 : 0)

const write = (plan: EnginePlan, chosen: ReadonlyArray<Copy>) => {
  const days = new Map<string, Array<Copy>>()
  for (const copy of chosen) days.set(copy.day, [...(days.get(copy.day) ?? []), copy])
  const order = [...days].sort(([a], [b]) => (a < b ? -1 : 1))
  return Effect.forEach(order, ([day, copies]) =>
    Effect.scoped(
      Effect.gen(function* () {
        const builders = new ColumnBuilders(plan.columns)
        for (const { row } of copies.sort((a, b) => (a.id < b.id ? -1 : 1))) {
          // What was read of a table's columns can be written to them again.
          builders.append(plan.columns.map(({ name }) => (row[name] ?? null) as Value))
        }
        const partitionValues = { change_date: day === noDay ? null : day }
        const path = addPath(partitionValues, `part-${yield* randomUuid}.zstd.parquet`)
        const file = openParquetFile(plan.columns, yield* (yield* Store).upload(`${plan.tablePath}/${path}`))
        yield* file.write(builders)
        const { size, stats } = yield* file.finish
        return { add: { path, partitionValues, size, stats }, rows: copies.length } satisfies NewFile
      })
    )
  )
}
