import { Effect } from "effect"
import type { DuckDB } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { identifier, literal } from "../duckdb/sql.ts"
import { filesSql, type LakeTable, rowsOf } from "../lake/views.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { AddFile } from "../table/actions.ts"
import type { Snapshot } from "../table/snapshot.ts"
import { filesOfKeys } from "./files-of-keys.ts"
import type { Model } from "./model.ts"
import { martSql } from "./relations.ts"

/** What of a mart is replaced by new rows, which are those of the view `sluice_made`. */
export interface Replaced {
  /** Files that go, by path. */
  readonly gone: ReadonlyArray<string>
  /** A SELECT of the rows of these files that stay; null: no file goes. */
  readonly survivors: string | null
  /** A SELECT of all rows that stay. */
  readonly kept: string
}

/** How a mart is gone on with. */
export interface Going {
  /** Gives the new rows. */
  readonly select: string
  /** @param names of the columns, quoted, with commas */
  readonly prepare: (db: DuckDB, before: LakeTable, names: string) => Effect.Effect<Replaced, LakeError | StoreError, Store>
}

/**
 * How a model's mart is gone on with.
 *
 * - `append` adds rows.
 * - `merge` and `delete+insert` replace the rows whose key is among the new ones'; as in SQL, a key that is null is like no other. Where rows of a
 *   dataset whose changes the model reads are gone or others, the rows of keys go of which its whole text gives none any more.
 * - `microbatch` replaces the rows from a time on: the beginning of the batch that its newest row is in, and `lookback` batches before.
 * - `history` replaces the rows of the things that the SELECT gives versions of, and takes those away of which there are no versions any more.
 *
 * @param text of the model, of what changed
 * @param whole its text, of all there is
 * @param hasLost see `Changes`
 */
export const goingOf = (
  db: DuckDB,
  model: Model,
  before: LakeTable,
  text: string,
  whole: string,
  hasLost: boolean
): Effect.Effect<Going, LakeError> =>
  Effect.gen(function* () {
    const { materialization } = model
    const select = martSql(model, text, false)
    if (materialization.kind === "history") {
      const { key } = materialization.history
      const isThing = "o.surrogate_key <> md5('-1')"
      const keys = key.map((name) => `${name}`).join(", ")
      const same = key.map((name) => `o.${name} IS NOT DISTINCT FROM n.${name}`).join(" AND ")
      const touched = `SELECT ${keys} FROM sluice_made UNION (SELECT ${keys} FROM ${identifier(before.view)} o WHERE ${isThing} EXCEPT SELECT ${keys} FROM (${whole}\n))`
      return {
        select,
        prepare: replacing(`${isThing} AND EXISTS (SELECT 1 FROM sluice_touched n WHERE ${same})`, {
          select: touched,
          keys: key,
          isNullLikeNull: true
        })
      }
    }
    if (materialization.kind !== "incremental" || materialization.strategy === "append") return { select, prepare: replacing(null, null) }
    if (materialization.microbatch !== null) {
      const { eventTime, batchSize, lookback, begin } = materialization.microbatch
      const [row] = yield* db.rows(
        `SELECT strftime(greatest(timestamptz ${literal(begin)}, date_trunc(${literal(batchSize)}, coalesce(max(${eventTime})::timestamptz, timestamptz ${literal(begin)})) - interval '${lookback}' ${batchSize}), '%Y-%m-%dT%H:%M:%S.%fZ') AS since FROM ${identifier(before.view)}`
      )
      const since = `timestamptz ${literal(String(row?.["since"]))}`
      return {
        select: `select * from (${select}\n) where ${eventTime} >= ${since}`,
        prepare: replacing(`o.${eventTime} >= ${since}`, null)
      }
    }
    const keys = materialization.uniqueKey
    const same = keys.map((name) => `o.${name} = n.${name}`).join(" AND ")
    const of = keys.join(", ")
    const lost = hasLost ? ` UNION (SELECT ${of} FROM ${identifier(before.view)} EXCEPT SELECT ${of} FROM (${whole}\n))` : ""
    return {
      select,
      prepare: replacing(`EXISTS (SELECT 1 FROM sluice_touched n WHERE ${same})`, {
        select: `SELECT DISTINCT ${of} FROM sluice_made${lost}`,
        keys,
        isNullLikeNull: false
      })
    }
  })

/** Keys whose rows are replaced. */
interface Touched {
  /** A SELECT whose rows are `sluice_touched` in a condition. */
  readonly select: string
  /** Columns that the condition compares with those of the same name, each for itself. */
  readonly keys: ReadonlyArray<string>
  readonly isNullLikeNull: boolean
}

/**
 * @param condition which rows `o` of the mart go; null: none
 * @param touched null: the condition names no keys
 */
const replacing =
  (condition: string | null, touched: Touched | null): Going["prepare"] =>
  (db, before, names) =>
    Effect.gen(function* () {
      const { table, snapshot } = before
      const all = `SELECT ${names} FROM ${identifier(before.view)}`
      if (condition === null) return { gone: [], survivors: null, kept: all }
      if (touched !== null) yield* db.run(`CREATE OR REPLACE TEMP TABLE sluice_touched AS ${touched.select}`)
      const only = (paths: ReadonlyArray<string>): LakeTable => ({
        ...before,
        snapshot: { ...snapshot, files: new Map(paths.flatMap((path) => fileAt(snapshot, path))) }
      })
      const paths = touched === null ? [...snapshot.files.keys()] : yield* filesOfKeys(db, snapshot, touched.keys, touched.isNullLikeNull)
      if (paths.length === 0) return { gone: [], survivors: null, kept: all }
      const found = yield* db.rows(`SELECT DISTINCT sluice_file FROM (${yield* filesSql(db, only(paths))}) o WHERE ${condition}`)
      const numbers = found.map((row) => Number(row["sluice_file"])).sort((a, b) => a - b)
      const gone = numbers.flatMap((i) => paths[i] ?? [])
      if (gone.length === 0) return { gone, survivors: null, kept: all }
      const survivors = `SELECT ${names} FROM (${yield* filesSql(db, only(gone))}) o WHERE NOT coalesce((${condition}), false)`
      const isGone = new Set(gone)
      const others = yield* rowsOf(db, table, only([...snapshot.files.keys()].filter((path) => !isGone.has(path))).snapshot)
      return { gone, survivors, kept: `SELECT ${names} FROM (${others}) UNION ALL ${survivors}` }
    })

const fileAt = ({ files }: Snapshot, path: string): ReadonlyArray<readonly [string, AddFile]> => {
  const file = files.get(path)
  return file === undefined ? [] : [[path, file]]
}
