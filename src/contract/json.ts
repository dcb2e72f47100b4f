/**
 * JSON read exactly. `JSON.parse` is fast, but it loses what a contract may ask for: the text of a number (1.50, 9007199254740993), the order
 * of keys that look like integers, and which of two spellings of a key came last. It also does not say where it failed. This reader keeps
 * and tells all of that; it is the definition, and `JSON.parse` is used where nothing of it can matter.
 *
 * Values: null, boolean, string, `NumberText`, array, and `Members` for objects: a map in the order of the keys. Of a repeated key the last
 * value counts, at the key's first place, as in what `JSON.parse` gives.
 */

/** A number as it was written. */
export class NumberText {
  readonly source: string
  constructor(source: string) {
    this.source = source
  }
}

/** The members of an object. */
export class Members extends Map<string, unknown> {
  /** Once a key has come again: the place of each key's last coming among all of them. */
  lastAt: Map<string, number> | undefined
  #comings = 0

  /** Adds a member as it comes. */
  put(key: string, value: unknown): void {
    if (this.lastAt === undefined && this.has(key)) this.lastAt = new Map(Array.from(this.keys(), (known, at) => [known, at]))
    this.lastAt?.set(key, this.#comings)
    this.#comings++
    this.set(key, value)
  }
}

/** Why reading failed. `offset` counts UTF-16 units from the start of the text. */
export interface JsonFault {
  readonly fault: "syntax" | "truncated" | "deep" | "many"
  readonly offset: number
}

export type JsonResult = { readonly value: unknown } | JsonFault

class Stop {
  readonly fault: JsonFault["fault"]
  readonly offset: number
  constructor(fault: JsonFault["fault"], offset: number) {
    this.fault = fault
    this.offset = offset
  }
}

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t"
}

/** Objects and lists in one text, at most: each takes a hundred times its two bytes. */
export const maxContainers = 300_000

/** Reads one JSON text (RFC 8259). Fails with `many` above {@link maxContainers}. @param maxDepth deepest allowed nesting; a document's own braces are depth 1 */
export const readJson = (text: string, maxDepth = 512): JsonResult => {
  let at = 0
  const end = text.length
  let containers = 0

  const fail = (): Stop => new Stop(at >= end ? "truncated" : "syntax", at)
  const blanks = () => {
    for (; at < end; at++) {
      const c = text.charCodeAt(at)
      if (c !== 32 && c !== 10 && c !== 13 && c !== 9) return
    }
  }
  const word = (expected: string): void => {
    for (let i = 0; i < expected.length; i++, at++) if (text.charCodeAt(at) !== expected.charCodeAt(i)) throw fail()
  }
  const string = (): string => {
    at++
    let out = ""
    let from = at
    for (; at < end; at++) {
      const c = text.charCodeAt(at)
      if (c === 34) {
        out += text.slice(from, at++)
        return out
      }
      if (c < 32) throw fail()
      if (c !== 92) continue
      out += text.slice(from, at++)
      const escaped = text.charAt(at)
      if (escaped === "u") {
        let code = 0
        for (let i = 0; i < 4; i++) {
          const digit = hexDigit(text.charCodeAt(++at))
          if (digit < 0) throw fail()
          code = code * 16 + digit
        }
        out += String.fromCharCode(code)
      } else {
        const plain = escapes[escaped]
        if (plain === undefined) throw fail()
        out += plain
      }
      from = at + 1
    }
    throw fail()
  }
  const digits = (): void => {
    const from = at
    for (let c = text.charCodeAt(at); c >= 48 && c <= 57; c = text.charCodeAt(++at));
    if (at === from) throw fail()
  }
  const number = (): NumberText => {
    const from = at
    if (text.charCodeAt(at) === 45) at++
    if (text.charCodeAt(at) === 48) at++
    else digits()
    if (text.charCodeAt(at) === 46) {
      at++
      digits()
    }
    // 0x20 makes E an e.
    if ((text.charCodeAt(at) | 32) === 101) {
      at++
      if (text.charCodeAt(at) === 43 || text.charCodeAt(at) === 45) at++
      digits()
    }
    return new NumberText(text.slice(from, at))
  }
  const value = (depth: number): unknown => {
    blanks()
    const c = text.charCodeAt(at)
    switch (c) {
      case 123:
        return object(depth)
      case 91:
        return array(depth)
      case 34:
        return string()
      case 116:
        word("true")
        return true
      case 102:
        word("false")
        return false
      case 110:
        word("null")
        return null
      default:
        if (c === 45 || (c >= 48 && c <= 57)) return number()
        throw fail()
    }
  }
  const object = (depth: number): Members => {
    if (depth >= maxDepth) throw new Stop("deep", at)
    if (++containers > maxContainers) throw new Stop("many", at)
    const out = new Members()
    at++
    blanks()
    if (text.charCodeAt(at) === 125) {
      at++
      return out
    }
    for (;;) {
      blanks()
      if (text.charCodeAt(at) !== 34) throw fail()
      const key = string()
      blanks()
      if (text.charCodeAt(at) !== 58) throw fail()
      at++
      const member = value(depth + 1)
      out.put(key, member)
      blanks()
      const c = text.charCodeAt(at)
      if (c !== 44 && c !== 125) throw fail()
      at++
      if (c === 125) return out
    }
  }
  const array = (depth: number): Array<unknown> => {
    if (depth >= maxDepth) throw new Stop("deep", at)
    if (++containers > maxContainers) throw new Stop("many", at)
    const out: Array<unknown> = []
    at++
    blanks()
    if (text.charCodeAt(at) === 93) {
      at++
      return out
    }
    for (;;) {
      out.push(value(depth + 1))
      blanks()
      const c = text.charCodeAt(at)
      if (c !== 44 && c !== 93) throw fail()
      at++
      if (c === 93) return out
    }
  }

  try {
    const result = value(0)
    blanks()
    if (at < end) throw fail()
    return { value: result }
  } catch (stop) {
    if (stop instanceof Stop) return { fault: stop.fault, offset: stop.offset }
    throw stop
  }
}

const hexDigit = (c: number): number => (c >= 48 && c <= 57 ? c - 48 : c >= 97 && c <= 102 ? c - 87 : c >= 65 && c <= 70 ? c - 55 : -1)

/** Is it a JSON object, read by `JSON.parse` or by `readJson`? */
export const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof NumberText)

/** Keys and values of an object read by `JSON.parse` or by `readJson`. */
export const members = (value: object): Iterable<readonly [string, unknown]> => (value instanceof Map ? value : Object.entries(value))

/** The compact JSON text of a value; numbers as they were written, lone surrogates as U+FFFD. */
export const compactJson = (value: unknown): string => {
  if (value === null || value === undefined) return "null"
  if (typeof value === "string") return jsonText(value)
  if (value instanceof NumberText) return value.source
  if (typeof value === "number" || typeof value === "boolean") return String(value)
  if (Array.isArray(value)) {
    let out = "["
    for (let i = 0; i < value.length; i++) out += (i === 0 ? "" : ",") + compactJson(value[i])
    return `${out}]`
  }
  if (typeof value !== "object") return "null"
  let out = "{"
  for (const [key, member] of members(value)) out += `${out.length === 1 ? "" : ","}${jsonText(key)}:${compactJson(member)}`
  return `${out}}`
}

/** A JSON string literal that is valid UTF-8: lone surrogates become U+FFFD. */
export const jsonText = (text: string): string => JSON.stringify(text.toWellFormed())
