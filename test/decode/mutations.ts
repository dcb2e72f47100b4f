import { type Random, weighted } from "../../src/record/seeded.ts"
import { blanks, drawKey, drawMembers, drawValue, numbers } from "./odd-values.ts"
import type { Base } from "./record-pool.ts"
import { encodeAt, quoteAt, type Token } from "./tokens.ts"

/** What is put in place of `text[start, end)`. */
interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Changes a value, or the member that it is of. Null: it is not a value for that. */
type Change = (random: Random, base: Base, token: Token) => ReadonlyArray<Edit> | null

/** A record with no, one or some changes. */
export const mutate = (random: Random, base: Base): Buffer => {
  const how = random.below(100)
  if (how < 12) return Buffer.from(base.text)
  const text = how < 88 ? changed(random, base, how < 45 ? 1 : random.between(2, 5)) : base.text
  const bytes = Buffer.from(text)
  return how < 80 ? bytes : damaged(random, bytes, random.between(1, 3))
}

const changed = (random: Random, base: Base, count: number): string => {
  const edits: Array<Edit> = []
  for (let i = 0; i < count; i++) {
    const token = drawToken(random, base)
    if (token === undefined) break
    // Some changes are for some values only.
    for (let tries = 0, made = null; made === null && tries < 5; tries++) {
      made = drawChange(random)(random, base, token)
      if (made !== null) edits.push(...made)
    }
  }
  edits.sort((a, b) => a.start - b.start || a.end - b.end)
  let out = ""
  let at = 0
  for (const { start, end, text } of edits) {
    if (start < at) continue
    out += base.text.slice(at, start) + text
    at = end
  }
  return out + base.text.slice(at)
}

/** The record's own fields come more often than they are among all values. */
const drawToken = (random: Random, { tokens }: Base): Token | undefined => {
  for (let tries = 0; tries < 20 && random.chance(0.35); tries++) {
    const token = tokens[random.below(tokens.length)]
    if (token?.parent === 0 && token.level === 0) return token
  }
  // Without the record itself there is seldom anything else to see.
  return tokens[tokens.length > 1 && random.chance(0.95) ? random.between(1, tokens.length - 1) : 0]
}

const replaced = ({ start, end }: Token, text: string): ReadonlyArray<Edit> => [{ start, end, text }]
const inserted = (at: number, text: string): Edit => ({ start: at, end: at, text })
const sourceOf = (base: Base, token: Token) => base.text.slice(token.start, token.end)

/** A token's JSON as it would stand outside of all strings; null: it is damaged. */
const decoded = (source: string, level: number): string | null => {
  try {
    let text = source
    for (let i = 0; i < level; i++) text = String(JSON.parse(`"${text}"`))
    return text
  } catch {
    return null
  }
}

const otherValue: Change = (random, _, token) => replaced(token, encodeAt(drawValue(random), token.level))

const otherNumber: Change = (random, base, token) => {
  const json = decoded(sourceOf(base, token), token.level)
  if (json === null || !/^"?-?[0-9]/.test(json)) return null
  const isText = json.startsWith('"') !== random.chance(0.3)
  const digits = json.replaceAll('"', "")
  const written = [
    digits,
    `${digits}.0`,
    `${digits}.00`,
    `${digits}e0`,
    `${digits}E+0`,
    `-${digits}`,
    `0${digits}`,
    `${digits}.5`,
    `${digits}0`,
    random.pick(numbers)
  ]
  const number = written[random.below(written.length)] ?? digits
  return replaced(token, encodeAt(isText ? `"${number}"` : number, token.level))
}

/** A value as JSON in a text. */
const asText: Change = (_, base, token) => {
  const json = decoded(sourceOf(base, token), token.level)
  return json === null ? null : replaced(token, encodeAt(JSON.stringify(json), token.level))
}

/** What stands in a text, as a value of its own. */
const asValue: Change = (_, base, token) => {
  if (token.kind !== "string") return null
  const json = decoded(sourceOf(base, token), token.level + 1)
  return json === null ? null : replaced(token, encodeAt(json.replace(/^"|"$/g, ""), token.level))
}

const wrapped: Change = (random, base, token) => {
  const source = sourceOf(base, token)
  const quote = quoteAt(token.level)
  const key = encodeAt(JSON.stringify(drawKey(random)), token.level)
  const ways = [`[${source}]`, `{${key}:${source}}`, `[${source},${source}]`, `[null,${source}]`, `${quote}${source}${quote}`]
  return replaced(token, ways[random.below(ways.length)] ?? source)
}

/** Another value of the record in its place. */
const swapped: Change = (random, base, token) => {
  const other = base.tokens[random.below(base.tokens.length)]
  const json = other === undefined ? null : decoded(sourceOf(base, other), other.level)
  return json === null || json.length > 20_000 ? null : replaced(token, encodeAt(json, token.level))
}

const blankAround: Change = (random, _, token) => {
  const blank = random.pick(blanks)
  const text = encodeAt(blank, random.chance(0.7) ? 0 : token.level)
  const places = [token.start, token.end, token.memberStart, token.keyEnd < 0 ? -1 : token.keyEnd + quoteAt(token.level).length]
  const at = places[random.below(places.length)] ?? -1
  // Inside of a text only spaces are blanks; line feeds stand there as escape sequences.
  const wanted = token.level > 0 && random.chance(0.6) ? (random.chance(0.5) ? " " : encodeAt(blank, token.level)) : text
  return at < 0 ? null : [inserted(at, wanted)]
}

/** Something odd in the content of a string. */
const oddContent: Change = (random, _, token) => {
  if (token.kind !== "string") return null
  const quote = quoteAt(token.level).length
  const from = token.start + quote
  const length = token.end - quote - from
  if (length < 0) return null
  const at = from + random.below(length + 1)
  const pieces = [
    "\\/",
    "\\u00e3",
    "\\u0022",
    "\\u005c",
    "\\ud83d\\ude00",
    "\\ud83d",
    "\\ude00",
    "\\u0000",
    "\\\\u00e3",
    "\\n",
    '\\"',
    "\\\\",
    "ã",
    "😀",
    "\u2028",
    "\u007f",
    "\\u0041",
    "\\x",
    '"',
    "\\",
    "\n",
    "\t"
  ]
  const piece = pieces[random.below(pieces.length)] ?? ""
  // An escape sequence that is of the outermost string, or of the innermost.
  return [inserted(at, encodeAt(piece, random.chance(0.6) ? token.level : random.below(token.level + 1)))]
}

/** A letter of a string's content as an escape sequence. */
const escapedLetter: Change = (random, base, token) => {
  const isKey = token.keyStart >= 0 && random.chance(0.4)
  const quote = quoteAt(token.level).length
  const from = isKey ? token.keyStart : token.start + quote
  const to = isKey ? token.keyEnd : token.end - quote
  if ((!isKey && token.kind !== "string") || to <= from) return null
  const at = from + random.below(to - from)
  const unit = base.text.charCodeAt(at)
  if (unit === 92 || unit === 34) return null
  const hex = unit.toString(16).padStart(4, "0")
  const sequence = `\\u${random.chance(0.5) ? hex : hex.toUpperCase()}`
  return [{ start: at, end: at + 1, text: encodeAt(sequence, random.chance(0.6) ? token.level : random.below(token.level + 1)) }]
}

const respelled = (random: Random, key: string): string => {
  const ways = [
    key.toUpperCase(),
    key.toLowerCase(),
    key.charAt(0).toUpperCase() + key.slice(1),
    key.charAt(0).toLowerCase() + key.slice(1)
  ]
  return ways[random.below(ways.length)] ?? key
}

const otherKey: Change = (random, base, token) => {
  if (token.keyStart < 0) return null
  const key = base.text.slice(token.keyStart, token.keyEnd)
  const text = random.chance(0.5) ? respelled(random, key) : encodeAt(JSON.stringify(drawKey(random)).slice(1, -1), token.level)
  return [{ start: token.keyStart, end: token.keyEnd, text }]
}

/** A key, or a text, in quotation marks of another level. */
const otherQuotes: Change = (random, _, token) => {
  const quote = quoteAt(token.level)
  const text = quoteAt((token.level + random.between(1, 2)) % 3)
  const isKey = token.keyStart >= 0 && random.chance(0.7)
  if (!isKey && token.kind !== "string") return null
  const first = isKey ? token.keyStart - quote.length : token.start
  const last = isKey ? token.keyEnd : token.end - quote.length
  return [
    { start: first, end: first + quote.length, text },
    { start: last, end: last + quote.length, text }
  ]
}

/** The member once more, before itself or behind all others. */
const twice: Change = (random, base, token) => {
  const parent = base.tokens[token.parent]
  if (token.keyStart < 0 || parent === undefined) return null
  const { level, keyStart, keyEnd } = token
  const key = base.text.slice(keyStart, keyEnd)
  const quote = quoteAt(level)
  const value = random.chance(0.5) ? sourceOf(base, token) : encodeAt(drawValue(random), level)
  const member = `${quote}${random.chance(0.6) ? key : respelled(random, key)}${quote}:${value}`
  return [random.chance(0.5) ? inserted(token.memberStart, `${member},`) : inserted(parent.end - 1, `,${member}`)]
}

const removed: Change = (_, base, token) => {
  const start = token.memberStart < 0 ? token.start : token.memberStart
  if (base.text[token.end] === ",") return [{ start, end: token.end + 1, text: "" }]
  return base.text[start - 1] === "," ? [{ start: start - 1, end: token.end, text: "" }] : null
}

/** Two members or elements of one parent in each other's place. */
const exchanged: Change = (random, base, token) => {
  const siblings = base.tokens.filter(({ parent, level }) => parent === token.parent && level === token.level)
  const other = siblings[random.below(siblings.length)]
  if (other === undefined || other === token) return null
  const span = ({ memberStart, start, end }: Token) => ({ start: memberStart < 0 ? start : memberStart, end })
  const [a, b] = [span(token), span(other)]
  return [
    { ...a, text: base.text.slice(b.start, b.end) },
    { ...b, text: base.text.slice(a.start, a.end) }
  ]
}

const moreMembers: Change = (random, base, token) => {
  if (token.memberStart < 0) return null
  const quote = quoteAt(token.level)
  if (random.chance(0.6)) return [inserted(token.memberStart, encodeAt(drawMembers(random), token.level))]
  const value = random.chance(0.7) ? encodeAt(drawValue(random), token.level) : sourceOf(base, token)
  const key = encodeAt(JSON.stringify(drawKey(random)).slice(1, -1), token.level)
  return [inserted(token.memberStart, `${quote}${key}${quote}:${value},`)]
}

const moreElements: Change = (random, base, token) => {
  if (token.kind !== "list" && token.kind !== "object") return null
  const source = sourceOf(base, token)
  if (source.length < 3) return null
  const content = source.slice(1, -1)
  const count = content.length < 200 && random.chance(0.1) ? 300 : 2
  return replaced(token, `${source.charAt(0)}${Array.from({ length: count }, () => content).join()}${source.slice(-1)}`)
}

const drawChange = weighted<Change>([
  [otherValue, 26],
  [otherNumber, 8],
  [asText, 6],
  [asValue, 4],
  [wrapped, 5],
  [swapped, 5],
  [blankAround, 8],
  [oddContent, 8],
  [escapedLetter, 6],
  [otherKey, 6],
  [otherQuotes, 4],
  [twice, 6],
  [removed, 4],
  [exchanged, 4],
  [moreMembers, 6],
  [moreElements, 2]
])

const structural = Buffer.from('"{}[]:,\\u0123456789eE.-+tfn \n\t\r\u0000')
const sequences = [
  [0xff],
  [0xc3],
  [0xa3],
  [0xe2, 0x82],
  [0xed, 0xa0, 0x80],
  [0xf5, 0x80, 0x80, 0x80],
  [0xc0, 0xaf],
  [0xef, 0xbb, 0xbf],
  [0xc3, 0xa3],
  [0]
]

/** Changes on bytes, wherever they fall. */
const damaged = (random: Random, whole: Buffer, count: number): Buffer => {
  let bytes = whole
  for (let i = 0; i < count && bytes.length > 0; i++) {
    const at = random.below(bytes.length)
    const length = 1 + random.below(Math.min(random.chance(0.8) ? 8 : 400, bytes.length - at))
    const before = bytes.subarray(0, at)
    switch (random.below(9)) {
      case 0: {
        bytes = Buffer.from(bytes)
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
        break
      }
      case 1:
      case 2: {
        bytes = Buffer.from(bytes)
        bytes[at] = structural[random.below(structural.length)] ?? 0
        break
      }
      case 3:
        bytes = random.chance(0.4) ? before : Buffer.concat([before, bytes.subarray(at + length)])
        break
      case 4:
        bytes = Buffer.concat([before, bytes.subarray(at, at + length), bytes.subarray(at)])
        break
      case 5: {
        const piece = bytes.subarray(at, at + length)
        const rest = Buffer.concat([before, bytes.subarray(at + length)])
        const to = random.below(rest.length + 1)
        bytes = Buffer.concat([rest.subarray(0, to), piece, rest.subarray(to)])
        break
      }
      case 6:
        bytes = Buffer.concat([before, Buffer.from(sequences[random.below(sequences.length)] ?? []), bytes.subarray(at)])
        break
      case 7: {
        const piece = Buffer.from([structural[random.below(structural.length)] ?? 0])
        bytes = Buffer.concat([before, piece, bytes.subarray(at)])
        break
      }
      default:
        bytes = Buffer.concat([random.chance(0.5) ? Buffer.from([0xef, 0xbb, 0xbf]) : Buffer.from("  "), bytes])
    }
  }
  return bytes
}
