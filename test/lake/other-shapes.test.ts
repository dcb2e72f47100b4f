import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { compileContract } from "../../src/contract/compile.ts"
import { type ContractTable, defineContract, events, latest, versions } from "../../src/contract/contract.ts"
import { document, long, text, timestamp } from "../../src/contract/field.ts"
import { csv, type Format } from "../../src/contract/format.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { lakeStatus } from "../../src/lake/status.ts"
import { verify } from "../../src/lake/verify.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { definition } from "../contract/parcels.ts"
import { pageOf, settings } from "../decode/support.ts"
import { pagesSource, run, temporaryStore } from "../ingest/support.ts"
import { rowsOf } from "../repartition/lake.ts"

const hour = 3_600_000
const start = Date.UTC(2026, 10, 20, 22)
/** What a carrier says of two parcels, some of it twice, and of one at the same time in two revisions. */
const told = (i: number, change: object = {}): object => ({
  carrier: "dhl",
  parcelNumber: i % 2,
  revision: Math.floor(i / 4),
  scannedAt: start + Math.floor(i / 8) * hour,
  soldAt: "20/11/2026 19:30",
  promisedOn: "2026-11-24",
  weighedOn: "20 Nov 2026",
  weight: "1,250",
  volume: "0.000001",
  label: "AQID",
  checksum: "0aff",
  state: `state ${i}`,
  stops: [{ place: "Ulm", at: "1795212000.5", opens: "2026-11-20 19:00", ticks: 1795212000000001, seenOn: 1795212000 }],
  ...change
})

/** A record as CSV: values that are no texts as JSON. */
const csvOf = (record: object): string =>
  Object.values(record)
    .map((value) => `"${(typeof value === "string" ? value : JSON.stringify(value)).replaceAll('"', '""')}"`)
    .join(";")
const asCsv = csv({ delimiter: ";", columns: Object.keys(told(0)) })

const ways: ReadonlyArray<readonly [name: string, table: ContractTable, rows: number, days: ReadonlyArray<string>, format?: Format]> = [
  [
    "versions by day, of CSV",
    versions({ key: ["carrier", "parcelNumber"], version: "revision", by: { day: "scannedAt" } }),
    8,
    ["2026-11-20"],
    asCsv
  ],
  ["versions by day", versions({ key: ["carrier", "parcelNumber"], version: "revision", by: { day: "scannedAt" } }), 8, ["2026-11-20"]],
  [
    "versions by hour of the sale",
    versions({ key: ["parcelNumber", "carrier"], version: "revision", by: { hour: "soldAt" } }),
    8,
    ["2026-11-20"]
  ],
  [
    "versions by the day of a promise",
    versions({ key: ["parcelNumber"], version: "promisedOn", by: { day: "promisedOn" } }),
    2,
    ["2026-11-24"]
  ],
  ["events by bucket", events({ key: ["carrier", "parcelNumber", "scannedAt", "promisedOn"], by: { bucket: 7 } }), 4, []],
  ["events all together", events({ key: ["scannedAt"], by: "none" }), 2, []],
  ["the newest by bucket", latest({ key: ["carrier", "parcelNumber"], order: "revision", by: { bucket: 3 } }), 2, []],
  ["the newest by the day of a change", latest({ key: ["parcelNumber"], order: "revision", by: { day: "scannedAt" } }), 2, ["2026-11-20"]]
]

describe("a lake of a dataset that is no order", () => {
  it.live.each(ways)("is ingested, folded, verified and queried: %s", ([, table, rows, days, format = { kind: "json" }]) =>
    Effect.gen(function* () {
      const contract = compileContract(defineContract({ ...definition, table, format }))
      const records = Array.from({ length: 16 }, (_, i) => (format.kind === "json" ? JSON.stringify(told(i)) : csvOf(told(i))))
      for (const shard of ["a", "b"]) {
        yield* run(pagesSource([pageOf(records, { shard })]), { contract })
        yield* repartition({ contract })
      }
      const checks = yield* Effect.scoped(Effect.flatMap(openDuckDB({ threads: 1 }), (db) => verify([contract], db)))
      assert.deepStrictEqual(
        checks.filter(({ ok }) => !ok),
        []
      )
      const [found] = yield* rowsOf(
        `SELECT count(*) AS rows, min(sold_at)::VARCHAR AS sold_at, min(promised_on)::VARCHAR AS promised_on, min(weighed_on)::VARCHAR AS weighed_on,
           min(weight)::VARCHAR AS weight, min(hex(label) || hex(checksum)) AS bytes, min(stops[1].at)::VARCHAR AS at, min(stops[1].opens)::VARCHAR AS opens,
           min(stops[1].seen_on)::VARCHAR AS seen_on
         FROM consumable_parcels`
      )
      assert.deepStrictEqual(JSON.parse(found ?? ""), {
        rows,
        sold_at: "2026-11-20 22:30:00+00",
        promised_on: "2026-11-24",
        weighed_on: "2026-11-20",
        weight: "1.250",
        bytes: "0102030AFF",
        at: "2026-11-20 22:00:00.5+00",
        opens: "2026-11-20 22:00:00+00",
        seen_on: "2026-11-20"
      })
      const { datasets } = yield* lakeStatus("lake", ["parcels"])
      assert.deepStrictEqual(datasets[0]?.days, days)
    }).pipe(Effect.provide(temporaryStore))
  )
})

describe("a column whose name every object has", () => {
  it.live("is null where a record lacks it, and counts as any other", () =>
    Effect.gen(function* () {
      const contract = compileContract(
        defineContract({
          ...definition,
          fields: {
            carrier: text("Who carries it."),
            scannedAt: timestamp("When.", { from: "epochMillis" }),
            constructor: text("Who built it.", { sensitive: "hash" }),
            maker: document("Who made it.", { constructor: long("Number of the constructor.") })
          },
          table: events({ key: ["carrier", "scannedAt"], by: { day: "scannedAt" } }),
          eventTime: { field: "scannedAt" }
        })
      )
      const records = [
        { carrier: "a", scannedAt: start },
        { carrier: "b", scannedAt: start, constructor: "Ann", maker: {} },
        { carrier: "c", scannedAt: start, constructor: ["Bo"], maker: { constructor: 7 } },
        { carrier: "d", scannedAt: start, maker: { toString: 1 } }
      ].map((record) => JSON.stringify(record))
      // One of a name twice is beyond the fast path.
      records.push(`{"carrier":"e","carrier":"e","scannedAt":${start},"maker":{}}`)
      const { counts } = yield* run(pagesSource([pageOf(records)]), { contract, decode: settings })
      assert.deepStrictEqual([counts.rows, counts.masked["constructor"]], [5, 1])
      yield* repartition({ contract })
      const checks = yield* Effect.scoped(Effect.flatMap(openDuckDB({ threads: 1 }), (db) => verify([contract], db)))
      assert.deepStrictEqual(
        checks.filter(({ ok }) => !ok),
        []
      )
      const { datasets } = yield* lakeStatus("lake", ["parcels"])
      assert.strictEqual(datasets[0]?.counts.masked["constructor"], 1)
      const rows = yield* rowsOf(
        'SELECT carrier, length("constructor") AS hash, maker."constructor" AS maker FROM consumable_parcels ORDER BY carrier'
      )
      assert.deepStrictEqual(
        rows.map((row) => JSON.parse(row)),
        [
          { carrier: "a", hash: null, maker: null },
          { carrier: "b", hash: 64, maker: null },
          { carrier: "c", hash: null, maker: 7 },
          { carrier: "d", hash: null, maker: null },
          { carrier: "e", hash: null, maker: null }
        ]
      )
    }).pipe(Effect.provide(temporaryStore))
  )
})
