/** The console's pages: the bundle that is committed is that of the sources; and how they write what they show. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { describe, expect, it } from "vitest"
import { bundleConsole, webFolder } from "../../src/build/console.ts"
import type { Answer, CatalogTable, ChartDefinition } from "../../src/console/api.ts"
import { barsOf, columnsOf, filled, movedBy, pointsOf, total } from "../../src/console/web-src/chart/data.ts"
import { found } from "../../src/console/web-src/explore/found.ts"
import { amount, bytes, cell, delta, duration, timeOf } from "../../src/console/web-src/format.ts"
import { presetWords, wordOf } from "../../src/console/web-src/period.ts"
import { root } from "../cli/sluice.ts"

describe("the bundle", () => {
  it("that is committed is what the sources give: npm run build:console makes it", async () => {
    const made = await bundleConsole()
    expect(readdirSync(webFolder).sort()).toEqual([...made.keys()].sort())
    for (const [name, contents] of made) expect(Buffer.compare(readFileSync(join(webFolder, name)), contents), name).toBe(0)
  })

  it("takes 400 kB at most on its way, maps apart, and names nobody else's address", () => {
    const names = readdirSync(webFolder).filter((name) => !name.endsWith(".json"))
    const sizes = names.map((name) => gzipSync(readFileSync(join(webFolder, name))).length)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(400_000)
    const page = readFileSync(join(webFolder, "index.html"), "utf8")
    expect([...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address)).toEqual([
      "data:,",
      expect.stringMatching(/^\/style-\w+\.css$/),
      expect.stringMatching(/^\/main-\w+\.js$/),
      "#main"
    ])
  })

  it("makes no markup of values", () => {
    const folder = join(root, "src/console/web-src")
    const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))
    const making = sources.filter((name) =>
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(/.test(readFileSync(join(folder, name), "utf8"))
    )
    expect(sources.length).toBeGreaterThan(20)
    expect(making).toEqual([])
  })
})

describe("what is written", () => {
  it("numbers with their unit, short where there is little room", () => {
    expect([amount(1234567.5, "USD"), amount(1234567.5, "USD", true), amount(70.4, "USD"), amount(1140, "BRL")]).toEqual([
      "$1,234,567.50",
      "$1.23M",
      "$70.40",
      "R$1,140"
    ])
    expect([amount(18233), amount(18233, null, true), amount(0.256, "ratio"), amount(3, "orders"), amount(null)]).toEqual([
      "18,233",
      "18.2K",
      "25.6%",
      "3 orders",
      "–"
    ])
    expect([bytes(999), bytes(8.4e9), duration(950), duration(65_000), duration(7_260_000)]).toEqual([
      "999 B",
      "8.4 GB",
      "950 ms",
      "1 min 5 s",
      "2 h 1 min"
    ])
  })

  it("changes by sign, arrow and word", () => {
    expect(delta(112.6, 100)).toEqual({ direction: "up", arrow: "▲", text: "+12.6%", word: "up" })
    expect(delta(96.3, 100)).toEqual({ direction: "down", arrow: "▼", text: "−3.7%", word: "down" })
    expect([delta(5, 5).word, delta(5, 0).word, delta(5, null).word, delta(-1, -2).direction]).toEqual([
      "the same",
      "from nothing",
      "nothing to compare with",
      "up"
    ])
  })

  it("cells as they are where a float would lie", () => {
    expect(cell("12345678901234567.89", "number")).toBe("12345678901234567.89")
    expect([cell("39999.50", "number", "USD"), cell(null, "text"), cell("2026-11-27", "date")]).toEqual(["$39,999.50", "–", "Nov 27, 2026"])
    expect(timeOf("2026-11-27 10:02:41")?.toISOString()).toBe("2026-11-27T10:02:41.000Z")
    expect(timeOf("2026-11-27T10:02:41+03")?.toISOString()).toBe("2026-11-27T07:02:41.000Z")
    expect(wordOf(presetWords, "constructor", "today")).toBe("today")
  })
})

describe("what a chart shows", () => {
  const chart: ChartDefinition = {
    title: "Revenue",
    description: "",
    query: "q",
    kind: "bar",
    x: "state",
    y: "revenue",
    series: null,
    unit: "USD",
    geography: null,
    fillZero: false,
    compare: true
  }
  const period = (from: string, to: string) => ({ from, to, partial: false })
  const answer: Answer = {
    columns: [
      { name: "state", type: "text" },
      { name: "revenue", type: "number" }
    ],
    rows: [
      ["CA", "10.50"],
      [null, 2],
      ["CA", 1]
    ],
    period: period("2026-11-27T00:00:00Z", "2026-11-28T00:00:00Z"),
    compare: { period: period("2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z"), rows: [["CA", 4]] },
    asOf: {},
    builtAt: "2026-11-27T00:00:00Z",
    tookMillis: 1,
    truncated: false,
    filtered: [],
    ignoredFilters: [],
    page: 1,
    pageSize: 5000
  }

  it("rows of one name as one bar, with what it was before", () => {
    const columns = columnsOf(chart, answer.columns)
    expect(barsOf(answer, columns)).toEqual([
      { value: "CA", name: "CA", number: 11.5, before: 4 },
      { value: null, name: "(none)", number: 2, before: 0 }
    ])
    expect([total(answer.rows, columns.y), total([], columns.y)]).toEqual([13.5, null])
  })

  it("the earlier period where the period is, and nothing that is no time", () => {
    expect(movedBy(answer)).toBe(86_400_000)
    const columns = { x: 0, y: 1, series: -1 }
    const rows = [
      ["2026-11-26T12:00:00Z", 2],
      ["2026-11-26T11:00:00Z", 1],
      ["never", 3]
    ]
    expect(pointsOf(rows, columns, movedBy(answer)).map(({ time, number }) => [time.toISOString(), number])).toEqual([
      ["2026-11-27T11:00:00.000Z", 1],
      ["2026-11-27T12:00:00.000Z", 2]
    ])
  })

  it("minutes of which there is no row as zero, each series for itself", () => {
    const at = (time: string, number: number, series: string) => ({ time: new Date(time), number, series })
    const points = [at("2026-11-27T10:00:00Z", 2, "BRL"), at("2026-11-27T10:00:00Z", 1, "USD"), at("2026-11-27T10:02:00Z", 3, "BRL")]
    const said = (of: typeof points) =>
      of.map(({ time, number, series }) => `${time.toISOString().slice(11, 16)} ${series} ${number}`).sort()
    expect(said([...filled(points, "minute")])).toEqual([
      "10:00 BRL 2",
      "10:00 USD 1",
      "10:01 BRL 0",
      "10:01 USD 0",
      "10:02 BRL 3",
      "10:02 USD 0"
    ])
    expect(filled(points, "hour")).toHaveLength(3)
  })
})

describe("the search of the catalog", () => {
  const table = (name: string, more: Partial<CatalogTable>): CatalogTable => ({
    name,
    path: `consumable/${name}`,
    zone: "consumable",
    title: "",
    description: "",
    owner: "",
    about: {},
    upstream: [],
    downstream: [],
    version: null,
    rows: null,
    bytes: 0,
    files: 0,
    committedAt: null,
    freshness: { limitMinutes: null, ageMinutes: null, state: "none" },
    quality: { passed: 0, failed: 0, warned: 0, at: null, score: null },
    columns: [],
    ...more
  })
  const tables = [
    table("orders", { owner: "sales-team", about: { glossary_terms: "basket, order", source_system: "sales database" } }),
    table("weather", {
      owner: "science-team",
      columns: [{ name: "tmin", type: "decimal", description: "Coldest. Unit: °C.", sensitive: false }]
    })
  ]
  it.each([
    ["an owner", "science-team", "weather"],
    ["a term of the glossary", "Basket", "orders"],
    ["a column", "tmin", "weather"],
    ["a unit", "°c", "weather"],
    ["a system", "database sales", "orders"]
  ])("finds tables by %s", (_, asked, name) => expect(found(tables, asked).map((each) => each.name)).toEqual([name]))
})
