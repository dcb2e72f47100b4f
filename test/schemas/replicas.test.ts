import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { products } from "../../schemas/bright-light/products.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { verify } from "../../src/lake/verify.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { random } from "../repartition/histories.ts"
import { freshFolder, freshStore, rowsOf } from "../repartition/lake.ts"
import { type ReplicaFile, replicaHistory, shuffled } from "./replica-history.ts"
import { ingested, put } from "./taken.ts"

/**
 * Files of a replicated table that come in any order, late, twice and in many runs leave what stands in the database at the end, and what one run over all of
 * them leaves. More histories: `SLUICE_TEST_CDC_HISTORIES=100`.
 */

const asked = process.env["SLUICE_TEST_CDC_HISTORIES"]
/** Without being asked for more: one of which loads say no operation, one of which files have no header, one of which nothing says a time; in each some files are Parquet. */
const seeds = asked === undefined ? [1, 4, 5] : Array.from({ length: Number(asked) }, (_, seed) => seed)
const contract = compileContract(products)
const placed = (folder: string, { name, writtenAt, content }: ReplicaFile): void =>
  put(folder, `production/products/${name}`, content, writtenAt)

const failed = Effect.scoped(
  Effect.gen(function* () {
    const checks = yield* verify([contract], yield* openDuckDB())
    return checks.filter(({ ok }) => !ok).map(({ check, detail }) => `${check}: ${detail}`)
  })
)

const found = Effect.map(rowsOf("SELECT product_id, product_name FROM consumable_products ORDER BY ALL"), (rows) =>
  rows.map((row): readonly [string, string] => {
    const { product_id, product_name } = JSON.parse(row)
    return [product_id, product_name]
  })
)

describe("a table that a database replicates", () => {
  for (const seed of seeds)
    it.live(`is what the database has, however its files come: history ${seed}`, () =>
      Effect.gen(function* () {
        const { files, rows } = replicaHistory(seed)
        const expected = [...rows].sort(([a], [b]) => (a < b ? -1 : 1))
        const folder = yield* freshFolder()
        const next = random(seed + 1000)

        // In order, all at once. A load takes the place of the one before in the folder, as it does where the replication began anew.
        yield* Effect.gen(function* () {
          for (const file of files) {
            placed(join(folder, "sorted"), file)
            if (/LOAD/.test(file.name)) yield* ingested(join(folder, "sorted"), contract)
          }
          yield* ingested(join(folder, "sorted"), contract)
          yield* repartition({ contract })
          assert.deepStrictEqual(yield* found, expected)
          assert.deepStrictEqual(yield* failed, [])
        }).pipe(Effect.provide(freshStore))

        yield* Effect.gen(function* () {
          for (const [i, file] of shuffled([...files, ...files.filter(() => next() < 0.2)], seed).entries()) {
            // Of one name there may be several: each comes as a file of its own, in a run of its own or with others.
            placed(join(folder, "late", `step-${i}`), file)
            if (next() < 0.4) yield* ingested(join(folder, "late"), contract)
            if (next() < 0.2)
              yield* repartition({ contract }).pipe(
                Effect.catchIf(
                  ({ reason }) => reason === "NoStage",
                  () => Effect.void
                )
              )
          }
          yield* ingested(join(folder, "late"), contract)
          yield* repartition({ contract })
          assert.deepStrictEqual(yield* found, expected)
          assert.deepStrictEqual(yield* failed, [])
          assert.strictEqual(yield* ingested(join(folder, "late"), contract), 0)
          assert.strictEqual((yield* repartition({ contract })).kind, "up-to-date")
          // Folded from the start it is the same.
          yield* repartition({ contract, rebuild: true })
          assert.deepStrictEqual(yield* found, expected)
        }).pipe(Effect.provide(freshStore))
      })
    )

  it("of these histories loses keys of which nothing tells but a load", () => {
    const all = seeds.map(replicaHistory)
    assert.isAbove(
      all.reduce((total, { vanished }) => total + vanished, 0),
      0
    )
  })
})
