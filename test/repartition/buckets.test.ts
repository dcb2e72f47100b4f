import { describe, expect, it } from "vitest"
import { cutBuckets, cutChunks, rowGroupRows } from "../../src/repartition/buckets.ts"

const days = (...rows: ReadonlyArray<number>) => rows.map((rows, i) => ({ day: `2026-11-0${i + 1}`, rows }))
const shape = (rows: ReadonlyArray<number>, most: number) =>
  cutBuckets(days(...rows), most).map(({ from, to, days }) => [from, to, days.map((piece) => piece.to - piece.from)])

describe("buckets", () => {
  it("puts neighbouring days together while they fit", () => {
    expect(shape([3, 3, 3, 1], 6)).toEqual([
      [0, 6, [3, 3]],
      [6, 10, [3, 1]]
    ])
  })

  it("leaves a day whole, even where it does not fit", () => {
    expect(shape([2, 20, 2], 5)).toEqual([
      [0, 2, [2]],
      [2, 22, [20]],
      [22, 24, [2]]
    ])
  })

  it("makes nothing of nothing", () => expect(cutBuckets([], 5)).toEqual([]))
})

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
