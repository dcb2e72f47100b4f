import { describe, expect, it } from "vitest"
import { loadOf, newestLoad, withLoad } from "../../src/lake/newest-load.ts"

const load = (shard: string, at: number, arrivedAt = 9) => ({ shard, arrivedAt: String(arrivedAt), at: String(at) })
const metaData = (configuration: { readonly [name: string]: string }) => ({
  metaData: {
    id: "i",
    name: null,
    description: null,
    createdTime: null,
    format: { provider: "parquet", options: {} },
    schemaString: "",
    partitionColumns: [],
    configuration
  }
})

describe("the newest load of a table", () => {
  it("is the one that began last, in whatever order they come", () => {
    expect(newestLoad(null, [])).toBe(null)
    expect(newestLoad(null, [load("a", 5), load("b", 10), load("c", 7)])).toEqual(load("b", 10))
    expect(newestLoad(load("b", 10), [load("a", 5)])).toEqual(load("b", 10))
    // As numbers: as texts 9 is more.
    expect(newestLoad(load("b", 9), [load("a", 10)])).toEqual(load("a", 10))
  })

  it("began with the oldest row of its file, whichever part of that comes first; the same name later is another one", () => {
    expect(newestLoad(load("a", 10), [load("a", 12)])).toEqual(load("a", 10))
    expect(newestLoad(load("a", 10), [load("a", 8)])).toEqual(load("a", 8))
    expect(newestLoad(load("a", 10), [load("a", 20, 30)])).toEqual(load("a", 20, 30))
  })

  it("is the same in whatever order parts of several files come, and of two as old the known one, or the first by name", () => {
    const came = [load("a", 10), load("b", 8), load("a", 5)]
    const orders = came.flatMap((first) =>
      came.flatMap((second) => came.filter((third) => new Set([first, second, third]).size === 3).map((third) => [first, second, third]))
    )
    expect(orders).toHaveLength(6)
    for (const order of orders) {
      expect(newestLoad(null, order)).toEqual(load("b", 8))
      expect(newestLoad(load("c", 8), order)).toEqual(load("c", 8))
      expect(newestLoad(load("b", 20), order)).toEqual(load("b", 8))
    }
    expect(newestLoad(null, [load("b", 8), load("a", 8)])).toEqual(load("a", 8))
  })

  it("is remembered by the table, and refused where that is damaged", () => {
    const { configuration } = metaData({ other: "x" }).metaData
    const remembered = withLoad({ ...metaData({}).metaData, configuration }, load("a", -10))
    expect(loadOf(metaData(remembered))).toEqual(load("a", -10))
    expect(remembered["other"]).toBe("x")
    expect(withLoad(metaData(remembered).metaData, null)).toEqual({ other: "x" })
    expect(loadOf(metaData({}))).toBe(null)
    for (const text of ["", "{}", "[]", '{"shard":"a","arrivedAt":"1","at":"now"}'])
      expect(() => loadOf(metaData({ "sluice.load": text })), text).toThrow(/the property sluice.load is/)
  })
})
