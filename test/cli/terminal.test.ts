import { describe, expect, it } from "vitest"
import { bytes, rate, table } from "../../src/cli/output.ts"
import { cutTo, oneLine, padTo, widthOf } from "../../src/cli/terminal.ts"
import { count } from "../../src/record/count.ts"
import { harmless } from "../../src/record/harmless.ts"

const esc = "\u001b"

describe("what data holds", () => {
  it("is shown, and steers no terminal", () => {
    expect(harmless(`${esc}]0;owned\u0007${esc}[31mred\rx\u009b2J\u007f`)).toBe(
      "\\u001b]0;owned\\u0007\\u001b[31mred\\u000dx\\u009b2J\\u007f"
    )
    // Characters that turn the direction of writing show a text that is not there.
    expect(harmless("a\u202egpj.exe\u2066\u200f")).toBe("a\\u202egpj.exe\\u2066\\u200f")
    expect(harmless("two\nlines, 日本語, é, 👩‍👩‍👧")).toBe("two\nlines, 日本語, é, 👩‍👩‍👧")
    expect(oneLine("a\n\tb\r")).toBe("a\\n\\tb\\r")
  })

  it("stays the JSON that it was", () => {
    const value = { [`${esc}[1m`]: "\u0000\u0085\u202e\u007f\n" }
    const text = harmless(JSON.stringify(value))
    expect(text).toMatch(/^[\x20-\x7e]*$/)
    expect(JSON.parse(text)).toEqual(value)
  })
})

describe("widths", () => {
  it("are cells, of which a character of full width takes two and a mark none", () => {
    expect([widthOf("abc"), widthOf("日本"), widthOf("e\u0301"), widthOf("👩‍👩‍👧")]).toEqual([3, 4, 1, 2])
    expect([padTo("日本", 6, "after"), padTo("7", 3, "before")]).toEqual(["日本  ", "  7"])
  })

  it.each([
    ["abc", 3, "abc"],
    ["abcd", 3, "ab…"],
    ["日本語", 5, "日本…"],
    ["日本語", 4, "日…"],
    ["é".repeat(1000), 4, "ééé…"],
    ["x".repeat(100_000), 4, "xxx…"]
  ])("of %s in %i cells: %s", (text, width, cut) => {
    expect(cutTo(text, width)).toBe(cut)
    expect(widthOf(cut)).toBeLessThanOrEqual(width)
  })

  it("keep the columns of a table in line", () => {
    expect(
      table(
        [
          ["日本", 1, "a"],
          [`x${esc}[2J`, 2000, "b\nc"]
        ],
        ""
      )
    ).toBe("日本            1  a\nx\\u001b[2J  2,000  b\\nc")
  })
})

describe("numbers", () => {
  it("stand with their noun", () => {
    expect([count(1, "row"), count(0, "row"), count(2000, "row"), count(2, "entry", "entries")]).toEqual([
      "1 row",
      "0 rows",
      "2,000 rows",
      "2 entries"
    ])
  })

  it("of bytes have three digits or four, and the unit above where they would be rounded up to it", () => {
    expect([0, 1, 379.60339943342774, 999.6, 1000, 9_996, 999_940, 999_960, 1.5e15].map(bytes)).toEqual([
      "0 B",
      "1 B",
      "380 B",
      "1.00 kB",
      "1.00 kB",
      "10.0 kB",
      "999.9 kB",
      "1.00 MB",
      "1500.0 TB"
    ])
    expect([rate(500, 1000), rate(1000, 0)]).toEqual(["500 B/s", "1.00 MB/s"])
  })
})
