import { boolean, json, text, timestamp } from "../../src/contract/field.ts"
import { itemMetadata, items } from "./items.ts"
import { cancellationData, cancellationRequests, receiptData, subscriptionData, workflowData } from "./life.ts"
import { shippingData } from "./logistics.ts"
import { cents, taxData, totals } from "./money.ts"
import { invoiceData, paymentData } from "./payments.ts"
import { callCenterOperatorData, clientPreferencesData, clientProfileData, contextData, giftRegistryData, openTextField } from "./people.ts"
import { dropped, hashed, kept } from "./policies.ts"
import { marketingData, marketplace, ratesAndBenefitsData, salesChannelData, sellers, storePreferencesData } from "./shop.ts"

/**
 * The order document of VTEX, as Checkout, the seller's side and Orders write it: every field that any of them publishes. The three agree
 * on names and types but not on spelling (`Items`, `items`) nor on form (a document, or JSON text of it), which decoding does not mind.
 */
export const orderFields = {
  // What it is
  orderId: text("Id of the order, unique in the platform."),
  id: text("Id of the order again, as the order document names it."),
  orderGroup: text("Id shared by the orders that one purchase was split into, one by seller."),
  sellerOrderId: text("Id of the order at the seller."),
  marketplaceOrderId: text("Id of the order at the marketplace."),
  sequence: text("Running number of the order in the shop."),
  orderFormId: text("Id of the cart that became the order."),
  documentVersion: text("Version of the document's format."),

  // When
  creationDate: timestamp("When the order was created. Never changes."),
  lastChange: timestamp("When the order last changed: the version of this row."),
  orderFormCreationDate: timestamp("When the cart was created."),
  authorizedDate: timestamp("When the payment was authorized."),
  invoicedDate: timestamp("When the order was invoiced."),
  timeZoneCreationDate: text("`creation_date` on the shop's clock. Text: without an offset it is no point in time."),
  timeZoneLastChange: text("`last_change` on the shop's clock. Text: without an offset it is no point in time."),

  // Where it stands
  status: text("Where the order stands: `payment-pending`, `handling`, `invoiced`, `canceled`, …"),
  statusDescription: text("The same for people, in the shop's language."),
  state: text("Where the order stands in checkout."),
  isCompleted: boolean("Is the order placed for good, all of its parts?"),
  isCheckedIn: boolean("Was the order taken over in a shop?"),
  checkedInPickupPointId: text("Pickup point that took the order over."),
  allowCancellation: boolean("Can the order be cancelled?"),
  allowEdition: boolean("Can the order be changed?"),
  allowChangeSeller: boolean("Can another seller take the order?"),
  workflowData,
  workflowInstanceId: text("Id of the workflow."),
  workflowIsInError: boolean("Is the workflow stuck in an error?"),
  approvedBy: text("Who approved the order.", hashed),
  cancelledBy: text("Who cancelled the order.", hashed),
  canceledBy: text("Who cancelled the order; the platform sends both spellings.", hashed),
  cancelReason: text("Why the order was cancelled, in the words of who did."),
  cancellationData,
  cancellationRequests,
  receiptData,
  changeData: json("Changes of the order after it was placed."),
  handlingData: json("How the order is handled."),
  hooksData: json("Hooks that the order calls."),

  // How much
  value: cents("Value of the order: the sum of its totals."),
  roundingError: cents("What rounding left over."),
  totals,
  taxData,

  // What
  items: items("What was bought."),
  itemMetadata,
  marketplaceItems: json("The items as the marketplace names them."),
  subscriptionData,

  // Who
  clientProfileData,
  clientPreferencesData,
  contextData,
  followUpEmail: text("Address that forwards to the customer.", hashed),
  emailTracked: text("Address that forwards to the customer and counts openings.", hashed),
  userType: text("Kind of user who placed the order."),
  isUserDataVisible: boolean("May the customer's data be shown?"),
  piiHidden: boolean("Was the customer's data masked at the source?"),
  fingerPrint: text("Fingerprint of the customer's device.", hashed),
  callCenterOperator: text("The call center's operator who placed the order.", hashed),
  callCenterOperatorData,
  giftRegistryData,
  openTextField,
  lastMessage: text("Last message that was sent to the customer; often names them.", dropped),

  // Where it was sold
  hostname: text("Account name of the shop."),
  merchantName: text("Name of the merchant."),
  storeId: text("Id of the shop."),
  salesChannel: text("Number of the trade policy."),
  salesChannelData,
  storePreferencesData,
  origin: text("Where the order came from: `Marketplace`, `Fulfillment`, `Chain`."),
  affiliateId: text("Id of the affiliate that sent the order."),
  creationEnvironment: text("Environment that the order was placed in: `STABLE`, `BETA`."),
  appVersion: text("Version of the checkout that wrote the order."),
  sellers,
  marketplace,
  marketplaceServicesEndpoint: text("Where the marketplace is called."),
  marketingData,
  ratesAndBenefitsData,

  // How it is paid, sent and invoiced
  paymentData,
  shippingData,
  invoiceData,

  // What every shop makes its own; not in the consumable
  commercialConditionData: json("Commercial conditions, in each shop's own structure.", kept),
  customData: json("Fields that apps of the shop have added, in each shop's own structure.", kept)
}
