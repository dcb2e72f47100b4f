/** A word or a sign of SQL, comments and blanks left out. Where the text ends within a comment or in quotes, so does the last. */
export interface SqlWord {
  readonly kind: "word" | "number" | "text" | "quoted" | "backtick" | "mark"
  /** As it stands there; words in lower case. */
  readonly text: string
  /** From 1. */
  readonly line: number
}

/** Longest first. */
const marks = ["!~~", "->>", "<=>", "::", "->", "<>", "!=", "<=", ">=", "==", "||", "//", "**", "!~", ":="]
const blank = /[\s\ufeff]/
const word = /[\p{L}_][\p{L}\p{N}_$]*/uy
const number = /(?:[0-9][0-9_]*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y

/** Cuts SQL into words. Never throws: whatever stands there is a word or a mark. */
export const sqlWords = (sql: string): ReadonlyArray<SqlWord> => {
  const words: Array<SqlWord> = []
  let line = 1
  let at = 0
  const pass = (end: number): string => {
    const passed = sql.slice(at, end)
    line += passed.split("\n").length - 1
    at = end
    return passed
  }
  while (at < sql.length) {
    const first = sql[at] ?? ""
    const start = line
    if (blank.test(first)) pass(at + 1)
    else if (sql.startsWith("--", at)) pass(endOf(sql, "\n", at))
    else if (sql.startsWith("/*", at)) pass(endOfComment(sql, at))
    else if (first === "'") words.push({ kind: "text", text: pass(endOfQuotes(sql, first, at)), line: start })
    else if (first === '"') words.push({ kind: "quoted", text: pass(endOfQuotes(sql, first, at)), line: start })
    else if (first === "`") words.push({ kind: "backtick", text: pass(endOfQuotes(sql, first, at)), line: start })
    else {
      const length = lengthOf(word, sql, at)
      const digits = lengthOf(number, sql, at)
      const mark = marks.find((each) => sql.startsWith(each, at)) ?? String.fromCodePoint(sql.codePointAt(at) ?? 0)
      if (length > 0) words.push({ kind: "word", text: pass(at + length).toLowerCase(), line: start })
      else if (digits > 0) words.push({ kind: "number", text: pass(at + digits), line: start })
      else words.push({ kind: "mark", text: pass(at + mark.length), line: start })
    }
  }
  return words
}

const lengthOf = (pattern: RegExp, sql: string, at: number): number => {
  pattern.lastIndex = at
  return pattern.exec(sql)?.[0].length ?? 0
}

const endOf = (sql: string, mark: string, from: number): number => {
  const found = sql.indexOf(mark, from)
  return found === -1 ? sql.length : found + mark.length
}

/** A quote within is written twice. */
const endOfQuotes = (sql: string, quote: string, start: number): number => {
  for (let at = start + 1; at < sql.length; at++) {
    if (sql[at] !== quote) continue
    if (sql[at + 1] !== quote) return at + 1
    at++
  }
  return sql.length
}

/** Comments stand in comments. */
const endOfComment = (sql: string, start: number): number => {
  let depth = 0
  let at = start
  while (at < sql.length) {
    if (sql.startsWith("/*", at)) depth++
    else if (sql.startsWith("*/", at)) depth--
    else {
      at++
      continue
    }
    at += 2
    if (depth === 0) return at
  }
  return sql.length
}
