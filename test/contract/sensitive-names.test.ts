import { expect, it } from "vitest"
import { personalByName } from "../../src/contract/sensitive-names.ts"

it.each([
  ["email", "an e-mail address"],
  ["customerEmail", "an e-mail address"],
  ["e-mail", "an e-mail address"],
  ["phone_number", "a phone number"],
  ["Telefone", "a phone number"],
  ["cpf", "a document's number"],
  ["taxId", "a document's number"],
  ["firstName", "a person's name"],
  ["receiverName", "a person's name"],
  ["clientIp", "an IP address"],
  ["ip_address", "an IP address"],
  ["street", "an address"],
  ["address_line_1", "an address"],
  ["birthDate", "a date of birth"],
  ["password", "a secret"],
  ["password_hash", "a secret"]
])("%s is %s", (key, what) => {
  expect(personalByName(key)).toBe(what)
})

it.each([
  "id",
  "name",
  "productName",
  "email_verified",
  "address_id",
  "addressType",
  "phoneCount",
  "shipping",
  "zip",
  "city",
  "recipe",
  "description",
  "mailing_list_id",
  "has_phone",
  "documentType",
  "tip",
  "ship_date"
])("%s is nobody's", (key) => {
  expect(personalByName(key)).toBeNull()
})

it("a name is a person's where a person is around it, and a place that of a business in one", () => {
  expect([personalByName("name", ["orders", "customer"]), personalByName("name", ["products"])]).toEqual(["a person's name", null])
  expect([personalByName("street", ["pickupStore", "address"]), personalByName("street", ["customer", "address"])]).toEqual([
    null,
    "an address"
  ])
})
