import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { compileContract } from "../../src/contract/compile.ts"
import { type ContractDefinition, defineContract, latest } from "../../src/contract/contract.ts"
import { boolean, long, text } from "../../src/contract/field.ts"
import { tombstonesOf } from "../../src/lake/tombstones.ts"
import type { RepartitionEngine } from "../../src/repartition/engine.ts"
import type { JobEngine } from "../../src/repartition/job-place.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { openTable } from "../../src/table/table.ts"
import { random, randomHistory, start, unlikeStage } from "./histories.ts"
import { type Copy, definition, freshStore, ingest, rowsOf, winners } from "./lake.ts"

export const withDeletes: ContractDefinition = {
  ...definition,
  fields: {
    ...definition.fields,
    line: long("Line of the order."),
    revision: long("Counts its changes."),
    stamp: text("Grows with its changes."),
    removed: boolean("Gone?")
  }
}

interface Newest {
  readonly what: string
  readonly table: Parameters<typeof latest>[0]
  readonly same: (copy: Copy) => ReadonlyArray<unknown>
  readonly order: (copy: Copy) => number | string | null
}

const byOrder = ({ order }: Copy) => [order]
const byLine = ({ order, values }: Copy) => [order, values?.["line"]]
const revisionOf = ({ values }: Copy) => (values?.["revision"] == null ? null : Number(values["revision"]))

/** Tables that have the newest row of each key. */
export const newestTables: ReadonlyArray<Newest> = [
  {
    what: "by bucket, of a key of two columns",
    table: { key: ["line", "orderId"], order: "revision", deleted: "removed", by: { bucket: 3 } },
    same: byLine,
    order: revisionOf
  },
  {
    what: "by day of a field that changes",
    table: { key: ["orderId"], order: "revision", deleted: "removed", by: { day: "creationDate" } },
    same: byOrder,
    order: revisionOf
  },
  {
    what: "by hour of the order, the event time",
    table: { key: ["orderId"], order: "lastChange", deleted: "removed", by: { hour: "lastChange" } },
    same: byOrder,
    order: ({ lastChange, creationDate }) => lastChange ?? creationDate ?? null
  },
  {
    what: "all together",
    table: { key: ["orderId"], order: "stamp", deleted: "removed", by: "none" },
    same: byOrder,
    order: ({ values }) => (values?.["stamp"] == null ? null : String(values["stamp"]))
  },
  {
    what: "by bucket, of which none is deleted",
    table: { key: ["orderId"], order: "revision", by: { bucket: 2 } },
    same: byOrder,
    order: revisionOf
  },
  {
    what: "by arrival",
    table: { key: ["orderId"], deleted: "removed", by: "none" },
    same: byOrder,
    order: () => null
  }
]

/** Of a random history, copies that delete and bring back, in an order that is not that of their arrival, some of them twice. */
export const withChanges = (seed: number, history: ReadonlyArray<ReadonlyArray<Copy>>): ReadonlyArray<ReadonlyArray<Copy>> => {
  const next = random(seed)
  const below = (n: number) => Math.floor(next() * n)
  return history.map((copies) =>
    copies.flatMap((copy): ReadonlyArray<Copy> => {
      const values = {
        line: BigInt(below(2)),
        revision: below(8) === 0 ? null : BigInt(below(6)),
        stamp: below(8) === 0 ? null : "b".repeat(below(3)) + below(3),
        removed: [true, true, false, false, null][below(5)] ?? null
      }
      const changed = { ...copy, values }
      return below(6) === 0 ? [changed, { ...changed, sequence: `${copy.sequence}1`, note: `${copy.note} again` }] : [changed]
    })
  )
}

/** How many keys the table remembers as deleted. */
export const remembered = Effect.flatMap(openTable("consumable/order"), ({ snapshot }) =>
  Effect.map(snapshot, (s) => tombstonesOf(s).reduce((total, { rows }) => total + rows, 0))
)

/** Part of the suite of engines: the newest row of each key. @param seeds of random histories; none: nothing is tried */
export const newestSuite = (engine: RepartitionEngine | JobEngine, seeds: ReadonlyArray<number>): void => {
  if (seeds.length === 0) return
  for (const [i, seed] of seeds.entries()) {
    const kind = newestTables[i % newestTables.length]
    if (kind === undefined) continue
    const { what, table, same, order } = kind
    it.live(`folds the newest row of each key, ${what}: step by step as at once, and as the definition says (seed ${seed})`, () =>
      Effect.gen(function* () {
        const contract = compileContract(defineContract({ ...withDeletes, table: latest(table) }))
        const isDeleted = ({ values }: Copy) => table.deleted !== undefined && values?.["removed"] === true
        const seen: Array<Copy> = []
        const rows = rowsOf(`SELECT * FROM consumable_order ORDER BY ALL`)
        for (const copies of withChanges(seed, randomHistory(seed, 5, 12))) {
          yield* ingest(copies, contract)
          seen.push(...copies)
          const outcome = yield* repartition({ contract, engine })
          if (outcome.kind === "repartition") assert.strictEqual(outcome.rowsAdded + outcome.duplicates, copies.length)
          const won = winners(seen, same, order)
          assert.deepStrictEqual(
            (yield* rows).map((row) => JSON.parse(JSON.parse(row).raw).note).sort(),
            won
              .filter((copy) => !isDeleted(copy))
              .map(({ note }) => note)
              .sort()
          )
          assert.strictEqual(yield* remembered, won.filter(isDeleted).length)
        }
        assert.strictEqual(seen.some(isDeleted), table.deleted !== undefined)
        const stepByStep = yield* rows
        const before = yield* remembered
        assert.isAbove(stepByStep.length, 1)
        yield* repartition({ contract, engine, rebuild: true })
        assert.deepStrictEqual(yield* rows, stepByStep)
        assert.strictEqual(yield* remembered, before)
        assert.deepStrictEqual(yield* unlikeStage(contract), [])
      }).pipe(Effect.provide(freshStore))
    )
  }

  it.live("remembers what was deleted, in few files, and says so only when something was", () =>
    Effect.gen(function* () {
      const contract = compileContract(
        defineContract({ ...withDeletes, table: latest({ key: ["orderId"], order: "revision", deleted: "removed", by: { bucket: 2 } }) })
      )
      let sequence = 0
      const take = Effect.fn(function* (order: string, revision: bigint, removed: boolean | null) {
        const note = `${order} ${revision}`
        yield* ingest(
          [{ order, lastChange: start, arrivedAt: start, sequence: `${sequence++}`, note, values: { revision, removed } }],
          contract
        )
        yield* repartition({ contract, engine })
        return yield* rowsOf(`SELECT raw::JSON->>'note' AS note FROM consumable_order ORDER BY note`)
      })
      const { snapshot } = yield* Effect.gen(function* () {
        yield* take("a", 3n, null)
        return yield* openTable("consumable/order")
      })
      assert.deepStrictEqual(yield* take("a", 5n, true), [])
      const deleted = (yield* snapshot).metaData
      // Older, and of the same age but arrived before: neither brings it back.
      assert.deepStrictEqual(yield* take("a", 4n, false), [])
      assert.deepStrictEqual((yield* snapshot).metaData, deleted)
      assert.deepStrictEqual(yield* take("a", 6n, false), ['{"note":"a 6"}'])
      assert.deepStrictEqual(tombstonesOf(yield* snapshot), [])
      for (let i = 0; i < 10; i++) {
        assert.deepStrictEqual(yield* take(`k${i}`, 1n, true), ['{"note":"a 6"}'])
        assert.isAtMost(tombstonesOf(yield* snapshot).length, 8)
      }
      assert.strictEqual(yield* remembered, 10)
      for (let i = 0; i < 10; i += 5) assert.deepStrictEqual(yield* take(`k${i}`, 0n, false), ['{"note":"a 6"}'])
      assert.deepStrictEqual(yield* take("k0", 2n, false), ['{"note":"a 6"}', '{"note":"k0 2"}'])
      assert.strictEqual(yield* remembered, 9)
      assert.deepStrictEqual(yield* unlikeStage(contract), [])
    }).pipe(Effect.provide(freshStore))
  )
}
