import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { afterAll, describe, expect, it } from "vitest"
import type { RowsAt } from "../../../src/duckdb/row-groups.ts"
import { type Column, leaf, type Value } from "../../../src/record/column.ts"
import { randomColumn, randomValue, seeded } from "../../parquet/random.ts"
import { query, writeParquet } from "../../parquet/support.ts"
import { fileOf, groupsOf, moved, plainly, type Rows, rowsOf, sliceOf, told, unsigned } from "./support.ts"

const folder = mkdtempSync(join(tmpdir(), "sluice-kept-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Where a row of the old file comes from now: it stays, a fresh one takes its place, or it goes. */
type Fate = "stays" | "goes" | number

/** The rows of an old file, some of which are replaced by those of another, moved as an upsert moves them. */
const upserted = async (name: string, columns: ReadonlyArray<Column>, old: Rows, fresh: Rows, fates: ReadonlyArray<Fate>, convert = "") => {
  const file = async (kind: string, rows: Rows) => {
    const path = join(folder, `${name}-${kind}.parquet`)
    writeFileSync(path, (await writeParquet(columns, [rows])).bytes)
    return path
  }
  const written = await file("old", old)
  const theirs = join(folder, `${name}-theirs.parquet`)
  if (convert !== "") await query(`COPY (FROM read_parquet('${written}')) TO '${theirs}' (${convert})`)
  const before = convert === "" ? written : theirs
  const paths = [before, await file("fresh", fresh)]
  const rowAt = Int32Array.from(fates.flatMap((fate, row) => (fate === "goes" ? [] : [fate === "stays" ? row : old.length + fate])))
  const { at, groups } = await Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const at = yield* groupsOf(columns, paths)
        const groups = yield* moved(
          columns,
          sliceOf(at, () => true, rowAt, Int32Array.of(0, rowAt.length)),
          1
        )
        return { at, groups: groups ?? [] }
      })
    )
  )
  const all = [...old, ...fresh]
  const expected = plainly(
    columns,
    [...rowAt].map((row) => all[row] ?? [])
  )
  const path = join(folder, `${name}-now.parquet`)
  writeFileSync(path, await fileOf(columns, groups))
  const rows = await Effect.runPromise(rowsOf(columns, path))
  return { groups, expected, rows, chunks: chunksOf(before, at[0]), path }
}

/** The column chunks of a file, by leaf. */
const chunksOf = (path: string, at: RowsAt | undefined): ReadonlyArray<Uint8Array> => {
  const bytes = readFileSync(path)
  return [...(at?.chunks.starts ?? [])].map((start, i) => bytes.subarray(start, at?.chunks.ends[i]))
}

/** Of each row what becomes of it: one in so many is replaced, and of these every third goes where rows may go. */
const fatesOf = (rows: number, one: number, mayGo: boolean): ReadonlyArray<Fate> => {
  let fresh = 0
  return Array.from({ length: rows }, (_, row) => (row % one !== one - 2 ? "stays" : mayGo && row % 3 === 0 ? "goes" : fresh++))
}

const text = (name: string): Column => leaf(name, "text", "")

describe("row groups of which few rows change", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
    "have the rows, and are told the same of, as the plain way has them (seed %i)",
    async (seed) => {
      const random = seeded(seed)
      const drawn = Array.from({ length: 6 }, (_, i) => randomColumn(random, `c${i}`, 3))
      const columns = [...drawn, text("few"), text("many"), text("grows"), leaf("number", "integer", ""), text("never")]
      const row = (i: number, isNew: boolean): ReadonlyArray<Value> => [
        ...drawn.map((column) => randomValue(random, column)),
        `few ${i % 7}${isNew && i % 4 === 0 ? " now" : ""}`,
        `many ${i}`,
        isNew ? "g".repeat(i) : "g",
        i % 50,
        null
      ]
      const old = Array.from({ length: 600 }, (_, i) => row(i, false))
      const fates = fatesOf(old.length, 31, seed % 2 === 0)
      // Of every second row that is replaced the drawn values stay.
      const fresh = fates.flatMap((fate, i) =>
        typeof fate === "number" ? [[...(fate % 2 === 0 ? (old[i] ?? []) : row(i, true)).slice(0, -2), fate, null]] : []
      )
      // Another writer has other pages.
      const convert = seed % 3 === 0 ? `FORMAT parquet, COMPRESSION ${seed % 2 === 0 ? "zstd" : "snappy"}` : ""
      const { groups, expected, rows } = await upserted(`seed-${seed}`, columns, old, fresh, fates, convert)
      expect(groups.map(told)).toEqual([told(expected.group)])
      expect(unsigned(rows)).toEqual(unsigned(expected.values))
    }
  )

  it("have the very bytes of what does not change, and of the pages that do not", async () => {
    const columns = [text("same"), text("large"), leaf("secret", "text", "", "hash"), leaf("time", "timestamp", "")]
    const row = (i: number, large: string): ReadonlyArray<Value> => [`same ${i}`, large, `secret ${i % 5}`, BigInt(i)]
    const large = (i: number) => `${i} `.repeat(3000)
    const old = Array.from({ length: 320 }, (_, i) => row(i, large(i)))
    // All in the first of its pages.
    const fates = old.map((_, i): Fate => (i === 9 || i === 30 ? (i === 9 ? 0 : 1) : "stays"))
    const { groups, expected, rows, chunks } = await upserted(
      "bytes",
      columns,
      old,
      [row(9, "9"), [...row(30, large(30)).slice(0, 3), 7n]],
      fates
    )
    expect(rows).toEqual(expected.values)
    expect(groups.map(told)).toEqual([told(expected.group)])
    const [group] = groups
    let at = 0
    const now = (group?.chunks ?? []).map(({ compressedBytes }) => {
      at += compressedBytes
      return Buffer.from(group?.bytes.subarray(at - compressedBytes, at) ?? [])
    })
    const then = chunks.map((chunk) => Buffer.from(chunk))
    expect(now[0]).toEqual(then[0])
    expect(now[2]).toEqual(then[2])
    expect(now[3]).not.toEqual(then[3])
    expect(group?.chunks[1]?.plainPages).toBeGreaterThan(2)
    expect(now[1]).not.toEqual(then[1])
    // All but the first page.
    expect(now[1]?.subarray(-1500)).toEqual(then[1]?.subarray(-1500))
    expect(group?.chunks[2]?.statistics).toBeNull()
  })

  it("have what they had of a dictionary that not all values are in, and of pages that lose all of their rows", async () => {
    const columns = [text("mixed"), text("large")]
    const mixed = (i: number) => `${i % 300} `.padEnd(5000, "mixed")
    const large = (i: number) => `${i} `.padEnd(60_000, "large")
    const old = Array.from({ length: 600 }, (_, i) => [mixed(i), large(i)])
    const fates = old.map((_, i): Fate => (i === 5 ? 0 : i === 320 ? 1 : i >= 500 && i < 540 ? "goes" : "stays"))
    const fresh = [
      [mixed(5), "large before"],
      ["else", null]
    ]
    const { groups, expected, rows } = await upserted("mixed", columns, old, fresh, fates)
    expect(groups.map(told)).toEqual([told(expected.group)])
    expect(rows).toEqual(expected.values)
    const [of] = groups
    expect(of?.chunks[0]?.indexedPages).toBeGreaterThan(0)
    expect(of?.chunks[0]?.plainPages).toBeGreaterThan(0)
    // The plain way has fewer: pages that were not touched are as large as they were.
    expect(of?.chunks[1]?.plainPages).toBeGreaterThan(expected.group.chunks[1]?.plainPages ?? 0)
  })

  it("are compressed where another writer has left them as they were", async () => {
    const columns = [text("same"), text("few"), text("tiny"), leaf("number", "long", "")]
    const old = Array.from({ length: 900 }, (_, i) => [`same ${i}`, `few ${i % 9}`, "tiny", BigInt(i * 7919)])
    const fates = old.map((_, i): Fate => (i === 300 ? 0 : "stays"))
    const fresh = [["same 300", "few 3", "tiny", 1n]]
    const { groups, expected, rows } = await upserted("raw", columns, old, fresh, fates, "FORMAT parquet, COMPRESSION uncompressed")
    expect(rows).toEqual(expected.values)
    expect(groups.map(told)).toEqual([told(expected.group)])
    expect(groups[0]?.chunks.map(({ codec }) => codec)).toEqual(expected.group.chunks.map(({ codec }) => codec))
  })

  it("are put in order where a row is new, and where one takes a row of the other", async () => {
    const columns = [text("name"), leaf("number", "integer", "")]
    const files = ["a", "b", "new"].map((name) => Array.from({ length: 200 }, (_, i): ReadonlyArray<Value> => [`${name} ${i}`, i % 9]))
    const paths = await Promise.all(
      files.map(async (rows, i) => {
        const path = join(folder, `taken-${i}.parquet`)
        writeFileSync(path, (await writeParquet(columns, [rows])).bytes)
        return path
      })
    )
    const [a = 0, b = 0, fresh = 0] = [0, 200, 400]
    const from = (first: number, start: number, end: number) => Array.from({ length: end - start }, (_, i) => first + start + i)
    const insertion = [...from(a, 0, 100), fresh, ...from(a, 100, 200)]
    const exchange = [...from(a, 0, 100), b + 70, ...from(a, 101, 200), ...from(b, 0, 70), ...from(b, 71, 200)]
    const behind = [...from(a, 0, 200), fresh + 3]
    for (const [order, bounds] of [
      [insertion, [0, 201]],
      [exchange, [0, 200, 399]],
      [behind, [0, 201]]
    ] as const) {
      const groups = await Effect.runPromise(
        Effect.scoped(
          Effect.gen(function* () {
            const at = yield* groupsOf(columns, paths)
            return yield* moved(
              columns,
              sliceOf(at, () => true, Int32Array.from(order), Int32Array.from(bounds)),
              1
            )
          })
        )
      )
      const path = join(folder, "taken.parquet")
      writeFileSync(path, await fileOf(columns, groups ?? []))
      const all = files.flat()
      expect(await Effect.runPromise(rowsOf(columns, path))).toEqual(order.map((row) => all[row]))
      expect(groups).toHaveLength(bounds.length - 1)
    }
  })

  it("keep nothing of a value that was replaced or deleted", async () => {
    const columns = [text("name"), leaf("secret", "text", "", "hash")]
    const old = Array.from({ length: 400 }, (_, i) => [
      i === 77 ? "Ada Lovelace" : `name ${i % 3}`,
      i === 200 ? "her secret" : `secret ${i % 3}`
    ])
    const fates = old.map((_, i): Fate => (i === 77 ? 0 : i === 200 ? "goes" : "stays"))
    const { groups, expected, rows, path } = await upserted("gone", columns, old, [["name 1", "secret 1"]], fates)
    expect(rows).toEqual(expected.values)
    expect(groups.map(told)).toEqual([told(expected.group)])
    const bytes = readFileSync(path)
    // Pages so small are not compressed: what stays is found there.
    expect(bytes.includes("name 1")).toBe(true)
    expect(bytes.includes("Ada Lovelace")).toBe(false)
    expect(bytes.includes("her secret")).toBe(false)
  })

  it("fail with the file that cannot be read", async () => {
    const columns = [leaf("number", "long", "")]
    const old = Array.from({ length: 5000 }, (_, i) => [BigInt(i * 7919)])
    const path = join(folder, "damaged.parquet")
    writeFileSync(path, (await writeParquet(columns, [old])).bytes)
    const rowAt = Int32Array.from(old, (_, i) => i)
    const failed = Effect.scoped(
      Effect.gen(function* () {
        const at = yield* groupsOf(columns, [path])
        writeFileSync(path, readFileSync(path).subarray(0, 200))
        const slice = sliceOf(at, () => true, rowAt, Int32Array.of(0, old.length))
        return yield* moved(columns, slice, 1)
      })
    )
    await expect(Effect.runPromise(failed)).rejects.toThrow(path)
  })
})
