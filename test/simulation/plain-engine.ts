import { hash } from "node:crypto"
import { Effect, Stream } from "effect"
import { ColumnBuilders } from "../../src/columns/builders.ts"
import { openParquetFile } from "../../src/parquet/file.ts"
import type { Value } from "../../src/record/column.ts"
import { compareSequenceNumbers } from "../../src/record/position.ts"
import { randomUuid } from "../../src/record/random.ts"
import { EngineError, type EngineFile, type EnginePlan, type NewFile, type RepartitionEngine } from "../../src/repartition/engine.ts"
import { dayOf, noPartition, partitionValues } from "../../src/repartition/partitions.ts"
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
        const found = new Map<string, number>()
        for (const { partition } of copies) if (isWithin(plan, partition)) found.set(partition, (found.get(partition) ?? 0) + 1)
        return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([partition, rows]) => ({ partition, rows }))
      })
    ),
  run: (plan) =>
    failing(
      Effect.gen(function* () {
        const fresh = yield* read(plan, plan.inputs)
        const { decidesPartition } = plan.identity
        const touched = new Set(fresh.map(({ partition }) => partition))
        const existing = decidesPartition ? plan.existing.filter(({ partition }) => touched.has(partition)) : plan.existing
        const old = (yield* read(plan, existing)).map((copy) => ({ ...copy, old: true }))

        const winners = new Map<string, Copy>()
        for (const copy of [...old, ...fresh]) {
          const known = winners.get(copy.id)
          if (known === undefined || isLater(copy, known)) winners.set(copy.id, copy)
        }
        const won = new Set([...winners.values()].filter(({ partition }) => isWithin(plan, partition)))
        const replaced = new Set(old.filter((copy) => !won.has(copy)).map(({ file }) => file))
        const chosen = [...won].filter((copy) => !copy.old || replaced.has(copy.file))
        return {
          rowsRead: fresh.filter(({ partition }) => isWithin(plan, partition)).length,
          rowsAdded: [...won].filter((copy) => !copy.old).length - old.filter((copy) => !won.has(copy)).length,
          files: yield* write(plan, chosen),
          tombstones: plan.tombstones,
          replaced: existing.filter(({ key }) => replaced.has(key)).map(({ path }) => path),
          partitions: [...new Set([...touched, ...(decidesPartition ? [] : existing.map(({ partition }) => partition))])].sort()
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
  readonly partition: string
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
  const { key, version } = plan.identity
  const id = [...key.map((column) => row[column]), firstOf(row, version)].join("\n")
  return { row, id, partition: partitionOf(plan, row), file, old: false }
}

const partitionOf = ({ identity: { key, partition } }: EnginePlan, row: Row): string => {
  switch (partition.by) {
    case "none":
      return noPartition
    case "bucket": {
      const bits = hash("md5", key.map((column) => String(row[column])).join("/"), "hex").slice(0, 7)
      return String(Number.parseInt(bits, 16) % partition.buckets)
    }
    default: {
      const micros = firstOf(row, partition.time)
      // Days are numbers, times are microseconds.
      const millis = typeof micros === "bigint" ? Number(micros / 1000n) : typeof micros === "number" ? micros * 86_400_000 : Number.NaN
      if (Number.isNaN(millis)) return noPartition
      const [day = "", time = ""] = new Date(millis).toISOString().split("T")
      return day.length !== 10 ? noPartition : partition.by === "day" ? day : `${day}/${Number(time.slice(0, 2))}`
    }
  }
}

const isWithin = ({ bounds }: EnginePlan, partition: string): boolean =>
  bounds === null ||
  (partition !== noPartition &&
    (bounds.from === null || dayOf(partition) >= bounds.from) &&
    (bounds.to === null || dayOf(partition) <= bounds.to))

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
  const found = new Map<string, Array<Copy>>()
  for (const copy of chosen) found.set(copy.partition, [...(found.get(copy.partition) ?? []), copy])
  const order = [...found].sort(([a], [b]) => (a < b ? -1 : 1))
  return Effect.forEach(order, ([partition, copies]) =>
    Effect.scoped(
      Effect.gen(function* () {
        const builders = new ColumnBuilders(plan.columns)
        for (const { row } of copies.sort((a, b) => (a.id < b.id ? -1 : 1))) {
          // What was read of a table's columns can be written to them again.
          builders.append(plan.columns.map(({ name }) => (row[name] ?? null) as Value))
        }
        const values = partitionValues(plan.identity.partition, partition)
        const path = addPath(values, `part-${yield* randomUuid}.zstd.parquet`)
        const file = openParquetFile(plan.columns, yield* (yield* Store).upload(`${plan.tablePath}/${path}`))
        yield* file.write(builders)
        const { size, stats } = yield* file.finish
        return { add: { path, partitionValues: values, size, stats }, rows: copies.length } satisfies NewFile
      })
    )
  )
}
