import { writeFileSync } from "node:fs"
import { get } from "node:http"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { addOrders, ask, laterRow, makePlace, type Place, type Running, startConsole } from "./support.ts"

let place: Place
let server: Running

beforeAll(async () => {
  place = await makePlace()
  server = await startConsole(place, { sql: true })
}, 60_000)

afterAll(async () => {
  await server?.stop()
  place?.remove()
})

const got = (path: string, headers: Record<string, string> = {}) => ask(server.port, path, { headers })

const two = "from=2026-11-10&to=2026-11-11"

describe("a named query", () => {
  it("gives its rows for a period of the dashboard's zone, with versions", async () => {
    const { json, status } = await got(`/api/q/spend?${two}`)
    expect(status).toBe(200)
    expect(json.columns).toEqual([
      { name: "state", type: "text" },
      { name: "spend", type: "number" }
    ])
    expect(json.rows).toEqual([
      ["=CA", 7.5],
      ["NY", 15]
    ])
    expect(json.period).toEqual({ from: "2026-11-10T05:00:00.000Z", to: "2026-11-12T05:00:00.000Z", partial: false })
    expect(json.asOf).toEqual({ spend_by_day: expect.any(Number) })
    expect(json.compare).toBeNull()
  })

  it("compares moments as moments, and dates as dates", async () => {
    // Of UTC's 10th there is one order, of New York's there are two.
    expect((await got("/api/q/moments?from=2026-11-10&to=2026-11-10")).json.rows).toEqual([[2]])
    expect((await got("/api/q/moments?from=2026-11-10T00:00:00Z&to=2026-11-11T00:00:00Z")).json.rows).toEqual([[1]])
  })

  it("is compared with a period as long, before it", async () => {
    const { json } = await got("/api/q/spend?from=2026-11-09&to=2026-11-15&compare=previous")
    expect(json.compare.period).toEqual({ from: "2026-11-02T05:00:00.000Z", to: "2026-11-09T05:00:00.000Z", partial: false })
    expect(json.compare.rows).toEqual([["NY", 4]])
    expect((await got("/api/q/spend?from=2026-11-09&to=2026-11-15&compare=year")).json.compare.rows).toEqual([])
  })

  it("is filtered before anything is summed up, and says by what", async () => {
    const { json } = await got(`/api/q/spend?${two}&f.state=NY`)
    expect(json.rows).toEqual([["NY", 15]])
    expect(json.filtered).toEqual(["state"])
    expect((await got(`/api/q/spend?${two}&f.state=NY&f.state=%3DCA`)).json.rows).toHaveLength(2)
    // No table of it has the column: what is sensitive is not there to be filtered by.
    expect((await got(`/api/q/spend?${two}&f.email=hash-a`)).json.ignoredFilters).toEqual(["email"])
    expect((await got(`/api/q/spend?${two}&f.nothing=1`)).status).toBe(400)
  })

  it("takes values as values", async () => {
    const wicked = encodeURIComponent("NY') or 1=1 --")
    expect((await got(`/api/q/spend?${two}&f.state=${wicked}`)).json.rows).toEqual([])
    expect((await got(`/api/q/spend?${two}&p.least=${encodeURIComponent("0 or 1=1")}`)).status).toBe(400)
    expect((await got(`/api/q/spend?${two}&p.least=2`)).json.rows).toEqual([])
    expect((await got(`/api/q/spend?${two}&grain=${encodeURIComponent("day')")}`)).status).toBe(400)
    expect((await got("/api/q/spend?from=2026-02-30&to=2026-03-01")).status).toBe(400)
  })

  it("is given page by page", async () => {
    const { json } = await got(`/api/q/spend_rows?from=2026-11-01&to=2026-11-30&page=1`)
    expect(json.rows).toHaveLength(4)
    expect(json).toMatchObject({ page: 1, truncated: false })
    expect((await got(`/api/q/spend_rows?from=2026-11-01&to=2026-11-30&page=2`)).json.rows).toEqual([])
  })

  it("is CSV in which no cell is a formula", async () => {
    const { headers, text } = await got(`/api/q/spend.csv?${two}`)
    expect(text).toBe("\ufeffstate,spend\r\n'=CA,7.5\r\nNY,15\r\n")
    expect(headers["content-disposition"]).toBe('attachment; filename="spend.csv"')
  })

  it("is not sent again to who has it", async () => {
    const first = await got(`/api/q/spend?${two}`)
    const again = await got(`/api/q/spend?${two}`, { "if-none-match": String(first.headers["etag"]) })
    expect([again.status, again.text]).toEqual([304, ""])
    expect((await got(`/api/q/spend?${two}&f.state=NY`, { "if-none-match": String(first.headers["etag"]) })).status).toBe(200)
  })
})

describe("what is told of the lake", () => {
  it("has its forms", async () => {
    expect((await got("/healthz")).json).toEqual({ ok: true })
    expect((await got("/api/meta")).json).toMatchObject({
      project: "shop",
      dashboards: [{ name: "spend", title: "Spend", description: "What is paid where." }],
      features: { sql: true, replay: false },
      problems: []
    })
    const shown = await got("/api/dashboards/spend")
    expect(shown.json.queries[0]).toMatchObject({ name: "spend", drill: "spend_rows", filterable: ["state"], periodic: true })
    expect(shown.text).not.toContain("select")
    expect((await got("/api/status")).json).toMatchObject({ datasets: [], checks: { results: [] }, runs: [] })
    expect((await got("/api/nothing")).status).toBe(404)
  })

  it("has every table with who answers for it", async () => {
    const { json } = await got("/api/catalog")
    const found = json.tables.find(({ name }: { name: string }) => name === "consumable_orders")
    expect(found).toMatchObject({
      zone: "consumable",
      owner: "shop",
      about: {
        steward: "data office",
        source_system: "web shop",
        cost_tag: "shop-7",
        sensitivity: "personal",
        grain: "one row per order_id"
      },
      upstream: ["stage_orders"],
      downstream: ["spend_by_day"],
      rows: 4
    })
    expect(found.freshness).toMatchObject({ limitMinutes: 60 })
    const mart = json.tables.find(({ name }: { name: string }) => name === "spend_by_day")
    const sensitive = mart.columns.flatMap((column: { name: string; sensitive: boolean }) => (column.sensitive ? [column.name] : []))
    // Its numbers are the house's, but one column has people's addresses.
    expect([mart.zone, mart.about.sensitivity, mart.upstream]).toEqual(["mart", "personal", ["consumable_orders"]])
    expect(sensitive).toContain("someone")
  })

  it("has lineage from the source to the mart, with columns", async () => {
    const { json } = await got("/api/lineage")
    expect(json.edges).toContainEqual({ from: "consumable/orders", to: "build spend_by_day" })
    expect(json.edges).toContainEqual({ from: "build spend_by_day", to: "marts/spend_by_day" })
    expect(json.columns).toContainEqual({
      from: { node: "consumable/orders", column: "amount" },
      to: { node: "marts/spend_by_day", column: "amount" }
    })
  })
})

it("shows a new build without a restart, tells who listens, and a new dashboard too", async () => {
  const before = (await got(`/api/q/spend?${two}`)).json
  const told = new Promise<string>((resolve) => {
    get({ host: "127.0.0.1", port: server.port, path: "/api/events" }, (response) => {
      response.on("data", (part: Buffer) => {
        if (part.includes("spend_by_day")) {
          resolve(part.toString())
          response.destroy()
        }
      })
    })
  })
  await addOrders(place.lake, laterRow)
  expect(await told).toMatch(/data: \{"table":"spend_by_day","version":\d+\}/)
  const after = (await got(`/api/q/spend?${two}`)).json
  expect(after.rows).toEqual([
    ["=CA", 7.5],
    ["NY", 115]
  ])
  expect(after.asOf.spend_by_day).toBeGreaterThan(before.asOf.spend_by_day)
  writeFileSync(join(place.project, "dashboards", "web.yaml"), "title: More\nqueries:\n  spend:\n    sql: select 1 as one\n")
  await expect
    .poll(async () => (await got("/api/meta")).json.problems, { timeout: 10_000 })
    .toEqual(["dashboards/web.yaml:4: dashboards/spend.yaml has a query spend already. It is an address: call one of them otherwise."])
  // Filters come as a WITH of the table's name, which such statements would walk past.
  const named =
    "title: More\nqueries:\n  a:\n    sql: from main.spend_by_day\n  b:\n    sql: with spend_by_day as (from spend_by_day) from spend_by_day\n"
  writeFileSync(join(place.project, "dashboards", "web.yaml"), named)
  const why = "cannot be asked: no filter would reach spend_by_day: name tables without main., and no WITH as a table"
  await expect
    .poll(async () => (await got("/api/meta")).json.problems, { timeout: 10_000 })
    .toEqual([`dashboards/web.yaml:4: a ${why}`, `dashboards/web.yaml:6: b ${why}`])
}, 30_000)
