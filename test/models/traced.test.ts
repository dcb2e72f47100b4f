import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { loadProject } from "../../src/contract/load.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { trace } from "../../src/models/traced.ts"
import { modelsOfTexts } from "./small-lake.ts"

it.live("elements of a list are traced by their own columns, in a document as well, and told as of their list", () =>
  Effect.gen(function* () {
    const { compiled } = yield* Effect.promise(() => loadProject("schemas/vtex"))
    const models = modelsOfTexts(
      {
        "models/parcels.sql": `select l._sequence_number, l._position, l.delivery_channel, l.pickup_store_info.friendly_name as store,
  l.pickup_store_info as info, l.pickup_store_info.address.receiver_name as receiver
from {{ source('elements', 'checkout.shipping_data.logistics_info') }} as l`,
        "models/totals.sql": "select id, sum(value) as value from {{ source('elements', 'checkout.totals') }} group by id"
      },
      ["checkout"]
    )
    const db = yield* openDuckDB({ threads: 1 })
    const traced = yield* trace(db, models, [...compiled.values()])
    assert.deepStrictEqual(
      [...traced.sensitiveIn("parcels")],
      [
        ["info", "hash"],
        ["receiver", "hash"]
      ]
    )
    assert.deepStrictEqual([...traced.sensitiveIn("totals")], [])
    const lists = (model: string) =>
      traced
        .lineageOf(model)
        .columns?.map(({ inputs, output }) => [output, ...new Set(inputs?.map(({ column, relation }) => `${relation}.${column}`))])
    assert.deepStrictEqual(lists("totals"), [
      ["id", "consumable_checkout.totals"],
      ["value", "consumable_checkout.totals"]
    ])
    assert.deepStrictEqual(lists("parcels")?.slice(0, 3), [
      ["_sequence_number", "consumable_checkout._sequence_number"],
      ["_position", "consumable_checkout.shipping_data.logistics_info"],
      ["delivery_channel", "consumable_checkout.shipping_data.logistics_info"]
    ])
  }).pipe(Effect.scoped)
)
