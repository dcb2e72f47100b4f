/** Looks at pages of the console as somebody would, and says what is wrong with them. */
import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { join } from "node:path"
import type { Browser, Page } from "playwright-core"
import { eventually } from "../passing-time.ts"

export interface Looked {
  readonly page: Page
  /** What went wrong: errors of scripts, what a policy forbade, requests that failed or went elsewhere. */
  readonly problems: ReadonlyArray<string>
}

/** Opens a page, in a window of its own, and waits until nothing loads any more. */
export const lookAt = async (
  browser: Browser,
  origin: string,
  address: string,
  width: number,
  colorScheme: "light" | "dark"
): Promise<Looked> => {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme })
  const page = await context.newPage()
  const problems: Array<string> = []
  page.on("pageerror", ({ message }) => problems.push(message))
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text())
  })
  page.on("dialog", (dialog) => {
    problems.push(`a script of a value ran: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on("request", (request) => {
    if (!request.url().startsWith(`${origin}/`) && !/^(data|blob):/.test(request.url())) problems.push(`asked ${request.url()}`)
  })
  page.on("response", (response) => {
    if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`)
  })
  await page.goto(`${origin}${address}`)
  await page.waitForSelector("h1")
  await quiet(page)
  return { page, problems }
}

/** Until nothing is loading any more. */
export const quiet = (page: Page): Promise<void> => eventually(async () => (await page.locator(".loading, [aria-busy=true]").count()) === 0)

/** What of a page keeps somebody out who sees, hears or moves otherwise, as far as axe says that it is serious. */
export const keptOut = async (page: Page): Promise<ReadonlyArray<string>> => {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"))
  const found = (await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as {
    readonly violations: ReadonlyArray<{
      readonly id: string
      readonly impact: string
      readonly nodes: ReadonlyArray<{ readonly html: string }>
    }>
  }
  const serious = found.violations.filter(({ impact }) => impact === "serious" || impact === "critical")
  return serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
}

/** Keeps a picture of the whole page, for people to look at, where a folder is named for them. */
export const keepPicture = async (page: Page, name: string): Promise<void> => {
  const folder = process.env["SLUICE_TEST_SCREENSHOTS"]
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name.replaceAll(" ", "-")}.png`), fullPage: true })
}
