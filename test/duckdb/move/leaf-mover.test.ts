import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Exit } from "effect"
import { afterAll, describe, expect, it, vi } from "vitest"
import { RowStarts } from "../../../src/columns/leaf-entries.ts"
import { openSliceThreads } from "../../../src/duckdb/move/slice-threads.ts"
import { type Column, leaf } from "../../../src/record/column.ts"
import { randomColumn, randomValue, seeded } from "../../parquet/random.ts"
import { query, writeParquet } from "../../parquet/support.ts"
import { fileOf, groupsOf, moved, plainly, rowsOf, sliceOf, told, unsigned } from "./support.ts"

const folder = mkdtempSync(join(tmpdir(), "sluice-move-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const text = (name: string): Column => leaf(name, "text", "")
const words = ["", "a", "ab", "paid", "x".repeat(70), "canceled", "é"]

describe("leaves that are moved", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
    "are those of the rows in their new order, told the same of, as the plain way has them (seed %i)",
    async (seed) => {
      const random = seeded(seed)
      const columns = [
        ...Array.from({ length: 5 }, (_, i) => randomColumn(random, `c${i}`, 3)),
        text("repeats"),
        text("differs"),
        text("seldom"),
        text("never")
      ]
      const rows = Array.from({ length: 90 }, (_, i) => [
        ...columns.slice(0, 5).map((column) => randomValue(random, column)),
        words[(i * 31 + seed) % words.length] ?? null,
        `text ${i * seed}`,
        i % 40 === 7 ? "now and then" : null,
        null
      ])
      const ours = join(folder, `${seed}.parquet`)
      writeFileSync(ours, (await writeParquet(columns, [rows.slice(0, 40), rows.slice(40, 41), rows.slice(41)])).bytes)
      // Another writer has other pages, and other levels.
      const theirs = join(folder, `${seed}-theirs.parquet`)
      await query(`COPY (FROM read_parquet('${ours}')) TO '${theirs}' (FORMAT parquet, COMPRESSION snappy)`)
      const all = [...rows, ...rows]
      const share = (seed % 3) + 1
      const isWanted = (row: number) => row % share === 0
      const kept = all.flatMap((_, row) => (isWanted(row) ? [row] : []))
      const rowAt = Int32Array.from(kept, (_, i) => (i * 37 + seed) % kept.length)
      // Of 37 steps each number comes once, unless it divides them.
      expect(new Set(rowAt).size).toBe(kept.length)
      const bounds = Int32Array.of(0, 1, kept.length >> 1, kept.length)
      const found = await Effect.runPromise(
        Effect.scoped(
          Effect.gen(function* () {
            const at = yield* groupsOf(columns, [ours, theirs])
            return yield* moved(columns, sliceOf(at, isWanted, rowAt, bounds), 1)
          })
        )
      )
      const ordered = [...rowAt].map((number) => all[kept[number] ?? 0] ?? [])
      const expected = [...bounds.subarray(1)].map((to, i) => plainly(columns, ordered.slice(bounds[i], to)))
      expect(found?.map(told)).toEqual(expected.map(({ group }) => told(group)))
      const path = join(folder, `${seed}-moved.parquet`)
      writeFileSync(path, await fileOf(columns, found ?? []))
      expect(unsigned(await Effect.runPromise(rowsOf(columns, path)))).toEqual(unsigned(expected.flatMap(({ values }) => values)))
    }
  )

  const columns = Array.from({ length: 90 }, (_, i) => (i % 3 === 0 ? leaf(`n${i}`, "long", "") : text(`t${i}`)))
  const written = async (name: string): Promise<string> => {
    const rows = Array.from({ length: 300 }, (_, i) => columns.map((_, c) => (c % 3 === 0 ? BigInt(i * c) : `text ${(i * c) % 50}`)))
    const path = join(folder, name)
    writeFileSync(path, (await writeParquet(columns, [rows])).bytes)
    return path
  }
  const backwards = Int32Array.from({ length: 300 }, (_, i) => 299 - i)

  it("are the same whichever threads move them", async () => {
    const path = await written("threads.parquet")
    const [one, three] = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const at = yield* groupsOf(columns, [path])
          const slice = () => sliceOf(at, () => true, backwards, Int32Array.of(0, 100, 300))
          return [yield* moved(columns, slice(), 1), yield* moved(columns, slice(), 3)]
        })
      )
    )
    expect(three).toEqual(one)
    expect(one).toHaveLength(2)
  })

  it("are not taken for those that they replace where a list begins otherwise than the row before", async () => {
    const columns: ReadonlyArray<Column> = [{ kind: "list", name: "tags", description: "", element: text("element") }]
    const rows = Array.from({ length: 200 }, (_, i) => [[`a${i}`, `b${i}`]])
    // What stands behind as many values as there are rows before.
    const fresh = ["a25", "b25"]
    const [before, after] = [join(folder, "lists.parquet"), join(folder, "fresh.parquet")]
    writeFileSync(before, (await writeParquet(columns, [rows])).bytes)
    writeFileSync(after, (await writeParquet(columns, [[[fresh]]])).bytes)
    const rowAt = Int32Array.from(rows, (_, i) => (i === 50 ? 200 : i))
    const found = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const at = yield* groupsOf(columns, [before, after])
          return yield* moved(
            columns,
            sliceOf(at, () => true, rowAt, Int32Array.of(0, 200)),
            1
          )
        })
      )
    )
    const path = join(folder, "lists-moved.parquet")
    writeFileSync(path, await fileOf(columns, found ?? []))
    expect(await query(`SELECT tags FROM '${path}'`)).toEqual(rows.map((row, i) => (i === 50 ? [fresh] : row)))
  })

  it("are gathered at once of all row groups that are not kept after all, between others that are", async () => {
    const columns: ReadonlyArray<Column> = [{ kind: "list", name: "tags", description: "", element: text("element") }, text("name")]
    const [count, rowsOfEach] = [12, 60]
    const row = (i: number) => [[`a${i}`, `b${i}`], `name ${i % 7}`]
    const rows = Array.from({ length: count * rowsOfEach }, (_, i) => row(i))
    // Of every third row group a row goes, of another a list is longer.
    const fresh = Array.from({ length: count }, (_, i) => [[`a${i}`, "b", "c"], "name 3"])
    const paths = await Promise.all(
      [...Array.from({ length: count }, (_, i) => rows.slice(i * rowsOfEach, (i + 1) * rowsOfEach)), fresh].map(async (some, i) => {
        const path = join(folder, `many-${i}.parquet`)
        writeFileSync(path, (await writeParquet(columns, [some])).bytes)
        return path
      })
    )
    const order = Array.from({ length: count }, (_, group) =>
      Array.from({ length: rowsOfEach }, (_, i) => group * rowsOfEach + i).flatMap((at) =>
        at % rowsOfEach !== 20 || group % 3 === 0 ? [at] : group % 3 === 1 ? [] : [rows.length + group]
      )
    )
    const bounds = [0, ...order.map((_, i) => order.slice(0, i + 1).flat().length)]
    const starts = vi.spyOn(RowStarts.prototype, "of")
    const found = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const at = yield* groupsOf(columns, paths)
          const slice = sliceOf(at, () => true, Int32Array.from(order.flat()), Int32Array.from(bounds))
          return yield* moved(columns, slice, 1)
        })
      )
    )
    // Once for what is new, and once for all.
    expect(starts.mock.calls.length).toBeLessThanOrEqual(2 * columns.length)
    starts.mockRestore()
    const path = join(folder, "many-moved.parquet")
    writeFileSync(path, await fileOf(columns, found ?? []))
    const all = [...rows, ...fresh]
    expect(await Effect.runPromise(rowsOf(columns, path))).toEqual(order.flat().map((at) => all[at]))
    expect(found?.map(({ rows }) => rows)).toEqual(order.map(({ length }) => length))
  })

  it("are given up where one does not fit, and can be tried again", async () => {
    const path = await written("limit.parquet")
    const [none, some] = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const at = yield* groupsOf(columns, [path])
          const threads = yield* openSliceThreads(columns, 2, Number.POSITIVE_INFINITY)
          const slice = () => sliceOf(at, () => true, backwards, Int32Array.of(0, 300))
          return [yield* threads.move({ ...slice(), limit: 1000 }), yield* threads.move(slice())]
        })
      )
    )
    expect(none).toBeNull()
    expect(some?.reduce((leaves, { encoded }) => leaves + encoded.length, 0)).toBe(columns.length)
  })

  it("fail with the file that cannot be read", async () => {
    const path = await written("damaged.parquet")
    const exit = await Effect.runPromise(
      Effect.exit(
        Effect.scoped(
          Effect.gen(function* () {
            const at = yield* groupsOf(columns, [path])
            writeFileSync(path, readFileSync(path).subarray(0, 200))
            return yield* moved(
              columns,
              sliceOf(at, () => true, backwards, Int32Array.of(0, 300)),
              2
            )
          })
        )
      )
    )
    expect(Exit.isFailure(exit) && String(exit.cause)).toContain(path)
  })
})
