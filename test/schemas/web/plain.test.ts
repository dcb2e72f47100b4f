import { existsSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { lineOf } from "../../../src/generate/hits/hit.ts"
import { generateHits } from "../../../src/generate/hits/traffic.ts"
import { dataOf } from "../../../src/pump/data.ts"
import { temporaryStore } from "../../ingest/support.ts"
import { rowsOf } from "../../models/small-lake.ts"
import { buildWeb, hit as enveloped, fold, take, webModels } from "../web-lake.ts"
import {
  measureNames,
  type PlainHit,
  plainEvents,
  plainLogs,
  plainOverview,
  plainPageviews,
  plainProductActions,
  plainPurchases,
  plainTimes,
  type Stored
} from "./plain.ts"

const hour = 3_600_000
const day = 24 * hour

const seeds = Number(process.env["SLUICE_TEST_WEB_SEEDS"] ?? 3)
// What the models' own tests find is not what this is about.
const models = { ...webModels(), tests: [], unitTests: [] }
const selected = models.models.filter(({ file }) => !file.startsWith("models/live/"))

const exact = (column: string) => `(${column} * 10000)::HUGEINT`
const firstOf = (column: string) =>
  `CASE WHEN ${column} IS NOT NULL THEN first_value(request_id) OVER (PARTITION BY ${column} ORDER BY request_timestamp, visitor_position) END`

interface Part {
  readonly name: string
  readonly columns: ReadonlyArray<string>
  /** What the columns should say. @param times of all hits, also of those that count for nothing */
  readonly plain: (logs: ReadonlyArray<PlainHit>, times: ReadonlyArray<number>) => Iterable<ReadonlyArray<unknown>>
}

const overview = (name: string, width: number): Part => ({
  name,
  columns: ["epoch_ms(timestamp)", ...measureNames.map((each) => (each.startsWith("transaction_") ? exact(each) : each))],
  plain: (logs, times) =>
    [...plainOverview(logs, times, width)].map(([bucket, measures]) => [bucket, ...measureNames.map((each) => measures[each])])
})

const parts: ReadonlyArray<Part> = [
  {
    name: "logs",
    columns: [
      "request_id",
      "epoch_ms(request_timestamp)",
      "hit_type",
      "product_action",
      "transaction_id",
      "client_id IS NULL",
      firstOf("session_id"),
      firstOf("session_id_by_day")
    ],
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
    columns: ["request_id", "event_category"],
    plain: (logs) => plainEvents(logs).map(({ id, category }) => [id, category])
  },
  { name: "pageviews", columns: ["request_id"], plain: (logs) => plainPageviews(logs).map(({ id }) => [id]) },
  {
    name: "product_actions",
    columns: ["request_id", "product_action", "product_slot", "product_id", "product_quantity", exact("product_price")],
    plain: (logs) =>
      plainProductActions(logs).map(({ hit, product: { slot, id, quantity, price } }) => [hit.id, hit.action, slot, id, quantity, price])
  },
  {
    name: "purchases",
    columns: ["transaction_id", "request_id", ...["transaction_revenue", "transaction_tax", "transaction_shipping"].map(exact)],
    plain: (logs) =>
      plainPurchases(logs).map(({ hit, transactionId, revenue, tax, shipping }) => [transactionId, hit.id, revenue, tax, shipping])
  },
  overview("overview_1h", hour),
  overview("overview_1d", day)
]

/** Each row of each mart as a line. */
const martsSql = parts
  .map(
    ({ name, columns }) =>
      `SELECT array_to_string(['${name}', ${columns.map((each) => `coalesce((${each})::VARCHAR, '')`).join(", ")}], ' | ') FROM ${name}`
  )
  .join(" UNION ALL ")

const linesOf = (stored: ReadonlyArray<Stored>): ReadonlyArray<string> => {
  const logs = plainLogs(stored)
  const times = plainTimes(stored)
  return parts.flatMap(({ name, plain }) =>
    Array.from(plain(logs, times), (row) => [name, ...row].map((value) => String(value ?? "")).join(" | "))
  )
}

/** Takes lines in, in so many deliveries with a build behind each, and holds the marts to the plain computation after every one. */
const compare = (lines: ReadonlyArray<string>, deliveries: number) =>
  Effect.gen(function* () {
    for (let delivery = 0; delivery < deliveries; delivery++) {
      const from = Math.floor((lines.length * delivery) / deliveries)
      const to = Math.floor((lines.length * (delivery + 1)) / deliveries)
      yield* take(lines.slice(from, to), from + 1)
      yield* fold
      yield* buildWeb(models, { selected })
      const expected = linesOf(lines.slice(0, to).map((line, position) => ({ position, line })))
      const found = (yield* rowsOf(martsSql)).map(([line]) => String(line))
      assert.deepStrictEqual(found.sort(), expected.toSorted(), `after ${to} hits`)
    }
  }).pipe(Effect.provide(temporaryStore))

/** So many seeds share a lake: what a build costs hardly depends on how much there is. */
const together = 10

describe("the clickstream's marts are what plain TypeScript makes of the hits", () => {
  const groups = Array.from(
    { length: Math.ceil(seeds / together) },
    (_, i) => [i * together + 1, Math.min(seeds, (i + 1) * together)] as const
  )

  it.live.each(groups)("of generated traffic that comes in several deliveries, late hits between: seeds %s", ([first, last]) => {
    const hits = Array.from({ length: last - first + 1 }, (_, i) => [...generateHits({ seed: first + i, visitors: 24 })]).flat()
    hits.sort((a, b) => a.arrivedAt - b.arrivedAt)
    return compare(
      hits.map((hit, i) => lineOf(hit, `hit-${i}`)),
      2
    )
  })

  const data = resolve(import.meta.dirname, "../../..", process.env["SLUICE_TEST_DATA"] ?? "../shared/data")
  const ga = `${data}/clickstream/ga_hits.jsonl`
  const clicks = `${data}/yoochoose_100k/yoochoose-clicks-100k_test.txt.gz`
  const isThere = existsSync(ga) && existsSync(clicks)
  if (!isThere) console.warn(`Skipped: there is no ${existsSync(ga) ? clicks : ga}; SLUICE_TEST_DATA says where real data lies.`)

  it.live.skipIf(!isThere)("of hits of real pages, and of clicks of a real shop as they are replayed", () =>
    Effect.gen(function* () {
      const payloads = readFileSync(ga, "utf8")
        .trim()
        .split("\n")
        .map((line) => String(JSON.parse(line).payload))
      const start = Date.UTC(2014, 3, 1, 23)
      const pages = payloads.map((payload, i) => `${payload}&${enveloped(`ga-${i}`, start + i * 7 * 60_000, {})}`)
      const { hits } = yield* Effect.orDie(dataOf(clicks, 1))
      const replayed = [...hits].slice(0, seeds > 3 ? undefined : 500).map((hit, i) => lineOf(hit, `click-${i}`))
      yield* compare([...pages, ...replayed], seeds > 3 ? 3 : 1)
    })
  )
})
