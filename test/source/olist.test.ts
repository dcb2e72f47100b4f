import { copyFileSync, existsSync, readdirSync, readFileSync, utimesSync } from "node:fs"
import { basename, join, resolve } from "node:path"
import { DuckDBInstance } from "@duckdb/node-api"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { olistSource } from "../../src/source/olist.ts"
import { type OlistOrder, versionsOf } from "../../src/source/olist-order.ts"
import { change, folderWith, pagesOf, positionsAfter, put, recordsOf, textsOf, untilFailure } from "./collect.ts"
import { sourceSuite } from "./source-suite.ts"

const full = resolve(import.meta.dirname, "../..", process.env["SLUICE_TEST_DATA"] ?? "../shared/data", "olist")
const sample = join(full, "sample_500_orders")
const present = existsSync(sample)
if (!present) console.log(`Olist's orders are not at ${full}: their tests are skipped. SLUICE_TEST_DATA says where they are.`)

const order = (times: Partial<OlistOrder>): OlistOrder => ({
  orderId: "o",
  customerId: "c",
  status: "delivered",
  purchasedAt: "2018-01-01 10:00:00",
  approvedAt: "",
  handedToCarrierAt: "",
  deliveredAt: "",
  estimatedDelivery: "",
  ...times
})

/** What of a record the tests look at. */
interface Checkout {
  readonly orderId: string
  readonly status: string
  readonly value: number
  readonly creationDate: string
  readonly lastChange: string
  readonly authorizedDate: string | null
  readonly totals: ReadonlyArray<{ readonly id: string; readonly value: number }>
  readonly items: ReadonlyArray<{ readonly id: string; readonly price: number; readonly productCategories?: Record<string, string> }>
  readonly sellers: ReadonlyArray<{ readonly id: string }>
  readonly paymentData: { readonly transactions: ReadonlyArray<{ readonly payments: ReadonlyArray<{ readonly value: number }> }> }
  readonly shippingData: {
    readonly address: { readonly postalCode: string }
    readonly logisticsInfo: ReadonlyArray<{ readonly price: number }>
  }
}

const checkout = (text: string): Checkout => JSON.parse(text)

describe("olist: versions of an order", () => {
  const versions = (times: Partial<OlistOrder>) => versionsOf(order(times)).map((version) => `${version.lastChange} ${version.status}`)

  it("are its status times, the last with the order's own status", () => {
    assert.deepStrictEqual(
      versions({ approvedAt: "2018-01-01 11:00:00", handedToCarrierAt: "2018-01-02 00:00:00", deliveredAt: "2018-01-03 00:00:00" }),
      [
        "2018-01-01T10:00:00Z payment-pending",
        "2018-01-01T11:00:00Z payment-approved",
        "2018-01-02T00:00:00Z shipped",
        "2018-01-03T00:00:00Z delivered"
      ]
    )
    assert.deepStrictEqual(versions({ status: "canceled", handedToCarrierAt: "2018-01-02 00:00:00" }), [
      "2018-01-01T10:00:00Z payment-pending",
      "2018-01-02T00:00:00Z canceled"
    ])
    assert.deepStrictEqual(versions({ status: "created" }), ["2018-01-01T10:00:00Z created"])
  })

  it("of the same second are one, and a status never goes back", () => {
    assert.deepStrictEqual(
      versions({ approvedAt: "2018-01-01 10:00:00", handedToCarrierAt: "2018-01-05 00:00:00", deliveredAt: "2018-01-05 00:00:00" }),
      ["2018-01-01T10:00:00Z payment-approved", "2018-01-05T00:00:00Z delivered"]
    )
    assert.deepStrictEqual(
      versions({ approvedAt: "2018-01-04 00:00:00", handedToCarrierAt: "2018-01-02 00:00:00", deliveredAt: "2018-01-05 00:00:00" }),
      [
        "2018-01-01T10:00:00Z payment-pending",
        "2018-01-02T00:00:00Z shipped",
        "2018-01-04T00:00:00Z shipped",
        "2018-01-05T00:00:00Z delivered"
      ]
    )
  })
})

const tables = {
  "olist_orders_dataset.csv":
    '"order_id","customer_id","order_status","order_purchase_timestamp","order_approved_at","order_delivered_carrier_date","order_delivered_customer_date","order_estimated_delivery_date"\n' +
    'o1,c1,delivered,2018-01-01 10:00:00,2018-01-01 11:00:00,,2018-01-03 00:00:00,2018-01-09 00:00:00\r\n"o2",c2,unavailable,2018-01-02 10:00:00,,,,\n',
  "olist_order_items_dataset.csv":
    "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value\no1,2,p2,s1,2018-01-02 00:00:00,1234567.8,0.07\no1,1,p1,s1,2018-01-02 00:00:00,58.90,13.29\n",
  "olist_order_payments_dataset.csv":
    "order_id,payment_sequential,payment_type,payment_installments,payment_value\no1,1,credit_card,2,1234600.00\no1,2,voucher,1,40.06\no2,1,boleto,1,9.5\n",
  "olist_customers_dataset.csv":
    'customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state\nc1,u1,"01409","são paulo",SP\n',
  "olist_products_dataset.csv":
    "product_id,product_category_name,product_name_lenght,product_description_lenght,product_photos_qty,product_weight_g,product_length_cm,product_height_cm,product_width_cm\np1,beleza_saude,1,1,1,225,16,10,14\np2,,,,,,,,\n",
  "product_category_name_translation.csv": "\uFEFFproduct_category_name,product_category_name_english\r\nbeleza_saude,health_beauty\r\n"
}

describe("olist: an orders file that is not what it was", () => {
  it.effect("goes on where it grew, is nothing new where it was touched, and is refused by name where it was replaced", () =>
    Effect.gen(function* () {
      const orders = "olist_orders_dataset.csv"
      const folder = yield* folderWith(tables)
      const source = olistSource({ input: folder, arrivedAt: 7 })
      const done = positionsAfter(yield* pagesOf(yield* source))
      change(folder, orders, tables[orders])
      assert.deepStrictEqual(yield* pagesOf(yield* source, done), [])
      change(folder, orders, `${tables[orders]}o3,c1,created,2018-01-04 10:00:00,,,,\n`)
      const more = yield* pagesOf(yield* source, done)
      assert.deepStrictEqual(
        more.flatMap(({ sequenceNumbers }) => sequenceNumbers),
        ["8"]
      )
      // As many bytes.
      change(folder, orders, tables[orders].replace("unavailable", "unaccounted"))
      const { error } = yield* untilFailure(yield* source, done)
      assert.strictEqual(error.reason, "Invalid")
      assert.include(error.message, `The orders were replaced by others since they were read: ${join(folder, orders)}.`)
      assert.deepStrictEqual(
        yield* pagesOf(
          yield* source,
          new Map(
            [...done].map(([shard, p]) => [shard, { ...p, source: { done: true, size: Buffer.byteLength(tables[orders]), last: 4 } }])
          )
        ),
        []
      )
    })
  )
})

describe("olist: records", () => {
  it.effect("are orders joined with what belongs to them, in cents", () =>
    Effect.gen(function* () {
      const input = yield* folderWith(tables)
      // Not written later than what is said.
      utimesSync(join(input, "olist_orders_dataset.csv"), 0, 0)
      const source = yield* olistSource({ input, arrivedAt: 7 })
      const [page, ...others] = yield* pagesOf(source)
      assert.deepStrictEqual(others, [])
      assert.deepStrictEqual([page?.arrivedAt, page?.sequenceNumbers], [7, ["0", "1", "2", "4"]])
      const records = (yield* textsOf(source)).map(checkout)
      assert.deepStrictEqual(records[2], {
        orderId: "o1",
        origin: "Marketplace",
        hostname: "olist",
        status: "delivered",
        lastChange: "2018-01-03T00:00:00Z",
        authorizedDate: "2018-01-01T11:00:00Z",
        value: 123464006,
        creationDate: "2018-01-01T10:00:00Z",
        totals: [
          { id: "Items", name: "Items Total", value: 123462670 },
          { id: "Shipping", name: "Shipping Total", value: 1336 }
        ],
        items: [
          {
            ...{ uniqueId: "o1-1", id: "p1", productId: "p1", quantity: 1, seller: "s1", price: 5890, listPrice: 5890, sellingPrice: 5890 },
            productCategories: { beleza_saude: "health_beauty" },
            additionalInfo: { dimension: { weight: 225, length: 16, height: 10, width: 14 } }
          },
          {
            ...{
              uniqueId: "o1-2",
              id: "p2",
              productId: "p2",
              quantity: 1,
              seller: "s1",
              price: 123456780,
              listPrice: 123456780,
              sellingPrice: 123456780
            },
            additionalInfo: { dimension: { weight: null, length: null, height: null, width: null } }
          }
        ],
        sellers: [{ id: "s1" }],
        paymentData: {
          transactions: [
            {
              isActive: true,
              payments: [
                {
                  id: "o1-1",
                  paymentSystemName: "credit_card",
                  group: "creditCard",
                  value: 123460000,
                  referenceValue: 123460000,
                  installments: 2
                },
                { id: "o1-2", paymentSystemName: "voucher", group: "giftCard", value: 4006, referenceValue: 4006, installments: 1 }
              ]
            }
          ]
        },
        shippingData: {
          address: { postalCode: "01409", city: "são paulo", state: "SP", country: "BRA" },
          logisticsInfo: [1329, 7].map((price, itemIndex) => ({
            itemIndex,
            price,
            sellingPrice: price,
            deliveryChannel: "delivery",
            shippingEstimateDate: "2018-01-09T00:00:00Z"
          }))
        },
        clientProfileData: { userProfileId: "u1" },
        storePreferencesData: { countryCode: "BRA", currencyCode: "BRL", currencyLocale: 1046, currencySymbol: "R$" },
        marketplace: { name: "olist" }
      } as object)
      assert.deepStrictEqual(
        records.map((record) => record.authorizedDate),
        [null, "2018-01-01T11:00:00Z", "2018-01-01T11:00:00Z", null]
      )
      assert.deepStrictEqual([records[3]?.status, records[3]?.value, records[3]?.items, records[3]?.totals], ["unavailable", 950, [], []])
    })
  )

  it.effect("that a table has are not given again; new rows are", () =>
    Effect.gen(function* () {
      const input = yield* folderWith(tables)
      const source = yield* olistSource({ input })
      const done = positionsAfter(yield* pagesOf(source))
      assert.deepStrictEqual(yield* pagesOf(source, done), [])
      put(input, "olist_orders_dataset.csv", `${tables["olist_orders_dataset.csv"]}o3,c1,created,2018-05-05 00:00:00,,,,\n`)
      const more = yield* pagesOf(yield* olistSource({ input }), done)
      assert.deepStrictEqual(
        more.flatMap(recordsOf).map((record) => [record.sequenceNumber, checkout(record.text).orderId]),
        [["8", "o3"]]
      )
    })
  )

  it.effect("need every table, every column and readable values: the error names them", () =>
    Effect.gen(function* () {
      const failing = (changed: Readonly<Record<string, string>>) =>
        Effect.gen(function* () {
          const input = yield* folderWith({ ...tables, ...changed })
          return (yield* untilFailure(yield* olistSource({ input }))).error.message.replaceAll(input, "DIR")
        })
      const payments = "olist_order_payments_dataset.csv"
      const replaced = (from: string, to: string) => failing({ [payments]: tables[payments].replace(from, to) })
      assert.match(yield* replaced("payment_type", "type"), /^Column payment_type is missing: DIR\/olist_order_payments_dataset\.csv\./)
      assert.match(
        yield* replaced("40.06", "40.065"),
        /^Column payment_value of order o1 is not an amount of money .*: DIR\/olist_order_payments/
      )
      assert.match(yield* replaced("voucher,1", "voucher,x"), /^Column payment_installments of order o1 is not a whole number/)
      assert.match(yield* replaced("voucher,1", "voucher"), /^Row 2 has 4 fields, the header 5: DIR/)
      assert.match(yield* replaced("voucher", '"vou"cher'), /is not CSV/)
      assert.match(yield* failing({ [payments]: "" }), /^Column order_id is missing/)
      const orders = tables["olist_orders_dataset.csv"].replace("2018-01-02 10:00:00", "02.01.2018")
      assert.match(yield* failing({ "olist_orders_dataset.csv": orders }), /^Column order_purchase_timestamp of order o2 is not a time/)

      const empty = yield* folderWith({})
      const missing = yield* Effect.flip(olistSource({ input: empty }))
      assert.deepStrictEqual([missing.reason, missing.location], ["NotFound", join(empty, "olist_orders_dataset.csv")])
      assert.strictEqual((yield* Effect.flip(olistSource({ input: "/no/such" }))).reason, "NotFound")
    })
  )
})

describe.skipIf(!present)("olist: real orders", () => {
  if (present) {
    // A copy, so that the folder is the test's own; a few orders per page.
    sourceSuite(
      "olist sample",
      Effect.gen(function* () {
        const input = yield* folderWith({})
        for (const file of readdirSync(sample))
          if (/orders|items|payments|customers|products/.test(file)) copyFileSync(join(sample, file), join(input, basename(file)))
        const orders = readFileSync(join(input, "olist_orders_dataset.csv"), "utf8").split("\n").slice(0, 60).join("\n")
        put(input, "olist_orders_dataset.csv", orders)
        return yield* olistSource({ input, pageBytes: 30_000 })
      })
    )
  }

  it.live("are what an independent SQL over the same files counts and sums", () =>
    Effect.gen(function* () {
      const source = yield* olistSource({ input: full })
      const perDay = new Map<string, number>()
      const latest = { items: 0, freight: 0, payments: 0, orders: 0, withoutItems: 0, statuses: new Map<string, number>() }
      let previous = { orderId: "", lastChange: "", text: () => "" }
      let versions = 0
      const close = () => {
        if (previous.orderId === "") return
        const last = checkout(previous.text())
        latest.orders++
        latest.withoutItems += last.items.length === 0 ? 1 : 0
        latest.items += last.items.reduce((sum, item) => sum + item.price, 0)
        latest.freight += last.shippingData.logisticsInfo.reduce((sum, info) => sum + info.price, 0)
        latest.payments += last.paymentData.transactions.flatMap((t) => t.payments).reduce((sum, payment) => sum + payment.value, 0)
        latest.statuses.set(last.status, (latest.statuses.get(last.status) ?? 0) + 1)
        assert.match(last.shippingData.address.postalCode, /^\d{5}$/)
      }
      yield* Stream.runForEach(source.pages(new Map()), (page) =>
        Effect.sync(() => {
          const bytes = Buffer.from(page.bytes.buffer, page.bytes.byteOffset, page.bytes.length)
          for (let i = 0; i < page.count; i++) {
            const [start = 0, end = 0] = [page.starts[i], page.ends[i]]
            const front = bytes.toString("latin1", start, start + 200)
            const text = () => bytes.toString("utf8", start, end)
            const [, orderId = "", lastChange = ""] = /^{"orderId":"(\w{32})".*?"lastChange":"([^"]+)"/.exec(front) ?? []
            if (previous.orderId !== orderId) close()
            else assert.isTrue(previous.lastChange < lastChange)
            previous = { orderId, lastChange, text }
            versions++
            const day = lastChange.slice(0, 10)
            perDay.set(day, (perDay.get(day) ?? 0) + 1)
          }
        })
      )
      close()
      const expected = yield* Effect.promise(expectations)
      assert.deepStrictEqual(Object.fromEntries([...perDay].sort()), expected.perDay)
      assert.deepStrictEqual({ ...latest, versions, statuses: Object.fromEntries([...latest.statuses].sort()) }, expected.totals)
      assert.strictEqual(versions, 391_551)
      assert.strictEqual(latest.withoutItems, 775)
    })
  )
})

/** The same figures from the CSV files by DuckDB. */
const expectations = async () => {
  const connection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect()
  const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJson().map((row) => row.map(String))
  for (const table of ["orders", "order_items", "order_payments"]) {
    await connection.run(`CREATE TABLE ${table} AS FROM read_csv('${full}/olist_${table}_dataset.csv.gz', all_varchar = true)`)
  }
  await connection.run(`CREATE TABLE versions AS SELECT DISTINCT order_id, t FROM (SELECT order_id, unnest([order_purchase_timestamp,
    order_approved_at, order_delivered_carrier_date, order_delivered_customer_date]) AS t FROM orders) WHERE t IS NOT NULL`)
  const perDay = await rows("SELECT t[1:10], count(*) FROM versions GROUP BY 1 ORDER BY 1")
  const [sums = []] = await rows(`SELECT
    (SELECT count(*) FROM orders),
    (SELECT count(*) FROM orders WHERE order_id NOT IN (SELECT order_id FROM order_items)),
    (SELECT count(*) FROM versions),
    (SELECT sum(price::DECIMAL(18, 2)) * 100 FROM order_items)::BIGINT,
    (SELECT sum(freight_value::DECIMAL(18, 2)) * 100 FROM order_items)::BIGINT,
    (SELECT sum(payment_value::DECIMAL(18, 2)) * 100 FROM order_payments)::BIGINT`)
  const [orders, withoutItems, count, items, freight, payments] = sums.map(Number)
  const statuses = await rows("SELECT order_status, count(*) FROM orders GROUP BY 1 ORDER BY 1")
  connection.closeSync()
  return {
    perDay: Object.fromEntries(perDay.map(([day, n]) => [day, Number(n)])),
    totals: {
      items,
      freight,
      payments,
      orders,
      withoutItems,
      versions: count,
      statuses: Object.fromEntries(statuses.map(([status, n]) => [status, Number(n)]))
    }
  }
}
