import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { formatOf } from "../../src/contract/format.ts"
import { deadLettersPath, stagePath } from "../../src/lake/layout.ts"
import { filesSource } from "../../src/source/files.ts"
import { framingOf } from "../../src/source/framing.ts"
import { openTable, readTable } from "../../src/table/table.ts"
import { hits } from "../decode/access-log/contract.ts"
import { run, temporaryStore } from "../ingest/support.ts"
import { realData } from "./support.ts"

const folder = realData("access_logs")
const file = "apache_combined_semicomplete_2015.log"
const contract = hits()

const rowsOf = (path: string) => Effect.flatMap(openTable(path), (table) => Stream.runCollect(readTable(table)))

describe.skipIf(folder === undefined)("a real access log of 10,000 lines", () => {
  it.effect("is 9,999 rows, and a dead letter whose last quote is missing", () =>
    Effect.gen(function* () {
      const source = yield* filesSource({ input: folder ?? "", format: framingOf(formatOf(contract.contract)), arrivedAt: 0 })
      const { counts } = yield* run(source, { contract })
      assert.deepStrictEqual([counts.records, counts.rows, counts.deadLetters], [10_000, 9_999, { truncated: 1 }])
      assert.deepStrictEqual([counts.rescued, counts.drift, counts.quality], [{}, {}, {}])
      // Few lines are read by the definition: those with something escaped in them, or beyond ASCII.
      assert.isBelow(counts.handedOver[""] ?? 0, 20)

      const [letter] = yield* rowsOf(deadLettersPath)
      const line = readFileSync(join(folder ?? "", file), "latin1").split("\n")[8898] ?? ""
      assert.strictEqual(Buffer.from(letter?.["raw"] instanceof Uint8Array ? letter["raw"] : []).toString("latin1"), line)
      assert.deepStrictEqual([letter?.["_sequence_number"], letter?.["offset"]], ["2111246", 182n])

      // Figures that `awk` gives.
      const rows = yield* rowsOf(stagePath("hits"))
      const count = (column: string, value: unknown) => rows.filter((row) => row[column] === value).length
      assert.deepStrictEqual(
        [200, 206, 301, 304, 403, 404, 416, 500].map((status) => count("response", status)),
        [9125, 45, 164, 445, 2, 213, 2, 3]
      )
      assert.strictEqual(new Set(rows.map(({ host }) => host)).size, 1753)
      assert.strictEqual(
        rows.reduce((total, { bytes }) => total + (typeof bytes === "bigint" ? bytes : 0n), 0n),
        2747282505n
      )
      assert.strictEqual(count("bytes", null), 669)
      assert.deepStrictEqual(
        ["GET", "HEAD", "POST", "OPTIONS"].map((method) => count("method", method)),
        [9951, 42, 5, 1]
      )
    }).pipe(Effect.provide(temporaryStore))
  )
})
