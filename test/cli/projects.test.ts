import { existsSync } from "node:fs"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { sluice, sluiceJson } from "./sluice.ts"

const contract = `import { decimal, defineContract, type Fields, text, timestamp, versions } from "sluice/contract"

const fields: Fields = { number: text("Number."), at: timestamp("When."), email: text("Mail.", { sensitive: "hash" }), total: decimal(12, 2, "Total.") }
export const sales = defineContract({
  name: "sales", title: "Sales", owner: "shop", sensitivity: "personal", description: "What is sold.", fields,
  table: versions({ key: ["number"], version: "at", by: { day: "at" } }), eventTime: { field: "at" }, drops: [], expectations: [], keepUnknown: false
})
`
const project = `import { defineProject } from "sluice/contract"
import { sales } from "./contracts/sales.ts"

export default defineProject({ name: "shop", contracts: [sales] })
`
const sale = (i: number) => `${JSON.stringify({ number: `s-${i}`, at: "2026-11-20T07:00:00Z", email: "ana@example.com", total: "3.50" })}\n`

/** A project outside of this repository, where no package is. */
let folder = ""
let shop = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-projects-"))
  shop = join(folder, "shop")
  await mkdir(join(shop, "contracts"), { recursive: true })
  await writeFile(join(shop, "project.ts"), project)
  await writeFile(join(shop, "contracts", "sales.ts"), contract)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe("a project of somebody's own", () => {
  it("is carried once from its input to its table for users, by other threads too, and every command knows it", async () => {
    const lake = ["--lake", join(folder, "lake")]
    // Enough for other threads to be started, which load the project by themselves.
    const lines = Array.from({ length: 260_000 }, (_, i) => sale(i)).join("")
    await writeFile(join(folder, "sales.ndjson"), lines)
    const ran = await sluice(["run", "--once", "--project", shop, "--input", join(folder, "sales.ndjson"), ...lake, "--threads", "2"])
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining("260,000 records became 260,000 rows")])
    expect(ran.stderr).not.toContain("Warning")
    const env = { SLUICE_PROJECT: shop }
    const again = await sluiceJson(["run", "--once", "--input", join(folder, "sales.ndjson"), ...lake], env)
    expect(again).toMatchObject({ commits: 0, stopped: "end", repartitions: [{ dataset: "sales", kind: "up-to-date" }] })
    const [verified, status] = await Promise.all([sluiceJson(["verify", ...lake], env), sluiceJson(["status", ...lake], env)])
    expect([verified.ok, status.datasets[0]]).toEqual([true, expect.objectContaining({ dataset: "sales", known: true })])
    expect((await sluice(["contracts", "--project", join(shop, "project.ts")])).stdout).toContain("Sales")
    const { settings } = await sluiceJson(["doctor", "--project", shop, ...lake])
    expect(settings[0]).toMatchObject({ setting: "project", value: shop, origin: "flag" })
  })

  it("has derived files of its own, which are fresh or not", async () => {
    const stale = await sluice(["contracts", "--check", "--project", shop])
    expect([stale.code, stale.stderr]).toEqual([1, expect.stringContaining("sales.glue.json")])
    await sluiceJson(["contracts", "--write", "--project", shop])
    const fresh = await sluiceJson(["contracts", "--check", "--project", shop])
    expect(fresh.files.map((path: string) => path.replace(/.*\/shop\//, ""))).toEqual([
      "derived/sales.md",
      "derived/sales.schema.json",
      "derived/sales.glue.json"
    ])
  })

  it("says all that is wrong with it and with its contracts at once, where, and what to do", async () => {
    const wrong = join(folder, "wrong")
    await mkdir(join(wrong, "contracts"), { recursive: true })
    await writeFile(join(wrong, "project.ts"), project.replace('name: "shop"', 'nam: "shop"'))
    await writeFile(
      join(wrong, "contracts", "sales.ts"),
      contract.replace('"hash"', '"hashed"').replace('key: ["number"]', 'key: ["nummer"]')
    )
    const { code, stderr } = await sluice(["ingest", "--project", wrong, "--input", folder, "--lake", join(folder, "none")])
    expect(code).toBe(78)
    for (const text of [
      `the project (${join(wrong, "project.ts")}): name is missing: give text.`,
      "nam means nothing here. Did you mean name?",
      `contract sales (${join(wrong, "contracts", "sales.ts")}): field email: sensitive is "hashed"`,
      'table.key is "nummer", which is no field: give one of type text or long or integer or timestamp or date. Did you mean number?'
    ])
      expect(stderr).toContain(text)
    expect(stderr).not.toMatch(/^ +at /m)
  })

  it.each([
    ["a folder that is not there", null, /there is no project in .*: the folder is not there.*sluice init/],
    ["a folder without a project", "", /there is no project in .*: it has no project\.ts/],
    [
      "nothing of the kind as its default",
      "export default { name: 1 }",
      /exports an object as its default: write export default defineProject/
    ],
    [
      "a mistake of the language",
      "export default defineProjekt({})",
      /the project cannot be loaded: defineProjekt is not defined \(.*project\.ts:1:\d+\)/
    ],
    [
      "an import of nothing",
      'import "./nothing.ts"',
      /the project cannot be loaded: Cannot find module .*nothing\.ts' imported from .*project\.ts\. /
    ],
    [
      "no contract",
      'import { defineProject } from "sluice/contract"\nexport default defineProject({ name: "a", contracts: [] })',
      /contracts is an empty list/
    ]
  ])("is refused with %s", async (_, text, message) => {
    const other = await mkdtemp(join(folder, "other-"))
    if (text !== null && text !== "") await writeFile(join(other, "project.ts"), text)
    const given = text === null ? join(other, "nowhere") : other
    const { code, stderr } = await sluice(["contracts", "--project", given])
    expect([code, stderr]).toEqual([78, expect.stringMatching(message)])
    expect(stderr).not.toMatch(/^ +at /m)
  })

  it("is refused as a setting where it is empty", async () => {
    expect((await sluice(["status", "--project", ""])).code).toBe(2)
  })
})

describe("a dataset of which the newest rows are wanted", () => {
  it("is ingested and folded beside others, and what was deleted is gone", async () => {
    const both = join(folder, "both ways")
    await mkdir(join(both, "in"), { recursive: true })
    const fields = '{ id: text("Number."), n: integer("Revision."), gone: boolean("No longer sold?") }'
    const shared =
      'title: "T", owner: "o", sensitivity: "internal", description: "D.", drops: [], expectations: [], keepUnknown: false, fields' as const
    await writeFile(
      join(both, "project.ts"),
      `import { boolean, csv, defineContract, defineProject, events, integer, latest, text } from "sluice/contract"
const fields = ${fields}
const stock = defineContract({ name: "stock", ${shared}, arrives: ["stock*"], table: latest({ key: ["id"], order: "n", deleted: "gone", by: { bucket: 2 } }) })
const moves = defineContract({ name: "moves", ${shared}, format: csv({}), arrives: ["moves*"], table: events({ key: ["id", "n"], by: "none" }) })
export default defineProject({ name: "both", contracts: [stock, moves] })
`
    )
    await writeFile(
      join(both, "in", "stock.ndjson"),
      '{"id":"a","n":2}\n{"id":"b","n":7,"gone":true}\n{"id":"a","n":1}\n{"id":"b","n":6}\n'
    )
    await writeFile(join(both, "in", "moves.csv"), "id,n\na,1\na,1\n")
    await writeFile(join(both, "in", ".moves.csv"), "not read")
    const args = ["--project", both, "--lake", join(both, "lake")]
    const ran = await sluice(["run", "--once", ...args, "--input", join(both, "in")])
    expect([ran.code, ran.stderr]).toEqual([0, expect.not.stringContaining("latest")])
    // What nobody takes is told as by ingest.
    for (const text of ["6 records became 6 rows", "Files passed over: 1 with a hidden name", "became 1 row;"])
      expect(ran.stdout).toContain(text)
    const [verified, status, folded] = [
      await sluiceJson(["verify", ...args]),
      await sluice(["status", ...args]),
      await sluice(["repartition", ...args])
    ]
    expect(verified.ok).toBe(true)
    expect(JSON.stringify(verified)).not.toContain("sluice repartition takes them")
    const told = verified.checks
      .filter(({ table }: { table: string }) => table === "consumable/stock")
      .map(({ detail }: { detail: string }) => detail)
    expect(told).toEqual(expect.arrayContaining(["1 row, 1 key by id", "1 key by n", "1 key by gone", "1 key in 1 file"]))
    expect(status.stdout.match(/repartitioned up to now/g)).toHaveLength(2)
    expect([folded.code, folded.stdout]).toEqual([0, expect.stringContaining("stock: Nothing new")])
    expect((await sluice(["query", ...args, "SELECT id, n FROM consumable_stock", "--format", "csv"])).stdout).toBe("id,n\r\na,2\r\n")

    // Told again where content came that was not there, and commands that are recommended can be pasted.
    await writeFile(join(both, "in", "moves.csv"), "id,n\n,3\n")
    const again = await sluice(["run", "--once", ...args, "--input", join(both, "in")])
    expect(again.stdout).toContain("was replaced")
    expect(again.stdout).toContain(`sluice replay --project '${both}' --lake '${join(both, "lake")}'`)
    const missing = await sluice(["query", ...args, "FROM consumable_stocks"])
    expect(missing.stderr).toContain("The lake has: ")
    const stale = await sluice(["contracts", "--check", "--project", both])
    expect(stale.stderr).toContain(`contracts --write --project '${both}'`)
  })
})

it("a run carries no dataset from the sensitivity on that the project names, that nobody has approved", async () => {
  const guarded = join(folder, "guarded")
  await mkdir(join(guarded, "contracts"), { recursive: true })
  await writeFile(join(guarded, "project.ts"), project.replace("contracts:", 'approvalFrom: "personal", contracts:'))
  await writeFile(join(guarded, "contracts", "sales.ts"), contract)
  await writeFile(join(folder, "one.ndjson"), sale(1))
  const lake = join(folder, "guarded-lake")
  const run = () => sluice(["run", "--once", "--project", guarded, "--input", join(folder, "one.ndjson"), "--lake", lake])
  const refused = await run()
  expect([refused.code, refused.stdout]).not.toContain(0)
  expect(refused.stderr).toMatch(/contract sales.*"personal".*approval: \{ by, on \}.*sales\.ts/)
  expect(existsSync(lake)).toBe(false)
  await writeFile(
    join(guarded, "contracts", "sales.ts"),
    contract.replace("fields,\n", 'fields, approval: { by: "VP of sales, after security", on: "2026-11-02" },\n')
  )
  expect(await run()).toMatchObject({ code: 0, stdout: expect.stringContaining("1 record became 1 row") })
})
