import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer, type Scope, Stream } from "effect"
import { ColumnBuilders } from "../../src/columns/builders.ts"
import { type CompiledContract, compileContract } from "../../src/contract/compile.ts"
import { type ContractDefinition, defineContract, versions } from "../../src/contract/contract.ts"
import { boolean, decimal, document, double, json, list, long, text, timestamp } from "../../src/contract/field.ts"
import type { Plain } from "../../src/duckdb/plain.ts"
import { queryLake } from "../../src/lake/query.ts"
import { openStage } from "../../src/lake/tables.ts"
import { openParquetFile } from "../../src/parquet/file.ts"
import type { Value } from "../../src/record/column.ts"
import { jsonText } from "../../src/record/json-text.ts"
import { randomUuid } from "../../src/record/random.ts"
import { ingestionHour } from "../../src/record/record.ts"
import { stageColumns } from "../../src/record/system-columns.ts"
import { localStore } from "../../src/store/local-store.ts"
import { Store, type StoreError } from "../../src/store/store.ts"
import type { AddFile } from "../../src/table/actions.ts"
import { addPath } from "../../src/table/table.ts"

export const definition: ContractDefinition = {
  name: "order",
  title: "Orders",
  owner: "tests",
  sensitivity: "personal",
  description: "A small order.",
  fields: {
    orderId: text("Key."),
    lastChange: timestamp("When this version was made."),
    creationDate: timestamp("When the order was made."),
    value: decimal(18, 2, "Value."),
    total: decimal(38, 6, "A large decimal."),
    small: decimal(9, 3, "A small decimal."),
    count: long("A count."),
    ratio: double("A ratio."),
    paid: boolean("Paid?"),
    email: text("E-mail.", { sensitive: "hash" }),
    raw: json("Anything."),
    shipping: document("Where to.", { city: text("City."), phone: text("Phone.", { sensitive: "hash" }), weight: long("Weight.") }),
    items: list("Items.", document("An item.", { id: text("Item."), price: decimal(18, 2, "Price."), tags: list("Tags.", text("Tag.")) }))
  },
  table: versions({ key: ["orderId"], version: "lastChange", by: { day: "lastChange" } }),
  eventTime: { field: "lastChange", fallback: "creationDate" },
  drops: [],
  expectations: [],
  keepUnknown: false
}

export const orders: CompiledContract = compileContract(defineContract(definition))

export interface Copy {
  readonly order: string
  /** Milliseconds. Null: the fallback counts. */
  readonly lastChange: number | null
  readonly creationDate?: number | null
  readonly arrivedAt: number
  readonly sequence: string
  readonly sub?: number
  readonly shard?: string
  /** Tells copies of one version apart. */
  readonly note: string
  /** Values of more columns, or others. */
  readonly values?: { readonly [column: string]: Value }
}

const micros = (millis: number | null | undefined): bigint | null => (millis == null ? null : BigInt(millis) * 1000n)

/** A stage row of {@link orders}; more columns of a wider contract are null. */
export const stageRow = (contract: CompiledContract, copy: Copy): ReadonlyArray<Value> => {
  const n = BigInt(copy.note.length + copy.order.length * 7)
  const values: { readonly [column: string]: Value } = {
    order_id: copy.order,
    last_change: micros(copy.lastChange),
    creation_date: micros(copy.creationDate ?? null),
    value: n * 100n + 1n,
    total: 12345678901234567890123456789012n + n,
    small: n,
    count: 9007199254740993n + n,
    ratio: Number(n) / 3,
    paid: n % 2n === 0n,
    email: `hash-of-${copy.note}`,
    raw: JSON.stringify({ note: copy.note }),
    shipping: n % 5n === 0n ? null : { city: `Ünï ${copy.note}`, phone: "hash", weight: n },
    items: n % 3n === 0n ? null : [{ id: copy.note, price: n, tags: ["a", null, copy.note] }, { id: null }],
    note: copy.note,
    _source: "test",
    _shard: copy.shard ?? "shard-0",
    _sequence_number: copy.sequence,
    _sub_sequence_number: BigInt(copy.sub ?? 0),
    _arrived_at: micros(copy.arrivedAt),
    _rescued: null,
    ...copy.values
  }
  return stageColumns(contract.columns).map(({ name }) => values[name] ?? null)
}

/** Writes copies as one stage commit: a file per ingestion hour. Gives the stage version. */
export const ingest = Effect.fn(function* (copies: ReadonlyArray<Copy>, contract: CompiledContract = orders) {
  const store = yield* Store
  const { table } = yield* openStage(contract)
  const columns = stageColumns(contract.columns)
  const hours = new Map<string, Array<Copy>>()
  for (const copy of copies) {
    const { date, hour } = ingestionHour(copy.arrivedAt)
    const key = `${date}/${hour}`
    hours.set(key, [...(hours.get(key) ?? []), copy])
  }
  const adds: Array<AddFile> = []
  for (const [key, group] of hours) {
    const [date = "", hour = ""] = key.split("/")
    const partitionValues = { ingest_date: date, ingest_hour: hour }
    const path = addPath(partitionValues, `part-${yield* randomUuid}.zstd.parquet`)
    const written = yield* Effect.scoped(
      Effect.gen(function* () {
        const file = openParquetFile(columns, yield* store.upload(`${table.path}/${path}`))
        const builders = new ColumnBuilders(columns)
        for (const copy of group) builders.append(stageRow(contract, copy))
        yield* file.write(builders)
        return yield* file.finish
      })
    )
    adds.push({ path, partitionValues, size: written.size, modificationTime: 1, stats: written.stats, dataChange: true })
  }
  const committed = yield* table.commit({
    read: yield* table.snapshot,
    operation: "STREAMING UPDATE",
    parameters: {},
    metrics: {},
    actions: adds.map((add) => ({ add })),
    isBlindAppend: true
  })
  return committed.version
})

/** The rows of a query, each as JSON text with all digits. */
export const rowsOf = Effect.fn(function* (sql: string) {
  const { columns, rows } = yield* queryLake(sql)
  const found = yield* Stream.runCollect(rows)
  return found.map((row): string => jsonText(Object.fromEntries(columns.map(({ name }, i): [string, Plain] => [name, row[i] ?? null]))))
}, Effect.scoped)

/** A store in a fresh folder, which is removed afterwards. */
export const freshStore: Layer.Layer<Store, StoreError> = Layer.unwrap(Effect.map(freshFolder(), (folder) => localStore(folder)))

/** A folder that is removed with the scope. */
export function freshFolder(): Effect.Effect<string, never, Scope.Scope> {
  return Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "sluice-test-"))),
    (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
  )
}

/** What the consumable must hold: the fold in plain TypeScript. */
export const expectedNotes = (copies: ReadonlyArray<Copy>): ReadonlyArray<string> =>
  winners(copies, ({ order, lastChange, creationDate }) => [order, lastChange ?? creationDate])
    .map(lineOf)
    .sort()

/** Of copies that are the same, the newest by an order, of which a null is less than any; else the latest arrival. */
export const winners = (
  copies: ReadonlyArray<Copy>,
  same: (copy: Copy) => ReadonlyArray<unknown>,
  order: (copy: Copy) => number | string | null = () => null
): ReadonlyArray<Copy> => {
  const isNewer = (copy: Copy, before: Copy): boolean => {
    const [a, b] = [order(copy), order(before)]
    return a === b ? isLater(copy, before) : b === null || (a !== null && a > b)
  }
  const best = new Map<string, Copy>()
  for (const copy of copies) {
    const key = same(copy).join()
    const before = best.get(key)
    if (before === undefined || isNewer(copy, before)) best.set(key, copy)
  }
  return [...best.values()]
}

const isLater = (a: Copy, b: Copy): boolean => {
  if (a.arrivedAt !== b.arrivedAt) return a.arrivedAt > b.arrivedAt
  const [shard, other] = [a.shard ?? "shard-0", b.shard ?? "shard-0"]
  if (shard !== other) return shard > other
  if (a.sequence !== b.sequence) return BigInt(a.sequence) > BigInt(b.sequence)
  return (a.sub ?? 0) > (b.sub ?? 0)
}

const lineOf = (copy: Copy): string =>
  `${copy.order} ${new Date(copy.lastChange ?? copy.creationDate ?? 0).toISOString().slice(0, 10)} ${copy.note}`

/** The same lines, from the consumable. */
export const actualNotes = Effect.map(
  rowsOf(`SELECT order_id || ' ' || change_date::VARCHAR || ' ' || (raw::JSON->>'note') AS line FROM consumable_order ORDER BY line`),
  (rows) => rows.map((row) => String(JSON.parse(row).line)).sort()
)
