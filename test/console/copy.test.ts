import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DuckDBInstance } from "@duckdb/node-api"
import { Effect } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { type Copy, filesOf, makeCopy } from "../../src/console/copy.ts"
import { parseDashboard } from "../../src/console/dashboard.ts"
import { LakeWatch } from "../../src/console/watch.ts"
import { leaf } from "../../src/record/column.ts"
import { localStore } from "../../src/store/local-store.ts"
import { modelsOfTexts, replaceFiles } from "../models/small-lake.ts"

let folder = ""
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-test-copy-"))
  mkdirSync(join(folder, "copies"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const columns = [leaf("id", "long", ""), leaf("shop", "text", ""), leaf("note", "text", "")]
const rows = (from: number, to: number) =>
  `select i::bigint as id, 'shop ' || (i % 3) as shop, 'note' as note from range(${from}, ${to}) r(i)`

const shops = modelsOfTexts(
  {
    "models/shops.sql":
      "{{ config(materialized='view') }}\nselect shop, count(*) as visits from {{ source('consumable', 'visits') }} group by shop"
  },
  ["visits"]
)

const dashboardOf = (sql: string) => {
  const found = parseDashboard(
    "d",
    "dashboards/d.yaml",
    `title: D\nfilters: [{ field: shop, label: Shop }]\nqueries:\n  q:\n    sql: ${sql}\n`,
    []
  )
  if (found === null) throw new Error("the dashboard cannot be read")
  return found
}

const copyOf = (lake: string, sql: string, before: Copy | null) =>
  Effect.gen(function* () {
    const views = yield* new LakeWatch().look
    const dashboards = [dashboardOf(sql)]
    const options = {
      folder: join(folder, "copies"),
      contracts: [],
      models: shops,
      dashboards,
      all: false,
      allowPersonal: true,
      duckdb: { threads: 1 }
    }
    return yield* makeCopy(views, options, before)
  }).pipe(Effect.provide(localStore(lake)), Effect.runPromise)

/** What lies in the file of a table, columns of ours apart. */
const rowsIn = async (copy: Copy, name: string): Promise<ReadonlyArray<string>> => {
  const table = copy.copied.find((each) => each.name === name)
  const instance = await DuckDBInstance.create(table?.path ?? "", { access_mode: "READ_ONLY" })
  const connection = await instance.connect()
  const reader = await connection.runAndReadAll(`SELECT ${table?.columns.join(", ")} FROM rows ORDER BY ALL`)
  connection.closeSync()
  instance.closeSync()
  return reader.getRows().map((row) => row.join(" "))
}
const expected = (...ranges: ReadonlyArray<readonly [number, number]>): ReadonlyArray<string> =>
  ranges.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => `${from + i} shop ${(from + i) % 3}`))

it("goes on from the copy before: what did not change stays, what came is added, what went is taken out, and of columns only those that are named are there", async () => {
  const lake = join(folder, "lake")
  const put = (dataset: string, gone: ReadonlyArray<string>, ...selects: ReadonlyArray<string>) =>
    replaceFiles(dataset, columns, gone, selects).pipe(Effect.provide(localStore(lake)), Effect.runPromise)
  const first = await put("visits", [], rows(0, 5000), rows(5000, 5010))
  await put("still", [], rows(0, 3))
  const sql = "select v.id from consumable_visits v join consumable_still s on v.id = s.id"
  const one = await copyOf(lake, sql, null)
  expect([...(one.tables.get("consumable_visits")?.keys() ?? [])]).toEqual(["id", "shop"])
  expect(await rowsIn(one, "consumable_visits")).toEqual(expected([0, 5010]))

  const [third = ""] = await put("visits", [first[1] ?? ""], rows(6000, 6100))
  const two = await copyOf(lake, sql, one)
  const pathOf = (copy: Copy, name: string) => copy.copied.find((each) => each.name === name)?.path
  expect(pathOf(two, "consumable_still")).toBe(pathOf(one, "consumable_still"))
  expect(pathOf(two, "consumable_visits")).not.toBe(pathOf(one, "consumable_visits"))
  expect(await rowsIn(two, "consumable_visits")).toEqual(expected([0, 5000], [6000, 6100]))
  expect(two.versions.get("consumable_visits")).toEqual({ consumable_visits: 2 })
  // Who asks the copy before goes on asking it.
  expect(await rowsIn(one, "consumable_visits")).toEqual(expected([0, 5010]))

  // Where most of it went it is made anew; and so it is for a query that wants more of it.
  await put("visits", [first[0] ?? "", third], rows(7000, 7002))
  const three = await copyOf(lake, sql, two)
  expect(await rowsIn(three, "consumable_visits")).toEqual(expected([7000, 7002]))
  const four = await copyOf(lake, "select * from consumable_visits", three)
  expect([...(four.tables.get("consumable_visits")?.keys() ?? [])]).toEqual(["id", "shop", "note"])
  expect(await rowsIn(four, "consumable_visits")).toEqual(expected([7000, 7002]).map((row) => `${row} note`))
  for (const copy of [one, two, three, four]) for (const file of filesOf(copy)) expect(existsSync(file)).toBe(true)
})

it("keeps whole what a query may read without naming it", async () => {
  const lake = join(folder, "lake")
  for (const sql of [
    "select v from consumable_visits v",
    "select * from consumable_visits natural join consumable_still",
    "from consumable_visits",
    "select count(columns(*)) from consumable_visits"
  ]) {
    const { tables } = await copyOf(lake, `>-\n      ${sql}`, null)
    expect(tables.get("consumable_visits")?.size, sql).toBe(3)
  }
  const { tables } = await copyOf(lake, "select count(*) as n from consumable_visits", null)
  expect([...(tables.get("consumable_visits")?.keys() ?? [])]).toEqual(["shop"])
})
