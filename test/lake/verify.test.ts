import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { consumablePath, stagePath } from "../../src/lake/layout.ts"
import { stageDomain } from "../../src/lake/log-keys.ts"
import { verify } from "../../src/lake/verify.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { Store } from "../../src/store/store.ts"
import { commitName } from "../../src/table/paths.ts"
import { openTable } from "../../src/table/table.ts"
import { lakeContent, temporaryStore } from "../ingest/support.ts"
import { freshStore, ingest, orders } from "../repartition/lake.ts"
import { makeFaultyStore } from "../store/faulty-store.ts"
import { at, failures, ingestStream, marker, records, sequence, shard, split } from "./streams.ts"

const start = Date.UTC(2026, 10, 20, 7)
const copies = Array.from({ length: 40 }, (_, i) => ({
  order: `o${i}`,
  lastChange: start + i,
  arrivedAt: start,
  sequence: String(i),
  note: `${i}`
}))

const contentChecks = Effect.scoped(
  Effect.gen(function* () {
    const checks = yield* verify([orders], yield* openDuckDB())
    return checks.filter(({ table }) => table === consumablePath("order")).map(({ check, ok, detail }) => [check, ok, detail] as const)
  })
)

describe("verify", () => {
  it.live("sees a consumable whose values are not those of stage", () =>
    Effect.gen(function* () {
      yield* ingest(copies)
      yield* repartition({ contract: orders })
      assert.deepStrictEqual(
        (yield* contentChecks).filter(([, ok]) => !ok),
        []
      )

      // The values of one column move down by a row, as a fault of a writer would have it.
      const store = yield* Store
      const table = yield* openTable(consumablePath("order"))
      const snapshot = yield* table.snapshot
      const [file] = [...snapshot.files.values()]
      assert.isDefined(file)
      if (file === undefined) return
      const path = file.path.replace("part-", "part-torn-")
      const size = yield* Effect.scoped(
        Effect.gen(function* () {
          const db = yield* openDuckDB({ threads: 1 })
          const torn = join(db.folder, "torn.parquet")
          yield* db.run(
            `COPY (SELECT * REPLACE (lag(email) OVER (ORDER BY order_id) AS email)
             FROM read_parquet('${store.localPath(`${table.path}/${file.path}`)}', hive_partitioning = false)) TO '${torn}'`
          )
          return (yield* store.putFile(`${table.path}/${path}`, torn)).size
        })
      )
      yield* table.commit({
        read: snapshot,
        operation: "WRITE",
        parameters: {},
        metrics: {},
        actions: [
          { remove: { path: file.path, deletionTimestamp: 1, dataChange: true, partitionValues: file.partitionValues, size: file.size } },
          { add: { ...file, path, size } }
        ],
        isBlindAppend: false
      })
      assert.deepStrictEqual(
        (yield* contentChecks).filter(([, ok]) => !ok).map(([check]) => check),
        ["rows are those of stage"]
      )
    }).pipe(Effect.provide(freshStore))
  )
})

describe("verify of a stream", () => {
  it.live("asks nothing of stage while nothing was taken as a whole, even if its log no longer reaches back", () =>
    Effect.gen(function* () {
      yield* ingest(copies)
      yield* repartition({ contract: orders, from: "2026-11-20", to: "2026-11-20" })
      const store = yield* Store
      // Enough for a checkpoint, before which the log may go.
      for (let i = 0; i < 105; i++) yield* ingest([])
      yield* store.delete(Array.from({ length: 5 }, (_, version) => `${stagePath("order")}/_delta_log/${commitName(version)}`))
      const checks = yield* contentChecks
      assert.deepStrictEqual(
        checks.filter(([, ok]) => !ok),
        []
      )
      assert.include(JSON.stringify(checks), "nothing of stage was taken as a whole yet")
    }).pipe(Effect.provide(freshStore))
  )

  it.live("holds for aggregated records, shards without records, batches without records, and the end of a shard", () =>
    Effect.gen(function* () {
      yield* ingestStream(...split)
      assert.deepStrictEqual(yield* failures(), [])
      const once = yield* lakeContent
      assert.deepStrictEqual([once.rows.length, once.deadLetters.length], [15, 4])
      // Everything comes again to a process that has just started: nothing stands twice.
      yield* ingestStream(...split.filter(({ shard: name }) => name !== shard(0)))
      assert.deepStrictEqual(yield* failures(), [])
      assert.deepStrictEqual(yield* lakeContent, once)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("holds while dead letters inside an aggregated record are ahead of their batch, and after it", () =>
    Effect.gen(function* () {
      yield* ingestStream(...split)
      const faults = makeFaultyStore(yield* Store)
      faults.failNext("putIfAbsent", "stage/order/_delta_log/", "Full")
      // Shard 1 stands at sub-record 2 of the record that comes again with six, the fourth of them bad; shard 2 has no record yet.
      const next = [{ ...records(1, 31, 1, {}, 6), commitNow: false }, records(2, 50, 2, {})]
      const died = yield* Effect.result(ingestStream(...next)).pipe(Effect.provideService(Store, Store.of(faults.store)))
      assert.isTrue(Result.isFailure(died))
      const ahead = yield* lakeContent
      assert.deepStrictEqual([ahead.rows.length, ahead.deadLetters.length], [15, 4 + 2])
      assert.deepStrictEqual(yield* failures(), [])
      yield* ingestStream(...next)
      const after = yield* lakeContent
      assert.deepStrictEqual([after.rows.length, after.deadLetters.length], [15 + 2 + 5, 4 + 2])
      assert.deepStrictEqual(yield* failures(), [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("names shard and times of a gap, unless so many are known", () =>
    Effect.gen(function* () {
      const gap = { gapFrom: at(300), gapTo: at(90_000), readUntil: at(90_060), behind: 0 }
      yield* ingestStream(...split, marker(2, { ...gap, gaps: 2 }), records(2, 90, 1, { ...gap, gaps: 2 }))
      const told = `${shard(2)}: records that arrived between ${at(300)} and ${at(90_000)} may have been trimmed by the stream's retention before they were read (the last of 2 gaps)`
      assert.deepStrictEqual(yield* failures(), [`no gaps: ${told}`])
      assert.deepStrictEqual(yield* failures(1), [`no gaps: ${told}`])
      assert.deepStrictEqual(yield* failures(2), [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("sees records after the end of a shard, and a gap that is forgotten", () =>
    Effect.gen(function* () {
      yield* ingestStream(...split, marker(2, { readUntil: at(300), gaps: 1 }), marker(2, { readUntil: at(360) }))
      yield* ingestStream(records(0, 40, 1, { readUntil: at(400) }))
      assert.deepStrictEqual(yield* failures(), [
        `ranges tile: version 10: ${stageDomain("kinesis", shard(2))} forgets gaps; version 11: ${stageDomain("kinesis", shard(0))} goes on after its end`
      ])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("sees a range that does not begin where the last one ended", () =>
    Effect.gen(function* () {
      yield* ingestStream(...split)
      const table = yield* openTable(stagePath("order"))
      const domain = stageDomain("kinesis", shard(1))
      const stored = JSON.parse((yield* table.snapshot).domains.get(domain) ?? "{}")
      assert.deepInclude(stored, {
        sequenceNumber: sequence(31),
        subSequenceNumber: 2,
        from: { sequenceNumber: "0", subSequenceNumber: 0 }
      })
      // As if a sub-record had been skipped.
      const configuration = JSON.stringify({
        ...stored,
        from: { sequenceNumber: sequence(31), subSequenceNumber: 3 },
        subSequenceNumber: 4
      })
      yield* table.commit({
        read: yield* table.snapshot,
        operation: "STREAMING UPDATE",
        parameters: {},
        metrics: {},
        actions: [{ domainMetadata: { domain, configuration, removed: false } }],
        isBlindAppend: true
      })
      assert.deepStrictEqual(yield* failures(), [`ranges tile: version 9: ${domain} begins after ${sequence(31)}/3, not ${sequence(31)}/2`])
    }).pipe(Effect.provide(temporaryStore))
  )
})
