import { beforeAll, describe, expect, it } from "@effect/vitest"
import { emptyCounts } from "../../src/record/report.ts"
import { addCounts, closes, describeDifference, runRace } from "./equality.ts"
import { makePools, type Pool } from "./record-pool.ts"

let pools: readonly [Pool, ...Array<Pool>]
beforeAll(async () => {
  pools = await makePools()
})

describe("bytes straight into columns and the definition", () => {
  it("give the same columns, dead letters and counts for mutated records", () => {
    const wanted = 20_000
    const counts = emptyCounts()
    let records = 0
    let rowsByBytes = 0
    for (let race = 1; records < wanted; race++) {
      const outcome = runRace(race, pools)
      expect(outcome.differences.map(describeDifference).join("\n")).toBe("")
      addCounts(counts, outcome.counts)
      records += outcome.records
      rowsByBytes += outcome.rowsByBytes
    }
    expect(counts.records).toBe(records)
    expect(closes(counts)).toBe(true)
    // What is raced must be worth it: rows by either way, and every kind of trouble.
    expect(counts.rows / records).toBeGreaterThan(0.4)
    expect(rowsByBytes / counts.rows).toBeGreaterThan(0.7)
    expect(Object.keys(counts.deadLetters).sort()).toEqual([
      "missing_event_time",
      "missing_key",
      "not_json",
      "not_object",
      "not_utf8",
      "quality_rejected",
      "too_deep",
      "too_large",
      "truncated",
      "unreadable_event_time",
      "unreadable_key"
    ])
    expect(Object.keys(counts.rescued).length).toBeGreaterThan(100)
    expect(Object.keys(counts.masked).length).toBeGreaterThan(40)
    expect(Object.keys(counts.drops).length).toBeGreaterThan(4)
    expect(Object.keys(counts.drift).length).toBeGreaterThan(1000)
    expect(Object.keys(counts.quality).length).toBeGreaterThan(1)
  })

  it("give the same for orders as they come, nearly all of which are read by bytes", () => {
    const [first = pools[0], ...rest] = pools.filter(({ isLarge }) => isLarge)
    let rows = 0
    let rowsByBytes = 0
    for (let race = 1; race <= 20; race++) {
      const outcome = runRace(race, [first, ...rest], (_, { text }) => Buffer.from(text))
      expect(outcome.differences.map(describeDifference).join("\n")).toBe("")
      rows += outcome.counts.rows
      rowsByBytes += outcome.rowsByBytes
    }
    expect(rows).toBeGreaterThan(500)
    expect(rowsByBytes / rows).toBeGreaterThan(0.85)
  })
})
