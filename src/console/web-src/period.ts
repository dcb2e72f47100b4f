/** Words for periods and what they are compared with. What a preset means on a day is the server's to say: its answer names the moments. */
import type { Comparison, Grain, Preset } from "../api.ts"

export const presetWords: Readonly<Record<Preset, string>> = {
  today: "Today",
  yesterday: "Yesterday",
  "last-7-days": "Last 7 days",
  "last-30-days": "Last 30 days",
  "month-to-date": "Month to date",
  "last-12-months": "Last 12 months",
  all: "All time",
  custom: "Custom period"
}

export const comparisonWords: Readonly<Record<Comparison, string>> = {
  previous: "Previous period",
  year: "Same period last year",
  none: "No comparison"
}

export const grainWords: Readonly<Record<Grain, string>> = { minute: "Minute", hour: "Hour", day: "Day", week: "Week", month: "Month" }

/** A word of a list, or what is said otherwise: addresses may say anything. */
export const wordOf = <A extends string>(words: Readonly<Record<A, string>>, said: string | null, otherwise: A): A =>
  keysOf(words).find((word) => word === said) ?? otherwise

export const keysOf = <A extends string>(words: Readonly<Record<A, string>>): ReadonlyArray<A> =>
  Object.keys(words).filter((word): word is A => Object.hasOwn(words, word))

/** The day of a moment in a zone, as an input of dates has it. */
export const dayIn = (moment: Date, zone: string): string =>
  new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(moment)
