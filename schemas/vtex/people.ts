import { boolean, document, json, list, text } from "../../src/contract/field.ts"
import { dropped, hashed } from "./policies.ts"

/** What names a person, wherever an order names one. */
const personFields = {
  id: text("Name of this block, or number of the contact."),
  email: text("E-mail address.", hashed),
  firstName: text("First name.", hashed),
  lastName: text("Last name.", hashed),
  document: text("Number of the identity document.", hashed),
  documentType: text("Kind of document: `cpf`, `passport`, …"),
  phone: text("Phone number.", hashed)
}

export const clientProfileData = document("The customer.", {
  ...personFields,
  userProfileId: text("Pseudonymous id of the customer in the shop's profiles: the key to count customers by."),
  userProfileVersion: text("Version of the profile that was read."),
  customerClass: text("Class that the shop put the customer into."),
  customerCode: text("The shop's own code of the customer."),
  isCorporate: boolean("Does a company buy?"),
  corporateName: text("Company's name.", hashed),
  tradeName: text("Company's trade name.", hashed),
  corporateDocument: text("Number of the company's document.", hashed),
  corporatePhone: text("Company's phone number.", hashed),
  stateInscription: text("Company's state registration.", hashed),
  profileCompleteOnLoading: boolean("Was the profile complete when checkout started?"),
  profileErrorOnLoading: boolean("Did reading the profile fail?")
})

export const contactInformation = list(
  "Who receives the parcels, where it is not the customer.",
  document("One contact.", {
    ...personFields,
    entityId: text("Id of the profile entity that holds the contact."),
    versionId: text("Version of the profile entity that holds the contact.")
  })
)

export const callCenterOperatorData = document("The call center's operator who placed the order.", {
  id: text("Name of this block."),
  email: text("E-mail address.", hashed),
  userName: text("User name.", hashed)
})

export const clientPreferencesData = document("What the customer prefers.", {
  locale: text("Language and country, e.g. `pt-BR`."),
  optinNewsLetter: boolean("Did the customer subscribe to the newsletter?")
})

export const contextData = document("The session that the order was placed in.", {
  loggedIn: boolean("Was the customer signed in?"),
  userId: text("Pseudonymous id of the signed-in user."),
  userAgent: text("Browser or app."),
  hasAccessToOrderFormEnabledByLicenseManager: boolean("Did the shop's access control allow the order form?")
})

export const giftRegistryData = document("The gift list that the order was bought from.", {
  giftRegistryId: text("Id of the list."),
  giftRegistryType: text("Id of the kind of list."),
  giftRegistryTypeName: text("Kind of list, e.g. `Wedding list`."),
  description: text("What the owners call the list; mostly their names.", dropped),
  addressId: text("Address that gifts go to.")
})

/** A note by the customer: an object with `value`, or the bare text. People write names, phone numbers and greetings into it. */
export const openTextField = json("A note by the customer.", dropped)
