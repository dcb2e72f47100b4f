import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { formatStatistics, skippingColumns, statisticsColumns } from "../../src/parquet/statistics.ts"
import { type Column, leaf, type Value } from "../../src/record/column.ts"
import { decimalText } from "../../src/record/decimal-text.ts"
import { randomColumn, randomValue, seeded } from "./random.ts"
import { metadataOf, parseDigits, query, writeParquet } from "./support.ts"

const folder = mkdtempSync(join(tmpdir(), "sluice-statistics-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const statsOf = async (column: Column, values: ReadonlyArray<Value>) => {
  const { stats } = await writeParquet([column], [values.map((value) => [value])])
  return [stats.minValues?.[column.name], stats.maxValues?.[column.name], stats.nullCount[column.name]]
}
const at = (tree: unknown, path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], tree)

describe("file statistics", () => {
  it("tells every digit of longs and decimals", async () => {
    expect(await statsOf(leaf("n", "long", ""), [9007199254740993n, null, -9223372036854775808n])).toEqual([
      "-9223372036854775808",
      "9007199254740993",
      "1"
    ])
    expect(await statsOf(leaf("n", { type: "decimal", precision: 38, scale: 2 }, ""), [-100n, 12345678901234567890123456789n])).toEqual([
      "-1.00",
      "123456789012345678901234567.89",
      "0"
    ])
    expect([decimalText(5n, 3), decimalText(-5n, 1), decimalText(0n, 2), decimalText(7n, 0)]).toEqual(["0.005", "-0.5", "0.00", "7"])
  })

  it("gives timestamps in milliseconds, minimum down and maximum up, before 1970 too", async () => {
    const t = leaf("t", "timestamp", "")
    expect(await statsOf(t, [1_001n, 2_001n])).toEqual(["1970-01-01T00:00:00.001Z", "1970-01-01T00:00:00.003Z", "0"])
    expect(await statsOf(t, [-1n])).toEqual(["1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00.000Z", "0"])
    expect(await statsOf(t, [-1_000n, 2_000n])).toEqual(["1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00.002Z", "0"])
    expect(await statsOf(t, [-62_135_596_800_000_000n])).toEqual(["0001-01-01T00:00:00.000Z", "0001-01-01T00:00:00.000Z", "0"])
  })

  it("tells the last instant that there is in microseconds, since the next millisecond has no text", async () => {
    const t = leaf("t", "timestamp", "")
    const last = 253_402_300_799_999_999n
    expect(await statsOf(t, [0n, last])).toEqual(["1970-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999999Z", "0"])
    expect(await statsOf(t, [0n, last - 999n])).toEqual(["1970-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "0"])
  })

  it("leaves out both bounds where one has no text, and those of all other columns with them", async () => {
    const longest = "\u{10ffff}".repeat(40)
    for (const [column, values] of [
      [leaf("c", "timestamp", ""), [-(2n ** 63n), 0n]],
      [leaf("c", "timestamp", ""), [0n, 2n ** 63n - 1n]],
      [leaf("c", "date", ""), [-719_163, 20_000]],
      [leaf("c", "text", ""), ["a", longest]]
    ] as const) {
      expect(await statsOf(column, values)).toEqual([undefined, undefined, "0"])
      const rows = values.map((value, i) => [value, BigInt(i)])
      const { statsText } = await writeParquet([column, leaf("n", "long", "")], [rows])
      expect(statsText).toBe('{"numRecords":2,"nullCount":{"c":0,"n":0}}')
    }
  })

  it("knows nothing of doubles that are not all finite", async () => {
    const d = leaf("d", "double", "")
    expect(await statsOf(d, [1.5, -2, null])).toEqual(["-2", "1.5", "1"])
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(await statsOf(d, [1, bad, 2])).toEqual([undefined, undefined, "0"])
      const { stats } = await writeParquet([d], [[[1]], [[bad]], [[2]]])
      expect(stats.minValues).toBeUndefined()
    }
  })

  it("tells false before true", async () => {
    const paid = leaf("paid", "boolean", "")
    expect(await statsOf(paid, [true, null, false])).toEqual([false, true, "1"])
    expect(await statsOf(paid, [true])).toEqual([true, true, "0"])
    expect(await statsOf(paid, [null])).toEqual([undefined, undefined, "1"])
    const { stats } = await writeParquet([paid], [[[true]], [[null]], [[false]]])
    expect([stats.minValues, stats.maxValues]).toEqual([{ paid: false }, { paid: true }])
  })

  it("names the columns to skip files by: those with bounds, as far as every engine has them", () => {
    const fields = [leaf("city", "text", ""), leaf("phone", "text", "", "hash"), leaf("seen", "timestamp", "")]
    const columns: ReadonlyArray<Column> = [
      leaf("id", "text", ""),
      leaf("paid", "boolean", ""),
      leaf("raw", "json", ""),
      leaf("email", "text", "", "keep"),
      { kind: "struct", name: "to", description: "", fields },
      { kind: "list", name: "tags", description: "", element: leaf("element", "text", "") },
      leaf("n", "long", "")
    ]
    expect(skippingColumns(columns)).toBe("id,to.city,to.seen,n")
  })

  it("orders texts by code point", async () => {
    expect(await statsOf(leaf("t", "text", ""), ["\u{1f600}", "\uffff", "b"])).toEqual(["b", "\u{1f600}", "0"])
  })

  it("has no bounds where all is null, and none for bytes, JSON and lists", async () => {
    expect(await statsOf(leaf("t", "text", ""), [null, null])).toEqual([undefined, undefined, "2"])
    expect(await statsOf(leaf("t", "binary", ""), [Uint8Array.of(1), null])).toEqual([undefined, undefined, "1"])
    expect(await statsOf(leaf("t", "json", ""), ["{}", null])).toEqual([undefined, undefined, "1"])
    const list: Column = { kind: "list", name: "l", description: "", element: leaf("element", "long", "") }
    expect(await statsOf(list, [null, [], [null], [1n]])).toEqual([undefined, undefined, "1"])
  })

  it("counts what is below a null struct as null", async () => {
    const list: Column = { kind: "list", name: "l", description: "", element: leaf("element", "long", "") }
    const struct: Column = { kind: "struct", name: "s", description: "", fields: [leaf("n", "long", ""), list] }
    const { stats } = await writeParquet([struct], [[[null], [{}], [{ n: 3n, l: [] }]], [[{ n: 1n, l: null }]]])
    expect(stats).toEqual({
      numRecords: "4",
      minValues: { s: { n: "1" } },
      maxValues: { s: { n: "3" } },
      nullCount: { s: { n: "2", l: "3" } }
    })
  })

  it("covers all of the top level and the first 32 leaves of structs", () => {
    const fields = Array.from({ length: 40 }, (_, i) => leaf(`f${i}`, "long", ""))
    const columns = [{ kind: "struct", name: "s", description: "", fields } as const, ...fields]
    expect(statisticsColumns(columns).map(({ path }) => path.join("."))).toEqual([
      ...fields.slice(0, 32).map(({ name }) => `s.${name}`),
      ...fields.map(({ name }) => name)
    ])
  })

  it("formats values that were computed elsewhere, by the same rules", () => {
    const columns = [leaf("id", "text", ""), leaf("n", "long", ""), leaf("email", "text", "", "hash")]
    const text = formatStatistics(columns, {
      rows: 3,
      columns: new Map([
        ["id", { nulls: 0, min: "a".repeat(40), max: "b".repeat(40) }],
        ["n", { nulls: 1, min: 9007199254740993n, max: 9007199254740993n }],
        ["email", { nulls: 0, min: "x", max: "y" }]
      ])
    })
    expect(text).toBe(
      `{"numRecords":3,"minValues":{"id":"${"a".repeat(32)}","n":9007199254740993},"maxValues":{"id":"${"b".repeat(32)}\u007f","n":9007199254740993},"nullCount":{"id":0,"n":1}}`
    )
    expect(parseDigits(formatStatistics(columns, { rows: 0, columns: new Map() }))).toEqual({
      numRecords: "0",
      minValues: {},
      maxValues: {},
      nullCount: {}
    })
  })

  it("says nothing of sensitive columns, in the log's text or in the footer", async () => {
    const columns: ReadonlyArray<Column> = [
      leaf("email", "text", "", "keep"),
      leaf("payload", "json", ""),
      leaf("city", "text", ""),
      {
        kind: "struct",
        name: "client",
        description: "",
        fields: [leaf("phone", "text", "", "hash"), leaf("kind", "text", "")]
      },
      { kind: "list", name: "cards", description: "", element: leaf("element", "text", "", "keep") }
    ]
    const rows = [["secret-mail", '"secret-json"', "Rio", { phone: "secret-phone", kind: "person" }, ["secret-card"]]]
    const { bytes, stats, statsText } = await writeParquet(columns, [rows])
    expect(statsText).not.toContain("secret")
    expect(stats.nullCount).toEqual({ payload: "0", city: "0", client: { kind: "0" }, cards: "0" })
    const known = metadataOf(bytes).row_groups.flatMap((group) =>
      group.columns.filter((chunk) => chunk.meta_data?.statistics !== undefined).map((chunk) => chunk.meta_data?.path_in_schema.join("."))
    )
    expect(known).toEqual(["city", "client.kind"])
  })

  it.each(Array.from({ length: 12 }, (_, i) => i + 100))("says what DuckDB computes from the file (seed %i)", async (seed) => {
    const next = seeded(seed)
    const columns = Array.from({ length: 5 }, (_, i) => randomColumn(next, `c${i}`, 2))
    const group = () => Array.from({ length: 1 + Math.floor(next() * 50) }, () => columns.map((column) => randomValue(next, column)))
    const { bytes, stats } = await writeParquet(columns, [group(), group()])
    const path = join(folder, `${seed}.parquet`)
    writeFileSync(path, bytes)
    const ask = async (expression: string) => (await query(`SELECT ${expression} FROM read_parquet('${path}')`))[0]?.[0]
    expect(BigInt(stats.numRecords)).toBe(await ask("count(*)"))
    for (const { path: names, leaf: column, bounds } of statisticsColumns(columns)) {
      const name = names.map((part) => `"${part}"`).join(".")
      expect(String(at(stats.nullCount, names)), name).toBe(String(await ask(`count(*) - count(${name})`)))
      const [min, max] = [at(stats.minValues, names), at(stats.maxValues, names)]
      if (!bounds || column === null) {
        expect([min, max], name).toEqual([undefined, undefined])
      } else if (column.leaf.type === "text") {
        // Cut bounds need not be values: nothing is outside of them.
        if (min === undefined) expect(await ask(`count(${name})`)).toBe(0n)
        else {
          const literal = (text: unknown) => `decode(unhex('${Buffer.from(String(text)).toString("hex")}'))`
          expect(await ask(`count(*) FILTER (${name} < ${literal(min)} OR ${name} > ${literal(max)})`)).toBe(0n)
        }
      } else {
        const { type } = column.leaf
        if (type === "timestamp") {
          const micros = (text: unknown) => BigInt(Date.parse(String(text))) * 1000n
          const [low, high] = [await ask(`epoch_us(min(${name}))`), await ask(`epoch_us(max(${name}))`)]
          if (typeof low !== "bigint" || typeof high !== "bigint") expect([min, max]).toEqual([undefined, undefined])
          else {
            expect([low - micros(min) >= 0n, low - micros(min) < 1000n, micros(max) - high >= 0n, micros(max) - high < 1000n]).toEqual([
              true,
              true,
              true,
              true
            ])
          }
        } else if (type === "double") {
          const [low, high] = [await ask(`min(${name})`), await ask(`max(${name})`)]
          expect([min === undefined ? null : Number(min) + 0, max === undefined ? null : Number(max) + 0], name).toEqual([
            typeof low === "number" ? low + 0 : low,
            typeof high === "number" ? high + 0 : high
          ])
        } else {
          const text = (bound: unknown) => (bound === undefined ? null : String(bound))
          expect([text(min), text(max)], name).toEqual([await ask(`min(${name})::VARCHAR`), await ask(`max(${name})::VARCHAR`)])
        }
      }
    }
  })
})
