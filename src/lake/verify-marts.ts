import { Effect, Option } from "effect"
import type { DuckDB } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { count } from "../record/count.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { type Check, check, warning } from "./check.ts"
import { builtOf } from "./marts.ts"
import { totalsOf } from "./rows.ts"
import { findTable } from "./tables.ts"
import type { At } from "./verify-rows.ts"
import { rowsOf } from "./views.ts"

/**
 * What must hold of a mart: it was built to its end, by a build that knew all tables that it read, and its files hold the rows that its log tells.
 * That it is older than what it is made of is a warning.
 *
 * @param duckdb counts the rows; null: not all files are there
 */
export const martChecks = (
  mart: At,
  duckdb: DuckDB | null
): Effect.Effect<ReadonlyArray<Check>, TableError | StoreError | LakeError, Store> =>
  Effect.gen(function* () {
    const { table, snapshot } = mart
    const built = builtOf(snapshot)
    if (built === null)
      return [warning(table.path, "was built", "its first build was cut off, so that nobody sees it: build its model again, or remove it")]
    const behind: Array<string> = []
    for (const [path, { id, version }] of Object.entries(built.inputs)) {
      const input = yield* findTable(path)
      const now = Option.isNone(input) ? null : yield* input.value.snapshot
      const told = now === null ? "is gone" : now.metaData.id !== id && id !== "" ? "was made anew" : null
      if (told !== null) behind.push(`${path} ${told}`)
      else if (now !== null && now.version < version)
        return [
          check(
            table.path,
            "was built",
            false,
            `of version ${version} of ${path}, which has ${now.version} only: its last commits were lost`
          )
        ]
      else if (now !== null && now.version > version) behind.push(`${path} is ${count(now.version - version, "version")} newer`)
    }
    const checks = [
      behind.length === 0
        ? check(table.path, "is up to date", true, `of ${count(Object.keys(built.inputs).length, "table")} as they are`)
        : warning(table.path, "is up to date", `${behind.join(", ")}: sluice build makes it anew`)
    ]
    if (duckdb === null) return checks
    const { rows } = totalsOf(snapshot.files.values())
    const [row] = yield* duckdb.rows(`SELECT count(*) AS n FROM (${yield* rowsOf(duckdb, table, snapshot)})`)
    const counted = Number(row?.["n"] ?? 0)
    return [
      ...checks,
      check(
        table.path,
        "rows are those of its log",
        counted === rows,
        `${count(counted, "row")} in the files, ${rows ?? "unknown"} by its log`
      )
    ]
  })
