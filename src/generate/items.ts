import type { Random } from "../record/seeded.ts"
import type { Json, Line } from "./shipping.ts"
import type { Shop, World } from "./world.ts"

export interface Promotion {
  readonly id: string
  readonly name: string
  readonly percent: number
}

/** The lines of an order. */
export const linesOf = (random: Random, world: World, shop: Shop, promotion: Promotion | null): ReadonlyArray<Line> =>
  Array.from({ length: world.itemCount(random) }, () => {
    const product = world.product(random)
    const price = priceOf(product.listPrice, shop)
    return {
      product,
      quantity: random.chance(0.8) ? 1 : random.between(2, 9),
      sellingPrice: promotion === null ? price : price - Math.round((price * promotion.percent) / 100),
      seller: random.chance(0.8) ? "1" : random.pick(shop.sellers).id,
      uniqueId: random.hex(16).toUpperCase()
    }
  })

export const priceOf = (listPrice: number, shop: Shop): number => Math.round(listPrice * shop.country.priceFactor)

const imageOf = (line: Line, shop: Shop): string => `https://${shop.hostname}.vteximg.com.br/${line.product.image}`

/** What attachments look like: names and keys that a shop has made up, with blanks, dots and accents. */
const attachmentOfferings = (shop: Shop): ReadonlyArray<Json> => [
  {
    name: "vtex.subscription.weekly",
    required: false,
    schema: { "vtex.subscription.key.frequency": { MaximumNumberOfCharacters: 7, Domain: ["1 week", "2 week", "3 week", "4 week"] } }
  },
  {
    name: `Gravação ${shop.hostname}`,
    required: false,
    schema: { "Texto da gravação (máx. 20)": { MaximumNumberOfCharacters: 20, Domain: [] } }
  }
]

const priceTag = (line: Line, shop: Shop, promotion: Promotion): Json => {
  const change = line.sellingPrice - priceOf(line.product.listPrice, shop)
  return {
    name: `discount@price-${promotion.id}#${line.uniqueId.slice(0, 8)}`,
    value: change * line.quantity,
    rawValue: (change * line.quantity) / 100,
    isPercentual: false,
    identifier: promotion.id,
    rate: null,
    jurisCode: null,
    jurisName: null,
    jurisType: null
  }
}

export const itemOf = (random: Random, shop: Shop, line: Line, promotion: Promotion | null, locked: boolean): Json => {
  const { product } = line
  const price = priceOf(product.listPrice, shop)
  const hasOfferings = random.chance(0.3)
  const hasCategories = !random.chance(0.05)
  const note = random.chance(0.04)
  return {
    uniqueId: line.uniqueId,
    id: product.skuId,
    productId: product.productId,
    productRefId: null,
    refId: product.refId,
    ean: product.ean,
    name: product.name,
    skuName: product.skuName,
    modalType: null,
    parentItemIndex: null,
    parentAssemblyBinding: null,
    assemblies: [],
    priceValidUntil: "2027-11-27T00:00:00Z",
    tax: 0,
    price,
    listPrice: price,
    manualPrice: null,
    manualPriceAppliedBy: null,
    sellingPrice: line.sellingPrice,
    rewardValue: 0,
    isGift: false,
    additionalInfo: {
      brandName: product.brandName,
      brandId: product.brandId,
      categoriesIds: `/${product.categories.map(([id]) => id).join("/")}/`,
      categories: product.categories.map(([id, name]) => ({ id, name })),
      productClusterId: product.clusters,
      commercialConditionId: "1",
      dimension: product.dimension,
      offeringInfo: null,
      offeringType: null,
      offeringTypeId: null
    },
    preSaleDate: null,
    productCategoryIds: `/${product.categories.map(([id]) => id).join("/")}/`,
    // An object whose keys are numbers; missing now and then.
    ...(hasCategories ? { productCategories: Object.fromEntries(product.categories) } : {}),
    quantity: line.quantity,
    seller: line.seller,
    sellerSku: product.skuId,
    sellerChain: [line.seller],
    imageUrl: imageOf(line, shop),
    detailUrl: product.path,
    components: [],
    bundleItems: random.chance(0.02) ? [{ id: 12, type: "Embalagem p/ presente", name: 'Papel "Natal"', price: 500, quantity: 1 }] : [],
    attachments: note ? [{ name: "Cartão de presente", content: { "Mensagem (até 100 caracteres)": 'Feliz Natal, "vó"!\nBeijos' } }] : [],
    attachmentOfferings: hasOfferings ? attachmentOfferings(shop) : [],
    itemAttachment: { name: null, content: {} },
    offerings: [],
    params: [],
    priceTags: promotion === null ? [] : [priceTag(line, shop, promotion)],
    availability: "available",
    measurementUnit: "un",
    unitMultiplier: random.chance(0.03) ? 0.5 : 1,
    manufacturerCode: null,
    costPrice: random.chance(0.5) ? null : Math.round(price * 0.6),
    lockId: locked ? `00-${line.uniqueId.slice(0, 12).toLowerCase()}` : null,
    shippingPrice: null,
    commission: 0,
    freightCommission: 0,
    taxCode: "",
    callCenterOperator: null,
    serialNumbers: null,
    priceDefinition: {
      calculatedSellingPrice: line.sellingPrice,
      total: line.sellingPrice * line.quantity,
      sellingPrices: [{ value: line.sellingPrice, quantity: line.quantity }],
      reason: null
    }
  }
}

export const metadataOf = (random: Random, shop: Shop, line: Line): Json => ({
  id: line.product.skuId,
  seller: line.seller,
  name: line.product.name,
  skuName: line.product.skuName,
  productId: line.product.productId,
  refId: line.product.refId,
  ean: line.product.ean,
  imageUrl: imageOf(line, shop),
  detailUrl: line.product.path,
  // Keys of `inputValues` are free text.
  assemblyOptions: random.chance(0.25)
    ? [
        {
          id: "vtex.subscription.weekly",
          name: "vtex.subscription.weekly",
          required: false,
          inputValues: {
            "vtex.subscription.key.frequency": { MaximumNumberOfCharacters: 7, Domain: ["1 week", "2 week"] },
            "Nome do bebê?": 'Zoë "Zô"'
          },
          composition: null
        }
      ]
    : []
})
