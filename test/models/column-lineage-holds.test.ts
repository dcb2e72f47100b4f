import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { DuckDB } from "../../src/duckdb/duckdb.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { columnLineage } from "../../src/models/column-lineage.ts"
import { type Roll, randomSelect, tables } from "./random-select.ts"

/**
 * What lineage claims, held against what DuckDB does: where other values in one column of a table make other values in a column of the result,
 * lineage has told so of the two, or has claimed nothing.
 */

/** Deterministic numbers below `n`. */
const dice = (seed: number): Roll => {
  let state = seed
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
}

const inputs = Object.entries(tables).flatMap(([relation, columns]) => columns.map((column) => ({ relation, column })))
const relations = new Map(Object.entries(tables))
const rowsOfTable = 7
const worlds = 1

const cell = (roll: Roll, column: string): string => {
  const value = () => (roll(6) === 0 ? "null" : String(roll(5)))
  return column === "s" ? `{'x': ${value()}::int, 'y': ${value()}::int}` : `${value()}::int`
}

/** Schemas that each hold all tables: of each world as it is, and as it is with other values in one column. */
const makeWorlds = (db: DuckDB, roll: Roll) =>
  Effect.gen(function* () {
    for (let world = 0; world < worlds; world++) {
      const values = new Map(
        inputs.map(({ relation, column }) => [
          `${relation}.${column}`,
          {
            as: Array.from({ length: rowsOfTable }, () => cell(roll, column)),
            other: Array.from({ length: rowsOfTable }, () => cell(roll, column))
          }
        ])
      )
      for (const changed of [null, ...inputs]) {
        const schema = changed === null ? `w${world}` : `w${world}_${changed.relation}_${changed.column}`
        yield* db.run(`CREATE SCHEMA ${schema}`)
        for (const [relation, columns] of Object.entries(tables)) {
          const rows = Array.from({ length: rowsOfTable }, (_, i) =>
            columns.map((column) => {
              const of = values.get(`${relation}.${column}`)
              return changed?.relation === relation && changed.column === column ? of?.other[i] : of?.as[i]
            })
          )
          yield* db.run(
            `CREATE TABLE ${schema}.${relation} AS SELECT * FROM (VALUES ${rows.map((row) => `(${row.join(", ")})`).join(", ")}) AS v(${columns.join(", ")})`
          )
        }
      }
    }
  })

/** The columns of a result, each as its values in order; undefined where DuckDB refuses. */
const resultOf = (db: DuckDB, schema: string, select: string) =>
  Effect.gen(function* () {
    yield* db.rows(`USE ${schema}`)
    const { columns, rows } = yield* db.stream(`SELECT * FROM (${select})`)
    const found = yield* Stream.runCollect(rows)
    return columns.map(({ name }, i) => ({
      name,
      values: found
        .map((row) => JSON.stringify(row[i], (_, each) => (typeof each === "bigint" ? `${each}` : each)))
        .sort()
        .join()
    }))
  }).pipe(
    Effect.scoped,
    Effect.catch(() => Effect.succeed(undefined))
  )

const wanted = Number(process.env["SLUICE_TEST_SELECTS"] ?? 150)

describe("the lineage of columns", () => {
  it.live(
    `tells of all that random SELECTs make of columns: ${wanted} of them`,
    () =>
      Effect.gen(function* () {
        const db = yield* openDuckDB({ threads: 1 })
        const roll = dice(Number(process.env["SLUICE_TEST_SEED"] ?? 20))
        yield* makeWorlds(db, roll)
        const lineage = yield* columnLineage(db)
        const counts = { selects: 0, refused: 0, columns: 0, decided: 0, changes: 0, told: 0 }
        while (counts.selects < wanted) {
          const select = randomSelect(roll)
          const before = yield* Effect.forEach(Array.from({ length: worlds }), (_, world) => resultOf(db, `w${world}`, select))
          if (before.includes(undefined)) {
            counts.refused++
            continue
          }
          counts.selects++
          const { columns, whole } = yield* lineage.ofSelect(select, relations)
          if (columns === null || whole === null) continue
          assert.deepStrictEqual(
            columns.map(({ output }) => output.toLowerCase()),
            before[0]?.map(({ name }) => name.toLowerCase()),
            select
          )
          counts.columns += columns.length
          counts.decided += columns.filter(({ inputs }) => inputs !== null).length
          for (const { relation, column } of inputs) {
            const isTold = (of: typeof whole) => of.some((input) => input.relation === relation && input.column.split(".")[0] === column)
            // What is named nowhere can change nothing.
            if (!new RegExp(`\\b${relation}\\b`).test(select)) continue
            for (let world = 0; world < worlds; world++) {
              const after = yield* resultOf(db, `w${world}_${relation}_${column}`, select)
              if (after === undefined) continue
              for (const [i, { inputs, output }] of columns.entries()) {
                if (after[i]?.values === before[world]?.[i]?.values) continue
                counts.changes++
                assert.isTrue(
                  inputs === null || isTold(inputs) || isTold(whole),
                  `${relation}.${column} changes ${i} ${output} of: ${select}`
                )
              }
            }
            counts.told += columns.filter(({ inputs }) => inputs !== null && (isTold(inputs) || isTold(whole))).length
          }
        }
        if (process.env["SLUICE_TEST_SEED"]) console.log(counts)
        // It decides, it does not tell of everything, and there was something to tell of.
        assert.isAbove(counts.decided, counts.selects)
        assert.isBelow(counts.told, (counts.columns * inputs.length) / 2)
        assert.isAbove(counts.changes, counts.selects)
      }).pipe(Effect.scoped),
    600_000
  )

  it.live(
    `tells where values that come through are from: of ${wanted} random SELECTs`,
    () =>
      Effect.gen(function* () {
        const db = yield* openDuckDB({ threads: 1 })
        const roll = dice(Number(process.env["SLUICE_TEST_SEED"] ?? 20))
        const origin = yield* makeMarked(db, roll)
        const lineage = yield* columnLineage(db)
        const counts = { selects: 0, values: 0, copies: 0 }
        while (counts.selects < wanted) {
          const select = randomSelect(roll)
          const result = yield* resultOf(db, "marked", select)
          if (result === undefined) continue
          counts.selects++
          const { columns } = yield* lineage.ofSelect(select, relations)
          for (const [i, { inputs, output }] of (columns ?? []).entries()) {
            if (inputs === null) continue
            const direct = inputs.filter(({ type }) => type === "DIRECT")
            const told = new Set(direct.map(({ relation, column }) => `${relation}.${column.split(".")[0]}`))
            const isCopy = direct.length > 0 && direct.every(({ kind }) => kind === "IDENTITY")
            for (const value of result[i]?.values.split(",").filter((each) => /^[0-9]+$/.test(each)) ?? []) {
              const from = origin.get(value)
              if (from !== undefined) {
                counts.values++
                assert.isTrue(told.has(from), `${value} of ${from} is in ${i} ${output} of: ${select}`)
              }
              if (isCopy && Number(value) >= smallest) {
                counts.copies++
                assert.isDefined(from, `${value} is in ${i} ${output}, a copy, of: ${select}`)
              }
            }
          }
        }
        if (process.env["SLUICE_TEST_SEED"]) console.log(counts)
        assert.isAbove(counts.values, counts.selects)
        assert.isAbove(counts.copies, counts.selects)
      }).pipe(Effect.scoped),
    600_000
  )
})

/** Numbers below are constants, or counted. */
const smallest = 1000

/** The tables with values that tell by themselves which column they are from. */
const makeMarked = (db: DuckDB, roll: Roll) =>
  Effect.gen(function* () {
    const origin = new Map<string, string>()
    yield* db.run("CREATE SCHEMA marked")
    for (const [relation, columns] of Object.entries(tables)) {
      const value = (column: string): string => {
        if (roll(8) === 0) return "null::bigint"
        const own = String(1e12 + roll(1e9) * 1000 + roll(1000))
        origin.set(own, `${relation}.${column}`)
        return `${own}::bigint`
      }
      const rows = Array.from({ length: rowsOfTable }, () =>
        columns.map((column) => (column === "s" ? `{'x': ${value(column)}, 'y': ${value(column)}}` : value(column)))
      )
      yield* db.run(
        `CREATE TABLE marked.${relation} AS SELECT * FROM (VALUES ${rows.map((row) => `(${row.join(", ")})`).join(", ")}) AS v(${columns.join(", ")})`
      )
    }
    return origin
  })
