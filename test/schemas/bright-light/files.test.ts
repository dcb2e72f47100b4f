import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { makeCompany } from "../../../schemas/bright-light/generate/company.ts"
import { company } from "../../../schemas/bright-light/generate/files.ts"
import project from "../../../schemas/bright-light/project.ts"
import { matcherOf } from "../../../src/contract/arrives.ts"
import type { MadeFile } from "../../../src/contract/index.ts"
import { sluiceJson } from "../../cli/sluice.ts"
import { knownOf, lineOf } from "./lake.ts"
import { type Parameters, plainSales } from "./plain.ts"
import { plainFeatures } from "./plain-features.ts"
import { plainWeb, sessionsOf } from "./plain-web.ts"

const filesOf = (seed: number, size: number): ReadonlyArray<MadeFile> => [...company.make({ seed, size }).files]

describe("the input that the company's project makes", () => {
  it("is the same of a seed, byte for byte, and another of another", () => {
    expect(filesOf(1, 5)).toEqual(filesOf(1, 5))
    expect(filesOf(2, 5)).not.toEqual(filesOf(1, 5))
  })

  it("comes in files that are each of one dataset, every dataset among them, and says of each how many records it has", () => {
    const datasets = project.contracts.map(({ name, arrives = [] }) => ({ name, matches: matcherOf(arrives) }))
    const records = new Map<string, number>()
    for (const { path, content, records: count } of filesOf(1, 5)) {
      const names = datasets.filter(({ matches }) => matches(path)).map(({ name }) => name)
      expect([path, names.length]).toEqual([path, 1])
      const [name = ""] = names
      if (typeof content === "string") {
        const lines = content.trimEnd().split("\n").length
        expect([path, count]).toEqual([path, ["web_logs", "order_lines"].includes(name) ? lines : lines - 1])
      } else expect([path, "rows" in content && content.rows.length]).toEqual([path, count])
      records.set(name, (records.get(name) ?? 0) + count)
    }
    expect([...records.keys()].sort()).toEqual(datasets.map(({ name }) => name).sort())
  })

  it("has more than thirteen months of every kind of what happens, and what is awkward in each", () => {
    const { tables, requests } = knownOf(makeCompany(1, 12))
    const months = (dataset: string, column: string): number =>
      new Set((tables[dataset] ?? []).map((row) => String(row[column]).slice(0, 7))).size
    expect(months("orders", "ordered_at")).toBeGreaterThanOrEqual(14)
    expect(months("weather_observed", "observed_on")).toBeGreaterThanOrEqual(14)
    expect(new Set(requests.map(({ at }) => new Date(at).toISOString().slice(0, 7))).size).toBeGreaterThanOrEqual(14)
    const zips = (tables["orders"] ?? []).map((row) => String(row["ship_zip"]))
    expect(zips.some((zip) => zip.startsWith("0"))).toBe(true)
    expect((tables["orders"] ?? []).some((row) => row["status"] === "cancelled")).toBe(true)
    expect(requests.some(({ address }) => address.includes(":"))).toBe(true)
  })
})

/** All of it through the command, which takes a minute. */
describe.runIf(process.env["SLUICE_TEST_BRIGHT_LAKE"] === "1")("a lake of the company, from its files to its marts", () => {
  it("has the rows that the manifest says, and marts that are what plain loops make of them", { timeout: 600_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "sluice-bright-"))
    try {
      const seed = 3
      const [input, lake, of] = [join(folder, "in"), join(folder, "lake"), ["--project", "schemas/bright-light"]]
      const manifest = await sluiceJson(["generate", ...of, "--size", "12", "--seed", String(seed), "--out", input])
      await sluiceJson(["run", "--once", ...of, "--input", input, "--lake", lake], {
        SLUICE_HASH_KEY: "a-key-for-tests-of-thirty-two-letters"
      })
      const ask = async (sql: string): Promise<ReadonlyArray<{ readonly [column: string]: unknown }>> =>
        sluiceJson(["query", ...of, "--lake", lake, sql])
      const datasets = Object.keys(manifest.expected.rows)
      const [counts] = await ask(
        `SELECT ${datasets.map((name) => `(SELECT count(*)::INTEGER FROM consumable_${name}) AS ${name}`).join(", ")}`
      )
      expect(counts).toEqual(manifest.expected.rows)
      const known = knownOf(makeCompany(seed, 12))
      const parameters: Parameters = { period_days: 30, top_days: 90, top_percent: 10, top_categories: 3 }
      const sessions = sessionsOf(known)
      const { web_sessions: _, ...web } = plainWeb(known, sessions)
      for (const [mart, lines] of Object.entries({ ...plainSales(known, parameters), ...web, ...plainFeatures(known, sessions) })) {
        const columns = await ask(`SELECT column_name, column_type FROM (DESCRIBE ${mart})`)
        const texts = columns.map(({ column_name: name, column_type: type }) =>
          type === "DOUBLE"
            ? `printf('%.12f', ${name}) AS ${name}`
            : String(type).startsWith("TIMESTAMP")
              ? `epoch_ms(${name})::VARCHAR AS ${name}`
              : `${name}::VARCHAR AS ${name}`
        )
        expect((await ask(`SELECT ${texts.join(", ")} FROM ${mart}`)).map(lineOf).sort(), mart).toEqual(lines)
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
