import { boolean, document, integer, json, list, text } from "../../src/contract/field.ts"
import { currencyFormat } from "./money.ts"

/** Where the shop is and which money it takes. */
const localeFields = {
  countryCode: text("Country, ISO 3166 ALPHA-3."),
  currencyCode: text("Currency, ISO 4217 (`BRL`)."),
  currencySymbol: text("Sign of the currency."),
  currencyLocale: integer("Windows locale id (LCID) of the currency."),
  currencyFormatInfo: currencyFormat,
  timeZone: text("Time zone of the shop, by its Windows name.")
}

export const storePreferencesData = document("The shop's settings when the order was placed.", {
  ...localeFields,
  saveUserData: boolean("Does the shop save the customer's data?"),
  checkToSavePersonDataByDefault: boolean("Is the box that saves the customer's data ticked by default?"),
  templateOptions: document("Settings of the checkout page.", {
    toggleCorporate: boolean("Can the customer switch to buying for a company?")
  })
})

export const salesChannelData = document("The trade policy that the order was placed under.", {
  id: text("Number of the trade policy."),
  name: text("Name of the trade policy."),
  isActive: boolean("Is it in use?"),
  cultureInfo: text("Language and country, e.g. `pt-BR`."),
  ...localeFields
})

export const sellers = list(
  "Who sells the items.",
  document("One seller.", {
    id: text("Id of the seller; `1` is the shop itself."),
    name: text("Name of the seller."),
    logo: text("Address of the seller's logo."),
    subSellerId: text("Id of the seller behind the seller."),
    fulfillmentEndpoint: text("Where the seller takes orders.")
  })
)

export const marketplace = document("The marketplace that took the order.", {
  name: text("Name of the marketplace."),
  baseURL: text("Where the marketplace is called."),
  isCertified: boolean("Is the marketplace certified?")
})

export const marketingData = document("What led to the order.", {
  id: text("Name of this block."),
  coupon: text("Coupon that was used."),
  marketingTags: list("Tags that promotions and the shop have set.", text("One tag.")),
  utmSource: text("`utm_source` of the campaign: who sent the customer."),
  utmMedium: text("`utm_medium` of the campaign: ad, e-mail, …"),
  utmCampaign: text("`utm_campaign`: the campaign."),
  utmPartner: text("`utm_partner` of the campaign."),
  utmiCampaign: text("Campaign inside the shop."),
  utmiPage: text("Page of the shop that the customer came from."),
  utmiPart: text("Part of the page that the customer came from.")
})

/** The parameters that matched (`Seller@CatalogSystem`, …) are left out by the contracts' drop rules. */
export const ratesAndBenefitsData = document("Promotions and taxes that applied.", {
  id: text("Name of this block."),
  rateAndBenefitsIdentifiers: list(
    "Those that applied.",
    document("One promotion or tax.", {
      id: text("Id of the promotion or tax."),
      name: text("Its name."),
      description: text("Its description, in the shop's words."),
      featured: boolean("Is it shown in the shop?")
    })
  ),
  teaser: json("Promotions that nearly applied.")
})
