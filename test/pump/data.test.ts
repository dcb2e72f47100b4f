import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { gzipSync } from "node:zlib"
import { Effect } from "effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type Hit, parameterOf } from "../../src/generate/hits/hit.ts"
import { dataOf } from "../../src/pump/data.ts"

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-pump-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const read = async (path: string, seed = 1) => {
  const { hits, ...rest } = await Effect.runPromise(dataOf(path, seed))
  return { ...rest, hits: [...hits] }
}
const fileOf = (content: string | Uint8Array): string => {
  const path = join(folder, "data")
  writeFileSync(path, content)
  return path
}
const valuesOf = (hits: ReadonlyArray<Hit>, ...names: ReadonlyArray<string>) =>
  hits.map((hit) => [new Date(hit.arrivedAt).toISOString(), ...names.map((name) => parameterOf(hit, name))])

describe("data to pump", () => {
  it("are clicks, in the order of time, as they are published and as they are cut", async () => {
    const cut = gzipSync("SessionId\tItemId\tTime\n2\t214662742\t1396871797.614\nnothing\n1\t214536502\t1396860669.277\n")
    const { kind, unreadable, hits } = await read(fileOf(cut))
    expect({ kind, unreadable }).toEqual({ kind: "clicks of YooChoose", unreadable: 1 })
    expect(valuesOf(hits, "pr1id", "pa", "t")).toEqual([
      ["2014-04-07T08:51:09.277Z", "214536502", "detail", "pageview"],
      ["2014-04-07T11:56:37.614Z", "214662742", "detail", "pageview"]
    ])
    const published = "1,2014-04-07T08:51:09.277Z,214536502,0\r\n1,2014-04-07T08:54:09.868Z,214536500,S\r\n"
    const again = await read(fileOf(published))
    expect(valuesOf(again.hits, "pr1id")).toEqual([
      ["2014-04-07T08:51:09.277Z", "214536502"],
      ["2014-04-07T08:54:09.868Z", "214536500"]
    ])
    expect(new Set(again.hits.map((hit) => parameterOf(hit, "cid"))).size).toBe(1)
  })

  it("are access logs, a visitor being an address with an agent", async () => {
    const line = (address: string, second: number, agent: string) =>
      `${address} - - [17/May/2015:10:05:0${second} +0200] "GET /a?b=1 HTTP/1.1" 200 203 "http://elsewhere/" "${agent}"`
    const lines = [line("83.149.9.216", 3, "A"), line("83.149.9.216", 1, "A"), line("83.149.9.216", 2, "B"), "no line"]
    const { kind, unreadable, hits } = await read(fileOf(`${lines.join("\n")}\n`))
    expect({ kind, unreadable }).toEqual({ kind: "combined access log", unreadable: 1 })
    expect(valuesOf(hits, "dl", "dr")).toEqual(
      [1, 2, 3].map((second) => [`2015-05-17T08:05:0${second}.000Z`, "https://www.log.example/a?b=1", "http://elsewhere/"])
    )
    const [first, second, third] = hits.map((hit) => parameterOf(hit, "cid"))
    expect([first === third, first === second]).toEqual([true, false])
    const other = await read(join(folder, "data"), 2)
    expect(other.hits.map((hit) => parameterOf(hit, "z"))).not.toEqual(hits.map((hit) => parameterOf(hit, "z")))
  })

  it("are nothing else", async () => {
    const told = (path: string) => Effect.runPromise(Effect.flip(dataOf(path, 1))).then(({ message }) => message)
    expect(await told(fileOf("a,b\n1,2\n"))).toContain("begins as none of clicks of YooChoose, combined access log")
    expect(await told(fileOf(""))).toContain("begins as none of")
    expect(await told(join(folder, "absent"))).toContain("ENOENT")
    expect(await told(fileOf(gzipSync("SessionId\tItemId\tTime\n").subarray(0, 20)))).toContain("unexpected end of file")
  })

  const data = resolve(import.meta.dirname, "../..", process.env["SLUICE_TEST_DATA"] ?? "../shared/data")
  const clicks = join(data, "yoochoose_100k/yoochoose-clicks-100k_test.txt.gz")
  const log = join(data, "access_logs/apache_combined_semicomplete_2015.log")
  const isThere = existsSync(clicks) && existsSync(log)
  if (!isThere) console.warn(`Skipped: there is no ${isThere ? "" : data}; SLUICE_TEST_DATA says where real data lies.`)
  it.skipIf(!isThere)("are real ones", async () => {
    const shop = await read(clicks)
    expect([shop.hits.length, shop.unreadable]).toEqual([13_568, 0])
    const web = await read(log)
    expect([web.hits.length, web.unreadable]).toEqual([9_999, 1])
    for (const { hits } of [shop, web]) expect(hits.every((hit, i) => hit.arrivedAt >= (hits[i - 1]?.arrivedAt ?? 0))).toBe(true)
  })
})
