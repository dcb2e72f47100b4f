import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { zstdDecompressSync } from "node:zlib"
import { parquetReadObjects } from "hyparquet"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { eventually } from "../passing-time.ts"
import { sluice, start } from "./sluice.ts"

let folder = ""
let lake = ""
const order = (id: string, hostname: string, value: string) =>
  `${JSON.stringify({ OrderId: id, Hostname: hostname, Value: value, LastChange: "2026-11-20T07:00:00Z" })}\n`
const evil = "\u001b]0;owned\u0007\u001b[31mred\u202e"

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-query-"))
  lake = join(folder, "lake")
  const input = `${order("a-1", evil, "9007199254740993")}${order("a-2", 'b,"c"\nd', "7")}not JSON\n`
  const { code } = await sluice(["ingest", "--input", "-", "--lake", lake, "--arrived-at", "2026-11-20T08:00:00Z"], {}, input)
  expect(code).toBe(0)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const query = (args: ReadonlyArray<string>, input = "") => sluice(["query", "--lake", lake, ...args], {}, input)
const ofAll = "SELECT order_id, hostname, value FROM stage_checkout ORDER BY order_id"

describe("what a query gives into a pipe", () => {
  it("is a table that steers no terminal, and nothing beside it", async () => {
    const { code, stdout, stderr } = await query([ofAll])
    expect([code, stderr]).toEqual([0, ""])
    expect(stdout.split("\n")[1]).toBe(`a-1       \\u001b]0;owned\\u0007\\u001b[31mred\\u202e  9007199254740993`)
    expect(stdout).toContain('b,"c"\\nd')
    expect(stdout).not.toMatch(/[^\P{Cc}\n]/u)
  })

  it("is CSV or JSON with the values as they are", async () => {
    const [csv, json] = await Promise.all([query(["--format", "csv", ofAll]), query(["--json", "--limit", "1", ofAll])])
    expect(csv.stdout).toBe(`order_id,hostname,value\r\na-1,${evil},9007199254740993\r\na-2,"b,""c""\nd",7\r\n`)
    expect(JSON.parse(json.stdout).map(({ hostname }: { hostname: string }) => hostname)).toEqual([evil])
    expect(json.stdout).toContain('"value":9007199254740993}')
    expect([csv.stderr, json.stderr]).toEqual(["", ""])
  })
})

describe("--output", () => {
  const rowsIn = async (path: string) => {
    const bytes = await readFile(path)
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
    return parquetReadObjects({ file, compressors: { ZSTD: (input) => zstdDecompressSync(input) } })
  }

  it("has the form that the file's name says, with the types of the tables", async () => {
    const path = join(folder, "orders.parquet")
    const { code, stdout, stderr } = await query(["--output", path, `${ofAll}; -- all`])
    expect([code, stdout, stderr]).toEqual([0, "", `2 rows in ${path}\n`])
    expect(await rowsIn(path)).toEqual([
      { order_id: "a-1", hostname: evil, value: 9007199254740993n },
      { order_id: "a-2", hostname: 'b,"c"\nd', value: 7n }
    ])
  })

  it("is whole or is not there", async () => {
    const path = join(folder, "part.csv")
    await writeFile(path, "as it was")
    const sql = "SELECT CASE WHEN range < 1000000 THEN range ELSE error('late') END AS n FROM range(2000000)"
    const { code, stderr } = await query(["--output", path, sql])
    expect([code, stderr]).toEqual([1, expect.stringContaining("late")])
    const { child, done } = start(["query", "--lake", lake, "--output", path, "FROM range(100000000000)"])
    const parts = async () => (await readdir(folder)).filter((name) => name.startsWith(".part.csv."))
    await eventually(async () => (await parts()).length > 0)
    child.kill("SIGTERM")
    expect((await done).code).toBe(143)
    expect([await readFile(path, "utf8"), await parts()]).toEqual(["as it was", []])
  })
})

describe("a statement", () => {
  it("comes from a file, from standard input, or begins with a comment", async () => {
    const file = join(folder, "a.sql")
    await writeFile(file, "\ufeff-- from a file\nSELECT 5 AS n;\n")
    const [ofFile, ofInput] = await Promise.all([
      query(["--format", "csv", "--file", file]),
      query(["--format", "csv", "-"], "-- from a pipe\nSELECT 6 AS n")
    ])
    expect([ofFile.stdout, ofInput.stdout]).toEqual(["n\r\n5\r\n", "n\r\n6\r\n"])
    expect((await query(["--format", "csv", "-- revenue\nSELECT 7 AS n"])).stdout).toBe("n\r\n7\r\n")
  })

  it("that is missing is told so", async () => {
    const { code, stderr } = await query([])
    expect([code, stderr]).toEqual([2, expect.stringContaining("the statement is missing")])
  })

  it("that asks for what is not there is told where, and what there is", async () => {
    const { code, stderr } = await query(["SELECT hostnam FROM stage_checkout"])
    expect(code).toBe(1)
    expect(stderr).toMatch(/"hostnam" not found.*Candidate bindings: "hostname".*LINE 1: SELECT hostnam FROM.*\n +\^/s)
  })
})
