import { boolean, decimal, document, integer, list, long, text } from "../../src/contract/field.ts"

/** Money is in the smallest unit of the order's currency, e.g. cents: an integer that is summed without loss. */
export const cents = (description: string) => long(`${description} In cents.`)

/** Fractions as the shop stated them: amounts in whole units of currency, factors of measure. */
export const fraction = (description: string) => decimal(18, 8, description)

export const totals = list(
  "What the order's value is made of.",
  document("One part of the value.", {
    id: text("Which part: `Items`, `Discounts`, `Shipping`, `Tax`, `Change`, …"),
    name: text("The part's name in the shop's language."),
    value: cents("Amount; discounts are negative."),
    alternativeTotals: list(
      "The same part counted another way.",
      document("One alternative amount.", {
        id: text("Which alternative: `AlternativeShippingTotal`, …"),
        name: text("The alternative's name."),
        value: cents("Amount.")
      })
    )
  })
)

export const priceTags = list(
  "Discounts and taxes that changed the price.",
  document("One change of the price.", {
    name: text("Kind and origin of the change, e.g. `DISCOUNT@MARKETPLACE`."),
    value: cents("Change over all units; discounts are negative."),
    rawValue: fraction("The change in whole units of currency, or as a percentage."),
    isPercentual: boolean("Is `raw_value` a percentage?"),
    identifier: text("Id of the promotion or tax behind the change."),
    rate: fraction("Tax rate."),
    jurisCode: text("Code of the tax jurisdiction."),
    jurisName: text("Name of the tax jurisdiction."),
    jurisType: text("Kind of the tax jurisdiction: state, county, city, …")
  })
)

/** How a price came about: so many units at this price, so many at that. */
export const priceDefinition = (description: string) =>
  document(description, {
    calculatedSellingPrice: cents("Selling price of one unit, averaged and rounded."),
    total: cents("Price of all units."),
    reason: text("Why the price was split."),
    sellingPrices: list(
      "Prices by number of units.",
      document("So many units at one price.", {
        value: cents("Price of one unit."),
        quantity: integer("Units at this price.")
      })
    )
  })

export const currencyFormat = document("How the shop writes amounts.", {
  currencyDecimalDigits: integer("Digits after the decimal separator."),
  currencyDecimalSeparator: text("Decimal separator."),
  currencyGroupSeparator: text("Separator of thousands."),
  currencyGroupSize: integer("Digits in a group."),
  startsWithCurrencySymbol: boolean("Does the symbol stand before the amount?")
})

export const taxData = document("Taxes that a marketplace has set.", {
  areTaxesDesignatedByMarketplace: boolean("Were the taxes set by the marketplace?"),
  taxInfoCollection: list(
    "Taxes by item.",
    document("Taxes of one item.", {
      itemIndex: integer("Position of the item in `items`, from 0."),
      sku: text("SKU that the tax is for."),
      priceTags
    })
  )
})
