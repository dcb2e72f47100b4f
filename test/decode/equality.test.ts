import { beforeAll, describe, expect, it } from "@effect/vitest"
import { emptyCounts } from "../../src/record/report.ts"
import type { Random } from "../../src/record/seeded.ts"
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
      "missing_version",
      "not_json",
      "not_object",
      "not_of_dataset",
      "not_utf8",
      "quality_rejected",
      "too_deep",
      "too_large",
      "truncated",
      "unreadable_event_time",
      "unreadable_key",
      "unreadable_version"
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
    for (let race = 1; race <= 8; race++) {
      const outcome = runRace(race, [first, ...rest], (_, { text }) => Buffer.from(text))
      expect(outcome.differences.map(describeDifference).join("\n")).toBe("")
      rows += outcome.counts.rows
      rowsByBytes += outcome.rowsByBytes
    }
    expect(rows).toBeGreaterThan(200)
    expect(rowsByBytes / rows).toBeGreaterThan(0.85)
  })

  it("give the same for keys in any order, of which none is where it was before", () => {
    let rows = 0
    let rowsByBytes = 0
    for (let race = 1; race <= 8; race++) {
      const outcome = runRace(race, pools, (random, { text }) => Buffer.from(inAnyOrder(random, text)))
      expect(outcome.differences.map(describeDifference).join("\n")).toBe("")
      rows += outcome.counts.rows
      rowsByBytes += outcome.rowsByBytes
    }
    expect(rows).toBeGreaterThan(200)
    expect(rowsByBytes / rows).toBeGreaterThan(0.7)
  })
})

/** The same JSON with the members of every object in another order, documents in text included, and now and then a blank, or a key that nobody knows. */
const inAnyOrder = (random: Random, text: string): string => {
  const written = (value: unknown, depth: number): string => {
    if (typeof value === "string" && /^[[{]/.test(value) && depth < 2) return JSON.stringify(inAnyOrder(random, value))
    if (Array.isArray(value)) return `[${value.map((element) => written(element, depth + 1)).join()}]`
    if (typeof value !== "object" || value === null) return JSON.stringify(value)
    const members = Object.entries(value)
    if (random.chance(0.05)) members.push([`k${random.below(30)}`, random.below(3)])
    for (let i = members.length; i > 0; i--) {
      const [taken] = members.splice(random.below(i), 1)
      if (taken !== undefined) members.push(taken)
    }
    const blank = () => (random.chance(0.01) ? " " : "")
    return `{${members.map(([key, each]) => `${blank()}${JSON.stringify(key)}${blank()}:${blank()}${written(each, depth + 1)}`).join()}}`
  }
  try {
    return written(JSON.parse(text), 0)
  } catch {
    return text
  }
}
