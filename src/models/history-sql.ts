import type { History } from "./model.ts"

const beginning = "timestamp '1900-01-01 00:00:00'"

/**
 * A SELECT that makes of versions of things the rows that say from when to when each held. One text for DuckDB and Spark, both in UTC. The columns:
 * `surrogate_key`, the key, what is kept, what is replaced, then `valid_from` (inclusive), `valid_to` (exclusive; null: still holds), `version_no`
 * from 1, `is_current`, `is_inferred`.
 *
 * - Of versions of one time the last by `order` counts; what still ties is told apart by values, so that no order of the input decides.
 * - A version that differs from the one before in no kept column, null being a value like others, is none.
 * - The first version is open to the left: facts older than the first extraction find it. A version without a time is older than all others.
 * - Inferred versions are gone as soon as there is a real one of their key.
 *
 * It looks at no key but each row's own: made of all rows of some keys, it gives what it gives for them of all rows.
 *
 * @param versions name of a relation with the versions. Names of columns are plain ones, unquoted: engines do not quote alike
 * @param hasUnknown adds the row that facts without a thing point to: key `md5('-1')`, `version_no` 0, all else of it null
 */
export const historySql = (history: History, versions: string, hasUnknown: boolean): string => {
  const { key, effective, order, keep, replace, inferred } = history
  const own = [...key, ...keep, ...replace]
  const byKey = `partition by ${key.join(", ")}`
  const newestFirst = ["h_at", ...new Set([...order, ...keep, ...replace])].map((name) => `${name} desc nulls last`).join(", ")
  const byTime = `over (${byKey} order by h_at asc nulls first)`
  const isInferred = inferred === null ? "false" : `coalesce(${inferred}, false)`
  const changed = keep.map((name, i) => `${name} is distinct from h_before_${i}`)
  const surrogate = `md5(${[...key.map((name) => `coalesce(cast(${name} as string), '')`), isoMicros("valid_from")].join(" || '|' || ")})`
  const unknown = `
union all
select md5('-1'), ${own.map(() => "null, ").join("")}${beginning}, null, 0, true, false`
  return `with h_given as (
  select *, coalesce(${effective}, ${beginning}) as h_at, ${isInferred} as h_inferred from ${versions}
), h_known as (
  select *, bool_or(not h_inferred) over (${byKey}) as h_is_real from h_given
), h_ranked as (
  select *, row_number() over (${[byKey, "h_at"].join(", ")} order by ${newestFirst}) as h_rank${replace
    .map((name, i) => `,\n    first_value(${name}) over (${byKey} order by ${newestFirst}) as h_newest_${i}`)
    .join("")}
  from h_known where not (h_inferred and h_is_real)
), h_ordered as (
  select *, row_number() ${byTime} as h_number${keep.map((name, i) => `, lag(${name}) ${byTime} as h_before_${i}`).join("")}
  from h_ranked where h_rank = 1
), h_cut as (
  select *, case when h_number = 1 then ${beginning} else h_at end as valid_from
  from h_ordered where ${["h_number = 1", ...changed].join(" or ")}
), h_closed as (
  select *, lead(valid_from) over (${byKey} order by valid_from asc nulls first) as valid_to,
    cast(row_number() over (${byKey} order by valid_from asc nulls first) as bigint) as version_no
  from h_cut
)
select ${surrogate} as surrogate_key, ${[...key, ...keep, ...replace.map((name, i) => `h_newest_${i} as ${name}`)].join(", ")},
  valid_from, valid_to, version_no, valid_to is null as is_current, h_inferred as is_inferred
from h_closed${hasUnknown ? unknown : ""}`
}

/** A time as `2026-11-20T01:02:03.000004Z`. Engines print what is behind the second alike but for zeros at its end, and a zone or none. */
const isoMicros = (time: string): string => {
  const text = `cast(${time} as string)`
  const fraction = `rpad(split_part(split_part(${text}, '+', 1), '.', 2), 6, '0')`
  return `replace(left(${text}, 19), ' ', 'T') || '.' || ${fraction} || 'Z'`
}
