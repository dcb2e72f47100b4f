import { boolean, document, double, entries, integer, json, list, text, timestamp } from "../../src/contract/field.ts"
import { cents, fraction, priceDefinition, priceTags } from "./money.ts"
import { hashed } from "./policies.ts"

const categoryId = text("Id of the category.")
const categoryName = text("Name of the category.")

/** What the catalog says of a SKU wherever an order shows it. */
const skuFields = {
  id: text("Id of the SKU."),
  productId: text("Id of the product that the SKU belongs to."),
  refId: text("The shop's own reference of the SKU."),
  ean: text("Bar code of the SKU (EAN)."),
  name: text("Name of the product with that of the SKU."),
  skuName: text("Name of the SKU: size, color."),
  seller: text("Id of the seller; `1` is the shop itself."),
  imageUrl: text("Address of the picture."),
  detailUrl: text("Path of the product's page in the shop.")
}

const itemInformation = document("What the catalog adds about an item.", {
  brandId: text("Id of the brand."),
  brandName: text("Brand."),
  categories: list("Categories, the finest first.", document("One category.", { id: categoryId, name: categoryName })),
  categoriesIds: text("Path of category ids, the coarsest first: `/1000003/1004161/`."),
  productClusterId: text("Ids of the collections that the product is in, separated by commas."),
  commercialConditionId: text("Id of the commercial condition."),
  dimension: document("Size and weight of one parcelled unit.", {
    cubicweight: double("Volumetric weight."),
    height: double("Height, in cm."),
    length: double("Length, in cm."),
    width: double("Width, in cm."),
    weight: double("Weight, in g.")
  }),
  offeringInfo: text("Service that was sold with the item."),
  offeringType: text("Kind of that service."),
  offeringTypeId: text("Id of the kind of that service.")
})

/** `productCategories` comes as an object whose keys are ids; keys are data, so it becomes a list. */
const productCategories = entries("Categories of the product, each with its id.", {
  key: ["id", categoryId],
  value: ["name", categoryName]
})

const services = (description: string) =>
  list(
    description,
    document("One service.", {
      id: text("Id of the service."),
      type: text("Kind of the service."),
      name: text("Name of the service."),
      price: cents("Price."),
      quantity: integer("How many.")
    })
  )

export const items = (description: string) =>
  list(
    description,
    document("One line of the order: a SKU and how many of it.", {
      ...skuFields,
      uniqueId: text("Id of the line, unique among all orders."),
      sellerSku: text("Id of the SKU in the seller's catalog."),
      sellerChain: list("Sellers that pass the item on, from the first to the one who ships.", text("Id of a seller.")),
      productRefId: text("The shop's own reference of the product."),
      manufacturerCode: text("The manufacturer's code."),
      modalType: text("Needs special transport: chemicals, glass, furniture, …"),
      lockId: text("Id of the stock reservation."),
      quantity: integer("Units ordered."),
      measurementUnit: text("Unit of measure: `un`, `kg`, …"),
      unitMultiplier: fraction("Units of measure in one unit sold."),
      price: cents("Price of one unit before promotions."),
      listPrice: cents("List price of one unit, the one shown crossed out."),
      sellingPrice: cents("Price of one unit after promotions."),
      manualPrice: cents("Price of one unit set by hand."),
      manualPriceAppliedBy: text("Who set the price by hand.", hashed),
      costPrice: cents("What one unit costs the shop."),
      shippingPrice: cents("Shipping inside the price."),
      tax: cents("Tax on the item."),
      taxCode: text("Code of the tax class."),
      commission: cents("Commission of the marketplace on the item."),
      freightCommission: cents("Commission of the marketplace on the shipping."),
      rewardValue: cents("Value in the loyalty program."),
      priceValidUntil: timestamp("Until when the price holds."),
      priceTags,
      priceDefinition: priceDefinition("How the price came about."),
      priceDefinitions: priceDefinition("How the price came about; older spelling of `price_definition`."),
      additionalInfo: itemInformation,
      productCategories,
      productCategoryIds: text("Path of category ids, the coarsest first: `/12/28/`."),
      isGift: boolean("Did a promotion add the item for nothing?"),
      preSaleDate: timestamp("When a pre-ordered item can be delivered."),
      availability: text("Could the item be sold: `available`, `withoutStock`, …"),
      handling: boolean("Is the item being handled?"),
      handlerSequence: integer("Order in which the item is handled."),
      defaultPicker: text("Who picks the item by default.", hashed),
      callCenterOperator: text("Operator who placed the item.", hashed),
      serialNumbers: text("Serial numbers of the delivered units."),
      parentItemIndex: integer("Position in `items` of the item that this one is part of, from 0."),
      parentAssemblyBinding: text("Name of the assembly option that binds it to its parent."),
      bundleItems: services("Services bought with the item: gift wrap, warranty, …"),
      offerings: services("Services that were offered with the item."),
      assemblies: json("Assembly options that the customer chose; keys are the shop's own."),
      components: json("SKUs that a kit is made of."),
      params: json("Parameters of the item."),
      marketingData: json("Marketing data of the item.")
    })
  )

export const itemMetadata = document("What the catalog said of the items when the order was placed.", {
  items: list("One entry by SKU, also for parts of assemblies.", document("One SKU.", skuFields))
})
