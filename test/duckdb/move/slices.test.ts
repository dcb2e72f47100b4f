import { describe, expect, it } from "vitest"
import { cutRowGroups, mostRows, piecesOf, rowsAtOnce } from "../../../src/duckdb/move/slices.ts"

const days = (...rows: ReadonlyArray<number>) => rows.map((rows, i) => ({ partition: `2026-11-0${i + 1}`, rows }))
const shape = (rows: ReadonlyArray<number>, from: number, length: number) =>
  piecesOf(days(...rows), from, length).map(({ partition, rows, isLast }) => [Number(partition.slice(-1)), rows.from, rows.to, isLast])

describe("slices", () => {
  it("are cut by day", () => {
    expect(shape([3, 4, 2], 0, 9)).toEqual([
      [1, 0, 3, true],
      [2, 3, 7, true],
      [3, 7, 9, true]
    ])
    expect(shape([3, 4, 2], 1, 4)).toEqual([
      [1, 0, 2, true],
      [2, 2, 4, false]
    ])
    expect(shape([3, 4, 2], 5, 2)).toEqual([[2, 0, 2, true]])
  })

  it("have what is compressed to twice what is held", () => {
    expect(mostRows(100_000, 1000, 5000)).toBe(100)
    expect(mostRows(1e12, 1000, 5000)).toBe(1)
    expect(mostRows(0, 0, 5000)).toBe(1)
    expect(mostRows(10, 1e9, 5000)).toBe(160 * 1024)
  })

  it("end with a partition where it would be cut and little is left out, if they may", () => {
    const ends = (rows: ReadonlyArray<number>, length: number, keeps: boolean, leaves = 1) =>
      rowsAtOnce(piecesOf(days(...rows), 0, length), leaves, keeps)
    expect(ends([40, 40, 40], 100, true)).toBe(80)
    expect(ends([40, 40, 40], 100, false)).toBe(100)
    // All of the last, too much of a slice, a partition by itself.
    expect(ends([40, 60, 40], 100, true)).toBe(100)
    expect(ends([40, 30, 90], 100, true)).toBe(100)
    expect(ends([200], 100, true)).toBe(100)
    expect(ends([40, 40, 40], 100, true, 80 * 1024)).toBe(40)
  })

  it("are cut into row groups by what their rows take, evenly", () => {
    const mebibytes = 1024 * 1024
    expect(cutRowGroups({ from: 5, to: 105 }, mebibytes)).toEqual([
      { from: 5, to: 38 },
      { from: 38, to: 71 },
      { from: 71, to: 105 }
    ])
    expect(cutRowGroups({ from: 0, to: 2 }, 1e12)).toHaveLength(2)
    expect(cutRowGroups({ from: 0, to: 1e5 }, 100)).toEqual([{ from: 0, to: 1e5 }])
  })
})
