import type { CsvFormat, CsvOptions } from "../../contract/format.ts"
import { snakeCase } from "../../contract/names.ts"
import { isData, plainName, wordsOf } from "./fields.ts"

/** What a text says of how it is delimited: the options of its format, and what speaks for them. */
export interface Delimited {
  readonly options: CsvOptions
  readonly why: ReadonlyArray<string>
}

const delimiters = [",", ";", "\t", "|"]
/** What stands for nothing, where an empty field does not. */
const nullTexts = ["NULL", "null", "\\N", "NA", "N/A", "None", "nil", "NaN", "nan"]
/** Words that names of fields have, and values seldom. */
const fieldWord =
  /_(id|name|date|time|code|type|status|value|price|amount|total|qty|quantity|email|phone|city|state|country|address|zip|description|category|number|created|updated|count|key|timestamp|currency|sku)_/

interface Cell {
  readonly text: string
  readonly isQuoted: boolean
}
type Row = ReadonlyArray<Cell>

/** Finds how the beginning of a text is delimited; null: it is not. @param isWhole is it all of it? Else its last record may be cut */
export const delimitedAs = (text: string, isWhole: boolean, isNamedSo: boolean): Delimited | null => {
  const tries = [`"`, null].flatMap((quote) =>
    delimiters.map((delimiter) => {
      const rows = rowsOf(text, delimiter, quote)
      return { delimiter, quote, ...judged(isWhole ? rows : rows.slice(0, -1)) }
    })
  )
  const best = tries.reduce((a, b) =>
    b.share > a.share + 0.001 || (b.share > a.share - 0.001 && b.width > a.width && b.quote === a.quote) ? b : a
  )
  if (best.width < 2 || best.share < 0.8) {
    const rows = rowsOf(text, ",", `"`).slice(0, isWhole ? undefined : -1)
    // One column has no delimiter by which it could be known.
    return isNamedSo && rows.length > 0 && rows.every((row) => row.length === 1) ? told({ delimiter: ",", quote: `"`, rows }) : null
  }
  return told(best)
}

/** How many of the records have as many fields as the first one. */
const judged = (rows: ReadonlyArray<Row>): { readonly rows: ReadonlyArray<Row>; readonly width: number; readonly share: number } => {
  const width = rows[0]?.length ?? 0
  const alike = rows.filter((row) => row.length === width).length
  return { rows, width, share: width < 2 || rows.length === 0 ? 0 : alike / rows.length }
}

const told = ({ delimiter, quote, rows }: Pick<CsvFormat, "delimiter" | "quote"> & { readonly rows: ReadonlyArray<Row> }): Delimited => {
  const [first = [], ...others] = rows
  const isHeader = hasHeader(first, others)
  const names = isHeader ? first.map(({ text }) => text.trim()) : []
  const columns = isHeader && areNames(names) ? null : columnNames(first.length, names)
  const nothing = nullTextOf(isHeader ? others : rows)
  return {
    options: {
      ...(delimiter === "," ? {} : { delimiter }),
      ...(quote === `"` ? {} : { quote }),
      ...(columns === null ? {} : isHeader ? { header: true, columns } : { columns }),
      ...(nothing === "" ? {} : { nullText: nothing })
    },
    why: [
      ...(isHeader ? [] : ["Its first record looks like the others: it has no header. Name the columns, here and in fields."]),
      ...(isHeader && columns !== null
        ? ["Names of its header are blank, alike, or none that a column may have: they are said here."]
        : []),
      ...(nothing === "" ? [] : [`${nothing} is taken as null.`])
    ]
  }
}

const looksLikeValue = (text: string): boolean =>
  isData(text) || /^-?[\d.,]+$/.test(text) || /^(true|false)$/i.test(text) || /\d{1,2}[/:]\d{1,2}/.test(text)

const hasHeader = (first: Row, others: ReadonlyArray<Row>): boolean => {
  const texts = first.map(({ text }) => text.trim())
  const said = texts.filter((text) => text !== "")
  if (said.length === 0 || said.some(looksLikeValue)) return false
  // A value comes again in its column, and a name hardly ever.
  if (texts.some((text, i) => text !== "" && others.some((row) => row[i]?.text.trim() === text))) return false
  const isTyped = texts.some((_, i) => others.some((row) => looksLikeValue(row[i]?.text.trim() ?? "")))
  return (
    isTyped ||
    others.length === 0 ||
    said.some((text) => fieldWord.test(wordsOf(text))) ||
    said.every((text) => /^[a-z_][A-Za-z0-9_]*$/.test(text))
  )
}

/** Are they names of as many columns? */
const areNames = (names: ReadonlyArray<string>): boolean =>
  names.every((name) => /^_*[a-z][a-z0-9_]*$/.test(snakeCase(plainName(name)))) &&
  new Set(names.map(snakeCase)).size === names.length &&
  new Set(names.map((name) => snakeCase(plainName(name)))).size === names.length

const columnNames = (width: number, names: ReadonlyArray<string>): ReadonlyArray<string> => {
  const out: Array<string> = []
  for (let i = 0; i < width; i++) {
    const plain = snakeCase(plainName(names[i] ?? "")).replace(/^[^a-z]+|_+$/g, "")
    const name = plain === "" ? `column_${i + 1}` : plain
    out.push(out.includes(name) ? `${name}_${i + 1}` : name)
  }
  return out
}

const nullTextOf = (rows: ReadonlyArray<Row>): string => {
  const cells = rows.flat().filter(({ isQuoted }) => !isQuoted)
  if (cells.some(({ text }) => text === "")) return ""
  return nullTexts.find((word) => cells.some(({ text }) => text === word)) ?? ""
}

/** Cuts a text into records and fields as far as it goes. Never fails: what is wrong with one is found as it is read. */
const rowsOf = (text: string, delimiter: string, quote: string | null): ReadonlyArray<Row> => {
  const rows: Array<Row> = []
  let row: Array<Cell> = []
  for (let at = 0; at < text.length; ) {
    let end: number
    let cell: Cell
    if (quote !== null && text[at] === quote) {
      let close = text.indexOf(quote, at + 1)
      while (close >= 0 && text[close + 1] === quote) close = text.indexOf(quote, close + 2)
      if (close < 0) close = text.length
      cell = { text: text.slice(at + 1, close).replaceAll(quote + quote, quote), isQuoted: true }
      end = close + 1
    } else {
      end = at
      while (end < text.length && text[end] !== delimiter && text[end] !== "\n") end++
      cell = { text: text.slice(at, end).replace(/\r$/, ""), isQuoted: false }
    }
    row.push(cell)
    // Something behind a closing quote makes one field more, so that it is noticed.
    if (text[end] === delimiter) {
      at = end + 1
      if (at >= text.length || text[at] === "\n") row.push({ text: "", isQuoted: false })
    } else at = text[end] === "\r" && text[end + 1] === "\n" ? end + 1 : end
    if (at >= text.length || text[at] === "\n") {
      if (row.length > 1 || row[0]?.text !== "") rows.push(row)
      row = []
      at++
    }
  }
  return rows
}
