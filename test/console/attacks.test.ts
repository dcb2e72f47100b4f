import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { asCsv } from "../../src/console/csv.ts"
import { readSite } from "../../src/console/site.ts"
import { ask, makePlace, type Place, type Running, startConsole } from "./support.ts"

const token = "8d1c-0f2e-7a6b-5c4d-3e9f-1a2b"

let place: Place
let open: Running
let closed: Running

beforeAll(async () => {
  place = await makePlace()
  open = await startConsole(place, { sql: true })
  closed = await startConsole(place, { token, hosts: ["lake.example"] })
}, 60_000)

afterAll(async () => {
  await open?.stop()
  await closed?.stop()
  place?.remove()
})

const sql = (text: string) => ask(open.port, "/api/sql", { body: { sql: text } })

describe("somebody's own statement", () => {
  it("reads the tables that were copied", async () => {
    const { json, status } = await sql("select state, amount from spend_by_day where state = 'NY' order by day -- with a comment")
    const rows = [4, 10, 5].map((amount) => ["NY", amount])
    expect([status, json.rows]).toEqual([200, rows])
    expect((await sql("with a as (select 1 as n) select n from a, range(2)")).json.rows).toEqual([[1], [1]])
    expect(
      (await sql("with recursive a as (select 1 as n union all select n + 1 from a where n < 3) select max(n) from a")).json.rows
    ).toEqual([[3]])
    expect((await sql("with spend_by_day as (from spend_by_day limit 2) select count(*) from spend_by_day")).json.rows).toEqual([[2]])
    const csv = await ask(open.port, "/api/sql.csv", { body: { sql: "select '@x' as a, -1 as b" } })
    expect(csv.text).toBe("\ufeffa,b\r\n'@x,-1\r\n")
    const parquet = await ask(open.port, "/api/sql.parquet", { body: { sql: "from spend_by_day;" } })
    expect([parquet.status, parquet.text.slice(0, 4), parquet.text.slice(-4)]).toEqual([200, "PAR1", "PAR1"])
  })

  it.each([
    ["a file", "select * from read_text('/etc/hostname')"],
    ["a file by its name", "select * from '/etc/hostname'"],
    ["a file behind another", "select (select content from read_text('/etc/hostname'))"],
    ["a folder", "select * from glob('/*')"],
    ["the settings", "select current_setting('temp_directory')"],
    ["all settings", "from duckdb_settings()"],
    ["paths of databases", "pragma database_list"],
    ["what is no table of the lake", "from information_schema.tables"],
    ["what a WITH elsewhere hides", "select (with pg_settings as (select 1) select 1), * from pg_settings"],
    ["what a WITH behind it hides", "select * from duckdb_databases, (with duckdb_databases as (select 1) from duckdb_databases)"],
    ["what a WITH hides in its own text", "with sqlite_master as (from sqlite_master) from sqlite_master"],
    ["a statement in a text", "select * from query('select 1')"],
    ["writing a file", "copy spend_by_day to '/tmp/sluice-stolen.csv'"],
    ["writing a table", "create table stolen as from spend_by_day"],
    ["deleting", "delete from spend_by_day"],
    ["attaching", "attach '/tmp/sluice-other.duckdb'"],
    ["installing", "install httpfs"],
    ["loading", "load httpfs"],
    ["changing a setting", "set enable_external_access = true"],
    ["two statements", "select 1; select 2"],
    ["none", ";"],
    ["a sensitive column", "select someone from spend_by_day"],
    ["a sensitive column of a dataset", "select email from consumable_orders"],
    ["a statement that leaves its brackets", "select 1) to '/tmp/sluice-stolen.parquet' --"]
  ])("is refused: %s", async (_, text) => {
    for (const path of ["/api/sql", "/api/sql.parquet"]) {
      const { json, status } = await ask(open.port, path, { body: { sql: text } })
      expect([status, typeof json.problem, json.rows]).toEqual([400, "string", undefined])
    }
    for (const stolen of ["/tmp/sluice-stolen.csv", "/tmp/sluice-stolen.parquet", "/tmp/sluice-other.duckdb"])
      expect(existsSync(stolen)).toBe(false)
  })

  it("has no sensitive column in any", async () => {
    for (const table of ["spend_by_day", "consumable_orders"])
      expect(JSON.stringify((await sql(`from ${table}`)).json)).not.toContain("hash-")
    // A number made of hashes is nobody's.
    expect((await sql("select sum(people) from spend_by_day")).json.rows).toEqual([[4]])
  })

  it("that never ends, or takes all memory, ends with its process, and others go on", async () => {
    const before = open.workers()
    const [endless, huge, fine] = await Promise.all([
      sql("select count(*) from range(100000000000)"),
      sql("select repeat('x', 2000000000)"),
      sql("select 1 as n")
    ])
    expect([endless.status, huge.status, fine.status]).toEqual([408, 408, 200])
    for (const pid of before) expect(() => process.kill(pid, 0)).toThrow()
    expect((await sql("select 2 as n")).json.rows).toEqual([[2]])
  }, 20_000)

  it("waits in a queue that has an end", async () => {
    const slow = await Promise.all(Array.from({ length: 6 }, () => ask(open.port, "/api/q/endless")))
    const refused = slow.filter(({ status }) => status === 503)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused[0]?.headers["retry-after"]).toBe("2")
    expect(slow.filter(({ status }) => status === 408).length).toBeGreaterThan(1)
  }, 20_000)

  it("is off where nobody has said otherwise, and so is replay", async () => {
    const headers = { authorization: `Bearer ${token}` }
    expect((await ask(closed.port, "/api/sql", { body: { sql: "select 1" }, headers })).status).toBe(403)
    expect((await ask(closed.port, "/api/replay", { body: { dataset: "orders", reason: null }, headers })).status).toBe(403)
  })
})

describe("a request", () => {
  it("of another host is none of ours, whoever's name leads here", async () => {
    for (const host of ["evil.example", `evil.example:${open.port}`, "127.0.0.1:1"])
      expect((await ask(open.port, "/api/status", { headers: { host } })).status).toBe(421)
    expect((await ask(open.port, "/api/meta", { headers: { host: `localhost:${open.port}` } })).status).toBe(200)
    expect((await ask(closed.port, "/api/meta", { headers: { host: "lake.example", authorization: `Bearer ${token}` } })).status).toBe(200)
  })

  it("of another site's page is refused", async () => {
    for (const headers of [
      { origin: "http://evil.example" },
      { origin: "null" },
      { origin: "http://localhost:1" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" }
    ] as ReadonlyArray<Record<string, string>>) {
      expect((await ask(open.port, "/api/meta", { headers })).status).toBe(403)
      expect((await ask(open.port, "/api/sql", { headers, body: { sql: "select 1" } })).status).toBe(403)
    }
    const ours = { origin: `http://127.0.0.1:${open.port}`, "sec-fetch-site": "same-origin" }
    expect((await ask(open.port, "/api/sql", { headers: ours, body: { sql: "select 1" } })).status).toBe(200)
  })

  it("that a form could send is refused", async () => {
    const { status } = await ask(open.port, "/api/sql", {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: '{"sql":"select 1"}'
    })
    expect(status).toBe(415)
    expect((await ask(open.port, "/api/meta", { method: "PUT" })).status).toBe(405)
    expect((await ask(open.port, "/api/sql", { body: "{" })).status).toBe(400)
    expect((await ask(open.port, "/api/sql", { body: { sql: "x".repeat(1_100_000) } })).status).toBe(413)
  })

  it("without the token gets nothing but that the process lives", async () => {
    for (const path of ["/", "/api/meta", "/api/status", "/api/q/spend", "/api/events", "/index.html"])
      expect((await ask(closed.port, path)).status, path).toBe(401)
    for (const authorization of ["Bearer wrong", `Bearer ${token}x`, `Basic ${token}`])
      expect((await ask(closed.port, "/api/meta", { headers: { authorization } })).status).toBe(401)
    expect((await ask(closed.port, "/healthz")).status).toBe(200)
    expect((await ask(closed.port, "/api/meta", { headers: { authorization: `Bearer ${token}` } })).status).toBe(200)
  })

  it("comes in by a link, once", async () => {
    const link = closed.guard.link()
    expect((await ask(closed.port, link, { headers: { host: "evil.example" } })).status).toBe(421)
    const first = await ask(closed.port, link)
    expect([first.status, first.headers["location"]]).toEqual([303, "/"])
    const cookie = String(first.headers["set-cookie"])
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/)
    expect((await ask(closed.port, "/api/meta", { headers: { cookie: cookie.split(";")[0] ?? "" } })).status).toBe(200)
    expect((await ask(closed.port, link)).status).toBe(401)
    expect((await ask(closed.port, "/api/meta", { headers: { cookie: "sluice_console=guess" } })).status).toBe(401)
  })

  it("of a path that leads elsewhere finds nothing", async () => {
    for (const path of [
      "/../package.json",
      "/%2e%2e/package.json",
      "/..%2fpackage.json",
      "//etc/hostname",
      "/web/../../api.ts",
      "/api/dashboards/..%2fspend",
      "/api/q/spend%00"
    ])
      expect((await ask(open.port, path)).status, path).toBe(404)
  })

  it("is answered with headers that keep a page to itself", async () => {
    for (const path of ["/", "/api/meta", "/healthz", "/nothing"]) {
      const { headers } = await ask(open.port, path)
      expect(headers["content-security-policy"]).toContain("default-src 'none'; script-src 'self'")
      expect(headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin"
      })
      expect(headers).not.toHaveProperty("access-control-allow-origin")
    }
    expect((await ask(open.port, "/api/status")).headers["cache-control"]).toBe("no-store")
  })
})

it("the site has the files of its folder and no others", () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-test-site-"))
  try {
    mkdirSync(join(folder, "assets"))
    for (const name of ["index.html", "assets/app-Ab12Cd34.js", "assets/plain.js", "notes.ts", ".env"])
      writeFileSync(join(folder, name), name)
    const site = readSite(folder)
    expect([...site.keys()].sort()).toEqual(["/", "/assets/app-Ab12Cd34.js", "/assets/plain.js", "/index.html"])
    expect([site.get("/assets/app-Ab12Cd34.js")?.isImmutable, site.get("/assets/plain.js")?.isImmutable]).toEqual([true, false])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

it("no cell of a CSV is a formula, and numbers stay numbers", () => {
  expect(
    asCsv(
      ["a", "=b"],
      [
        ["=1+1", -5],
        ["-5", null],
        ["-a", '"'],
        ["\tx", true]
      ]
    )
  ).toBe("\ufeffa,'=b\r\n'=1+1,-5\r\n-5,\r\n'-a,\"\"\"\"\r\n'\tx,true\r\n")
})
