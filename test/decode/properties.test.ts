import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import vtex from "../../schemas/vtex/project.ts"
import { ColumnBuilders } from "../../src/columns/builders.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { type Contract, defineContract } from "../../src/contract/contract.ts"
import { byDeclaredKey, type Field, type Fields, shapeOf } from "../../src/contract/field.ts"
import { readJson } from "../../src/contract/json.ts"
import { snakeCase } from "../../src/contract/names.ts"
import { makeDecoder } from "../../src/decode/decoder.ts"
import type { Value } from "../../src/record/column.ts"
import { emptyCounts } from "../../src/record/report.ts"
import { stageColumns } from "../../src/record/system-columns.ts"
import { definition } from "../contract/orders.ts"
import { closes, decode, pageOf, pascal, settings, stringified, sum } from "./support.ts"

/** The contract without policies, which change values on purpose. */
const plain: Contract = defineContract({
  ...definition,
  fields: {
    ...definition.fields,
    clientProfileData: definition.fields["itemMetadata"] as Field,
    geo: definition.fields["matrix"] as Field
  },
  expectations: []
})
const compiled = compileContract(plain)

/** The definition: what the contract's schema makes of a record, under the columns' names. */
const byColumn = (fields: Fields, record: { readonly [key: string]: unknown }): { [column: string]: Value } =>
  Object.fromEntries(Object.entries(fields).map(([key, field]) => [snakeCase(key), columnValue(field, record[key] ?? null)]))

const columnValue = (field: Field, value: unknown): Value => {
  if (value === null) return null
  const shape = shapeOf(field)
  switch (shape.kind) {
    case "leaf":
      return value as Value
    case "document":
      return byColumn(shape.fields, value as { readonly [key: string]: unknown })
    case "list":
      return (value as ReadonlyArray<unknown>).map((element) => columnValue(shape.element, element))
    case "entries": {
      const pair = { [shape.key[0]]: shape.key[1], [shape.value[0]]: shape.value[1] }
      return (value as ReadonlyArray<unknown>).map((e) => (e === null ? null : byColumn(pair, e as { readonly [key: string]: unknown })))
    }
  }
}

/** Absent and null are the same in a struct. */
const withoutNulls = (value: Value): unknown =>
  Array.isArray(value)
    ? value.map((element: Value) => (element === null ? null : withoutNulls(element)))
    : typeof value === "object" && value !== null && !(value instanceof Uint8Array)
      ? Object.fromEntries(Object.entries(value as object).flatMap(([k, v]) => (v === null ? [] : [[k, withoutNulls(v as Value)]])))
      : value

const dataOf = (row: { readonly [column: string]: Value } | undefined) =>
  withoutNulls(Object.fromEntries(Object.entries(row ?? {}).filter(([name]) => !name.startsWith("_"))))

const expected = (contract: Contract, text: string) => {
  const read = readJson(text)
  if (!("value" in read) || !(read.value instanceof Map)) throw new Error("not an object")
  const record = byDeclaredKey(contract.fields, read.value)
  const nulls = Object.fromEntries(Object.entries(record).map(([key, value]) => [key, value === "null" ? null : value]))
  return withoutNulls(byColumn(contract.fields, Schema.decodeUnknownSync(contract.schema)(nulls)))
}

describe("the decoder and the contract's schema agree", () => {
  it.prop(
    "on generated records, in every form",
    [plain.schema],
    ([generated]) => {
      const record = { ...(Schema.encodeSync(plain.schema)(generated) as object), orderId: "k", creationDate: "2024-01-01" }
      const forms = [
        record,
        pascal(record) as object,
        stringified(record),
        stringified(pascal(record) as { readonly [key: string]: unknown })
      ]
      const texts = forms.map((form) => JSON.stringify(form))
      const decoded = decode(compiled, texts)
      expect(decoded.letters).toEqual([])
      const [first] = texts
      for (const [i, text] of texts.entries()) {
        const row = dataOf(decoded.rows[i])
        expect(row).toEqual(expected(plain, text))
        expect(row).toEqual(expected(plain, first ?? ""))
        expect(decoded.rows[i]?.["_rescued"]).toBe(null)
      }
    },
    { arbitrary: { runs: 150, seed: 20240206 } }
  )
})

describe.each(vtex.contracts.map((contract) => [contract.name, contract] as const))("the contract %s", (_, contract) => {
  const open = defineContract({ ...contract, expectations: [], commonFields: [] })
  const compiledOpen = compileContract(open)
  const base = {
    ...Object.fromEntries(open.table.key.map((key) => [key, "k"])),
    ...(open.eventTime && { [open.eventTime.field]: "2024-01-01" })
  }

  it("takes records with every field missing or null", () => {
    const nothing = { ...Object.fromEntries(Object.keys(open.fields).map((key) => [key, null])), ...base }
    const decoded = decode(
      compiledOpen,
      [base, nothing, stringified(nothing)].map((record) => JSON.stringify(record))
    )
    expect(decoded.letters).toEqual([])
    expect(decoded.counts).toMatchObject({ rescued: {}, drift: {}, drops: {} })
    for (const row of decoded.rows) expect(dataOf(row)).toEqual(dataOf(decoded.rows[0]))
  })
  it.prop(
    "gives the same row for every form of a generated record",
    [open.schema],
    ([generated]) => {
      const record = { ...(Schema.encodeSync(open.schema)(generated) as object), ...base }
      const decoded = decode(
        compiledOpen,
        [record, stringified(record)].map((form) => JSON.stringify(form))
      )
      expect(decoded.letters).toEqual([])
      expect(decoded.counts).toMatchObject({ rescued: {}, drift: {} })
      expect(dataOf(decoded.rows[1])).toEqual(dataOf(decoded.rows[0]))
    },
    { arbitrary: { runs: 15, seed: 7 } }
  )
})

describe("hostile records", () => {
  const order = (members: string) => `{"orderId":"1","creationDate":"2024-01-01",${members}}`
  const million = 1_000_000
  it.each<[string, string]>([
    ["a number of a million digits", order(`"value":1${"0".repeat(million)}1,"amount":"0.1${"0".repeat(million)}1"`)],
    ["an exponent without end", order(`"value":"1e${"9".repeat(million)}","amount":1e-999999999999`)],
    ["blanks without end", order(`"value":"1${" ".repeat(million)}1 ","items":"[${" ".repeat(million)}"`)],
    ["a million objects", order(`"items":[${"{},".repeat(million / 4)}{}]`)],
    ["a million unknown keys", order(Array.from({ length: million / 4 }, (_, i) => `"key${i}":1`).join())],
    ["fractions of a second without end", order(`"lastChange":"2024-01-01T00:00:00.${"1".repeat(million)}Z"`)],
    ["a depth without end", order(`"x":${"[".repeat(million)}${"]".repeat(million)}`)],
    ["a depth without end in text", order(`"items":"${"[".repeat(million)}${"]".repeat(million)}"`)],
    ["a depth without end in text of JSON", order(`"customData":"${'{\\"a\\":'.repeat(million / 4)}"`)]
  ])("%s is little work", (_, record) => {
    const before = process.threadCpuUsage()
    expect(closes(decode(compiled, record))).toBe(true)
    // What this thread did, whatever else the machine does meanwhile. What is quadratic takes minutes.
    expect(process.threadCpuUsage(before).user).toBeLessThan(30_000_000)
  })
})

describe("damaged records", () => {
  const whole = [
    '{"orderId":"1","lastChange":"2024-01-01","value":"12","items":[{"id":"é😀","price":1.50,"productCategories":{"2":"a","1":"b"}}],"customData":{"a":[1e3]}}',
    JSON.stringify({
      OrderId: "1",
      LastChange: "2024-02-06T20:46:11.7010747+00:00",
      Items: '[{"id":"1","price":9007199254740993,"attachments":[{}]}]',
      ClientProfileData: '{"email":"bruce@wayne.com","isCorporate":false}',
      Unknown: "[1,2]"
    })
  ].map((text) => Buffer.from(text))
  const bits = Buffer.from('"{}[]:,\\u0123456789eE.-tfn \n\u0000\u00ff')

  it("never throw, and end as exactly one thing", () => {
    let state = 4711
    const next = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
      return state % below
    }
    const open = compileContract(defineContract({ ...definition, keepUnknown: true }))
    const decoder = makeDecoder(open, settings)
    const builders = new ColumnBuilders(stageColumns(open.columns))
    const counts = emptyCounts()
    let rows = 0
    let letters = 0
    const mutations = 3000
    for (let i = 0; i < mutations; i++) {
      let bytes = Buffer.from(whole[i % whole.length] ?? "")
      for (let n = next(3); n >= 0; n--) {
        const at = next(bytes.length + 1)
        const piece = Buffer.from([next(4) === 0 ? next(256) : (bits[next(bits.length)] ?? 0)])
        const cut = next(3) === 0 ? next(bytes.length) : next(3)
        bytes = Buffer.concat([bytes.subarray(0, at), next(3) === 0 ? Buffer.alloc(0) : piece, bytes.subarray(at + cut)])
      }
      const before = letters
      decoder.decodePage("files", pageOf([bytes]), {
        columnsFor: () => builders,
        deadLetter: (letter) => {
          letters++
          expect(letter.offset === null || (letter.offset >= 0 && letter.offset <= bytes.length)).toBe(true)
        },
        counts
      })
      expect(letters - before).toBeLessThanOrEqual(1)
      for (const row of builders.rows()) {
        rows++
        const rescued = row.at(-1)
        if (typeof rescued !== "string") continue
        expect(() => JSON.parse(rescued)).not.toThrow()
        expect(rescued.isWellFormed()).toBe(true)
        // What is no JSON any more can only be told by the name of a sensitive field in it.
        if (bytes.includes('\\"email\\":')) expect(rescued).not.toContain("ruce@wayne.co")
      }
      builders.clear()
    }
    expect(counts.records).toBe(mutations)
    expect(counts.records).toBe(rows + sum(counts.deadLetters) + counts.empty)
    expect([counts.rows, sum(counts.deadLetters)]).toEqual([rows, letters])
    expect(rows).toBeGreaterThan(100)
    expect(letters).toBeGreaterThan(100)
  })

  it("cut anywhere are truncated, at their end", () => {
    const text = whole[0] ?? Buffer.alloc(0)
    const cuts = Array.from({ length: text.length - 1 }, (_, i) => text.subarray(0, i + 1))
    const decoded = decode(compiled, cuts)
    expect(closes(decoded)).toBe(true)
    for (const letter of decoded.letters) {
      expect(["truncated", "not_utf8"]).toContain(letter.reason)
      if (letter.reason === "truncated") expect(letter.offset).toBe(letter.size)
    }
    expect(decoded.letters.length).toBe(cuts.length)
  })
})
