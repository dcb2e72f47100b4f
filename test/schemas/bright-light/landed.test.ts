import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { adapters } from "../../../schemas/bright-light/generate/adapters/adapters.ts"
import { adventureworksTables } from "../../../schemas/bright-light/generate/adapters/adventureworks.ts"
import { makeCompany } from "../../../schemas/bright-light/generate/company.ts"
import { company } from "../../../schemas/bright-light/generate/files.ts"
import { toldOf } from "../../../schemas/bright-light/generate/logs.ts"
import { finalRows, type Table } from "../../../schemas/bright-light/generate/replicas.ts"
import { tablesOf } from "../../../schemas/bright-light/generate/tables.ts"
import { timeText } from "../../../schemas/bright-light/generate/text.ts"
import { visitsOf } from "../../../schemas/bright-light/generate/visits.ts"
import { finalObserved } from "../../../schemas/bright-light/generate/weather.ts"
import type { Made } from "../../../src/contract/index.ts"
import { bytesOf } from "../../../src/generate/write-project.ts"
import { repartition } from "../../../src/repartition/repartition.ts"
import { realData } from "../../acceptance/support.ts"
import { freshFolder, freshStore, rowsOf } from "../../repartition/lake.ts"
import { ingested, put } from "../taken.ts"
import { contracts, differenceOf, lineOf, noDifference } from "./lake.ts"

/** What the company's files say, once Sluice has taken them, is what they were made of: in every form that agents and DMS write. */

const landed = ({ files }: Made) =>
  Effect.map(freshFolder(), (folder) => {
    for (const { path, content } of files) put(folder, path, bytesOf(content))
    return folder
  })

const contractOf = (name: string) => {
  const found = contracts.find(({ contract }) => contract.name === name)
  assert.isDefined(found)
  return found
}

/** Rows of a query over the lake as lines, times with six places. */
const linesIn = (table: string, columns: ReadonlyArray<{ readonly name: string; readonly isTime: boolean }>) =>
  Effect.map(
    rowsOf(
      `SELECT ${columns.map(({ name, isTime }) => (isTime ? `strftime(${name}::TIMESTAMPTZ AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%f') AS ${name}` : `${name}::VARCHAR AS ${name}`)).join(", ")} FROM ${table}`
    ),
    (rows) => rows.map((row) => lineOf(JSON.parse(row))).sort()
  )

const held = (folder: string, name: string, rows: Iterable<{ readonly [column: string]: unknown }>) =>
  Effect.gen(function* () {
    const contract = contractOf(name)
    yield* ingested(folder, contract)
    yield* repartition({ contract })
    const columns = contract.consumableColumns.flatMap((column) =>
      column.kind === "leaf" &&
      column.sensitive === undefined &&
      !["op", "commit_time", "change_sequence", "revised_at"].includes(column.name)
        ? [{ name: column.name, isTime: column.leaf.type === "timestamp" }]
        : []
    )
    const expected = [...rows].map((row) => lineOf(Object.fromEntries(columns.map((column) => [column.name, row[column.name] ?? null]))))
    assert.isAbove(expected.length, 0, name)
    assert.deepStrictEqual(differenceOf(yield* linesIn(`consumable_${name}`, columns), expected.sort()), noDifference, name)
  })

const heldTables = (folder: string, tables: ReadonlyArray<Table>) =>
  Effect.forEach(tables, (table) => held(folder, table.name, finalRows(table)), { discard: true })

describe("files of the company", () => {
  it.live("say what its databases hold, whatever form each table comes in", () =>
    Effect.gen(function* () {
      const [seed, size] = [2, 3]
      const folder = yield* landed(company.make({ seed, size }))
      yield* heldTables(folder, tablesOf(makeCompany(seed, size)))
    }).pipe(Effect.provide(freshStore), Effect.scoped)
  )

  it("say of the weather what counts, if of all revisions the newest is taken, in whatever order they come", () => {
    const [seed, size] = [2, 3]
    const newest = new Map<string, { readonly [column: string]: string }>()
    const files = [...company.make({ seed, size }).files].filter(({ path }) => path.endsWith("/weather_observed.csv"))
    let records = 0
    for (const { content } of files.reverse()) {
      const [names = [], ...rows] = Buffer.from(bytesOf(content))
        .toString()
        .trimEnd()
        .split("\n")
        .map((line) => line.split(","))
      for (const cells of rows) {
        const row = Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ""]))
        const key = `${row["zip"]} ${row["observed_on"]}`
        if ((newest.get(key)?.["revised_at"] ?? "") <= (row["revised_at"] ?? "")) newest.set(key, row)
        records++
      }
    }
    assert.deepStrictEqual([...newest.values()].map(lineOf).sort(), finalObserved(makeCompany(seed, size)).map(lineOf).sort())
    // Some came twice, or were corrected.
    assert.isAbove(records, newest.size)
  })

  it.live("say of every request what its server tells, however its lines are carried", () =>
    Effect.gen(function* () {
      const [seed, size] = [2, 6]
      const folder = yield* landed(company.make({ seed, size }))
      const contract = contractOf("web_logs")
      const requests = visitsOf(makeCompany(seed, size))
      assert.strictEqual(yield* ingested(folder, contract), requests.length)
      const names = ["server", "vhost", "datetime", "request", "status", "bytes", "duration_micros", "referer", "agent"]
      const columns = names.map((name) => ({ name, isTime: name === "datetime" }))
      const expected = requests.map((request) => {
        const { server, vhost, duration } = toldOf(request)
        const { at, method, target, status, bytes, referer, agent } = request
        const said = { server, vhost, duration_micros: duration, datetime: timeText(at), request: `${method} ${target} HTTP/1.1` }
        return lineOf({ ...said, status, bytes, referer, agent })
      })
      assert.strictEqual(new Set(requests.map(({ server }) => server)).size, 4)
      assert.deepStrictEqual(differenceOf(yield* linesIn("stage_web_logs", columns), expected.sort()), noDifference)
    }).pipe(Effect.provide(freshStore), Effect.scoped)
  )

  const bicycles = realData("adventureworks_lt")
  it.live.skipIf(bicycles === undefined)("that are made of AdventureWorks say what is in it, and no password", () =>
    Effect.gen(function* () {
      const made = adapters["adventureworks"]?.make(bicycles ?? "")
      assert.isDefined(made)
      const folder = yield* landed(made)
      yield* heldTables(folder, adventureworksTables(bicycles ?? ""))
      const [hash = ""] = /[A-Za-z0-9+/]{43}=/.exec(readFileSync(join(bicycles ?? "", "Customer.csv"), "utf8")) ?? []
      assert.strictEqual(hash.length, 44)
      for (const { path, content } of adapters["adventureworks"]?.make(bicycles ?? "").files ?? [])
        assert.notInclude(Buffer.from(bytesOf(content)).toString("latin1"), hash, path)
    }).pipe(Effect.provide(freshStore), Effect.scoped)
  )
})

describe("a data set that is none", () => {
  const fails = (name: string, files: { readonly [name: string]: string | Uint8Array }, problem: RegExp) =>
    it.live(`is told by its file: ${name}, ${problem.source}`, () =>
      Effect.gen(function* () {
        const folder = yield* freshFolder()
        for (const [file, content] of Object.entries(files)) put(folder, file, content)
        assert.throws(() => [...(adapters[name]?.make(folder).files ?? [])], problem)
      }).pipe(Effect.scoped)
    )
  fails("superstore", {}, /has no Orders\.csv, nor Orders\.csv\.gz/)
  fails("superstore", { "Orders.csv": "Row ID,Order ID\n1,2\n" }, /has no column Order ID, Order Date/)
  fails("complete-journey", { "transactions_sample.csv.gz": "no gzip" }, /cannot be unpacked/)
  fails("adventureworks", { "Address.csv": new Uint8Array([65, 44, 0xff, 10]) }, /is not in utf-8/)
  fails("ghcn", { "ghcn_x.csv": 'STATION,NAME,DATE,PRCP,TMAX,TMIN\nUSX,"X, WA US",2018-01-01,0,1,2\n' }, /station USX .*stations\.csv/)
  fails("ghcn", { "ghcn_x.csv": "STATION,NAME,DATE,PRCP,TMAX,TMIN\nUSX\n" }, /record 1: 1 fields/)
  fails("access-logs", { "a.log": "no line\n" }, /has no line of an access log/)
})
