import { existsSync } from "node:fs"
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { eventually } from "../passing-time.ts"
import { sluice, sluiceJson, start } from "./sluice.ts"

const project = `import { defineContract, defineProject, text, timestamp, versions } from "sluice/contract"

const of = (name: string, arrives?: ReadonlyArray<string>) => defineContract({
  name, title: name, owner: "shop", sensitivity: "internal", description: "Records.", fields: { id: text("Id."), at: timestamp("When.") },
  table: versions({ key: ["id"], version: "at", by: { day: "at" } }), eventTime: { field: "at" }, drops: [], expectations: [], keepUnknown: false, ...(arrives === undefined ? {} : { arrives })
})
export default defineProject({ name: "shop", contracts: [of("orders"), of("returns", ["returns-*", "back/**"]), of("carts", ["carts/*"])] })
`
const record = (id: string) => `${JSON.stringify({ id, at: "2026-11-20T07:00:00Z" })}\n`

let folder = ""
let env: Readonly<Record<string, string>> = {}
const lakeOf = (name: string) => ["--lake", join(folder, name)]
const input = () => ["--input", join(folder, "in")]
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-datasets-"))
  env = { SLUICE_PROJECT: join(folder, "shop") }
  for (const path of ["shop", "in/back/2026"]) await mkdir(join(folder, path), { recursive: true })
  await writeFile(join(folder, "shop", "project.ts"), project)
  await writeFile(join(folder, "in", "a.ndjson"), record("o-1") + record("o-2"))
  await writeFile(join(folder, "in", "returns-1.ndjson"), record("r-1"))
  await writeFile(join(folder, "in", "back", "2026", "x.json"), record("r-2"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const rows = (dataset: { readonly dataset: string; readonly counts: { readonly rows: number } }) => [dataset.dataset, dataset.counts.rows]

describe("datasets of a project whose files are there", () => {
  it("are carried by one run, each with its own files, and what is not there is not made", async () => {
    const ran = await sluiceJson(["run", "--once", ...input(), ...lakeOf("lake")], env)
    expect(ran.datasets.map(rows)).toEqual([
      ["orders", 2],
      ["returns", 2]
    ])
    expect(ran.repartitions.map((each: { dataset: string; rowsAdded: number }) => [each.dataset, each.rowsAdded])).toEqual([
      ["orders", 2],
      ["returns", 2]
    ])
    expect([ran.counts.rows, ran.commits, ran.left, existsSync(join(folder, "lake", "stage", "carts"))]).toEqual([4, 2, 0, false])
    const [again, verified] = [
      await sluiceJson(["run", "--once", ...input(), ...lakeOf("lake")], env),
      await sluiceJson(["verify", ...lakeOf("lake")], env)
    ]
    expect([again.commits, verified.ok]).toEqual([0, true])
  })

  it("take what comes through a pipe, where one is named", async () => {
    const piped = await sluice(["ingest", "--dataset", "returns", "--input", "-", ...lakeOf("piped"), "--json"], env, record("r-9"))
    expect([piped.code, JSON.parse(piped.stdout).counts.rows]).toEqual([0, 1])
  })

  it("are repartitioned together", async () => {
    await sluiceJson(["ingest", ...input(), ...lakeOf("stage")], env)
    const { datasets } = await sluiceJson(["repartition", ...lakeOf("stage")], env)
    expect(datasets.map((each: { dataset: string; rowsAdded: number }) => [each.dataset, each.rowsAdded])).toEqual([
      ["orders", 2],
      ["returns", 2]
    ])
    expect((await sluiceJson(["repartition", "--dataset", "returns", ...lakeOf("stage")], env)).kind).toBe("up-to-date")
  })

  it("are told one by one where they cannot be repartitioned, by what each lacks", async () => {
    await sluiceJson(["ingest", ...input(), ...lakeOf("lacking")], env)
    const stage = join(folder, "lacking", "stage")
    const losing = async (dataset: string) => {
      const files = (await readdir(join(stage, dataset), { recursive: true })).filter((path) => path.endsWith(".parquet"))
      for (const path of files.filter((path) => !path.startsWith("_"))) await rm(join(stage, dataset, path))
    }
    await losing("returns")
    const one = await sluice(["repartition", ...lakeOf("lacking")], env)
    expect([one.code, one.stdout]).toEqual([1, expect.stringMatching(/^orders: 2 rows/)])
    expect(one.stderr).toContain("repartition of returns")
    await rm(join(folder, "lacking", "consumable"), { recursive: true })
    await losing("orders")
    const both = await sluice(["repartition", ...lakeOf("lacking")], env)
    expect([both.code, both.stdout]).toEqual([1, ""])
    expect(both.stderr).toMatch(/repartition of returns.*sluice: repartition of orders/s)
  })

  it("one that is named takes its files alone, and says that others are left", async () => {
    const { code, stdout } = await sluice(["ingest", "--dataset", "returns", ...input(), ...lakeOf("one")], env)
    expect([code, stdout]).toEqual([0, expect.stringContaining("2 records became 2 rows")])
    expect(stdout).toContain("1 file is of no dataset that was carried")
    expect(existsSync(join(folder, "one", "stage", "orders"))).toBe(false)
    // A file that is named together with its dataset is of it, whatever it is called.
    const named = await sluiceJson(["ingest", "--dataset", "carts", "--input", join(folder, "in", "a.ndjson"), ...lakeOf("one")], env)
    expect(named.datasets.map(rows)).toEqual([["carts", 2]])
  })

  it("are followed together; one of which nothing is there begins with its first file", async () => {
    const { child, done } = start(
      ["run", ...input(), ...lakeOf("followed"), "--batch-age", "200ms", "--poll-interval", "100ms", "--json"],
      env
    )
    const isThere = (dataset: string) =>
      existsSync(join(folder, "followed", "stage", dataset, "_delta_log", `${"1".padStart(20, "0")}.json`))
    await eventually(() => isThere("orders") && isThere("returns"))
    expect(existsSync(join(folder, "followed", "stage", "carts"))).toBe(false)
    await mkdir(join(folder, "in", "carts"))
    await writeFile(join(folder, "in", "carts", "c.ndjson"), record("c-1"))
    await eventually(() => isThere("carts"))
    child.kill("SIGTERM")
    const { code, stdout } = await done
    expect([code, JSON.parse(stdout).datasets.map(rows)]).toEqual([
      0,
      [
        ["orders", 2],
        ["returns", 2],
        ["carts", 1]
      ]
    ])
  })

  it("a contract that cannot be used is told before its files are taken for another's", async () => {
    await mkdir(join(folder, "broken"))
    await writeFile(join(folder, "broken", "project.ts"), project.replace('"carts/*"', '"/carts"'))
    const { code, stderr } = await sluice(["ingest", "--project", join(folder, "broken"), ...input(), ...lakeOf("none")])
    expect([code, stderr]).toEqual([78, expect.stringContaining('arrives has "/carts", which is no path below the input folder')])
    expect(existsSync(join(folder, "none"))).toBe(false)
  })
})
