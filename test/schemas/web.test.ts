import { existsSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import project from "../../schemas/web/project.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { verify } from "../../src/lake/verify.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { decode, pageOf } from "../decode/support.ts"
import { pagesSource, run, temporaryStore } from "../ingest/support.ts"

const [webLogs, hits] = project.contracts.map(compileContract)

describe("the contract of access logs", () => {
  const line = (second: number) =>
    `83.149.9.216 - - [17/May/2015:10:05:0${second} +0000] "GET /a?b=1 HTTP/1.1" 200 203023 "-" "Mozilla/5.0"`

  it.live("makes a row of every line, also of two that are alike, once", () =>
    Effect.gen(function* () {
      if (webLogs === undefined) throw new Error("there is no contract")
      const pages = [pageOf([line(1), line(1), line(2), "no line"]), pageOf([line(3), line(1)], { sequenceNumbers: ["5", "6"] })]
      // What was committed comes again, after a crash.
      for (const part of [pages.slice(0, 1), pages]) {
        yield* run(pagesSource(part), { contract: webLogs })
        yield* repartition({ contract: webLogs })
      }
      const checks = yield* Effect.scoped(Effect.flatMap(openDuckDB(), (duckdb) => verify([webLogs], duckdb)))
      assert.deepStrictEqual(
        checks.filter(({ ok }) => !ok),
        []
      )
      const [once] = checks.filter(({ check }) => check === "no event twice")
      assert.include(once?.detail, "5 rows, 5 events")
    }).pipe(Effect.provide(temporaryStore))
  )
})

const data = resolve(import.meta.dirname, "../..", process.env["SLUICE_TEST_DATA"] ?? "../shared/data", "clickstream/ga_hits.jsonl")
const present = existsSync(data)
if (!present) console.warn(`Skipped: there is no ${data}; SLUICE_TEST_DATA says where real data lies.`)

describe("the contract of hits", () => {
  const one = (record: string) => {
    if (hits === undefined) throw new Error("there is no contract")
    const { rows, letters } = decode(hits, record)
    assert.deepStrictEqual(letters, [])
    return rows[0] ?? {}
  }
  /** What is said of it: the columns that are not null. */
  const said = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(said)
      : typeof value === "object" && value !== null
        ? Object.fromEntries(Object.entries(value).flatMap(([key, each]) => (each === null ? [] : [[key, said(each)]])))
        : value

  it("names what hits call by a few letters, and keeps all else", () => {
    const row = one(
      "v=1&t=pageview&cid=314.155&dl=http%3A%2F%2Fshop%2F&tr=12.50&_gid=A%2B1&pr01id=x&pr1=y&pr2zz=z&pr1slot=4&il1=1&il1pi2zz=3"
    )
    assert.deepStrictEqual(
      [row["hit_type"], row["document_location"], row["transaction_revenue"], row["products"], row["impressions"], row["_rescued"]],
      [
        "pageview",
        "http://shop/",
        125_000n,
        null,
        null,
        '{"_gid":"A+1","pr01id":"x","pr1":"y","pr2zz":"z","pr1slot":"4","il1":"1","il1pi2zz":"3"}'
      ]
    )
    assert.match(String(row["client_id"]), /^[0-9a-f]{64}$/)
  })

  it("makes lists of what is numbered, in the order of the numbers", () => {
    const row = one(
      "pr10id=B&pr2id=A&pr2pr=1.5&pr2cd12=red&pr2cm1=x&il2pi3id=D&il2nm=Top&il1pi1nm=C&promo1id=P&promoa=click&cd3=blue&cd=Home"
    )
    assert.deepStrictEqual(said([row["products"], row["impressions"], row["promotions"], row["custom_dimensions"]]), [
      [
        { slot: 2, id: "A", price: 15_000n, custom_dimensions: [{ slot: 12, value: "red" }], custom_metrics: [{ slot: 1 }] },
        { slot: 10, id: "B" }
      ],
      [
        { slot: 1, products: [{ slot: 1, name: "C" }] },
        { slot: 2, name: "Top", products: [{ slot: 3, id: "D" }] }
      ],
      [{ slot: 1, id: "P" }],
      [{ slot: 3, value: "blue" }]
    ])
    assert.deepStrictEqual([row["promotion_action"], row["screen_name"]], ["click", "Home"])
    assert.strictEqual(row["_rescued"], '{"products[0].customMetrics[0].value":"x"}')
  })

  it("tells clients apart whose ids differ in case alone", () => {
    const [small, capital] = ["a", "A"].map((cid) => one(`cid=${cid}`)["client_id"])
    assert.notStrictEqual(small, capital)
  })

  it.skipIf(!present)("reads the hits of real pages", () => {
    if (hits === undefined) throw new Error("there is no contract")
    const payloads = readFileSync(data, "utf8")
      .trim()
      .split("\n")
      .map((line) => String(JSON.parse(line).payload))
    const { rows, letters, counts } = decode(hits, payloads)
    assert.deepStrictEqual([rows.length, letters.length], [40, 0])
    assert.deepStrictEqual(counts.rescued, { checkoutStep: 1 })
    assert.strictEqual(rows.filter(({ product_action }) => product_action !== null).length, 21)
    assert.strictEqual(rows.filter(({ transaction_id }) => transaction_id !== null).length, 8)
  })
})
