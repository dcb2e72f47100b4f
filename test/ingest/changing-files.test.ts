import { copyFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Stream } from "effect"
import { stagePath } from "../../src/lake/layout.ts"
import { filesSource } from "../../src/source/files.ts"
import type { Source } from "../../src/source/source.ts"
import { Store } from "../../src/store/store.ts"
import { openTable } from "../../src/table/table.ts"
import { change, folderWith } from "../source/collect.ts"
import { makeFaultyStore } from "../store/faulty-store.ts"
import { failedChecks, lakeContent, recordText, run, temporaryStore } from "./support.ts"

const orders = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${recordText(from + i, 1000)}\n`).join("")

const ingesting = (input: string) => Effect.flatMap(filesSource({ input, format: "auto" }), (source) => run(source))

describe("files that change between two runs", () => {
  it.live("give every content that they had, once, under positions that only go on", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "a.ndjson": orders(0, 10), "b.json": recordText(50) })
      const batches = [yield* ingesting(folder)]
      // As many bytes as it had; and a record of which only a part is there.
      change(folder, "a.ndjson", orders(0, 10).replaceAll("o-", "p-"))
      change(folder, "b.json", recordText(50).slice(0, -5))
      batches.push(yield* ingesting(folder))
      change(folder, "b.json", recordText(51))
      change(folder, "a.ndjson", orders(0, 10).replaceAll("o-", "p-") + orders(10, 12))
      batches.push(yield* ingesting(folder))
      assert.deepStrictEqual(
        batches.map(({ counts }) => [counts.records, counts.rows]),
        [
          [11, 11],
          [11, 10],
          [3, 3]
        ]
      )
      const { domains } = yield* (yield* openTable(stagePath("order"))).snapshot
      // One position a file, whatever became of it.
      assert.strictEqual([...domains.keys()].filter((domain) => domain.startsWith("sluice.position/")).length, 2)
      assert.strictEqual((yield* ingesting(folder)).commits, 0)
      assert.deepStrictEqual(yield* failedChecks, [])
      const { rows, deadLetters } = yield* lakeContent
      assert.deepStrictEqual([rows.length, deadLetters.length], [24, 1])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.live("are read anew by one of two who find them replaced at the same time", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "a.ndjson": orders(0, 10) })
      yield* ingesting(folder)
      change(folder, "a.ndjson", orders(20, 25))
      const source = yield* filesSource({ input: folder, format: "auto" })
      const other = Effect.provideService(Effect.orDie(ingesting(folder)), Store, yield* Store)
      // It has read, and commits when the other one has.
      const slow: Source = {
        ...source,
        pages: (resume) => Stream.concat(source.pages(resume), Stream.drain(Stream.fromEffect(other)))
      }
      const exit = yield* Effect.exit(run(slow))
      assert.isTrue(Exit.isFailure(exit))
      assert.include(String(Exit.isFailure(exit) ? exit.cause : ""), "it has a second owner")
      assert.deepStrictEqual(yield* failedChecks, [])
      assert.strictEqual((yield* lakeContent).rows.length, 15)
    }).pipe(Effect.provide(temporaryStore))
  )

  for (const [how, first, then, good, bad] of [
    ["replaced", `${orders(0, 5)}no order\n`, orders(0, 5).replaceAll("o-", "p-") + orders(30, 36), 11, 1],
    ["grown", `${orders(0, 5)}no order\n`, `${orders(0, 5)}no order\n${orders(30, 36)}`, 11, 1],
    ["emptied of its last lines", `${orders(0, 5)}no order\n`, orders(0, 4), 4, 1],
    ["finished", orders(0, 5) + recordText(5).slice(0, -7), orders(0, 6) + orders(30, 36), 12, 1]
  ] as const) {
    it.live(`and were ${how} after a process died between its two commits, lose nothing`, () =>
      Effect.gen(function* () {
        const folder = yield* folderWith({ "a.ndjson": first })
        const faults = makeFaultyStore(yield* Store)
        faults.failNext("putIfAbsent", "stage/order/_delta_log/00000000000000000001", "Full")
        const died = yield* Effect.exit(ingesting(folder)).pipe(Effect.provideService(Store, Store.of(faults.store)))
        assert.isTrue(Exit.isFailure(died))
        change(folder, "a.ndjson", then)
        yield* ingesting(folder)
        const { rows, deadLetters } = yield* lakeContent
        assert.deepStrictEqual([rows.length, deadLetters.length], [good, bad])
        assert.strictEqual(new Set([...rows, ...deadLetters]).size, good + bad)
        assert.deepStrictEqual(yield* failedChecks, [])
        assert.strictEqual((yield* ingesting(folder)).commits, 0)
      }).pipe(Effect.provide(temporaryStore))
    )
  }

  it.live("and were copied away and back give nothing", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "a.ndjson": orders(0, 10) })
      yield* ingesting(folder)
      copyFileSync(join(folder, "a.ndjson"), join(folder, "_aside"))
      change(folder, "a.ndjson", "")
      assert.strictEqual((yield* ingesting(folder)).commits, 0)
      copyFileSync(join(folder, "_aside"), join(folder, "a.ndjson"))
      assert.strictEqual((yield* ingesting(folder)).commits, 0)
    }).pipe(Effect.provide(temporaryStore))
  )
})
