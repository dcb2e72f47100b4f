import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { temporaryStore } from "../ingest/support.ts"
import { dice } from "../models/made.ts"
import { martRows, rowsOf } from "../models/small-lake.ts"
import { buildWeb, fold, hit, pairs, take, webModels } from "./web-lake.ts"

const seeds = Number(process.env["SLUICE_TEST_WEB_SEEDS"] ?? 1)
const models = webModels()

/** Where what tests find of the rows is not what it is about. */
const plain = { ...models, tests: [], unitTests: [] }

const day = Date.UTC(2026, 0, 1)
const at = (hours: number, minutes = 0, seconds = 0) => day + ((hours * 60 + minutes) * 60 + seconds) * 1000
/** A page seen, called by a name. */
const page = (name: string, client: string, time: number, more: { readonly [parameter: string]: string | number } = {}) =>
  hit(`id-${name}`, time, { t: "pageview", cid: client, dt: name, ...more })

/** Names of the pages of each session, in their order; of none, those of which it is not known. */
const sessions = (column: string) =>
  Effect.map(
    rowsOf(
      `SELECT string_agg(document_title, ' ' ORDER BY request_timestamp, visitor_position, document_title) FROM logs WHERE hit_type = 'pageview' AND document_title IS NOT NULL GROUP BY ${column}`
    ),
    (rows) => rows.map(([names]) => String(names)).sort()
  )

describe("hits at the edges", () => {
  it.live("are in the session, and count, as they should, and late ones as if they had come in time", () =>
    Effect.gen(function* () {
      const product = { pr1id: "A", pr1pr: "10.5", pr1qt: 2, pr3id: "B", pr3pr: 3, ua: "by hand" }
      const first = [
        page("a1", "A", at(23, 20)),
        page("a2", "A", at(23, 50) - 1),
        page("a3", "A", at(24, 10)),
        page("a4", "A", at(24, 40)),
        // At one time: the first is the first that came.
        page("b2", "B", at(9)),
        page("b1", "B", at(9)),
        // The same client but for its case.
        page("b3", "b", at(9)),
        // It waited for half an hour; nobody believes more than four hours.
        page("c2", "C", at(9, 45)),
        page("c1", "C", at(10), { qt: 1_800_000 }),
        page("c3", "C", at(20), { qt: 14_400_001 }),
        hit("id-n1", at(9), { t: "pageview", dt: "n1" }),
        hit("id-n2", at(9), { t: "pageview", dt: "n2" }),
        page("d1", "D", at(12), { _c_key: "k" }),
        page("d2", "D", at(12, 0, 5), { _c_key: "k" }),
        page("d3", "D", at(36, 0, 5), { _c_key: "k" }),
        page("d4", "E", at(12, 0, 5), { _c_key: "k" }),
        page("d5", "D", at(36, 0, 5), { _c_key: "K" }),
        // Put twice into the stream.
        page("e1", "F", at(8)),
        page("e1", "F", at(8)),
        hit("p1", at(15), { t: "event", ec: "shop", cid: "P", pa: "Purchase", ti: "T1", tt: "1.25", ts: 2, ...product }),
        hit("p2", at(15, 1), { t: "event", ec: "shop", cid: "P", pa: "purchase", ti: "t1", tr: 9 }),
        hit("p3", at(15, 2), { t: "event", ec: "shop", cid: "P", pa: "purchase", tr: 7, pr1id: "A" }),
        hit("p4", at(15, 3), { t: "event", ec: "shop", cid: "P", pa: "refund", ti: "T1", tr: 5 }),
        hit("p5", at(16), { t: "pageview", cid: "P", pa: "detail", pr1id: "A", pr2id: "B" }),
        hit("p6", at(16, 1), { t: "pageview", cid: "P", pa: "detail", pr1id: "A" }),
        hit("no type", at(9), { cid: "A" })
      ]
      yield* take(first)
      yield* fold
      yield* buildWeb(models)
      const cut = ["a1 a2 a3", "a4", "b2 b1", "b3", "c1 c2", "c3", "d1", "d3 d5", "d4", "e1", "n1 n2"]
      assert.deepStrictEqual(yield* sessions("session_id"), cut)
      assert.deepStrictEqual(yield* sessions("session_id_by_day"), ["a1 a2", "a3", ...cut.slice(1)])
      assert.deepStrictEqual(yield* rowsOf("SELECT count(*), count(session_id) FROM logs WHERE client_id IS NULL"), [[2, 0]])
      assert.deepStrictEqual(
        yield* rowsOf("SELECT request_id, is_repeat, is_repeated_purchase FROM hit_sessions WHERE NOT is_counted ORDER BY ALL"),
        [
          ["id-d2", true, false],
          ["id-e1", true, false],
          ["no type", false, false]
        ]
      )
      const bought = `SELECT request_id, transaction_id || ' ' || transaction_revenue || ' ' || coalesce(transaction_tax::VARCHAR, '') AS v FROM`
      assert.deepStrictEqual(yield* pairs(`${bought} purchases`), { p1: "T1 24.0000 1.2500", p2: "t1 9.0000 " })
      assert.deepStrictEqual(yield* pairs(`${bought} refunds`), { p4: "T1 5.0000 " })
      assert.deepStrictEqual(yield* rowsOf("SELECT request_id FROM logs WHERE is_unknown_purchase"), [["p3"]])

      yield* take(
        [
          // Between two that were half an hour apart.
          page("a0", "A", at(24, 25)),
          // Somebody else was first: what was the purchase is none.
          hit("q1", at(14), { t: "event", ec: "shop", cid: "Q", pa: "purchase", ti: "T1", tr: 24, tt: 1 })
        ],
        first.length + 1
      )
      // Before it is folded, and built.
      const live = ["hit_sessions", "logs", "pageviews", "events", "product_actions", "purchases", "refunds", "user_agents"]
      const soon = Object.values(yield* martRows(live.map((name) => `${name}_live`)))
      yield* fold
      yield* buildWeb(plain)
      assert.deepStrictEqual(soon, Object.values(yield* martRows(live)))
      assert.deepStrictEqual(yield* sessions("session_id"), ["a1 a2 a3 a0 a4", ...cut.slice(2)])
      assert.deepStrictEqual(yield* sessions("session_id_by_day"), ["a1 a2", "a3 a0 a4", ...cut.slice(2)])
      assert.deepStrictEqual(yield* pairs(`${bought} purchases`), { q1: "T1 24.0000 1.0000", p2: "t1 9.0000 " })
      assert.deepStrictEqual(yield* pairs("SELECT strftime(timestamp, '%d'), pageviews FROM overview_1d"), { "01": 15, "02": 5 })
      assert.deepStrictEqual(
        yield* rowsOf(
          `SELECT strftime(timestamp, '%d %H'), count_active_sessions, count_new_sessions, count_active_clients, sum_of_product_details,
             product_details, transactions, transaction_revenue::DOUBLE, purchased_items FROM overview_1h WHERE hour(timestamp) IN (0, 14, 15, 16, 23) ORDER BY 1`
        ),
        [
          ["01 14", 1, 1, 1, 0, 0, 1, 24, 0],
          ["01 15", 1, 1, 1, 0, 0, 1, 9, 0],
          // Of a product looked at twice in a session one counts.
          ["01 16", 1, 1, 1, 3, 2, 0, 0, 0],
          ["01 23", 1, 1, 1, 0, 0, 0, 0, 0],
          ["02 00", 1, 1, 1, 0, 0, 0, 0, 0]
        ]
      )
      // A user agent is known by what the collector says, not by what the hit does.
      assert.deepStrictEqual(yield* rowsOf("SELECT count(*) FROM user_agents"), [[0]])
    }).pipe(Effect.provide(temporaryStore))
  )
})

describe("builds of what changed", () => {
  const tables = ["hit_sessions", "overview_1h", "overview_1d", "user_agents"]
  const selected = models.models.filter(({ name }) => tables.includes(name))
  const views = models.models.filter(({ file }) => !file.startsWith("models/live/"))

  it.live.each(Array.from({ length: seeds }, (_, seed) => seed + 1))("come to what one of all does: seed %i", (seed) =>
    Effect.gen(function* () {
      const roll = dice(seed)
      let n = 0
      const some = (): string => {
        n++
        const minutes = roll(5) === 0 ? 30 * roll(100) : 7 * roll(400)
        const kind = roll(4)
        const said = {
          ...(roll(8) === 0 ? {} : { cid: `c${roll(4)}` }),
          ...(roll(3) === 0 ? { _c_key: `k${roll(3)}` } : {}),
          ...(roll(2) === 0 ? { uid: `u${roll(3)}` } : {}),
          ...(roll(2) === 0 ? { _c_ua: `agent ${roll(5)}` } : {}),
          ...(kind === 0 ? { pa: "purchase", ti: `T${roll(4)}`, tr: roll(100) } : kind === 1 ? { pa: "add", pr1id: `p${roll(3)}` } : {})
        }
        return hit(`h${n}`, day + minutes * 60_000, { t: kind < 2 ? "event" : "pageview", ...said })
      }
      for (const count of [12, 4, 1]) {
        const first = n + 1
        yield* take(
          Array.from({ length: count }, () => some()),
          first
        )
        yield* fold
        // Views are asked for what is there now.
        yield* buildWeb(plain, { selected: n > count ? selected : views })
      }
      const byStep = yield* martRows(tables)
      yield* buildWeb(plain, { selected, fullRefresh: true })
      assert.deepStrictEqual(byStep, yield* martRows(tables))
    }).pipe(Effect.provide(temporaryStore))
  )
})
