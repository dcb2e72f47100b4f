import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { afterAll, expect, it } from "vitest"
import vtex from "../../schemas/vtex/project.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { parquetFiles } from "../../src/duckdb/sql.ts"
import { openRegistrar } from "../../src/firehose/register.ts"
import { generateOrders } from "../../src/generate/generate.ts"
import { verify } from "../../src/lake/verify.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { localStore } from "../../src/store/local-store.ts"
import { compiledOrders } from "../contract/orders.ts"
import { pageOf, settings } from "../decode/support.ts"
import { fixtureByHive, fixturePage, fixturePath } from "../firehose/fixture-records.ts"
import { glueOf, linesOf } from "../firehose/structured.ts"
import { pagesSource, run } from "../ingest/support.ts"
import { rowsOf } from "../repartition/lake.ts"
import { setUp } from "./setup.ts"

/** What Firehose writes with, real: Hive's SerDe makes files of structured JSON, and the stage and the table for users are those of ingest. */
const folder = mkdtempSync(join(tmpdir(), "sluice-hive-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const contracts = vtex.contracts.map(compileContract)
const arrivedAt = Date.UTC(2026, 10, 20, 7)
const orders = [...generateOrders({ orders: 60, seed: 5, dirt: 0.1 })].map(({ bytes }) => bytes)
const page = () => pageOf(orders, { shard: "s3://raw/a", arrivedAt })
const given = [{ contract: compiledOrders, page: fixturePage }, ...contracts.map((contract) => ({ contract, page }))]
const target = (name: string) => join(folder, name, "stage", name, fixturePath)

it("writes files that are registered, folded and checked as those of ingest are", async () => {
  const tables = given.map(({ contract, page }) => {
    const { name } = contract.contract
    const lines = join(folder, `${name}.json`)
    writeFileSync(lines, linesOf(contract, page()).join(""))
    return { lines, columns: glueOf(contract), target: target(name) }
  })
  const done = spawnSync(setUp().python, [join(import.meta.dirname, "hive_parquet.py")], {
    cwd: folder,
    input: JSON.stringify({ folder, tables }),
    env: { ...process.env, TZ: "UTC" },
    encoding: "utf8"
  })
  expect([done.status, done.status === 0 ? "" : done.stderr.slice(-4000)]).toEqual([0, ""])

  for (const { contract, page } of given) {
    const { name } = contract.contract
    const rows = Effect.gen(function* () {
      yield* repartition({ contract })
      return yield* rowsOf(`SELECT * EXCLUDE (_source) FROM consumable_${name} ORDER BY _shard, length(_sequence_number), _sequence_number`)
    })
    const byFirehose = await Effect.gen(function* () {
      const registrar = yield* openRegistrar({ contract, hashing: { key: settings.hashKey, change: false } })
      expect((yield* registrar.register([fixturePath], () => Effect.void)).added).toEqual([fixturePath])
      const found = yield* rows
      const checks = yield* Effect.flatMap(openDuckDB({ threads: 1 }), (duckdb) => verify([contract], duckdb))
      expect(checks.filter(({ ok }) => !ok)).toEqual([])
      return found
    }).pipe(Effect.scoped, Effect.provide(localStore(join(folder, name))), Effect.runPromise)
    const byIngest = await Effect.gen(function* () {
      yield* run(pagesSource([page()]), { contract, decode: settings })
      return yield* rows
    }).pipe(Effect.scoped, Effect.provide(localStore(join(folder, `${name}-ingested`))), Effect.runPromise)
    expect(byFirehose.length).toBeGreaterThan(20)
    expect(byFirehose).toEqual(byIngest)
  }
})

it("has written the fixture of the other tests", async () => {
  const rowsIn = (file: string) =>
    Effect.flatMap(openDuckDB({ threads: 1 }), (duckdb) => duckdb.rows(`SELECT * FROM ${parquetFiles([file])}`)).pipe(
      Effect.scoped,
      Effect.runPromise
    )
  expect(await rowsIn(fixtureByHive)).toEqual(await rowsIn(target("orders")))
  expect(readFileSync(fixtureByHive).length).toBeLessThan(40_000)
})
