import { describe, expect, it } from "vitest"
import { isWorthwhile, makeDictionary } from "../../src/columns/dictionary.ts"
import { seeded } from "../parquet/random.ts"

const stringsOf = (texts: ReadonlyArray<string>) => {
  const data = new Uint8Array([...Buffer.from(texts.join("")), 0, 0, 0, 0])
  let end = 0
  const ends = Int32Array.from(texts, (text) => {
    end += Buffer.byteLength(text)
    return end
  })
  return { data, view: new DataView(data.buffer), ends, count: texts.length }
}

const readBack = (strings: ReturnType<typeof stringsOf>, indices: Int32Array, entries: number, indexed: number) => {
  const entry = (i: number) => Buffer.from(strings.data.subarray(i === 0 ? 0 : strings.ends[i - 1], strings.ends[i])).toString()
  return Array.from({ length: strings.count }, (_, i) => entry(i < indexed ? (indices[i] ?? 0) : entries + i - indexed))
}

describe("a dictionary", () => {
  it("has each string once, in the order of their coming, and gives them all back", () => {
    const next = seeded(3)
    for (const kinds of [1, 2, 50, 5000]) {
      const texts = Array.from({ length: 6000 }, () => `é${Math.floor(next() * kinds)}`.padEnd(Math.floor(next() * 2) * 12, "x"))
      const strings = stringsOf(texts)
      const indices = new Int32Array(texts.length)
      const { entries, indexed } = makeDictionary(strings, indices)
      expect(entries).toBe(new Set(texts).size)
      expect(indexed).toBe(texts.length)
      expect(readBack(strings, indices, entries, indexed)).toEqual(texts)
    }
  })
  it("ends where it would grow too large, and what follows stays as it is", () => {
    const texts = Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? "same" : `${i}`.padEnd(9000, "y")))
    const strings = stringsOf(texts)
    const indices = new Int32Array(texts.length)
    const { entries, indexed } = makeDictionary(strings, indices)
    expect(indexed).toBeGreaterThan(100)
    expect(indexed).toBeLessThan(300)
    expect(readBack(strings, indices, entries, indexed)).toEqual(texts)
  })
})

describe("whether a dictionary is worthwhile", () => {
  const many = 20_000
  it.each<[string, boolean, (i: number, next: number) => string]>([
    ["all different", false, (i) => `id-${i}`],
    ["few kinds", true, (_, next) => `kind ${Math.floor(next * 5)}`],
    ["a quarter as many kinds as strings", true, (_, next) => `kind ${Math.floor(next * (many / 4))}`],
    ["twice in a row each", true, (i) => `id-${i >> 1}`],
    ["as many kinds as strings", false, (_, next) => `kind ${Math.floor(next * many * 2)}`]
  ])("%s: %s", (_, expected, make) => {
    const next = seeded(9)
    expect(isWorthwhile(stringsOf(Array.from({ length: many }, (_, i) => make(i, next()))))).toBe(expected)
  })
})
