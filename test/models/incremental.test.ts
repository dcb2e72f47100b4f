import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { DuckDB } from "../../src/duckdb/duckdb.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { leaf } from "../../src/record/column.ts"
import { temporaryStore } from "../ingest/support.ts"
import { dice } from "./made.ts"
import { build, kindsOf, martRows, modelsOfTexts, replaceFiles } from "./small-lake.ts"

/** Random histories of a table for users: what builds make step by step is what one build makes of the end. */
const seeds = Number(process.env["SLUICE_TEST_BUILD_SEEDS"] ?? 3)

const columns = [leaf("id", "long", ""), leaf("shop", "text", ""), leaf("v", "long", ""), leaf("seen_at", "timestamp", "")]

const changes = (dataset: string, column: string) =>
  `{% if is_incremental() %} where ${column} in (select ${column} from {{ source('changes', '${dataset}') }}) {% endif %}`
/** What is null is in no list. */
const nullSafe = "coalesce(shop, '?')"
const config = (text: string) => `{{ config(${text}) }}`
const orders = "{{ source('consumable', 'orders') }}"
const clicks = "{{ source('consumable', 'clicks') }}"

const texts = {
  "models/by_key.sql": `${config("materialized='incremental', incremental_strategy='merge', unique_key='id'")}
    select id, shop, v, seen_at from ${orders} ${changes("orders", "id")}`,
  "models/by_key_in_days.sql": `${config("materialized='incremental', incremental_strategy='merge', unique_key=['id', 'day'], partition_by=['day']")}
    select id, shop, v, cast(seen_at as date) as day from ${clicks} ${changes("clicks", "id")}`,
  "models/by_shop.sql": `${config("materialized='incremental', incremental_strategy='delete+insert', unique_key='shop', partition_by=['shop']")}
    select coalesce(shop, '?') as shop, id, sum(v) over (partition by shop) as total from ${clicks} ${changes("clicks", nullSafe)}`,
  "models/later.sql": `${config("materialized='incremental', incremental_strategy='append'")}
    select id, v, seen_at from ${clicks} {% if is_incremental() %} where id > (select coalesce(max(id), -1) from {{ this }}) {% endif %}`,
  "models/days.sql": `${config("materialized='incremental', incremental_strategy='microbatch', event_time='day', batch_size='day', begin='2026-01-01', lookback=3")}
    select cast(date_trunc('day', seen_at) as timestamp) as day, count(*) as clicks, sum(v) as v from ${clicks} group by 1`,
  "models/versions.sql": `${config("materialized='history', key=['shop'], effective='seen_at', order=['id'], keep=['v']")}
    select shop, seen_at, id, v from ${orders} ${changes("orders", nullSafe)}`,
  "models/versions_of_two.sql": `${config("materialized='history', key=['shop', 'id'], effective='seen_at', order=['v'], keep=['v'], partition_by=['is_current']")}
    select shop, id, seen_at, v from ${clicks} ${changes("clicks", nullSafe)}`,
  "models/on_top.sql": `${config("materialized='table'")} select shop, count(*) as n, max(v) as v from {{ ref('versions') }} group by shop`
}
const models = modelsOfTexts(texts, ["orders", "clicks"])

interface Row {
  readonly id: number
  readonly shop: string | null
  readonly v: number
  readonly day: number
}

const selectOf = (rows: ReadonlyArray<Row>): string =>
  `SELECT * FROM (VALUES ${rows
    .map(
      ({ id, shop, v, day }) =>
        `(${id}::BIGINT, ${shop === null ? "NULL" : `'${shop.replace("'", "''")}'`}::VARCHAR, ${v}::BIGINT, timestamptz '2026-01-01 00:00:00Z' + interval '${day * 24 + (id % 24)}' hour)`
    )
    .join(", ")}) t(id, shop, v, seen_at)`

const shops = ["a", "b", "c'd", "é", null]

/** A table for users whose files hold known rows. */
class Dataset {
  readonly #name: string
  readonly #db: DuckDB
  #files: ReadonlyArray<readonly [path: string, rows: ReadonlyArray<Row>]> = []

  constructor(name: string, db: DuckDB) {
    this.#name = name
    this.#db = db
  }

  get rows(): ReadonlyArray<Row> {
    return this.#files.flatMap(([, rows]) => rows)
  }

  /** Adds files. */
  add(...files: ReadonlyArray<ReadonlyArray<Row>>) {
    return this.#replace(0, files)
  }

  /** Writes the newest files anew, with other rows. */
  rewrite(n: number, change: (rows: ReadonlyArray<Row>) => ReadonlyArray<Row>) {
    const chosen = this.#files.slice(0, n).flatMap(([, rows]) => rows)
    return this.#replace(n, [change(chosen)])
  }

  #replace(n: number, files: ReadonlyArray<ReadonlyArray<Row>>) {
    return Effect.gen({ self: this }, function* () {
      const full = files.filter((rows) => rows.length > 0)
      const gone = this.#files.slice(0, n).map(([path]) => path)
      const paths = yield* replaceFiles(this.#name, columns, gone, full.map(selectOf), this.#db)
      const added = paths.map((path, i) => [path, full[i] ?? []] as const)
      this.#files = [...this.#files.slice(n), ...added]
    })
  }
}

describe("incremental builds", () => {
  for (let seed = 1; seed <= seeds; seed++) {
    it.effect(`come to what one build makes, of random histories (seed ${seed})`, () =>
      Effect.gen(function* () {
        const roll = dice(seed * 7919 + 1)
        const db = yield* openDuckDB({ threads: 1 })
        let [nextId, today] = [0, 0]
        /** `orders` say the newest of each id and may lose some; `clicks` only come, some of them a day late. */
        const click = (): Row => ({ id: nextId++, shop: shops[roll(5)] ?? null, v: roll(4), day: Math.max(0, today - roll(2)) })
        const orders = new Dataset("orders", db)
        const clicks = new Dataset("clicks", db)
        yield* orders.add([])
        yield* clicks.add([])
        for (let step = 0; step < 5; step++) {
          today += roll(2)
          if (roll(3) > 0) yield* clicks.add(...Array.from({ length: 1 + roll(2) }, () => Array.from({ length: 1 + roll(4) }, click)))
          const known = new Set(orders.rows.map(({ id }) => id))
          const fresh = Array.from({ length: roll(4) }, () => roll(30)).filter((id) => !known.has(id))
          yield* orders.add([...new Set(fresh)].map((id) => ({ id, shop: shops[roll(5)] ?? null, v: roll(3), day: roll(6) })))
          if (roll(2) > 0)
            yield* orders.rewrite(1 + roll(2), (rows) => rows.map((row) => (roll(2) > 0 ? { ...row, v: roll(3), day: roll(6) } : row)))
          const isMerged = roll(3) > 0
          if (!isMerged) continue
          const outcomes = yield* build(models, { threads: 1 })
          assert.notInclude(Object.values(kindsOf(outcomes)), "failed", JSON.stringify(outcomes))
        }
        yield* build(models, { threads: 1 })
        if (roll(2) > 0) {
          yield* orders.rewrite(2, (rows) => rows.filter(() => roll(3) > 0))
          yield* build(models, { threads: 1 })
        }
        const names = models.models.map(({ name }) => name)
        const stepwise = yield* martRows(names)
        const again = yield* build(models, { threads: 1 })
        assert.deepStrictEqual(new Set(Object.values(kindsOf(again))), new Set(["unchanged"]))
        yield* build(models, { threads: 1, fullRefresh: true })
        assert.deepStrictEqual(stepwise, yield* martRows(names))
      }).pipe(Effect.scoped, Effect.provide(temporaryStore))
    )
  }
})
