import { describe, expect, it } from "@effect/vitest"
import { type CompiledContract, decodingText } from "../../src/contract/compile.ts"
import { defineContract } from "../../src/contract/contract.ts"
import { csv, formatOf } from "../../src/contract/format.ts"
import { definition, orderLines } from "../decode/csv/contract.ts"

const problems = (format: unknown): ReadonlyArray<string> => defineContract({ ...definition(), format: format as never }).problems

describe("the format of a contract", () => {
  it("is JSON where it says nothing", () => {
    const { format: _, ...plain } = definition()
    expect(formatOf(defineContract(plain))).toEqual({ kind: "json" })
  })

  it("is CSV with a header, unless it names the columns", () => {
    expect(csv()).toMatchObject({ delimiter: ",", quote: '"', header: true, columns: null, nullText: "", encoding: "utf-8" })
    expect(csv({ columns: ["a"], delimiter: ";" })).toMatchObject({ delimiter: ";", header: false, columns: ["a"] })
    expect(csv({ columns: ["a"], header: true }).header).toBe(true)
  })

  it("is a part of what decoding follows", () => {
    const text = (compiled: CompiledContract) => decodingText(compiled)
    expect(text(orderLines({ delimiter: ";" }))).not.toBe(text(orderLines()))
  })

  it.each<[string, unknown, string]>([
    ["a word", "csv", 'format is "csv": give what a format gives, such as csv().'],
    ["an unknown kind", { kind: "xml" }, "format is an object: give what a format gives, such as csv()."],
    ["csv of no object", csv(";" as never), "format.options means nothing here."],
    ["a misspelt option", csv({ delimeter: ";" } as never), "format.delimeter means nothing here. Did you mean delimiter?"],
    ["a long delimiter", csv({ delimiter: "||" }), 'format.delimiter is "||": give one character of ASCII that ends no line.'],
    ["a newline as delimiter", csv({ delimiter: "\n" }), 'format.delimiter is "\\n": give one character of ASCII that ends no line.'],
    [
      "a quote that is no character",
      csv({ quote: "" }),
      'format.quote is "": give one character of ASCII that ends no line, or null for none.'
    ],
    ["one character for both", csv({ delimiter: "'", quote: "'" }), "format.delimiter and format.quote are the same: give each its own."],
    ["no names", csv({ header: false }), "format has neither header nor columns: say which fields stand in a record."],
    [
      "columns that are none",
      csv({ columns: [] }),
      'format.columns is a list: give a list of names, such as ["order_id", "price"], or null for those of a header.'
    ],
    [
      "a column twice",
      csv({ columns: ["orderId", "order_id"] }),
      'format.columns has "order_id" several times: each field needs its own name.'
    ],
    [
      "an unknown encoding",
      csv({ encoding: "utf8" as never }),
      'format.encoding is "utf8": give "utf-8" or "latin1" or "windows-1252". Did you mean utf-8?'
    ]
  ])("refuses %s", (_, format, problem) => expect(problems(format)).toContain(problem))
})
