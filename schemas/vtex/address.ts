import { boolean, document, double, list, text } from "../../src/contract/field.ts"
import { dropped, hashed } from "./policies.ts"

/**
 * An address. That of a person shows where somebody lives, so everything finer than the neighborhood is masked; that of a shop is public.
 * City, state, country and postal code stay readable for both: sales by region are what the table is for.
 */
const addressOf = (whose: "person" | "shop", description: string) => {
  const mask = <A>(policy: A): A | undefined => (whose === "person" ? policy : undefined)
  return document(description, {
    addressId: text("Id of the address in the customer's profile, or of the pickup point."),
    addressType: text("`residential`, `commercial`, `pickup`, `giftRegistry` or `inStore`."),
    receiverName: text("Name of the person who receives the parcel.", hashed),
    contactId: text("Id of the contact who receives the parcel."),
    entityId: text("Id of the profile entity that holds the address."),
    versionId: text("Version of the profile entity that holds the address."),
    isDisposable: boolean("Was the address given for this order only, without saving it to the profile?"),
    street: text("Street.", mask(hashed)),
    number: text("House number.", mask(hashed)),
    complement: text("Floor, flat, block: what completes the address.", mask(dropped)),
    reference: text("What helps the courier to find the place, in the customer's words.", mask(dropped)),
    neighborhood: text("Neighborhood."),
    postalCode: text("Postal code as given, with leading zeros, with or without hyphen."),
    city: text("City."),
    state: text("State or province, mostly as its short form (`RJ`)."),
    country: text("Country, ISO 3166 ALPHA-3 (`BRA`)."),
    geoCoordinates: list("Longitude and latitude, in this order.", double("Degrees.", mask(dropped)))
  })
}

export const personAddress = (description: string) => addressOf("person", description)
export const shopAddress = (description: string) => addressOf("shop", description)
