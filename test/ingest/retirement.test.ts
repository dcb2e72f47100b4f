import { mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Stream } from "effect"
import { defaultBatchLimits, type IngestOptions } from "../../src/ingest/options.ts"
import { replay } from "../../src/ingest/replay.ts"
import { deadLettersPath, stagePath } from "../../src/lake/layout.ts"
import type { RetirementLimits } from "../../src/lake/retire.ts"
import { positionTotals, retiredObjects, retiredPages } from "../../src/lake/retired.ts"
import { filesSource } from "../../src/source/files.ts"
import { Store } from "../../src/store/store.ts"
import { vacuum } from "../../src/table/maintenance.ts"
import { openTable } from "../../src/table/table.ts"
import { change, folderWith } from "../source/collect.ts"
import { makeFaultyStore } from "../store/faulty-store.ts"
import { contract, failedChecks, lakeContent, recordText, run, temporaryStore } from "./support.ts"

const orders = (from: number, to: number, badEvery = 10) =>
  Array.from({ length: to - from }, (_, i) => `${recordText(from + i, badEvery)}\n`).join("")

/** Few enough that a handful of files is many. */
const few: RetirementLimits = { live: 8, page: 16, atOnce: 16 }

const ingesting = (input: string, options: Partial<IngestOptions> = {}) =>
  Effect.flatMap(filesSource({ input, format: "auto" }), (source) => run(source, { retirement: few, ...options }))

const snapshotOf = (path: string) => Effect.flatMap(openTable(path), (table) => table.snapshot)

/** Positions that the log of a table carries. */
const carried = (path: string) =>
  Effect.map(snapshotOf(path), ({ domains }) => [...domains.keys()].filter((domain) => domain.startsWith("sluice.position/")).length)

const name = (file: number) => `2026/11/10/${String(Math.floor(file / 10)).padStart(2, "0")}/${file % 10}.ndjson`

/** So many files, ten to an hourly folder, each of three orders; every tenth of all orders has no key. */
const hours = (from: number, to: number, badEvery = 10) =>
  Object.fromEntries(Array.from({ length: to - from }, (_, i) => [name(from + i), orders((from + i) * 3, (from + i) * 3 + 3, badEvery)]))

const write = (folder: string, files: Readonly<Record<string, string>>) => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
}

/** Every order of these once, as a row or as a dead letter, and nothing else; and the lake is sound. */
const holds = (records: number) =>
  Effect.gen(function* () {
    const { rows, deadLetters } = yield* lakeContent
    assert.strictEqual(rows.length + deadLetters.length, records)
    assert.deepStrictEqual(yield* failedChecks, [])
    const { domains } = yield* snapshotOf(stagePath("order"))
    assert.strictEqual(positionTotals(domains).records, records)
  })

describe("positions of files at rest", () => {
  it.live("leave the log, and nothing is read again", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith(hours(0, 100))
      yield* ingesting(folder, { limits: { ...defaultBatchLimits, hours: 1 } })
      const { domains } = yield* snapshotOf(stagePath("order"))
      assert.isAtMost(yield* carried(stagePath("order")), few.live)
      assert.isAtMost(yield* carried(deadLettersPath), few.live + 10)
      assert.isAtLeast(retiredPages(domains).length, 5)
      assert.strictEqual(positionTotals(domains).shards, 100)
      assert.strictEqual((yield* ingesting(folder)).commits, 0)
      yield* holds(300)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("are found again where a file comes late, is replaced or grows in an old folder", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith(hours(0, 60))
      yield* ingesting(folder)
      write(folder, { "2026/11/10/03/late.ndjson": orders(1000, 1004), [name(7)]: orders(21, 24) + orders(2000, 2002) })
      change(folder, name(9), orders(3000, 3005))
      const { counts } = yield* ingesting(folder)
      assert.strictEqual(counts.records, 4 + 2 + 5)
      yield* holds(180 + 11)
      assert.strictEqual(positionTotals((yield* snapshotOf(stagePath("order"))).domains).shards, 61)
      // They retire a second time, and come back a second time.
      write(folder, hours(60, 90))
      yield* ingesting(folder)
      yield* holds(270 + 11)
      write(folder, { [name(7)]: orders(21, 24) + orders(2000, 2003) })
      assert.strictEqual((yield* ingesting(folder)).counts.records, 1)
      yield* holds(270 + 12)
      assert.strictEqual((yield* ingesting(folder)).commits, 0)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("leave the log of an existing lake bit by bit", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith(hours(0, 70))
      yield* ingesting(folder, { retirement: { ...few, live: 1000 } })
      assert.strictEqual(yield* carried(stagePath("order")), 70)
      const left: Array<number> = []
      for (let i = 0; i < 6; i++) {
        write(folder, hours(70 + i, 71 + i))
        yield* ingesting(folder)
        left.push(yield* carried(stagePath("order")))
      }
      assert.isAtLeast(left[0] ?? 0, 54)
      assert.isAtMost(left[5] ?? 99, few.live)
      yield* holds(76 * 3)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("are lost by no crash: an object that no commit names, a commit whose answer is lost, dead letters without their rows", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith(hours(0, 20))
      yield* ingesting(folder)
      let records = 60
      const dying = (fault: (faults: ReturnType<typeof makeFaultyStore>) => void) =>
        Effect.gen(function* () {
          const from = records / 3
          write(folder, hours(from, from + 20))
          records += 60
          const faults = makeFaultyStore(yield* Store)
          fault(faults)
          const exit = yield* Effect.exit(ingesting(folder)).pipe(Effect.provideService(Store, Store.of(faults.store)))
          return Exit.isFailure(exit)
        })
      assert.isTrue(yield* dying(({ failNext }) => failNext("put", "/_positions/", "Full")))
      assert.isTrue(yield* dying(({ failNext }) => failNext("putIfAbsent", "stage/order/_delta_log/", "Full")))
      assert.isFalse(yield* dying(({ ambiguousNext }) => ambiguousNext("putIfAbsent", "stage/order/_delta_log/")))
      yield* ingesting(folder)
      yield* holds(records)
      assert.strictEqual((yield* ingesting(folder)).commits, 0)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("are nobody's to lose: where an object cannot be read, nothing is read of its files", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith(hours(0, 40, 1000))
      yield* ingesting(folder)
      const store = yield* Store
      const { domains } = yield* snapshotOf(stagePath("order"))
      const [page = assert.fail()] = retiredPages(domains)
      const key = `${stagePath("order")}/${page.object}`
      const bytes = yield* store.get(key)
      write(folder, hours(40, 41))
      yield* store.delete([key])
      const { failure, commits } = yield* ingesting(folder)
      assert.include(failure?.message, "How far its files were read cannot be told")
      assert.strictEqual(commits, 0)
      assert.match((yield* failedChecks).join(), /retired positions are whole/)
      yield* store.put(key, bytes.subarray(0, bytes.length - 20))
      assert.include((yield* ingesting(folder)).failure?.message, page.object)
      yield* store.put(key, bytes)
      yield* ingesting(folder)
      yield* holds(123)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("stay apart where two processes read folders of their own into one lake", () =>
    Effect.gen(function* () {
      const [a, b] = [yield* folderWith(hours(0, 40)), yield* folderWith(hours(40, 80))]
      yield* ingesting(a)
      yield* ingesting(b)
      write(a, hours(80, 100))
      write(b, hours(100, 120))
      // The other one commits between what this one rests on and its own commit.
      const faults = makeFaultyStore(yield* Store)
      const { version } = yield* snapshotOf(stagePath("order"))
      const other = Effect.provideService(Effect.orDie(ingesting(b)), Store, yield* Store)
      faults.beforeNext("putIfAbsent", `stage/order/_delta_log/${String(version + 1).padStart(20, "0")}`, other)
      yield* Effect.provideService(ingesting(a), Store, Store.of(faults.store))
      yield* holds(360)
      assert.strictEqual((yield* ingesting(a)).commits + (yield* ingesting(b)).commits, 0)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("conflict where two processes read the same files", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith(hours(0, 40))
      const faults = makeFaultyStore(yield* Store)
      const other = Effect.provideService(Effect.orDie(ingesting(folder)), Store, yield* Store)
      faults.beforeNext("putIfAbsent", "stage/order/_delta_log/00000000000000000001", other)
      const exit = yield* Effect.exit(ingesting(folder)).pipe(Effect.provideService(Store, Store.of(faults.store)))
      assert.include(String(Exit.isFailure(exit) ? exit.cause : ""), "it has a second owner")
      yield* holds(120)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("let dead letters be replayed, and their objects be vacuumed when nothing names them", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith(hours(0, 40))
      yield* ingesting(folder, { limits: { ...defaultBatchLimits, shards: 5 } })
      const decode = { hashKey: null, maxDepth: 64, maxRecordBytes: 1024 * 1024 }
      // They lack their key for ever, and are looked at all the same.
      assert.strictEqual((yield* replay({ contract, decode, onEvent: () => Effect.void })).letters, 12)
      const store = yield* Store
      const table = yield* openTable(stagePath("order"))
      const named = retiredObjects.needed(yield* table.snapshot, 0)
      const root = new URL(store.root).pathname
      const old = new Date("2026-01-01")
      const objects = yield* Effect.map(Effect.orDie(listed(store, `${table.path}/_positions/`)), (keys) => keys)
      assert.isAbove(objects.length, named.size)
      for (const key of objects) utimesSync(join(root, key), old, old)
      assert.strictEqual((yield* vacuum(table)).deleted.filter((path) => path.startsWith("_positions")).length, 0)
      const { deleted } = yield* vacuum(table, { own: [retiredObjects] })
      assert.strictEqual(deleted.length, objects.length - named.size)
      assert.isFalse(deleted.some((path) => named.has(path)))
      rmSync(join(folder, "2026/11/10/02"), { recursive: true })
      assert.strictEqual((yield* ingesting(folder)).commits, 0)
      yield* holds(120)
    }).pipe(Effect.provide(temporaryStore))
  )
})

const listed = (store: Store["Service"], prefix: string) =>
  Effect.map(Stream.runCollect(store.list(prefix)), (objects) => objects.map(({ key }) => key))
