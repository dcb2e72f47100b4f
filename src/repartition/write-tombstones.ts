import { join } from "node:path"
import { Effect } from "effect"
import type { LakeError } from "../duckdb/errors.ts"
import { identifier, literal, parquetFiles, parquetOptions } from "../duckdb/sql.ts"
import { tombstoneFolder } from "../lake/layout.ts"
import { randomUuid } from "../record/random.ts"
import type { StoreError } from "../store/store.ts"
import { deltaSchema } from "../table/schema.ts"
import { type EngineFile, type EnginePlan, mostTombstoneFiles, type TombstoneFile, tombstoneColumns } from "./engine.ts"
import { type EngineRun, numberedOf } from "./engine-run.ts"
import * as sql from "./fold-sql.ts"

/**
 * Writes the keys that new copies take away to a small file, together with what is left of files of which a key has come back, or was deleted anew.
 * Where there would be more of them than are worth reading one by one, all become one.
 *
 * @param files of the plan, tombstones last, as they are numbered
 * @param replaced numbers of files that cannot stay as they are
 * @returns all files of tombstones that there are now
 */
export const writeTombstones = (
  plan: EnginePlan,
  run: EngineRun,
  files: ReadonlyArray<EngineFile>,
  replaced: ReadonlyArray<number>
): Effect.Effect<ReadonlyArray<TombstoneFile>, LakeError | StoreError> =>
  Effect.gen(function* () {
    const { db, store, schema } = run
    yield* db.run(sql.goneSql)
    const holding = (yield* db.rows(sql.goneFilesSql)).map((row) => Number(row["f"]))
    const first = files.length - plan.tombstones.length
    const staying = plan.tombstones.filter((_, i) => !replaced.includes(first + i))
    if (holding.length === 0 && staying.length === plan.tombstones.length) return plan.tombstones
    const kept = staying.length < mostTombstoneFiles ? staying : []
    const merged = plan.tombstones.flatMap((file, i) => (kept.includes(file) ? [] : [first + i]))
    const columns = tombstoneColumns(plan)
    const select = sql.tombstonesSql(
      deltaSchema(columns),
      schema,
      holding.length === 0 ? null : yield* numberedOf(run, files, holding),
      merged.length === 0 ? null : yield* numberedOf(run, files, merged)
    )
    const name = `${yield* randomUuid}.parquet`
    const local = join(db.folder, name)
    const order = plan.identity.key.map(identifier).join(", ")
    yield* db.run(`COPY (${select} ORDER BY ${order}) TO ${literal(local)} (${parquetOptions(100_000)})`)
    const [counted = {}] = yield* db.rows(`SELECT count(*) AS rows FROM ${parquetFiles([local])}`)
    const rows = Number(counted["rows"])
    // All of them have come back.
    if (rows === 0) return kept
    const path = `${tombstoneFolder}/${name}`
    const key = `${plan.tablePath}/${path}`
    const { size } = yield* store.putFile(key, local)
    return [...kept, { key, path, size, rows }]
  })
