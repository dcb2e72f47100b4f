import { expect, it } from "vitest"
import type { CheckState, DatasetState, RunState } from "../../src/console/api.ts"
import { attentionOf } from "../../src/console/attention.ts"

const table = { path: "stage/orders", version: 1, rows: 1, files: 1, bytes: 1 }
const calm: DatasetState = {
  dataset: "orders",
  known: true,
  stage: table,
  consumable: null,
  waitingVersions: 0,
  waitingRows: 0,
  shards: 1,
  streams: [],
  lagMillis: 1000,
  gaps: 0,
  records: 1,
  deadLettersWaiting: 0,
  lastArrival: null,
  lastCommit: null,
  freshness: { limitMinutes: 5, ageMinutes: 1, state: "fresh" },
  batches: 1,
  batchReasons: {},
  ledger: { records: 1, rows: 1, deadLetters: 0, empty: 0, closes: true }
}
const run = (outcome: string, endedAt: string): RunState => ({
  kind: "repartition",
  dataset: "orders",
  outcome,
  begunAt: endedAt,
  endedAt,
  records: null,
  rows: null,
  deadLetters: null,
  error: outcome === "fail" ? "no room" : null
})
const check: CheckState = { table: "stage/orders", name: "sum", ok: true, severity: "error", detail: "one is missing" }
const letter = { dataset: "orders", reason: "not_json", count: 2, bytes: 2, lastAt: null, example: null }

it("asks for attention for what is wrong alone, the worst first, each with what to do", () => {
  expect(attentionOf([calm], [check], [run("complete", "2026-11-02"), run("fail", "2026-11-01")], [])).toEqual([])
  const all = attentionOf(
    [{ ...calm, gaps: 1, lagMillis: 3_600_000, freshness: { limitMinutes: 5, ageMinutes: 9, state: "late" } }],
    [
      { ...check, severity: "warning", ok: false },
      { ...check, ok: false }
    ],
    [run("fail", "2026-11-02"), run("complete", "2026-11-01")],
    [letter, { ...letter, reason: "too_deep", count: 1 }]
  )
  expect(all.map(({ severity, problem }) => `${severity}: ${problem}`)).toEqual([
    "error: sum: one is missing",
    "error: 1 gap in a stream: it let go of records before they were read",
    "error: nothing was committed for 9 minutes, and its contract allows 5",
    "error: reading is 60 minutes behind its stream",
    "error: the last repartition failed: no room",
    "warning: sum: one is missing",
    "warning: 3 dead letters wait, most for not_json"
  ])
  for (const { hint } of all) expect(hint).not.toBe("")
})
