import { describe, expect, it } from "vitest"
import { cutChunks } from "../../src/lake/chunks.ts"
import { rowGroupRows } from "../../src/lake/row-size.ts"

describe("chunks", () => {
  const holding = (file: number, rows: number, lastRow = rows - 1) => ({ file, rows, lastRow })

  it("reads small files together", () => {
    expect(cutChunks([holding(0, 3), holding(1, 3), holding(4, 3)], 6)).toEqual([
      { files: [0, 1], rows: null },
      { files: [4], rows: null }
    ])
  })

  it("reads a large file in parts that cover it", () => {
    const chunks = cutChunks([holding(0, 1), holding(1, 25), holding(2, 1)], 10)
    expect(chunks).toEqual([
      { files: [0], rows: null },
      { files: [1], rows: { from: 0, to: 9 } },
      { files: [1], rows: { from: 9, to: 18 } },
      { files: [1], rows: { from: 18, to: 27 } },
      { files: [2], rows: null }
    ])
  })

  it("covers a file of which few rows are wanted", () => {
    expect(cutChunks([holding(0, 4, 99)], 2).map(({ rows }) => rows)).toEqual([
      { from: 0, to: 50 },
      { from: 50, to: 100 }
    ])
  })
})

describe("row groups", () => {
  it("are multiples of 2,048 rows, at least one and at most 60 of them", () => {
    expect(rowGroupRows(10_000, 20_000_000)).toBe(2048)
    expect(rowGroupRows(1000, 20_000_000)).toBe(18_432)
    expect(rowGroupRows(1, 20_000_000)).toBe(122_880)
    expect(rowGroupRows(1_000_000, 1)).toBe(2048)
  })
})
