import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { damaged } from "../../bench/input/damage.ts"
import { documents } from "../../bench/input/documents.ts"
import { shapes } from "../../bench/input/shapes.ts"
import { writeInput } from "../../bench/input/write.ts"

let folder = ""
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-bench-test-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const lines = (name: string, seed = 3): ReadonlyArray<string> => {
  const shape = shapes[name]
  if (shape === undefined) throw new Error(`there is no shape ${name}`)
  writeInput(join(folder, name), shape, shape.recordBytes / 10_000, seed)
  return readFileSync(join(folder, name), "utf8").trimEnd().split("\n")
}

describe("shapes", () => {
  it.each(Object.keys(shapes))("%s: the same seed gives the same bytes, another seed others", (name) => {
    const first = lines(name)
    expect(lines(name)).toEqual(first)
    expect(lines(name, 4)).not.toEqual(first)
  })

  it("have the sizes that they say", () => {
    for (const [name, shape] of Object.entries(shapes)) {
      const each = lines(name)
      const average = each.reduce((sum, line) => sum + line.length + 1, 0) / each.length
      expect(average / shape.recordBytes, name).toBeGreaterThan(0.7)
      expect(average / shape.recordBytes, name).toBeLessThan(1.3)
    }
  })

  it("are what they are called", () => {
    const items = (line: string) => JSON.parse(line)
    expect(typeof items(lines("orders")[0] ?? "").Items).toBe("string")
    expect(Array.isArray(items(lines("nested")[0] ?? "").items)).toBe(true)
    expect(lines("orders").join("")).toMatch(/[^\0-\x7f]/)
    const escaped = lines("escaped").join("")
    expect(escaped).not.toMatch(/[^\0-\x7f]/)
    expect(escaped).toMatch(/[^\\]\\u00e3/)
    expect(lines("twice-escaped").join("")).toMatch(/[^\\]\\\\u00e3/)
    const [ordered = "", shuffled = ""] = [lines("orders")[0], lines("shuffled")[0]]
    expect(Object.keys(JSON.parse(shuffled)).toSorted()).toEqual(Object.keys(JSON.parse(ordered)).toSorted())
    expect(Object.keys(JSON.parse(shuffled))).not.toEqual(Object.keys(JSON.parse(ordered)))
  })

  it("damages a fifth, in every way", () => {
    const all = [...documents(1500, 5)].map((document, index) => damaged(document, 5, index))
    const share = all.filter(({ isClean }) => !isClean).length / all.length
    expect(share).toBeGreaterThan(0.17)
    expect(share).toBeLessThan(0.23)
    const hit = all.filter(({ isClean }) => !isClean)
    expect(hit.some(({ isRow }) => isRow)).toBe(true)
    expect(hit.some(({ isRow }) => !isRow)).toBe(true)
    const text = hit.map(({ bytes }) => Buffer.from(bytes).toString()).join("\n")
    for (const sign of ["<html>503</html>", "[object Object]", '"a document"', ':"[\\n  {']) expect(text).toContain(sign)
  })
})
