import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { objectRegistrar } from "../../src/app/register-objects.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { defineContract } from "../../src/contract/contract.ts"
import { handleObjects } from "../../src/firehose/messages.ts"
import { openRegistrar } from "../../src/firehose/register.ts"
import { localStore } from "../../src/store/local-store.ts"
import { openTable } from "../../src/table/table.ts"
import { compiledOrders, definition } from "../contract/orders.ts"
import { settings } from "../decode/support.ts"
import { fixturePage, fixturePath } from "../firehose/fixture-records.ts"
import { linesOf } from "../firehose/structured.ts"
import { writeOneByDuckDB } from "../firehose/written-by-duckdb.ts"
import { freshFolder } from "../repartition/lake.ts"

/** A dataset without hashes: the key of others is nothing to it. */
const { clientProfileData: _profile, geo: _geo, ...fields } = definition.fields
const returns = compileContract(defineContract({ ...definition, name: "returns", fields }))

/** An event of a queue that announces each key by a message of its own. */
const announcing = (...keys: ReadonlyArray<string>) => ({
  Records: keys.map((key) => ({
    messageId: key,
    eventSource: "aws:sqs",
    body: JSON.stringify({
      Records: [
        {
          eventVersion: "2.1",
          eventName: "ObjectCreated:Put",
          eventTime: "2026-11-29T19:00:00Z",
          s3: { bucket: { name: "lake" }, object: { key: encodeURIComponent(key) } }
        }
      ]
    })
  }))
})
const registering = (...keys: ReadonlyArray<string>) => {
  const registrar = objectRegistrar([compiledOrders, returns], settings.hashKey)
  return Effect.map(
    handleObjects(
      announcing(...keys),
      (objects, handling) => registrar.register(objects, () => Effect.void, handling),
      Number.POSITIVE_INFINITY
    ),
    ({ batchItemFailures }) => batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)
  )
}
const filesOf = (dataset: string) =>
  Effect.flatMap(openTable(`stage/${dataset}`), ({ snapshot }) => Effect.map(snapshot, ({ files }) => [...files.keys()]))

describe("objects of more than one dataset", () => {
  it.live("are registered in one stage where that of another cannot be written", () =>
    Effect.flatMap(freshFolder(), (folder) =>
      Effect.gen(function* () {
        const known = fixturePath
        const other = known.replace("fbb01", "fbb02")
        for (const [contract, path] of [
          [compiledOrders, known],
          [compiledOrders, other],
          [returns, other]
        ] as const)
          yield* writeOneByDuckDB(contract, linesOf(contract, fixturePage()), join(folder, `stage/${contract.contract.name}`, path))
        // By another key, so that nobody who has this one may add to it.
        const key = new TextEncoder().encode("another key that is long enough")
        const before = yield* openRegistrar({ contract: compiledOrders, hashing: { key, change: false } })
        yield* before.register([known], () => Effect.void)
        for (let time = 0; time < 2; time++)
          assert.deepStrictEqual(yield* registering(`stage/orders/${other}`, `stage/returns/${other}`), [`stage/orders/${other}`])
        assert.deepStrictEqual(yield* filesOf("returns"), [other])
        assert.deepStrictEqual(yield* filesOf("orders"), [known])
      }).pipe(Effect.provide([localStore(folder), Logger.layer([])]))
    )
  )

  it.live("are a failure where no dataset takes them, but not what lies beside data", () =>
    Effect.flatMap(freshFolder(), (folder) =>
      Effect.gen(function* () {
        const beside = ["_delta_log/00000000000000000000.json", "ingest_date=2026-11-20/ingest_hour=7/part-0.zstd.parquet", "a_$folder$"]
        const unknown = `stage/unknown/${fixturePath}`
        assert.deepStrictEqual(yield* registering(unknown, ...beside.map((path) => `stage/unknown/${path}`)), [unknown])
      }).pipe(Effect.provide([localStore(folder), Logger.layer([])]))
    )
  )
})
