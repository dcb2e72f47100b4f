import { civilMicros, millisOf } from "./timestamp.ts"
import type { Zone } from "./zone.ts"

/** A form of times that a contract spells out: `dd/MMM/yyyy:HH:mm:ss xx`. */
export interface TimePattern {
  /** Microseconds since 1970, UTC; null: not of the form, or no such time. @param zone where the form has no offset */
  readonly read: (text: string, zone: Zone) => bigint | null
  /** As close as the form comes. */
  readonly write: (micros: bigint, zone: Zone) => string
}

/** Of January and so on, as many programs write them. */
export const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

/** What stands in a time. */
interface Parts {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly micros: number
  readonly weekday: number
  /** Seconds. */
  readonly offset: number
}

interface Letters {
  /** What it says; null: nothing that counts. */
  readonly part: string | null
  readonly matches: string
  readonly write: (parts: Parts) => string
}

const digits = (part: keyof Parts, most: number, isExact: boolean): Letters => ({
  part,
  matches: isExact ? `\\d{${most}}` : `\\d{1,${most}}`,
  write: (parts) => String(parts[part]).padStart(isExact ? most : 1, "0")
})
const half = (hour: number): number => (hour % 12 === 0 ? 12 : hour % 12)

const known: { readonly [letters: string]: Letters } = {
  yyyy: digits("year", 4, true),
  MM: digits("month", 2, true),
  M: digits("month", 2, false),
  MMM: { part: "name", matches: months.join("|"), write: ({ month }) => months[month - 1] ?? "" },
  dd: digits("day", 2, true),
  d: digits("day", 2, false),
  EEE: { part: null, matches: weekdays.join("|"), write: ({ weekday }) => weekdays[weekday] ?? "" },
  HH: digits("hour", 2, true),
  H: digits("hour", 2, false),
  hh: { ...digits("hour", 2, true), part: "half", write: ({ hour }) => String(half(hour)).padStart(2, "0") },
  h: { ...digits("hour", 2, false), part: "half", write: ({ hour }) => String(half(hour)) },
  a: { part: "noon", matches: "AM|PM", write: ({ hour }) => (hour < 12 ? "AM" : "PM") },
  mm: digits("minute", 2, true),
  ss: digits("second", 2, true)
}

/** The letters that a pattern may have, for people. */
export const patternLetters = `${Object.keys(known).join(", ")}, S to SSSSSS, x, and anything else in 'quotes'`

const offsetLetters: Letters = {
  part: "offset",
  matches: "Z|[+-]\\d{2}(?::?\\d{2})?",
  write: ({ offset }) => {
    const minutes = Math.abs(Math.trunc(offset / 60))
    return `${offset < 0 ? "-" : "+"}${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`
  }
}

const lettersOf = (run: string): Letters | undefined => {
  if (/^[xX]{1,3}$/.test(run)) return offsetLetters
  if (/^S{1,6}$/.test(run))
    return { part: "fraction", matches: `\\d{${run.length}}`, write: ({ micros }) => String(micros).padStart(6, "0").slice(0, run.length) }
  return Object.hasOwn(known, run) ? known[run] : undefined
}

/** Reads a pattern. @returns what is wrong with it, as the end of a sentence, where something is */
export const timePattern = (pattern: string): TimePattern | string => {
  const pieces: Array<Letters | string> = []
  const parts = new Set<string>()
  for (const [piece, quoted, run] of pattern.matchAll(/'([^']*)'|(([A-Za-z])\3*)|./gs)) {
    if (run === undefined) {
      pieces.push(quoted === "" ? "'" : (quoted ?? piece))
      continue
    }
    const letters = lettersOf(run)
    if (letters === undefined) return `has ${JSON.stringify(run)}: it may have ${patternLetters}.`
    const part = letters.part === "name" ? "month" : letters.part
    if (part !== null && parts.has(part)) return `says its ${part} twice.`
    if (part !== null) parts.add(part)
    pieces.push(letters)
  }
  for (const [part, letters] of [
    ["year", "yyyy"],
    ["month", "MM, M or MMM"],
    ["day", "dd or d"]
  ] as const)
    if (!parts.has(part)) return `does not say the ${part}: give ${letters}.`
  if (parts.has("half") !== parts.has("noon")) return "needs a where it has hh, and hh where it has a."
  const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&")
  const source = pieces.map((piece) =>
    typeof piece === "string" ? escaped(piece) : piece.part === null ? `(?:${piece.matches})` : `(?<${piece.part}>${piece.matches})`
  )
  const form = new RegExp(`^${source.join("")}$`, "i")
  return {
    read: (text, zone) => {
      const found = form.exec(text)?.groups
      return found === undefined ? null : microsOf(found, zone)
    },
    write: (micros, zone) => {
      // An offset is written in minutes.
      const told = partsOf(micros, parts.has("offset") ? (seconds) => Math.trunc(zone(seconds) / 60) * 60 : zone)
      return pieces.map((piece) => (typeof piece === "string" ? piece : piece.write(told))).join("")
    }
  }
}

const microsOf = (found: { readonly [part: string]: string | undefined }, zone: Zone): bigint | null => {
  const number = (part: string) => Number(found[part] ?? 0)
  const { name, noon, fraction = "", offset, half } = found
  const month = name === undefined ? number("month") : months.findIndex((each) => each.toLowerCase() === name.toLowerCase()) + 1
  if (half !== undefined && (number("half") < 1 || number("half") > 12)) return null
  const hour = half === undefined ? number("hour") : (number("half") % 12) + (noon?.toUpperCase() === "PM" ? 12 : 0)
  const micros = Number(fraction.padEnd(6, "0"))
  return civilMicros(number("year"), month, number("day"), hour, number("minute"), number("second"), micros, offset ?? zone)
}

const partsOf = (micros: bigint, zone: Zone): Parts => {
  const seconds = Math.floor(millisOf(micros) / 1000)
  const offset = zone(seconds)
  const date = new Date((seconds + offset) * 1000)
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    micros: Number(micros - BigInt(seconds) * 1_000_000n),
    weekday: date.getUTCDay(),
    offset
  }
}
