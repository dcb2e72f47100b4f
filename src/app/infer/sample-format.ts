import { isUtf8 } from "node:buffer"
import { basename } from "node:path"
import { accessLog, csv, type Format, form, parquet } from "../../contract/format.ts"
import { readLine } from "../../decode/access-log/line.ts"
import { markAt } from "../../record/byte-order-mark.ts"
import { type Delimited, delimitedAs } from "./delimited.ts"

/** The format of a sample: as a contract is given it, and as its text says it. */
export interface SampleFormat {
  readonly format: Format
  /** How a contract says it: `csv({ delimiter: ";" })`; null: it need not. */
  readonly call: { readonly name: "csv" | "accessLog" | "form" | "parquet"; readonly text: string } | null
  readonly why: ReadonlyArray<string>
}

export const parquetFormat: SampleFormat = { format: parquet, call: { name: "parquet", text: "parquet" }, why: [] }

/** Lines that say enough. */
const enoughLines = 200

/**
 * Finds the format of records by how their file begins. A text: why there is none.
 *
 * @param head the beginning of the file
 * @param isWhole is it all of it?
 */
export const formatOfSample = (head: Buffer, isWhole: boolean, path: string): SampleFormat | string => {
  const bytes = head.subarray(markAt(head))
  // A character may be cut.
  const isWide = [0, 1, 2, 3].some((cut) => isUtf8(bytes.subarray(0, bytes.length - (isWhole ? 0 : cut))))
  const text = isWide ? bytes.toString("utf8") : new TextDecoder("windows-1252").decode(bytes)
  const lines = text
    .split(/\r?\n/)
    .slice(0, isWhole ? undefined : -1)
    .filter((line) => line.trim() !== "")
    .slice(0, enoughLines)
  const first = text.trimStart()
  if (first.startsWith("[") && isWide && /^\[\s*(?:[{[\]"\d-]|$)/.test(first))
    return "it is one JSON list, and records are objects: give one a line, for instance with: jq -c '.[]'"
  if (first.startsWith("{")) return { format: { kind: "json" }, call: null, why: [] }
  if (lines.length === 0) return "its beginning has no whole line"
  const share = (holds: (line: string) => boolean) => lines.filter(holds).length / lines.length
  for (const layout of ["combined", "common"] as const) {
    const isLine = (line: string) => {
      const read = readLine(layout, line)
      return read !== null && !("reason" in read)
    }
    if (share(isLine) >= 0.8)
      return { format: accessLog(layout), call: { name: "accessLog", text: `accessLog(${JSON.stringify(layout)})` }, why: [] }
  }
  if (share((line) => /^\??[^\s=&;,"]+=[^\s&]*(?:&[^\s=&]*(?:=[^\s&]*)?)*$/.test(line)) >= 0.9)
    return { format: form, call: { name: "form", text: "form" }, why: [] }
  const delimited = delimitedAs(text, isWhole, /\.[ct]sv(\.gz)?$/i.test(basename(path)))
  return delimited === null
    ? "it is neither JSON, CSV, an access log, form data nor Parquet, as far as its beginning says"
    : csvSample(delimited, isWide)
}

const csvSample = ({ options, why }: Delimited, isWide: boolean): SampleFormat => {
  const all = isWide ? options : { ...options, encoding: "windows-1252" as const }
  const text = Object.entries(all).map(([key, value]) => `${key}: ${JSON.stringify(value).replaceAll('","', '", "')}`)
  return {
    format: csv(all),
    call: { name: "csv", text: text.length === 0 ? "csv()" : `csv({ ${text.join(", ")} })` },
    why: [...why, ...(isWide ? [] : ["It is not UTF-8: windows-1252, most likely."])]
  }
}
