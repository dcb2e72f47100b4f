/** The console in a real browser: what its pages show of a lake, and that they do it for everybody, safely. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { root, sluice, sluiceJson, start } from "../cli/sluice.ts"
import { originOf } from "../console/project-console.ts"
import { eventually } from "../passing-time.ts"
import { startBrowser } from "./chromium.ts"
import { keepPicture, keptOut, type Looked, lookAt, quiet } from "./look.ts"

let folder = ""
let lake = ""
let origin = ""
let browser: Browser
let console_: ReturnType<typeof start>

/** Markup as anybody may send it: it is shown, and never made. */
const markup = "<img src=x onerror=alert(1)>"
/** Orders as they were placed, and those of one origin a day earlier again, so that there is something to compare with. */
const ordersOf = (at: string, where: string) =>
  `select order_id, ${at} as placed_at, origin from consumable_checkout where status = 'order-created' and ${where}`
const placed = `(${ordersOf("creation_date", "true")} union all ${ordersOf("creation_date - interval 1 day", "origin = 'Fulfillment'")}) as placed`
const inPeriod = "placed_at >= $from and placed_at < $to"
const board = `title: Orders of a day
description: ${JSON.stringify(`What was placed ${markup}`)}
timezone: UTC
period: { default: today }
grain: hour
filters: [{ field: origin, label: Origin }]
queries:
  placed_orders:
    sql: select count(*) as orders from ${placed} where ${inPeriod}
    drill: placed_rows
  placed_over_time:
    sql: select date_trunc($grain, placed_at) as hour, count(*) as orders from ${placed} where ${inPeriod} group by 1 order by 1
  placed_by_origin:
    sql: select origin, count(*) as orders from ${placed} where ${inPeriod} group by 1 order by 2 desc, 1
  placed_by_state:
    sql: select case when origin = 'Fulfillment' then 'CA' else 'Texas' end as state, count(*) as orders from ${placed} where ${inPeriod} group by 1 order by 1
  placed_rows:
    description: Orders
    sql: select order_id, placed_at, origin, '${markup}' as note from ${placed} where ${inPeriod} order by placed_at, order_id
charts:
  - { title: Orders, query: placed_orders, kind: number, y: orders, compare: true }
  - { title: By hour, query: placed_over_time, kind: line, x: hour, y: orders, compare: true }
  - { title: By origin, query: placed_by_origin, kind: bar, x: origin, y: orders, compare: true }
  - { title: By state, query: placed_by_state, kind: map, x: state, y: orders, geography: us-states }
`

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-console-"))
  lake = join(folder, "lake")
  const project = join(folder, "project")
  await mkdir(join(project, "dashboards"), { recursive: true })
  await writeFile(join(project, "project.ts"), `export { default } from ${JSON.stringify(join(root, "schemas/vtex/project.ts"))}\n`)
  await writeFile(join(project, "dashboards/board.yaml"), board)
  for (const args of [
    ["generate", "--orders", "60", "--seed", "5", "--dirt", "0.1", "--out", join(folder, "in")],
    ["ingest", "--lake", lake, "--input", join(folder, "in")],
    ["repartition", "--lake", lake]
  ]) {
    const ran = await sluice(args)
    expect(ran.code, ran.stderr).toBe(0)
  }
  console_ = start(["console", "--lake", lake, "--project", project, "--port", "0", "--sql"])
  origin = await originOf(console_)
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  console_?.child.kill("SIGTERM")
  await console_?.done
  await rm(folder, { recursive: true, force: true })
})

const look = (address: string, width = 1440, colorScheme: "light" | "dark" = "light", from = origin): Promise<Looked> =>
  lookAt(browser, from, address, width, colorScheme)

const day = "preset=custom&from=2026-11-27&to=2026-11-27"
const pages: Readonly<Record<string, string>> = {
  "the list of dashboards": "/",
  "a dashboard": `/?v=1&page=dashboards&name=board&${day}&refresh=0`,
  "the catalog": "/?v=1&page=explore",
  lineage: "/?v=1&page=lineage",
  operations: "/?v=1&page=operate"
}

const text = (page: Page, selector: string): Promise<string> =>
  page
    .locator(selector)
    .first()
    .textContent()
    .then((text) => text ?? "")
const count = async (where: string): Promise<number> => {
  const [row] = await sluiceJson([
    "query",
    "--lake",
    lake,
    `SELECT count(*)::INT AS n FROM consumable_checkout WHERE status = 'order-created' AND ${where}`
  ])
  return Number(row?.n)
}

describe.each([
  [1440, "light"],
  [1440, "dark"],
  [390, "light"],
  [390, "dark"]
] as const)("at %i pixels, %s", (width, scheme) => {
  it.each(Object.entries(pages))("%s loads, complains of nothing, and keeps nobody out", async (name, address) => {
    const { page, problems } = await look(address, width, scheme)
    expect(await keptOut(page)).toEqual([])
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width)
    expect(problems).toEqual([])
    await keepPicture(page, `${name}-${width}-${scheme}`)
    await page.context().close()
  })
})

describe("a dashboard", () => {
  it("shows the numbers of its queries, by picture and by table, and compares them", async () => {
    const { page, problems } = await look(pages["a dashboard"] ?? "")
    const [all, before] = [await count("true"), await count("origin = 'Fulfillment'")]
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThan(all)
    const orders = page.locator("section[aria-label='Orders']")
    expect(await orders.locator(".figure").textContent()).toBe(String(all))
    expect(await orders.locator(".against").textContent()).toMatch(new RegExp(`^▲ \\+[\\d.]+% up\\s*${before} the period before$`))
    await page.getByRole("button", { name: "By origin as a table" }).click()
    const rows = await page.locator("section[aria-label='By origin'] tbody tr").allInnerTexts()
    expect(rows.map((row) => row.split(/\s+/)).find(([origin]) => origin === "Fulfillment")).toEqual(["Fulfillment", String(before)])
    await page.locator("section[aria-label='By state'] [data-mark=states] path").first().waitFor()
    expect(await page.locator("section[aria-label='By state'] [data-mark=states] path").count()).toBeGreaterThan(50)
    expect(await page.locator("section[aria-label='By state'] [data-mark=states] path:not([fill*=none])").count()).toBe(2)
    await page.locator("#compare").selectOption("none")
    await quiet(page)
    expect(await orders.locator(".against").count()).toBe(0)
    expect(page.url()).toContain("compare=none")
    expect(await text(page, ".lead")).toBe(`What was placed ${markup}`)
    expect(problems).toEqual([])
  })

  it("is filtered by what is clicked, keeps that in its address, and goes back", async () => {
    const { page, problems } = await look(pages["a dashboard"] ?? "")
    const [all, one] = [await count("true"), await count("origin = 'Fulfillment'")]
    const figure = () => text(page, "section[aria-label='Orders'] .figure")
    await page.getByRole("button", { name: /^Fulfillment/ }).click()
    await eventually(async () => (await figure()) === String(one))
    expect(new URL(page.url()).searchParams.getAll("f.origin")).toEqual(["Fulfillment"])
    await page.reload()
    await page.waitForSelector(".figure")
    await quiet(page)
    expect(await figure()).toBe(String(one))
    await page.getByRole("button", { name: "Remove the filter Origin: Fulfillment" }).click()
    await eventually(async () => (await figure()) === String(all))
    await page.goBack()
    await eventually(async () => (await figure()) === String(one))
    expect(problems).toEqual([])
  })

  it("shows the rows behind a number, with markup as text, and gives them as a file", async () => {
    const { page, problems } = await look(pages["a dashboard"] ?? "")
    const all = await count("true")
    await page.getByRole("link", { name: "Rows behind Orders" }).click()
    const dialog = page.getByRole("dialog")
    await dialog.locator("tbody tr").first().waitFor()
    expect(await dialog.locator("tbody tr").count()).toBe(Math.min(50, all))
    expect(await dialog.locator("tbody td").last().textContent()).toBe(markup)
    expect(await dialog.locator("img").count()).toBe(0)
    const [file] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("link", { name: "CSV" }).click()])
    expect((await readFile(await file.path(), "utf8")).trim().split("\n")).toHaveLength(all + 1)
    await page.keyboard.press("Escape")
    await eventually(() => !page.url().includes("drill="))
    expect(problems).toEqual([])
  })

  it("is reached and changed by the keyboard alone", async () => {
    const { page, problems } = await look("/")
    const focused = () => page.evaluate("document.activeElement?.textContent ?? ''")
    await page.keyboard.press("Tab")
    expect(await focused()).toBe("Skip to the page")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    expect(await focused()).toContain("Orders of a day")
    await page.keyboard.press("Enter")
    await page.waitForSelector("#preset")
    await quiet(page)
    await page.locator("#preset").focus()
    await page.keyboard.press("y")
    await eventually(() => page.url().includes("preset=yesterday"))
    // The toolbar was made anew; who was in it still is.
    expect(await page.evaluate("document.activeElement?.id")).toBe("preset")
    await page.locator("#theme").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    expect(await page.evaluate("document.documentElement.dataset.theme")).toBe("dark")
    expect(problems).toEqual([])
  })
})

describe("other pages", () => {
  it("the catalog is searched, and the box answers with a table and a file", async () => {
    const { page, problems } = await look(pages["the catalog"] ?? "")
    await page.locator("#search").fill("checkout consumable")
    await page.getByRole("link", { name: /^consumable_checkout/ }).click()
    expect(await text(page, ".detail h2")).toBe("consumable_checkout")
    expect(await page.locator(".detail tbody tr").count()).toBeGreaterThan(20)
    await page.locator("#sql").fill("SELECT origin, count(*) AS n FROM consumable_checkout GROUP BY 1 ORDER BY 1")
    await page.locator("#sql").press("Control+Enter")
    await page.locator(".sql-result tbody tr").first().waitFor()
    expect(await text(page, ".sql-result tbody th")).toBe("Fulfillment")
    const [file] = await Promise.all([page.waitForEvent("download"), page.locator(".sql").getByRole("button", { name: "CSV" }).click()])
    expect(await readFile(await file.path(), "utf8")).toMatch(/^\ufeff?origin,n\r?\nFulfillment,\d+/)
    expect(problems).toEqual([])
    await page.locator("#sql").fill("SELECT * FROM read_text('/etc/passwd')")
    await page.locator("#run-sql").click()
    await page.locator(".sql-result [role=alert]").waitFor()
    expect(await text(page, ".sql-result")).not.toContain("root:")
  })

  it("lineage leads to what a table is", async () => {
    const { page, problems } = await look(pages["lineage"] ?? "")
    await page.locator(".graph .node").first().waitFor()
    await page.locator(".side a", { hasText: "checkout" }).last().click()
    await page.locator(".node.chosen").waitFor()
    expect(await page.locator(".detail dl").count()).toBeGreaterThan(0)
    expect(problems).toEqual([])
  })

  it("operations show that the ledger closes, and why letters are dead", async () => {
    const { page, problems } = await look(pages["operations"] ?? "")
    const row = page.locator("section[aria-label=Ledger] tbody tr", { hasText: "checkout" }).first()
    expect(await row.textContent()).toContain("Closes")
    const letters = await sluiceJson(["query", "--lake", lake, "SELECT count(DISTINCT (dataset, reason))::INT AS n FROM dead_letters"])
    expect(await page.locator("section[aria-label='Dead letters'] tbody tr").count()).toBe(Number(letters[0]?.n))
    expect(problems).toEqual([])
  })

  it("operations have dead letters of a reason replayed by a button, say what became of them, and need less attention then", async () => {
    const own = join(folder, "deep")
    await sluiceJson(["generate", "--orders", "20", "--seed", "5", "--dirt", "0.2", "--out", join(folder, "deep-in")])
    await sluiceJson(["ingest", "--lake", own, "--input", join(folder, "deep-in"), "--max-depth", "4"])
    const server = start(["console", "--lake", own, "--port", "0", "--allow-replay"])
    try {
      const { page, problems } = await look(pages["operations"] ?? "", 1440, "light", await originOf(server))
      expect(await text(page, "section[aria-label='Needs attention']")).toMatch(/dead letters wait, most for too_deep/)
      const deep = page.locator("section[aria-label='Dead letters'] tbody tr", { hasText: "too_deep" }).locator("td").nth(1)
      expect(Number(await deep.textContent())).toBeGreaterThan(40)
      await page.getByRole("button", { name: "Replay checkout, too_deep" }).click()
      await page.getByRole("button", { name: "Replay them" }).click()
      await page
        .getByRole("dialog")
        .getByText(/records were tried again, \d+ are rows now/)
        .waitFor()
      await page.getByRole("button", { name: "Close" }).click()
      // One is too deep whatever the limit.
      await eventually(async () => (await deep.textContent()) === "1")
      expect(await text(page, "section[aria-label='Needs attention']")).toContain("2 dead letters wait")
      expect(problems).toEqual([])
    } finally {
      server.child.kill("SIGTERM")
      await server.done
    }
  })
})
