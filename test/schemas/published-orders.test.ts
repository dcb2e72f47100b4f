import { describe, expect, it } from "vitest"
import { checkout } from "../../schemas/vtex/checkout.ts"
import { fulfillment } from "../../schemas/vtex/fulfillment.ts"
import type { Value } from "../../src/record/column.ts"
import { decodeRecords, rawForm } from "./decoded.ts"
import { type Json, published, publishedOrders, read, readBytes } from "./published.ts"

const hashKey = Buffer.from("a key for tests")
const bytes = (document: object) => Buffer.from(JSON.stringify(document))

/** What is no value of its type in the published documents themselves. */
const misprints: { readonly [path: string]: unknown } = {
  "taxData.taxInfoCollection[].priceTags[].rawValue": "COLOCAR_O_VALOR_SEM_DECIMAL",
  "cancellationData.cancellationDate": "2022-10--05T15:40:33"
}

describe.skipIf(!published)("orders that VTEX publishes", () => {
  for (const contract of [checkout, fulfillment])
    for (const [name, document] of publishedOrders()) {
      const decoded = decodeRecords(contract, [bytes(document)], hashKey)

      it(`${contract.name}: ${name} is a row without drift`, () => {
        expect(decoded.letters).toEqual([])
        expect(decoded.rows).toHaveLength(1)
        expect(decoded.counts.drift).toEqual({})
        for (const path of Object.keys(decoded.counts.rescued)) expect(Object.keys(misprints)).toContain(path)
        expect(decoded.rows[0]).toMatchObject({ order_id: document["orderId"], value: BigInt(Number(document["value"])) })
      })

      it(`${contract.name}: ${name} is the same row in its raw form`, () => {
        const raw = decodeRecords(contract, [rawForm(document)], hashKey)
        expect(raw.rows).toEqual(decoded.rows)
        // It has its own ways to say null and to spell keys.
        expect({ ...raw.counts, bytes: 0, conventions: {} }).toEqual({ ...decoded.counts, bytes: 0, conventions: {} })
        expect(raw.counts.conventions).not.toEqual({})
      })

      it(`${contract.name}: ${name} shows nobody`, () => {
        const secrets = personal(document)
        expect(secrets.size).toBeGreaterThan(5)
        for (const text of texts(decoded.rows[0] ?? {})) for (const secret of secrets) expect(text).not.toContain(secret)
      })
    }

  it("takes over what the fullest of them says", () => {
    const { rows } = decodeRecords(checkout, [rawForm(read("order__orders-api__api-oms-pvt-orders-orderid-get.json"))], hashKey)
    expect(rows[0]).toMatchObject({
      order_id: "1172452900788-01",
      sequence: "502556",
      hostname: "luxstore",
      status: "handling",
      last_change: 1_707_252_371_701_074n,
      value: 1160n,
      store_preferences_data: {
        currency_code: "BRL",
        time_zone: "E. South America Standard Time",
        currency_format_info: { currency_group_size: 3 }
      },
      totals: [{ id: "Items", value: 99n }, { id: "Discounts" }, { id: "Shipping", value: 300n }, { id: "Tax" }]
    })
    expect(rows[0]?.["payment_data"]).toMatchObject({
      transactions: [{ payments: [{ payment_system: "2", value: 3990n, cvv2: null, first_digits: null, card_number: null }] }]
    })
  })

  it("makes a list of the categories, whose keys are data, in the order in which they stand", () => {
    const { rows } = decodeRecords(checkout, [
      readBytes("order__orders-api-pii-version__api-orders-pvt-document-orderid-get.json"),
      readBytes("order__checkout__api-checkout-pub-orders-put-orders-0.json")
    ])
    expect(rows.map((row) => first(row["items"])["product_categories"])).toEqual([
      [
        { id: "1004164", name: "Trousers" },
        { id: "1004161", name: "Clothes" },
        { id: "1000003", name: "Fashion Women" }
      ],
      [{ id: "1", name: "Bebidas" }]
    ])
  })

  it("counts what the drop rules leave out", () => {
    const all = decodeRecords(
      checkout,
      publishedOrders().map(([, document]) => bytes(document))
    )
    expect(Object.keys(all.counts.drops).sort()).toEqual([
      "attachments",
      "benefit-additional-info",
      "connector-responses",
      "matched-parameters",
      "metadata-assembly-options"
    ])
  })
})

describe.skipIf(!published)("orders as sellers exchange them", () => {
  const since = { lastChange: "2024-02-06T20:46:11.7010747+00:00" }
  const documents: ReadonlyArray<readonly [string, Json]> = published
    ? [
        ["request", { orderId: "1", ...read("external-seller-order-request.json"), ...since }],
        ["response", { ...read("external-seller-order-response.json"), ...since }],
        ["fulfillment", { orderId: "1", ...(read("fulfillment-order-response.json")["orderData"] as Json), ...since }]
      ]
    : []

  for (const [name, document] of documents)
    it(`${name} has no field that the fulfillment contract does not know`, () => {
      const { counts, rows, letters } = decodeRecords(fulfillment, [bytes(document), rawForm(document)], hashKey)
      expect(letters).toEqual([])
      expect(counts.drift).toEqual({})
      expect({ ...rows[1], _sequence_number: null }).toEqual({ ...rows[0], _sequence_number: null })
      expect(texts(rows[0] ?? {})).not.toContain((document["clientProfileData"] as Json)["email"])
    })
})

const first = (value: Value | undefined): { readonly [name: string]: Value } =>
  Array.isArray(value) ? (value[0] as { readonly [name: string]: Value }) : {}

/** Keys of values that name a person or a card, wherever they stand, but for addresses of shops. */
const personalKeys =
  /^(email|firstName|followUpEmail|emailTracked|document|phone|corporateDocument|corporatePhone|lastName|receiverName|userName|cvv2|firstDigits|lastDigits|street|cancel+edBy|bankIssuedInvoice.*Number.*|openTextField)$/i

const personal = (document: Json): Set<string> => {
  const found = new Set<string>()
  const ofShops = new Set<unknown>()
  const walk = (value: unknown, shop: boolean) => {
    if (typeof value !== "object" || value === null) return
    for (const [key, member] of Object.entries(value)) {
      if (shop) ofShops.add(member)
      // Too short to tell from other numbers: "123".
      else if (typeof member === "string" && member.length > 3 && personalKeys.test(key)) found.add(member)
      walk(member, shop || /pickupStoreInfo|pickupPoints/.test(key))
    }
  }
  walk({ ...document, customData: null }, false)
  // A parcel that is picked up is addressed to the shop, whose address everybody may know.
  return found.difference(ofShops)
}

/** Every text in a row. */
const texts = (value: Value): ReadonlyArray<string> =>
  typeof value === "string"
    ? [value]
    : Array.isArray(value)
      ? value.flatMap(texts)
      : typeof value === "object" && value !== null && !(value instanceof Uint8Array)
        ? Object.values(value).flatMap(texts)
        : []
