import type { AsyncBuffer } from "hyparquet"
import type { BytesAt } from "../contract/bytes-at.ts"
import type { CsvFormat } from "../contract/format.ts"
import { jsonText } from "../record/json-text.ts"
import { jsonOf, plainRows } from "./json-rows.ts"

/** How fields are written. Those that need it are quoted. */
export type CsvForm = Pick<CsvFormat, "delimiter" | "nullText"> & { readonly quote: string }

/**
 * The rows of a Parquet file as records of CSV, some at a time, and in front of them the header that names their columns: what a file of CSV holds that was
 * written of the same rows. Values are what {@link jsonRows} has, in texts; what has several parts is JSON. Nothing, where there are no rows.
 */
export async function* csvRows(file: AsyncBuffer, csv: CsvForm, bytes?: BytesAt): AsyncGenerator<ReadonlyArray<string>, void> {
  const within = typeof bytes === "object" && "member" in bytes ? bytes : undefined
  const written = writer(csv)
  let isFirst = true
  for await (const { root, rows } of plainRows(file)) {
    const columns = root.children.map((node) => ({ node, name: node.element.name, bytes: within?.member(node.element.name) }))
    const record = (cells: ReadonlyArray<string>) => cells.join(csv.delimiter)
    const records = rows.map((row) => record(columns.map(({ node, name, bytes }) => written(jsonOf(row[name], node, bytes)))))
    yield isFirst ? [record(columns.map(({ name }) => written(name))), ...records] : records
    isFirst = false
  }
}

/** What no format takes for anything but itself. */
const isPlain = /^[A-Za-z0-9_.:+-][A-Za-z0-9 _.:+-]*$/

const writer = ({ delimiter, quote, nullText }: CsvForm): ((value: unknown) => string) => {
  const needsNone = (text: string): boolean => text !== nullText && isPlain.test(text) && !text.includes(delimiter) && !text.includes(quote)
  return (value) => {
    if (value === null) return nullText
    const text = typeof value === "string" ? value : jsonText(value)
    return needsNone(text) ? text : `${quote}${text.replaceAll(quote, quote + quote)}${quote}`
  }
}
