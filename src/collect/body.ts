import { isUtf8 } from "node:buffer"
import { brotliDecompress, gunzip, inflate, inflateRaw } from "node:zlib"
import { exactJson, formHit, type Hit, type HitProblem, isWellEscaped, jsonHit, memberOf } from "./hit.ts"
import { remembered } from "./remembered.ts"

/** How a body's bytes are read: what its content type says, and, where that says nothing of use, its first character. */
export type BodyForm = "text" | "json" | "lines"

const forms: { readonly [type: string]: BodyForm } = {
  // What `sendBeacon` sends, and what `curl -d` says of anything.
  "": "text",
  "text/plain": "text",
  "application/x-www-form-urlencoded": "text",
  "application/json": "json",
  "application/x-ndjson": "lines",
  "application/ndjson": "lines",
  "application/jsonl": "lines",
  "application/x-jsonlines": "lines"
}

/** The form that a content type has; null: it is not taken. */
export const bodyForm = (contentType: string | undefined): BodyForm | null => formOf(contentType ?? "")

const formOf = remembered((contentType): BodyForm | null => {
  const [type = "", ...parameters] = contentType.toLowerCase().split(";")
  const name = type.trim()
  const strange = parameters.some((each) => {
    const [, charset] = /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(each) ?? []
    return charset !== undefined && !["utf-8", "utf8", "us-ascii"].includes(charset)
  })
  if (strange) return null
  if (/^application\/[\w.-]+\+json$/.test(name)) return "json"
  return Object.hasOwn(forms, name) ? (forms[name] ?? null) : null
})

export type Encoding = "identity" | "gzip" | "deflate" | "br"
/** The encoding of a body; null: it is not taken. */
export const encodingOf = (contentEncoding: string | undefined): Encoding | null => {
  const name = (contentEncoding ?? "").trim().toLowerCase()
  if (name === "" || name === "identity") return "identity"
  if (name === "x-gzip") return "gzip"
  return name === "gzip" || name === "deflate" || name === "br" ? name : null
}

/**
 * Unpacks a body. What it may come to bounds the output while it is made: a body that would be larger is given up there.
 *
 * @param done is told the bytes, or what is wrong
 */
export const unpack = (
  encoding: Exclude<Encoding, "identity">,
  body: Uint8Array,
  maxOutputLength: number,
  done: (result: Buffer | "unreadable" | "too-large") => void
): void => {
  const told = (error: Error | null, output: Buffer): void =>
    done(error === null ? output : "code" in error && error.code === "ERR_BUFFER_TOO_LARGE" ? "too-large" : "unreadable")
  const options = { maxOutputLength }
  if (encoding === "gzip") gunzip(body, options, told)
  else if (encoding === "br") brotliDecompress(body, options, told)
  else if (isZlib(body)) inflate(body, options, told)
  // Without the header of zlib it comes from senders that took the name at its word.
  else inflateRaw(body, options, told)
}

const isZlib = ([first = 0, second = 0]: Uint8Array): boolean => (first & 15) === 8 && (first * 256 + second) % 31 === 0

/** What a body holds: its hits in order, or why none of it can be read. */
export type BodyHits = ReadonlyArray<Hit | HitProblem> | HitProblem

export interface BodyOptions {
  /** Lines of a form and `{ batch: […] }` are many hits. */
  readonly isBatch: boolean
  readonly keepsUser: boolean
  readonly maxHits: number
}

/** The hits of a body. */
export const hitsIn = (form: BodyForm, body: Buffer, options: BodyOptions): BodyHits => {
  const { keepsUser, maxHits } = options
  // Bytes as they are: a body that is wrong in one line may be right in others.
  const first = body.find((byte) => byte > 32 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf)
  const looksJson = first === 0x7b || first === 0x5b
  if (form === "text" && !looksJson) return eachLine(body, maxHits, (line, isWell) => formHit(line, keepsUser, isWell))
  if (form !== "lines") {
    const text = isUtf8(body) ? textOf(body) : null
    const value = text === null ? undefined : exactJson(text)
    if (value !== undefined) return jsonHits(value, options)
    if (form === "json" || first === 0x5b) return text === null ? "not-utf8" : "not-json"
  }
  return eachLine(body, maxHits, (line) => {
    const value = exactJson(line)
    return value === undefined ? "not-json" : jsonHit(value, keepsUser)
  })
}

const jsonHits = (value: unknown, { isBatch, keepsUser, maxHits }: BodyOptions): BodyHits => {
  const batch = isBatch ? memberOf(value, "batch") : undefined
  const all = Array.isArray(batch) ? batch : Array.isArray(value) ? value : [value]
  if (all.length === 0) return "empty"
  return all.length > maxHits ? "too-many" : all.map((each: unknown) => jsonHit(each, keepsUser))
}

const textOf = (bytes: Buffer): string => {
  const text = bytes.toString("utf8")
  return text.startsWith("\ufeff") ? text.slice(1) : text
}

/** @param read is told whether the line is known to be well escaped */
const eachLine = (body: Buffer, maxHits: number, read: (line: string, isWell: boolean) => Hit | HitProblem): BodyHits => {
  const hits: Array<Hit | HitProblem> = []
  const text = isUtf8(body) ? body.toString("utf8") : null
  const isWell = text !== null && isWellEscaped(text)
  const length = text === null ? body.length : text.length
  for (let from = 0; from < length; ) {
    const found = text === null ? body.indexOf(10, from) : text.indexOf("\n", from)
    const end = found < 0 ? length : found
    // What is trimmed has a mark of the order of bytes, too.
    const line = text === null ? lineOf(body.subarray(from, end)) : text.slice(from, end).trim()
    from = end + 1
    if (line === "") continue
    if (hits.length === maxHits) return "too-many"
    hits.push(line === null ? "not-utf8" : read(line, isWell))
  }
  return hits.length === 0 ? "empty" : hits
}

/** Of a body that is wrong elsewhere. */
const lineOf = (bytes: Buffer): string | null => (isUtf8(bytes) ? bytes.toString("utf8").trim() : null)
