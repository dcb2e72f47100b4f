import {
  coordinates,
  decimal,
  defineContract,
  document,
  events,
  type Field,
  form,
  hitEnvelope,
  integer,
  list,
  long,
  type TextOptions,
  text,
  timestamp
} from "../../src/contract/index.ts"

/** A field under the short name that it has in a hit. */
const as = (name: string, sensitive?: TextOptions["sensitive"]): TextOptions => ({
  formerly: [name],
  ...(sensitive === undefined ? {} : { sensitive })
})
/** Ids of which case is a part: where it did not count, two visitors could be one. */
const id = (name: string): TextOptions => ({ ...as(name, "hash"), caseCounts: true })

/** Custom dimensions and metrics: `cd3=blue`. */
const custom = <T>(prefix: string, description: string, value: Field<T>) =>
  list(description, document("One of them.", { slot: integer("Its number."), value }), {
    numbered: { prefix, number: "slot", value: "value" }
  })

const product = {
  slot: integer("Number of the product in the hit, from 1: `n` of `pr<n>id`."),
  id: text("SKU."),
  name: text("Name.", as("nm")),
  brand: text("Brand.", as("br")),
  category: text("Category, of up to five levels with `/` between.", as("ca")),
  variant: text("Variant, such as a colour.", as("va")),
  price: decimal(18, 4, "Price of one.", as("pr")),
  quantity: integer("How many.", as("qt")),
  couponCode: text("Coupon.", as("cc")),
  position: integer("Place in the list that it was shown in.", as("ps")),
  customDimensions: custom("cd", "Custom dimensions of the product.", text("What it says.")),
  customMetrics: custom("cm", "Custom metrics of the product.", decimal(18, 4, "What it counts."))
}

/** What pages send of their visitors: hits of the measurement protocol of Universal Analytics, version 1. */
export const hits = defineContract({
  name: "hits",
  title: "Hits",
  owner: "web-team",
  sensitivity: "personal",
  description:
    "Every hit that a page sent: pages seen, events, products looked at and bought. Products, impressions and promotions, which are numbered (`pr1id`), are lists. What else a hit says stands in `_rescued`.",
  format: form,
  arrives: ["*hits*", "hits/**"],
  collected: true,
  fields: {
    hitType: text("Kind of hit: `pageview`, `event`, `timing`, …", as("t")),
    trackingId: text("Property that the hit is for.", as("tid")),
    clientId: text("Browser that sent it, as it names itself.", id("cid")),
    userId: text("Visitor, as the shop knows them.", id("uid")),
    userIp: text("Address of the visitor, as the collector found it and its setting keeps it.", as(hitEnvelope.userIp, "hash")),
    claimedIp: text("Address of the visitor, where the hit says it: anybody can.", as("uip", "hash")),
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
    campaignMedium: text("By what means.", as("cm")),
    // Of the collector, which lets no client say them.
    receivedAt: timestamp("When the collector had the hit.", { formerly: [hitEnvelope.receivedAt], from: "epochMillis" }),
    hitId: text("The hit, as the collector names it: the id of its request, in a batch with its place.", as(hitEnvelope.hitId)),
    idempotencyKey: text("What a hit that is sent again has in common with the first: `Idempotency-Key`, else `z` with `cid`.", {
      ...as(hitEnvelope.idempotencyKey, "hash"),
      caseCounts: true
    }),
    userAgent: text("Program that sent it, as the collector found it.", as(hitEnvelope.userAgent)),
    claimedUserAgent: text("Program that sent it, where the hit says it: anybody can.", as("ua")),
    clientHints: text("What the browser says of itself beside that (`Sec-CH-UA…`).", as(hitEnvelope.clientHints)),
    referer: text("Page that the request came from, whatever the hit says.", as(hitEnvelope.referer)),
    isRobot: integer("1 where the user agent is a robot's.", as(hitEnvelope.isRobot)),
    privacy: text("What the visitor asks of their privacy: `gpc`, `dnt`, `aip`.", as(hitEnvelope.privacy)),
    protocolVersion: text("Version of the protocol: `1`.", as("v")),
    dataSource: text("What sends the hit: `web`, `app`, …", as("ds")),
    anonymizeIp: text("There, whatever it says: the address is not to be kept.", as("aip")),
    sessionControl: text("`start` or `end`: what the page thinks of the session.", as("sc")),
    nonInteraction: text("`1`: the visitor did nothing.", as("ni")),
    geographicalId: text("Where the visitor is, as the hit says it.", as("geoid")),
    campaignKeyword: text("Keyword of the campaign.", as("ck")),
    campaignContent: text("Which advertisement.", as("cc")),
    campaignId: text("Id of the campaign.", as("ci")),
    googleAdsId: text("Click on an advertisement of Google Ads.", as("gclid")),
    displayAdsId: text("Click on a display advertisement.", as("dclid")),
    javaEnabled: text("`1`: the browser has Java.", as("je")),
    flashVersion: text("Version of Flash.", as("fl")),
    documentHost: text("Host of the page, where its location is not given.", as("dh")),
    documentPath: text("Path of the page, where its location is not given.", as("dp")),
    screenName: text("Screen of an app.", as("cd")),
    linkId: text("Element that was clicked.", as("linkid")),
    applicationName: text("App.", as("an")),
    applicationId: text("Id of the app.", as("aid")),
    applicationVersion: text("Version of the app.", as("av")),
    applicationInstallerId: text("What installed the app.", as("aiid")),
    itemName: text("Item of a classic `item` hit.", as("in")),
    itemPrice: decimal(18, 4, "Its price.", as("ip")),
    itemQuantity: integer("How many.", as("iq")),
    itemCode: text("Its SKU.", as("ic")),
    itemCategory: text("Its category.", as("iv")),
    socialNetwork: text("Network of a `social` hit.", as("sn")),
    socialAction: text("What was done there.", as("sa")),
    socialTarget: text("With what.", as("st")),
    timingCategory: text("Kind of what a `timing` hit timed.", as("utc")),
    timingVariable: text("What it timed.", as("utv")),
    timingMillis: long("Milliseconds that it took.", as("utt")),
    timingLabel: text("What it was about.", as("utl")),
    exceptionDescription: text("What an `exception` hit says went wrong.", as("exd")),
    exceptionFatal: text("`1`: it ended the program.", as("exf")),
    promotionAction: text("`click`, or nothing where promotions were seen.", as("promoa")),
    products: list("Products that the hit is about, by their numbers.", document("A product.", product), {
      numbered: { prefix: "pr", number: "slot" }
    }),
    impressions: list(
      "Lists of products that the visitor saw.",
      document("A list.", {
        slot: integer("Number of the list in the hit, from 1."),
        name: text("Name of the list.", as("nm")),
        products: list("Products in it.", document("A product.", product), { numbered: { prefix: "pi", number: "slot" } })
      }),
      { numbered: { prefix: "il", number: "slot" } }
    ),
    promotions: list(
      "Promotions that the visitor saw or clicked.",
      document("A promotion.", {
        slot: integer("Number of the promotion in the hit, from 1."),
        id: text("Id."),
        name: text("Name.", as("nm")),
        creative: text("Creative.", as("cr")),
        position: text("Place on the page.", as("ps"))
      }),
      { numbered: { prefix: "promo", number: "slot" } }
    ),
    customDimensions: custom("cd", "Custom dimensions.", text("What it says.")),
    customMetrics: custom("cm", "Custom metrics.", decimal(18, 4, "What it counts."))
  },
  table: events({ key: coordinates, by: "none" }),
  drops: [],
  expectations: [],
  keepUnknown: true,
  domain: "web",
  tags: { entity: "hit" }
})
