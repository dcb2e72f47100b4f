/**
 * Reads Terraform's language as far as names go: blocks, arguments, and what expressions refer to. Expressions are not evaluated, nor is their syntax
 * checked: `tofu validate` does that where it can be built.
 */

/** What an expression refers to: `aws_sqs_queue.this["raw"].arn` is of the parts `aws_sqs_queue`, `this`, `arn`. */
export interface Reference {
  readonly parts: ReadonlyArray<string>
  readonly line: number
}

export interface Argument {
  readonly name: string
  readonly line: number
  readonly references: ReadonlyArray<Reference>
  /** The text, where it is nothing but a text without references. */
  readonly text: string | null
}

export interface HclBlock {
  readonly type: string
  readonly labels: ReadonlyArray<string>
  readonly line: number
  readonly body: Body
}

export interface Body {
  readonly arguments: ReadonlyArray<Argument>
  readonly blocks: ReadonlyArray<HclBlock>
}

type Kind = "name" | "text" | "number" | "sign" | "newline" | "end"
interface Token {
  readonly kind: Kind
  readonly text: string
  readonly line: number
  /** References within a text. */
  readonly references: ReadonlyArray<Reference>
}

const namePattern = /[A-Za-z_][\w-]*/y
const numberPattern = /\d[\d.eE]*/y
const blankPattern = /(?:[ \t\r]+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y
const heredocPattern = /<<-?([A-Za-z_]\w*)[ \t\r]*\n/y
const signPattern = /\.\.\.|&&|\|\||[=!<>]=|=>|[\s\S]/y

class Reader {
  private at = 0
  private line: number
  private readonly source: string

  constructor(source: string, line = 1) {
    this.source = source
    this.line = line
  }

  tokens(): ReadonlyArray<Token> {
    const all: Array<Token> = []
    for (;;) {
      const token = this.next()
      all.push(token)
      if (token.kind === "end") return all
    }
  }

  /** Takes what a pattern finds here. */
  private take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.source)
    if (found === null) return null
    this.at += found[0].length
    this.line += found[0].split("\n").length - 1
    return found
  }

  private next(): Token {
    this.take(blankPattern)
    const { line } = this
    const token = (kind: Kind, text: string, references: ReadonlyArray<Reference> = []): Token => ({ kind, text, line, references })
    if (this.at >= this.source.length) return token("end", "")
    if (this.source[this.at] === '"') {
      this.at++
      return token("text", ...this.template('"'))
    }
    const heredoc = this.take(heredocPattern)
    if (heredoc !== null) return token("text", ...this.heredoc(heredoc[1] ?? ""))
    const name = this.take(namePattern)
    if (name !== null) return token("name", name[0])
    const number = this.take(numberPattern)
    if (number !== null) return token("number", number[0])
    const [sign = ""] = this.take(signPattern) ?? []
    return sign === "\n" ? token("newline", sign) : token("sign", sign)
  }

  private heredoc(word: string): readonly [string, ReadonlyArray<Reference>] {
    const end = new RegExp(`^[ \\t]*${word}[ \\t\\r]*$`, "m")
    const found = end.exec(this.source.slice(this.at))
    if (found === null) throw new Error(`line ${this.line}: the text up to ${word} does not end`)
    const reader = new Reader(this.source.slice(this.at, this.at + found.index), this.line)
    const read = reader.template("")
    this.at += found.index + found[0].length
    this.line = reader.line
    return read
  }

  /** A text with what it has in `${…}` and `%{…}`, up to its closing quote. */
  private template(quote: string): readonly [string, ReadonlyArray<Reference>] {
    const start = this.line
    const references: Array<Reference> = []
    let text = ""
    for (;;) {
      const letter = this.source[this.at]
      if (letter === undefined) {
        if (quote === "") return [text, references]
        throw new Error(`line ${start}: a text does not end`)
      }
      if (letter === quote) {
        this.at++
        return [text, references]
      }
      const two = this.source.slice(this.at, this.at + 2)
      if (two === "${" || two === "%{") {
        // Doubled, it is a letter.
        if (this.source[this.at - 1] === letter) this.at += 2
        else references.push(...this.interpolation())
        continue
      }
      const length = letter === "\\" && quote !== "" ? 2 : 1
      text += this.source.slice(this.at, this.at + length)
      if (letter === "\n") this.line++
      this.at += length
    }
  }

  private interpolation(): ReadonlyArray<Reference> {
    const { line } = this
    this.at += 2
    const inside: Array<Token> = []
    for (let depth = 0; ; ) {
      const token = this.next()
      if (token.kind === "end") throw new Error(`line ${line}: an interpolation does not end`)
      if (token.text === "{" && token.kind === "sign") depth++
      if (token.text === "}" && token.kind === "sign" && depth-- === 0) return referencesIn(inside)
      inside.push(token)
    }
  }
}

/** What tokens refer to: names with dots, or with brackets and dots, behind them. */
const referencesIn = (tokens: ReadonlyArray<Token>): ReadonlyArray<Reference> => {
  const found: Array<Reference> = []
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]
    if (token === undefined) break
    found.push(...token.references)
    if (token.kind !== "name" || isSign(tokens[i - 1], ".")) continue
    const parts = [token.text]
    let at = i + 1
    for (;;) {
      const [dot, after] = [tokens[at], tokens[at + 1]]
      if (isSign(dot, "[")) at = closing(tokens, at) + 1
      else if (isSign(dot, ".") && after !== undefined && (after.kind !== "sign" || after.text === "*")) {
        if (after.kind === "name") parts.push(after.text)
        at += 2
      } else break
    }
    if (parts.length > 1) found.push({ parts, line: token.line })
  }
  return found
}

const isSign = (token: Token | undefined, text: string): boolean => token?.kind === "sign" && token.text === text

/** Where a bracket closes. */
const closing = (tokens: ReadonlyArray<Token>, open: number): number => {
  let depth = 0
  for (let at = open; at < tokens.length; at++) {
    if (isSign(tokens[at], "[")) depth++
    else if (isSign(tokens[at], "]") && --depth === 0) return at
  }
  throw new Error(`line ${tokens[open]?.line}: [ is not closed`)
}

/** Reads a file. @throws where its blocks and arguments cannot be told apart */
export const parseHcl = (source: string): Body => {
  const tokens = new Reader(source).tokens()
  let at = 0
  const peek = (ahead = 0): Token => tokens[at + ahead] ?? { kind: "end", text: "", line: 0, references: [] }
  const fail = (wanted: string): never => {
    throw new Error(`line ${peek().line}: ${wanted} is missing before ${JSON.stringify(peek().text)}`)
  }
  const body = (isInner: boolean): Body => {
    const [args, blocks]: [Array<Argument>, Array<HclBlock>] = [[], []]
    for (;;) {
      while (peek().kind === "newline") at++
      const token = peek()
      if (token.kind === "end" || isSign(token, "}")) {
        if (isInner !== isSign(token, "}")) fail(isInner ? "}" : "a block")
        at++
        return { arguments: args, blocks }
      }
      if (token.kind !== "name") fail("a name")
      at++
      if (isSign(peek(), "=")) args.push(argument(token))
      else blocks.push(block(token))
    }
  }
  const block = ({ text: type, line }: Token): HclBlock => {
    const labels: Array<string> = []
    while (peek().kind === "text" || peek().kind === "name") {
      labels.push(peek().text)
      at++
    }
    if (!isSign(peek(), "{")) fail("{ or =")
    at++
    return { type, labels, line, body: body(true) }
  }
  /** Its expression ends with its line, unless a bracket is open. */
  const argument = ({ text: name, line }: Token): Argument => {
    at++
    const start = at
    for (let depth = 0; ; at++) {
      const token = peek()
      if (token.kind === "end") {
        if (depth > 0) fail("what closes a bracket")
        break
      }
      if (depth === 0 && (token.kind === "newline" || isSign(token, "}"))) break
      if (token.kind === "sign" && "([{".includes(token.text)) depth++
      if (token.kind === "sign" && ")]}".includes(token.text)) depth--
    }
    const expression = tokens.slice(start, at)
    const [first] = expression
    if (first === undefined) fail("a value")
    const isText = expression.length === 1 && first?.kind === "text" && first.references.length === 0
    return { name, line, references: referencesIn(expression), text: isText ? first.text : null }
  }
  return body(false)
}
