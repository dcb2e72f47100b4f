import type { Fields } from "../../contract/field.ts"
import type { CsvFormat } from "../../contract/format.ts"
import { snakeCase } from "../../contract/names.ts"
import { fault } from "../fault.ts"
import { type ReadFields, RecordFields } from "../fields/read-fields.ts"
import { Header } from "./header.ts"
import { type CsvField, readRecord } from "./record.ts"

/** The definition of CSV: one record's bytes → fields by name. */
export const csvFields = (format: CsvFormat, fields: Fields, anyCase: boolean): ReadFields => {
  const header = new Header(format, fields, anyCase)
  /** Places of columns that a record without a header may lack, all of them. */
  const lacking = new Set(format.mayLack?.map((name) => format.columns?.findIndex((column) => snakeCase(column) === snakeCase(name))))
  return (raw, headerBytes) => {
    const read = readRecord(format, raw)
    if (!("fields" in read)) return read
    if (read.fields.length === 0) return null
    const all = header.names(headerBytes)
    if ("reason" in all) return all
    const found = read.fields.length
    const names = headerBytes === undefined && found === all.length - lacking.size ? all.filter((_, i) => !lacking.has(i)) : all
    if (found !== names.length) {
      const surplus = read.fields[names.length]
      const at = read.offsetOf(surplus?.at ?? read.length)
      const where = surplus === undefined ? "the record ends" : "there is one too many"
      return fault("not_csv", null, `${found} fields, where there must be ${names.length}: ${where} at byte ${at}.`, at)
    }
    const record = new RecordFields()
    const textOf = ({ text, isQuoted }: CsvField) => (!isQuoted && text === format.nullText ? null : text)
    for (const [i, field] of read.fields.entries()) record.put(names[i] ?? "", textOf(field))
    for (const [i, name] of header.doubled) {
      const key = names[i] ?? ""
      const field = read.fields[i]
      const value = field === undefined ? null : textOf(field)
      if (value !== null && value !== record.get(key)) record.lost.push({ key, name, value })
    }
    return record
  }
}
