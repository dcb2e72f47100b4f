import type { Random } from "../../record/seeded.ts"
import type { Product } from "../world.ts"
import type { Parameter } from "./hit.ts"

/** A product in a basket. */
export interface Line {
  readonly product: Product
  readonly quantity: number
}

/** Cents as an amount is written. */
export const amount = (cents: number): string => (cents / 100).toFixed(2)

const categoryOf = ({ categories }: Product): string => categories.map(([, name]) => name.replaceAll("/", " ")).join("/")

/** A product in the slot `pr<slot>`. */
export const inSlot = (slot: number, { product, quantity }: Line, more: ReadonlyArray<Parameter> = []): ReadonlyArray<Parameter> => [
  [`pr${slot}id`, product.skuId],
  [`pr${slot}nm`, product.name],
  [`pr${slot}br`, product.brandName],
  [`pr${slot}ca`, categoryOf(product)],
  [`pr${slot}va`, product.skuName],
  [`pr${slot}pr`, amount(product.listPrice)],
  ...(quantity === 0 ? [] : [[`pr${slot}qt`, String(quantity)] as const]),
  ...more.map(([name, value]) => [`pr${slot}${name}`, value] as const)
]

/** Products in slots, of which a few are left empty at times: what counts is their order. */
export const inSlots = (random: Random, lines: ReadonlyArray<Line>): ReadonlyArray<Parameter> => {
  let slot = random.chance(0.05) ? 9 : 1
  return lines.flatMap((line) => {
    const parameters = inSlot(slot, line)
    slot += random.chance(0.1) ? 2 : 1
    return parameters
  })
}

/** Products of a list that came to be seen, in `il<list>pi<position>`. */
export const seenIn = (list: number, name: string, products: ReadonlyArray<Product>): ReadonlyArray<Parameter> => [
  [`il${list}nm`, name],
  ...products.flatMap((product, i): ReadonlyArray<Parameter> => {
    const slot = `il${list}pi${i + 1}`
    return [
      [`${slot}id`, product.skuId],
      [`${slot}nm`, product.name],
      [`${slot}pr`, amount(product.listPrice)],
      [`${slot}ps`, String(i + 1)]
    ]
  })
]

/** What a purchase says of itself. */
export const purchaseOf = (random: Random, transaction: string | null, lines: ReadonlyArray<Line>): ReadonlyArray<Parameter> => {
  const goods = lines.reduce((sum, { product, quantity }) => sum + product.listPrice * quantity, 0)
  const shipping = random.chance(0.3) ? 0 : 990 + random.below(3_000)
  const tax = Math.round(goods * 0.12)
  return [
    ["pa", "purchase"],
    ...(transaction === null ? [] : [["ti", transaction] as const]),
    ["ta", "Loja"],
    // What it comes to is left to whoever reads it, at times.
    ...(random.chance(0.1) ? [] : [["tr", amount(goods + shipping + tax)] as const]),
    ["tt", amount(tax)],
    ...(shipping === 0 && random.chance(0.5) ? [] : [["ts", amount(shipping)] as const]),
    ...(random.chance(0.2) ? [["tcc", "BLACK10"] as const] : []),
    ["cu", "BRL"],
    ...inSlots(random, lines)
  ]
}
