import type { Freshness } from "./api.ts"

const minutesOf: { readonly [unit: string]: number } = { second: 1 / 60, minute: 1, hour: 60, day: 1440, week: 10_080 }

/** Minutes of what a contract says of when new records come: `5 minutes`, `1 hour`. Null: it does not say. */
export const limitOf = (refreshEvery: string | undefined): number | null => {
  const [, count = "", unit = ""] = /^\s*(\d+)\s*(second|minute|hour|day|week)s?\s*$/i.exec(refreshEvery ?? "") ?? []
  const minutes = minutesOf[unit.toLowerCase()]
  return minutes === undefined ? null : Number(count) * minutes
}

/** How old what was committed last is, and whether it may be. @param committedAt ISO 8601 @param now milliseconds since 1970 */
export const freshnessOf = (limitMinutes: number | null, committedAt: string | null, now: number): Freshness => {
  const ageMinutes = committedAt === null ? null : Math.max(0, Math.round((now - Date.parse(committedAt)) / 6_000) / 10)
  const state = limitMinutes === null || ageMinutes === null ? "none" : ageMinutes > limitMinutes ? "late" : "fresh"
  return { limitMinutes, ageMinutes, state }
}
