import { isIP } from "node:net"
import { maxLong, minLong, trimmed } from "../../contract/convert.ts"
import { NumberText } from "../../contract/json.ts"
import { epochScales } from "../../contract/reading.ts"
import type { Personal } from "../../contract/sensitive-names.ts"
import { type TimePattern, timePattern } from "../../contract/time-pattern.ts"
import { timestampMicros } from "../../contract/timestamp.ts"
import { utc } from "../../contract/zone.ts"

/** A value that is no object and no list, as a record has it. */
export type Scalar = string | boolean | NumberText

const number = /^-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/
const withComma = /^-?(?:0|[1-9][0-9]*),([0-9]+)$/

const days = [
  "dd/MM/yyyy",
  "MM/dd/yyyy",
  "dd.MM.yyyy",
  "dd-MM-yyyy",
  "MM-dd-yyyy",
  "yyyy/MM/dd",
  "dd-MMM-yyyy",
  "dd MMM yyyy",
  "d/M/yyyy",
  "M/d/yyyy",
  "d.M.yyyy"
]
const times = ["", " HH:mm", " HH:mm:ss", " HH:mm:ss.SSS", " HH:mm:ss.SSSSSS", " H:mm", " h:mm a", " hh:mm:ss a"]
const whole = ["dd/MMM/yyyy:HH:mm:ss xx", "EEE, dd MMM yyyy HH:mm:ss xx", "yyyyMMdd", "yyyyMMddHHmmss"]

/** Ways of writing times that are looked for beside ISO 8601, those that are likelier first. */
export const patterns: ReadonlyArray<{ readonly pattern: string; readonly form: TimePattern; readonly isDay: boolean }> = [
  ...days.flatMap((day) => times.map((time) => day + time)),
  ...whole
].flatMap((pattern) => {
  const form = timePattern(pattern)
  return typeof form === "string" ? [] : [{ pattern, form, isDay: !/[Hh]/.test(pattern) }]
})

/** Could a text be a time of one of the patterns? */
const likeTime = /^(?:\w{3}, )?\d{1,4}[/.\- ]\w{1,3}[/.\- ]\d{2,4}(?:\D|$)|^(?:19|20)\d{6}(?:\d{6})?$/
/** So many texts are held against all of them; the others against those of which there was one. */
const manyTimes = 100

/** Instants between which epochs are believed to be such: 1990 and 2100, seconds since 1970. */
const epochRange = [631_152_000, 4_102_444_800] as const
const units = Object.keys(epochScales) as ReadonlyArray<keyof typeof epochScales>

const email = /[^\s@<>,;:/"']+@[^\s@<>,;"']+\.\p{L}{2,}/u
const document = /^(?:\d{3}\.\d{3}\.\d{3}-\d{2}|\d{2}\.\d{3}\.\d{3}\/\d{4}-\d{2}|\d{3}-\d{2}-\d{4})$/
const phone = /^\+\d[\d\s().-]{6,18}\d$|^\(\d{2,4}\)\s?\d[\d\s-]{5,12}\d$/
const card = /^[3-6]\d{3}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,7}$/

/** What was seen of the scalars at one place of the records. It keeps no value. */
export class Scalars {
  /** All of them, blank texts and the text `null` included. */
  count = 0
  /** Texts that are nothing where a column is no text. */
  blank = 0
  nullWords = 0
  booleans = 0
  /** Numbers, as such or as text; of these those of JSON, those without a fraction, those that 64 bits do not hold, those with an exponent. */
  numbers = 0
  jsonNumbers = 0
  wholes = 0
  huge = 0
  exponents = 0
  /** The most digits before and behind the point. */
  digits = 0
  scale = 0
  largest = 0
  /** Numbers that are likely instants, by unit. */
  readonly epochs = { epochSeconds: 0, epochMillis: 0, epochMicros: 0 }
  /** Texts with a comma before their fraction, and those of them that may as well have it between thousands. */
  commas = 0
  thousands = 0
  commaScale = 0
  /** Digits that are no number: `007`. */
  codes = 0
  /** ISO 8601, and of these those that are days, those that say no offset. */
  iso = 0
  isoDays = 0
  isoBare = 0
  /** Texts by index of the pattern that reads them. */
  readonly patterns = new Map<number, number>()
  #timesTried = 0
  readonly personal = new Map<Personal, number>()

  add(value: Scalar): void {
    this.count++
    if (typeof value === "boolean") {
      this.booleans++
      return
    }
    const isNumber = value instanceof NumberText
    const text = isNumber ? value.source : trimmed(value)
    if (text === "") this.blank++
    else if (text === "null") this.nullWords++
    else if (text === "true" || text === "false") this.booleans++
    else {
      const found = number.exec(text)
      if (found === null) this.#addText(text)
      else this.#addNumber(text, found[1] ?? "", found[2] !== undefined, isNumber)
    }
  }

  #addNumber(text: string, fraction: string, hasExponent: boolean, isJson: boolean): void {
    this.numbers++
    if (isJson) this.jsonNumbers++
    const behind = fraction.replace(/0+$/, "").length
    const scale = Math.max(0, behind - 1)
    const value = Number(text)
    if (hasExponent) this.exponents++
    else {
      const before = text.replace("-", "").length - fraction.length
      this.digits = Math.max(this.digits, before)
      this.scale = Math.max(this.scale, scale)
      if (scale === 0) this.wholes++
      if (
        before >= 19 &&
        scale === 0 &&
        (BigInt(text.slice(0, text.length - fraction.length)) > maxLong || BigInt(text.slice(0, text.length - fraction.length)) < minLong)
      )
        this.huge++
    }
    this.largest = Math.max(this.largest, Math.abs(value))
    for (const unit of units) {
      const seconds = value * 10 ** (epochScales[unit] - 6)
      if (seconds >= epochRange[0] && seconds <= epochRange[1]) this.epochs[unit]++
    }
    if (!isJson) {
      if (likeTime.test(text)) this.#addTime(text)
      if (card.test(text) && holdsLuhn(text)) this.#addPersonal("a document's number")
    }
  }

  #addText(text: string): void {
    const comma = withComma.exec(text)?.[1]
    if (comma !== undefined) {
      this.commas++
      this.commaScale = Math.max(this.commaScale, comma.length)
      this.digits = Math.max(this.digits, text.length - comma.length - 1)
      if (comma.length === 3) this.thousands++
    } else if (/^\d+$/.test(text)) this.codes++
    const micros = /^\d{4}-/.test(text) ? timestampMicros(text) : null
    if (micros !== null) {
      this.iso++
      if (text.length === 10) this.isoDays++
      else if (!/(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$/.test(text.slice(10))) this.isoBare++
    } else if (likeTime.test(text)) this.#addTime(text)
    if (email.test(text)) this.#addPersonal("an e-mail address")
    else if (document.test(text) || (card.test(text) && holdsLuhn(text))) this.#addPersonal("a document's number")
    else if (isIP(text) !== 0) this.#addPersonal("an IP address")
    else if (phone.test(text)) this.#addPersonal("a phone number")
  }

  #addTime(text: string): void {
    const asked = this.#timesTried++ < manyTimes ? patterns.keys() : this.patterns.keys()
    for (const i of asked) if (patterns[i]?.form.read(text, utc) != null) this.patterns.set(i, (this.patterns.get(i) ?? 0) + 1)
  }

  #addPersonal(what: Personal): void {
    this.personal.set(what, (this.personal.get(what) ?? 0) + 1)
  }
}

/** The sum of digits by which numbers of cards are right. */
const holdsLuhn = (text: string): boolean => {
  const digits = [...text.replace(/\D/g, "")].reverse().map(Number)
  const sum = digits.reduce((total, digit, i) => total + (i % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2), 0)
  return digits.length >= 13 && sum % 10 === 0
}
