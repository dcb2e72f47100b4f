import type { Contract } from "../contract/contract.ts"
import { formatOf } from "../contract/format.ts"
import { csvFields } from "./csv/definition.ts"
import type { ReadFields } from "./read-fields.ts"

/** How the format of a contract reads fields; null: JSON, whose values are more than texts. A new format is named here. */
export const fieldsOf = (contract: Contract): ReadFields | null => {
  const format = formatOf(contract)
  switch (format.kind) {
    case "json":
      return null
    case "csv":
      return csvFields(format, contract.fields)
  }
}
