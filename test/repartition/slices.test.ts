import { describe, expect, it } from "vitest"
import { cutSlices, groupColumns, rowsWaiting } from "../../src/repartition/slices.ts"

const days = (...rows: ReadonlyArray<number>) => rows.map((rows, i) => ({ day: `2026-11-0${i + 1}`, rows }))
const shape = (rows: ReadonlyArray<number>, most: number) =>
  cutSlices(days(...rows), most).map(({ from, to, pieces }) => [from, to, pieces.map(({ number, last }) => (last ? number : -number - 1))])

describe("slices", () => {
  it("puts neighbouring days together while they fit", () => {
    expect(shape([3, 3, 3, 1], 6)).toEqual([
      [0, 6, [0, 1]],
      [6, 10, [2, 3]]
    ])
  })

  it("cuts a day that does not fit", () => {
    expect(shape([2, 12, 2], 5)).toEqual([
      [0, 2, [0]],
      [2, 7, [-2]],
      [7, 12, [-2]],
      [12, 16, [1, 2]]
    ])
  })

  it("cuts into single rows at the least, and makes nothing of nothing", () => {
    expect(shape([2], 0.1)).toEqual([
      [0, 1, [-1]],
      [1, 2, [0]]
    ])
    expect(shape([], 5)).toEqual([])
  })
})

describe("rows that wait", () => {
  const waiting = (...rows: ReadonlyArray<number>) => cutSlices(days(...rows), 1e9).map(rowsWaiting)

  it("are those of a row group, where days are large or few", () => {
    expect(waiting(100_000)).toEqual([4096])
    expect(waiting(1, 2, 3)).toEqual([4096])
    expect(waiting(...Array.from({ length: 40 }, () => 1000))).toEqual([4096])
  })

  it("are fewer where many days are small", () => {
    expect(waiting(...Array.from({ length: 40 }, () => 10))).toEqual([120])
    expect(waiting(...Array.from({ length: 20 }, () => 1), 100_000)).toEqual([12])
  })
})

describe("column groups", () => {
  const groups = (...widths: ReadonlyArray<readonly [leaves: number, values: number]>) =>
    groupColumns(widths.map(([leaves, values], i) => ({ name: `c${i}`, leaves, values }))).map((group) => group.join(" "))

  it("hold no more values than the widest column, in order", () => {
    expect(groups([1, 1], [1, 1], [1, 1], [1, 4], [1, 2], [1, 3])).toEqual(["c0 c1 c2", "c3", "c4", "c5"])
    expect(groups([1, 1], [1, 1])).toEqual(["c0", "c1"])
  })

  it("hold few leaves, but for a column that has more alone", () => {
    expect(groups([40, 40], [20, 20], [5, 5], [200, 9000], [1, 1])).toEqual(["c0 c1", "c2", "c3", "c4"])
  })
})
