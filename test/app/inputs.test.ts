import { describe, expect, it } from "vitest"
import { checkout } from "../../schemas/vtex/checkout.ts"
import { fulfillment } from "../../schemas/vtex/fulfillment.ts"
import { pageBytesOf, shareOf } from "../../src/app/budget.ts"
import { announcedPartsOf, announcedSharesOf, sharesOf } from "../../src/app/input-shares.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { defineContract } from "../../src/contract/contract.ts"
import { definition } from "../ingest/order.ts"

const contract = (name: string, arrives?: ReadonlyArray<string>) =>
  compileContract(defineContract({ ...definition, name, ...(arrives === undefined ? {} : { arrives }) }))

describe("how datasets share an input", () => {
  const takenBy = (contracts: Parameters<typeof sharesOf>[0], path: string) =>
    sharesOf(contracts).flatMap(({ contract, takes }) => (takes?.(path) === true ? [contract.contract.name] : []))

  it("each takes what it says, and the first what no other claims", () => {
    const contracts = [contract("orders"), contract("returns", ["returns-*"]), contract("carts"), contract("all", ["returns-9*"])]
    expect(["a.json", "returns-1.json", "returns-9.json"].map((path) => takenBy(contracts, path))).toEqual([
      ["orders"],
      ["returns"],
      ["returns", "all"]
    ])
  })

  it("what nobody says is nobody's where the first says what it takes", () => {
    expect(takenBy([contract("orders", ["orders-*"]), contract("carts")], "carts-1")).toEqual([])
  })
})

describe("how datasets share what is announced", () => {
  const takenBy = (contracts: Parameters<typeof sharesOf>[0], key: string) =>
    announcedSharesOf(contracts).flatMap(({ contract, takes }) => (takes?.(key) === false ? [] : [contract.contract.name]))

  it("by what they say of keys, else of files; a dataset that is alone and says nothing has everything", () => {
    const orders = compileContract(defineContract({ ...definition, name: "orders", arrives: ["x"], announced: ["**/orders/**"] }))
    const contracts = [orders, contract("returns", ["returns-*"]), contract("carts")]
    expect(["raw/orders/1", "a/returns-1", "x", "carts/1"].map((key) => takenBy(contracts, key))).toEqual([["orders"], ["returns"], [], []])
    expect(takenBy([contract("carts")], "whatever")).toEqual(["carts"])
  })

  it("and what may be of one that is not carried stays in the queue", () => {
    const [a, b, c, d] = [contract("a", ["a-*"]), contract("b", ["b-*"]), contract("c"), contract("d")]
    const partsOf = (all: ReadonlyArray<typeof a>, named: typeof a | null, key: string) => {
      const { mine, leaves } = announcedPartsOf(all, named)
      return [mine.flatMap(({ contract, takes }) => (takes?.(key) === false ? [] : [contract.contract.name])).join(), leaves(key)]
    }
    // All, and each alone, of a project of which some say nothing.
    const keys = ["a-1", "b-1", "x"]
    const of = (all: ReadonlyArray<typeof a>, named: typeof a | null) => keys.map((key) => partsOf(all, named, key))
    expect(of([a, b], null)).toEqual([
      ["a", false],
      ["b", false],
      ["", false]
    ])
    expect(of([a, b], a)).toEqual([
      ["a", false],
      ["", true],
      ["", false]
    ])
    expect(of([a, b, c], null)).toEqual([
      ["a", false],
      ["b", false],
      ["", true]
    ])
    expect(of([a, b, c], a)).toEqual([
      ["a", false],
      ["", true],
      ["", true]
    ])
    expect(of([a, b, c], c)).toEqual([
      ["", true],
      ["", true],
      ["c", false]
    ])
    // The first takes only what is named as its format is: the rest may be of another.
    expect(partsOf([d, a], d, "x.parquet")).toEqual(["", false])
    expect(partsOf([d, a, c], d, "x.parquet")).toEqual(["", true])
    expect(partsOf([d, a, c], a, "x.ndjson")).toEqual(["", true])
    expect(partsOf([d, a], a, "x.parquet")).toEqual(["", true])
    expect(partsOf([c], c, "x")).toEqual(["c", false])
  })

  it.each([
    ["raw/CheckoutOrder/2026/id/1", ["checkout"]],
    ["CheckoutOrder/id/1.json", ["checkout"]],
    ["raw/CheckoutOrder_v2/id/x/y", ["checkout"]],
    ["raw/id/FulfillmentOrder/1", ["fulfillment"]],
    ["raw/FulfillmentOrder/id/1.gz", ["fulfillment"]],
    ["raw/CheckoutOrder/1", []],
    ["raw/CheckoutOrder/idx/1", []],
    ["raw/CheckoutOrder/xid/1", []],
    ["raw/Other/id/1", []]
  ])("the shop's object %s is of %j", (key, datasets) => {
    expect(takenBy([checkout, fulfillment].map(compileContract), key)).toEqual(datasets)
  })
})

describe("the budget of a process", () => {
  it("is kept by any number of datasets together", () => {
    for (const threads of [1, 2, 4, 7])
      for (const datasets of [1, 2, 3, 8, 40]) {
        const share = shareOf({ threads, bufferBytes: 48 << 20 }, datasets)
        // All share the main thread.
        expect(1 + datasets * (share.threads - 1)).toBeLessThanOrEqual(threads)
        expect(share.threads).toBeGreaterThan(0)
        expect(datasets * share.bufferBytes).toBeLessThanOrEqual(48 << 20)
        expect(pageBytesOf(datasets)).toBeGreaterThan(0)
      }
    expect(shareOf({ threads: 4, bufferBytes: 100 }, 1)).toEqual({ threads: 4, bufferBytes: 100 })
  })
})
