import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { maintain } from "../../src/lake/maintain.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { Store } from "../../src/store/store.ts"
import { openTable } from "../../src/table/table.ts"
import { freshStore, ingest, orders } from "../repartition/lake.ts"

const day = 86_400_000

describe("upkeep", () => {
  it.effect("of one table that cannot be read keeps no other from its own, and expires nothing that is still to be taken", () =>
    Effect.gen(function* () {
      const store = yield* Store
      // Objects tell real times.
      const now = Date.now()
      yield* TestClock.setTime(now)
      const more = (n: number) => ingest([{ order: `o${n}`, lastChange: now, arrivedAt: now - day, sequence: `${n}`, note: "" }])
      yield* more(0)
      yield* repartition({ contract: orders })
      const stage = yield* openTable("stage/order")
      const read = yield* stage.snapshot
      const configuration = { ...read.metaData.configuration, "delta.checkpointInterval": "5" }
      const actions = [{ metaData: { ...read.metaData, configuration } }]
      yield* stage.commit({ read, operation: "SET TBLPROPERTIES", parameters: {}, metrics: {}, actions, isBlindAppend: false })
      for (let n = 1; n <= 7; n++) yield* more(n)
      const consumable = yield* openTable("consumable/order")
      const next = `consumable/order/_delta_log/${String((yield* consumable.snapshot).version + 1).padStart(20, "0")}.json`
      const protocol = {
        minReaderVersion: 3,
        minWriterVersion: 7,
        readerFeatures: ["deletionVectors"],
        writerFeatures: ["deletionVectors"]
      }
      yield* store.put(next, new TextEncoder().encode(`${JSON.stringify({ protocol })}\n`))

      yield* TestClock.setTime(now + 30 * day)
      const { message } = yield* Effect.flip(maintain({ onEvent: () => Effect.void }))
      assert.match(message, /consumable\/order.*deletionVectors/)
      assert.strictEqual((yield* stage.snapshot).files.size, 1)
      assert.strictEqual(yield* stage.earliestVersion, 0)

      // Another engine has made it readable again: what came since is there to be taken.
      yield* store.delete([next])
      const taken = yield* repartition({ contract: orders })
      assert.strictEqual(taken.kind === "repartition" && taken.rowsAdded, 7)
    }).pipe(Effect.provide(freshStore))
  )
})
