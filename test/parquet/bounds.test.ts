import { describe, expect, it } from "vitest"
import { compareText, lowerBound, upperBound } from "../../src/parquet/bounds.ts"
import { seeded } from "./random.ts"

const utf8 = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
const alphabet = ["a", "b", "~", "\u007f", "\u0080", "é", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{1f600}", "\u{10ffff}"]

describe("order of texts", () => {
  it("is that of their UTF-8 bytes", () => {
    const next = seeded(7)
    const text = () => Array.from({ length: Math.floor(next() * 4) }, () => alphabet[Math.floor(next() * alphabet.length)] ?? "").join("")
    for (let i = 0; i < 20_000; i++) {
      const [a, b] = [text(), text()]
      expect(Math.sign(compareText(a, b)), JSON.stringify([a, b])).toBe(Math.sign(utf8(a, b)))
    }
    expect(compareText("\u{1f600}", "\uffff")).toBeGreaterThan(0) // JavaScript's < says otherwise
  })
})

describe("bounds of long texts", () => {
  it("keeps 32 characters as they are", () => {
    const text = "x".repeat(32)
    expect([lowerBound(text), upperBound(text), lowerBound(""), upperBound("")]).toEqual([text, text, "", ""])
  })

  it("cuts a minimum, never through a pair", () => {
    expect(lowerBound("x".repeat(40))).toBe("x".repeat(32))
    expect(lowerBound(`${"x".repeat(31)}\u{1f600}y`)).toBe("x".repeat(31))
  })

  it("ends a maximum with a character above the one that is cut", () => {
    const prefix = "x".repeat(32)
    expect(upperBound(`${prefix}abc`)).toBe(`${prefix}\u007f`)
    expect(upperBound(`${prefix}éa`)).toBe(`${prefix}\u{10ffff}`)
    expect(upperBound(`${prefix}\u007f`)).toBe(`${prefix}\u{10ffff}`)
    expect(upperBound(`${"x".repeat(31)}\u{1f600}y`)).toBe(`${"x".repeat(31)}\u{10ffff}`)
  })

  it("grows a maximum over the largest character, or gives it up", () => {
    const prefix = "x".repeat(32)
    expect(upperBound(`${prefix}\u{10ffff}a`)).toBe(`${prefix}\u{10ffff}\u007f`)
    expect(upperBound(`${prefix}\u{10ffff}`)).toBe(`${prefix}\u{10ffff}`)
    expect(upperBound(`${prefix}${"\u{10ffff}".repeat(40)}`)).toBeNull()
  })

  it("always bounds, for generated texts", () => {
    const next = seeded(11)
    for (let i = 0; i < 20_000; i++) {
      const length = 28 + Math.floor(next() * 12)
      const text = Array.from({ length }, () => alphabet[Math.floor(next() ** 3 * alphabet.length)] ?? "").join("")
      const lower = lowerBound(text)
      const upper = upperBound(text)
      expect(utf8(lower, text)).toBeLessThanOrEqual(0)
      expect(lower.isWellFormed()).toBe(true)
      if (upper === null) continue
      expect(utf8(upper, text)).toBeGreaterThanOrEqual(0)
      expect(upper.isWellFormed()).toBe(true)
      expect(upper.length).toBeLessThanOrEqual(66)
    }
  })
})
