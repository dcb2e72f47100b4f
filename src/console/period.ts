import { instantOf, type Zone } from "../contract/zone.ts"
import { isDay } from "../record/day.ts"
import { type Comparison, type Period, type Preset, presets } from "./api.ts"

/** What a request says of its period. */
export interface AskedPeriod {
  readonly preset: string | null
  readonly from: string | null
  readonly to: string | null
}

/** How far back an earlier period of the same length is. */
type Length =
  | { readonly unit: "days" | "months"; readonly count: number }
  | { readonly unit: "millis"; readonly count: number }
  | { readonly unit: "endless" }

/** A period, in milliseconds since 1970. */
export interface Span {
  readonly from: number
  /** No longer of it. Of one that goes on: now. */
  readonly to: number
  readonly partial: boolean
  readonly length: Length
}

const dayMillis = 86_400_000

/** What the clocks of a zone show at an instant, in milliseconds as if it were UTC; and back. */
const localOf = (at: number, zone: Zone): number => at + zone(Math.floor(at / 1000)) * 1000
const instantAt = (local: number, zone: Zone): number => {
  const seconds = Math.floor(local / 1000)
  return instantOf(seconds, zone) * 1000 + (local - seconds * 1000)
}

const dayOf = (local: number): number => Math.floor(local / dayMillis) * dayMillis
const monthOf = (local: number, months = 0): number => {
  const date = new Date(local)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1)
}

/** The same day and time of an earlier month; of one that is shorter, its end. */
const monthsBefore = (local: number, months: number): number => {
  const start = monthOf(local)
  return Math.min(monthOf(local, -months) + (local - start), monthOf(local, 1 - months))
}

const ofPreset = (
  preset: Exclude<Preset, "custom">,
  local: number
): { readonly from: number; readonly to: number; readonly length: Length } => {
  const today = dayOf(local)
  const tomorrow = today + dayMillis
  const days = (count: number) => ({ from: tomorrow - count * dayMillis, to: tomorrow, length: { unit: "days", count } as const })
  switch (preset) {
    case "today":
      return days(1)
    case "yesterday":
      return { from: today - dayMillis, to: today, length: { unit: "days", count: 1 } }
    case "last-7-days":
      return days(7)
    case "last-30-days":
      return days(30)
    case "month-to-date":
      return { from: monthOf(local), to: monthOf(local, 1), length: { unit: "months", count: 1 } }
    case "last-12-months":
      return { from: monthOf(local, -11), to: monthOf(local, 1), length: { unit: "months", count: 12 } }
    case "all":
      return { from: 0, to: tomorrow, length: { unit: "endless" } }
  }
}

const isPreset = (text: string): text is Preset => presets.some((preset) => preset === text)

/** A date of the zone, or an instant with its own; null: neither. */
const readBound = (text: string, zone: Zone, isEnd: boolean): { readonly at: number; readonly day: number | null } | null => {
  if (isDay(text)) {
    const local = Date.parse(`${text}T00:00:00Z`)
    const day = isEnd ? local + dayMillis : local
    return { at: instantAt(day, zone), day }
  }
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})$/.test(text)) return null
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : { at, day: null }
}

/** The period that is asked for, in a zone; a text says why there is none. @param now milliseconds since 1970 */
export const spanOf = (asked: AskedPeriod, fallback: Preset, zone: Zone, now: number): Span | string => {
  const hasBounds = asked.from !== null || asked.to !== null
  const named = asked.preset ?? (hasBounds ? "custom" : fallback === "custom" ? "last-30-days" : fallback)
  if (!isPreset(named)) return `preset is ${JSON.stringify(named)}: give one of ${presets.join(", ")}`
  if (named !== "custom") {
    const { from, to, length } = ofPreset(named, localOf(now, zone))
    return ended({ from: instantAt(from, zone), to: instantAt(to, zone), length }, now)
  }
  if (asked.from === null || asked.to === null) return "a custom period has a from and a to: give both"
  const from = readBound(asked.from, zone, false)
  const to = readBound(asked.to, zone, true)
  if (from === null) return `from is ${JSON.stringify(asked.from)}: give a date, or an instant with its zone`
  if (to === null) return `to is ${JSON.stringify(asked.to)}: give a date, or an instant with its zone`
  if (to.at <= from.at) return "the period ends before it begins: give a later to"
  const length: Length =
    from.day !== null && to.day !== null
      ? { unit: "days", count: Math.round((to.day - from.day) / dayMillis) }
      : { unit: "millis", count: to.at - from.at }
  return ended({ from: from.at, to: to.at, length }, now)
}

/** What goes on ends now. One that has not begun is what it is. */
const ended = ({ from, to, length }: Omit<Span, "partial">, now: number): Span =>
  to > now && from < now ? { from, to: now, partial: true, length } : { from, to, partial: false, length }

/**
 * The earlier period that one is compared with: as long, by the clocks of the zone, and of one that goes on the same part. Null: there is none.
 */
export const earlierSpan = (span: Span, comparison: Exclude<Comparison, "none">, zone: Zone): Span | null => {
  const { length } = span
  if (length.unit === "endless") return null
  const back = (at: number): number => {
    if (comparison === "year") return instantAt(monthsBefore(localOf(at, zone), 12), zone)
    if (length.unit === "millis") return at - length.count
    const local = localOf(at, zone)
    return instantAt(length.unit === "days" ? local - length.count * dayMillis : monthsBefore(local, length.count), zone)
  }
  return { ...span, from: back(span.from), to: back(span.to) }
}

export const periodOf = ({ from, to, partial }: Span): Period => ({
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
  partial
})

/** Dates of a zone that a period touches: the first, and the one behind the last. */
export const datesOf = ({ from, to }: Pick<Span, "from" | "to">, zone: Zone): { readonly from: string; readonly to: string } => ({
  from: dateText(localOf(from, zone)),
  to: dateText(localOf(to, zone) + dayMillis - 1)
})

const dateText = (local: number): string => new Date(dayOf(local)).toISOString().slice(0, 10)
