import { SourceError } from "../record/source-error.ts"
import { type CsvFile, findCsv, readCsv } from "./csv.ts"

/** The files of Olist's public data set that an order is joined from. */
export interface OlistFiles {
  readonly orders: CsvFile
  readonly items: CsvFile
  readonly payments: CsvFile
  readonly customers: CsvFile
  readonly products: CsvFile
  /** Category names in English; without it they stay Portuguese. */
  readonly translation: CsvFile | undefined
}

/** Finds `<table>.csv` or `<table>.csv.gz` of every table. Throws `SourceError` naming the first that is missing. */
export const findOlistFiles = (source: string, folder: string): OlistFiles => {
  const required = (table: string): CsvFile => {
    const file = findCsv(source, folder, table)
    if (file !== undefined) return file
    throw new SourceError({
      source,
      reason: "NotFound",
      location: `${folder}/${table}.csv`,
      detail: "A table of the Olist data set is missing",
      hint: `Put ${table}.csv or ${table}.csv.gz into the folder.`
    })
  }
  return {
    orders: required("olist_orders_dataset"),
    items: required("olist_order_items_dataset"),
    payments: required("olist_order_payments_dataset"),
    customers: required("olist_customers_dataset"),
    products: required("olist_products_dataset"),
    translation: findCsv(source, folder, "product_category_name_translation")
  }
}

export interface Item {
  readonly number: number
  readonly productId: string
  readonly product: Product | undefined
  readonly sellerId: string
  readonly priceCents: number
  readonly freightCents: number
}

export interface Product {
  /** Portuguese name, empty where there is none. */
  readonly category: string
  /** Weight in grams and lengths in centimetres; empty where unknown. */
  readonly weight: string
  readonly length: string
  readonly height: string
  readonly width: string
}

export interface Payment {
  readonly number: number
  readonly type: string
  readonly installments: number
  readonly cents: number
}

export interface Customer {
  readonly uniqueId: string
  readonly zipPrefix: string
  readonly city: string
  readonly state: string
}

/** What orders are joined with: looked up by order or customer, ordered by the number in the order. */
export interface OlistTables {
  readonly items: (orderId: string) => ReadonlyArray<Item>
  readonly payments: (orderId: string) => ReadonlyArray<Payment>
  readonly customer: (customerId: string) => Customer | undefined
  /** English name of a category, its own where there is none. */
  readonly categoryName: (category: string) => string
}

/** Reads everything but the orders into memory: about 60 MB for the full data set, since equal texts are kept once. */
export const loadOlistTables = async (files: OlistFiles): Promise<OlistTables> => {
  const once = interner()
  const customers = new Map<string, Customer>()
  const customerColumns = ["customer_id", "customer_unique_id", "customer_zip_code_prefix", "customer_city", "customer_state"]
  for await (const rows of readCsv(files.customers, customerColumns)) {
    for (const [id = "", uniqueId = "", zipPrefix = "", city = "", state = ""] of rows) {
      customers.set(id, { uniqueId, zipPrefix: once(zipPrefix), city: once(city), state: once(state) })
    }
  }

  const products = new Map<string, Product & { readonly id: string }>()
  const productColumns = [
    "product_id",
    "product_category_name",
    "product_weight_g",
    "product_length_cm",
    "product_height_cm",
    "product_width_cm"
  ]
  for await (const rows of readCsv(files.products, productColumns)) {
    for (const [id = "", category = "", weight = "", length = "", height = "", width = ""] of rows) {
      products.set(id, {
        id,
        category: once(category),
        weight: once(weight),
        length: once(length),
        height: once(height),
        width: once(width)
      })
    }
  }

  const names = new Map<string, string>()
  if (files.translation !== undefined) {
    for await (const rows of readCsv(files.translation, ["product_category_name", "product_category_name_english"])) {
      for (const [category = "", english = ""] of rows) names.set(category, english)
    }
  }

  const items = new Grouped<Item>()
  for await (const rows of readCsv(files.items, ["order_id", "order_item_id", "product_id", "seller_id", "price", "freight_value"])) {
    for (const [orderId = "", number = "", productId = "", sellerId = "", price = "", freight = ""] of rows) {
      const product = products.get(productId)
      items.add(orderId, {
        number: integer(files.items, "order_item_id", orderId, number),
        productId: product?.id ?? once(productId),
        product,
        sellerId: once(sellerId),
        priceCents: cents(files.items, "price", orderId, price),
        freightCents: cents(files.items, "freight_value", orderId, freight)
      })
    }
  }

  const payments = new Grouped<Payment>()
  const paymentColumns = ["order_id", "payment_sequential", "payment_type", "payment_installments", "payment_value"]
  for await (const rows of readCsv(files.payments, paymentColumns)) {
    for (const [orderId = "", number = "", type = "", installments = "", value = ""] of rows) {
      payments.add(orderId, {
        number: integer(files.payments, "payment_sequential", orderId, number),
        type: once(type),
        installments: integer(files.payments, "payment_installments", orderId, installments),
        cents: cents(files.payments, "payment_value", orderId, value)
      })
    }
  }

  return {
    items: (orderId) => items.get(orderId),
    payments: (orderId) => payments.get(orderId),
    customer: (customerId) => customers.get(customerId),
    categoryName: (category) => names.get(category) ?? category
  }
}

/** Gives of equal texts always the same one, so that a city is not kept once per customer. */
const interner = (): ((text: string) => string) => {
  const texts = new Map<string, string>()
  return (text) => {
    const known = texts.get(text)
    if (known === undefined) texts.set(text, text)
    return known ?? text
  }
}

/** Values by key. Most orders have one item and one payment, so a lone value stands without a list. */
class Grouped<A extends { readonly number: number }> {
  readonly #values = new Map<string, A | Array<A>>()

  add(key: string, value: A): void {
    const before = this.#values.get(key)
    if (before === undefined) this.#values.set(key, value)
    else if (Array.isArray(before)) before.push(value)
    else this.#values.set(key, [before, value])
  }

  get(key: string): ReadonlyArray<A> {
    const found = this.#values.get(key)
    if (found === undefined) return []
    return Array.isArray(found) ? found.toSorted((a, b) => a.number - b.number) : [found]
  }
}

const unreadable = (file: CsvFile, column: string, orderId: string, what: string): SourceError =>
  new SourceError({
    source: file.source,
    reason: "Invalid",
    location: file.path,
    detail: `Column ${column} of order ${orderId} is not ${what}`,
    hint: "Correct the row or export the file again."
  })

/** Decimal text to cents without passing through a float. */
const cents = (file: CsvFile, column: string, orderId: string, text: string): number => {
  const [, whole, fraction = ""] = /^(\d+)(?:\.(\d{1,2})0*)?$/.exec(text) ?? []
  if (whole === undefined) throw unreadable(file, column, orderId, "an amount of money with at most two decimals")
  return Number(whole) * 100 + Number(fraction.padEnd(2, "0"))
}

const integer = (file: CsvFile, column: string, orderId: string, text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw unreadable(file, column, orderId, "a whole number")
  return Number(text)
}
