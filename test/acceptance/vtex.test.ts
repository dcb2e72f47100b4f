import { mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import type { DecodeCounts } from "../../src/record/report.ts"
import { sluiceJson } from "../cli/sluice.ts"
import { query, type Row, realData, temporaryFolder, withDuckDB } from "./support.ts"

/**
 * Every order that VTEX publishes, as files in a folder through the real command, in the two forms in which orders come: as a document, and
 * raw, where keys are capitalised and every value is text. Both forms must give the same rows, and nothing may be left, in the names of
 * columns or inside of their values, of what drop rules forbid.
 */

const published = realData("vtex/openapi")
const folder = temporaryFolder()
const forms = ["document", "raw"] as const
const datasets = ["checkout", "fulfillment"] as const
/** Personal data is hashed, so that it is compared, too. */
const env = { SLUICE_HASH_KEY: "a key for the tests" }

interface Json {
  readonly [key: string]: unknown
}

const rawForm = (order: Json): Json =>
  Object.fromEntries(
    Object.entries(order).map(([key, value]) => [
      key.charAt(0).toUpperCase() + key.slice(1),
      typeof value === "string" ? value : JSON.stringify(value)
    ])
  )

/** What the published orders lack of what the rules forbid: the fullest of them, with a shop's own fields. */
const customized = (order: Json): Json => ({
  ...order,
  orderId: `${order["orderId"]}-customized`,
  customData: {
    customApps: [{ id: "cart", major: 1, fields: { "cart-extra-context": '{"items":[]}', note: "kept", "Gift Attachment (new)": "x" } }]
  },
  commercialConditionData: { "Attachment of ação": 1, "Price list (B2B)": 2 }
})

/** Names as rules mean them: without case, and however words are joined. */
const plainName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "")
const forbidden = ["attachment", "assemblyoptions", "cartextracontext", "connectorresponses", "matchedparameters"]

/** Does a path of names hold what a rule forbids? `additionalInfo` is forbidden in one place only: that of an item is data. */
const isForbidden = (path: ReadonlyArray<string>): boolean => {
  const plain = path.map(plainName)
  return (
    plain.some((name) => forbidden.some((part) => name.includes(part))) ||
    plain.join(".").endsWith("rateandbenefitsidentifiers.additionalinfo")
  )
}

/** Paths of all keys in a value, in the JSON that stands in its texts, too. */
const pathsIn = (value: unknown, path: ReadonlyArray<string> = []): ReadonlyArray<ReadonlyArray<string>> => {
  if (typeof value === "string") return /^\s*[[{"]/.test(value) ? pathsIn(parsed(value), path) : []
  if (Array.isArray(value)) return value.flatMap((element) => pathsIn(element, path))
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([key, member]) => {
    // A rescued value stands under its whole path.
    const names = [...path, ...key.replace(/\[\d+\]/g, "").split(".")]
    return [names, ...pathsIn(member, names)]
  })
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const forbiddenIn = (value: unknown): ReadonlyArray<string> => [
  ...new Set(
    pathsIn(value)
      .filter(isForbidden)
      .map((path) => path.join("."))
  )
]

/** Paths of all fields of a Delta type. */
const fieldPaths = (type: unknown, path: ReadonlyArray<string> = []): ReadonlyArray<ReadonlyArray<string>> => {
  if (typeof type !== "object" || type === null) return []
  const { fields, elementType, valueType } = type as { fields?: ReadonlyArray<Row>; elementType?: unknown; valueType?: unknown }
  const own = (fields ?? []).flatMap(({ name, type }) => {
    const names = [...path, String(name)]
    return [names, ...fieldPaths(type, names)]
  })
  return [...own, ...fieldPaths(elementType, path), ...fieldPaths(valueType, path)]
}

/** The schema in the last commit of a table's log that says one. */
const deltaSchema = async (table: string): Promise<unknown> => {
  const log = join(table, "_delta_log")
  const commits = (await readdir(log)).filter((name) => /^\d{20}\.json$/.test(name)).sort()
  const texts = await Promise.all(commits.map((name) => readFile(join(log, name), "utf8")))
  const schemas = texts.flatMap((text) =>
    text
      .trim()
      .split("\n")
      .flatMap((line) => JSON.parse(line).metaData?.schemaString ?? [])
  )
  return JSON.parse(schemas.at(-1))
}

const coordinates = "_source, _shard, _sequence_number, _sub_sequence_number, _arrived_at"
const lakeOf = (form: string) => folder(`lake-${form}`)

/** Rows with the file that each came from, without coordinates. */
const rowsOf = (form: string, view: string): Promise<ReadonlyArray<Row>> =>
  query(lakeOf(form), `SELECT parse_filename(_shard) AS file, * EXCLUDE (${coordinates}) FROM ${view} ORDER BY file`)

describe.skipIf(published === undefined)("orders that VTEX publishes", () => {
  const orders = new Map<string, Json>()
  const counts = new Map<string, DecodeCounts>()
  const views = datasets.flatMap((dataset) => [`stage_${dataset}`, `consumable_${dataset}`])

  const carry = async (form: (typeof forms)[number]) => {
    const input = folder(form)
    const hour = join(input, "2024", "02", "06", "20")
    await mkdir(hour, { recursive: true })
    for (const [name, order] of orders)
      await writeFile(join(hour, name), form === "raw" ? JSON.stringify(rawForm(order)) : JSON.stringify(order, null, 2))
    for (const dataset of datasets) {
      counts.set(
        `${dataset} ${form}`,
        (await sluiceJson(["ingest", "--dataset", dataset, "--input", input, "--lake", lakeOf(form)], env)).counts
      )
      await sluiceJson(["repartition", "--dataset", dataset, "--lake", lakeOf(form)])
    }
  }

  beforeAll(async () => {
    const names = (await readdir(published ?? "")).filter((name) => name.startsWith("order__"))
    for (const name of names) orders.set(name, JSON.parse(await readFile(join(published ?? "", name), "utf8")))
    const fullest = orders.get("order__orders-api__api-oms-pvt-orders-orderid-get.json")
    if (fullest !== undefined) orders.set("order__customized.json", customized(fullest))
    await Promise.all(forms.map(carry))
  }, 180_000)

  it("hold, as published, what the rules forbid", () => {
    const found = [...orders.values()].flatMap(forbiddenIn).map((path) => path.split(".").at(-1))
    for (const name of [
      "attachments",
      "assemblyOptions",
      "matchedParameters",
      "connectorResponses",
      "additionalInfo",
      "cart-extra-context"
    ])
      expect(found).toContain(name)
  })

  it.each(datasets)("become rows of %s, all of them, counted the same in both forms", (dataset) => {
    expect(orders.size).toBe(9)
    const document = counts.get(`${dataset} document`)
    expect(document).toMatchObject({ records: 9, rows: 9, empty: 0, deadLetters: {}, drift: {} })
    const raw = counts.get(`${dataset} raw`)
    // The raw form has its own ways to say null and to spell keys, and nothing else of its own.
    expect({ ...raw, bytes: null, conventions: null }).toEqual({ ...document, bytes: null, conventions: null })
    expect(raw).toMatchObject({ conventions: { nullText: expect.any(Number) } })
    expect(Object.keys(document?.drops ?? {}).sort()).toEqual([
      "attachments",
      "benefit-additional-info",
      "cart-extra-context",
      "connector-responses",
      "matched-parameters",
      "metadata-assembly-options"
    ])
  })

  it.each(views)("are the same rows of %s in both forms", async (view) => {
    const [document, raw] = await Promise.all(forms.map((form) => rowsOf(form, view)))
    expect(document?.map(({ file, order_id }) => [file, order_id])).toEqual(
      [...orders].sort().map(([name, { orderId }]) => [name, orderId])
    )
    expect(raw).toEqual(document)
  })

  it.each(views)("leave nothing forbidden in %s, be it a column, a field or a key", async (view) => {
    const table = view.replace("_", "/")
    for (const form of forms) {
      const schema = await deltaSchema(join(lakeOf(form), table))
      const paths = fieldPaths(schema)
      expect(paths.length).toBeGreaterThan(300)
      expect(paths.filter(isForbidden)).toEqual([])
      const inFiles = await withDuckDB((rows) =>
        rows(`SELECT DISTINCT name FROM parquet_schema('${lakeOf(form)}/${table}/*/**/*.parquet')`)
      )
      expect(inFiles.length).toBeGreaterThan(100)
      expect(inFiles.filter(({ name }) => isForbidden([String(name)]))).toEqual([])

      const rows = await rowsOf(form, view)
      expect(forbiddenIn(rows)).toEqual([])
      const columns = Object.keys(rows[0] ?? {})
      expect(columns.includes("custom_data")).toBe(view.startsWith("stage"))
      expect(columns.includes("commercial_condition_data")).toBe(view.startsWith("stage"))
    }
  })

  it("keep what a shop adds otherwise, in the stage", async () => {
    const [row] = await query(
      lakeOf("raw"),
      "SELECT custom_data, commercial_condition_data FROM stage_checkout WHERE order_id LIKE '%-customized'"
    )
    expect(row).toEqual({
      custom_data: '{"customApps":[{"id":"cart","major":1,"fields":{"note":"kept"}}]}',
      commercial_condition_data: '{"Price list (B2B)":2}'
    })
  })
})
