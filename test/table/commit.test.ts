import { writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Store } from "../../src/store/store.ts"
import type { AddFile, WriteAction } from "../../src/table/actions.ts"
import type { Transaction } from "../../src/table/commit.ts"
import type { Snapshot } from "../../src/table/snapshot.ts"
import { createTable, openTable } from "../../src/table/table.ts"
import { add, append, aTable, definition, domain, hour, inLake, merge, remove } from "./helpers.ts"

const file = (snapshot: Snapshot, name: string): AddFile => {
  for (const candidate of snapshot.files.values()) if (candidate.path.endsWith(`/${name}`)) return candidate
  throw new Error(`no file ${name}`)
}

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

  it.live("removes a file of another writer under the path that it wrote, which readers compare as text", () =>
    inLake(({ root }) =>
      Effect.gen(function* () {
        const table = yield* aTable
        // Java leaves letters beyond ASCII as they are, and encodes some that need not be.
        const theirs = "ingest_date=2026-11-20/ingest_hour=0/ü%2Dx"
        const line = JSON.stringify({ add: { ...add("x").add, path: theirs } })
        writeFileSync(`${root}/stage/checkout/_delta_log/00000000000000000001.json`, `${line}\n`)
        const read = yield* table.snapshot
        yield* table.commit(merge(read, "none", remove(file(read, "ü-x"))))
        const written = new TextDecoder().decode(yield* (yield* Store).get("stage/checkout/_delta_log/00000000000000000002.json"))
        assert.strictEqual(JSON.parse(written.split("\n")[1] ?? "").remove.path, theirs)
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
          append(s, add("x", hour(1), { modificationTime: 1.5 })),
          append(s, { txn: { appId: "a", version: 0.5 } }),
          merge(s, "none", { metaData: { ...s.metaData, id: "another" } })
        ]
        for (const tx of bad) assert.strictEqual((yield* Effect.flip(table.commit(tx))).reason, "Invalid")
        for (const unreadable of [
          { metaData: { ...s.metaData, schemaString: '{"type":"struct","fields":[{"name":"v","type":"variant"}]}' } },
          {
            protocol: { minReaderVersion: 3, minWriterVersion: 7, readerFeatures: ["deletionVectors"], writerFeatures: ["deletionVectors"] }
          }
        ])
          assert.strictEqual((yield* Effect.flip(table.commit(merge(s, "none", unreadable)))).reason, "Unsupported")
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
            tables++
            const path = `t${tables}`
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
