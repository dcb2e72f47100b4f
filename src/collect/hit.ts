import { isUtf8 } from "node:buffer"
import { isOfEnvelope } from "../contract/hit-envelope.ts"
import { compactJson, isObject, members, readJson } from "../contract/json.ts"
import { snakeCase } from "../contract/names.ts"

/** Why a hit cannot be stored. None gets better by sending it again. */
export const hitProblems = {
  "not-utf8": "it is not UTF-8",
  "not-json": "it is not JSON",
  "not-an-object": "it is not an object",
  empty: "it has no parameters",
  "long-name": "the name of a parameter is longer than a name may be",
  "too-large": "it is larger than a hit may be",
  "too-many": "there are more hits than a request may have"
} as const
export type HitProblem = keyof typeof hitProblems
export const hitProblemNames = Object.keys(hitProblems) as ReadonlyArray<HitProblem> // the keys are what it means

/** What a client said: its parameters as one form-encoded line, without those that are not its to say, and what the collector must know of them. */
export interface Hit {
  readonly line: string
  readonly clientId: string | undefined
  readonly userId: string | undefined
  readonly cacheBuster: string | undefined
  readonly messageId: string | undefined
  /** `aip` is there, whatever it says. */
  readonly anonymiseIp: boolean
  /** What it says in place of the headers. */
  readonly userAgent: string | undefined
  readonly userIp: string | undefined
}

type Kind = "plain" | "envelope" | "clientId" | "userId" | "cacheBuster" | "messageId" | "anonymiseIp" | "userAgent" | "userIp"

const known: { readonly [name: string]: Kind } = {
  cid: "clientId",
  client_id: "clientId",
  uid: "userId",
  user_id: "userId",
  z: "cacheBuster",
  cache_buster: "cacheBuster",
  message_id: "messageId",
  aip: "anonymiseIp",
  ua: "userAgent",
  uip: "userIp"
}

const kindOf = (name: string): Kind => {
  if (isOfEnvelope(name)) return "envelope"
  const column = snakeCase(name)
  return Object.hasOwn(known, column) ? (known[column] ?? "plain") : "plain"
}

/** Longest name of a parameter, as it is written. Names are compared in ways whose cost grows with the square of their length. */
const longestName = 256

/** Kinds of names as they are written, each in the place that its characters say: pages send the same ones over and over. */
const kinds: Array<{ readonly name: string; readonly kind: Kind } | undefined> = Array.from({ length: 16_384 }, () => undefined)
const longestRemembered = 64

/** The kind of the name that stands there; nothing is cut out for one that was seen. */
const kindAt = (line: string, from: number, to: number): Kind => {
  const length = to - from
  if (length > longestRemembered) return kindOf(unescaped(line.slice(from, to)))
  let place = length
  for (let at = from; at < to; at++) place = (place * 31 + line.charCodeAt(at)) | 0
  place = (place ^ (place >>> 14)) & (kinds.length - 1)
  const found = kinds[place]
  if (found !== undefined && found.name.length === length && line.startsWith(found.name, from)) return found.kind
  const name = line.slice(from, to)
  const kind = kindOf(unescaped(name))
  // A text of its own: a part of another would keep all of that in memory.
  kinds[place] = { name: Buffer.from(name).toString(), kind }
  return kind
}

class Found {
  clientId: string | undefined
  userId: string | undefined
  cacheBuster: string | undefined
  messageId: string | undefined
  anonymiseIp = false
  userAgent: string | undefined
  userIp: string | undefined

  /** @returns does it stay in the line? */
  take(kind: Kind, value: () => string, keepsUser: boolean): boolean {
    switch (kind) {
      case "plain":
        return true
      case "envelope":
        return false
      case "anonymiseIp":
        this.anonymiseIp = true
        return true
      case "userAgent":
      case "userIp":
        this[kind] = value()
        return false
      case "userId":
        if (!keepsUser) return false
        this.userId = value()
        return true
      default:
        this[kind] = value()
        return true
    }
  }

  hit(line: string): Hit {
    return {
      line,
      clientId: this.clientId || undefined,
      userId: this.userId || undefined,
      cacheBuster: this.cacheBuster || undefined,
      messageId: this.messageId || undefined,
      anonymiseIp: this.anonymiseIp,
      userAgent: this.userAgent || undefined,
      userIp: this.userIp || undefined
    }
  }
}

const escapes = /(?:%[0-9a-fA-F]{2})+/g

/** The value of each character that is a hexadecimal digit. */
const digits = new Int8Array(128).fill(-1)
for (const [value, both] of [..."0123456789abcdef"].entries())
  for (const digit of [both, both.toUpperCase()]) digits[digit.charCodeAt(0)] = value
const digitAt = (line: string, at: number): number => digits[line.charCodeAt(at)] ?? -1

/** Does each sign escape something, and all that is escaped make UTF-8? It takes half the time of {@link isReadable} to say so of what nearly all texts are. */
export const isWellEscaped = (text: string): boolean => {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/** Are escaped bytes UTF-8? A sign that escapes nothing is a character as others are. */
const isReadable = (line: string): boolean => {
  /** Bytes that the character still needs, and between which the next one must be. */
  let needed = 0
  let least = 0x80
  let most = 0xbf
  /** Behind the last escape. */
  let behind = 0
  for (let at = line.indexOf("%"); at >= 0; at = line.indexOf("%", behind)) {
    if (needed > 0 && at > behind) return false
    behind = at + 1
    const high = digitAt(line, at + 1)
    const low = high < 0 ? -1 : digitAt(line, at + 2)
    if (low < 0) {
      if (needed > 0) return false
      continue
    }
    behind = at + 3
    const byte = high * 16 + low
    if (needed > 0) {
      if (byte < least || byte > most) return false
      needed--
      least = 0x80
      most = 0xbf
    } else if (byte >= 0x80) {
      if (byte < 0xc2 || byte > 0xf4) return false
      needed = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
      // Neither longer than need be, nor half of a pair, nor beyond what there is.
      least = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80
      most = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf
    }
  }
  return needed === 0
}

/** A hit of one form-encoded line, as it came. @param keepsUser does the user id stay? @param isWell is the line known to be well escaped? */
export const formHit = (line: string, keepsUser: boolean, isWell = isWellEscaped(line)): Hit | HitProblem => {
  if (!isWell && !isReadable(line)) return "not-utf8"
  const found = new Found()
  let out = ""
  let hasPairs = false
  /** From here on it stays as it is. */
  let from = line.startsWith("?") ? 1 : 0
  /** The next one: looked for once, however many pairs have none. */
  let sign = line.indexOf("=")
  for (let at = from; at < line.length; ) {
    const amp = line.indexOf("&", at)
    const end = amp < 0 ? line.length : amp
    if (sign >= 0 && sign < at) sign = line.indexOf("=", at)
    const hasSign = sign >= 0 && sign < end
    const nameEnd = hasSign ? sign : end
    if (nameEnd - at > longestName) return "long-name"
    if (nameEnd > at) {
      const kind = kindAt(line, at, nameEnd)
      if (kind !== "plain" && !found.take(kind, () => unescaped(line.slice(nameEnd + 1, end)), keepsUser)) {
        out += line.slice(from, at)
        from = end + 1
      } else if (hasSign) hasPairs = true
    }
    at = end + 1
  }
  if (!hasPairs) return "empty"
  const kept = from === 0 ? line : out + line.slice(from)
  let end = kept.length
  while (kept.charCodeAt(end - 1) === 38) end--
  // One at the beginning is left out by who reads the line: behind it would be another name than was looked at.
  return found.hit(kept.startsWith("?") ? `%3F${kept.slice(1, end)}` : kept.slice(0, end))
}

/** A hit that is a value of JSON: its members are parameters, null is none, what is nested becomes its JSON text. */
export const jsonHit = (value: unknown, keepsUser: boolean): Hit | HitProblem => {
  if (!isObject(value)) return "not-an-object"
  const found = new Found()
  let line = ""
  for (const [name, member] of members(value)) {
    if (member === null || name === "") continue
    if (name.length > longestName) return "long-name"
    const text = typeof member === "string" ? member : compactJson(member)
    // Half of a character has no form in UTF-8.
    if (!name.isWellFormed() || !text.isWellFormed()) return "not-utf8"
    if (!found.take(kindOf(name), () => text, keepsUser)) continue
    line += `${line === "" ? "" : "&"}${encodeURIComponent(name)}=${encodeURIComponent(text)}`
  }
  return line === "" ? "empty" : found.hit(line)
}

/** Deepest nesting of a hit in JSON. */
const maxDepth = 64

/** JSON with its numbers as they are written; undefined: it is none. */
export const exactJson = (text: string): unknown => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (isPlain(value)) return value
  const read = readJson(text, maxDepth)
  return "value" in read ? read.value : undefined
}

/** Does nothing get lost where it is read by `JSON.parse`? Texts and small whole numbers, in objects, in lists of these. */
const isPlain = (value: unknown): boolean => (Array.isArray(value) ? value.every(isPlainObject) : isPlainObject(value))
const isPlainObject = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  Object.values(value).every(
    (member) =>
      member === null ||
      typeof member === "string" ||
      typeof member === "boolean" ||
      (Number.isSafeInteger(member) && !Object.is(member, -0))
  )

/** A member of what {@link exactJson} gives. */
export const memberOf = (value: unknown, name: string): unknown => {
  if (!isObject(value)) return undefined
  for (const [key, member] of members(value)) if (key === name) return member
  return undefined
}

/** As the format `form` reads it. */
export const unescaped = (text: string): string => {
  const spaced = text.replaceAll("+", " ")
  if (!spaced.includes("%")) return spaced
  return spaced.replace(escapes, (run) => {
    const bytes = Buffer.from(run.replaceAll("%", ""), "hex")
    return isUtf8(bytes) ? bytes.toString("utf8") : run
  })
}
