import { hash } from "node:crypto"
import { Effect, Stream } from "effect"
import { ColumnBuilders } from "../../src/columns/builders.ts"
import { tombstoneFolder } from "../../src/lake/layout.ts"
import { openParquetFile } from "../../src/parquet/file.ts"
import type { Column, Value } from "../../src/record/column.ts"
import { compareSequenceNumbers } from "../../src/record/position.ts"
import { randomUuid } from "../../src/record/random.ts"
import {
  EngineError,
  type EngineFile,
  type EnginePlan,
  mostTombstoneFiles,
  type NewFile,
  type RepartitionEngine,
  tombstoneColumns
} from "../../src/repartition/engine.ts"
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
        const fresh = (yield* read(plan, plan.inputs)).filter(({ partition }) => isWithin(plan, partition))
        const { decidesPartition } = plan.identity
        const touched = new Set(fresh.map(({ partition }) => partition))
        const existing = decidesPartition ? plan.existing.filter(({ partition }) => touched.has(partition)) : plan.existing
        const old = (yield* read(plan, existing)).map((copy) => ({ ...copy, old: true }))
        const gone = (yield* read(plan, plan.tombstones)).map((copy) => ({ ...copy, old: true }))

        const winners = new Map<string, Copy>()
        for (const copy of [...old, ...gone, ...fresh]) {
          const known = winners.get(copy.id)
          if (known === undefined || isLater(plan, copy, known)) winners.set(copy.id, copy)
        }
        const won = new Set(winners.values())
        const lost = old.filter((copy) => !won.has(copy))
        const replaced = new Set(lost.map(({ file }) => file))
        const chosen = [...won].filter((copy) => !copy.deleted && (!copy.old || replaced.has(copy.file)))
        const deleted = lost.filter(({ id }) => winners.get(id)?.deleted === true).length
        return {
          rowsRead: fresh.length,
          rowsAdded: [...won].filter((copy) => !copy.old && !copy.deleted).length - (lost.length - deleted),
          rowsReplaced: lost.length - deleted,
          rowsDeleted: deleted,
          files: yield* write(plan, chosen),
          tombstones: yield* remember(plan, gone, won),
          load: null,
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
  /** Takes its key away. */
  readonly deleted: boolean
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
  const { key, version, deleted } = plan.identity
  const id = [...key.map((column) => row[column]), firstOf(row, version)].join("\n")
  return {
    row,
    id,
    partition: partitionOf(plan, row),
    file,
    old: false,
    deleted: deleted !== null && row[deleted.column] === (deleted.says ?? true)
  }
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
      return day.length !== 10 || day < "0001" ? noPartition : partition.by === "day" ? day : `${day}/${Number(time.slice(0, 2))}`
    }
  }
}

const isWithin = ({ bounds }: EnginePlan, partition: string): boolean =>
  bounds === null ||
  (partition !== noPartition &&
    (bounds.from === null || dayOf(partition) >= bounds.from) &&
    (bounds.to === null || dayOf(partition) <= bounds.to))

/**
 * The newest by the contract's order, of which a null is less than any; then the latest arrival; ties go by source and shard, then position. Of the very
 * same record, the one that is there already stays.
 */
const isLater = ({ identity }: EnginePlan, a: Copy, b: Copy): boolean => {
  const [p, q] = [a.row, b.row]
  const by = (column: string): number => compare(p[column] as Ordered, q[column] as Ordered)
  const order =
    identity.order.reduce((found, each) => found || compare(firstOf(p, each) as Ordered, firstOf(q, each) as Ordered), 0) ||
    by("_arrived_at") ||
    by("_source") ||
    by("_shard") ||
    compareSequenceNumbers(String(p["_sequence_number"]), String(q["_sequence_number"])) ||
    by("_sub_sequence_number")
  return order > 0
}

type Ordered = bigint | number | string | null

const compare = (a: Ordered, b: Ordered): number =>
  a === null || b === null ? Number(a !== null) - Number(b !== null) : a < b ? -1 : a > b ? 1 : 0

/** Files of the keys that are deleted now: a file stays while all of its keys do, and where there would be too many, all become one. */
const remember = (plan: EnginePlan, gone: ReadonlyArray<Copy>, won: ReadonlySet<Copy>) =>
  Effect.gen(function* () {
    const added = [...won].filter(({ old, deleted }) => deleted && !old)
    const replaced = new Set(gone.filter((copy) => !won.has(copy)).map(({ file }) => file))
    if (added.length === 0 && replaced.size === 0) return plan.tombstones
    const staying = plan.tombstones.filter(({ key }) => !replaced.has(key))
    const kept = staying.length < mostTombstoneFiles ? staying : []
    const merged = gone.filter((copy) => won.has(copy) && !kept.some(({ key }) => key === copy.file))
    const written = [...added, ...merged].sort((a, b) => (a.id < b.id ? -1 : 1))
    if (written.length === 0) return kept
    const path = `${tombstoneFolder}/${yield* randomUuid}.parquet`
    const { size, rows } = yield* writeFile(tombstoneColumns(plan), `${plan.tablePath}/${path}`, written)
    return [...kept, { key: `${plan.tablePath}/${path}`, path, size, rows }]
  })

const writeFile = (columns: ReadonlyArray<Column>, key: string, copies: ReadonlyArray<Copy>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const builders = new ColumnBuilders(columns)
      // What was read of a table's columns can be written to them again.
      for (const { row } of copies) builders.append(columns.map(({ name }) => (row[name] ?? null) as Value))
      const file = openParquetFile(columns, yield* (yield* Store).upload(key))
      yield* file.write(builders)
      return { ...(yield* file.finish), rows: copies.length }
    })
  )

const write = (plan: EnginePlan, chosen: ReadonlyArray<Copy>) => {
  const found = new Map<string, Array<Copy>>()
  for (const copy of chosen) found.set(copy.partition, [...(found.get(copy.partition) ?? []), copy])
  const order = [...found].sort(([a], [b]) => (a < b ? -1 : 1))
  return Effect.forEach(order, ([partition, copies]) =>
    Effect.gen(function* () {
      const values = partitionValues(plan.identity.partition, partition)
      const path = addPath(values, `part-${yield* randomUuid}.zstd.parquet`)
      const sorted = copies.sort((a, b) => (a.id < b.id ? -1 : 1))
      const { size, stats, rows } = yield* writeFile(plan.columns, `${plan.tablePath}/${path}`, sorted)
      return { add: { path, partitionValues: values, size, stats }, rows } satisfies NewFile
    })
  )
}
