/** A page of a shop, in a real browser, tells the collector of its visitors with the snippet of the documentation. */
import { readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Browser } from "playwright-core"
import { afterAll, beforeAll, expect, it } from "vitest"
import { sluice, sluiceJson, start } from "../cli/sluice.ts"
import { eventually } from "../passing-time.ts"
import { openPage, startBrowser } from "./chromium.ts"

const env = { SLUICE_HASH_KEY: "a key of this test, 32 characters" }
const project = ["--project", "schemas/web"]

let folder = ""
let browser: Browser
let shop: Server
let collector: ReturnType<typeof start>
let pages = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-browser-"))
  collector = start(["collect", "--to", join(folder, "hits"), "--port", "127.0.0.1:0"], env)
  let log = ""
  collector.child.stderr?.on("data", (chunk: Buffer) => {
    log += chunk.toString()
  })
  await eventually(() => /taking hits at \S+/.test(log))
  const url = /taking hits at (\S+)/.exec(log)?.[1] ?? ""
  const html = snippet(url)
  // Another origin than the collector's, as a shop's pages are.
  shop = createServer((request, response) => {
    const title = new URL(request.url ?? "/", "http://shop").searchParams.get("title") ?? "Shop"
    response
      .writeHead(200, { "content-type": "text/html; charset=utf-8" })
      .end(`<!doctype html><title>${title}</title><body>${html}<a href="/two?title=Zwei%20%C3%BCber">two</a>`)
  })
  await new Promise<void>((there) => shop.listen(0, "127.0.0.1", there))
  pages = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  shop?.close()
  collector?.child.kill("SIGTERM")
  await collector?.done
  await rm(folder, { recursive: true, force: true })
})

/** What the documentation says to put into a page, for this collector. */
const snippet = (url: string): string => {
  const [, code] = /```html\n(<script>[\s\S]*?<\/script>)\n```/.exec(readFileSync("docs/collect.md", "utf8")) ?? []
  if (code === undefined) throw new Error("docs/collect.md has no snippet")
  expect(code.split("\n").length).toBeLessThanOrEqual(12)
  return code.replaceAll("https://hits.shop.example/collect", url)
}

it("each page that is seen and left is a hit, by beacon, and by fetch where there are no beacons", async () => {
  const { page, problems } = await openPage(browser, `${pages}/one?title=One`)
  await page.click("a")
  await page.waitForURL(/two/)
  // As where a blocker takes beacons away.
  await page.addInitScript("navigator.sendBeacon = () => false")
  await page.goto(`${pages}/three?title=Three`)
  const own = await page.evaluate("localStorage.cid")
  await page.close({ runBeforeUnload: true })
  const lake = join(folder, "lake")
  const seen = async () => {
    const ran = await sluice(["run", "--once", ...project, "--lake", lake, "--source", "stream", "--stream", join(folder, "hits")], env)
    expect(ran.code, ran.stderr).toBe(0)
    return sluiceJson(["query", ...project, "--lake", lake, "SELECT count(*)::INT AS hits FROM logs"], env)
  }
  await eventually(async () => Number((await seen())[0]?.hits) >= 5)
  const query = (sql: string) => sluiceJson(["query", ...project, "--lake", lake, sql], env)
  expect(await query("SELECT document_title FROM pageviews ORDER BY request_timestamp")).toEqual([
    { document_title: "One" },
    { document_title: "Zwei über" },
    { document_title: "Three" }
  ])
  expect(await query("SELECT count(DISTINCT session_id)::INT AS sessions, count(DISTINCT client_id)::INT AS clients FROM logs")).toEqual([
    { sessions: 1, clients: 1 }
  ])
  expect(Number((await query("SELECT count(*)::INT AS n FROM events WHERE event_action = 'leave'"))[0]?.n)).toBeGreaterThanOrEqual(2)
  const agents = await query("SELECT browser_name FROM user_agents")
  expect(agents.map((each: { browser_name: string }) => each.browser_name).join()).toMatch(/Chrom/)
  expect(String(own)).toMatch(/^[0-9a-f-]{36}$/)
  expect(problems).toEqual([])
})
