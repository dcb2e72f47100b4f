import { describe, expect, it } from "vitest"
import { cutDays, cutSlices, rowsWaiting } from "../../src/repartition/slices.ts"

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

describe("small days", () => {
  const large = (...rows: ReadonlyArray<number>) => cutSlices(days(...rows), 1e9)
  const many = (n: number, rows: number) => Array.from({ length: n }, () => rows)

  it("are kept apart from large ones, judged with their neighbours", () => {
    const kinds = large(...many(20, 10), ...many(20, 600)).map(({ small, pieces }) => [small, pieces.length])
    expect(kinds.map(([small]) => small)).toEqual([true, false])
    expect(large(...many(10, 600), 100, 100, ...many(10, 600)).map(({ small }) => small)).toEqual([false])
  })

  it("are none where there are few", () => {
    expect(large(1, 2, 3).map(({ small }) => small)).toEqual([false])
  })

  it("are cut into a few at a time", () => {
    const [first] = large(1, 2, 3, 4, 5)
    const slice = first && { ...first, small: true }
    expect(slice && cutDays(slice, 2.9).map(({ from, to, pieces }) => [from, to, pieces.length])).toEqual([
      [0, 3, 2],
      [3, 10, 2],
      [10, 15, 1]
    ])
  })

  it("do not decide how large days are cut", () => {
    expect(large(5000, 3000).map(rowsWaiting)).toEqual([4096])
    expect(large(5000, 600).map(rowsWaiting)).toEqual([2048])
  })
})
