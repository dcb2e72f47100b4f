import { coordinates, decimal, defineContract, events, type FieldOptions, form, integer, long, text } from "../../src/contract/index.ts"

/** A field under the short name that it has in a hit. */
const as = (name: string, sensitive?: FieldOptions["sensitive"]): FieldOptions => ({
  formerly: [name],
  ...(sensitive === undefined ? {} : { sensitive })
})

/** What pages send of their visitors: hits of the measurement protocol of Universal Analytics, version 1. */
export const hits = defineContract({
  name: "hits",
  title: "Hits",
  owner: "web-team",
  sensitivity: "personal",
  description:
    "Every hit that a page sent: pages seen, events, products looked at and bought. Products, impressions and promotions, which are numbered (`pr1id`), stand in `_rescued`, as does what else a hit says.",
  format: form,
  arrives: ["*hits*", "hits/**"],
  collected: true,
  fields: {
    hitType: text("Kind of hit: `pageview`, `event`, `timing`, …", as("t")),
    trackingId: text("Property that the hit is for.", as("tid")),
    clientId: text("Browser that sent it, as it names itself.", as("cid", "hash")),
    userId: text("Visitor, as the shop knows them.", as("uid", "hash")),
    userIp: text("Address of the visitor, where the hit says it.", as("uip", "hash")),
    cacheBuster: text("Number that makes a hit differ from others.", as("z")),
    queueMillis: long("Milliseconds that the hit waited before it was sent.", as("qt")),
    documentLocation: text("Page.", as("dl")),
    documentReferrer: text("Page that led there.", as("dr")),
    documentTitle: text("Title of the page.", as("dt")),
    documentEncoding: text("Encoding of the page.", as("de")),
    userLanguage: text("Language of the browser.", as("ul")),
    screenResolution: text("Size of the screen.", as("sr")),
    screenColors: text("Colours of the screen.", as("sd")),
    viewport: text("Size of the window.", as("vp")),
    eventCategory: text("Kind of event.", as("ec")),
    eventAction: text("Event.", as("ea")),
    eventLabel: text("What it was about.", as("el")),
    eventValue: text("What it was worth; most senders keep to whole numbers, some do not.", as("ev")),
    productAction: text("What was done with products: `detail`, `add`, `purchase`, …", as("pa")),
    productActionList: text("List that they stood in.", as("pal")),
    checkoutStep: integer("Step of the checkout.", as("cos")),
    checkoutStepOption: text("What was chosen there.", as("col")),
    transactionId: text("Purchase.", as("ti")),
    transactionAffiliation: text("Shop of the purchase.", as("ta")),
    transactionRevenue: decimal(18, 4, "What it brought, tax and shipping included.", as("tr")),
    transactionTax: decimal(18, 4, "Tax in it.", as("tt")),
    transactionShipping: decimal(18, 4, "Shipping in it.", as("ts")),
    couponCode: text("Coupon.", as("tcc")),
    currencyCode: text("Currency of all amounts.", as("cu")),
    campaignName: text("Campaign.", as("cn")),
    campaignSource: text("Where the campaign runs.", as("cs")),
    campaignMedium: text("By what means.", as("cm"))
  },
  table: events({ key: coordinates, by: "none" }),
  drops: [],
  expectations: [],
  keepUnknown: true,
  tags: { domain: "web", entity: "hit" }
})
