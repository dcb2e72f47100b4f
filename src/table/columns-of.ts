import type { Column, LeafType } from "../record/column.ts"
import { Malformed } from "../record/malformed.ts"
import { type DataType, decimalType, formerNames, type StructField, type StructType } from "./schema.ts"

/** The columns of a schema, as `deltaSchema` made it of them. Throws `Malformed` for types that no column of ours has. */
export const columnsOf = ({ fields }: StructType): ReadonlyArray<Column> =>
  fields.map((field) => {
    const formerly = formerNames(field)
    return { ...columnOf(field, field.type), ...(formerly.length === 0 ? {} : { formerly }) }
  })

const columnOf = ({ name }: Pick<StructField, "name">, type: DataType): Column => {
  const about = { name, description: "" }
  if (typeof type === "string") return { kind: "leaf", ...about, leaf: leafOf(name, type) }
  switch (type.type) {
    case "struct":
      return { kind: "struct", ...about, fields: columnsOf(type) }
    case "array":
      return { kind: "list", ...about, element: columnOf({ name: "element" }, type.elementType) }
    case "map":
      throw unknown(name, "map")
  }
}

const leafOf = (name: string, type: string): LeafType => {
  switch (type) {
    case "string":
      return { type: "text" }
    case "long":
    case "integer":
    case "double":
    case "boolean":
    case "binary":
    case "date":
    case "timestamp":
      return { type }
    default: {
      const decimal = decimalType(type)
      if (decimal === null) throw unknown(name, type)
      return { type: "decimal", ...decimal }
    }
  }
}

const unknown = (name: string, type: string): Malformed =>
  new Malformed("Unsupported", `column ${name} is a ${type}`, "Read the table with an engine that knows the type.")
