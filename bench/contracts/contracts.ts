import { checkout } from "../../schemas/vtex/checkout.ts"
import { defineContract } from "../../src/contract/contract.ts"
import { keeping } from "./keeping.ts"
import { narrow } from "./narrow.ts"
import { hits, items, orders, reviews, stock, stockByDay } from "./tables.ts"

/**
 * What is made of an order. `all`: the product's contract as it is, sensitive values hashed or dropped. `keep`: the same columns, nothing
 * masked, which is what a peer does. `22`: a few fields of wide orders. The others are records of other formats.
 */
export const contracts = { all: checkout, keep: keeping(checkout), "22": narrow, items, orders, reviews, hits, stock, stockByDay } as const

export type ContractName = keyof typeof contracts

const { schema: _, ...everything } = checkout

/** Key and version alone: what is left of decoding when everything is skipped. */
export const keyOnly = defineContract({
  ...everything,
  name: "key_only",
  fields: Object.fromEntries(Object.entries(checkout.fields).filter(([key]) => [...checkout.table.key, "lastChange"].includes(key))),
  eventTime: { field: "lastChange" },
  drops: [],
  expectations: []
})
