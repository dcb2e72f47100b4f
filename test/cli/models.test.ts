import type { ChildProcess } from "node:child_process"
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, relative, resolve } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { rowsIn } from "./in-process.ts"
import { root, sluice, sluiceJson, start } from "./sluice.ts"

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-models-"))
  await mkdir(join(folder, "models"))
  // A project that lies anywhere.
  const from = join(root, "schemas/web")
  for (const name of ["access-log.ts", "hits.ts"]) {
    const text = await readFile(join(from, name), "utf8")
    await write(name, [text.replaceAll(/"\.\.\/\.\.\/src\/contract\/[a-z]+\.ts"/g, '"sluice/contract"')])
  }
  await write("project.ts", [
    'import { defineProject } from "sluice/contract"',
    'import { webLogs } from "./access-log.ts"',
    'import { hits } from "./hits.ts"',
    'export default defineProject({ name: "web", contracts: [webLogs, hits] })'
  ])
  await write("models/by_day.sql", [
    "{{ config(materialized='table', tags=['daily']) }}",
    "select cast(_arrived_at as date) as day, count(*) as hits from {{ source('consumable', 'hits') }} group by 1"
  ])
  await write("models/busiest.sql", ["select day from {{ ref('by_day') }} order by hits desc nulls last limit {{ var('most', 3) }}"])
  await write("models/schema.yml", ["models:", "  - name: by_day", "    columns: [{ name: day, data_tests: [unique] }]"])
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const write = (path: string, lines: ReadonlyArray<string>): Promise<void> => writeFile(join(folder, path), `${lines.join("\n")}\n`)
const models = (...args: ReadonlyArray<string>) => sluice(["models", "--project", folder, ...args])

it("a project's models are listed, drawn, and shown as they run", async () => {
  const listed = await sluiceJson(["models", "--project", folder])
  expect(
    listed.map(({ name, materialization, inputs, tests }: { readonly [key: string]: unknown }) => [name, materialization, inputs, tests])
  ).toEqual([
    ["by_day", "table", ["consumable.hits"], 1],
    ["busiest", "view", ["by_day"], 0]
  ])
  expect((await models("--select", "tag:daily")).stdout).toBe("  by_day  table  of consumable.hits  1 test\n")
  expect((await models("--graph")).stdout).toContain("source_consumable_hits --> model_by_day\n")
  expect((await models("busiest")).stdout).toBe('select day from main."by_day" order by hits desc nulls last limit 3\n')
  expect((await models("by_day")).stdout).toContain('from main."consumable_hits" group by 1\n')
})

it("what is not there is refused by name, and all that is wrong by file and line", async () => {
  expect(await models("by_dya")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("there is no model by_dya. Did you mean by_day?")
  })
  expect(await models("--select", "+nothing")).toMatchObject({ code: 2, stdout: "" })
  await write("models/wrong.sql", ["select l[1]", "from {{ ref('by_dya') }}"])
  try {
    const { code, stderr } = await models()
    expect(code).toBe(78)
    expect(stderr).toContain("2 things are wrong with the models:")
    expect(stderr).toContain("models/wrong.sql:1: [ differs")
    expect(stderr).toContain("models/wrong.sql:2: ")
  } finally {
    await rm(join(folder, "models/wrong.sql"))
  }
})

describe("from a new project to a mart", () => {
  it("runs as README says it", { timeout: 120_000 }, async () => {
    const readme = await readFile(join(root, "README.md"), "utf8")
    const [script = ""] = /mkdir -p \/path\/to\/shop\/models[\s\S]*?(?=\n```)/.exec(readme) ?? []
    const parent = await mkdtemp(join(tmpdir(), "sluice-marts-"))
    const shop = join(parent, "shop")
    try {
      await sluiceJson(["init", shop])
      await sluiceJson(["run", "--once", "--project", shop, "--input", join(shop, "data"), "--lake", join(shop, "lake")])
      const [file = "", sql = ""] = /cat > (\S+) <<'SQL'\n([\s\S]*?)\nSQL/.exec(script)?.slice(1) ?? []
      await mkdir(join(shop, "models"))
      await writeFile(file.replace("/path/to/shop", shop), sql)
      const commands = [...script.matchAll(/npm run -s sluice -- (.*)/g)].map(([, line = ""]) =>
        [...line.replaceAll("/path/to/shop", shop).matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? "")
      )
      expect(commands.map(([name]) => name)).toEqual(["build", "query"])
      for (const command of commands) {
        const { code, stdout, stderr } = await sluice(command)
        expect([command, code, stderr.replaceAll(/^\d+ rows?\n$/g, "")]).toEqual([command, 0, ""])
        if (command[0] === "query") expect(stdout).toMatch(/2026-11-20\s+EUR\s+\d/)
      }
      const tests = await sluiceJson(["test", "--project", shop, "--lake", join(shop, "lake")])
      expect(tests.models).toEqual([{ kind: "tested", model: "sales_by_day", tests: [] }])
      await writeFile(
        join(shop, "models", "sales.yml"),
        "models:\n  - name: sales_by_day\n    columns:\n      - name: currency\n        data_tests:\n          - accepted_values: {arguments: {values: [USD]}}\n"
      )
      const failed = await sluice(["test", "--project", shop, "--lake", join(shop, "lake")])
      expect([failed.code, failed.stdout]).toEqual([1, expect.stringContaining("FAILS")])
      const held = await sluice(["build", "--full-refresh", "--project", shop, "--lake", join(shop, "lake")])
      expect([held.code, held.stderr]).toEqual([1, expect.stringContaining("1 test holds its rows back")])
      const moved = await sluiceJson([
        ...["run", "--once", "--after", "move", "--project", shop, "--input", join(shop, "data"), "--lake", join(shop, "lake2")]
      ]).catch(async () => null)
      // Its marts are held back there, too; what landed is in the lake all the same.
      expect(moved).toBeNull()
      expect(await readdir(join(shop, "data"))).toEqual(["_landed"])
      expect(await readdir(join(shop, "data", "_landed"))).toEqual(["orders-2026-11-20.ndjson"])
    } finally {
      await rm(parent, { recursive: true, force: true })
    }
  })
})

it("a project's folder becomes one of dbt, which reads what the lake has, and what people say of it stays", async () => {
  const lake = join(folder, "lake")
  expect(await models("--dbt", "--lake", lake)).toMatchObject({ code: 1, stdout: "" })
  await write("a.log", ['1.2.3.4 - - [20/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 12 "-" "curl/8"'])
  await sluiceJson(["ingest", "--project", folder, "--dataset", "web_logs", "--input", join(folder, "a.log"), "--lake", lake])
  const { files } = await sluiceJson(["models", "--project", folder, "--dbt", "--lake", lake])
  expect(files.map((file: string) => relative(folder, resolve(file)))).toEqual(
    expect.arrayContaining(["dbt_project.yml", "dbt/profiles.yml", "dbt/sources/sources.yml", "dbt/macros/history.sql"])
  )
  const sources = () => readFile(join(folder, "dbt/sources/sources.yml"), "utf8")
  const [part = ""] = (await readdir(join(lake, "stage/web_logs"), { recursive: true })).filter((name) => name.endsWith(".parquet"))
  expect(await sources()).toContain(join(lake, "stage/web_logs", part))
  // What was written is none of the project's models.
  expect(await sluiceJson(["models", "--project", folder])).toHaveLength(2)

  const own = "name: own\nvars: { most: 5 }\n"
  await writeFile(join(folder, "dbt_project.yml"), own)
  await rm(join(folder, "dbt"), { recursive: true })
  expect((await models("--dbt", "--lake", lake)).stdout).toContain(`Now, in ${folder}: dbt build --profiles-dir dbt\n`)
  expect(await sources()).toContain("web_logs")
  expect(await readFile(join(folder, "dbt_project.yml"), "utf8")).toBe(own)
})

describe("a run that follows", () => {
  it("builds marts behind each round of repartitions, and ends well", { timeout: 120_000 }, async () => {
    const shop = await mkdtemp(join(tmpdir(), "sluice-follow-"))
    const lake = join(shop, "lake")
    let process: ChildProcess | null = null
    try {
      await sluiceJson(["init", join(shop, "shop")])
      const at = join(shop, "shop")
      await mkdir(join(at, "models"))
      await writeFile(
        join(at, "models/orders_of_status.sql"),
        "{{ config(materialized='table') }}\nselect status, count(*) as orders from {{ source('consumable', 'orders') }} group by status\n"
      )
      const { child, done } = start([
        ...["run", "--project", at, "--input", join(at, "data"), "--lake", lake],
        ...["--repartition-every", "1s", "--batch-age", "1s", "--poll-interval", "1s"]
      ])
      process = child
      /** Waits until the mart says how many orders have a status. */
      const until = async (status: string, orders: number) => {
        for (;;) {
          const rows = await rowsIn(lake, `SELECT orders FROM orders_of_status WHERE status = '${status}'`).catch(() => [])
          if (rows.join() === JSON.stringify({ orders })) return
          expect(child.exitCode).toBeNull()
          await new Promise((next) => setTimeout(next, 300))
        }
      }
      await until("placed", 3)
      const order = { orderId: "B-1", changedAt: "2026-11-21T08:15:00Z", status: "lost", total: "1.00", currency: "EUR", items: [] }
      await writeFile(join(at, "data/orders-2026-11-21.ndjson"), `${JSON.stringify(order)}\n`)
      await until("lost", 1)
      child.kill("SIGTERM")
      expect((await done).code).toBe(0)
    } finally {
      process?.kill("SIGKILL")
      await rm(shop, { recursive: true, force: true })
    }
  })
})
