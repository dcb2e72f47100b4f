/** A value in the text of a record, or in a document that stands there as text. Positions are in UTF-16 units of the record. */
export interface Token {
  readonly kind: "object" | "list" | "string" | "number" | "word"
  /** How many strings it stands in: 0 in the record itself, 1 in a document that stands as text. */
  readonly level: number
  readonly start: number
  readonly end: number
  /** Where the member that it is the value of begins; -1: it is none. */
  readonly memberStart: number
  /** The member's key without quotation marks; `keyStart` is -1 when there is none. */
  readonly keyStart: number
  readonly keyEnd: number
  /** Index of the object or list that it is in; -1: the record itself. */
  readonly parent: number
}

/** Deeper texts are left as they are. */
const deepestLevel = 2

/** How a quotation mark stands at a level. */
export const quoteAt = (level: number): string => `${"\\".repeat(2 ** level - 1)}"`

/** JSON as it stands inside of so many strings. */
export const encodeAt = (json: string, level: number): string => {
  let text = json
  for (let i = 0; i < level; i++) text = JSON.stringify(text).slice(1, -1)
  return text
}

/** All values of a record, parents first; those found so far where it is damaged. */
export const tokensOf = (text: string): ReadonlyArray<Token> => {
  const tokens: Array<Token> = []
  read(text, 0, 0, text.length, { memberStart: -1, keyStart: -1, keyEnd: -1, parent: -1 }, tokens)
  return tokens
}

type Place = Pick<Token, "memberStart" | "keyStart" | "keyEnd" | "parent">

/** Reads the value in `[start, end)`. @returns the position behind it; -1: there is none */
const read = (text: string, level: number, start: number, end: number, place: Place, tokens: Array<Token>): number => {
  const at = blanks(text, start, end)
  const c = text.charAt(at)
  const add = (kind: Token["kind"], to: number): number => {
    tokens.push({ kind, level, start: at, end: to, ...place })
    return to
  }
  if (c === "{" || c === "[") return readBelow(text, level, at, end, place, tokens)
  const quote = quoteAt(level)
  if (text.startsWith(quote, at)) {
    const close = stringEnd(text, level, at + quote.length, end)
    if (close < 0) return -1
    const parent = tokens.length
    add("string", close + quote.length)
    const inner = blanks(text, at + quote.length, close)
    if (level < deepestLevel && (text[inner] === "{" || text[inner] === "["))
      read(text, level + 1, inner, close, { memberStart: -1, keyStart: -1, keyEnd: -1, parent }, tokens)
    return close + quote.length
  }
  let to = at
  while (to < end && /[-+.\w]/.test(text.charAt(to))) to++
  return to === at ? -1 : add(/[-0-9]/.test(c) ? "number" : "word", to)
}

const readBelow = (text: string, level: number, start: number, end: number, place: Place, tokens: Array<Token>): number => {
  const isObject = text[start] === "{"
  const close = isObject ? "}" : "]"
  const own = tokens.length
  const quote = quoteAt(level)
  const add = (to: number): number => {
    tokens[own] = { kind: isObject ? "object" : "list", level, start, end: to, ...place }
    return to
  }
  add(end)
  let at = blanks(text, start + 1, end)
  if (text[at] === close) return add(at + 1)
  while (at < end) {
    let memberStart = -1
    let keyStart = -1
    let keyEnd = -1
    if (isObject) {
      if (!text.startsWith(quote, at)) return -1
      memberStart = at
      keyStart = at + quote.length
      keyEnd = stringEnd(text, level, keyStart, end)
      if (keyEnd < 0) return -1
      at = blanks(text, keyEnd + quote.length, end)
      if (text[at] !== ":") return -1
      at++
    }
    at = read(text, level, at, end, { memberStart, keyStart, keyEnd, parent: own }, tokens)
    if (at < 0) return -1
    at = blanks(text, at, end)
    if (text[at] === close) return add(at + 1)
    if (text[at] !== ",") return -1
    at = blanks(text, at + 1, end)
  }
  return -1
}

/** Where the closing quotation mark of a string's content begins: as many backslashes stand before it as the level has, and not more. */
const stringEnd = (text: string, level: number, start: number, end: number): number => {
  const unit = 2 ** level
  for (let at = text.indexOf('"', start); at >= 0 && at < end; at = text.indexOf('"', at + 1)) {
    let before = at
    while (before > start && text[before - 1] === "\\") before--
    if ((at - before) % (2 * unit) === unit - 1) return at - (unit - 1)
    if (at - before < unit - 1) return -1
  }
  return -1
}

const blanks = (text: string, start: number, end: number): number => {
  let at = start
  while (at < end && " \n\r\t".includes(text.charAt(at))) at++
  return at
}
