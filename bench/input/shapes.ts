import { render } from "../../src/generate/render.ts"
import type { Json } from "../../src/generate/shipping.ts"
import { Random } from "../../src/record/seeded.ts"
import type { Form } from "../contestants/job.ts"
import { damaged, type Line } from "./damage.ts"

/** A way that orders arrive. */
export interface Shape {
  readonly description: string
  readonly form: Form
  /** Of one version of an order, about: to know how many make an input. */
  readonly recordBytes: number
  /** Raw bytes of an input, MB: full and short. Small orders are slower by the byte. */
  readonly megabytes: readonly [full: number, short: number]
  readonly isDamaged: boolean
  /** @param index of the order in the input */
  readonly line: (document: Json, seed: number, index: number) => Line
}

const clean = (text: string): Line => ({ bytes: Buffer.from(text), isRow: true, isClean: true })

export const shapes: Readonly<Record<string, Shape>> = {
  orders: {
    description: "whole orders, every value a string, documents as JSON text",
    form: "stringified",
    recordBytes: 18_000,
    megabytes: [300, 75],
    isDamaged: false,
    line: (document) => clean(render(document, "stringified"))
  },
  small: {
    description: "a few fields of each order, about 1.3 KB",
    form: "stringified",
    recordBytes: 1_300,
    megabytes: [80, 20],
    isDamaged: false,
    line: (document) => clean(render(small(document), "stringified"))
  },
  nested: {
    description: "whole orders as real nested JSON",
    form: "nested",
    recordBytes: 18_000,
    megabytes: [200, 40],
    isDamaged: false,
    line: (document) => clean(render(document, "document"))
  },
  dirt: {
    description: "one order in five is damaged",
    form: "stringified",
    recordBytes: 18_000,
    megabytes: [200, 40],
    isDamaged: true,
    line: damaged
  },
  shuffled: {
    description: "keys in another order in every document, at every depth",
    form: "stringified",
    recordBytes: 18_000,
    megabytes: [200, 40],
    isDamaged: false,
    line: (document, seed, index) => clean(render(shuffledObject(document, new Random(seed, 102, index)), "stringified"))
  },
  escaped: {
    description: "outer strings in ASCII: \\u00e3",
    form: "stringified",
    recordBytes: 18_000,
    megabytes: [200, 40],
    isDamaged: false,
    line: (document) => clean(render(document, "stringified, outer escaped"))
  },
  "twice-escaped": {
    description: "documents in text in ASCII: \\\\u00e3",
    form: "stringified",
    recordBytes: 18_000,
    megabytes: [200, 40],
    isDamaged: false,
    line: (document) => clean(render(document, "stringified, inner escaped"))
  }
}

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

const picked = (value: unknown, keys: ReadonlyArray<string>): Json =>
  Object.fromEntries(keys.flatMap((key) => (isObject(value) && key in value ? [[key, value[key]]] : [])))

const small = (document: Json): Json => ({
  ...picked(document, ["orderId", "orderGroup", "sequence", "value", "status", "hostname", "creationDate", "lastChange"]),
  ...picked(document, ["sellerOrderId", "orderFormId", "statusDescription", "timeZoneLastChange", "creationEnvironment", "appVersion"]),
  ...picked(document, ["salesChannel", "origin", "isCompleted", "sellers"]),
  items: (Array.isArray(document["items"]) ? document["items"] : []).map((item) =>
    picked(item, ["id", "productId", "name", "quantity", "price", "sellingPrice"])
  ),
  totals: document["totals"],
  storePreferencesData: picked(document["storePreferencesData"], ["countryCode", "currencyCode"])
})

/** Numbers as keys would come first whatever is done: there are none among those that matter. */
const shuffledObject = (object: Json, random: Random): Json => {
  const keys = Object.keys(object)
  for (let i = keys.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const [a, b] = [keys[i] ?? "", keys[j] ?? ""]
    keys[i] = b
    keys[j] = a
  }
  return Object.fromEntries(keys.map((key) => [key, shuffled(object[key], random)]))
}

const shuffled = (value: unknown, random: Random): unknown =>
  Array.isArray(value) ? value.map((each) => shuffled(each, random)) : isObject(value) ? shuffledObject(value, random) : value
