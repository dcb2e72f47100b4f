import { snakeCase } from "../../contract/names.ts"
import type { Fault } from "../fault.ts"
import { isoTime, Line, nothing, partsOf } from "./line.ts"

/** A part of a line by Apache's `LogFormat`: a field, in quotes or not, or a text that stands between two. */
type Part = { readonly text: string } | { readonly field: string; readonly isQuoted: boolean }

/** Fields of directives, as lines of the usual layouts have them, and in words what those lack. */
const names: { readonly [directive: string]: string } = {
  h: "host",
  a: "client_address",
  A: "server_address",
  l: "ident",
  u: "authuser",
  t: "datetime",
  r: "request",
  s: "response",
  b: "bytes",
  B: "bytes",
  I: "bytes_received",
  O: "bytes_sent",
  v: "vhost",
  V: "vhost",
  p: "port",
  P: "process_id",
  D: "duration_micros",
  T: "duration_seconds",
  m: "method",
  U: "path",
  q: "query",
  H: "protocol",
  f: "file_name",
  k: "keepalive_requests",
  X: "connection",
  L: "log_id"
}

/** Fields of directives that name something: `%{Referer}i` is `referer`, `%{visitor}C` is `cookie_visitor`. */
const named: { readonly [directive: string]: (name: string) => string } = {
  i: (name) => ({ referer: "referer", user_agent: "agent" })[snakeCase(name)] ?? `request_${snakeCase(name)}`,
  o: (name) => `response_${snakeCase(name)}`,
  C: (name) => `cookie_${snakeCase(name)}`,
  n: (name) => `note_${snakeCase(name)}`,
  e: (name) => `env_${snakeCase(name)}`,
  a: () => "client_address",
  T: (unit) => (unit === "us" ? "duration_micros" : unit === "ms" ? "duration_millis" : "duration_seconds")
}

/** The parts of a line. A directive that is not known here gives a field that is called as it is written. */
const partsOfFormat = (format: string): ReadonlyArray<Part> => {
  const parts: Array<Part> = []
  let text = ""
  let at = 0
  for (const found of format.matchAll(/%[<>]?(?:!?\d{3}(?:,\d{3})*)?(?:\{([^}]*)\})?([a-zA-Z%])/g)) {
    const [all, name, letter = ""] = found
    text += format.slice(at, found.index)
    at = found.index + all.length
    if (letter === "%") {
      text += "%"
      continue
    }
    const isQuoted = text.endsWith('"') && format[at] === '"'
    // Both quotes are the field's own.
    if (isQuoted) at++
    const before = isQuoted ? text.slice(0, -1) : text
    if (before !== "") parts.push({ text: before })
    parts.push({ field: (name === undefined ? names[letter] : named[letter]?.(name)) ?? all, isQuoted })
    text = ""
  }
  text += format.slice(at)
  return text === "" ? parts : [...parts, { text }]
}

/** Makes what reads lines of a `LogFormat`: of fields by their names, as {@link readLine} gives them. */
export const logFormatReader = (format: string): ((text: string) => ReadonlyMap<string, string | null> | Fault | null) => {
  const parts = partsOfFormat(format)
  return (text) => {
    const line = new Line(text)
    if (line.length === 0) return null
    const fields = new Map<string, string | null>()
    for (const [i, part] of parts.entries()) {
      if ("text" in part) {
        line.expect(part.text)
        continue
      }
      const next = parts[i + 1]
      const value = part.isQuoted
        ? line.quoted()
        : part.field === "datetime"
          ? bracketed(line)
          : next !== undefined && "text" in next
            ? line.before(next.text)
            : line.upToEnd()
      fields.set(part.field, part.field === "datetime" ? isoTime(value) : nothing(value))
    }
    const rest = line.rest()
    if (line.fault !== null) return line.fault
    // Parts of the request, unless the format has them as fields of their own.
    const request = fields.get("request")
    return new Map([...(request === undefined ? [] : Object.entries(partsOf(request))), ...fields, ["rest", rest]])
  }
}

/** A time in its brackets. */
const bracketed = (line: Line): string => {
  line.expect("[")
  const time = line.before("]")
  line.expect("]")
  return time
}
