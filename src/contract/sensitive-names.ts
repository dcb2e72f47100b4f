import { snakeCase } from "./names.ts"

/** What of a person a field may hold. */
export type Personal =
  | "an e-mail address"
  | "a phone number"
  | "a document's number"
  | "a person's name"
  | "an address"
  | "an IP address"
  | "a date of birth"
  | "a secret"

/** By names as columns have them, between two `_`. English, and what shops of Brazil, Portugal, Spain and Germany call the same. */
const names: ReadonlyArray<readonly [Personal, RegExp]> = [
  ["an e-mail address", /_e_?mail|_mail_|_correo_/],
  ["a secret", /_passw(or)?d_|_senha_|_secret_|_(access|auth|refresh|session)_token_|_api_key_|_cv[vc]2?_/],
  [
    "a document's number",
    /_cpf_|_cnpj_|_ssn_|_passport|_dni_|_nif_|_rg_|_iban_|_(tax|national|personal|fiscal)_(id|number)_|_vat_(id|number)_|_documento?_(number_)?$|_(credit_?)?card_(number|digits)_|_(account|license)_number_|_social_security/
  ],
  ["a date of birth", /_birth_?(date|day)_|_date_of_birth_|_dob_|_nascimento_/],
  [
    "a phone number",
    /_(tele)?phones?_|_phone_?number_|_(cell|mobile|home|work)_?phone_|_(tele)?fone_|_celular_|_mobile_|_fax_|_tel_|_telefono?_|_whatsapp_|_msisdn_/
  ],
  [
    "a person's name",
    /_(first|last|full|middle|given|family|maiden|nick|customer|client|buyer|receiver|recipient|user|person|contact|holder|cardholder|employee|guest)_?name_|_authuser_|_ident_|_surname_|_sobrenome_|_apellido_|_nachname_|_vorname_|_nome_completo_|_cardholder_|_author_?name_/
  ],
  ["an IP address", /_ip_(addr(ess)?_)?|_ip_?addr(ess)?_|_ipv[46]_|_(remote|client|user)_?(addr|host|ip)_/],
  [
    "an address",
    /_address(es)?_|_address_?(line|[0-9])|_(street|street_?(name|number|line)?[0-9]?)_|_rua_|_logradouro_|_endereco_|_direccion_|_strasse_|_complemento?_|_house_number_/
  ]
]

/** A document of these is about a person, so that its `name` is one. */
const person =
  /_(customer|client|buyer|user|person|people|contact|profile|receiver|recipient|guest|employee|patient|passenger|shipping_address|billing_address|address)s?_/

/** Where a business is may be read. */
const business = /_(pickup|store|warehouse|seller|branch|supplier|dock)_/

/** What is said about such a value is not the value: `email_verified`, `address_id`, `phone_count`. */
const about =
  /^_(is|has)_|_(id|ids|type|kind|count|status|at|verified|valid|domain|hash|hashed|length|format|provider|flag|consent|opt_in|template|campaign|sent|opens?|clicks?|confirmed|used)_$/
/** A secret is no less one for having been hashed. */
const secretHash = /_(passw(or)?d|pwd|senha|secret)_(hash|hashed|salt)_$/
const ofPerson = /_(tax|national|personal|fiscal|vat)_id_$/

/**
 * What of a person a field seems to hold, as its name says; null: nothing.
 *
 * @param key of the field
 * @param parents keys of the documents around it, and name of the dataset, outermost first
 */
export const personalByName = (key: string, parents: ReadonlyArray<string> = []): Personal | null => {
  const name = `_${snakeCase(key)}_`
  const around = `_${snakeCase(parents.at(-1) ?? "")}_`
  if (secretHash.test(name)) return "a secret"
  if (about.test(name) && !ofPerson.test(name)) return null
  if (/^_(nome|name|names)_$/.test(name)) return person.test(around) ? "a person's name" : null
  // Of a server's log it is who asked.
  if (name === "_host_" && around === "_access_log_") return "an IP address"
  const found = names.find(([, pattern]) => pattern.test(name))?.[0] ?? null
  const isOfBusiness = found === "an address" && [...parents, key].some((each) => business.test(`_${snakeCase(each)}_`))
  return isOfBusiness ? null : found
}
