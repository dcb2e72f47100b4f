import { describe, expect, it } from "vitest"
import { groupColumns } from "../../src/lake/column-groups.ts"

describe("column groups", () => {
  const groups = (...widths: ReadonlyArray<readonly [leaves: number, values: number]>) =>
    groupColumns(
      widths.map(([leaves, values], i) => ({ name: `c${i}`, leaves, values })),
      64
    ).map(({ names }) => names.join(" "))

  it("hold no more values than the widest column, in order", () => {
    expect(groups([1, 1], [1, 1], [1, 1], [1, 4], [1, 2], [1, 3])).toEqual(["c0 c1 c2", "c3", "c4", "c5"])
    expect(groups([1, 1], [1, 1])).toEqual(["c0", "c1"])
  })

  it("hold few leaves, but for a column that has more alone", () => {
    expect(groups([40, 40], [20, 20], [5, 5], [200, 9000], [1, 1])).toEqual(["c0 c1", "c2", "c3", "c4"])
  })
})
