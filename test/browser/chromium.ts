/** A real browser for tests, which says what went wrong in its pages. */
import { type Browser, chromium, type Page } from "playwright-core"
import { setUpChromium } from "../engines/setup.ts"

export interface OpenPage {
  readonly page: Page
  /** What pages complained of: errors of scripts, of the console, requests that failed. */
  readonly problems: ReadonlyArray<string>
}

/** Starts Chromium. Who runs as root has no sandbox. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: setUpChromium(), args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] })

export const openPage = async (browser: Browser, url: string): Promise<OpenPage> => {
  const page = await browser.newPage()
  const problems: Array<string> = []
  page.on("pageerror", (error) => problems.push(error.message))
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text())
  })
  await page.goto(url)
  return { page, problems }
}
