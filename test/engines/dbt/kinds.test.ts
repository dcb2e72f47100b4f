import { assert, describe, it } from "@effect/vitest"
import { Effect, References } from "effect"
import { openDuckDB } from "../../../src/duckdb/open.ts"
import { identifier, literal } from "../../../src/duckdb/sql.ts"
import { createMartViews, createViews, selectsInPlace } from "../../../src/lake/views.ts"
import { auditOf } from "../../../src/models/audit.ts"
import { dbtFiles } from "../../../src/models/dbt.ts"
import { readModels } from "../../../src/models/read.ts"
import { variables } from "../../../src/models/render.ts"
import { repartition } from "../../../src/repartition/repartition.ts"
import { viewOfSource } from "../../models/olist-marts.ts"
import { build, kindsOf } from "../../models/small-lake.ts"
import { type Copy, freshFolder, freshStore, ingest, orders } from "../../repartition/lake.ts"
import { databaseOf, dbt, linesOf, resultsIn, writeFiles } from "./dbt.ts"

/** Every kind of table and every kind of test means to dbt what it means here: built by both, whole, then again after more rows. */

const incremental = (config: string) => `{{ config(materialized='incremental', ${config}) }}`
/** The newest change that was there tells which build made a row. */
const columns = "order_id, last_change, change_date, value, (select max(last_change) from {{ ref('changes_seen') }}) as made_of"
const newest = `select order_id, last_change, change_date, value, made_of from (
  select ${columns}, row_number() over (partition by order_id order by last_change desc nulls last) as place
  from {{ ref('changes_seen') }}`

const project = {
  "models/changes_seen.sql": `{{ config(materialized='view') }}
select order_id, last_change, change_date, value from {{ source('consumable', 'order') }}`,
  "models/appended.sql": `${incremental("incremental_strategy='append'")}
select ${columns} from {{ ref('changes_seen') }}
{% if is_incremental() %} where last_change > (select max(last_change) from {{ this }}) {% endif %}`,
  "models/merged.sql": `${incremental("incremental_strategy='merge', unique_key=['order_id']")}
${newest}{% if is_incremental() %} where last_change > (select max(last_change) from {{ this }}) {% endif %}
) as ranked where place = 1`,
  "models/replaced.sql": `${incremental("incremental_strategy='delete+insert', unique_key=['change_date']")}
select ${columns} from {{ ref('changes_seen') }}
{% if is_incremental() %} where change_date >= (select max(change_date) from {{ this }}) {% endif %}`,
  "models/batched.sql": `${incremental("incremental_strategy='microbatch', event_time='last_change', batch_size='day', begin='2026-03-01'")}
select ${columns} from {{ ref('changes_seen') }}`,
  "models/remembered.sql": `{{ config(materialized='history', key=['order_id'], effective='last_change', keep=['value'], replace=['made_of']) }}
select ${columns} from {{ ref('changes_seen') }}`,
  "models/by_day.sql": `{{ config(materialized='table', schema='reports') }}
select change_date, count(*) as changes, cast(sum(value) as decimal(18, 2)) as value from {{ ref('appended') }}
where change_date >= date '{{ var('since', '2026-01-01') }}' group by change_date`,
  "models/kinds.yml": `version: 2
models:
  - name: by_day
    config: { contract: { enforced: true } }
    columns:
      - { name: change_date, data_type: date, data_tests: [unique, not_null] }
      - { name: changes, data_type: bigint, data_tests: [{ range: { arguments: { max: 2 }, config: { severity: warn } } }] }
      - { name: value, data_type: "decimal(18, 2)" }
  - name: appended
    columns:
      - name: order_id
        data_tests:
          - unique: { config: { severity: warn, where: "change_date >= date '2026-03-02'" } }
          - accepted_values: { arguments: { values: [a, b] }, config: { error_if: ">9", warn_if: ">1" } }
          - relationships: { arguments: { to: ref('merged'), field: order_id } }
          - relationships: { arguments: { to: "source('consumable', 'order')", field: email }, config: { severity: warn } }
      - name: last_change
        data_tests:
          - range: { arguments: { min: "2026-03-01", max: "2026-03-03 12:00:00" }, config: { severity: warn } }
      - name: value
        data_tests:
          - not_null: { config: { severity: warn } }
          - accepted_values: { arguments: { values: [10, 20.5], quote: false }, config: { severity: warn } }
    data_tests:
      - expression: { arguments: { expression: "value is null or value > 10" }, config: { severity: warn } }
unit_tests:
  - name: takes_what_is_newer
    model: merged
    overrides: { macros: { is_incremental: true } }
    given:
      - input: this
        rows: [{ order_id: a, last_change: 2026-03-01 10:00:00 }]
      - input: ref('changes_seen')
        rows:
          - { order_id: a, last_change: 2026-03-01 10:00:00, value: 1 }
          - { order_id: a, last_change: 2026-03-02 10:00:00, value: 2 }
    expect:
      rows: [{ order_id: a, value: 2, made_of: 2026-03-02 10:00:00 }]
`,
  "tests/changes_of_no_order.sql": "{{ config(severity='warn') }}\nselect order_id from {{ ref('replaced') }} where order_id = 'd'"
}

const [oldBuild, newBuild] = ["TIMESTAMPTZ '2026-03-03 09:00:00Z'", "TIMESTAMPTZ '2026-03-05 23:00:00Z'"]

/** What each table of them holds after the second build, of `orders`: the rows of the lake, and which build each came to. */
const expected: { readonly [model: string]: string } = {
  changes_seen: "SELECT order_id, last_change, change_date, value FROM orders",
  appended: "SELECT order_id, last_change, change_date, value, came FROM orders",
  merged:
    "SELECT order_id, last_change, change_date, value, came FROM orders QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY last_change DESC) = 1",
  // The last day of those that were there is made again.
  replaced: `SELECT order_id, last_change, change_date, value, if(change_date >= DATE '2026-03-03', ${newBuild}, ${oldBuild}) FROM orders`,
  batched: `SELECT order_id, last_change, change_date, value, if(change_date >= DATE '2026-03-02', ${newBuild}, ${oldBuild}) FROM orders`,
  remembered: `SELECT md5(order_id || '|' || strftime(valid_from, '%Y-%m-%dT%H:%M:%S.%fZ')), order_id, value, ${newBuild}, valid_from,
      lead(valid_from) OVER (PARTITION BY order_id ORDER BY valid_from), row_number() OVER (PARTITION BY order_id ORDER BY valid_from),
      lead(valid_from) OVER (PARTITION BY order_id ORDER BY valid_from) IS NULL, false
    FROM (SELECT order_id, value, if(before IS NULL, TIMESTAMPTZ '1900-01-01 00:00:00Z', last_change) AS valid_from
      FROM (SELECT *, lag(last_change) OVER each AS before, lag(value) OVER each AS old FROM orders WINDOW each AS (PARTITION BY order_id ORDER BY last_change))
      WHERE before IS NULL OR value IS DISTINCT FROM old)
    UNION ALL SELECT md5('-1'), NULL, NULL, NULL, TIMESTAMPTZ '1900-01-01 00:00:00Z', NULL, 0, true, false`,
  by_day: "SELECT change_date, count(*), sum(value) FROM orders GROUP BY change_date"
}

const hour = 3_600_000
const change = (order: string, day: number, at: number, value: bigint | null): Copy => {
  const time = Date.UTC(2026, 2, day) + at * hour
  return { order, lastChange: time, arrivedAt: time, sequence: `${day}${at}`, note: order, values: { value } }
}
const first = [
  change("a", 1, 10, 1000n),
  change("b", 1, 11, 2050n),
  change("a", 2, 10, 1000n),
  change("a", 3, 8, 3000n),
  change("c", 3, 9, null)
]
const second = [
  change("a", 3, 10, 1000n),
  change("c", 3, 11, null),
  change("c", 3, 12, 700n),
  change("d", 4, 0, 1000n),
  change("b", 5, 23, 2050n)
]

describe("a dbt project", () => {
  it.live("has of each kind of table what is here to be, at first and after more rows, and tests find the same", () =>
    Effect.gen(function* () {
      const folder = yield* freshFolder()
      writeFiles(
        folder,
        Object.entries(project).map(([path, text]) => ({ path, text }))
      )
      const read = readModels(folder, { datasets: ["order"] })
      if ("problems" in read) return assert.fail(JSON.stringify(read.problems))
      const { models } = read
      const files = Effect.map(selectsInPlace, (selects) =>
        dbtFiles({ name: "kinds", contracts: [orders], models, catalogName: (path) => path.replaceAll("/", "_"), selects })
      )

      const load = (copies: ReadonlyArray<Copy>) =>
        Effect.gen(function* () {
          yield* ingest(copies)
          yield* repartition({ contract: orders })
          const outcomes = kindsOf(yield* build(models, { contracts: [orders] }))
          assert.deepStrictEqual(outcomes, Object.fromEntries(models.models.map(({ name }) => [name, "built"])))
        })
      yield* load(first)
      writeFiles(folder, yield* files)
      // What is written into the project's folder is no part of its models.
      assert.deepStrictEqual(readModels(folder, { datasets: ["order"] }), read)
      const batches = (from: string, to: string) => ["--event-time-start", from, "--event-time-end", to]
      // dbt asks a model's own table for its columns, to test one that adds to it.
      yield* dbt(folder, "build", "--exclude-resource-type", "unit_test", ...batches("2026-03-01", "2026-03-04"))
      yield* load(second)
      writeFiles(folder, yield* files)
      yield* dbt(folder, "build", ...batches("2026-03-02", "2026-03-06"))

      const db = yield* openDuckDB()
      yield* createMartViews(db, (yield* createViews(db)).marts)
      yield* db.run(`ATTACH ${literal(databaseOf(folder))} AS dbt (READ_ONLY)`)
      yield* db.run(`CREATE VIEW orders AS SELECT *, if(last_change > ${oldBuild}, ${newBuild}, ${oldBuild}) AS came FROM consumable_order`)
      const relation = (model: string) => `dbt.${model === "by_day" ? "reports" : "marts"}.${identifier(model)}`
      const names = models.models.map(({ name }) => name)
      assert.deepStrictEqual(names.toSorted(), Object.keys(expected).sort())
      for (const name of names)
        for (const made of [identifier(name), relation(name)]) {
          const differs = yield* db.rows(
            `(SELECT 'unexpected', * FROM (FROM ${made} EXCEPT ALL (${expected[name]}))) UNION ALL
             (SELECT 'missing', * FROM ((${expected[name]}) EXCEPT ALL FROM ${made}))`
          )
          assert.deepStrictEqual(differs, [], made)
        }

      const audit = auditOf(models, { ref: relation, source: viewOfSource, var: variables(models.vars), sensitive: new Set() })
      const ours = yield* Effect.forEach(models.models, (model) => audit(db, model, () => relation(model.name)))
      const told = resultsIn(folder)
      assert.deepStrictEqual(linesOf(told.filter(({ kind }) => kind === "test")), linesOf(ours.flatMap(({ tests }) => tests)))
      const others = told.flatMap(({ kind, name, status }) => (kind === "test" ? [] : [`${kind} ${name}: ${status}`])).sort()
      assert.deepStrictEqual(others, [...names.map((name) => `model ${name}: success`), "unit_test takes_what_is_newer: pass"].sort())
    }).pipe(Effect.scoped, Effect.provide(freshStore), Effect.provideService(References.MinimumLogLevel, "Error"))
  )
})
