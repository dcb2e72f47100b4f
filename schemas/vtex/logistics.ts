import { boolean, document, double, integer, json, list, text, timestamp } from "../../src/contract/field.ts"
import { personAddress, shopAddress } from "./address.ts"
import { cents } from "./money.ts"
import { contactInformation } from "./people.ts"
import { dropped } from "./policies.ts"

const deliveryWindow = (description: string) =>
  document(description, {
    startDateUtc: timestamp("From when."),
    endDateUtc: timestamp("Until when."),
    price: cents("Price of the window."),
    listPrice: cents("List price of the window."),
    lisPrice: cents("List price of the window, in the spelling that the platform sends."),
    tax: cents("Tax on the window.")
  })

const pickupStoreInfo = document("The shop where the parcel is picked up.", {
  isPickupStore: boolean("Is the parcel picked up rather than delivered?"),
  friendlyName: text("Name of the shop."),
  additionalInfo: text("Opening hours, instructions: in the shop's words, at times JSON."),
  dockId: text("Loading dock of the shop."),
  address: shopAddress("Where the shop is.")
})

const deliveryIds = list(
  "Who carries what from where.",
  document("One part of a delivery.", {
    courierId: text("Id of the carrier."),
    courierName: text("Name of the carrier."),
    accountCarrierName: text("Account that the carrier is registered with."),
    dockId: text("Loading dock that the parcel leaves from."),
    warehouseId: text("Warehouse that the goods come from."),
    quantity: integer("Units."),
    totalListPrice: cents("List price of this part."),
    kitItemDetails: json("The same for each SKU of a kit.")
  })
)

/** What an offered way to deliver and the chosen one have in common. */
const deliveryFields = {
  deliveryChannel: text("`delivery` or `pickup-in-point`."),
  deliveryIds,
  deliveryWindow: deliveryWindow("Time window that the customer chose."),
  listPrice: cents("List price of the delivery."),
  price: cents("Price of the delivery."),
  shippingEstimate: text("Time to deliver: a number and `m`, `h`, `d` or `bd` (business days)."),
  shippingEstimateDate: timestamp("When it is expected to be delivered."),
  lockTTL: text("How long stock stays reserved: a number and a unit."),
  transitTime: text("Time in transit: a number and a unit."),
  polygonName: text("Delivery area on the shop's map."),
  pickupPointId: text("Id of the pickup point."),
  pickupStoreInfo
}

const slas = list(
  "Ways to deliver the item that were offered.",
  document("One way to deliver.", {
    ...deliveryFields,
    id: text("Id of the way to deliver."),
    name: text("Its name."),
    tax: cents("Tax on the delivery."),
    pickupDistance: double("Distance from the customer to the pickup point, in km."),
    availableDeliveryWindows: list("Time windows to choose from.", deliveryWindow("One time window."))
  })
)

const logisticsInfo = list(
  "How each item is delivered.",
  document("Delivery of one item.", {
    ...deliveryFields,
    itemIndex: integer("Position of the item in `items`, from 0."),
    itemId: text("Id of the SKU."),
    selectedSla: text("The way to deliver that was chosen."),
    selectedDeliveryChannel: text("Channel that was chosen: `delivery` or `pickup-in-point`."),
    sellingPrice: cents("Price of the delivery after promotions."),
    deliveryCompany: text("Who delivers."),
    addressId: text("Address that it goes to."),
    entityId: text("Id of the profile entity that holds the address."),
    versionId: text("Version of the profile entity that holds the address."),
    shipsTo: list("Countries that can be delivered to.", text("Country, ISO 3166 ALPHA-3.")),
    deliveryChannels: list(
      "Channels to choose from.",
      document("One channel.", {
        id: text("`delivery` or `pickup-in-point`."),
        stockBalance: integer("Units in stock for this channel.")
      })
    ),
    slas
  })
)

export const shippingData = document("Where the order goes and how.", {
  id: text("Name of this block."),
  address: personAddress("Delivery address of the order."),
  selectedAddresses: list("Addresses that were chosen, one by way of delivery.", personAddress("One chosen address.")),
  availableAddresses: list("Addresses that the customer could choose from.", personAddress("One address to choose.")),
  contactInformation,
  logisticsInfo,
  trackingHints: list(
    "Tracking that a marketplace has announced.",
    document("Tracking of one parcel.", {
      courierName: text("Name of the carrier."),
      trackingId: text("Tracking number."),
      trackingLabel: text("Label of the parcel."),
      trackingUrl: text("Where the parcel can be followed.", dropped)
    })
  ),
  pickupPoints: list(
    "Pickup points near the customer.",
    document("One pickup point.", {
      id: text("Id of the pickup point."),
      friendlyName: text("Its name."),
      additionalInfo: text("Instructions in the shop's words."),
      isActive: boolean("Is it in use?"),
      address: shopAddress("Where it is."),
      businessHours: list(
        "When it is open.",
        document("One day of the week.", {
          dayOfWeek: integer("Day of the week, 0 is Sunday."),
          openingTime: text("Opens at, `HH:MM:SS`."),
          closingTime: text("Closes at, `HH:MM:SS`.")
        })
      )
    })
  ),
  updateStatus: text("Was the shipping data changed: `updated` or `outdated`?")
})
