import { isUtf8 } from "node:buffer"
import type { UsualLayout } from "../../contract/format.ts"
import { months } from "../../contract/time-pattern.ts"
import { type Fault, fault } from "../fault.ts"
import { textEnd } from "../fields/line-end.ts"
import { byteOffset } from "../locate.ts"

/** What a line says, by the names that the Kinesis Agent has for it as well; `method` to `protocol` are parts of `request`. */
export interface LogLine {
  readonly host: string | null
  readonly ident: string | null
  readonly authuser: string | null
  /** ISO 8601, or the text as it was where it is no time. */
  readonly datetime: string
  readonly request: string | null
  readonly method: string | null
  readonly path: string | null
  readonly query: string | null
  readonly protocol: string | null
  readonly response: string | null
  readonly bytes: string | null
  readonly referer: string | null
  readonly agent: string | null
  /** What stands behind all of it. */
  readonly rest: string | null
}

export type LogField = keyof LogLine

/** Reads a line, which may have its end behind it. Null: a blank one. */
export const readLine = (layout: UsualLayout, text: string): LogLine | Fault | null => {
  const line = new Line(text)
  if (line.length === 0) return null
  const host = line.upTo(" ")
  const ident = line.upTo(" ")
  // Names of users may have blanks.
  const authuser = line.upTo(" [")
  const datetime = line.upTo("] ")
  const request = line.quoted()
  const response = line.matching(/ (\d{3}|-)(?= |$)/y)
  const bytes = line.matching(/ (\d+|-)(?= |$)/y)
  const referer = layout === "combined" ? line.quoted(" ") : "-"
  const agent = layout === "combined" ? line.quoted(" ") : "-"
  const rest = line.rest()
  if (line.fault !== null) return line.fault
  const asked = nothing(request)
  return {
    host: nothing(host),
    ident: nothing(ident),
    authuser: nothing(authuser),
    datetime: isoTime(datetime),
    request: asked,
    ...partsOf(asked),
    response: nothing(response),
    bytes: nothing(bytes),
    referer: nothing(referer),
    agent: nothing(agent),
    rest
  }
}

export const nothing = (text: string): string | null => (text === "-" ? null : text)

/** Takes parts from the front of a line. Where one is not there, it says so in `fault`, and gives empty texts from then on. */
export class Line {
  readonly #text: string
  readonly length: number
  #at = 0
  fault: Fault | null = null

  constructor(text: string) {
    this.length = textEnd(text)
    this.#text = text.slice(0, this.length)
  }

  /** What stands before a mark, which is passed over. Not nothing. (Without a time, it is no line that was cut off, but another one.) */
  upTo(mark: string): string {
    const end = this.#text.indexOf(mark, this.#at + 1)
    if (end < 0) return this.#fail(this.#text[this.#at - 1] === "[" ? this.length : this.#at)
    return this.#take(end, end + mark.length)
  }

  /** Passes over a text, if it is there. */
  expect(text: string): void {
    if (this.fault !== null) return
    if (this.#text.startsWith(text, this.#at)) this.#at += text.length
    else this.#fail(text.startsWith(this.#text.slice(this.#at)) ? this.length : this.#at)
  }

  /** What is left; empty: nothing is. */
  upToEnd(): string {
    return this.#take(this.length, this.length)
  }

  /** What stands before a mark, which stays. It may be nothing. */
  before(mark: string): string {
    const end = this.#text.indexOf(mark, this.#at)
    return end < 0 ? this.#fail(this.length) : this.#take(end, end)
  }

  matching(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const [all, wanted] = pattern.exec(this.#text) ?? []
    if (all === undefined || wanted === undefined) return this.#fail(this.#text.includes(" ", this.#at + 1) ? this.#at : this.length)
    this.#at += all.length
    return wanted
  }

  /** What stands in quotes behind a text, without its escapes. */
  quoted(before = ""): string {
    const open = this.#at + before.length
    if (!this.#text.startsWith(`${before}"`, this.#at)) return this.#fail(this.#at)
    let end = open + 1
    for (; this.#text[end] !== '"'; end++) {
      if (end >= this.length) return this.#fail(this.length, `, and a quote is open since byte ${byteOffset(this.#text, open)}`)
      if (this.#text[end] === "\\") end++
    }
    this.#at = open + 1
    return unescaped(this.#take(end, end + 1))
  }

  rest(): string | null {
    if (this.#at >= this.length) return null
    return this.#text[this.#at] === " " ? this.#text.slice(this.#at + 1) : this.#fail(this.#at)
  }

  #take(end: number, next: number): string {
    const part = this.#text.slice(this.#at, end)
    this.#at = next
    return part
  }

  #fail(at: number, why = ""): string {
    const offset = byteOffset(this.#text, at)
    this.fault ??=
      at >= this.length
        ? fault("truncated", null, `The line ends at byte ${offset} before it is complete${why}.`, offset)
        : fault("not_access_log", null, `Not a line of the access log at byte ${offset}.`, offset)
    this.#at = this.length
    return ""
  }
}

const escapes: Readonly<Record<string, number>> = { '"': 34, "\\": 92, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 }

/** A text as servers quote it, with what they have escaped; as it was written where that is not UTF-8. */
const unescaped = (text: string): string => {
  if (!text.includes("\\")) return text
  const bytes = Buffer.alloc(Buffer.byteLength(text))
  let used = 0
  let at = 0
  for (const match of text.matchAll(/\\(?:x([0-9a-fA-F]{2})|(["\\bfnrtv]))/g)) {
    const [all, digits, letter = ""] = match
    used += bytes.write(text.slice(at, match.index), used)
    bytes[used++] = digits === undefined ? (escapes[letter] ?? 0) : Number.parseInt(digits, 16)
    at = match.index + all.length
  }
  used += bytes.write(text.slice(at), used)
  return isUtf8(bytes.subarray(0, used)) ? bytes.toString("utf8", 0, used) : text
}

/** `17/May/2015:10:05:03 +0000` as `2015-05-17T10:05:03+00:00`. */
export const isoTime = (text: string): string => {
  const [, day, name = "", year, time, hours, minutes] =
    /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})$/.exec(text) ?? []
  const month = months.indexOf(name) + 1
  return day === undefined || month === 0 ? text : `${year}-${String(month).padStart(2, "0")}-${day}T${time}${hours}:${minutes}`
}

/** Parts of a request, where it has the form that HTTP asks for. */
export const partsOf = (request: string | null): Pick<LogLine, "method" | "path" | "query" | "protocol"> => {
  const [, method, target, protocol = null] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+)(?: (HTTP\/\d+(?:\.\d+)?))?$/.exec(request ?? "") ?? []
  if (method === undefined || target === undefined) return { method: null, path: null, query: null, protocol: null }
  const mark = target.indexOf("?")
  return {
    method,
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? null : target.slice(mark + 1),
    protocol
  }
}
