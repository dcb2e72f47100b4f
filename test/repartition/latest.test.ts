import { writeFile } from "node:fs/promises"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { compileContract } from "../../src/contract/compile.ts"
import { defineContract, latest, versions } from "../../src/contract/contract.ts"
import { maintain } from "../../src/lake/maintain.ts"
import { tombstonesOf } from "../../src/lake/tombstones.ts"
import { duckdbEngine } from "../../src/repartition/duckdb-engine.ts"
import type { RepartitionEngine } from "../../src/repartition/engine.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { Store } from "../../src/store/store.ts"
import type { PartitionValues, WriteAction } from "../../src/table/actions.ts"
import { openTable } from "../../src/table/table.ts"
import { random, randomHistory, start, unlikeStage } from "./histories.ts"
import { type Copy, definition, freshStore, ingest, rowsOf, winners } from "./lake.ts"
import { remembered, withChanges, withDeletes } from "./newest-suite.ts"

const day = 86_400_000

const contractOf = (table: Parameters<typeof latest>[0]) => compileContract(defineContract({ ...withDeletes, table: latest(table) }))
const byBucket = contractOf({ key: ["orderId"], order: "revision", deleted: "removed", by: { bucket: 4 } })
const byDay = contractOf({ key: ["orderId"], order: "revision", deleted: "removed", by: { day: "creationDate" } })

let sequence = 0
const copy = (order: string, revision: bigint, removed: boolean | null = null, dayOf = 0): Copy => ({
  order,
  lastChange: start,
  creationDate: start + dayOf * day,
  arrivedAt: start,
  sequence: `${++sequence}`,
  note: `${order} ${revision}`,
  values: { revision, removed }
})

const notes = Effect.map(rowsOf("SELECT raw::JSON->>'note' AS note FROM consumable_order ORDER BY note"), (rows) =>
  rows.map((row) => String(JSON.parse(row).note))
)
const snapshot = Effect.flatMap(openTable("consumable/order"), (table) => table.snapshot)
const commit = Effect.fn(function* (...actions: ReadonlyArray<WriteAction>) {
  const table = yield* openTable("consumable/order")
  const read = yield* table.snapshot
  yield* table.commit({ read, operation: "WRITE", parameters: {}, metrics: {}, actions, isBlindAppend: false })
})

describe("the newest row of each key", () => {
  it.live("rewrites only files that lose a row, and says how many rows were deleted", () =>
    Effect.gen(function* () {
      const contract = byBucket
      yield* ingest(
        Array.from({ length: 20 }, (_, i) => copy(`o${i}`, 1n)),
        contract
      )
      yield* repartition({ contract })
      const before = new Set((yield* snapshot).files.keys())
      assert.strictEqual(before.size, 4)
      yield* ingest([copy("o1", 2n), copy("o2", 0n), copy("new", 1n)], contract)
      assert.deepInclude(yield* repartition({ contract }), { rowsRead: 3, rowsAdded: 1, rowsReplaced: 1, duplicates: 2 })
      const after = new Set((yield* snapshot).files.keys())
      assert.strictEqual(before.difference(after).size, 1)
      yield* ingest([copy("o1", 3n, true), copy("o2", 1n, true), copy("never there", 1n, true), copy("o3", 0n, true)], contract)
      // Of the same age the later arrival wins.
      assert.deepInclude(yield* repartition({ contract }), { rowsAdded: 0, rowsDeleted: 2, duplicates: 4 })
      assert.strictEqual(yield* remembered, 3)
      assert.strictEqual((yield* notes).length, 19)
      assert.deepStrictEqual(yield* unlikeStage(contract), [])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("puts what changes in the place of what it replaces, sorts where a key is new, and keeps every file sorted", () =>
    Effect.gen(function* () {
      const contract = byBucket
      const fold = Effect.fn(function* (copies: ReadonlyArray<Copy>) {
        yield* ingest(copies, contract)
        yield* repartition({ contract })
        assert.deepStrictEqual(yield* unlikeStage(contract), [])
        const { localPath } = yield* Store
        const paths = [...(yield* snapshot).files.keys()].map((path) => `'${localPath(`consumable/order/${decodeURI(path)}`)}'`)
        return yield* rowsOf(
          `SELECT filename.split('_bucket=')[2][1] AS bucket, list(order_id ORDER BY file_row_number) AS orders
           FROM read_parquet([${paths.join(", ")}], filename = true, file_row_number = true) GROUP BY ALL ORDER BY bucket`
        )
      })
      const many = Array.from({ length: 60 }, (_, i) => `o${(i * 37) % 60}`)
      const first = yield* fold(many.map((order) => copy(order, 1n)))
      assert.strictEqual(first.length, 4)
      const orders = first.map((row): ReadonlyArray<string> => JSON.parse(row).orders)
      for (const each of orders) assert.deepStrictEqual(each, each.toSorted())
      // The first and the last row of a file, neighbours, and all of one file.
      const [a = [], b = [], c = [], d = []] = orders
      const changed = [...a.slice(0, 2), ...a.slice(-1), ...b, ...c.slice(2, 3)]
      assert.deepStrictEqual(yield* fold(changed.map((order) => copy(order, 2n))), first)
      assert.deepStrictEqual(
        (yield* notes).filter((note) => note.endsWith(" 2")),
        changed.map((order) => `${order} 2`).toSorted()
      )
      // Rows that leave: first, last, beside one that is replaced, all of a file. And a new key between others of one.
      const gone = [...a.slice(0, 1), ...a.slice(-1), ...b.slice(1, 2), ...c]
      const later = yield* fold([
        ...gone.map((order) => copy(order, 3n, true)),
        ...[...b.slice(2, 4), ...d.slice(5, 6)].map((order) => copy(order, 3n)),
        copy("o3x", 1n)
      ])
      assert.deepStrictEqual(
        later.map((row): ReadonlyArray<string> => JSON.parse(row).orders),
        [a, b, [...d, "o3x"].toSorted()].map((each) => each.filter((order) => !gone.includes(order)))
      )
    }).pipe(Effect.provide(freshStore))
  )

  it.live("comes to the same files' rows and statistics where few of many keys change again and again, as folded at once", () =>
    Effect.gen(function* () {
      const contract = contractOf({ key: ["orderId"], order: "revision", deleted: "removed", by: { bucket: 2 } })
      const rows = rowsOf("SELECT * FROM consumable_order ORDER BY ALL")
      const statistics = Effect.map(snapshot, ({ files }) =>
        [...files.values()].map(({ partitionValues, stats }) => [JSON.stringify(partitionValues), JSON.parse(stats ?? "")]).toSorted()
      )
      const all = Array.from({ length: 800 }, (_, i) => `o${i}`)
      yield* ingest(
        all.map((order) => copy(order, 1n)),
        contract
      )
      yield* repartition({ contract })
      for (let round = 1; round <= 4; round++) {
        const some = all.filter((_, i) => i % 67 === round * 11)
        // In the last but one some leave; in the last nothing is left of what was written in between.
        yield* ingest(
          some.map((order, i) => copy(order, BigInt(round + 1), round === 3 && i % 4 === 0)),
          contract
        )
        assert.deepInclude(yield* repartition({ contract }), { rowsRead: some.length, rowsAdded: 0 })
      }
      const stepByStep = { rows: yield* rows, statistics: yield* statistics }
      assert.isBelow(stepByStep.rows.length, all.length)
      assert.deepStrictEqual(yield* unlikeStage(contract), [])
      yield* repartition({ contract, rebuild: true })
      assert.deepStrictEqual({ rows: yield* rows, statistics: yield* statistics }, stepByStep)
    }).pipe(Effect.provide(freshStore))
  )

  it.live("moves a row that now belongs to a day which is folded anew, and changes nothing else of other days", () =>
    Effect.gen(function* () {
      const contract = byDay
      yield* ingest([copy("a", 1n, null, 0), copy("b", 1n, null, 0), copy("c", 1n, null, 1), copy("d", 1n, null, 0)], contract)
      yield* repartition({ contract })
      // What is not taken yet: a moves into the day, c out of it, d is deleted there, e comes elsewhere.
      yield* ingest([copy("a", 2n, null, 1), copy("c", 2n, null, 2), copy("d", 2n, true, 1), copy("e", 1n, null, 2)], contract)
      const days = { contract, from: "2026-11-21", to: "2026-11-21" }
      yield* repartition(days)
      assert.deepStrictEqual(yield* notes, ["a 2", "b 1", "c 1"])
      assert.strictEqual(yield* remembered, 1)
      assert.deepStrictEqual(yield* unlikeStage(contract), [])
      yield* repartition({ contract })
      assert.deepStrictEqual(yield* notes, ["a 2", "b 1", "c 2", "e 1"])
      const files = new Set((yield* snapshot).files.keys())
      yield* repartition(days)
      const kept = [...(yield* snapshot).files.keys()].filter((path) => files.has(path))
      assert.strictEqual(kept.length, [...files].filter((path) => !path.includes("2026-11-21")).length)
      assert.deepStrictEqual(yield* notes, ["a 2", "b 1", "c 2", "e 1"])
      assert.deepStrictEqual(yield* unlikeStage(contract), [])
    }).pipe(Effect.provide(freshStore))
  )

  it.live.each([1, 2])("comes to the same whatever days are folded anew in between (seed %i)", (seed) =>
    Effect.gen(function* () {
      const contract = byDay
      const below = (n: number) => Math.floor(next() * n)
      const next = random(seed)
      const seen: Array<Copy> = []
      for (const copies of withChanges(seed, randomHistory(seed, 5, 12))) {
        yield* ingest(copies, contract)
        seen.push(...copies)
        if (below(2) === 0) yield* repartition({ contract })
        const from = `2026-11-${20 + below(3)}`
        yield* repartition({ contract, from, to: below(2) === 0 ? from : "2026-11-23" })
        assert.deepStrictEqual(yield* unlikeStage(contract), [])
      }
      yield* repartition({ contract })
      const won = winners(
        seen,
        ({ order }) => [order],
        ({ values }) => (values?.["revision"] == null ? null : Number(values["revision"]))
      )
      const there = won.filter(({ values }) => values?.["removed"] !== true)
      assert.deepStrictEqual(yield* notes, there.map(({ note }) => note).sort())
      assert.strictEqual(yield* remembered, won.length - there.length)
    }).pipe(Effect.provide(freshStore))
  )

  it.live("keeps a version once where days are folded anew that do not tell it", () =>
    Effect.gen(function* () {
      const contract = compileContract(
        defineContract({ ...withDeletes, table: versions({ key: ["orderId"], version: "revision", by: { day: "creationDate" } }) })
      )
      const at = (arrived: number, note: string, dayOf: number): Copy => ({
        ...copy("a", 1n, null, dayOf),
        arrivedAt: start + arrived,
        note
      })
      yield* ingest([at(0, "first", 0), { ...at(0, "other", 0), order: "b" }], contract)
      yield* repartition({ contract })
      yield* ingest([at(1, "moved", 1)], contract)
      yield* repartition({ contract, from: "2026-11-21" })
      assert.deepStrictEqual(yield* notes, ["moved", "other"])
      assert.deepStrictEqual(yield* unlikeStage(contract), [])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("does not commit over what came meanwhile where its rows may lie as well", () =>
    Effect.gen(function* () {
      const contract = byDay
      yield* ingest([copy("b", 1n, null, 2)], contract)
      yield* repartition({ contract })
      yield* ingest([copy("a", 2n, null, 1)], contract)
      // While the engine writes, another process folds a day anew that it has not touched, and there has a newer row of the key.
      const real = duckdbEngine()
      const engine: RepartitionEngine = {
        ...real,
        run: (plan, onProgress) =>
          Effect.tap(real.run(plan, onProgress), () =>
            Effect.orDie(
              Effect.andThen(ingest([copy("a", 3n, null, 3)], contract), repartition({ contract, from: "2026-11-23", to: "2026-11-23" }))
            )
          )
      }
      assert.strictEqual((yield* Effect.flip(repartition({ contract, engine }))).reason, "Conflict")
      yield* repartition({ contract })
      assert.deepStrictEqual(yield* notes, ["a 3", "b 1"])
      assert.deepStrictEqual(yield* unlikeStage(contract), [])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("takes a stage that was made before tables said by what rows are newer", () =>
    Effect.gen(function* () {
      const contract = byBucket
      yield* ingest([copy("a", 2n), copy("a", 1n)], contract)
      const stage = yield* openTable("stage/order")
      const read = yield* stage.snapshot
      const { order: _, deleted: __, ...before } = JSON.parse(read.metaData.configuration["sluice.identity"] ?? "")
      const configuration = { ...read.metaData.configuration, "sluice.identity": JSON.stringify(before) }
      const actions = [{ metaData: { ...read.metaData, configuration } }]
      yield* stage.commit({ read, operation: "WRITE", parameters: {}, metrics: {}, actions, isBlindAppend: false })
      yield* repartition({ contract })
      yield* ingest([copy("a", 3n, true)], contract)
      yield* repartition({ contract })
      assert.deepStrictEqual(yield* notes, [])
      assert.strictEqual(yield* remembered, 1)
    }).pipe(Effect.provide(freshStore))
  )

  it.live("takes a column that deletes from when the contract has it on", () =>
    Effect.gen(function* () {
      const before = compileContract(
        defineContract({ ...definition, table: latest({ key: ["orderId"], order: "count", by: { bucket: 2 } }) })
      )
      yield* ingest(
        [
          { ...copy("a", 0n), values: { count: 1n } },
          { ...copy("b", 0n), values: { count: 1n } }
        ],
        before
      )
      yield* repartition({ contract: before })
      const contract = contractOf({ key: ["orderId"], order: "count", deleted: "removed", by: { bucket: 2 } })
      const refused = yield* Effect.flip(repartition({ contract }))
      assert.include(refused.message, "the column that deletes is none in the table and removed in the contract")
      // The folder is moved away, as it says.
      const store = yield* Store
      const { files } = yield* snapshot
      const log = Array.from({ length: (yield* snapshot).version + 1 }, (_, i) => `_delta_log/${String(i).padStart(20, "0")}.json`)
      yield* store.delete([...files.keys(), ...log].map((path) => `consumable/order/${path}`))
      yield* repartition({ contract })
      yield* ingest([{ ...copy("a", 0n), values: { count: 2n, removed: true } }], contract)
      yield* repartition({ contract })
      assert.deepStrictEqual(yield* notes, ["b 0"])
      assert.deepStrictEqual(yield* unlikeStage(contract), [])
      const reordered = contractOf({ key: ["orderId"], order: "revision", deleted: "removed", by: { bucket: 2 } })
      const other = yield* Effect.flip(repartition({ contract: reordered }))
      assert.include(other.message, "the order is count in the table and revision in the contract")
    }).pipe(Effect.provide(freshStore))
  )
})

describe("verify", () => {
  // Each key in a bucket of its own.
  const contract = contractOf({ key: ["orderId"], order: "revision", deleted: "removed", by: { bucket: 64 } })
  /** A consumable in which `old` is what there was of a key before, and its stage. */
  const lake = (then: ReadonlyArray<Copy>) =>
    Effect.gen(function* () {
      yield* ingest([copy("a", 1n), copy("b", 1n)], contract)
      yield* repartition({ contract })
      const old = (yield* snapshot).files
      yield* ingest(then, contract)
      yield* repartition({ contract })
      assert.deepStrictEqual(yield* unlikeStage(contract), [])
      const now = (yield* snapshot).files
      const gone = [...old.values()].filter(({ path }) => !now.has(path))
      return { gone, come: [...now.values()].filter(({ path }) => !old.has(path)) }
    })
  const remove = ({ path, partitionValues, size }: { path: string; partitionValues: PartitionValues; size: number }): WriteAction => ({
    remove: { path, partitionValues, size, deletionTimestamp: 1, dataChange: true }
  })

  it.live("finds a key that came back", () =>
    Effect.gen(function* () {
      const { gone } = yield* lake([copy("a", 2n, true)])
      yield* commit(...gone.map((add) => ({ add })))
      assert.deepStrictEqual(
        (yield* unlikeStage(contract)).map(([name]) => name),
        ["holds no deleted key"]
      )
    }).pipe(Effect.provide(freshStore))
  )

  it.live("finds an older row, and a missing key", () =>
    Effect.gen(function* () {
      const { gone, come } = yield* lake([copy("a", 2n)])
      yield* commit(...gone.map((add) => ({ add })), ...come.map(remove))
      const found = yield* unlikeStage(contract)
      assert.deepStrictEqual(found, [["holds the newest row of each key", "1 key has an older row than stage has by revision"]])
      yield* commit(...gone.map(remove))
      assert.include((yield* unlikeStage(contract)).join(), "holds every key of stage,1 key is missing")
    }).pipe(Effect.provide(freshStore))
  )

  it.live("finds a deleted key that is not remembered, and files that are not as the log says", () =>
    Effect.gen(function* () {
      yield* lake([copy("a", 2n, true)])
      const { metaData } = yield* snapshot
      const store = yield* Store
      const { "sluice.tombstones": property = "", ...configuration } = metaData.configuration
      yield* commit({ metaData: { ...metaData, configuration } })
      assert.include((yield* unlikeStage(contract)).join(), "remembers every deleted key,1 key is not remembered")
      yield* commit({ metaData })
      assert.deepStrictEqual(yield* unlikeStage(contract), [])
      const [file] = tombstonesOf({ metaData })
      yield* Effect.promise(() => writeFile(store.localPath(`consumable/order/${file?.path}`) ?? "", "torn"))
      assert.include((yield* unlikeStage(contract)).join(), `${file?.path} has 4 bytes, the log says ${file?.size}`)
      yield* store.delete([`consumable/order/${file?.path}`])
      assert.include((yield* unlikeStage(contract)).join(), `${file?.path} is missing`)
      yield* commit({ metaData: { ...metaData, configuration: { ...configuration, "sluice.tombstones": `${property}x` } } })
      assert.include((yield* unlikeStage(contract)).join(), "sluice.tombstones")
      assert.include(
        (yield* Effect.flip(ingest([copy("a", 1n)], contract).pipe(Effect.andThen(repartition({ contract }))))).message,
        "--rebuild"
      )
      yield* repartition({ contract, rebuild: true })
      assert.deepStrictEqual(yield* unlikeStage(contract), [])
      assert.deepStrictEqual(yield* notes, ["b 1"])
    }).pipe(Effect.provide(freshStore))
  )
})

describe("vacuum", () => {
  it.effect("removes files of deleted keys that no version within the retention names, and no others", () =>
    Effect.gen(function* () {
      const contract = byBucket
      const now = Date.now()
      yield* TestClock.setTime(now)
      const take = (...copies: ReadonlyArray<Copy>) => Effect.andThen(ingest(copies, contract), repartition({ contract }))
      const paths = Effect.map(snapshot, (found) => tombstonesOf(found).map(({ path }) => path))
      const store = yield* Store
      const isThere = (path: string | undefined) => Effect.option(store.head(`consumable/order/${path}`))
      yield* take(copy("a", 1n, true))
      const [first] = yield* paths
      yield* TestClock.setTime(now + 30 * day)
      yield* take(copy("a", 2n, true))
      const [second] = yield* paths
      assert.notStrictEqual(first, second)
      const clean = maintain({ onEvent: () => Effect.void })
      // Old as it is, versions of yesterday name it.
      yield* TestClock.setTime(now + 31 * day)
      yield* clean
      assert.strictEqual((yield* isThere(first))._tag, "Some")
      yield* TestClock.setTime(now + 60 * day)
      yield* clean
      assert.strictEqual((yield* isThere(first))._tag, "None")
      assert.strictEqual((yield* isThere(second))._tag, "Some")
      yield* take(copy("a", 1n, false))
      assert.deepStrictEqual(yield* notes, [])
      assert.isAbove(yield* Clock.currentTimeMillis, now)
    }).pipe(Effect.provide(Layer.fresh(freshStore)))
  )
})
