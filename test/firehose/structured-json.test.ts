import { describe, expect, it } from "vitest"
import olist from "../../schemas/olist/project.ts"
import vtex from "../../schemas/vtex/project.ts"
import web from "../../schemas/web/project.ts"
import { glueColumns } from "../../src/catalog/glue-table.ts"
import { type CompiledContract, compileContract } from "../../src/contract/compile.ts"
import { putLimits } from "../../src/firehose/api.ts"
import { rowTextOf, unfitColumns } from "../../src/firehose/structured-json.ts"
import { makeStructurer } from "../../src/firehose/structurer.ts"
import { type Column, leaf, type Value } from "../../src/record/column.ts"
import { emptyCounts } from "../../src/record/report.ts"
import { stageColumns } from "../../src/record/system-columns.ts"
import { deltaSchema } from "../../src/table/schema.ts"
import { compiledOrders } from "../contract/orders.ts"
import { makePools } from "../decode/record-pool.ts"
import { arrival, decodePages, pageOf, settings } from "../decode/support.ts"
import { readByOpenX } from "./openx-serde.ts"
import { fittingParcels } from "./parcels.ts"

const glueOf = (columns: ReadonlyArray<Column>) => glueColumns(deltaSchema(columns), []).columns

const structuredOf = (contract: CompiledContract, records: ReadonlyArray<string>) => {
  const counts = emptyCounts()
  return { counts, structured: makeStructurer(contract, settings).structure(pageOf(records, { arrivedAt: arrival + 0.123 }), counts) }
}

describe("structured JSON and the columns of Glue come from one contract", async () => {
  const pools = (await makePools()).map((pool) => (pool.name === "parcels" ? { ...pool, compiled: fittingParcels } : pool))
  it.each(pools.map((pool) => [pool.name, pool] as const))(
    "of %s: Firehose makes the rows that ingest makes",
    (_, { compiled, records }) => {
      const texts = records.map(({ text }) => text)
      const glue = glueOf(stageColumns(compiled.columns))
      const { structured, counts } = structuredOf(compiled, texts)
      const rows = structured.flatMap((each) => (each.kind === "line" ? [readByOpenX(each.line, glue)] : []))
      const ingested = decodePages(compiled, [pageOf(texts, { arrivedAt: arrival + 0.123 })])
      expect(rows.length).toBeGreaterThan(5)
      expect(rows).toEqual(ingested.rows.map((row) => ({ ...row, _source: "firehose" })))
      expect(structured.flatMap((each) => (each.kind === "deadLetter" ? [{ ...each.letter, source: "files" }] : []))).toEqual(
        ingested.letters
      )
      expect({ ...counts, handedOver: {} }).toEqual({ ...ingested.counts, handedOver: {} })
      expect(structured.length).toBe(texts.length)
    }
  )

  it.each([...vtex.contracts, ...olist.contracts, ...web.contracts].map((contract) => [contract.name, contract] as const))(
    "Hive can hold every column of %s",
    (_, contract) => {
      const columns = stageColumns(compileContract(contract).columns)
      expect(unfitColumns(columns)).toEqual([])
      for (const { Name, Type } of glueOf(columns)) {
        expect(Name).toBe(Name.toLowerCase())
        expect(Name.length).toBeLessThanOrEqual(255)
        expect(Type.length).toBeLessThanOrEqual(131_072)
      }
    }
  )
})

describe("a value as the SerDes read it", () => {
  const columns: ReadonlyArray<Column> = [
    leaf("t", "text", ""),
    leaf("d", "double", ""),
    leaf("l", "long", ""),
    leaf("n", { type: "decimal", precision: 38, scale: 2 }, ""),
    leaf("at", "timestamp", ""),
    leaf("day", "date", ""),
    leaf("b", "binary", ""),
    { kind: "struct", name: "s", description: "", fields: [leaf("x", "integer", ""), leaf("y", "boolean", "")] },
    { kind: "list", name: "all", description: "", element: leaf("element", "json", "") }
  ]
  const text = (row: { readonly [name: string]: Value }) => rowTextOf(columns)(columns.map(({ name }) => row[name] ?? null))
  it.each<readonly [string, { readonly [name: string]: Value }]>([
    ["{}", {}],
    ['{"t":""}', { t: "" }],
    ['{"t":"a\\"\\n\\u0000é😀"}', { t: 'a"\n\0é😀' }],
    ['{"d":1.0}', { d: 1 }],
    ['{"d":-0.0}', { d: -0 }],
    ['{"d":100000000000000000000.0}', { d: 1e20 }],
    ['{"d":1e+300}', { d: 1e300 }],
    ['{"l":9007199254740993}', { l: 9007199254740993n }],
    ['{"n":-123456789012345678901234567890123456.70}', { n: -12345678901234567890123456789012345670n }],
    ['{"at":"2024-02-06T20:46:11.70107Z"}', { at: 1707252371701070n }],
    ['{"at":"0001-01-01T00:00:00Z"}', { at: -62_135_596_800_000_000n }],
    ['{"at":"9999-12-31T23:59:59.999999Z"}', { at: 253_402_300_799_999_999n }],
    ['{"day":"1969-12-31"}', { day: -1 }],
    ['{"b":"AP8="}', { b: new Uint8Array([0, 255]) }],
    ['{"s":{}}', { s: { x: null, y: null } }],
    ['{"s":{"y":false}}', { s: { x: null, y: false } }],
    ['{"all":[]}', { all: [] }],
    ['{"all":[null,"{\\"a\\":1}"]}', { all: [null, '{"a":1}'] }]
  ])("%s", (line, row) => expect(text(row)).toBe(line))

  it("names the columns that hold bytes, wherever they are", () => {
    const nested: Column = {
      kind: "list",
      name: "stops",
      description: "",
      element: { kind: "struct", name: "element", description: "", fields: columns }
    }
    expect(unfitColumns([...columns, nested]).map((problem) => problem.split(" ")[0])).toEqual(["b", "stops.element.b"])
  })
})

describe("a row that Firehose does not take", () => {
  const orderOf = (status: string) => JSON.stringify({ orderId: "1", lastChange: "2024-01-01T10:00:00Z", status })
  const bytesOf = (status: string) => {
    const [made] = structuredOf(compiledOrders, [orderOf(status)]).structured
    return made?.kind === "line" ? Buffer.byteLength(made.line) : null
  }
  const room = putLimits.recordBytes - (bytesOf("") ?? 0) - '"status":"",'.length
  it("is a dead letter with the record's own bytes, from the first byte too many on", () => {
    expect(bytesOf("x".repeat(room + '"status":"",'.length))).toBe(putLimits.recordBytes)
    const record = orderOf("é".repeat(putLimits.recordBytes / 2))
    const { structured, counts } = structuredOf(compiledOrders, [orderOf("small"), record, "{}"])
    expect(structured.map(({ kind }) => kind)).toEqual(["line", "deadLetter", "empty"])
    expect(structured[1]).toMatchObject({ letter: { reason: "too_large", sequenceNumber: "2", raw: new Uint8Array(Buffer.from(record)) } })
    expect([counts.records, counts.rows, counts.deadLetters, counts.empty]).toEqual([3, 1, { too_large: 1 }, 1])
  })
})
