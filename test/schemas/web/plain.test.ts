import { existsSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { lineOf } from "../../../src/generate/hits/hit.ts"
import { generateHits } from "../../../src/generate/hits/traffic.ts"
import { dataOf } from "../../../src/pump/data.ts"
import { temporaryStore } from "../../ingest/support.ts"
import { rowsOf } from "../../models/small-lake.ts"
import { buildWeb, hit as enveloped, take, webModels } from "../web-lake.ts"
import { type PlainHit, plainEvents, plainLogs, plainOverview, plainPageviews, plainProductActions, plainPurchases } from "./plain.ts"

const hour = 3_600_000
const day = 24 * hour

const seeds = Number(process.env["SLUICE_WEB_SEEDS"] ?? 3)
// What the models' own tests find is not what this is about.
const models = { ...webModels(), tests: [], unitTests: [] }

/** A list as text, each element a line: what differs is then told by its line. */
const linesOf = (rows: Iterable<ReadonlyArray<unknown>>): ReadonlyArray<string> =>
  Array.from(rows, (row) => row.map((value) => String(value ?? "")).join(" | ")).sort()

const cents = "* 10000)::HUGEINT"
const millis = "epoch_ms(request_timestamp)"
const firstOf = (column: string) =>
  `CASE WHEN ${column} IS NOT NULL THEN first_value(request_id) OVER (PARTITION BY ${column} ORDER BY request_timestamp, visitor_position) END`

/** What the marts say, and what they should. */
const parts: ReadonlyArray<{
  readonly name: string
  readonly sql: string
  readonly plain: (logs: ReadonlyArray<PlainHit>) => Iterable<ReadonlyArray<unknown>>
}> = [
  {
    name: "logs",
    sql: `SELECT request_id, ${millis}, hit_type, product_action, transaction_id, client_id IS NULL, ${firstOf("session_id")}, ${firstOf("session_id_by_day")} FROM logs`,
    plain: (logs) =>
      logs.map(({ id, at, hitType, action, transactionId, clientId, session, sessionByDay }) => [
        id,
        at,
        hitType,
        action,
        transactionId,
        clientId === null,
        session,
        sessionByDay
      ])
  },
  {
    name: "events",
    sql: "SELECT request_id, event_category FROM events",
    plain: (logs) => plainEvents(logs).map(({ id, category }) => [id, category])
  },
  { name: "pageviews", sql: "SELECT request_id FROM pageviews", plain: (logs) => plainPageviews(logs).map(({ id }) => [id]) },
  {
    name: "product_actions",
    sql: `SELECT request_id, product_action, product_slot, product_id, product_quantity, (product_price ${cents} FROM product_actions`,
    plain: (logs) =>
      plainProductActions(logs).map(({ hit, product }) => [hit.id, hit.action, product.slot, product.id, product.quantity, product.price])
  },
  {
    name: "purchases",
    sql: `SELECT transaction_id, request_id, (transaction_revenue ${cents}, (transaction_tax ${cents}, (transaction_shipping ${cents} FROM purchases`,
    plain: (logs) =>
      plainPurchases(logs).map(({ hit, transactionId, revenue, tax, shipping }) => [transactionId, hit.id, revenue, tax, shipping])
  },
  ...(
    [
      ["overview_1h", hour],
      ["overview_1d", day]
    ] as const
  ).map(([name, width]) => ({
    name,
    sql: `WITH o AS (
        SELECT * REPLACE ((transaction_revenue ${cents} AS transaction_revenue, (transaction_tax ${cents} AS transaction_tax,
          (transaction_shipping ${cents} AS transaction_shipping) FROM ${name}
      )
      SELECT epoch_ms(timestamp), measure, value
      FROM (UNPIVOT (SELECT * EXCLUDE (request_date) REPLACE (CAST(COLUMNS(* EXCLUDE (request_date, timestamp)) AS HUGEINT)) FROM o) ON COLUMNS(* EXCLUDE (timestamp)) INTO NAME measure VALUE value)`,
    plain: (logs: ReadonlyArray<PlainHit>) =>
      [...plainOverview(logs, width)].flatMap(([bucket, measures]) =>
        Object.entries(measures).map(([measure, value]) => [bucket, measure, value])
      )
  }))
]

/** Takes lines in, in so many deliveries with a build behind each, and holds the marts to the plain computation after every one. */
const compare = (lines: ReadonlyArray<string>, deliveries: number) =>
  Effect.gen(function* () {
    for (let delivery = 0; delivery < deliveries; delivery++) {
      const from = Math.floor((lines.length * delivery) / deliveries)
      const to = Math.floor((lines.length * (delivery + 1)) / deliveries)
      yield* take(lines.slice(from, to), from + 1)
      yield* buildWeb(models)
      const logs = plainLogs(lines.slice(0, to).map((line, position) => ({ position, line })))
      for (const { name, sql, plain } of parts) {
        const expected = linesOf(plain(logs))
        assert.deepStrictEqual(linesOf(yield* rowsOf(sql)), expected, `${name} after ${to} hits`)
        if (delivery === deliveries - 1) assert.isAbove(expected.length, 0, name)
      }
    }
  }).pipe(Effect.provide(temporaryStore))

describe("the clickstream's marts are what plain TypeScript makes of the hits", () => {
  it.live.each(Array.from({ length: seeds }, (_, i) => i + 1))(
    "of generated traffic that comes in several deliveries, late hits between: seed %i",
    (seed) =>
      compare(
        [...generateHits({ seed, visitors: 24 })].map((hit, i) => lineOf(hit, `${seed}-${i}`)),
        3
      )
  )

  const data = resolve(import.meta.dirname, "../../..", process.env["SLUICE_TEST_DATA"] ?? "../shared/data")
  const ga = `${data}/clickstream/ga_hits.jsonl`
  const clicks = `${data}/yoochoose_100k/yoochoose-clicks-100k_test.txt.gz`
  for (const path of [ga, clicks])
    if (!existsSync(path)) console.warn(`Skipped: there is no ${path}; SLUICE_TEST_DATA says where real data lies.`)

  it.live.skipIf(!existsSync(ga))("of hits of real pages", () => {
    const payloads = readFileSync(ga, "utf8")
      .trim()
      .split("\n")
      .map((line) => String(JSON.parse(line).payload))
    const start = Date.UTC(2026, 10, 26, 23)
    return compare(
      payloads.map((payload, i) => `${payload}&${enveloped(`ga-${i}`, start + i * 7 * 60_000, {})}`),
      2
    )
  })

  it.live.skipIf(!existsSync(clicks))("of clicks of a real shop, as they are replayed", () =>
    Effect.gen(function* () {
      const { hits } = yield* dataOf(clicks, 1)
      const lines = [...hits].slice(0, seeds > 3 ? undefined : 1_500).map((hit, i) => lineOf(hit, `click-${i}`))
      yield* Effect.mapError(compare(lines, 2), String)
    })
  )
})
