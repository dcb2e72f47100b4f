import { defineContract, versions } from "../../src/contract/contract.ts"
import { boolean, document, integer, list, long, text, timestamp } from "../../src/contract/field.ts"

/**
 * 22 columns of an order: eleven texts, four typed values, seven documents with some of their fields. What an analyst asks of wide orders, and
 * the shape that says how fast unwanted bytes are passed over. Nothing is masked, dropped or expected.
 */
export const narrow = defineContract({
  name: "narrow",
  title: "Orders, narrow",
  owner: "bench",
  sensitivity: "internal",
  description: "A few fields of every order.",
  fields: {
    orderId: text("Id."),
    orderGroup: text("Id of the purchase."),
    sellerOrderId: text("Id at the seller."),
    sequence: text("Running number."),
    status: text("State."),
    statusDescription: text("State for people."),
    salesChannel: text("Trade policy."),
    origin: text("Origin."),
    affiliateId: text("Affiliate."),
    hostname: text("Shop."),
    creationEnvironment: text("Environment."),
    value: long("Value in cents."),
    creationDate: timestamp("Creation."),
    lastChange: timestamp("Last change."),
    isCompleted: boolean("Placed for good?"),
    items: list(
      "Lines.",
      document("A line.", {
        id: text("SKU."),
        productId: text("Product."),
        name: text("Name."),
        seller: text("Seller."),
        quantity: integer("Units."),
        price: long("Price in cents."),
        listPrice: long("List price in cents."),
        sellingPrice: long("Selling price in cents."),
        isGift: boolean("Gift?"),
        priceTags: list("Changes of the price.", document("A change.", { name: text("Kind."), value: long("Cents.") }))
      })
    ),
    totals: list("Parts of the value.", document("A part.", { id: text("Which."), name: text("Name."), value: long("Cents.") })),
    clientProfileData: document("Customer.", {
      userProfileId: text("Profile."),
      documentType: text("Kind of document."),
      isCorporate: boolean("Company?"),
      customerClass: text("Class.")
    }),
    shippingData: document("Delivery.", {
      address: document("Address.", {
        addressType: text("Kind."),
        postalCode: text("Postal code."),
        city: text("City."),
        state: text("State."),
        country: text("Country.")
      }),
      logisticsInfo: list(
        "Deliveries by item.",
        document("A delivery.", {
          itemIndex: integer("Item."),
          selectedSla: text("Way to deliver."),
          price: long("Price in cents."),
          shippingEstimateDate: timestamp("Expected.")
        })
      )
    }),
    paymentData: document("Payment.", {
      transactions: list(
        "Transactions.",
        document("A transaction.", {
          transactionId: text("Id."),
          isActive: boolean("Counts?"),
          payments: list(
            "Payments.",
            document("A payment.", {
              paymentSystemName: text("Means."),
              group: text("Kind."),
              value: long("Cents."),
              installments: integer("Installments.")
            })
          )
        })
      )
    }),
    marketingData: document("What led to it.", {
      utmSource: text("Source."),
      utmCampaign: text("Campaign."),
      coupon: text("Coupon."),
      marketingTags: list("Tags.", text("Tag."))
    }),
    storePreferencesData: document("Settings of the shop.", { currencyCode: text("Currency."), countryCode: text("Country.") })
  },
  table: versions({ key: ["orderId"], version: "lastChange", by: { day: "lastChange" } }),
  eventTime: { field: "lastChange", fallback: "creationDate" },
  conventions: { nullText: true, anyCase: true },
  drops: [],
  expectations: [],
  keepUnknown: false
})
