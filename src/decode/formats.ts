import type { Contract } from "../contract/contract.ts"
import { formatOf, isUsualLayout } from "../contract/format.ts"
import { accessLogFields } from "./access-log/definition.ts"
import { AccessLogFinder } from "./access-log/find.ts"
import { csvFields } from "./csv/definition.ts"
import { CsvFinder } from "./csv/find.ts"
import { findNothing } from "./fields/fields-reader.ts"
import type { FieldFinder } from "./fields/parts.ts"
import type { ReadFields } from "./fields/read-fields.ts"
import { formFields } from "./form/definition.ts"

/** What reads the fields of a format whose records are texts by name: its definition, and what finds them fast. */
export interface FieldsFormat {
  readonly read: ReadFields
  readonly finder: () => FieldFinder
}

/** How the format of a contract reads fields; null: JSON, whose values are more than texts. A new format is named here. */
export const fieldsOf = (contract: Pick<Contract, "fields" | "format" | "conventions">): FieldsFormat | null => {
  const { fields } = contract
  const format = formatOf(contract)
  switch (format.kind) {
    case "json":
    case "parquet":
      return null
    case "csv": {
      const anyCase = contract.conventions?.anyCase === true
      return { read: csvFields(format, fields, anyCase), finder: () => new CsvFinder(format, fields, anyCase) }
    }
    case "accessLog":
      return {
        read: accessLogFields(format, fields),
        finder: () => (isUsualLayout(format.layout) && format.others === undefined ? new AccessLogFinder(format, fields) : findNothing)
      }
    case "form":
      return { read: formFields(fields), finder: () => findNothing }
  }
}
