/** A model's file cut where Jinja2 would cut it: text, and tags of tokens. What tags may say is looked at in `text.ts`. */

/** What is wrong at a place of a text. */
export interface Refusal {
  /** Index in the text. */
  readonly at: number
  readonly problem: string
  readonly hint: string
}

export interface Token {
  readonly kind: "name" | "text" | "number" | "mark"
  /** Of a text its value, of all others what stands there. */
  readonly text: string
  readonly at: number
}

export type Segment =
  | { readonly kind: "text"; readonly text: string }
  /** `{{ … }}`, `{% … %}` and `{# … #}`, from `start` up to `end`. */
  | { readonly kind: "print" | "block"; readonly tokens: ReadonlyArray<Token>; readonly start: number; readonly end: number }
  | { readonly kind: "comment"; readonly start: number; readonly end: number }
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly start: number; readonly end: number }

type TagKind = "print" | "block" | "comment"

const tags: { readonly [begin: string]: { readonly kind: TagKind; readonly close: string } } = {
  "{{": { kind: "print", close: "}}" },
  "{%": { kind: "block", close: "%}" },
  "{#": { kind: "comment", close: "#}" }
}

/** What Python calls white space, which is not what JavaScript does. */
const space = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"
const spaceBefore = new RegExp(`[${space}]+$`)
const spaceAfter = new RegExp(`[${space}]*`, "y")

/** Cuts a text into segments, white space that `-` takes away left out. After a tag that cannot be read it goes on behind its end, where that is seen. */
export const segmentsOf = (text: string): ReadonlyArray<Segment> => {
  const segments: Array<Segment> = []
  let from = 0
  while (from < text.length) {
    const start = nextTag(text, from)
    const { kind, close } = tags[text.slice(start, start + 2)] ?? { kind: null, close: "" }
    const sign = kind === null ? "" : (text[start + 2] ?? "")
    const before = text.slice(from, start)
    const kept = sign === "-" ? before.replace(spaceBefore, "") : before
    if (kept !== "") segments.push({ kind: "text", text: kept })
    if (kind === null) break
    const read = readTag(text, start, sign === "-" || sign === "+" ? start + 3 : start + 2, kind, close)
    segments.push(read.segment)
    from = read.segment.end
    if (!read.takesSpace) continue
    spaceAfter.lastIndex = from
    from += spaceAfter.exec(text)?.[0].length ?? 0
  }
  return segments
}

const nextTag = (text: string, from: number): number => {
  for (let at = text.indexOf("{", from); at !== -1; at = text.indexOf("{", at + 1))
    if (Object.hasOwn(tags, text.slice(at, at + 2))) return at
  return text.length
}

interface Read {
  readonly segment: Segment & { readonly end: number }
  /** `-` before its end takes the white space behind it away. */
  readonly takesSpace: boolean
}

const readTag = (text: string, start: number, from: number, kind: TagKind, close: string): Read => {
  const refused = (at: number, problem: string, hint: string): Read => {
    const found = text.indexOf(close, Math.max(at, from))
    const end = found === -1 ? text.length : found + close.length
    return { segment: { kind: "refused", refusal: { at, problem, hint }, start, end }, takesSpace: false }
  }
  if (kind === "comment") {
    const found = text.indexOf(close, from)
    if (found === -1) return refused(start, "the comment {# has no end", "Close it with #}.")
    return { segment: { kind, start, end: found + 2 }, takesSpace: found > from && text[found - 1] === "-" }
  }
  const tokens: Array<Token> = []
  // Within brackets `}}` closes two objects, not the tag.
  const open: Array<string> = []
  let at = from
  while (at < text.length) {
    spaceAfter.lastIndex = at
    at += spaceAfter.exec(text)?.[0].length ?? 0
    if (at >= text.length) break
    if (open.length === 0) {
      const sign = text[at] === "-" || (text[at] === "+" && kind === "block") ? 1 : 0
      if (text.startsWith(close, at + sign)) {
        return { segment: { kind, tokens, start, end: at + sign + 2 }, takesSpace: text[at] === "-" }
      }
    }
    const token = readToken(text, at)
    if ("problem" in token) return refused(token.at, token.problem, token.hint)
    tokens.push(token.token)
    if (token.token.kind === "mark") {
      const mark = token.token.text
      if (Object.hasOwn(closing, mark)) open.push(mark)
      else if (Object.values(closing).includes(mark) && closing[open.pop() ?? ""] !== mark)
        return refused(at, `${mark} closes nothing that is open`, `Close what is open, then the tag with ${close}.`)
    }
    at = token.end
  }
  return refused(start, `the tag ${text.slice(start, start + 2)} has no end`, `Close it with ${close}.`)
}

const names = /[\p{L}_][\p{L}\p{N}_]*/uy
const numbers = /(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\p{L}\p{N}_])/uy
const closing: { readonly [open: string]: string } = { "(": ")", "[": "]", "{": "}" }
const marks = "()[]{},:=-+*/|.~<>!%"

const readToken = (text: string, at: number): { readonly token: Token; readonly end: number } | Refusal => {
  const first = text[at] ?? ""
  if (first === "'" || first === '"') return readText(text, at, first)
  for (const [kind, pattern] of [["name", names] as const, ["number", numbers] as const]) {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) return { token: { kind, text: found, at }, end: at + found.length }
  }
  if (marks.includes(first)) return { token: { kind: "mark", text: first, at }, end: at + 1 }
  const shown = /[0-9]/.test(first) ? "a number" : JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0))
  return { at, problem: `${shown} cannot be read here`, hint: "Numbers are written as 10, -10 or 0.5, texts in quotes." }
}

const escapes: { readonly [letter: string]: string } = { "\\": "\\", "'": "'", '"': '"', n: "\n", t: "\t", r: "\r" }

const readText = (text: string, start: number, quote: string): { readonly token: Token; readonly end: number } | Refusal => {
  let value = ""
  for (let at = start + 1; at < text.length; at++) {
    const letter = text[at] ?? ""
    if (letter === quote) return { token: { kind: "text", text: value, at: start }, end: at + 1 }
    if (letter !== "\\") {
      value += letter
      continue
    }
    at++
    const escaped = text[at] ?? ""
    if (!Object.hasOwn(escapes, escaped))
      return { at: at - 1, problem: `\\${escaped} means nothing in a text`, hint: "Write \\\\ for a backslash." }
    value += escapes[escaped]
  }
  return { at: start, problem: `the text that begins with ${quote} has no end`, hint: `Close it with ${quote}.` }
}
