import { symlink } from "node:fs/promises"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { statusText } from "../../src/cli/status.ts"
import { checksText } from "../../src/cli/verify.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { consumablePath, deadLettersPath, stagePath } from "../../src/lake/layout.ts"
import { lakeStatus } from "../../src/lake/status.ts"
import { verify } from "../../src/lake/verify.ts"
import { leaf } from "../../src/record/column.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { Store } from "../../src/store/store.ts"
import { commitName } from "../../src/table/paths.ts"
import { createTable } from "../../src/table/table.ts"
import { contract, page, pagesSource, run } from "../ingest/support.ts"
import { freshStore } from "../repartition/lake.ts"

/** Ingests records 0 to before `count` of a shard; the tenth of ten becomes a dead letter. */
const ingest = (shard: string, count = 20) => run(pagesSource([page(shard, 0, count)]))

const checks = (contracts = [contract]) => Effect.scoped(Effect.flatMap(openDuckDB({ threads: 1 }), (db) => verify(contracts, db)))
const failed = (contracts = [contract]) =>
  Effect.map(checks(contracts), (all) => all.filter(({ ok }) => !ok).map(({ table, check }) => `${table}: ${check}`))

const foreign = (path: string) =>
  createTable(path, { name: "t", description: "Another program's.", columns: [leaf("id", "text", "Id.")], partitions: [] })

describe("what verify cannot check", () => {
  it.live("is a dataset without a contract, whose stage and counts it still checks", () =>
    Effect.gen(function* () {
      yield* ingest("a")
      yield* repartition({ contract })
      const all = yield* checks([])
      assert.deepStrictEqual(
        all.filter(({ ok }) => !ok).map(({ table, check }) => [table, check]),
        [[stagePath("order"), "has a contract"]]
      )
      assert.include(checksText(all), `1 of ${all.length} checks does not hold: stage/order has a contract.`)
      assert.isTrue(all.some(({ check, ok }) => check === "rows counted again" && ok))
      const status = yield* lakeStatus("", [])
      assert.deepInclude(status.datasets[0], { dataset: "order", known: false, repartitionLag: 0 })
      assert.include(statusText(status), "there is no such dataset here")
    }).pipe(Effect.provide(freshStore))
  )

  it.live("is a table of another program, wherever it lies", () =>
    Effect.gen(function* () {
      yield* ingest("a")
      for (const path of ["mine", "marts/daily", "stage/other", "consumable/lonely"]) yield* foreign(path)
      assert.deepStrictEqual(yield* failed(), [
        "consumable/lonely: has a contract",
        "stage/other: has a contract",
        "stage/other: is a stage",
        "marts/daily: is known",
        "mine: is known"
      ])
      const { datasets, others } = yield* lakeStatus("", ["order"])
      assert.deepStrictEqual(
        [...datasets.map(({ stage }) => stage.path), ...others.map(({ path, note }) => `${path}: ${note}`)],
        ["stage/order", "stage/other", "consumable/lonely: has no stage", "marts/daily: not made by Sluice", "mine: not made by Sluice"]
      )
    }).pipe(Effect.provide(freshStore))
  )

  it.live("is not what somebody else keeps beside the tables, readable or not", () =>
    Effect.gen(function* () {
      yield* ingest("a", 5)
      const store = yield* Store
      yield* store.put("notes.txt", new Uint8Array())
      yield* store.put("raw/2026/11/orders.ndjson", new Uint8Array())
      yield* Effect.promise(() => symlink("nowhere", store.localPath("dangling") ?? ""))
      assert.deepStrictEqual(yield* failed(), [])
      assert.deepStrictEqual((yield* lakeStatus("", ["order"])).others, [])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("is a consumable and dead letters whose stage is gone", () =>
    Effect.gen(function* () {
      yield* ingest("a")
      yield* repartition({ contract })
      const store = yield* Store
      yield* store.delete((yield* Stream.runCollect(store.list(`${stagePath("order")}/`))).map(({ key }) => key))
      assert.deepStrictEqual(yield* failed(), ["dead_letters: dead letters of order have a stage", "consumable/order: has its stage"])
    }).pipe(Effect.provide(freshStore))
  )

  it.live("is a log that is damaged, which is told with its file while all else is checked", () =>
    Effect.gen(function* () {
      const store = yield* Store
      for (const shard of ["a", "b"]) {
        yield* ingest(shard)
        yield* repartition({ contract })
      }
      assert.deepStrictEqual(yield* failed(), [])
      for (const path of [stagePath("order"), consumablePath("order"), deadLettersPath]) {
        const file = `${path}/_delta_log/${commitName(1)}`
        const whole = yield* store.get(file)
        for (const [harm, words] of [
          [store.put(file, new Uint8Array()), `${file}): it is empty (0 bytes)`],
          [store.delete([file]), `commit 1 is missing from the log (${file})`]
        ] as const) {
          yield* harm
          const all = yield* checks()
          const broken = all.find(({ ok, table, check }) => !ok && table === path && check === "log is whole")
          assert.include(broken?.detail, words)
          assert.isTrue(all.some(({ ok, table, check }) => ok && table !== path && check === "log is whole"))
        }
        yield* store.put(file, whole)
      }
      assert.deepStrictEqual(yield* failed(), [])
    }).pipe(Effect.provide(freshStore))
  )
})

describe("a log that lost its end, or all", () => {
  it.live("is seen by the consumable that has taken it, and by its folder", () =>
    Effect.gen(function* () {
      const store = yield* Store
      for (const shard of ["a", "b"]) {
        yield* ingest(shard, 5)
        yield* repartition({ contract })
      }
      const files = (versions: ReadonlyArray<number>) =>
        versions.map((version) => `${stagePath("order")}/_delta_log/${commitName(version)}`)
      yield* store.delete(files([2]))
      assert.include(yield* failed(), "consumable/order: is up to date")
      yield* store.delete(files([0, 1]))
      assert.deepStrictEqual(yield* failed(), ["stage/order: log is whole", "consumable/order: has its stage"])
      const status = yield* lakeStatus("", ["order"])
      assert.include(JSON.stringify(status.others), "cannot be read: there is no table here")
    }).pipe(Effect.provide(freshStore))
  )
})

describe("a consumable that is behind its stage", () => {
  it.live("is a warning with versions, rows and since when, and none once it is repartitioned", () =>
    Effect.gen(function* () {
      const behind = Effect.map(checks(), (all) => all.filter(({ warning }) => warning))
      yield* ingest("a", 2)
      yield* ingest("b", 1)
      const [first, ...others] = yield* behind
      assert.deepStrictEqual(others, [])
      assert.deepInclude(first, { table: consumablePath("order"), ok: true })
      assert.match(
        first?.detail ?? "",
        /^2 stage versions with 3 rows wait for the repartition, the first since 20\d\d-.*Z\. Nothing is lost/
      )
      assert.include(checksText(yield* checks()), `! consumable/order: ${first?.detail}.`)
      yield* repartition({ contract })
      assert.deepStrictEqual(yield* behind, [])
      yield* ingest("c", 1)
      assert.match((yield* behind)[0]?.detail ?? "", /^1 stage version with 1 row waits for the repartition since /)
      assert.deepInclude((yield* lakeStatus("", ["order"])).datasets[0]?.waiting, { versions: 1, rows: 1 })
      assert.deepStrictEqual(yield* failed(), [])
    }).pipe(Effect.provide(freshStore))
  )
})
