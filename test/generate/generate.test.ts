import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { checkout } from "../../schemas/vtex/checkout.ts"
import { type GeneratedRecord, generateOrders } from "../../src/generate/generate.ts"
import { Ledger, type Manifest } from "../../src/generate/ledger.ts"
import { type GenerateOptions, settingsOf } from "../../src/generate/options.ts"
import { deadLetterReasons, unreadReasons } from "../../src/record/dead-letter-reasons.ts"
import { decodeRecords } from "../schemas/decoded.ts"

const textOf = (record: GeneratedRecord): string => new TextDecoder().decode(record.bytes)

const digest = (options: GenerateOptions): string => {
  const hash = createHash("sha256")
  for (const { bytes, arrivedAt } of generateOrders(options)) hash.update(bytes).update(String(arrivedAt))
  return hash.digest("hex")
}

const run = (options: GenerateOptions): { records: ReadonlyArray<GeneratedRecord>; manifest: Manifest } => {
  const ledger = new Ledger()
  const records = [...generateOrders(options)]
  for (const record of records) ledger.add(record)
  return { records, manifest: ledger.manifest(settingsOf(options), []) }
}

describe("generateOrders", () => {
  it("gives the same bytes for the same options, others for another seed", () => {
    const options = { orders: 80, seed: 42, dirt: 0.3 }
    expect(digest(options)).toBe(digest(options))
    expect(digest(options)).not.toBe(digest({ ...options, seed: 43 }))
    const ids = (seed: number) =>
      new Set([...generateOrders({ orders: 50, seed })].flatMap(({ fate }) => (fate.is === "row" ? [fate.orderId] : [])))
    expect(ids(1).isDisjointFrom(ids(2))).toBe(true)
    expect(ids(1).size).toBe(50)
  })

  it("makes as many items as asked for on average, with a long tail", () => {
    const counts = [...generateOrders({ orders: 1500, seed: 3, items: 10, form: "document" })].map(
      (record) => JSON.parse(textOf(record)).items.length as number
    )
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length
    expect(mean).toBeGreaterThan(8.5)
    expect(mean).toBeLessThan(11.5)
    expect(Math.min(...counts)).toBe(1)
    expect(Math.max(...counts)).toBeGreaterThan(80)
    expect(() => settingsOf({ orders: 1, seed: 1, items: 0.5 })).toThrow("items must be from 1 to 200")
  })

  it("writes in one form where it is asked to", () => {
    const forms = (form: GenerateOptions["form"]) => new Set([...generateOrders({ orders: 60, seed: 3, form })].map((each) => each.form))
    expect(forms("document")).toEqual(new Set(["document"]))
    expect(forms("stringified")).toEqual(new Set(["stringified"]))
    expect(forms(undefined).size).toBe(5)
  })

  it("does not depend on how many orders there are", () => {
    const first = (orders: number) =>
      [...generateOrders({ orders, seed: 5 })].flatMap((r) => (r.fate.is === "row" && r.fate.latest ? [textOf(r)] : []))
    const few = new Set(first(20))
    expect(few.isSubsetOf(new Set(first(40)))).toBe(true)
  })

  it("lets orders arrive in order of time, most of them at the peak", () => {
    const { records, manifest } = run({ orders: 1_000, seed: 3 })
    for (const [i, record] of records.entries()) expect(record.arrivedAt).toBeGreaterThanOrEqual(records[i - 1]?.arrivedAt ?? 0)
    const [busiest] = Object.entries(manifest.hours).sort(([, a], [, b]) => b - a)
    expect(busiest?.[0]).toBe("2026-11-27T13")
    expect(Object.keys(manifest.hours)[0]).toBe("2026-11-27T10")
    expect(Object.keys(manifest.expected.consumable.days)).toEqual(["2026-11-27", "2026-11-28"])
  })

  it("takes its time from the options alone", () => {
    const { manifest } = run({ orders: 50, seed: 3, start: "2024-02-29T23:40:00Z", hours: 1 })
    expect(Object.keys(manifest.hours)[0]).toBe("2024-02-29T23")
    expect(manifest.options.start).toBe("2024-02-29T23:00:00.000Z")
  })

  it("gives an order one to five versions, two on average, each later than the one before and otherwise the same", () => {
    const versions = new Map<string, Array<{ lastChange: number; document: { [key: string]: unknown } }>>()
    for (const record of generateOrders({ orders: 1_000, seed: 11 }))
      if (record.fate.is === "row" && record.form === "stringified") {
        const list = versions.get(record.fate.orderId) ?? []
        list.push({ lastChange: record.fate.lastChange, document: JSON.parse(textOf(record)) })
        versions.set(record.fate.orderId, list)
      }
    const all = [...versions.values()]
    expect(Math.max(...all.map((list) => list.length))).toBe(5)
    // Versions that follow each other closely may arrive in another order.
    for (const list of all)
      for (const [i, { lastChange, document }] of list.sort((a, b) => a.lastChange - b.lastChange).entries()) {
        const before = list[i - 1]
        if (before === undefined) continue
        expect(lastChange).toBeGreaterThan(before.lastChange)
        for (const key of ["Value", "CreationDate", "ClientProfileData", "Totals", "Hostname"])
          expect(document[key]).toEqual(before.document[key])
      }
    const { manifest } = run({ orders: 1_000, seed: 11 })
    expect(manifest.records / 1_000).toBeGreaterThan(1.8)
    expect(manifest.records / 1_000).toBeLessThan(2.3)
    expect(manifest.rawBytes / manifest.records).toBeGreaterThan(12_000)
    expect(manifest.rawBytes / manifest.records).toBeLessThan(20_000)
  })

  it("writes most records as strings under PascalCase keys, a tenth as documents", () => {
    const { records, manifest } = run({ orders: 600, seed: 8 })
    for (const record of records) {
      const document: object = JSON.parse(textOf(record))
      const isText = Object.values(document).every((value) => typeof value === "string")
      expect(isText).toBe(record.form.startsWith("stringified"))
      expect(Object.hasOwn(document, record.form === "document" ? "orderId" : "OrderId")).toBe(true)
    }
    const documents = (manifest.forms.document ?? 0) + (manifest.forms["document, PascalCase"] ?? 0)
    expect(documents / manifest.records).toBeGreaterThan(0.06)
    expect(documents / manifest.records).toBeLessThan(0.14)
  })

  it("has the traps of the real data", () => {
    const { records } = run({ orders: 600, seed: 9 })
    const stringified = records.filter(({ form }) => form === "stringified").map(textOf)
    const some = (pattern: RegExp) => stringified.filter((text) => pattern.test(text)).length / stringified.length
    expect(some(/\\"attachments\\":\[/)).toBe(1)
    expect(some(/"PackageAttachment":/)).toBeGreaterThan(0.005)
    expect(some(/\\"productCategories\\":\{\\"[0-9]+\\":/)).toBeGreaterThan(0.8)
    expect(some(/Seller@CatalogSystem/)).toBeGreaterThan(0.2)
    expect(some(/"LastChange":"[^"]*\.[0-9]{7}(Z|\+00:00)"/)).toBeGreaterThan(0.8)
    expect(some(/\\"Nome do bebê\?\\"/)).toBeGreaterThan(0.1)
    expect(some(/cart-extra-context/)).toBeGreaterThan(0.1)
    expect(some(/[ãçéíõ]/)).toBeGreaterThan(0.95)
    expect(some(/\\\\\\"/)).toBeGreaterThan(0.5) // a quote inside a document in text
    expect(some(/\\\\n/)).toBeGreaterThan(0.2) // a line end inside a document in text
    expect(some(/"ItemMetadata":/)).toBeLessThan(0.99)
    expect(some(/"ItemMetadata":"\{\}"/)).toBeGreaterThan(0)
    expect(some(/"RatesAndBenefitsData":/)).toBeLessThan(0.95)
    expect(some(/"MarketingData":"null"/)).toBeGreaterThan(0.3)
    const escaped = records.filter(({ form }) => form.endsWith("escaped")).map(textOf)
    expect(escaped.length).toBeGreaterThan(0)
    for (const text of escaped) expect(text).toMatch(/^[\x20-\x7e]*\\u00[ef][0-9a-f][\x20-\x7e]*$/)
  })

  it("sells few products and few shops most", () => {
    const rows = run({ orders: 600, seed: 9 }).records.flatMap(({ fate }) => (fate.is === "row" ? [fate] : []))
    const shops = Object.values(Object.groupBy(rows, ({ orderId }) => orderId.slice(-7, -3))).map((of) => of?.length ?? 0)
    expect(shops.length).toBeGreaterThan(40)
    expect(Math.max(...shops) / rows.length).toBeGreaterThan(0.1)
  })

  it("refuses options that make no sense", () => {
    for (const wrong of [
      { orders: -1 },
      { orders: 1.5 },
      { seed: Number.NaN },
      { dirt: 1.1 },
      { dirt: -0.1 },
      { start: "yesterday" },
      { hours: 0 }
    ])
      expect(() => [...generateOrders({ orders: 1, seed: 1, ...wrong })], JSON.stringify(wrong)).toThrow(RangeError)
    expect([...generateOrders({ orders: 0, seed: 1, dirt: 1 })]).toEqual([])
  })
})

describe("dirt", () => {
  it("is absent unless asked for: everything decodes, nothing drifts, every expectation holds", () => {
    const { records, manifest } = run({ orders: 200, seed: 21 })
    const { counts, letters } = decodeRecords(
      checkout,
      records.map(({ bytes }) => bytes)
    )
    expect(letters).toEqual([])
    expect(counts).toMatchObject({ rows: manifest.records, empty: 0, rescued: {}, drift: {}, quality: {}, deadLetters: {} })
    expect(manifest.dirt).toEqual({})
    expect(manifest.expected.stage.rows).toBe(manifest.records)
  })

  it.each([
    [1, 0.2],
    [2, 0.5],
    [3, 1]
  ])("comes to what the manifest says (seed %i, dirt %d)", (seed, dirt) => {
    const { records, manifest } = run({ orders: 200, seed, dirt })
    const { counts, rows, letters } = decodeRecords(
      checkout,
      records.map(({ bytes }) => bytes)
    )
    const { expected } = manifest
    expect(counts.records).toBe(manifest.records)
    expect(counts.rows).toBe(expected.stage.rows)
    expect(counts.empty).toBe(expected.empty)
    expect(counts.deadLetters).toEqual(expected.deadLetters)
    expect(counts.rescued).toEqual(expected.stage.rescued)
    expect(counts.drift).toEqual(expected.stage.drift)
    expect(counts.quality).toEqual({})
    expect(counts.rows + letters.length + counts.empty).toBe(manifest.records)

    const versions = new Map(rows.map((row) => [`${row["order_id"]} ${row["last_change"]}`, row]))
    expect(versions.size).toBe(expected.consumable.rows)
    const sum = (of: Iterable<{ readonly [column: string]: unknown }>, column: string) =>
      String([...of].reduce((total, row) => total + (typeof row[column] === "bigint" ? row[column] : 0n), 0n))
    expect(sum(versions.values(), "value")).toBe(expected.consumable.value)
    expect(sum(versions.values(), "rounding_error")).toBe(expected.consumable.roundingError)
    const latest = new Map(
      [...versions.values()].sort((a, b) => Number(a["last_change"]) - Number(b["last_change"])).map((row) => [row["order_id"], row])
    )
    expect(latest.size).toBe(expected.consumable.orders)
    expect(sum(latest.values(), "value")).toBe(expected.consumable.latestValue)
  })

  it("has every kind, in about the share that was asked for", () => {
    const { records, manifest } = run({ orders: 1_000, seed: 4, dirt: 0.25 })
    const dirty = Object.values(manifest.dirt).reduce((sum, n) => sum + n, 0)
    const versions = manifest.expected.consumable.rows
    expect(dirty / versions).toBeGreaterThan(0.2)
    expect(dirty / versions).toBeLessThan(0.3)
    // They are JSON, an order's version is its event time, and feeds hold orders alone.
    const { not_csv, not_access_log, no_header, quality_rejected, missing_version, unreadable_version, not_of_dataset, ...reasons } =
      deadLetterReasons
    expect(Object.keys(manifest.expected.deadLetters)).toEqual(
      Object.keys(reasons)
        .filter((reason) => !unreadReasons.has(reason) && !reason.startsWith("firehose_"))
        .sort()
    )
    expect(manifest.dirt.too_large).toBe(1)
    expect(manifest.late).toBeGreaterThanOrEqual(manifest.dirt.late ?? 0)
    for (const { bytes } of records) expect(bytes.includes(10)).toBe(false)
  })

  it("does not touch the orders: each version is there once, dirt or not", () => {
    const versions = (dirt: number) =>
      new Set(
        [...generateOrders({ orders: 200, seed: 6, dirt })].flatMap(({ fate }) =>
          fate.is === "row" ? [`${fate.orderId} ${fate.lastChange}`] : []
        )
      )
    expect(versions(0.9)).toEqual(versions(0))
  })
})
