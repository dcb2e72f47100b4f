import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { leaf } from "../../src/record/column.ts"
import { Store } from "../../src/store/store.ts"
import type { AddFile, WriteAction } from "../../src/table/actions.ts"
import type { Transaction } from "../../src/table/commit.ts"
import type { TableError } from "../../src/table/errors.ts"
import type { Snapshot } from "../../src/table/snapshot.ts"
import { createTable, openTable } from "../../src/table/table.ts"
import { add, append, aTable, definition, domain, hour, inLake, merge, remove } from "./helpers.ts"

const file = (snapshot: Snapshot, name: string): AddFile => {
  for (const candidate of snapshot.files.values()) if (candidate.path.endsWith(`/${name}`)) return candidate
  throw new Error(`no file ${name}`)
}
const wanted = (error: TableError) => error.conflict ?? error.reason

describe("commit", () => {
  it.live("appends, one version after the other, and the fold holds it", () =>
    inLake(({ root }) =>
      Effect.gen(function* () {
        const table = yield* aTable
        const first = yield* table.commit(append(yield* table.snapshot, add("a"), { txn: { appId: "app", version: 3 } }, domain("d", "{}")))
        assert.strictEqual(first.version, 1)
        const second = yield* table.commit({ ...append(first.snapshot, add("b", hour(7))), info: { sluice: { rows: 7 } } })
        assert.strictEqual(second.version, 2)
        assert.deepStrictEqual([...second.snapshot.files.keys()].sort(), [
          "ingest_date=2026-11-20/ingest_hour=0/a",
          "ingest_date=2026-11-20/ingest_hour=7/b"
        ])
        assert.strictEqual(second.snapshot.transactions.get("app"), 3)
        assert.strictEqual(second.snapshot.domains.get("d"), "{}")
        // A snapshot is of its version, whatever came later.
        assert.strictEqual(first.snapshot.files.size, 1)
        const again = yield* (yield* openTable("stage/checkout")).snapshot
        assert.deepStrictEqual(new Map(again.files), new Map(second.snapshot.files))
        const removed = yield* table.commit(merge(second.snapshot, "none", domain("d", "", true), remove(file(second.snapshot, "a"))))
        assert.isFalse(removed.snapshot.domains.has("d"))
        assert.strictEqual(removed.snapshot.tombstones.size, 1)
        const lines = (yield* (yield* Store).get("stage/checkout/_delta_log/00000000000000000002.json")).toString()
        const info = JSON.parse(lines.split("\n")[0] ?? "")["commitInfo"]
        assert.strictEqual(info.readVersion, 1)
        assert.strictEqual(info.isBlindAppend, true)
        assert.strictEqual(info.isolationLevel, "WriteSerializable")
        assert.deepStrictEqual(info.sluice, { rows: 7 })
        assert.strictEqual(table.uri, `file://${root}/stage/checkout`)
      })
    )
  )

  it.effect("stamps commits with the clock", () =>
    inLake(({ store }) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.UTC(2026, 10, 20))
        yield* aTable
        const text = new TextDecoder().decode(yield* store.get("stage/checkout/_delta_log/00000000000000000000.json"))
        assert.include(text, `"timestamp":${Date.UTC(2026, 10, 20)}`)
      })
    )
  )

  /** Each row: what is there before, what the winner does, what we do, and what must come of ours ("ok", a conflict, or a reason). */
  const cases: ReadonlyArray<{
    readonly title: string
    readonly winner: (s: Snapshot) => Transaction
    readonly ours: (s: Snapshot) => Transaction
    readonly outcome: string
  }> = [
    {
      title: "two blind appends pass each other",
      winner: (s) => append(s, add("w")),
      ours: (s) => append(s, add("o")),
      outcome: "ok"
    },
    {
      title: "a blind append passes a removal",
      winner: (s) => merge(s, "all", remove(file(s, "old"))),
      ours: (s) => append(s, add("o")),
      outcome: "ok"
    },
    {
      title: "the same domain: two owners of a shard",
      winner: (s) => append(s, add("w"), domain("sluice.position/k/s1", "1")),
      ours: (s) => append(s, add("o"), domain("sluice.position/k/s1", "1")),
      outcome: "domain"
    },
    {
      title: "the same domain, which the winner removed",
      winner: (s) => merge(s, "none", domain("sluice.position/k/s0", "", true)),
      ours: (s) => append(s, add("o"), domain("sluice.position/k/s0", "1")),
      outcome: "domain"
    },
    {
      title: "different domains",
      winner: (s) => append(s, add("w"), domain("sluice.position/k/s1", "1")),
      ours: (s) => append(s, add("o"), domain("sluice.position/k/s2", "1")),
      outcome: "ok"
    },
    {
      title: "the same application, as far or further",
      winner: (s) => append(s, { txn: { appId: "a", version: 9 } }),
      ours: (s) => append(s, add("o"), { txn: { appId: "a", version: 9 } }),
      outcome: "AlreadyCommitted"
    },
    {
      title: "the same application, not as far",
      winner: (s) => append(s, { txn: { appId: "a", version: 8 } }),
      ours: (s) => append(s, add("o"), { txn: { appId: "a", version: 9 } }),
      outcome: "transaction"
    },
    {
      title: "work that is done outweighs every conflict",
      winner: (s) => append(s, domain("d", "1"), { txn: { appId: "a", version: 9 } }),
      ours: (s) => append(s, domain("d", "1"), { txn: { appId: "a", version: 9 } }),
      outcome: "AlreadyCommitted"
    },
    {
      title: "a merge passes others' blind appends",
      winner: (s) => append(s, add("w")),
      ours: (s) => merge(s, "all", add("o")),
      outcome: "ok"
    },
    {
      title: "… unless it asks to be serializable",
      winner: (s) => append(s, add("w", hour(3))),
      ours: (s) => ({ ...merge(s, (p) => p["ingest_hour"] === "3", add("o", hour(3))), isolation: "Serializable" }),
      outcome: "read"
    },
    {
      title: "… and then only to what it read",
      winner: (s) => append(s, add("w", hour(4))),
      ours: (s) => ({ ...merge(s, (p) => p["ingest_hour"] === "3", add("o", hour(3))), isolation: "Serializable" }),
      outcome: "ok"
    },
    {
      title: "a merge and another merge into the partition that it read",
      winner: (s) => merge(s, "none", add("w", hour(3))),
      ours: (s) => merge(s, (p) => p["ingest_hour"] === "3", add("o", hour(3))),
      outcome: "read"
    },
    {
      title: "a merge and another merge elsewhere",
      winner: (s) => merge(s, "none", add("w", hour(4))),
      ours: (s) => merge(s, (p) => p["ingest_hour"] === "3", add("o", hour(3))),
      outcome: "ok"
    },
    {
      title: "a merge that does not say what it read has read everything",
      winner: (s) => merge(s, "none", add("w", hour(4))),
      ours: (s) => merge(s, undefined, add("o")),
      outcome: "read"
    },
    {
      title: "a file that was read is removed",
      winner: (s) => merge(s, "none", remove(file(s, "old"))),
      ours: (s) => merge(s, new Set([file(s, "old").path]), add("o")),
      outcome: "read"
    },
    {
      title: "a file of a partition that was read is rewritten by a compaction",
      winner: (s) => merge(s, undefined, remove(file(s, "old"), false), add("big", hour(0), { dataChange: false })),
      ours: (s) => merge(s, (p) => p["ingest_hour"] === "0", add("o")),
      outcome: "read"
    },
    {
      title: "both remove the same file",
      winner: (s) => merge(s, "none", remove(file(s, "old"))),
      ours: (s) => merge(s, "none", remove(file(s, "old"))),
      outcome: "remove"
    },
    {
      title: "a compaction passes appends, blind or not",
      winner: (s) => merge(s, "none", add("w")),
      ours: (s) => merge(s, undefined, remove(file(s, "old"), false), add("big", hour(0), { dataChange: false })),
      outcome: "ok"
    },
    {
      title: "two compactions of the same file",
      winner: (s) => merge(s, undefined, remove(file(s, "old"), false), add("big1", hour(0), { dataChange: false })),
      ours: (s) => merge(s, undefined, remove(file(s, "old"), false), add("big2", hour(0), { dataChange: false })),
      outcome: "remove"
    },
    {
      title: "the schema changed under a merge",
      winner: (s) => merge(s, "none", { metaData: s.metaData }),
      ours: (s) => merge(s, "none", add("o")),
      outcome: "metaData"
    },
    {
      title: "a column was added under a blind append, whose files still fit",
      winner: (s) => merge(s, "none", grown(s)),
      ours: (s) => append(s, add("o")),
      outcome: "ok"
    },
    {
      title: "a column changed its type under a blind append",
      winner: (s) =>
        merge(s, "none", { metaData: { ...s.metaData, schemaString: s.metaData.schemaString.replace("decimal(18,2)", "decimal(18,3)") } }),
      ours: (s) => append(s, add("o")),
      outcome: "metaData"
    },
    {
      title: "two schema changes",
      winner: (s) => merge(s, "none", grown(s)),
      ours: (s) => merge(s, "none", grown(s)),
      outcome: "metaData"
    },
    {
      title: "the protocol changed",
      winner: (s) => merge(s, "none", { protocol: s.protocol }),
      ours: (s) => append(s, add("o")),
      outcome: "protocol"
    }
  ]
  const grown = (s: Snapshot): WriteAction => {
    const schema = { ...s.schema, fields: [...s.schema.fields, { name: "more", type: "long", nullable: true, metadata: {} }] }
    return { metaData: { ...s.metaData, schemaString: JSON.stringify(schema) } }
  }
  for (const { title, winner, ours, outcome } of cases)
    for (const other of ["elsewhere", "here"] as const)
      it.live(`${title} → ${outcome} (won ${other})`, () =>
        inLake(() =>
          Effect.gen(function* () {
            const table = yield* aTable
            const { snapshot } = yield* table.commit(append(yield* table.snapshot, add("old"), domain("sluice.position/k/s0", "0")))
            // The winner may be another process, or another fiber of this one: then this table has seen its commit already.
            const rival = other === "here" ? table : yield* openTable(table.path)
            yield* rival.commit(winner(snapshot))
            const exit = yield* Effect.exit(table.commit(ours(snapshot)))
            const got = Exit.isSuccess(exit) ? "ok" : yield* Effect.map(Effect.flip(exit), wanted)
            assert.strictEqual(got, outcome)
            const { version } = yield* (yield* openTable(table.path)).snapshot
            assert.strictEqual(version, outcome === "ok" ? 3 : 2)
          })
        )
      )

  it.live("is over before it begins where the application got that far", () =>
    inLake(() =>
      Effect.gen(function* () {
        const table = yield* aTable
        const { snapshot } = yield* table.commit(append(yield* table.snapshot, { txn: { appId: "a", version: 5 } }))
        const error = yield* Effect.flip(table.commit(append(snapshot, add("x"), { txn: { appId: "a", version: 5 } })))
        assert.strictEqual(error.reason, "AlreadyCommitted")
        assert.strictEqual((yield* table.commit(append(snapshot, { txn: { appId: "a", version: 6 } }))).version, 2)
      })
    )
  )

  it.live("refuses transactions that break a rule of the format", () =>
    inLake(() =>
      Effect.gen(function* () {
        const table = yield* aTable
        const { snapshot: s } = yield* table.commit(append(yield* table.snapshot, add("old")))
        const old = file(s, "old")
        const bad: ReadonlyArray<Transaction> = [
          append(s, add("x"), add("x")),
          append(s, { txn: { appId: "a", version: 1 } }, { txn: { appId: "a", version: 2 } }),
          append(s, domain("d", "1"), domain("d", "2")),
          merge(s, "none", { metaData: s.metaData }, { metaData: s.metaData }),
          merge(s, "none", remove(old), remove(old)),
          append(s, remove(old)),
          append(s, add("x", { ingest_date: "2026-11-20" })),
          append(s, add("x", { ...hour(1), more: "1" })),
          append(s, { add: { ...old, path: "p", partitionValues: { ingest_date: "", ingest_hour: "1" } } }),
          append(s, add("x", hour(1), { size: -1 })),
          append(s, { txn: { appId: "a", version: 0.5 } })
        ]
        for (const tx of bad) assert.strictEqual((yield* Effect.flip(table.commit(tx))).reason, "Invalid")
        const absent = merge(s, "none", remove({ ...old, path: "not/there" }))
        assert.strictEqual((yield* Effect.flip(table.commit(absent))).conflict, "remove")
        assert.strictEqual((yield* table.snapshot).version, 1)
      })
    )
  )

  it.live("refuses by name to write where a rule asks for more than it knows", () =>
    inLake(() =>
      Effect.gen(function* () {
        const refusal = (change: (s: Snapshot) => WriteAction, ours: (s: Snapshot) => Transaction) =>
          Effect.gen(function* () {
            const path = `t${(tables += 1)}`
            const { table } = yield* createTable(path, { ...definition, partitions: [] })
            const { snapshot } = yield* table.commit(merge(yield* table.snapshot, "none", change(yield* table.snapshot), add("old", {})))
            const error = yield* Effect.flip(table.commit(ours(snapshot)))
            assert.strictEqual(error.reason, "Unsupported")
            // Reading goes on.
            assert.strictEqual((yield* (yield* openTable(path)).snapshot).files.size, 1)
            return error.message
          })
        let tables = 0
        const protocol = (minWriterVersion: number, ...writerFeatures: Array<string>): WriteAction => ({
          protocol: { minReaderVersion: 1, minWriterVersion, ...(minWriterVersion < 7 ? {} : { writerFeatures }) }
        })
        const configured =
          (key: string, value: string) =>
          (s: Snapshot): WriteAction => ({
            metaData: { ...s.metaData, configuration: { ...s.metaData.configuration, [key]: value } }
          })
        const blind = (s: Snapshot) => append(s, add("x", {}))
        assert.include(
          yield* refusal(() => protocol(7, "domainMetadata", "rowTracking", "changeDataFeed"), blind),
          "rowTracking, changeDataFeed"
        )
        assert.include(yield* refusal(() => protocol(3), blind), "checkConstraints")
        assert.include(yield* refusal(() => protocol(4), blind), "changeDataFeed")
        assert.include(yield* refusal(() => protocol(8), blind), "writer version 8")
        assert.include(yield* refusal(configured("delta.columnMapping.mode", "name"), blind), "delta.columnMapping.mode")
        assert.include(
          yield* refusal(configured("delta.appendOnly", "true"), (s) => merge(s, "none", ...[...s.files.values()].map((f) => remove(f)))),
          "append-only"
        )
        const invariant = (s: Snapshot): WriteAction => ({
          metaData: {
            ...s.metaData,
            schemaString: s.metaData.schemaString.replace('"metadata":{}', '"metadata":{"delta.invariants":"{}"}')
          }
        })
        assert.include(yield* refusal(invariant, blind), "delta.invariants")
        const plain = yield* createTable("plain", { ...definition, writerFeatures: [] })
        const error = yield* Effect.flip(plain.table.commit(append(yield* plain.table.snapshot, domain("d", "1"))))
        assert.include(error.message, "domainMetadata")
      })
    )
  )

  it.live("an append-only table takes appends and compactions", () =>
    inLake(() =>
      Effect.gen(function* () {
        const { table } = yield* createTable("t", { ...definition, partitions: [], configuration: { "delta.appendOnly": "true" } })
        const { snapshot } = yield* table.commit(append(yield* table.snapshot, add("x", {})))
        const [x] = snapshot.files.values()
        if (x === undefined) return assert.fail()
        yield* table.commit(merge(snapshot, undefined, remove(x, false), add("y", {}, { dataChange: false })))
      })
    )
  )
})

describe("commit, when the store does not answer plainly", () => {
  const log = "_delta_log/00000000000000000001.json"

  it.live("finds its own commit behind an unknown outcome", () =>
    inLake(({ ambiguousNext, calls }) =>
      Effect.gen(function* () {
        const table = yield* aTable
        ambiguousNext("putIfAbsent", log)
        const { version, snapshot } = yield* table.commit(append(yield* table.snapshot, add("a")))
        assert.strictEqual(version, 1)
        assert.strictEqual(snapshot.files.size, 1)
        assert.strictEqual(calls.filter((call) => call.startsWith("putIfAbsent") && call.endsWith(log)).length, 1)
        assert.strictEqual((yield* table.snapshot).version, 1)
      })
    )
  )

  it.live("asks again with the same name where nothing arrived", () =>
    inLake(({ failNext }) =>
      Effect.gen(function* () {
        const table = yield* aTable
        failNext("putIfAbsent", log, "Ambiguous")
        failNext("putIfAbsent", log, "Unavailable")
        assert.strictEqual((yield* table.commit(append(yield* table.snapshot, add("a")))).version, 1)
      })
    )
  )

  it.live("tells its own commit from another's behind an unknown outcome", () =>
    inLake(({ failNext, beforeNext }) =>
      Effect.gen(function* () {
        const table = yield* aTable
        const rival = yield* openTable(table.path)
        const read = yield* table.snapshot
        beforeNext("putIfAbsent", log, Effect.orDie(rival.commit(append(read, add("rival")))))
        failNext("putIfAbsent", log, "Ambiguous", 0)
        const { version, snapshot } = yield* table.commit(append(read, add("a")))
        assert.strictEqual(version, 2)
        assert.deepStrictEqual([...snapshot.files.keys()].length, 2)
      })
    )
  )

  it.live("finds its own commit even when reading fails and others have come since", () =>
    inLake(({ ambiguousNext, failNext, beforeNext }) =>
      Effect.gen(function* () {
        const table = yield* aTable
        const rival = yield* openTable(table.path)
        const read = yield* table.snapshot
        ambiguousNext("putIfAbsent", log)
        failNext("get", log, "Unavailable")
        // While we wait, another process builds on our commit; asking again then says that the name is taken.
        beforeNext("putIfAbsent", log, Effect.orDie(Effect.flatMap(rival.snapshot, (s) => rival.commit(append(s, add("rival"))))))
        const { version, snapshot } = yield* table.commit(append(read, add("a"), domain("d", "1")))
        assert.strictEqual(version, 1)
        assert.isAtLeast(snapshot.version, 1)
        assert.strictEqual((yield* table.snapshot).files.size, 2)
        assert.strictEqual((yield* table.snapshot).version, 2)
      })
    )
  )

  it.effect("says that it does not know, when the store stays away, and never both loses and doubles", () =>
    inLake(({ failNext, ambiguousNext }) =>
      Effect.gen(function* () {
        const table = yield* aTable
        ambiguousNext("putIfAbsent", log)
        failNext("get", log, "Unavailable", 100)
        failNext("putIfAbsent", log, "Unavailable", 100)
        const fiber = yield* Effect.forkChild(Effect.flip(table.commit(append(yield* table.snapshot, add("a")))))
        yield* Effect.repeat(
          Effect.andThen(
            Effect.promise(() => new Promise((r) => setTimeout(r, 5))),
            TestClock.adjust("5 seconds")
          ),
          Schedule.recurs(15)
        )
        const error = yield* Fiber.join(fiber)
        assert.strictEqual(error.reason, "Store")
        assert.include(error.message, "unknown whether version 1")
      })
    )
  )

  it.live("stops at once where asking again is no use", () =>
    inLake(({ failNext, calls }) =>
      Effect.gen(function* () {
        const table = yield* aTable
        for (const reason of ["Full", "Denied"] as const) {
          failNext("putIfAbsent", log, reason)
          const error = yield* Effect.flip(table.commit(append(yield* table.snapshot, add("a"))))
          assert.strictEqual(error.reason, "Store")
          assert.include(error.message, reason)
        }
        assert.strictEqual(calls.filter((call) => call.startsWith("putIfAbsent") && call.endsWith(log)).length, 2)
      })
    )
  )

  it.live("many fibers of one process lose and double nothing", () =>
    inLake(({ ambiguousNext, failNext }) =>
      Effect.gen(function* () {
        const table = yield* aTable
        ambiguousNext("putIfAbsent", "_delta_log/", 5)
        failNext("putIfAbsent", "_delta_log/", "Unavailable", 3)
        const second = yield* openTable(table.path)
        const read = yield* table.snapshot
        yield* Effect.forEach(
          Array.from({ length: 40 }),
          (_, i) => (i % 2 === 0 ? table : second).commit(append(read, add(`f${i}`), domain(`shard/${i}`, "x"))),
          { concurrency: "unbounded" }
        )
        const end = yield* table.snapshot
        assert.strictEqual(end.version, 40)
        assert.strictEqual(end.files.size, 40)
        assert.strictEqual(end.domains.size, 40)
      })
    )
  )
})

describe("createTable", () => {
  it.live("makes version 0, and opens what is there", () =>
    inLake(({ store }) =>
      Effect.gen(function* () {
        const first = yield* createTable("stage/checkout", definition)
        const again = yield* createTable("stage/checkout", definition)
        assert.isTrue(first.created)
        assert.isFalse(again.created)
        const { metaData, protocol, version } = yield* again.table.snapshot
        assert.strictEqual(version, 0)
        assert.strictEqual(metaData.name, "stage_checkout")
        assert.deepStrictEqual(metaData.partitionColumns, ["ingest_date", "ingest_hour"])
        assert.strictEqual(metaData.configuration["delta.checkpointInterval"], "100")
        assert.deepStrictEqual(protocol, { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ["domainMetadata"] })
        const plain = yield* createTable("plain", { ...definition, writerFeatures: [], configuration: { "delta.checkpointInterval": "7" } })
        const other = yield* plain.table.snapshot
        assert.deepStrictEqual(other.protocol, { minReaderVersion: 1, minWriterVersion: 2 })
        assert.strictEqual(other.metaData.configuration["delta.checkpointInterval"], "7")
        const lines = new TextDecoder().decode(yield* store.get("stage/checkout/_delta_log/00000000000000000000.json")).split("\n")
        assert.deepStrictEqual(
          lines.filter((line) => line !== "").map((line) => Object.keys(JSON.parse(line))[0]),
          ["commitInfo", "protocol", "metaData"]
        )
      })
    )
  )

  it.live("of many at once one makes it, whatever the store says", () =>
    inLake(({ ambiguousNext }) =>
      Effect.gen(function* () {
        ambiguousNext("putIfAbsent", "00000000000000000000.json", 2)
        const all = yield* Effect.forEach(Array.from({ length: 20 }), () => createTable("t", definition), { concurrency: "unbounded" })
        assert.strictEqual(all.filter(({ created }) => created).length, 1)
        const ids = yield* Effect.forEach(all, ({ table }) => Effect.map(table.snapshot, (s) => s.metaData.id))
        assert.strictEqual(new Set(ids).size, 1)
      })
    )
  )

  it.live("adds new columns, once, however many do it at the same time", () =>
    inLake(() =>
      Effect.gen(function* () {
        yield* createTable("t", definition)
        const wider = (...more: ReadonlyArray<string>) => ({
          ...definition,
          columns: [...definition.columns, ...more.map((name) => leaf(name, "text", ""))]
        })
        yield* Effect.forEach([wider("x"), wider("x", "y"), wider("z"), wider("x")], (d) => createTable("t", d), {
          concurrency: "unbounded"
        })
        const table = yield* openTable("t")
        const s = yield* table.snapshot
        assert.deepStrictEqual(s.schema.fields.map((f) => f.name).sort(), [
          "ingest_date",
          "ingest_hour",
          "order_id",
          "total",
          "x",
          "y",
          "z"
        ])
        // An older process opens it as it is.
        const before = s.version
        assert.strictEqual((yield* (yield* createTable("t", definition)).table.snapshot).version, before)
      })
    )
  )

  it.live("refuses another type, another partitioning, a missing feature", () =>
    inLake(() =>
      Effect.gen(function* () {
        yield* createTable("t", { ...definition, writerFeatures: [] })
        const typed = yield* Effect.flip(createTable("t", { ...definition, writerFeatures: [], columns: [leaf("total", "double", "")] }))
        assert.strictEqual(typed.reason, "Invalid")
        assert.include(typed.message, "column total is decimal(18,2) in the table and double in the definition")
        const parted = yield* Effect.flip(createTable("t", { ...definition, writerFeatures: [], partitions: [] }))
        assert.include(parted.message, "[ingest_date,ingest_hour]")
        const featured = yield* Effect.flip(createTable("t", definition))
        assert.strictEqual(featured.reason, "Unsupported")
        assert.include(featured.message, "domainMetadata")
      })
    )
  )
})
