import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Logger, References, Scope } from "effect"
import { TestClock } from "effect/testing"
import { type FollowSettings, followTables } from "../../src/catalog/follow.ts"
import { type SyncOptions, type SyncReport, syncCatalog } from "../../src/catalog/sync.ts"
import { type CompiledContract, compileContract } from "../../src/contract/compile.ts"
import { defineContract } from "../../src/contract/contract.ts"
import { text } from "../../src/contract/field.ts"
import { openConsumable, openDeadLetters, openStage } from "../../src/lake/tables.ts"
import { emptyCounts, type RunEvent } from "../../src/record/report.ts"
import { stageColumns } from "../../src/record/system-columns.ts"
import { commitName } from "../../src/table/paths.ts"
import { compiledOrders, definition } from "../contract/orders.ts"
import { passMillis, until } from "../passing-time.ts"
import { inLake } from "../table/helpers.ts"
import { makeCatalog } from "./catalog-stand-in.ts"

const wider = compileContract(defineContract({ ...definition, fields: { ...definition.fields, coupon: text("A coupon.") } }))

const options = (more: Partial<SyncOptions> = {}, contract: CompiledContract = compiledOrders): SyncOptions => ({
  database: "shop",
  contracts: new Map([["orders", contract]]),
  about: new Map(),
  datasets: null,
  shared: true,
  dryRun: false,
  allowDrop: false,
  ...more
})

const aLake = Effect.gen(function* () {
  yield* openStage(compiledOrders)
  yield* openConsumable(compiledOrders, stageColumns(compiledOrders.consumableColumns), false)
  yield* openDeadLetters
})

const actions = ({ tables }: SyncReport) =>
  Object.fromEntries(tables.map(({ step, failure }) => [step.name, failure?.reason ?? step.action]))

describe("a sync", () => {
  it.live("makes the database and its tables, and has nothing to do then", () =>
    inLake(() =>
      Effect.gen(function* () {
        yield* aLake
        const catalog = makeCatalog(false)
        const dry = yield* syncCatalog(catalog.api, options({ dryRun: true }))
        assert.deepStrictEqual([dry.databaseCreated, catalog.calls], [true, ["GetTables shop"]])
        const report = yield* syncCatalog(catalog.api, options())
        assert.deepStrictEqual(actions(report), { raw_orders: "create", orders: "create", dead_letters: "create" })
        assert.deepStrictEqual(actions(report), actions(dry))
        assert.isTrue(report.databaseCreated)
        assert.deepInclude(catalog.table("dead_letters").Parameters, { sensitivity: "personal", "sluice.table": "dead_letters" })
        catalog.calls.length = 0
        const again = yield* syncCatalog(catalog.api, options())
        assert.deepStrictEqual(actions(again), { raw_orders: "nothing", orders: "nothing", dead_letters: "nothing" })
        assert.deepStrictEqual(catalog.calls, ["GetTables shop"])
      })
    )
  )

  it.live("says of every table what is known beside its contract, and keeps it where nobody asked", () =>
    inLake(() =>
      Effect.gen(function* () {
        yield* aLake
        const catalog = makeCatalog()
        const extra = (owner: string, parameters: { readonly [name: string]: string }) => ({ owner, description: "", parameters })
        const about = new Map([
          ["consumable/orders", extra("shop", { downstream: "daily", quality_score: "0.95" })],
          ["dead_letters", extra("shop, depot", { quality_score: "1.00" })]
        ])
        yield* syncCatalog(catalog.api, options({ about }))
        assert.strictEqual(catalog.table("dead_letters").Owner, "shop, depot")
        // As a run does it, which knows contracts alone.
        yield* syncCatalog(catalog.api, options({ about: null }))
        assert.deepInclude(catalog.table("orders").Parameters, { downstream: "daily", quality_score: "0.95", sensitivity: "personal" })
        yield* syncCatalog(catalog.api, options({ about: new Map() }))
        assert.notProperty(catalog.table("orders").Parameters, "quality_score")
        assert.deepInclude(catalog.table("orders").Parameters, { sensitivity: "personal", zone: "consumable" })
      })
    )
  )

  it.live("follows what the log says, whatever the contract is ahead of", () =>
    inLake(() =>
      Effect.gen(function* () {
        yield* aLake
        const catalog = makeCatalog()
        yield* syncCatalog(catalog.api, options({}, wider))
        assert.notInclude(JSON.stringify(catalog.table("raw_orders")), "coupon")
        yield* openStage(wider)
        const report = yield* syncCatalog(catalog.api, options({}, wider))
        assert.deepStrictEqual(actions(report), { raw_orders: "update", orders: "nothing", dead_letters: "nothing" })
        assert.include(JSON.stringify(catalog.table("raw_orders")), "coupon")
      })
    )
  )

  it.live("of one dataset touches no other table, and tells of what no contract knows and of what is gone", () =>
    inLake(() =>
      Effect.gen(function* () {
        yield* aLake
        const catalog = makeCatalog()
        const one = yield* syncCatalog(catalog.api, options({ datasets: new Set(["orders"]), shared: false }))
        assert.deepStrictEqual(actions(one), { raw_orders: "create", orders: "create" })
        yield* syncCatalog(catalog.api, options())
        const stranger = yield* syncCatalog(catalog.api, options({ contracts: new Map() }))
        assert.deepStrictEqual(actions(stranger), { raw_orders: "unknown", orders: "unknown", dead_letters: "nothing" })
      })
    )
  )

  it.live("goes on where the tables of another stand in the way, or one cannot be told", () =>
    inLake(() =>
      Effect.gen(function* () {
        yield* aLake
        const catalog = makeCatalog()
        catalog.put({ Name: "orders", TableType: "VIRTUAL_VIEW" })
        catalog.failNext("CreateTable raw_orders", "Denied")
        const report = yield* syncCatalog(catalog.api, options())
        assert.deepStrictEqual(actions(report), { raw_orders: "Denied", orders: "refused", dead_letters: "create" })
        assert.strictEqual(catalog.table("orders").TableType, "VIRTUAL_VIEW")
      })
    )
  )

  it.live("goes on where the log of a table cannot be read, and does not take it for gone", () =>
    inLake(({ root }) =>
      Effect.gen(function* () {
        yield* aLake
        const catalog = makeCatalog()
        yield* syncCatalog(catalog.api, options())
        writeFileSync(join(root, "stage", "orders", "_delta_log", commitName(0)), "{")
        const report = yield* syncCatalog(catalog.api, options({}, wider))
        assert.deepStrictEqual(actions(report), { raw_orders: "Corrupt", orders: "nothing", dead_letters: "nothing" })
        rmSync(join(root, "stage"), { recursive: true })
        const after = yield* syncCatalog(catalog.api, options())
        assert.deepStrictEqual(actions(after), { orders: "nothing", dead_letters: "nothing", raw_orders: "gone" })
      })
    )
  )

  it.live("does not undo what another did at the same time", () =>
    inLake(() =>
      Effect.gen(function* () {
        yield* aLake
        const catalog = makeCatalog()
        yield* syncCatalog(catalog.api, options())
        yield* openStage(wider)
        // Somebody adds a parameter after this sync has looked, and before it puts.
        catalog.before("UpdateTable raw_orders", () => {
          const { VersionId, ...table } = catalog.table("raw_orders")
          catalog.put({ ...table, Name: "raw_orders", Parameters: { ...table.Parameters, team: `bi, after ${VersionId}` } })
        })
        const report = yield* syncCatalog(catalog.api, options({}, wider))
        assert.strictEqual(actions(report)["raw_orders"], "update")
        assert.match(catalog.table("raw_orders").Parameters?.["team"] ?? "", /^bi/)
        assert.include(JSON.stringify(catalog.table("raw_orders").StorageDescriptor), "coupon")
      })
    )
  )

  it.live("makes what another has just made only once, the database too", () =>
    inLake(() =>
      Effect.gen(function* () {
        yield* aLake
        const catalog = makeCatalog(false)
        const reports = yield* Effect.all(
          Array.from({ length: 4 }, () => syncCatalog(catalog.api, options())),
          { concurrency: "unbounded" }
        )
        for (const report of reports) for (const action of Object.values(actions(report))) assert.include(["create", "nothing"], action)
        assert.lengthOf(catalog.tables() ?? [], 3)
        assert.deepStrictEqual(actions(yield* syncCatalog(catalog.api, options())), {
          raw_orders: "nothing",
          orders: "nothing",
          dead_letters: "nothing"
        })
      })
    )
  )

  it.effect("gives up where somebody changes a table again and again, and says so", () =>
    inLake(() =>
      Effect.gen(function* () {
        yield* aLake
        const catalog = makeCatalog()
        catalog.failNext("CreateTable orders", "Changed", 1000)
        const syncing = yield* Effect.forkChild(syncCatalog(catalog.api, options()))
        while (syncing.pollUnsafe() === undefined) yield* passMillis(50)
        assert.deepStrictEqual(actions(yield* Fiber.join(syncing)), { raw_orders: "create", orders: "Changed", dead_letters: "create" })
      })
    )
  )
})

const committed = (path: string, created = false): RunEvent => ({
  event: "complete",
  at: "2026-11-20T07:05:00.000Z",
  report: {
    kind: "batch",
    runId: "01a1f7c1-4180-7a72-925b-000000000001",
    dataset: "orders",
    source: { name: "files", location: "file:///in" },
    startedAt: "2026-11-20T07:00:00.000Z",
    rotation: "size",
    shards: [],
    counts: emptyCounts(),
    files: 1,
    fileBytes: 1
  },
  inputs: [],
  outputs: [{ uri: `s3://bucket/lake/${path}`, path, version: 1, created, rows: 1, bytes: 1, files: 1 }]
})

const following = (catalog: ReturnType<typeof makeCatalog>, more: Partial<FollowSettings> = {}) =>
  followTables({ open: Effect.succeed(catalog.api), database: "shop", contracts: new Map([["orders", wider]]), gatherMillis: 100, ...more })

describe("a catalog that follows", () => {
  it.effect("is told at the first commit to a table, behind it, and not again before it is made anew", () =>
    inLake(() =>
      Effect.gen(function* () {
        yield* aLake
        const catalog = makeCatalog(false)
        const tell = yield* following(catalog)
        yield* tell({ ...committed("stage/orders"), event: "start", kind: "batch", runId: "r", dataset: "orders", at: "" } as RunEvent)
        assert.lengthOf(catalog.calls, 0)
        yield* tell(committed("stage/orders", true))
        assert.lengthOf(catalog.calls, 0)
        yield* passMillis(100)
        yield* until(() => catalog.tables()?.length === 3)
        const calls = catalog.calls.length
        for (let i = 0; i < 5; i++) yield* tell(committed("stage/orders"))
        yield* passMillis(1000)
        assert.lengthOf(catalog.calls, calls)
        yield* tell(committed("stage/orders", true))
        yield* passMillis(100)
        yield* until(() => catalog.calls.length > calls)
      })
    )
  )

  it.effect("is told of an evolution by the process that made it", () =>
    inLake(() =>
      Effect.gen(function* () {
        yield* aLake
        const catalog = makeCatalog()
        yield* syncCatalog(catalog.api, options())
        yield* openStage(wider)
        const tell = yield* following(catalog)
        yield* tell(committed("stage/orders"))
        yield* passMillis(100)
        yield* until(() => JSON.stringify(catalog.table("raw_orders")).includes("coupon"))
      })
    )
  )

  it.effect("fails without the data, says so once, and is told again later", () =>
    inLake(() =>
      Effect.gen(function* () {
        yield* aLake
        const catalog = makeCatalog()
        const lines: Array<string> = []
        const logger = Logger.make(({ message }) => void lines.push(String(message)))
        catalog.failNext("GetTables", "Denied", 2)
        const work = Effect.gen(function* () {
          const tell = yield* following(catalog, { pauseMillis: 500 })
          yield* tell(committed("stage/orders"))
          yield* passMillis(100)
          yield* until(() => lines.length === 1)
          assert.match(
            lines[0] ?? "",
            /^the catalog is not in step with the lake: GetTables of shop in Glue failed: .* Look\. The data is not affected\. Mend it with: sluice catalog sync$/
          )
          // Not at once, however many commits there are.
          yield* tell(committed("stage/orders"))
          yield* passMillis(200)
          assert.lengthOf(catalog.calls, 1)
          yield* passMillis(500)
          yield* tell(committed("stage/orders"))
          yield* passMillis(100)
          yield* until(() => catalog.calls.length === 2)
          yield* passMillis(600)
          yield* tell(committed("stage/orders"))
          yield* passMillis(100)
          yield* until(() => lines.includes("the catalog is in step again"))
          assert.lengthOf(
            lines.filter((line) => line.startsWith("the catalog is not")),
            1
          )
          assert.lengthOf(catalog.tables() ?? [], 3)
        })
        yield* work.pipe(Effect.provide(Logger.layer([logger])))
      })
    )
  )

  it.effect("is told when the command ends, what waits, and does not hold it up for long", () =>
    inLake(() =>
      Effect.gen(function* () {
        yield* aLake
        const catalog = makeCatalog()
        yield* Effect.scoped(Effect.flatMap(following(catalog, { gatherMillis: 1e9 }), (tell) => tell(committed("stage/orders"))))
        assert.lengthOf(catalog.tables() ?? [], 3)

        const scope = yield* Scope.make()
        const never = { ...catalog.api, tables: () => Effect.never }
        const tell = yield* Scope.provide(following(catalog, { open: Effect.succeed(never) }), scope)
        yield* tell(committed("stage/orders"))
        yield* passMillis(100)
        const closing = yield* Effect.forkChild(Scope.close(scope, yield* Effect.exit(Effect.void)))
        yield* TestClock.adjust("30 seconds")
        yield* until(() => closing.pollUnsafe() !== undefined)
      }).pipe(Effect.provideService(References.MinimumLogLevel, "None"))
    )
  )
})
