import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { root, sluice, sluiceJson } from "./sluice.ts"

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-docs-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const filesIn = async (site: string): Promise<ReadonlyMap<string, string>> => {
  const names = (await readdir(site)).sort()
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(site, name), "utf8")] as const)))
}

it("a project's pages are written without a lake, the same each time, in the place of earlier ones", async () => {
  const site = join(folder, "below", "site")
  const olist = (...args: ReadonlyArray<string>) => [
    "docs",
    "--project",
    join(root, "schemas/olist"),
    "--lake",
    join(folder, "none"),
    ...args
  ]
  const said = await sluice(olist("--output", site))
  expect([said.code, said.stderr]).toEqual([0, ""])
  expect(said.stdout).toContain(`${join(site, "index.html")}: 8 datasets, 14 models, tests: 91 not run yet\n`)
  expect(said.stdout).toContain("There is no lake at")
  const written = await filesIn(site)
  expect([...written.keys()]).toEqual(expect.arrayContaining(["index.html", "tests.html", "style.css", "dataset.orders.html"]))
  // A page of what is there no more, and two that nobody here made.
  await writeFile(join(site, "model.gone.html"), written.get("index.html") ?? "")
  await writeFile(join(site, "model.mine.html"), "mine")
  await writeFile(join(site, "CNAME"), "mine")
  const again = await sluiceJson(olist("--output", site))
  expect(again).toMatchObject({ output: site, lake: null, datasets: 8, models: 14, tests: { pass: 0, warn: 0, fail: 0, notRun: 91 } })
  expect(again.files).toEqual([...written.keys()])
  expect(await filesIn(site)).toEqual(new Map([...written, ["model.mine.html", "mine"], ["CNAME", "mine"]]))
  // No lake is made by looking for one.
  expect(await readdir(folder)).toEqual(["below"])
})

it("a file that is of no site is not written over", async () => {
  const site = join(folder, "taken")
  await mkdir(site)
  await writeFile(join(site, "index.html"), "<p>mine</p>")
  const { code, stdout, stderr } = await sluice(["docs", "--output", site])
  expect([code, stdout]).toEqual([1, ""])
  expect(stderr).toContain("has index.html already, which sluice docs has not made. Nothing was written.")
  expect(await readdir(site)).toEqual(["index.html"])
  const file = await sluice(["docs", "--output", join(site, "index.html")])
  expect([file.code, file.stdout]).toEqual([1, ""])
  expect(file.stderr).toContain("--output")
})

it("the numbers are those of the lake, and models that cannot be read are told", async () => {
  const shop = join(folder, "shop")
  const lake = join(folder, "lake")
  expect((await sluice(["init", shop])).code).toBe(0)
  const project = ["--project", shop, "--lake", lake]
  const ran = await sluice(["run", "--once", ...project, "--input", join(shop, "data")], { SLUICE_HASH_KEY: "0123456791abcdef".repeat(2) })
  expect(ran.code, ran.stderr).toBe(0)
  const site = join(folder, "shop-site")
  expect(await sluiceJson(["docs", ...project, "--output", site])).toMatchObject({ lake: `file://${lake}`, datasets: 1 })
  const status = await sluiceJson(["status", ...project])
  const [run] = await sluiceJson(["runs", ...project])
  const files = await filesIn(site)
  const page = files.get("dataset.orders.html") ?? ""
  expect(status.datasets[0].consumable.rows).toBeGreaterThan(0)
  for (const { rows, version, files: count, bytes } of [status.datasets[0].stage, status.datasets[0].consumable])
    expect(page).toContain(
      [rows, version, count, bytes].map((n: number) => `<td class="number">${n.toLocaleString("en-US")}</td>`).join("")
    )
  expect(page).toContain("✓ complete")
  expect(files.get("index.html")).toContain(`As of the last run on the lake, which ended <time datetime="${run.ended_at}">`)
  await sluiceJson(["docs", ...project, "--output", site])
  expect(await filesIn(site)).toEqual(files)

  await mkdir(join(shop, "models"), { recursive: true })
  const write = (name: string, lines: ReadonlyArray<string>) => writeFile(join(shop, "models", name), `${lines.join("\n")}\n`)
  await write("by_currency.sql", [
    "{{ config(materialized='table') }}",
    "select currency, count(*) as orders, min(total) as least from {{ source('consumable', 'orders') }} group by 1"
  ])
  await write("most.sql", ["select currency from {{ ref('by_currency') }}"])
  const warns = "range: { arguments: { min: 1000000000 }, config: { severity: warn } }"
  await write("models.yml", [
    "models:",
    "  - name: by_currency",
    `    columns: [{ name: currency, data_tests: [unique] }, { name: least, data_tests: [{ ${warns} }] }]`
  ])
  const before = await sluiceJson(["docs", ...project, "--output", site])
  expect(before).toMatchObject({ models: 2, tests: { pass: 0, warn: 0, notRun: 2 } })
  await sluiceJson(["build", ...project])
  expect(await sluiceJson(["docs", ...project, "--output", site])).toMatchObject({ tests: { pass: 1, warn: 1, fail: 0, notRun: 0 } })
  const [{ n, least }] = await sluiceJson(["query", "--lake", lake, "SELECT count(*) AS n, min(least) AS least FROM by_currency"])
  const built = await filesIn(site)
  const model = (built.get("model.by_currency.html") ?? "").replaceAll("<wbr>", "")
  expect(model).toContain(`<code>marts/by_currency</code></td><td class="number">${n}</td>`)
  expect(model).toMatch(/range_.*! warned.*<td class="number">[1-9]\d*<\/td>/s)
  expect(model).toContain("decimal(")
  expect([...built.values()].filter((page) => page.includes(String(least)))).toEqual([])
  expect(built.get("model.most.html")).toContain("a view")

  await write("wrong.sql", ["select * from {{ ref('nobody') }}"])
  const wrong = await sluice(["docs", ...project, "--output", site])
  expect([wrong.code, wrong.stdout]).toEqual([78, ""])
  expect(wrong.stderr).toContain("models/wrong.sql:1: there is no model nobody")
  expect(await filesIn(site)).toEqual(built)
})
