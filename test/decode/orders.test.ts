import { existsSync, readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "@effect/vitest"
import vtex from "../../schemas/vtex/project.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { closes, decode, pascal, type Row, stringified } from "./support.ts"

const root = process.env["SLUICE_TEST_DATA"] ?? fileURLToPath(new URL("../../../shared/data", import.meta.url))
const folder = `${root}/vtex/openapi`
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith("order__")) : []

describe.skipIf(files.length === 0)(`published orders${files.length === 0 ? ` (skipped: no ${folder})` : ""}`, () => {
  const compiled = vtex.contracts.map(compileContract)

  it.each(files)("%s is a row, the same from every form", (file) => {
    const order: { readonly [key: string]: unknown } = JSON.parse(readFileSync(`${folder}/${file}`, "utf8"))
    const forms = [stringified(order), order, pascal(order)].map((form) => JSON.stringify(form))
    for (const contract of compiled) {
      const decoded = decode(contract, forms)
      expect(decoded.letters.map(({ reason, path }) => [reason, path])).toEqual([])
      expect(closes(decoded)).toBe(true)
      const [raw, nested, capital] = decoded.rows.map((row): Row => ({ ...row, _sequence_number: null }))
      expect(nested).toEqual(raw)
      // What has data for keys (JSON columns, categories) keeps the keys as they came.
      for (const { name } of contract.columns.filter(({ kind }) => kind === "leaf"))
        if (typeof raw?.[name] !== "string") expect(capital?.[name]).toEqual(raw?.[name])
      expect(decoded.counts.drops["attachments"]).toBeGreaterThan(0)
    }
  })
  it("are known to the contracts, but for the odd value", () => {
    const texts = files.map((file) => JSON.stringify(stringified(JSON.parse(readFileSync(`${folder}/${file}`, "utf8")))))
    for (const contract of compiled) {
      const { counts } = decode(contract, texts)
      expect(Object.keys(counts.drift).length).toBeLessThan(20)
      expect(Object.keys(counts.rescued).length).toBeLessThan(10)
    }
  })
})
