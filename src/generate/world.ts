import { Random, zipf } from "../record/seeded.ts"
import { mostItems } from "./options.ts"
import { brands, brazil, type Country, departments, elsewhere, nouns, variants } from "./words.ts"

export interface Shop {
  readonly hostname: string
  readonly name: string
  readonly country: Country
  readonly sellers: readonly [Seller, ...Array<Seller>]
}

export interface Seller {
  readonly id: string
  readonly name: string
}

export interface Product {
  readonly skuId: string
  readonly productId: string
  readonly refId: string
  readonly ean: string | null
  readonly name: string
  readonly skuName: string
  readonly brandId: string
  readonly brandName: string
  /** Ids and names from the department down. */
  readonly categories: ReadonlyArray<readonly [id: number, name: string]>
  readonly clusters: string
  /** Cents. */
  readonly listPrice: number
  readonly dimension: {
    readonly cubicweight: number
    readonly height: number
    readonly length: number
    readonly weight: number
    readonly width: number
  }
  readonly image: string
  readonly path: string
}

/** Shops and products that orders are drawn from, the same for the same seed. A few shops and products sell most. */
export interface World {
  readonly shop: (random: Random) => Shop
  readonly product: (random: Random) => Product
  /** How many items an order has. */
  readonly itemCount: (random: Random) => number
}

const shopCount = 80
const productCount = 5_000

/** One to six: small orders. */
const fewItems = (random: Random): number => Math.min(6, 1 + Math.floor(random.unit() ** 6 * 7))

/** So many on average, by the square of what is distributed exponentially: a third have one or two of ten, one of a hundred a hundred. */
const itemsAround =
  (mean: number) =>
  (random: Random): number =>
    Math.min(mostItems, 1 + Math.round(((mean - 1) / 2) * Math.log(1 - random.unit()) ** 2))

/** @param items of an order, on average; absent: one to six */
export const makeWorld = (seed: number, items?: number): World => {
  const random = new Random(seed, 0x0a11)
  const shops = Array.from({ length: shopCount }, (_, i) => makeShop(random, i))
  const products = Array.from({ length: productCount }, (_, i) => makeProduct(random, i))
  const shopIndex = zipf(shopCount, 1.1)
  const productIndex = zipf(productCount, 0.9)
  const at = <A>(list: ReadonlyArray<A>, i: number): A => {
    const found = list[i]
    if (found === undefined) throw new RangeError(`index ${i} of ${list.length}`)
    return found
  }
  return {
    shop: (r) => at(shops, shopIndex(r)),
    product: (r) => at(products, productIndex(r)),
    itemCount: items === undefined ? fewItems : itemsAround(items)
  }
}

const makeShop = (random: Random, index: number): Shop => {
  const country = index % 4 === 3 ? random.pick(elsewhere) : brazil
  const hostname = `shop${random.hex(4).slice(0, 4)}${index}`
  const sellers = Array.from({ length: random.between(1, 5) }, (_, i) => ({
    id: i === 0 ? "1" : `${hostname.slice(4, 8)}seller${i}`,
    name: i === 0 ? `Loja ${random.pick(brands)}` : `${random.pick(brands)} ${random.pick(["Comércio", "Distribuidora", "& Irmãos"])}`
  }))
  return {
    hostname,
    name: `Loja ${random.pick(brands)}`,
    country,
    sellers: [sellers[0] ?? { id: "1", name: hostname }, ...sellers.slice(1)]
  }
}

const makeProduct = (random: Random, index: number): Product => {
  const brand = random.below(brands.length)
  const department = random.below(departments.length)
  const noun = random.pick(nouns)
  const variant = random.pick(variants)
  const skuId = String(2_000_000 + index * 7 + random.below(7))
  const names = departments[department] ?? departments[0]
  return {
    skuId,
    productId: String(40_000 + (index >> 1)),
    refId: random.chance(0.1) ? `00${random.digits(6)}` : random.digits(8),
    ean: random.chance(0.6) ? `789${random.digits(10)}` : null,
    name: `${noun} ${brands[brand] ?? ""} ${variant}`,
    skuName: variant,
    brandId: String(2_000_000 + brand),
    brandName: brands[brand] ?? "",
    categories: names.map(
      (name, depth) => [1_000_000 + department * 100 + depth * 10 + (depth === 2 ? random.below(10) : 0), name] as const
    ),
    clusters: Array.from({ length: random.between(1, 24) }, () => random.between(100, 17_999)).join(","),
    listPrice: Math.round(1_000 * 10 ** (random.unit() * 2.2)) * 10 - 1,
    dimension: {
      cubicweight: random.below(40_000) / 10_000,
      height: random.between(1, 120),
      length: random.between(5, 150),
      weight: random.between(20, 30_000),
      width: random.between(5, 120)
    },
    image: `arquivos/ids/${random.between(100_000, 59_999_999)}-55-55/foto.jpg?v=63${random.digits(16)}`,
    path: `/${noun
      .normalize("NFD")
      .replace(/[^A-Za-z0-9 ]/g, "")
      .trim()
      .replaceAll(" ", "-")
      .toLowerCase()}-${skuId}/p`
  }
}
