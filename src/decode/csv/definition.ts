import type { Fields } from "../../contract/field.ts"
import type { CsvFormat } from "../../contract/format.ts"
import { Members } from "../../contract/json.ts"
import { fault } from "../fault.ts"
import type { ReadFields } from "../fields/read-fields.ts"
import { Header } from "./header.ts"
import { readRecord } from "./record.ts"

/** The definition of CSV: one record's bytes → fields by name. */
export const csvFields = (format: CsvFormat, fields: Fields): ReadFields => {
  const header = new Header(format, fields)
  return (raw, headerBytes) => {
    const read = readRecord(format, raw)
    if (!("fields" in read)) return read
    if (read.fields.length === 0) return null
    const names = header.names(headerBytes)
    if ("reason" in names) return names
    const found = read.fields.length
    if (found !== names.length) {
      const surplus = read.fields[names.length]
      const at = read.offsetOf(surplus?.at ?? read.length)
      const where = surplus === undefined ? "the record ends" : "there is one too many"
      return fault("not_csv", null, `${found} fields, where there must be ${names.length}: ${where} at byte ${at}.`, at)
    }
    const record = new Members()
    for (const [i, { text, isQuoted }] of read.fields.entries())
      record.put(names[i] ?? "", !isQuoted && text === format.nullText ? null : text)
    return record
  }
}
