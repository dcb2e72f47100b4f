import { weighted } from "../../record/seeded.ts"
import type { Product, World } from "../world.ts"
import { inSlot, inSlots, type Line, purchaseOf, seenIn } from "./basket.ts"
import type { Hit, Parameter } from "./hit.ts"
import type { Page, Trail } from "./trail.ts"

const second = 1_000
const minute = 60 * second

export type Depth = "bounce" | "look" | "basket" | "checkout" | "purchase"

/** How far a visit goes. */
const depths = weighted<Depth>([
  ["bounce", 25],
  ["look", 40],
  ["basket", 15],
  ["checkout", 8],
  ["purchase", 12]
])

const origins = weighted<readonly [referrer: string | null, campaign: ReadonlyArray<Parameter>, query: string]>([
  [[null, [], ""], 35],
  [["https://www.google.com/", [], ""], 25],
  [
    [
      "https://www.google.com/",
      [
        ["cn", "black-friday"],
        ["cs", "google"],
        ["cm", "cpc"],
        ["ck", "fogão 4 bocas"]
      ],
      "?utm_source=google&utm_medium=cpc&utm_campaign=black-friday"
    ],
    15
  ],
  [
    [
      "https://m.facebook.com/",
      [
        ["cn", "Inverno & Verão"],
        ["cs", "facebook"],
        ["cm", "social"]
      ],
      "?utm_source=facebook&utm_medium=social"
    ],
    10
  ],
  [
    [
      null,
      [
        ["cn", "newsletter 47"],
        ["cs", "newsletter"],
        ["cm", "email"],
        ["cc", "botão"]
      ],
      "?utm_source=newsletter&utm_medium=email"
    ],
    10
  ],
  [["https://Blog.Example/Ofertas?id=AbC", [], ""], 5]
])

const categories = ["/Cozinha", "/eletro", "/Casa-e-Jardim", "/ofertas/Black-Friday"] as const
const promotions = ["banner-topo", "faixa-lateral", "rodapé"] as const
const payments = ["Visa", "boleto", "Pix"] as const

const pageOf = (product: Product): Page => ({ path: product.path, title: product.name })

const promotion = (random: Trail["random"]): ReadonlyArray<Parameter> => {
  const name = random.pick(promotions)
  return [
    ["promo1id", `P-${name}`],
    ["promo1nm", name],
    ["promo1cr", "2026-11"],
    ["promo1ps", "slot1"]
  ]
}

/** Goes on to the next visitor's visit: arrives from somewhere and looks about, buys perhaps. @returns the purchase, with what was bought */
export const visit = (trail: Trail, world: World, depth: Depth = depths(trail.random)): Purchase | null => {
  const { random } = trail
  const [referrer, campaign, query] = origins(random)
  trail.from(referrer, campaign)
  trail.open({ path: "/", title: "Loja", query }, random.chance(0.5) ? promotion(random) : [])
  if (random.chance(0.1))
    trail.send("timing", [
      ["utc", "load"],
      ["utv", "dom"],
      ["utt", String(random.between(90, 4_000))]
    ])
  if (depth === "bounce") return null
  if (random.chance(0.2)) {
    trail.pause(second, 20 * second)
    trail.event("promo", "click", [["promoa", "click"], ...promotion(random)])
  }
  if (random.chance(0.4)) trail.logIn()
  const basket: Array<Line> = []
  for (let i = random.between(1, depth === "look" ? 4 : 3); i > 0; i--) {
    trail.pause(3 * second, 4 * minute)
    const category = random.pick(categories)
    const shown = Array.from({ length: random.between(2, 6) }, () => world.product(random))
    trail.open({ path: category, title: category.slice(1) }, seenIn(1, category, shown))
    const product = shown[random.below(shown.length)] ?? world.product(random)
    trail.pause(second, minute)
    trail.event("ecommerce", "click", [
      ["pa", "click"],
      ["pal", category],
      ...inSlot(1, { product, quantity: 0 }, [["ps", String(shown.indexOf(product) + 1)]])
    ])
    trail.pause(200, 2 * second)
    look(trail, product)
    if (depth === "look") continue
    trail.pause(2 * second, 2 * minute)
    const line = { product, quantity: random.chance(0.8) ? 1 : random.between(2, 5) }
    trail.event("ecommerce", "add", [["pa", "add"], ["cu", "BRL"], ...inSlot(1, line)])
    if (random.chance(0.15)) {
      trail.pause(second, minute)
      trail.event("ecommerce", "remove", [["pa", "remove"], ...inSlot(1, line)])
    } else basket.push(line)
  }
  if (basket.length === 0 || depth === "look" || depth === "basket") return null
  trail.logIn()
  for (const step of [1, 2, 3]) {
    trail.pause(5 * second, 3 * minute)
    trail.open({ path: "/Checkout", title: "Checkout", query: `#/step/${step}` }, [
      ["pa", "checkout"],
      ["cos", String(step)],
      ...inSlots(random, basket)
    ])
    if (step === 3)
      trail.event("ecommerce", "option", [
        ["pa", "checkout_option"],
        ["cos", "3"],
        ["col", random.pick(payments)]
      ])
  }
  if (depth === "checkout") return null
  trail.pause(10 * second, 4 * minute)
  return buy(trail, basket, `Pedido-${random.digits(8)}`)
}

/** Looks at a product: the page is seen and so is the product, at one millisecond for half of the pages, as one hit for the others. */
const look = (trail: Trail, product: Product): void => {
  const { random } = trail
  const detail: ReadonlyArray<Parameter> = [["pa", "detail"], ...inSlot(1, { product, quantity: 0 })]
  if (random.chance(0.5)) {
    trail.open(pageOf(product), detail)
    return
  }
  if (random.chance(0.5)) {
    trail.event("ecommerce", "detail", detail)
    trail.open(pageOf(product))
  } else {
    trail.open(pageOf(product))
    trail.event("ecommerce", "detail", detail)
  }
  if (random.chance(0.3)) {
    trail.pause(second, minute)
    const value: ReadonlyArray<Parameter> = random.chance(0.5) ? [["ev", random.chance(0.8) ? String(random.below(100)) : "12.5"]] : []
    trail.event("Vídeos", "play", [["el", `${product.name} em 360°`], ...value, ["ni", "1"]])
  }
}

export interface Purchase {
  readonly hit: Hit
  readonly transaction: string | null
  readonly lines: ReadonlyArray<Line>
}

/** Buys what is in a basket. @param transaction null: the page forgets to say which purchase it is */
export const buy = (trail: Trail, lines: ReadonlyArray<Line>, transaction: string | null): Purchase => {
  const parameters = purchaseOf(trail.random, transaction, lines)
  const page = { path: "/checkout/orderPlaced", title: "Obrigado!" }
  const hit = trail.random.chance(0.7) ? trail.open(page, parameters) : trail.event("ecommerce", "purchase", parameters)
  return { hit, transaction, lines }
}

/** A purchase is given back: all of it, which names no product, or a part. */
export const refund = (trail: Trail, { transaction, lines }: Purchase, part: "whole" | "part"): void => {
  if (transaction === null) return
  const back: ReadonlyArray<Parameter> =
    part === "whole"
      ? []
      : lines.slice(0, 1).flatMap(
          ({ product }): ReadonlyArray<Parameter> => [
            ["pr1id", product.skuId],
            ["pr1qt", "1"]
          ]
        )
  trail.event("ecommerce", "refund", [["ni", "1"], ["pa", "refund"], ["ti", transaction], ...back])
}
