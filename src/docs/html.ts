import { harmless } from "../record/harmless.ts"

/**
 * Markup that is made here, apart from text that may be anything. {@link html} puts the one in as it is and the other escaped, so that no text of a
 * project becomes markup by being forgotten: a `string` is never markup.
 */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** What stands in a template: nothing for null. */
export type Piece = Html | string | number | null | ReadonlyArray<Piece>

/**
 * A template of markup. Values are escaped for text and for attributes, which stand in double quotes; characters that nobody sees and that turn the
 * direction of writing are shown.
 */
export const html = (parts: TemplateStringsArray, ...values: ReadonlyArray<Piece>): Html =>
  new Html(parts.map((part, i) => (i === 0 ? part : textOf(values[i - 1] ?? null) + part)).join(""))

const textOf = (value: Piece): string => {
  if (value === null) return ""
  if (value instanceof Html) return value.text
  if (typeof value === "object") return value.map(textOf).join("")
  return escaped(String(value))
}

const escapes: { readonly [character: string]: string } = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }

const escaped = (text: string): string => harmless(text.toWellFormed()).replace(/[&<>"']/g, (c) => escapes[c] ?? "")

/** Pieces with something between them. */
export const joined = (pieces: ReadonlyArray<Piece>, between: Piece): Piece =>
  pieces.flatMap((piece, i) => (i === 0 ? [piece] : [between, piece]))

/** A name, which may be broken between its words where a line ends. */
export const named = (name: string): Piece => joined(name.split(/(?<=[_/.:])(?=[^_/.:])/), new Html("<wbr>"))

export const code = (text: string): Html => html`<code>${named(text)}</code>`

/** A text of a contract or of YAML on one line: what stands between backticks is code. */
export const inline = (text: string): Piece => {
  const parts = text.replace(/\s+/g, " ").trim().split("`")
  // The last of an odd number of backticks is none of a pair.
  const pairs = parts.length % 2 === 1 ? parts : [...parts.slice(0, -2), parts.slice(-2).join("`")]
  return pairs.map((part, i) => (i % 2 === 1 ? code(part) : part))
}

/** The same of several paragraphs, which empty lines part. */
export const paragraphs = (text: string): Piece =>
  text
    .split(/\n\s*\n/)
    .filter((part) => part.trim() !== "")
    .map((part) => html`<p>${inline(part)}</p>\n`)

/** A cell that is a number, set to the right. */
export interface NumberCell {
  readonly number: number | null
}

const isNumber = (value: Piece | NumberCell | undefined): value is NumberCell =>
  typeof value === "object" && value !== null && "number" in value

const cell = (value: Piece | NumberCell, ofNumbers: boolean): Html => {
  const shown = !isNumber(value) ? value : value.number === null ? "" : value.number.toLocaleString("en-US")
  return html`<td${ofNumbers ? html` class="number"` : null}>${shown}</td>`
}

/**
 * A table, whose first cell of each row names the row. It scrolls by itself where the page is too narrow for it, and with the keyboard, too.
 *
 * @param caption what it shows
 */
export const table = (
  caption: string,
  head: ReadonlyArray<string>,
  rows: ReadonlyArray<readonly [first: Piece, ...others: ReadonlyArray<Piece | NumberCell>]>
): Html => {
  const ofNumbers = head.map((_, i) => rows.some((row) => isNumber(row[i])))
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
<table>
<caption>${caption}</caption>
<thead><tr>${head.map((name, i) => html`<th scope="col"${ofNumbers[i] ? html` class="number"` : null}>${name}</th>`)}</tr></thead>
<tbody>
${rows.map(([first, ...others]) => html`<tr><th scope="row">${first}</th>${others.map((value, i) => cell(value, ofNumbers[i + 1] ?? false))}</tr>\n`)}</tbody>
</table>
</div>
`
}

/** What is said of one thing, by what it is about. */
export const facts = (list: ReadonlyArray<readonly [what: string, said: Piece]>): Html =>
  html`<dl>
${list.map(([what, said]) => html`<div><dt>${what}</dt><dd>${said}</dd></div>\n`)}</dl>
`
