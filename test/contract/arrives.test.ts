import { describe, expect, it } from "vitest"
import { matcherOf, problemOfPattern } from "../../src/contract/arrives.ts"

describe("which files arrive for a dataset", () => {
  it.each<[string, ReadonlyArray<string>, ReadonlyArray<string>]>([
    [
      "orders-*.ndjson",
      ["orders-1.ndjson", "a/b/orders-.ndjson", "orders-1.ndjson.gz"],
      ["orders.ndjson", "x-orders-1.ndjson", "orders-1.ndjson.bak"]
    ],
    ["orders/**", ["orders/a", "orders/2026/11/a.json"], ["orders", "a/orders/b", "ordersx/a"]],
    ["**/orders/*.csv", ["orders/a.csv", "x/y/orders/a.csv.gz"], ["orders/x/a.csv", "xorders/a.csv"]],
    ["20??/{11,12}/*", ["2026/11/a", "2026/12/b.json"], ["2026/10/a", "206/11/a"]],
    ["a,b.(1)+[x]-$.json", ["a,b.(1)+[x]-$.json", "f/a,b.(1)+[x]-$.json"], ["a,bX(1)+[x]-$.json", "a"]],
    ["*", ["a", "b/c.gz"], []]
  ])("%s", (pattern, those, others) => {
    const matches = matcherOf([pattern])
    expect([those.filter((path) => !matches(path)), others.filter(matches)]).toEqual([[], []])
  })

  it("one of several patterns is enough", () => {
    const matches = matcherOf(["a.json", "b/*"])
    expect(["a.json", "b/c", "c.json"].map(matches)).toEqual([true, true, false])
  })

  it.each(["", " ", "/orders", "orders//a", "../orders", "orders/", "{a", "a}", "{a{b}}"])(
    "%j is no pattern, and it is said why",
    (pattern) => {
      expect(problemOfPattern(pattern)).toMatch(/^arrives has ".*", which .*: give patterns/)
    }
  )

  it("is no problem where it is a pattern", () => {
    expect(["*", "a/**", "{a,b}/*.csv", "x-{1,2}-{3}.json"].map((pattern) => problemOfPattern(pattern))).toEqual([null, null, null, null])
  })
})
