import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { historySql } from "../../src/models/history-sql.ts"
import type { History } from "../../src/models/model.ts"
import { dice } from "./made.ts"

const history: History = { key: ["k"], effective: "t", order: ["o"], keep: ["a"], replace: ["b"], inferred: "guess" }
interface Version {
  readonly h: number
  readonly k: string
  readonly t: number
  readonly o: number
  readonly a: string | null
  readonly b: string | null
  readonly guess: boolean
}
const time = (t: number) => `2026-01-0${1 + t}T00:00:00.0000${t}0Z`
const beginning = "1900-01-01T00:00:00.000000Z"

/** The definition: the rows of one key. */
const definition = (all: ReadonlyArray<Version>) => {
  const real = all.filter(({ guess }) => !guess)
  const known = [...(real.length > 0 ? real : all)].sort((x, y) => x.t - y.t || x.o - y.o)
  const newest = known.at(-1)?.b ?? null
  const lastOfTime = known.filter(({ t }, i) => known[i + 1]?.t !== t)
  const cut = lastOfTime.filter(({ a }, i) => i === 0 || lastOfTime[i - 1]?.a !== a)
  return cut.map((v, i) => {
    const from = i === 0 ? beginning : time(v.t)
    const next = cut[i + 1]
    return {
      surrogate_key: createHash("md5").update(`${v.k}|${from}`).digest("hex"),
      k: v.k,
      a: v.a,
      b: newest,
      valid_from: from,
      valid_to: next === undefined ? null : time(next.t),
      version_no: i + 1,
      is_current: next === undefined,
      is_inferred: v.guess
    }
  })
}
const text = (value: string | null) => (value === null ? "null" : `'${value}'`)
const row = ({ h, k, t, o, a, b, guess }: Version) => `(${h}, '${k}', timestamptz '${time(t)}', ${o}, ${text(a)}, ${text(b)}, ${guess})`

describe("the history of versions", () => {
  it.live("is what its definition says, of 200 random sets of versions in any order", () =>
    Effect.gen(function* () {
      const roll = dice(7)
      const some = () => [null, "x", "y"][roll(3)] ?? null
      const versions = Array.from({ length: 200 }, (_, h) =>
        Array.from({ length: 1 + roll(12) }, (_, o) => ({
          h,
          k: `h${h}k${roll(3)}`,
          t: roll(6),
          o,
          a: some(),
          b: some(),
          guess: roll(4) === 0
        }))
      ).flat()
      const shuffled = versions.map((v) => [roll(1e6), v] as const).sort(([x], [y]) => x - y)
      const db = yield* openDuckDB()
      yield* db.run(
        `CREATE TABLE versions AS SELECT * FROM (VALUES ${shuffled.map(([, v]) => row(v)).join(", ")}) AS v(h, k, t, o, a, b, guess)`
      )
      const rows = yield* db.rows(`SELECT * FROM (${historySql(history, "versions", false)}) ORDER BY k, version_no`)
      const expected = [...new Set(versions.map(({ k }) => k))].sort().flatMap((k) => definition(versions.filter((v) => v.k === k)))
      assert.deepStrictEqual(
        rows.map((found) => ({ ...found })),
        expected
      )
    }).pipe(Effect.scoped)
  )

  it.live("has the unknown member where it is asked for", () =>
    Effect.gen(function* () {
      const db = yield* openDuckDB()
      yield* db.run(
        "CREATE TABLE versions AS SELECT 'k' AS k, timestamptz '2026-01-01Z' AS t, 1 AS o, 'a' AS a, 'b' AS b, false AS guess WHERE false"
      )
      const [unknown, ...others] = yield* db.rows(historySql(history, "versions", true))
      assert.deepStrictEqual(others, [])
      assert.deepStrictEqual(
        { ...unknown },
        {
          surrogate_key: "6bb61e3b7bce0931da574d19d1d82c88",
          k: null,
          a: null,
          b: null,
          valid_from: beginning,
          valid_to: null,
          version_no: 0,
          is_current: true,
          is_inferred: false
        }
      )
    }).pipe(Effect.scoped)
  )
})
