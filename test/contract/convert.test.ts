import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { converterOf, unfit } from "../../src/contract/convert.ts"
import { binary, date, decimal, type Field, shapeOf, timestamp } from "../../src/contract/field.ts"
import { compactJson, type JsonFault, NumberText, readJson } from "../../src/contract/json.ts"
import type { TimeForm } from "../../src/contract/reading.ts"
import { formatMicros, maxTimestamp, minTimestamp, timestampMicros } from "../../src/contract/timestamp.ts"
import type { LeafType, Value } from "../../src/record/column.ts"

const number = (source: string) => new NumberText(source)

describe("conversions", () => {
  const decimal: LeafType = { type: "decimal", precision: 5, scale: 2 }
  it.each<[LeafType["type"] | LeafType, unknown, Value | typeof unfit]>([
    ["long", "1160", 1160n],
    ["long", 1160, 1160n],
    ["long", " 1160 ", 1160n],
    ["long", "1160.0", 1160n],
    ["long", "1.16e3", 1160n],
    ["long", "-0", 0n],
    ["long", "9223372036854775807", 9223372036854775807n],
    ["long", "-9223372036854775808", -9223372036854775808n],
    ["long", "9223372036854775808", unfit],
    ["long", number("9007199254740993"), 9007199254740993n],
    ["long", number("1.00000000000000000001"), unfit],
    ["long", "1e999999999", unfit],
    ["long", 1.5, unfit],
    ["long", "007", unfit],
    ["long", "+5", unfit],
    ["long", "0x10", unfit],
    ["long", "abc", unfit],
    ["long", true, unfit],
    ["long", [], unfit],
    ["long", {}, unfit],
    ["long", "", null],
    ["long", "  ", null],
    ["long", "null", null],
    ["long", null, null],
    ["integer", 2147483647, 2147483647],
    ["integer", "2147483648", unfit],
    ["integer", -0, 0],
    ["double", "1.25", 1.25],
    ["double", "1e400", unfit],
    ["double", "NaN", unfit],
    ["double", number("0.1"), 0.1],
    ["boolean", "true", true],
    ["boolean", false, false],
    ["boolean", "TRUE", unfit],
    ["boolean", 1, unfit],
    ["boolean", "", null],
    ["text", 1160, "1160"],
    ["text", number("1.50"), "1.50"],
    ["text", true, "true"],
    ["text", "", ""],
    ["text", "null", "null"],
    ["text", "a\ud83d", "a\ufffd"],
    ["text", {}, unfit],
    [decimal, "1.5", 150n],
    [decimal, "-999.99", -99999n],
    [decimal, "1000", unfit],
    [decimal, "1.005", unfit],
    [decimal, "1.500", 150n],
    [decimal, 0.1, 10n],
    [decimal, "1e-400", unfit],
    [decimal, "0e999", 0n],
    ["json", '{ "a" : 1.50 }', '{"a":1.50}'],
    ["json", "hello", '"hello"'],
    ["json", "", null],
    ["json", "null", null],
    ["json", [1, "x"], '[1,"x"]'],
    ["date", "1969-12-31T23:00:00Z", -1],
    ["timestamp", 5, unfit],
    ["timestamp", "", null]
  ])("%o of %o is %o", (type, raw, value) =>
    expect(converterOf(typeof type === "string" ? ({ type } as LeafType) : type)(raw)).toEqual(value)
  )
})

describe("timestamps", () => {
  it.each<[string, string | null]>([
    ["2024-02-06T20:46:11.7010747+00:00", "2024-02-06T20:46:11.701074Z"],
    ["2024-02-06T20:46:11.7010747Z", "2024-02-06T20:46:11.701074Z"],
    ["2024-02-06T20:46:11.123456789012-03:00", "2024-02-06T23:46:11.123456Z"],
    ["2024-02-06T20:46:11+0530", "2024-02-06T15:16:11Z"],
    ["2024-02-06T20:46:11+05", "2024-02-06T15:46:11Z"],
    ["2024-02-06T20:46", "2024-02-06T20:46:00Z"],
    ["2023-01-01 00:00:00", "2023-01-01T00:00:00Z"],
    ["2023-01-01", "2023-01-01T00:00:00Z"],
    ["2024-02-29", "2024-02-29T00:00:00Z"],
    ["0001-01-01T00:00:00", "0001-01-01T00:00:00Z"],
    ["9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999Z"],
    ["1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"],
    ["2023-02-29", null],
    ["2023-13-01", null],
    ["2023-00-01", null],
    ["2023-01-00", null],
    ["2023-01-01T24:00:00", null],
    ["2023-01-01T00:60:00", null],
    ["2023-01-01T00:00:60", null],
    ["2023-01-01T00:00:00+24:00", null],
    ["0000-01-01", null],
    ["0001-01-01T00:00:00+14:00", null],
    ["9999-12-31T23:59:59-00:01", null],
    ["2022-10--05T15:40:33", null],
    ["01/02/2023", null],
    ["1707252371", null],
    ["2023-1-1", null]
  ])("%s", (text, iso) => {
    const micros = timestampMicros(text)
    expect(micros === null ? null : formatMicros(micros)).toBe(iso)
  })
  it("agrees with Date on every day of 800 years", () => {
    for (let day = -200_000; day < 100_000; day += 7) {
      const iso = new Date(day * 86_400_000).toISOString()
      expect(timestampMicros(iso)).toBe(BigInt(day) * 86_400_000_000n)
    }
    expect(timestampMicros("0001-01-01")).toBe(minTimestamp)
    expect(timestampMicros("9999-12-31T23:59:59.999999Z")).toBe(maxTimestamp)
  })
})

describe("readJson", () => {
  const plain = (value: unknown): unknown =>
    value instanceof NumberText
      ? Number(value.source)
      : value instanceof Map
        ? Object.fromEntries([...value].map(([k, v]) => [k, plain(v)]))
        : Array.isArray(value)
          ? value.map(plain)
          : value

  const good = ['{"a":[1,-2.5e+3,true,false,null,"\\u00e9\\n\\/\\\\"],"b":{}}', " [ ] ", '"x"', "-0", "0.1E-2", "[[[1]]]", '{"a":1,"a":2}']
  it.each(good)("reads %s as JSON.parse does", (text) => {
    const read = readJson(text)
    expect("value" in read && plain(read.value)).toEqual(JSON.parse(text))
  })
  it("keeps numbers, order, and the last of two", () => {
    const read = readJson('{"10":1.50,"2":9007199254740993,"x":1,"10":1e2}')
    expect("value" in read && compactJson(read.value)).toBe('{"10":1e2,"2":9007199254740993,"x":1}')
  })
  it.each<[string, JsonFault["fault"], number]>([
    ["", "truncated", 0],
    ['{"a":1', "truncated", 6],
    ['{"a":"x', "truncated", 7],
    ['{"a":"\\u12', "truncated", 10],
    ['{"a":tru', "truncated", 8],
    ['{"a":1.', "truncated", 7],
    ['{"a":-', "truncated", 6],
    ['{"a":1e', "truncated", 7],
    ["[1,", "truncated", 3],
    ['{"a":1}x', "syntax", 7],
    ["{a:1}", "syntax", 1],
    ['{"a":tru1}', "syntax", 8],
    ['{"a":1.x}', "syntax", 7],
    ['{"a":01}', "syntax", 6],
    ['{"a":-x}', "syntax", 6],
    ['{"a":1,}', "syntax", 7],
    ['["\u0001"]', "syntax", 2],
    ['["\\x"]', "syntax", 3],
    ['["\\u12g4"]', "syntax", 6],
    ["[1 2]", "syntax", 3],
    ["NaN", "syntax", 0],
    ["[[[[]]]]", "deep", 3]
  ])("%s: %s at %i", (text, fault, offset) => expect(readJson(text, 3)).toEqual({ fault, offset }))

  it("refuses what JSON.parse refuses, and only that", () => {
    const seeds = good.join(",")
    let state = 7
    const next = (n: number) => {
      state = (state * 1103515245 + 12345) % 2147483648
      return state % n
    }
    for (let i = 0; i < 5000; i++) {
      const text = good[next(good.length)] ?? ""
      const at = next(text.length + 1)
      const mutated = text.slice(0, at) + seeds.charAt(next(seeds.length)) + text.slice(at + next(3))
      let parsed: unknown
      try {
        parsed = { value: JSON.parse(mutated) }
      } catch {
        parsed = undefined
      }
      const read = readJson(mutated)
      expect("value" in read ? { value: plain(read.value) } : undefined, mutated).toEqual(parsed)
    }
  })
})

describe("values that are written in another way", () => {
  const reads = (field: Field, raw: unknown): unknown => {
    const shape = shapeOf(field)
    expect(shape.problems).toEqual([])
    const value = shape.kind === "leaf" ? shape.convert(raw) : null
    return typeof value === "bigint" && shape.kind === "leaf" && shape.leaf.type === "timestamp" ? formatMicros(value) : value
  }
  const at = (from: TimeForm, zone?: string) => timestamp("T", zone === undefined ? { from } : { from, zone })

  it.each<[TimeForm, unknown, unknown]>([
    ["epochSeconds", 0, "1970-01-01T00:00:00Z"],
    ["epochSeconds", 1707252371, "2024-02-06T20:46:11Z"],
    ["epochSeconds", "1707252371.7010747", "2024-02-06T20:46:11.701074Z"],
    ["epochSeconds", new NumberText("1707252371.70"), "2024-02-06T20:46:11.7Z"],
    ["epochSeconds", -0.5, "1969-12-31T23:59:59.5Z"],
    ["epochSeconds", "1.707252371e9", "2024-02-06T20:46:11Z"],
    ["epochSeconds", 1707252371701, unfit],
    ["epochMillis", 1707252371701, "2024-02-06T20:46:11.701Z"],
    ["epochMillis", "1707252371701.0749", "2024-02-06T20:46:11.701074Z"],
    ["epochMicros", "1707252371701074", "2024-02-06T20:46:11.701074Z"],
    ["epochMicros", new NumberText("1707252371701074.9"), "2024-02-06T20:46:11.701074Z"],
    ["epochMillis", "2024-02-06", unfit],
    ["epochMillis", true, unfit],
    ["epochMillis", "", null],
    ["epochMillis", "null", null],
    ["iso", 1707252371, unfit],
    [{ pattern: "dd/MMM/yyyy:HH:mm:ss xx" }, "06/Feb/2024:20:46:11 -0300", "2024-02-06T23:46:11Z"],
    [{ pattern: "EEE, d MMM yyyy HH:mm:ss 'GMT'" }, "Tue, 6 feb 2024 20:46:11 GMT", "2024-02-06T20:46:11Z"],
    [{ pattern: "M/d/yyyy h:mm a" }, "2/6/2024 12:46 am", "2024-02-06T00:46:00Z"],
    [{ pattern: "M/d/yyyy h:mm a" }, "2/6/2024 13:46 PM", unfit],
    [{ pattern: "yyyyMMdd" }, "20240230", unfit],
    [{ pattern: "yyyyMMdd" }, "20240206 ", "2024-02-06T00:00:00Z"],
    [{ pattern: "yyyyMMdd" }, 20240206, unfit],
    [{ pattern: "yyyy-MM-dd'T'HH:mm:ss.SSS" }, "2024-02-06T20:46:11.701", "2024-02-06T20:46:11.701Z"]
  ])("times: %j of %j", (from, raw, expected) => expect(reads(at(from), raw)).toBe(expected))

  it.each([
    ["-03:00", "2024-02-06 20:46", "2024-02-06T23:46:00Z"],
    ["America/Sao_Paulo", "2024-02-06 20:46", "2024-02-06T23:46:00Z"],
    ["America/Sao_Paulo", "2018-02-06 20:46", "2018-02-06T22:46:00Z"],
    ["America/Sao_Paulo", "2018-02-06T20:46Z", "2018-02-06T20:46:00Z"],
    // Put forward at midnight: there was no half past. Put back at midnight: half past eleven came twice.
    ["America/Sao_Paulo", "2018-11-04 00:30", "2018-11-04T03:30:00Z"],
    ["America/Sao_Paulo", "2018-02-17 23:30", "2018-02-18T01:30:00Z"],
    ["Europe/Berlin", "2024-03-31 02:30", "2024-03-31T01:30:00Z"],
    ["Europe/Berlin", "2024-10-27 02:30", "2024-10-27T00:30:00Z"],
    ["Europe/Berlin", "2024-10-27 03:00", "2024-10-27T02:00:00Z"]
  ])("clocks of %s: %s", (zone, text, expected) => expect(reads(at("iso", zone), text)).toBe(expected))

  it.each<[Field, unknown, unknown]>([
    [date("D"), "2024-02-06", 19759],
    [date("D"), "2024-02-06T23:00:00-03:00", 19760],
    [date("D"), 19759, unfit],
    [date("D", { from: "epochSeconds" }), -1, -1],
    [date("D", { from: { pattern: "dd.MM.yyyy" } }), "06.02.2024", 19759],
    [decimal(9, 2, "D", { decimalSign: "," }), "1234,5", 123450n],
    [decimal(9, 2, "D", { decimalSign: "," }), "1.234,50", unfit],
    [decimal(9, 2, "D", { decimalSign: "," }), "1234.50", unfit],
    [decimal(9, 2, "D", { decimalSign: "," }), 1234.5, 123450n],
    [decimal(9, 2, "D"), "1234,5", unfit],
    [binary("B"), "AQID", new Uint8Array([1, 2, 3])],
    [binary("B"), "_-8", new Uint8Array([255, 239])],
    [binary("B"), "A", unfit],
    [binary("B"), 7, unfit],
    [binary("B"), "", null],
    [binary("B", { from: "hex" }), "00fF", new Uint8Array([0, 255])],
    [binary("B", { from: "hex" }), "0f0", unfit]
  ])("values: %#", (field, raw, expected) => expect(reads(field, raw)).toEqual(expected))

  it.each<[Field, unknown]>([
    [at("epochSeconds"), 1707252371701074n],
    [at("epochMillis"), -1n],
    [at("epochMicros"), maxTimestamp],
    [at({ pattern: "EEE dd/MMM/yyyy hh:mm:ss.SSSSSS a" }, "America/Sao_Paulo"), 1707252371701074n],
    [at({ pattern: "yyyy-M-d H:mm:ss.SSSSSSxxx" }, "Asia/Kolkata"), minTimestamp],
    [date("D"), 2932896],
    [date("D", { from: "epochMillis" }), -719162],
    [decimal(9, 3, "D", { decimalSign: "," }), -1n],
    [binary("B", { from: "hex" }), new Uint8Array([0, 255])]
  ])("are read again as they are written: %#", (field, value) => {
    const written = Schema.encodeUnknownSync(field)(value)
    expect(Schema.decodeUnknownSync(field)(written)).toEqual(value)
  })
})
