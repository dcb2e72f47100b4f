import { Clock, Effect } from "effect"
import type { DuckDB } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import type { TestStatus } from "./audit-result.ts"
import type { Freshness, Input } from "./model.ts"

/** How old an input is. */
export interface FreshnessResult {
  readonly input: Input
  readonly status: TestStatus
  /** Milliseconds from the newest row's time to now, which may be before it; null: there is no row with a time. */
  readonly ageMillis: number | null
  readonly file: string
  readonly line: number
}

/** Looks how old an input's newest row is. Times without a zone are UTC. @param relation what the input is called in this DuckDB */
export const checkFreshness = (db: DuckDB, freshness: Freshness, relation: string): Effect.Effect<FreshnessResult, LakeError> =>
  Effect.gen(function* () {
    const [row] = yield* db.rows(`select epoch_ms(max(cast(${freshness.loadedAt} as timestamptz))) as newest from ${relation}`)
    const newest = row?.["newest"] ?? null
    const ageMillis = newest === null ? null : (yield* Clock.currentTimeMillis) - Number(newest)
    const { input, file, line } = freshness
    return { input, status: freshnessOf(freshness, ageMillis), ageMillis, file, line }
  })

/** As dbt has it: an input without rows is older than any limit. */
export const freshnessOf = (
  { warnAfterMillis, errorAfterMillis }: Pick<Freshness, "warnAfterMillis" | "errorAfterMillis">,
  ageMillis: number | null
): TestStatus => {
  const isBeyond = (limit: number | null) => limit !== null && (ageMillis === null || ageMillis > limit)
  return isBeyond(errorAfterMillis) ? "fail" : isBeyond(warnAfterMillis) ? "warn" : "pass"
}
