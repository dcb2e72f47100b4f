import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { leaf } from "../src/record/column.ts"
import { localStore } from "../src/store/local-store.ts"
import { dbt } from "../test/engines/dbt/dbt.ts"
import { build, kindsOf, modelsOfTexts, replaceFiles } from "../test/models/small-lake.ts"
import { type Bench, median } from "./bench.ts"
import { measured } from "./child.ts"

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * Three models with four tests over a shop's orders: `sluice build` against `dbt build` of the same files on the same rows, each a process from its start to its
 * end, in turns, all of it made anew each time. And a model of many rows that lie by day, with a test of its key, of which one row in a hundred is new: what changed against
 * all of it, in this process.
 *
 * What would make it lie: what one keeps from run to run (dbt its parsed project, as people have it; here nothing is kept but the lake), and the disk
 * (both write below one folder).
 */
export const models: Bench = async ({ short, seed, say }, folder) => {
  const rounds = short ? 3 : 5
  const whole = await againstDbt()
  const some = await ofWhatChanged()
  const overDbt = median(whole.theirs.map((seconds, i) => seconds / (whole.ours[i] ?? Number.NaN)))
  const overAll = median(some.all.map((seconds, i) => seconds / (some.changed[i] ?? Number.NaN)))
  return {
    bench: "models",
    title: "models: three with four tests, and one of which one row in a hundred is new",
    seed,
    details: { ...whole, ...some },
    ratios: {},
    targets: [
      { name: "three models, × dbt build", wanted: "≥ 5", found: overDbt, met: overDbt >= 5 },
      { name: "1 % of the rows new, × all of them", wanted: "≥ 10", found: overAll, met: overAll >= 10 }
    ],
    tables: [
      {
        title: "medians",
        columns: ["what", "s", "peak MB"],
        rows: [
          [`sluice build, three models of ${whole.orders} orders, the whole process`, median(whole.ours), median(whole.peaks) / 1e6],
          ["dbt build, the same", median(whole.theirs), null],
          [`all of ${some.rows} rows, in process`, median(some.all), null],
          ["1 % of them new, in process", median(some.changed), null]
        ]
      }
    ],
    plots: [],
    notes: []
  }

  async function againstDbt() {
    const shop = join(folder, "shop")
    const orders = short ? 4000 : 40_000
    const sluice = async (...args: ReadonlyArray<string>) => {
      const ended = await measured([join(root, "src/main.ts"), ...args], folder, {})
      if (ended.code !== 0) throw new Error(`sluice ${args.join(" ")} ended with ${ended.code}: ${ended.stderr}${ended.stdout}`)
      return ended
    }
    for (const [path, text] of Object.entries(shopProject)) {
      mkdirSync(dirname(join(shop, path)), { recursive: true })
      writeFileSync(join(shop, path), text)
    }
    say(`models: ${orders} orders`)
    const at = ["--project", shop, "--lake", join(folder, "lake")]
    await sluice("generate", "--orders", String(orders / 2), "--seed", String(seed % 1_000_000), "--out", join(folder, "raw"))
    await sluice("ingest", "--input", join(folder, "raw"), ...at)
    await sluice("repartition", ...at)
    await sluice("models", "--dbt", ...at)
    const [ours, theirs, peaks]: [Array<number>, Array<number>, Array<number>] = [[], [], []]
    for (let round = -1; round < rounds; round++) {
      const { seconds, peakBytes } = await sluice("build", "--full-refresh", ...at)
      const begun = performance.now()
      await Effect.runPromise(dbt(shop, "build", "--full-refresh"))
      if (round < 0) continue
      ours.push(seconds)
      theirs.push((performance.now() - begun) / 1000)
      peaks.push(peakBytes)
    }
    return { orders, ours, theirs, peaks }
  }

  function ofWhatChanged() {
    const rows = short ? 400_000 : 4_000_000
    const days = 100
    say(`models: ${rows} rows by day`)
    const select = (from: number, to: number, day: number) =>
      `SELECT i AS id, 'shop ' || (i % 80) AS shop, (hash(i + ${seed % 1000}) % 10000)::BIGINT AS v, DATE '2026-01-01' + ${day} AS day FROM range(${from}, ${to}) r(i)`
    const perDay = rows / days
    return Effect.gen(function* () {
      yield* replaceFiles(
        "visits",
        columns,
        [],
        Array.from({ length: days }, (_, day) => select(day * perDay, (day + 1) * perDay, day))
      )
      const [all, changed]: [Array<number>, Array<number>] = [[], []]
      let next = rows
      for (let round = -1; round < rounds; round++) {
        yield* replaceFiles("visits", columns, [], [select(next, next + rows / 100, days + round)])
        next += rows / 100
        const seconds = yield* timed(build(byDay, { fullRefresh: true }))
        yield* replaceFiles("visits", columns, [], [select(next, next + rows / 100, days + round)])
        next += rows / 100
        const fewer = yield* timed(build(byDay))
        if (round < 0) continue
        all.push(seconds)
        changed.push(fewer)
      }
      return { rows, all, changed }
    }).pipe(Effect.provide(localStore(join(folder, "visits"))), Effect.runPromise)
  }
}

/** Seconds that a build takes, which must build something. */
const timed = <E, R>(building: Effect.Effect<Parameters<typeof kindsOf>[0], E, R>): Effect.Effect<number, E, R> =>
  Effect.suspend(() => {
    const begun = performance.now()
    return Effect.map(building, (outcomes) => {
      const kinds = Object.values(kindsOf(outcomes))
      if (kinds.some((kind) => kind !== "built")) throw new Error(`not all was built: ${JSON.stringify(outcomes)}`)
      return (performance.now() - begun) / 1000
    })
  })

const columns = [leaf("id", "long", ""), leaf("shop", "text", ""), leaf("v", "long", ""), leaf("day", "date", "")]

const byDay = modelsOfTexts(
  {
    "models/visits_by_day.sql": `{{ config(materialized='incremental', incremental_strategy='merge', unique_key='id', partition_by=['day']) }}
select id, upper(shop) as shop, v, day from {{ source('consumable', 'visits') }}
{% if is_incremental() %} where id in (select id from {{ source('changes', 'visits') }}) {% endif %}`,
    "models/visits_by_day.yml": "models:\n  - name: visits_by_day\n    columns:\n      - {name: id, data_tests: [not_null]}\n"
  },
  ["visits"]
)

const shopProject = {
  "project.ts": `export { default } from ${JSON.stringify(join(root, "schemas/vtex/project.ts"))}\n`,
  "models/versions_by_day.sql": `{{ config(materialized='table') }}
select change_date, hostname, count(*) as versions, sum(value) as value
from {{ source('consumable', 'checkout') }} group by change_date, hostname`,
  "models/newest.sql": `{{ config(materialized='table') }}
select order_id, hostname, status, value, last_change from (
  select order_id, hostname, status, value, last_change,
    row_number() over (partition by order_id order by last_change desc nulls last, _arrived_at desc nulls last) as place
  from {{ source('consumable', 'checkout') }}
) as ranked where place = 1`,
  "models/hosts.sql": `{{ config(materialized='table') }}
select hostname, count(*) as orders, sum(value) as value from {{ ref('newest') }} group by hostname`,
  "models/schema.yml": `models:
  - name: newest
    columns:
      - {name: order_id, data_tests: [unique, not_null]}
  - name: hosts
    columns:
      - {name: hostname, data_tests: [unique, not_null]}
`
}
