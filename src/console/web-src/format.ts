/** How values are written. All of it is English, as the pages are. */
import type { AnswerColumn } from "../api.ts"

const locale = "en-US"

/** A value as a number, which may come as text so that nothing of it is lost; null where it is none. */
export const numberOf = (value: unknown): number | null => {
  if (typeof value === "number") return Number.isFinite(value) ? value : null
  if (typeof value !== "string" || value.trim() === "") return null
  const number = Number(value)
  return Number.isFinite(number) ? number : null
}

/** A value as a time; what says no zone is UTC, as tables have it. */
export const timeOf = (value: unknown): Date | null => {
  if (typeof value !== "string") return null
  const text = value.replace(" ", "T")
  const zoned = /(Z|[+-]\d\d(:?\d\d)?)$/.test(text.slice(10))
    ? text.replace(/([+-]\d\d)$/, "$1:00")
    : text.includes("T")
      ? `${text}Z`
      : text
  const time = new Date(zoned)
  return Number.isNaN(time.getTime()) ? null : time
}

const currencyOf = (unit: string | null | undefined): string | null => (/^[A-Z]{3}$/.test(unit ?? "") ? (unit ?? null) : null)

export const integer = (value: number): string => value.toLocaleString(locale, { maximumFractionDigits: 0 })

/** A number with its unit. Short: as on an axis or a card, where 1,234,567 is 1.23M. */
export const amount = (value: number | null, unit?: string | null, short = false): string => {
  if (value === null) return "–"
  const isLarge = Math.abs(value) >= (short ? 10_000 : Number.POSITIVE_INFINITY)
  const digits = isLarge
    ? { notation: "compact" as const, maximumSignificantDigits: 3 }
    : { maximumFractionDigits: Number.isInteger(value) ? 0 : Math.abs(value) >= 1000 && short ? 0 : 2 }
  const currency = currencyOf(unit)
  if (currency !== null) {
    const cents = isLarge ? {} : { minimumFractionDigits: Number.isInteger(value) || (short && Math.abs(value) >= 1000) ? 0 : 2 }
    return value.toLocaleString(locale, { style: "currency", currency, ...digits, ...cents })
  }
  if (unit === "%" || unit === "percent") return `${value.toLocaleString(locale, { maximumFractionDigits: 1 })}%`
  if (unit === "ratio") return value.toLocaleString(locale, { style: "percent", maximumFractionDigits: 1 })
  if (unit === "bytes") return bytes(value)
  const text = value.toLocaleString(locale, digits)
  return unit === null || unit === undefined || unit === "" || short ? text : `${text} ${unit}`
}

/** So many bytes, in units of 1,000. */
export const bytes = (value: number | null): string => {
  if (value === null) return "–"
  const units = ["B", "kB", "MB", "GB", "TB", "PB"]
  const power = value < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3))
  return `${(value / 1000 ** power).toLocaleString(locale, { maximumSignificantDigits: power === 0 ? 20 : 3 })} ${units[power]}`
}

/** How long, in its two largest units. */
export const duration = (milliseconds: number | null): string => {
  if (milliseconds === null) return "–"
  if (milliseconds < 1000) return `${Math.max(0, Math.round(milliseconds))} ms`
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min${seconds < 600 && seconds % 60 > 0 ? ` ${seconds % 60} s` : ""}`
  const hours = Math.floor(seconds / 3600)
  if (hours < 48) return `${hours} h${Math.floor((seconds % 3600) / 60) > 0 ? ` ${Math.floor((seconds % 3600) / 60)} min` : ""}`
  return `${integer(Math.floor(hours / 24))} days`
}

/** A moment, with the zone that it is written in. */
export const moment = (time: Date, zone = "UTC"): string =>
  `${time.toLocaleString(locale, { timeZone: zone, day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" })} ${zone === "UTC" ? "UTC" : zone}`

export const day = (time: Date, zone = "UTC"): string =>
  time.toLocaleDateString(locale, { timeZone: zone, day: "numeric", month: "short", year: "numeric" })

/** A value of a table, as a cell of its column shows it. */
export const cell = (value: unknown, kind: AnswerColumn["type"], unit?: string | null): string => {
  if (value === null || value === undefined) return "–"
  if (kind === "number") {
    const number = numberOf(value)
    // Texts of more digits than a number of JavaScript holds are shown as they are.
    return number === null || (typeof value === "string" && value.replace(/\D/g, "").length > 15) ? String(value) : amount(number, unit)
  }
  if (kind === "date") {
    const time = timeOf(String(value).slice(0, 10))
    return time === null ? String(value) : day(time)
  }
  if (kind === "timestamp") {
    const time = timeOf(value)
    return time === null
      ? String(value)
      : time.toLocaleString(locale, {
          timeZone: "UTC",
          day: "numeric",
          month: "short",
          year: "numeric",
          hour: "2-digit",
          minute: "2-digit",
          hourCycle: "h23"
        })
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}

/** How a number stands to the one before: in a sign, an arrow and a word, so that colour is never all that says it. */
export interface Delta {
  readonly direction: "up" | "down" | "same" | "none"
  readonly arrow: string
  /** With its sign, and in per cent. */
  readonly text: string
  readonly word: string
}

export const delta = (value: number | null, before: number | null): Delta => {
  if (value === null || before === null) return { direction: "none", arrow: "", text: "", word: "nothing to compare with" }
  if (before === 0 && value !== 0)
    return { direction: value > 0 ? "up" : "down", arrow: value > 0 ? "▲" : "▼", text: "", word: "from nothing" }
  const share = before === 0 ? 0 : (value - before) / Math.abs(before)
  if (Math.abs(share) < 0.0005) return { direction: "same", arrow: "■", text: "±0%", word: "the same" }
  const percent = Math.abs(share).toLocaleString(locale, { style: "percent", maximumFractionDigits: Math.abs(share) < 1 ? 1 : 0 })
  return share > 0
    ? { direction: "up", arrow: "▲", text: `+${percent}`, word: "up" }
    : { direction: "down", arrow: "▼", text: `−${percent}`, word: "down" }
}

/** Names of columns and codes as people write them: `spend_by_zip` is Spend by zip. */
export const words = (name: string): string => {
  const text = name.replaceAll(/[_-]+/g, " ").trim()
  return text.charAt(0).toUpperCase() + text.slice(1)
}
