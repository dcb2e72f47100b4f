import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { consumablePath } from "../../src/lake/layout.ts"
import { filesSql, lakeTable } from "../../src/lake/views.ts"
import { filesOfKeys } from "../../src/models/files-of-keys.ts"
import { leaf } from "../../src/record/column.ts"
import { temporaryStore } from "../ingest/support.ts"
import { dice } from "./made.ts"
import { replaceFiles } from "./small-lake.ts"

const columns = [
  leaf("id", "long", ""),
  leaf("name", "text", ""),
  leaf("at", "timestamp", ""),
  leaf("day", "date", ""),
  leaf("v", "double", "")
]

/** Values of each column, in SQL, in their order; texts longer than what a log tells of them, times finer. */
const values: { readonly [column: string]: (i: number) => string } = {
  id: (i) => `${i - 20}::BIGINT`,
  name: (i) => `'${["a", "é", "\u{ffff}", "\u{1f600}"][i % 4]}' || repeat('${["x", "\u{10ffff}"][i % 2]}', ${30 + (i % 3)}) || '${i}'`,
  at: (i) => `timestamptz '2026-01-01 00:00:00Z' + interval '${i * 300}' microsecond`,
  day: (i) => `date '2026-01-01' + ${i}`,
  v: (i) => `${i}::DOUBLE`
}
const sql = (column: string, i: number | null): string => {
  const value = values[column]?.(i ?? 0) ?? "NULL"
  return i === null ? `nullif(${value}, ${value})` : value
}

describe("files of keys", () => {
  it.effect("are all that hold one, and few others", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const roll = dice(17)
        const files = Array.from({ length: 24 }, (_, file) =>
          Array.from({ length: 1 + roll(4) }, () => (roll(8) === 0 ? null : (file % 12) * 4 + roll(5)))
        )
        const row = (i: number | null) => `SELECT ${columns.map(({ name }) => `${sql(name, i)} AS ${name}`).join(", ")}`
        yield* replaceFiles(
          "things",
          columns,
          [],
          files.map((rows) => rows.map(row).join(" UNION ALL "))
        )
        const table = Option.getOrThrow(yield* lakeTable(consumablePath("things")))
        const db = yield* openDuckDB()
        const paths = [...table.snapshot.files.keys()]
        const rows = yield* filesSql(db, table)
        // Other programs cut times off, where ours round the last one up.
        const cut = [...table.snapshot.files].map(([path, file]) => {
          const stats = JSON.parse(file.stats ?? "{}")
          const { at } = stats.maxValues ?? {}
          if (typeof at === "string") stats.maxValues.at = new Date(Date.parse(at) - 1).toISOString()
          return [path, { ...file, stats: JSON.stringify(stats) }] as const
        })
        const snapshot = { ...table.snapshot, files: new Map(cut) }
        let [passed, all] = [0, 0]
        for (let round = 0; round < 40; round++) {
          const isNullLikeNull = roll(2) === 0
          const keys = [["id"], ["name"], ["at"], ["DAY"], ["id", "at"], ["v"], ["nothing"]][round % 7] ?? []
          const compared = keys.filter((key) => key !== "nothing")
          const touched = Array.from({ length: 1 + roll(2) }, () => (roll(6) === 0 ? null : roll(52)))
          const named = keys.map((key) => [key, key.toLowerCase()] as const)
          yield* db.run(
            `CREATE OR REPLACE TEMP TABLE sluice_touched AS ${touched.map((i) => `SELECT ${named.map(([key, name]) => `${sql(name, i)} AS ${key}`).join(", ")}`).join(" UNION ALL ")}`
          )
          const same = compared.map((key) => `o.${key} ${isNullLikeNull ? "IS NOT DISTINCT FROM" : "="} n.${key}`)
          const found = yield* filesOfKeys(db, snapshot, keys, isNullLikeNull)
          const holding = yield* db.rows(
            `SELECT DISTINCT sluice_file AS i FROM (${rows}) o WHERE EXISTS (SELECT 1 FROM sluice_touched n WHERE ${["true", ...same].join(" AND ")})`
          )
          for (const { i } of holding) assert.include(found, paths[Number(i)], `${keys} ${touched} ${isNullLikeNull}`)
          if (keys.some((key) => key === "v" || key === "nothing")) assert.deepStrictEqual(found, paths)
          else if (!isNullLikeNull) {
            passed += paths.length - found.length
            all += paths.length
          }
        }
        assert.isAbove(passed / all, 0.6)
      })
    ).pipe(Effect.provide(temporaryStore))
  )
})
