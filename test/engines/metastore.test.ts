import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { catalogName } from "../../src/catalog/names.ts"
import { syncCatalog } from "../../src/catalog/sync.ts"
import { lakeTables } from "../../src/lake/views.ts"
import { localStore } from "../../src/store/local-store.ts"
import { makeCatalog } from "../catalog/catalog-stand-in.ts"
import { rowsIn } from "../cli/in-process.ts"
import { sluiceJson } from "../cli/sluice.ts"
import { compiledOrders } from "../contract/orders.ts"
import { setUp } from "./setup.ts"

/** Glue speaks to Spark as a Hive metastore does: what a sync writes there must be enough for Spark to read each table by its name. */
let folder = ""
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-metastore-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const spark = (what: "register" | "read", job: unknown): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(setUp().python, [join(import.meta.dirname, "metastore.py"), what], { cwd: folder, stdio: ["pipe", "pipe", "pipe"] })
    const out: Array<Buffer> = []
    const err: Array<Buffer> = []
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk))
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk))
    child.on("error", reject)
    child.on("close", (code) =>
      code === 0
        ? resolve(Buffer.concat(out).toString())
        : reject(new Error(`Spark ended with ${code}: ${Buffer.concat(err).toString().slice(-4000)}`))
    )
    child.stdin.end(JSON.stringify(job))
  })

it("reads every table by its name, with the columns and partitions of its log", async () => {
  const shop = join(folder, "shop")
  const lake = join(folder, "lake")
  await sluiceJson(["init", shop])
  await sluiceJson(["run", "--once", "--project", shop, "--input", join(shop, "data"), "--lake", lake, "--threads", "1"], {
    SLUICE_HASH_KEY: "swordfish swordfish"
  })
  const catalog = makeCatalog(false)
  const tables = await Effect.gen(function* () {
    // What columns there are the logs say, whatever contract it is that gives the rest.
    const contracts = new Map([["orders", compiledOrders]])
    yield* syncCatalog(catalog.api, {
      database: "shop",
      contracts,
      about: null,
      datasets: null,
      shared: true,
      dryRun: false,
      allowDrop: false
    })
    return yield* lakeTables
  }).pipe(Effect.provide(localStore(lake)), Effect.runPromise)
  expect(tables).toHaveLength(4)

  const job = { jars: setUp().jars, folder, database: "shop", location: `file://${lake}/`, tables: catalog.tables() }
  await spark("register", job)
  const found = JSON.parse(await spark("read", job))
  for (const { view, table, snapshot } of tables) {
    const [counted] = await rowsIn(lake, `SELECT count(*) AS n FROM ${view}`)
    const { rows, columns, partitions } = found[catalogName(table.path)]
    expect(counted, view).toContain(String(rows))
    expect([columns, partitions], view).toEqual([snapshot.schema.fields.map(({ name }) => name), snapshot.metaData.partitionColumns])
  }
})
