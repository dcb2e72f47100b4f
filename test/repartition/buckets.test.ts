import { describe, expect, it } from "vitest"
import { cutBuckets } from "../../src/repartition/buckets.ts"

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
