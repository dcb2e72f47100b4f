import { describe, expect, it } from "vitest"
import { fittedTable, type TextFormat, writerOf } from "../../src/cli/query-formats.ts"
import { widthOf } from "../../src/cli/terminal.ts"
import { Decimal, type Plain } from "../../src/duckdb/plain.ts"

const columns = [
  { name: "2026", type: "BIGINT" },
  { name: "name", type: "VARCHAR" },
  { name: "sum", type: "DECIMAL(38,2)" },
  { name: "list", type: "INTEGER[]" }
]
const rows: ReadonlyArray<ReadonlyArray<Plain>> = [
  [9007199254740993n, 'a, "b"\r\nc', new Decimal("0.10"), [1, null]],
  [1, "", null, null],
  [2, null, new Decimal("12345678901234567890.05"), []]
]

const written = (format: TextFormat, pieces: ReadonlyArray<ReadonlyArray<ReadonlyArray<Plain>>>, of = columns): string => {
  const writer = writerOf(format, of)
  return writer.begin + pieces.map(writer.rows).join("") + writer.end()
}

describe("a result", () => {
  it("as CSV has a header, exact numbers, and tells no value from an empty one", () => {
    expect(written("csv", [rows])).toBe(
      '2026,name,sum,list\r\n9007199254740993,"a, ""b""\r\nc",0.10,"[1,null]"\r\n1,"",,\r\n2,,12345678901234567890.05,[]\r\n'
    )
    expect(written("csv", [])).toBe("2026,name,sum,list\r\n")
  })

  it("as JSON is one value, however many pieces it comes in, with its columns in their order", () => {
    const [first = [], ...rest] = rows
    const text = written("json", [[], [first], [], rest])
    expect(text).toBe(
      '[{"2026":9007199254740993,"name":"a, \\"b\\"\\r\\nc","sum":0.10,"list":[1,null]},\n{"2026":1,"name":"","sum":null,"list":null},\n{"2026":2,"name":null,"sum":12345678901234567890.05,"list":[]}]\n'
    )
    expect(JSON.parse(text)).toHaveLength(3)
    expect([written("json", []), written("json", [[]])]).toEqual(["[]\n", "[]\n"])
  })

  it("as NDJSON has a row a line", () => {
    expect(
      written("ndjson", [rows])
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).name)
    ).toEqual(['a, "b"\r\nc', "", null])
    expect(written("ndjson", [])).toBe("")
  })

  it("as a table has whole cells on one line each, numbers to the right, and is aligned by its first rows", () => {
    const of = [columns[1], columns[0]].flatMap((column) => column ?? [])
    const long = "x".repeat(200)
    expect(
      written(
        "table",
        [
          [
            ["日本", 1],
            ["a\nb", 20]
          ],
          [["longer than that", 3]],
          [[long, 4]]
        ],
        of
      )
    ).toBe(`name  2026\n日本     1\na\\nb    20\nlonger than that     3\n${long}     4\n`)
    expect(written("table", [], of)).toBe("name  2026\n")
  })
})

describe("a table on a terminal", () => {
  const texts = (count: number, width: number) => ({
    columns: Array.from({ length: count }, (_, i) => ({ name: `c${i}`, type: "VARCHAR" })),
    rows: [Array.from({ length: count }, () => "y".repeat(width))]
  })
  const widest = (text: string) => Math.max(...text.split("\n").map(widthOf))

  it.each([
    [1, 500, 80],
    [3, 40, 80],
    [9, 8, 80],
    [83, 30, 80],
    [83, 30, 200],
    [2, 3, 20]
  ])("of %i columns of %i cells fits into %i", (count, width, room) => {
    const { columns, rows } = texts(count, width)
    const { text, leftOut } = fittedTable(columns, rows, room)
    expect(widest(text)).toBeLessThanOrEqual(room)
    expect(text.split("\n")[0]?.trim().split(/ +/)).toHaveLength(count - leftOut)
    expect(leftOut).toBe(Math.max(0, count - Math.floor((room + 2) / (Math.min(width, 8) + 2))))
  })

  it("cuts the widest column, and no other", () => {
    const { columns } = texts(3, 1)
    const { text } = fittedTable(columns, [["short", "日".repeat(60), "z".repeat(12)]], 60)
    expect(text.split("\n")[1]).toMatch(/^short {2}日+… {2,3}z{12}$/)
    expect(widest(text)).toBe(60)
  })

  it("shows a plan as it is", () => {
    const plan = [
      { name: "explain_key", type: "VARCHAR" },
      { name: "explain_value", type: "VARCHAR" }
    ]
    expect(fittedTable(plan, [["physical_plan", "┌──┐\n└──┘\n"]], 20)).toEqual({ text: "┌──┐\n└──┘\n", leftOut: 0 })
  })
})
