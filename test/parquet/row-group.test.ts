import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { ColumnBuilders } from "../../src/columns/builders.ts"
import { openParquetFile } from "../../src/parquet/file.ts"
import { encodeRowGroup, type RowGroup } from "../../src/parquet/row-group.ts"
import { type Column, leaf, type Value } from "../../src/record/column.ts"
import { pagesOf } from "./pages.ts"
import { seeded } from "./random.ts"
import { memoryUpload, metadataOf, normal, readWithHyparquet, withDuckDB } from "./support.ts"

const list = (name: string, element: Column): Column => ({ kind: "list", name, description: "", element: { ...element, name: "element" } })

const filled = (columns: ReadonlyArray<Column>, rows: ReadonlyArray<ReadonlyArray<Value>>): ColumnBuilders => {
  const builders = new ColumnBuilders(columns)
  for (const row of rows) builders.append(row)
  return builders
}

/** The file that row groups make. */
const fileOf = async (columns: ReadonlyArray<Column>, groups: ReadonlyArray<RowGroup>) => {
  const { upload, bytes } = memoryUpload()
  const file = openParquetFile(columns, upload)
  const result = await Effect.runPromise(Effect.andThen(Effect.forEach(groups, file.append), file.finish))
  return { ...result, bytes: bytes() }
}

/** Encodes rows as a row group, has two readers read it, and takes its pages apart. */
const encoded = async (columns: ReadonlyArray<Column>, rows: ReadonlyArray<ReadonlyArray<Value>>) => {
  const builders = filled(columns, rows)
  const group = encodeRowGroup(builders)
  const { bytes } = await fileOf(columns, [group])
  const expected = rows.map((row) => columns.map((column, i) => normal(column, row[i])))
  expect(await readWithHyparquet(columns, bytes)).toEqual(expected)
  expect(await withDuckDB(bytes, (file) => `FROM ${file}`)).toEqual(expected)
  const pages = builders.leaves.map((each, i) => {
    const chunk = group.chunks[i]
    if (chunk === undefined) throw new Error("a leaf without a chunk")
    return pagesOf(group, each, chunk)
  })
  for (const [i, each] of builders.leaves.entries()) {
    const data = (pages[i] ?? []).filter(({ kind }) => kind === "data")
    expect(data.flatMap(({ definition }) => definition)).toEqual([...each.definition.subarray(0, each.levels)])
    expect(data.flatMap(({ repetition }) => repetition)).toEqual([...each.repetition.subarray(0, each.maxRepetition > 0 ? each.levels : 0)])
    if (each.maxRepetition > 0) expect(data.every(({ repetition }) => repetition[0] === 0)).toBe(true)
  }
  return { leaves: builders.leaves, group, pages, metadata: metadataOf(bytes) }
}

/** Kinds and encodings of pages: dictionary, indices into it, plain values. */
const kinds = (pages: ReadonlyArray<{ readonly kind: string; readonly encoding: number }> | undefined): string =>
  (pages ?? []).map(({ kind, encoding }) => (kind === "dictionary" ? "d" : encoding === 8 ? "i" : "p")).join("")

const text = leaf("t", "text", "")

describe("pages", () => {
  it("have about 1 MiB each", async () => {
    const columns = [leaf("n", "double", ""), text, leaf("d", { type: "decimal", precision: 38, scale: 0 }, "")]
    const rows = Array.from({ length: 150_000 }, (_, i) => [i / 7, i % 5 === 0 ? null : `${i} ${"x".repeat(20)}`, BigInt(i) ** 5n])
    const builders = filled(columns, rows)
    const group = encodeRowGroup(builders)
    const sizes = builders.leaves.map((each, i) => {
      const chunk = group.chunks[i]
      return chunk === undefined ? [] : pagesOf(group, each, chunk).map(({ bytes }) => bytes.length)
    })
    expect(sizes.map((pages) => pages.length)).toEqual([2, 4, 3])
    expect(Math.max(...sizes.flat())).toBeLessThan(2 ** 20 + 4096)
    const { bytes } = await fileOf(columns, [group])
    const [sums] = await withDuckDB(bytes, (file) => `SELECT count(*), sum(n * 7)::BIGINT, count(t), sum(length(t)) FROM ${file}`)
    expect(sums).toEqual([150_000n, 11_249_925_000n, 120_000n, BigInt(rows.reduce((sum, [, t]) => sum + String(t ?? "").length, 0))])
  })

  it("never divide a row, even one that is larger than a page", async () => {
    const next = seeded(3)
    const row = (elements: number): ReadonlyArray<Value> => [
      Array.from({ length: elements }, () => `${next()}${next()}${next()}${next()}`),
      elements
    ]
    const rows = [
      ...Array.from({ length: 40 }, () => row(1000)),
      [null, null],
      row(40_000),
      [[], 0],
      row(3),
      ...[1, 2, 3].map(() => row(9000))
    ]
    const { pages } = await encoded([list("l", text), leaf("n", "integer", "")], rows)
    expect(pages[0]?.length).toBeGreaterThan(4)
    expect(Math.max(...(pages[0] ?? []).map(({ bytes }) => bytes.length))).toBeGreaterThan(2 ** 21)
  })

  it("of lists in lists begin with a row", async () => {
    const next = seeded(4)
    const inner = () => Array.from({ length: Math.floor(next() * 4) }, () => (next() < 0.1 ? null : next()))
    const rows = Array.from({ length: 16_000 }, () => [
      Array.from({ length: Math.floor(next() * 20) }, () => (next() < 0.1 ? null : inner()))
    ])
    const { pages } = await encoded([list("grid", list("row", leaf("n", "double", "")))], rows)
    expect(kinds(pages[0])).toMatch(/^p{2,}$/)
  })
})

describe("dictionary", () => {
  it("is made of what repeats, whatever its type, and of nothing else", async () => {
    const columns = [
      text,
      leaf("u", "text", ""),
      leaf("n", "integer", ""),
      leaf("m", "integer", ""),
      leaf("at", "timestamp", ""),
      leaf("long", "long", ""),
      leaf("one", "date", ""),
      leaf("x", "double", "")
    ]
    const rows = Array.from({ length: 3000 }, (_, i) => [
      `text ${i % 7}`,
      `text ${i}`,
      (i % 50) - 25,
      i * 7919,
      1_700_000_000_000_000n + BigInt(i % 300) * 2n ** 33n,
      BigInt(i) * 2n ** 40n - 5n,
      i % 2 === 0 ? null : 19_000,
      (i % 3) / 2
    ])
    const { pages, metadata } = await encoded(columns, rows)
    expect(pages.map(kinds)).toEqual(["di", "p", "di", "p", "di", "p", "di", "p"])
    const chunk = metadata.row_groups[0]?.columns[0]?.meta_data
    expect(chunk?.encodings).toEqual(["PLAIN", "RLE", "RLE_DICTIONARY"])
    expect(chunk?.encoding_stats).toEqual([
      { page_type: "DICTIONARY_PAGE", encoding: "PLAIN", count: 1 },
      { page_type: "DATA_PAGE", encoding: "RLE_DICTIONARY", count: 1 }
    ])
  })

  it.each([1, 2, 255, 256, 257, 600])("of %i longs is exact", async (size) => {
    const rows = Array.from({ length: 1200 }, (_, i) => [BigInt((i * 31) % size) * -(2n ** 53n) + BigInt(i % 2)])
    await encoded([leaf("n", "long", "")], rows)
  })

  /** Long texts that repeat, until the dictionary is full. */
  const long = (i: number): string => `${String(i).padStart(6, "0")}${"abcdefgh".repeat(64)}`

  it("that is full is followed by plain pages", async () => {
    const next = seeded(6)
    const early = (i: number) => long(i === 0 ? 0 : Math.floor(next() * 2400))
    const rows = Array.from({ length: 9000 }, (_, i) => [i < 6600 ? early(i) : i % 3 === 0 ? null : long(100_000 + i)])
    const { group, pages, metadata } = await encoded([text], rows)
    expect(kinds(pages[0])).toMatch(/^dip+$/)
    expect(group.statistics).toEqual([{ nulls: 800, min: long(0), max: long(108_999) }])
    expect(metadata.row_groups[0]?.columns[0]?.meta_data?.encodings).toEqual(["PLAIN", "RLE", "RLE_DICTIONARY"])
  })

  it("that fills up within a row leaves that row to the plain page", async () => {
    const next = seeded(8)
    const rows = Array.from({ length: 1500 }, () => [Array.from({ length: 7 }, () => long(Math.floor(next() * 3000)))])
    const { leaves, pages } = await encoded([list("l", text)], rows)
    expect(kinds(pages[0])).toMatch(/^dip+$/)
    const indices = leaves[0]?.indexCount ?? 0
    expect(indices % 7).not.toBe(0)
    expect(pages[0]?.[1]?.entries).toBe(indices - (indices % 7))
  })

  it("of texts that hardly repeat is not written", async () => {
    const rows = Array.from({ length: 9000 }, (_, i) => [`unique text ${i - (i % 10 === 0 && i > 0 ? 1 : 0)}`])
    const { pages } = await encoded([text], rows)
    expect(kinds(pages[0])).toBe("p")
  })

  it("does without what a record that was given up brought", async () => {
    const builders = filled([text, leaf("n", "long", "")], [["m", 5n]])
    for (const value of ["a", "z", "m"]) {
      builders.nodes[0]?.shred(builders.store, value, 0, 0)
      builders.nodes[1]?.shred(builders.store, value === "a" ? -1n : 99n, 0, 0)
      builders.rollback()
    }
    builders.append(["m", 6n])
    builders.append(["n", null])
    const group = encodeRowGroup(builders)
    expect(group.statistics).toEqual([
      { nulls: 0, min: "m", max: "n" },
      { nulls: 1, min: 5n, max: 6n }
    ])
    const { bytes } = await fileOf(builders.columns, [group])
    expect(await readWithHyparquet(builders.columns, bytes)).toEqual([
      ["m", 5n],
      ["m", 6n],
      ["n", null]
    ])
  })
})

describe("row group", () => {
  const columns = [text, list("l", leaf("n", "long", ""))]
  const rows = (from: number) => Array.from({ length: 500 }, (_, i) => [`text ${(from + i) % 400}`, [BigInt(i), null]])

  it("can go to another thread and stand anywhere in a file", async () => {
    const builders = new ColumnBuilders(columns)
    const groups = [0, 500, 1000].map((from) => {
      builders.clear()
      for (const row of rows(from)) builders.append(row)
      const group = encodeRowGroup(builders)
      expect(group.bytes.byteOffset).toBe(0)
      expect(group.bytes.byteLength).toBe(group.bytes.buffer.byteLength)
      return structuredClone(group, { transfer: [group.bytes.buffer] })
    })
    const appended = await fileOf(columns, groups.toReversed())
    const expected = [1000, 500, 0].flatMap(rows)
    expect(await readWithHyparquet(columns, appended.bytes)).toEqual(expected)
    expect(await withDuckDB(appended.bytes, (file) => `FROM ${file}`)).toEqual(expected)
    expect(appended.rows).toBe(1500)

    const { upload, bytes } = memoryUpload()
    const file = openParquetFile(columns, upload)
    const written = await Effect.runPromise(
      Effect.forEach([1000, 500, 0], (from) => file.write(filled(columns, rows(from)))).pipe(Effect.andThen(file.finish))
    )
    expect(bytes()).toEqual(appended.bytes)
    expect(written).toEqual({ size: appended.size, rows: 1500, stats: appended.stats })
  })

  it("is the same whatever was encoded before", () => {
    const first = encodeRowGroup(filled(columns, rows(0)))
    encodeRowGroup(filled([leaf("other", "double", "")], [[1]]))
    expect(encodeRowGroup(filled(columns, rows(0)))).toEqual(first)
  })

  it("of other columns does not get into a file", async () => {
    const group = encodeRowGroup(filled([text], [["a"]]))
    await expect(fileOf(columns, [group])).rejects.toThrow("other columns")
  })

  it("has rows", () => {
    expect(() => encodeRowGroup(new ColumnBuilders(columns))).toThrow(RangeError)
  })

  it("compresses a column only where there is something to gain", async () => {
    const wide = [text, leaf("empty", "text", ""), leaf("b", "boolean", "")]
    const { metadata } = await encoded(
      wide,
      Array.from({ length: 2000 }, (_, i) => [`text ${i}`, null, true])
    )
    expect(metadata.row_groups[0]?.columns.map(({ meta_data }) => meta_data?.codec)).toEqual(["ZSTD", "UNCOMPRESSED", "UNCOMPRESSED"])
  })
})

describe("statistics of a row group", () => {
  const statistics = (column: Column, values: ReadonlyArray<Value>) => {
    const group = encodeRowGroup(
      filled(
        [column],
        values.map((value) => [value])
      )
    )
    const { min, max, minExact, maxExact } = group.chunks[0]?.statistics ?? { min: null, max: null }
    return { log: group.statistics[0], min, max, exact: [minExact, maxExact] }
  }
  const double = (value: number) => new Uint8Array(Float64Array.of(value).buffer)
  const utf8 = (value: string) => new TextEncoder().encode(value)

  it("take 0 and -0 for one number: the footer's bounds hold both", () => {
    const d = leaf("d", "double", "")
    for (const zeros of [[0], [-0], [0, -0], [-0, 0]]) {
      const { log, min, max } = statistics(d, zeros)
      expect([log, min, max]).toEqual([{ nulls: 0, min: 0, max: 0 }, double(-0), double(0)])
    }
    expect(statistics(d, [-0, 5, null])).toMatchObject({ log: { nulls: 1, min: 0, max: 5 }, min: double(-0), max: double(5) })
  })

  it("tell no bounds beside NaN, and infinity to the footer only", () => {
    const d = leaf("d", "double", "")
    expect(statistics(d, [1, Number.NaN])).toMatchObject({ log: { nulls: 0, min: null, max: null }, min: null, max: null })
    expect(statistics(d, [Number.NaN, 1])).toMatchObject({ log: { nulls: 0, min: null, max: null }, min: null, max: null })
    expect(statistics(d, [1, Number.NEGATIVE_INFINITY])).toMatchObject({
      log: { nulls: 0, min: null, max: null },
      min: double(Number.NEGATIVE_INFINITY),
      max: double(1)
    })
  })

  it("order texts by their bytes, however alike they begin", () => {
    const next = seeded(9)
    const alphabet = ["a", "b", "\u0000", "é", "\uffff", "\u{10000}", "\ue000", "\u{10ffff}", "abcd", "abce"]
    for (let round = 0; round < 300; round++) {
      const values = Array.from({ length: 1 + Math.floor(next() * 9) }, () =>
        Array.from({ length: Math.floor(next() * 6) }, () => alphabet[Math.floor(next() * alphabet.length)] ?? "").join("")
      )
      const sorted = values.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      expect(statistics(text, values).log).toEqual({ nulls: 0, min: sorted[0], max: sorted.at(-1) })
    }
    expect(statistics(text, ["\u{1f600}", "\uffff"]).log).toEqual({ nulls: 0, min: "\uffff", max: "\u{1f600}" })
    expect(statistics(text, ["\ufeffa"]).log).toEqual({ nulls: 0, min: "\ufeffa", max: "\ufeffa" })
  })

  it("shorten long texts in the footer, and say so", () => {
    const [low, high] = ["a".repeat(40), "b".repeat(40)]
    expect(statistics(text, [low, high])).toEqual({
      log: { nulls: 0, min: low, max: high },
      min: utf8("a".repeat(32)),
      max: utf8(`${"b".repeat(32)}\u007f`),
      exact: [false, false]
    })
    expect(statistics(text, ["short"])).toMatchObject({ min: utf8("short"), max: utf8("short"), exact: [true, true] })
    expect(statistics(text, ["", "\u{10ffff}".repeat(60)])).toMatchObject({ min: null, max: null })
  })

  it("have every digit, of both signs", () => {
    const next = seeded(12)
    for (const [column, bits] of [
      [leaf("n", "long", ""), 64],
      [leaf("d", { type: "decimal", precision: 38, scale: 3 }, ""), 126],
      [leaf("e", { type: "decimal", precision: 9, scale: 3 }, ""), 29]
    ] as const) {
      for (let round = 0; round < 200; round++) {
        const values = Array.from({ length: 1 + Math.floor(next() * 6) }, () =>
          BigInt.asIntN(
            bits,
            (BigInt(Math.floor(next() * 2 ** 52)) << 80n) ^ (BigInt(Math.floor(next() * 2 ** 52)) << 40n) ^ BigInt(next() < 0.5 ? -1 : 1)
          )
        )
        const sorted = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
        expect(statistics(column, values).log).toEqual({ nulls: 0, min: sorted[0], max: sorted.at(-1) })
      }
    }
  })
})
