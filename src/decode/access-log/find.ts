import { isUtf8 } from "node:buffer"
import type { Fields } from "../../contract/field.ts"
import type { AccessLogFormat } from "../../contract/format.ts"
import { months } from "../../contract/time-pattern.ts"
import type { Cells } from "../fields/cells.ts"
import { bytesEnd } from "../fields/line-end.ts"
import { keysByName } from "../fields/names.ts"
import type { FieldFinder } from "../fields/parts.ts"
import type { LogField } from "./line.ts"

/** In the order in which they are read. */
const names: ReadonlyArray<LogField> = [
  ...(["host", "ident", "authuser", "datetime", "request", "method", "path", "query", "protocol"] as const),
  ...(["response", "bytes", "referer", "agent", "rest"] as const)
]

const [space, quote, dash, slash, colon, mark, opening, closing, backslash] = [32, 34, 45, 47, 58, 63, 91, 93, 92] as const

/** Finds the fields of lines of access logs in their bytes. What is escaped is the definition's, and so is what stands behind the last field. */
export class AccessLogFinder implements FieldFinder {
  readonly accepts = isUtf8
  readonly #names: ReadonlyArray<string | null>
  readonly #isCombined: boolean

  constructor({ layout }: AccessLogFormat, fields: Fields) {
    const keyOf = keysByName(fields)
    this.#names = names.map((name) => keyOf(name) ?? null)
    this.#isCombined = layout === "combined"
  }

  names(): ReadonlyArray<string | null> {
    return this.#names
  }

  take(): void {}

  find(cells: Cells, start: number, recordEnd: number): boolean {
    const { bytes } = cells
    const end = bytesEnd(bytes, recordEnd)
    const host = find(bytes, start + 1, end, space)
    const ident = find(bytes, host + 2, end, space)
    // A user with a blank in the name is the definition's.
    const user = find(bytes, ident + 2, end, space)
    if (bytes[user + 1] !== opening) return false
    const time = find(bytes, user + 3, end, closing)
    if (time + 3 >= end || bytes[time + 1] !== space) return false
    addPart(cells, start, host)
    addPart(cells, host + 1, ident)
    addPart(cells, ident + 1, user)
    if (!addTime(cells, user + 2, time)) return false

    const request = quoted(bytes, time + 2, end)
    if (request < 0) return false
    addPart(cells, time + 3, request)
    if (!addRequest(cells, time + 3, request)) return false

    let at = request + 1
    const response = behindNumber(bytes, at, end)
    if (response < 0 || (response - at !== 4 && bytes[at + 1] !== dash)) return false
    addPart(cells, at + 1, response)
    at = behindNumber(bytes, response, end)
    if (at < 0) return false
    addPart(cells, response + 1, at)
    for (let i = 0; i < 2; i++) {
      if (!this.#isCombined) {
        cells.addNull()
        continue
      }
      if (bytes[at] !== space) return false
      const close = quoted(bytes, at + 1, end)
      if (close < 0) return false
      addPart(cells, at + 2, close)
      at = close + 1
    }
    cells.addNull()
    return at === end
  }
}

/** Index of a byte from `at` on, before `end`; `end` where it is not there. */
const find = (bytes: Buffer, at: number, end: number, byte: number): number => {
  let i = at
  while (i < end && bytes[i] !== byte) i++
  return Math.min(i, end)
}

/** Index of the quote that closes the one at `open`; -1: there is none, or something is escaped. */
const quoted = (bytes: Buffer, open: number, end: number): number => {
  if (bytes[open] !== quote) return -1
  for (let i = open + 1; i < end; i++) {
    const c = bytes[i]
    if (c === quote) return i
    if (c === backslash) return -1
  }
  return -1
}

/** Behind a space and digits, or a dash, behind which another space stands or nothing; -1: they are not there. */
const behindNumber = (bytes: Buffer, at: number, end: number): number => {
  if (bytes[at] !== space) return -1
  let i = at + 1
  if (bytes[i] === dash) i++
  else while (i < end && isDigit(bytes[i])) i++
  return i > at + 1 && i <= end && (i === end || bytes[i] === space) ? i : -1
}

const isDigit = (c: number | undefined): boolean => c !== undefined && c >= 48 && c <= 57

const addPart = (cells: Cells, start: number, end: number): void => {
  if (end - start === 1 && cells.bytes[start] === dash) cells.addNull()
  else cells.add(start, end)
}

/** First letters of months, by which they are told apart. */
const codeOf = (bytes: Buffer, at: number): number => ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
const monthsByCode = new Map(months.map((name, i) => [codeOf(Buffer.from(name), 0), i + 1]))

/** Where digits stand in `17/May/2015:10:05:03 +0200`. */
const timeDigits = [0, 1, 7, 8, 9, 10, 12, 13, 15, 16, 18, 19, 22, 23, 24, 25]

/** Adds `17/May/2015:10:05:03 +0200` as `2015-05-17T10:05:03+02:00`. False: it is not in that form. */
const addTime = (cells: Cells, at: number, end: number): boolean => {
  const { bytes } = cells
  if (end - at !== 26 || bytes[at + 2] !== slash || bytes[at + 6] !== slash || bytes[at + 11] !== colon) return false
  if (bytes[at + 14] !== colon || bytes[at + 17] !== colon || bytes[at + 20] !== space) return false
  if (bytes[at + 21] !== 43 && bytes[at + 21] !== dash) return false
  for (const place of timeDigits) if (!isDigit(bytes[at + place])) return false
  const month = monthsByCode.get(codeOf(bytes, at + 3))
  if (month === undefined) return false
  const to = cells.room
  bytes.copy(bytes, to, at + 7, at + 11)
  bytes[to + 4] = dash
  bytes[to + 5] = month > 9 ? 49 : 48
  bytes[to + 6] = 48 + (month % 10)
  bytes[to + 7] = dash
  bytes.copy(bytes, to + 8, at, at + 2)
  bytes[to + 10] = 84
  bytes.copy(bytes, to + 11, at + 12, at + 20)
  bytes.copy(bytes, to + 19, at + 21, at + 24)
  bytes[to + 22] = colon
  bytes.copy(bytes, to + 23, at + 24, at + 26)
  cells.addWritten(to + 25)
  return true
}

/** 1 for each byte that the name of a method may have. */
const ofMethods = new Uint8Array(256)
for (const letter of "!#$%&'*+.^_`|~-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ofMethods[letter.charCodeAt(0)] = 1

/** Adds method, path, query and protocol of a request. False: there is something in it that only the definition knows. */
const addRequest = (cells: Cells, start: number, end: number): boolean => {
  const { bytes } = cells
  let method = end
  let target = end
  let query = -1
  let isForm = end > start
  for (let i = start; i < end; i++) {
    const c = bytes[i] ?? 0
    // Some characters beyond ASCII are blanks, and so are some before the space.
    if (c < space || c > 126) return false
    if (c === space) {
      if (method === end) method = i
      else if (target === end) target = i
      else isForm = false
    } else if (method === end) isForm &&= ofMethods[c] === 1
    else if (c === mark && target === end && query < 0) query = i
  }
  isForm &&= method > start && target > method + 1 && (target === end || isProtocol(bytes, target + 1, end))
  // A lone dash is no request, and has no parts.
  if (!isForm || method === end) for (let i = 0; i < 4; i++) cells.addNull()
  else {
    cells.add(start, method)
    cells.add(method + 1, query < 0 ? target : query)
    if (query < 0) cells.addNull()
    else cells.add(query + 1, target)
    if (target === end) cells.addNull()
    else cells.add(target + 1, end)
  }
  return true
}

/** `HTTP/1.1`, `HTTP/2`. */
const isProtocol = (bytes: Buffer, start: number, end: number): boolean => {
  if (bytes[start] !== 72 || bytes[start + 1] !== 84 || bytes[start + 2] !== 84 || bytes[start + 3] !== 80 || bytes[start + 4] !== slash)
    return false
  let i = start + 5
  while (i < end && isDigit(bytes[i])) i++
  if (i === start + 5) return false
  if (i === end) return true
  if (bytes[i] !== 46 || i + 1 === end) return false
  for (i++; i < end; i++) if (!isDigit(bytes[i])) return false
  return true
}
