import { mkdir, utimes, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope, Stream } from "effect"
import { compact } from "../../src/lake/compact.ts"
import { consumablePath, stagePath } from "../../src/lake/layout.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { filesSource } from "../../src/source/files.ts"
import type { Store } from "../../src/store/store.ts"
import { openTable, readTable } from "../../src/table/table.ts"
import { freshFolder } from "../repartition/lake.ts"
import { plainEngine } from "../simulation/plain-engine.ts"
import { contract, failedChecks, run, temporaryStore, withThreads } from "./support.ts"

const hour = Date.UTC(2026, 10, 20, 7)
const copy = (value: string) => `${JSON.stringify({ orderId: "o1", lastChange: "2026-11-20T08:00:00Z", value })}\n`

/** Files of one hour, and when each was written: seconds after the hour began. */
type Written = readonly [name: string, after: number, content: string]

const write = (input: string, [name, after, content]: Written) =>
  Effect.promise(async () => {
    const path = join(input, "2026/11/20/07", name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content)
    await utimes(path, hour / 1000 + after, hour / 1000 + after)
  })

const read = (input: string, threads: number) =>
  Effect.flatMap(filesSource({ input, format: "auto" }), (source) => run(source, withThreads(threads)))

/** Values of the consumable, which has one version. */
const values = Effect.gen(function* () {
  const rows = yield* Stream.runCollect(readTable(yield* openTable(consumablePath("order"))))
  return rows.map((row) => String(row["value"]))
})

const fold = (rebuild = false) => repartition({ contract, engine: plainEngine, rebuild })
const filler = `${JSON.stringify({ orderId: "other", creationDate: "x" })}\n`.repeat(3)

const histories: ReadonlyArray<readonly [string, ReadonlyArray<Written>]> = [
  [
    "in a file with a later name",
    [
      ["a.ndjson", 900_000, filler + copy("1.00")],
      ["b.ndjson", 900_002, copy("2.00")]
    ]
  ],
  [
    "in a file with an earlier name",
    [
      ["b.ndjson", 900_000, filler + copy("1.00")],
      ["a.ndjson", 900_002, copy("2.00")]
    ]
  ],
  [
    "within the hour",
    [
      ["b.ndjson", 60, filler + copy("1.00")],
      ["a.ndjson", 62, copy("2.00")]
    ]
  ],
  [
    "written in the same second, by name",
    [
      ["a.ndjson", 60, filler + copy("1.00")],
      ["b.ndjson", 60, copy("2.00")]
    ]
  ],
  ["in the same file", [["a.ndjson", 60, copy("1.00") + filler + copy("2.00")]]],
  [
    "between others",
    [
      ["b.ndjson", 60, copy("0.00")],
      ["c.ndjson", 61, filler + copy("1.00")],
      ["a.ndjson", 70, copy("2.00")]
    ]
  ]
]

const step = (input: string, files: ReadonlyArray<Written>, after: Effect.Effect<unknown, unknown, Store>) =>
  Effect.forEach(files, (file) => write(input, file).pipe(Effect.andThen(read(input, 1)), Effect.andThen(after)), { discard: true })

type Way = readonly [string, (input: string, files: ReadonlyArray<Written>) => Effect.Effect<unknown, unknown, Store | Scope.Scope>]

const allAtOnce =
  (threads: number): Way[1] =>
  (input, files) =>
    Effect.andThen(
      Effect.forEach(files, (file) => write(input, file)),
      read(input, threads)
    )

/** Ways to bring the same files into a lake. */
const ways: ReadonlyArray<Way> = [
  ["all at once", allAtOnce(1)],
  ["one by one, folded each time", (input, files) => step(input, files, fold())]
]
const slowWays: ReadonlyArray<Way> = [
  ["all at once, in two threads", allAtOnce(2)],
  [
    "one by one, and compacted",
    (input, files) => Effect.andThen(step(input, files, Effect.void), Effect.flatMap(openTable(stagePath("order")), compact))
  ]
]

describe("of two copies of one version, the one that was written last stands", () => {
  for (const [i, [where, files]] of histories.entries())
    it.live(where, () =>
      Effect.forEach(i === 1 ? [...ways, ...slowWays] : ways, ([way, bring]) =>
        Effect.gen(function* () {
          const input = yield* freshFolder()
          yield* bring(input, files)
          yield* fold()
          assert.deepStrictEqual(yield* values, ["200"], way)
          yield* fold(true)
          assert.deepStrictEqual(yield* values, ["200"], `${way}, rebuilt`)
        }).pipe(Effect.scoped, Effect.provide(temporaryStore))
      )
    )

  it.live("in the hour that the paths name", () =>
    Effect.gen(function* () {
      const input = yield* freshFolder()
      for (const file of histories.flatMap(([, files]) => files)) yield* write(input, file)
      yield* read(input, 1)
      yield* fold()
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.scoped, Effect.provide(temporaryStore))
  )
})
