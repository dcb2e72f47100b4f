import { date, decimal, defineContract, latest, text, timestamp } from "../../src/contract/index.ts"
import { filesOf, replica, replicated } from "./databases.ts"
import { notNegative, oneOf } from "./expectations.ts"

const marketing = {
  glossary: ["campaign", "coupon"],
  owner: "marketing-team",
  sourceSystem: "marketing database (SQL Server), replicated by DMS",
  costTag: "bright-light-marketing",
  sensitivity: "internal",
  approval: { by: "head of marketing", on: "2026-11-02" },
  drops: []
} as const

/** What the company advertises with. */
export const campaigns = defineContract({
  ...marketing,
  name: "campaigns",
  title: "Campaigns",
  description: "Every campaign, with the words by which its visitors are known in the addresses of pages.",
  arrives: filesOf("campaigns"),
  ...replicated({
    campaignId: text("Id of the campaign."),
    campaignName: text("What people call it; not a person's name."),
    campaignType: text("Kind of campaign."),
    utmSource: text("`utm_source` of its links: where it runs."),
    utmMedium: text("`utm_medium` of its links: by what means."),
    utmCampaign: text("`utm_campaign` of its links."),
    startsOn: date("First day."),
    endsOn: date("Last day."),
    budget: decimal(14, 2, "What may be spent.", { unit: "USD" })
  }),
  table: latest({ ...replica, key: ["campaignId"], by: { day: "startsOn" } }),
  expectations: [
    notNegative("budget"),
    {
      name: "ends-after-it-starts",
      description: "A campaign does not end before it starts.",
      column: "ends_on",
      reads: ["starts_on", "ends_on"],
      severity: "warn",
      holds: ({ starts_on, ends_on }) => typeof starts_on !== "number" || typeof ends_on !== "number" || starts_on <= ends_on
    }
  ],
  domain: "marketing",
  tags: { entity: "campaign" }
})

/** What coupons are good for. */
export const coupons = defineContract({
  ...marketing,
  name: "coupons",
  title: "Coupons",
  description: "What every coupon takes off: one row a coupon and product that it is good for.",
  arrives: filesOf("coupons"),
  ...replicated({
    couponCode: text("Coupon."),
    productId: text("Widget that it is good for."),
    campaignId: text("Campaign that it is part of."),
    discountType: text("`amount` or `percent`."),
    discountValue: decimal(14, 4, "How much it takes off: US dollars, or percent."),
    validFrom: date("First day."),
    validTo: date("Last day.")
  }),
  table: latest({ ...replica, key: ["couponCode", "productId", "campaignId"], by: { day: "validFrom" } }),
  expectations: [notNegative("discount_value"), oneOf("discount_type", ["amount", "percent"])],
  domain: "marketing",
  tags: { entity: "coupon" }
})

/** Where coupons were used. */
export const couponRedemptions = defineContract({
  ...marketing,
  name: "coupon_redemptions",
  title: "Redemptions of coupons",
  description: "Every use of a coupon in an order.",
  arrives: filesOf("coupon_redemptions"),
  ...replicated({
    redemptionId: text("Id of the redemption."),
    couponCode: text("Coupon."),
    campaignId: text("Campaign that it was part of."),
    customerId: text("Who used it."),
    orderId: text("In which order."),
    productId: text("For which widget."),
    redeemedAt: timestamp("When."),
    redeemedValue: decimal(14, 2, "What it took off.", { unit: "USD" })
  }),
  table: latest({ ...replica, key: ["redemptionId"], by: { day: "redeemedAt" } }),
  eventTime: { field: "redeemedAt" },
  expectations: [notNegative("redeemed_value")],
  domain: "marketing",
  tags: { entity: "coupon-redemption" }
})
