import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { duckdb } from "../../bench/contestants/duckdb.ts"
import { sluice } from "../../bench/contestants/sluice.ts"
import { type ContractName, contracts } from "../../bench/contracts/contracts.ts"
import { type Shape, shapes } from "../../bench/input/shapes.ts"
import { type Input, writeInput } from "../../bench/input/write.ts"
import { requireEqual } from "../../bench/peer/equality.ts"

let folder = ""
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-bench-test-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const shapeOf = (name: string): Shape => {
  const shape = shapes[name]
  if (shape === undefined) throw new Error(`there is no shape ${name}`)
  return shape
}

/** Sluice on one input, DuckDB on another. */
const compare = async (shape: Shape, contract: ContractName, own: Input, peer: Input) => {
  const output = join(folder, "duckdb.parquet")
  const rows = await sluice({ kind: "sluice", contract, input: own.file, output: folder }).run()
  expect(rows).toBe(own.rows)
  const job = { kind: "duckdb", form: shape.form, damaged: shape.isDamaged, threads: 1, input: peer.file, output } as const
  await (await duckdb({ ...job, contract: contract === "keep" ? "all" : contract })).run()
  return requireEqual(contracts[contract], { sluice: join(folder, "sluice.parquet"), peer: output, only: own.untouched })
}

describe("Sluice and DuckDB make the same rows", () => {
  it.each(Object.keys(shapes))("of the shape %s", async (name) => {
    const shape = shapeOf(name)
    const input = writeInput(join(folder, name), shape, shape.recordBytes / 20_000, 11)
    const keep = await compare(shape, "keep", input, input)
    expect(keep.rows).toBeGreaterThan(20)
    expect(keep.compared).toBeGreaterThan(500)
    expect(keep.leftOut).toMatchObject({ hashed: 0, dropped: 0 })
    const narrow = await compare(shape, "22", input, input)
    expect(narrow.leftOut).toEqual({ hashed: 0, dropped: 0, json: 0 })
  })

  it("with what is masked left out, and said so", async () => {
    const input = writeInput(join(folder, "masked"), shapeOf("orders"), 0.4, 13)
    const { compared, leftOut } = await compare(shapeOf("orders"), "all", input, input)
    expect(compared).toBeGreaterThan(400)
    expect(Math.min(leftOut.hashed, leftOut.dropped, leftOut.json)).toBeGreaterThan(0)
  })

  it.each([
    ["an outer value", /"Sequence":"\d+"/, '"Sequence":"1"', "sequence"],
    ["a value deep in a document", /\\"sellingPrice\\":\d+/, '\\"sellingPrice\\":1', "items"],
    ["a document that is not there", /"ShippingData":"(?:[^"\\]|\\.)*"/, '"ShippingData":"null"', "shippingData"]
  ])("and it shows when %s differs", async (_, pattern, changed, column) => {
    const shape = shapeOf("orders")
    const input = writeInput(join(folder, "right"), shape, 0.4, 12)
    const other = { ...input, file: join(folder, "wrong") }
    const text = readFileSync(input.file, "utf8")
    const wrong = text.replace(pattern, changed)
    expect(wrong).not.toBe(text)
    writeFileSync(other.file, wrong)
    await expect(compare(shape, "22", other, input)).rejects.toThrow(new RegExp(`2 of \\d+ rows differ, in ${column}, such as that of `))
  })
})
