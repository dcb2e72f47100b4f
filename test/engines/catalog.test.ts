import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { CreateDatabaseCommand, CreateTableCommand, GetDatabaseCommand, GetTablesCommand, GlueClient } from "@aws-sdk/client-glue"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { sluice, sluiceJson } from "../cli/sluice.ts"
import { type Moto, motoEnvironment, startMoto } from "./moto.ts"

/** The real command, with the real SDK, against a server that stands in for Glue and S3. */
let moto: Moto
let folder = ""
let shop = ""
let env: Readonly<Record<string, string>> = {}
let glue: GlueClient

beforeAll(async () => {
  moto = await startMoto()
  folder = mkdtempSync(join(tmpdir(), "sluice-catalog-"))
  shop = join(folder, "shop")
  env = {
    ...motoEnvironment,
    SLUICE_PROJECT: shop,
    SLUICE_S3_ENDPOINT: moto.endpoint,
    SLUICE_GLUE_ENDPOINT: moto.endpoint,
    SLUICE_HASH_KEY: "swordfish swordfish",
    SLUICE_THREADS: "1"
  }
  Object.assign(process.env, motoEnvironment)
  glue = new GlueClient({ endpoint: moto.endpoint, region: motoEnvironment.AWS_REGION })
  await sluiceJson(["init", shop])
})
afterAll(async () => {
  glue.destroy()
  await moto.stop()
  rmSync(folder, { recursive: true, force: true })
})

const tablesOf = async (database: string) =>
  new Map(((await glue.send(new GetTablesCommand({ DatabaseName: database }))).TableList ?? []).map((table) => [table.Name, table]))

const sync = (lake: string, database: string, ...more: ReadonlyArray<string>) =>
  sluiceJson(["catalog", "sync", "--lake", lake, "--glue-database", database, ...more], env)
const actionsOf = ({ tables }: { tables: ReadonlyArray<{ table: string; action: string }> }) =>
  Object.fromEntries(tables.map(({ table, action }) => [table, action]))

const run = (lake: string, ...more: ReadonlyArray<string>) =>
  sluiceJson(["run", "--once", "--input", join(shop, "data"), "--lake", lake, ...more], env)

const all = (action: string) => ({ raw_orders: action, orders: action, dead_letters: action, runs: action })

/** Gives orders one field more, and one more order. */
const evolve = (field: string): void => {
  const file = join(shop, "orders.ts")
  writeFileSync(file, readFileSync(file, "utf8").replace("fields: {", `fields: {\n    ${field}: text("New."),`))
  writeFileSync(
    join(shop, "data", `orders-${field}.ndjson`),
    `${JSON.stringify({ orderId: field, changedAt: "2026-11-21T10:00:00Z", [field]: "yes" })}\n`
  )
}

describe("the catalog of a lake in a bucket", () => {
  it("is made, is in step, and follows an evolution", async () => {
    const lake = `s3://${await moto.bucket()}/some lake`
    await run(lake)
    const dry = await sync(lake, "first", "--dry-run")
    expect([dry.databaseCreated, actionsOf(dry)]).toEqual([true, all("create")])
    await expect(tablesOf("first")).rejects.toThrow("first")
    const text = await sluice(["catalog", "sync", "--lake", lake, "--glue-database", "first", "--dry-run"], env)
    expect(text.stdout).toContain("Database first: would be created.")
    expect(text.stdout).toMatch(/raw_orders +stage\/orders +would be created\n/)

    expect(actionsOf(await sync(lake, "first"))).toEqual(all("create"))
    const { Database } = await glue.send(new GetDatabaseCommand({ Name: "first" }))
    expect(Database?.LocationUri).toBe(`${lake}/`)
    const tables = await tablesOf("first")
    expect(tables.get("orders")).toMatchObject({
      Owner: "shop",
      TableType: "EXTERNAL_TABLE",
      Parameters: { table_type: "DELTA", "spark.sql.sources.provider": "delta", sensitivity: "personal" },
      PartitionKeys: [{ Name: "change_date", Type: "date" }],
      StorageDescriptor: { Location: `${lake}/consumable/orders/` }
    })
    expect(tables.get("runs")?.StorageDescriptor?.Columns?.map(({ Name }) => Name)).toContain("run_id")
    const again = await sluice(["catalog", "sync", "--lake", lake, "--glue-database", "first"], env)
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining("Nothing to do.")])

    evolve("coupon")
    await run(lake)
    const evolved = await sync(lake, "first")
    expect(actionsOf(evolved)).toEqual({ ...all("nothing"), raw_orders: "update", orders: "update" })
    // What the new run found is told, too.
    expect(evolved.tables.find(({ table }: { table: string }) => table === "orders").changes).toEqual([
      "columns added: coupon",
      "parameters: last_check"
    ])
    expect(actionsOf(await sync(lake, "first"))).toEqual(all("nothing"))
  })

  it("leaves alone what is somebody else's, and says so", async () => {
    const lake = `s3://${await moto.bucket()}/lake`
    await run(lake)
    await glue.send(new CreateDatabaseCommand({ DatabaseInput: { Name: "shared" } }))
    const theirs = { Name: "orders", Parameters: { classification: "parquet" }, StorageDescriptor: { Location: "s3://theirs/orders/" } }
    await glue.send(new CreateTableCommand({ DatabaseName: "shared", TableInput: theirs }))
    const { code, stdout, stderr } = await sluice(["catalog", "sync", "--lake", lake, "--glue-database", "shared"], env)
    expect([code, stdout]).toEqual([1, expect.stringContaining("left alone: it is no Delta table")])
    expect(stderr).toContain("1 table is not in the catalog, where the name is somebody else's: orders.")
    expect((await tablesOf("shared")).get("orders")).toMatchObject(theirs)
    expect((await tablesOf("shared")).has("raw_orders")).toBe(true)
  })

  it("is one where several sync at once", async () => {
    const lake = `s3://${await moto.bucket()}/lake`
    await run(lake)
    await Promise.all([sync(lake, "busy"), sync(lake, "busy")])
    expect(actionsOf(await sync(lake, "busy"))).toEqual(all("nothing"))
  })

  it("is told by the commands that commit, and holds up none", async () => {
    const lake = `s3://${await moto.bucket()}/lake`
    const told = ["--catalog", "glue", "--glue-database", "told"]
    await run(lake, ...told)
    expect([...(await tablesOf("told")).keys()].sort()).toEqual(Object.keys(all("")).sort())
    evolve("voucher")
    const { stderr } = await sluice(["ingest", "--input", join(shop, "data"), "--lake", lake, ...told], env)
    expect(stderr).toContain("table told.raw_orders in the catalog: updated: columns added: voucher")
    await sluiceJson(["repartition", "--lake", lake, ...told], env)
    // Columns are there already; what models say, and what runs found, comes with a sync.
    const later = await sync(lake, "told")
    for (const { changes } of later.tables) expect(changes.join()).toMatch(/^(owner,|description,)*parameters: /)
    expect(actionsOf(await sync(lake, "told"))).toEqual(all("nothing"))

    evolve("refund")
    const away = { ...env, SLUICE_GLUE_ENDPOINT: `${moto.endpoint}/nothing-here` }
    const failed = await sluice(["run", "--once", "--input", join(shop, "data"), "--lake", lake, ...told], away)
    expect([failed.code, failed.stderr]).toEqual([0, expect.stringContaining("Mend it with: sluice catalog sync")])
    const { checks } = await sluiceJson(["doctor", "--lake", lake, ...told], env)
    expect(checks.find(({ check }: { check: string }) => check === "catalog")).toMatchObject({ ok: true })
  })
})
