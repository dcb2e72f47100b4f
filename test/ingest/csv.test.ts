import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { formatOf } from "../../src/contract/format.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { replay } from "../../src/ingest/replay.ts"
import { deadLettersPath, stagePath } from "../../src/lake/layout.ts"
import { verify } from "../../src/lake/verify.ts"
import { filesSource } from "../../src/source/files.ts"
import { framingOf } from "../../src/source/framing.ts"
import { openTable, readTable } from "../../src/table/table.ts"
import { orderLines } from "../decode/csv/contract.ts"
import { change, folderWith } from "../source/collect.ts"
import { run, temporaryStore } from "./support.ts"

const contract = orderLines()
const header = "orderId,changedAt,name,units,price,colour\r\n"
const line = (i: number, units = "1", price = "1.50") => `o-${i},2026-11-20T07:00:00Z,"thing\n""${i}""",${units},${price},red\r\n`
const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => line(from + i)).join("")

const rowsOf = (path: string) => Effect.flatMap(openTable(path), (table) => Stream.runCollect(readTable(table)))
const byNumber = (path: string) =>
  Effect.map(rowsOf(path), (rows) => [...rows].sort((a, b) => Number(a["_sequence_number"]) - Number(b["_sequence_number"])))

/** The checks of `verify` that do not hold. */
const failedChecks = Effect.scoped(
  Effect.gen(function* () {
    const checks = yield* verify([contract], yield* openDuckDB())
    return checks.filter(({ ok }) => !ok)
  })
)

const ingestFolder = (input: string, options: Parameters<typeof run>[1] = {}) =>
  Effect.flatMap(filesSource({ input, format: framingOf(formatOf(contract.contract)), arrivedAt: 0, pageBytes: 300 }), (source) =>
    run(source, { contract, ...options })
  )

describe("ingest of CSV", () => {
  const bad = ["too,few\r\n", `${line(90).slice(0, -2)},x\r\n`, line(91, "many"), line(92, "1", "-1")] as const
  const content = header + lines(0, 20) + bad.join("") + lines(20, 40)

  it.effect("makes rows and dead letters of files, which go on where they ended, and can be replayed", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "a.csv": content, "b.csv": `colour,orderId,changed_at\nblue,o-100,2026-11-20T08:00:00Z\n` })
      const first = yield* ingestFolder(folder)
      assert.deepStrictEqual(first.counts.deadLetters, { not_csv: 2, quality_rejected: 1 })
      assert.deepStrictEqual([first.counts.records, first.counts.rows], [45, 42])
      assert.deepStrictEqual(first.counts.rescued, { units: 1 })
      assert.deepStrictEqual(first.counts.drift, { colour: 42 })

      const bytes = Buffer.from(content)
      const letters = yield* byNumber(deadLettersPath)
      for (const [i, letter] of letters.entries()) {
        const [text = ""] = [bad[0], bad[1], bad[3]].slice(i)
        const raw = Buffer.from(letter["raw"] instanceof Uint8Array ? letter["raw"] : [])
        assert.strictEqual(raw.toString(), text.slice(0, -1))
        // The record lies in its file where its number says.
        const at = Number(letter["_sequence_number"])
        assert.isTrue(bytes.subarray(at, at + raw.length).equals(raw))
        assert.strictEqual(Buffer.from(letter["header"] instanceof Uint8Array ? letter["header"] : []).toString(), header.slice(0, -1))
      }
      assert.deepStrictEqual(
        letters.map(({ offset }) => offset),
        [7n, BigInt(line(90).length - 1), null]
      )
      assert.deepStrictEqual(yield* failedChecks, [])

      assert.strictEqual((yield* ingestFolder(folder)).commits, 0)
      change(folder, "a.csv", content + lines(40, 43))
      assert.strictEqual((yield* ingestFolder(folder)).counts.rows, 3)
      const rows = yield* byNumber(stagePath("order_lines"))
      const names = rows.flatMap(({ name, _shard }) => (_shard === join(folder, "a.csv") ? [name] : []))
      assert.sameMembers(names, [...Array.from({ length: 43 }, (_, i) => `thing\n"${i}"`), 'thing\n"91"'])

      // A contract that asks for less makes a row of one of them: its header came with it.
      const milder = orderLines({}, { expectations: [] })
      const decode = { hashKey: null, maxDepth: 64, maxRecordBytes: 1024 * 1024 }
      const replayed = yield* replay({ contract: milder, decode, onEvent: () => Effect.void })
      assert.deepStrictEqual(replayed, { letters: 3, rows: 1, left: 2, cut: 0, unread: 0, structured: 0 })
      const [late] = (yield* rowsOf(stagePath("order_lines"))).filter(({ order_id }) => order_id === "o-92")
      assert.strictEqual(late?.["price"], -100n)
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("keeps records whose file has no header, until the contract names the columns", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "a.csv": lines(0, 5) })
      const { counts } = yield* ingestFolder(folder)
      assert.deepStrictEqual([counts.records, counts.rows, counts.deadLetters], [4, 0, { no_header: 4 }])
      const letters = yield* byNumber(deadLettersPath)
      for (const letter of letters)
        assert.strictEqual(Buffer.from(letter["header"] instanceof Uint8Array ? letter["header"] : []).toString(), lines(0, 1).slice(0, -1))
      const named = orderLines({ columns: header.trim().split(",") })
      const decode = { hashKey: null, maxDepth: 64, maxRecordBytes: 1024 * 1024 }
      const replayed = yield* replay({ contract: named, decode, onEvent: () => Effect.void })
      assert.deepStrictEqual(replayed, { letters: 4, rows: 4, left: 0, cut: 0, unread: 0, structured: 0 })
      assert.sameMembers(
        (yield* rowsOf(stagePath("order_lines"))).map((row) => row["order_id"]),
        ["o-1", "o-2", "o-3", "o-4"]
      )
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("is the same in several threads", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "a.csv": content })
      const contracts = new URL("../decode/csv/contract.ts", import.meta.url)
      const { counts } = yield* ingestFolder(folder, { threads: 3, contracts, startThreadsAfter: 0 })
      assert.deepStrictEqual([counts.records, counts.rows], [44, 41])
      assert.deepStrictEqual(counts.deadLetters, { not_csv: 2, quality_rejected: 1 })
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )
})
