/** The dashboards of bright-light, of a lake of the company: what they answer, and their pages in a real browser. */
import type { Browser } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type ProjectConsole, startProjectConsole, wrongOf } from "../console/project-console.ts"
import { startBrowser } from "./chromium.ts"
import { keepPicture, keptOut, lookAt, quiet } from "./look.ts"

const dashboards = ["analysts", "marketing", "science"]
const period = "from=2026-06-01&to=2026-11-30"

let console_: ProjectConsole
let browser: Browser

beforeAll(async () => {
  console_ = await startProjectConsole("bright-light", ["--kind", "project", "--size", "16"])
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await console_?.stop()
})

it("answer every query in every grain, compared and not, with figures for their charts", async () => {
  expect(await wrongOf(console_.origin, dashboards, period)).toEqual([])
})

describe.each([
  [1440, "light"],
  [1440, "dark"],
  [390, "light"],
  [390, "dark"]
] as const)("at %i pixels, %s", (width, scheme) => {
  it.each(dashboards)("%s loads, complains of nothing, and keeps nobody out", async (name) => {
    const address = `/?v=1&page=dashboards&name=${name}&preset=custom&${period}&compare=previous&refresh=0`
    const { page, problems } = await lookAt(browser, console_.origin, address, width, scheme)
    expect(await keptOut(page)).toEqual([])
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width)
    await keepPicture(page, `${name}-${width}-${scheme}`)
    expect(problems).toEqual([])
    await page.context().close()
  })
})

it("leads from a state of the map to its hits", async () => {
  const address = `/?v=1&page=dashboards&name=marketing&preset=custom&${period}&f.state=MA&refresh=0`
  const { page, problems } = await lookAt(browser, console_.origin, address, 1440, "light")
  await page.getByRole("link", { name: "Rows behind Page views", exact: true }).click()
  await quiet(page)
  await page.waitForSelector("table")
  const states = await page.evaluate<ReadonlyArray<string>>(`(() => {
    const tables = [...document.querySelectorAll("table")]
    const table = tables.find((each) => [...each.querySelectorAll("th")].some((th) => th.textContent.trim() === "Requested at"))
    const at = [...table.querySelectorAll("thead th")].findIndex((th) => th.textContent.trim() === "State")
    return [...new Set([...table.querySelectorAll("tbody tr")].map((row) => row.children[at].textContent.trim()))]
  })()`)
  expect(states).toEqual(["MA"])
  expect(problems).toEqual([])
  await page.context().close()
})
