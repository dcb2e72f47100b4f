import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { statusText } from "../../src/cli/status.ts"
import { compact } from "../../src/lake/compact.ts"
import { lakeStatus } from "../../src/lake/status.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { openTable } from "../../src/table/table.ts"
import { page, pagesSource, run, temporaryStore } from "../ingest/support.ts"
import { freshStore, ingest, orders } from "../repartition/lake.ts"
import { at, ingestStream, marker, sequence, shard, split } from "./streams.ts"

const start = Date.UTC(2026, 10, 20, 22)
const copy = (order: string) => ({ order, lastChange: start, arrivedAt: start, sequence: "1", note: "n" })

describe("status", () => {
  const lag = Effect.map(lakeStatus("", ["order"]), ({ datasets }) => datasets[0]?.repartitionLag)

  it.live("counts the versions with rows that wait for the repartition, not those that only move rows", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* lakeStatus("", ["order"]), { root: "", datasets: [], deadLetters: null, others: [] })
      yield* ingest([copy("a")])
      yield* ingest([copy("b")])
      assert.strictEqual(yield* lag, 2)
      yield* repartition({ contract: orders })
      assert.strictEqual(yield* lag, 0)
      const compacted = yield* compact(yield* openTable("stage/order"))
      assert.deepInclude(compacted, { filesBefore: 2, filesAfter: 1 })
      assert.strictEqual(yield* lag, 0)
      yield* ingest([copy("c")])
      assert.strictEqual(yield* lag, 1)
    }).pipe(Effect.provide(freshStore))
  )
})

describe("status of a dataset that nobody knows", () => {
  it.live("tells it once, of its two tables", () =>
    Effect.gen(function* () {
      yield* ingest([copy("a")])
      yield* repartition({ contract: orders })
      const { datasets, others } = yield* lakeStatus("", [])
      assert.deepStrictEqual([datasets.map(({ dataset, known }) => [dataset, known]), others], [[["order", false]], []])
    }).pipe(Effect.provide(freshStore))
  )
})

describe("status of a stream", () => {
  it.live("tells position, lag and end of every shard, and the largest lag of those that are open", () =>
    Effect.gen(function* () {
      yield* ingestStream(split[0] ?? marker(0, {}))
      const begun = yield* lakeStatus("", ["order"])
      assert.deepInclude(begun.datasets[0], { lastArrival: null, lagMillis: null, gaps: 0 })
      assert.include(statusText(begun), `${shard(0)}  not read yet`)

      yield* ingestStream(...split.slice(1), marker(2, { readUntil: at(300), behind: 7000, gaps: 1, gapFrom: at(210), gapTo: at(290) }))
      const status = yield* lakeStatus("", ["order"])
      const [dataset] = status.datasets
      assert.deepInclude(dataset, { lagMillis: 7000, gaps: 1, lastArrival: at(5) })
      const none = { gaps: 0, gapFrom: null, gapTo: null, outOfRange: 0, subSequenceNumber: 0, source: "kinesis" }
      assert.deepStrictEqual(dataset?.streams, [
        {
          ...none,
          shard: shard(0),
          sequenceNumber: sequence(20),
          records: 13,
          lastArrival: at(0),
          readUntil: at(200),
          behind: 0,
          ended: true,
          outOfRange: 2
        },
        {
          ...none,
          shard: shard(1),
          sequenceNumber: sequence(31),
          subSequenceNumber: 2,
          records: 6,
          lastArrival: at(5),
          readUntil: at(240),
          behind: 1500,
          ended: false
        },
        {
          ...none,
          shard: shard(2),
          sequenceNumber: null,
          records: 0,
          lastArrival: null,
          readUntil: at(300),
          behind: 7000,
          ended: false,
          gaps: 1,
          gapFrom: at(210),
          gapTo: at(290)
        }
      ])
      const text = statusText(status)
      assert.include(text, "2 open shards of streams, 1 ended; at most 7.0 s behind as of the last commit")
      assert.include(text, `${shard(1)}  1.5 s behind  read until ${at(240)}  6  records  position ${sequence(31)}/2`)
      assert.include(text, `  ${shard(2)}: records that arrived between ${at(210)} and ${at(290)} may have been trimmed`)
      assert.include(text, "2 aggregated records belong to other shards")
      assert.notInclude(text, `${shard(0)}  `)
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("does not list files", () =>
    Effect.gen(function* () {
      yield* run(pagesSource([page("a", 0, 3), page("b", 0, 3)]))
      const status = yield* lakeStatus("", ["order"])
      assert.deepInclude(status.datasets[0], { shards: 2, streams: [], lagMillis: null })
      assert.notInclude(statusText(status), "streams")
    }).pipe(Effect.provide(temporaryStore))
  )
})
