import type { Column } from "../record/column.ts"
import { Malformed } from "../record/malformed.ts"

/** The types of a Delta schemaString (PROTOCOL.md, "Schema Serialization Format"). Leaves are words: `string`, `long`, `decimal(10,2)`, … */
export type DataType = string | StructType | ArrayType | MapType

export interface StructType {
  readonly type: "struct"
  readonly fields: ReadonlyArray<StructField>
}

export interface StructField {
  readonly name: string
  readonly type: DataType
  readonly nullable: boolean
  readonly metadata: { readonly [key: string]: unknown }
}

export interface ArrayType {
  readonly type: "array"
  readonly elementType: DataType
  readonly containsNull: boolean
}

export interface MapType {
  readonly type: "map"
  readonly keyType: DataType
  readonly valueType: DataType
  readonly valueContainsNull: boolean
}

const leafType = (column: Column & { readonly kind: "leaf" }): string => {
  switch (column.leaf.type) {
    case "text":
    case "json":
      return "string"
    case "decimal":
      return `decimal(${column.leaf.precision},${column.leaf.scale})`
    default:
      return column.leaf.type
  }
}

const dataType = (column: Column): DataType =>
  column.kind === "leaf"
    ? leafType(column)
    : column.kind === "list"
      ? { type: "array", elementType: dataType(column.element), containsNull: true }
      : deltaSchema(column.fields)

/** The Delta schema of columns, in their order; every field may be null, descriptions become comments. Throws `Malformed` for bad names. */
export const deltaSchema = (columns: ReadonlyArray<Column>): StructType => {
  const seen = new Set<string>()
  for (const { name } of columns) {
    if (name === "" || /[ ,;{}()\n\t=]/.test(name))
      throw new Malformed(
        "Invalid",
        `${JSON.stringify(name)} cannot be a column name`,
        "Use lower snake case; none of space , ; { } ( ) = tab newline."
      )
    if (seen.has(name.toLowerCase()))
      throw new Malformed("Invalid", `two columns are named ${name}`, "Names must differ in more than upper and lower case.")
    seen.add(name.toLowerCase())
  }
  return {
    type: "struct",
    fields: columns.map((column) => ({
      name: column.name,
      type: dataType(column),
      nullable: true,
      metadata: {
        ...(column.description === "" ? {} : { comment: column.description }),
        ...(column.formerly === undefined || column.formerly.length === 0 ? {} : { [formerlyKey]: column.formerly.join(",") })
      }
    }))
  }
}

/** Key in a column's metadata: names that it had before, joined by commas. Text alone is metadata that every reader takes. */
const formerlyKey = "sluice.formerly"

/** Names that a column had before: data files may hold its values under them. */
export const formerNames = ({ metadata }: StructField): ReadonlyArray<string> => {
  const names = metadata[formerlyKey]
  return typeof names === "string" && names !== "" ? names.split(",") : []
}

/** A schema as its files are written: without a word of what columns were called before. */
export const asWritten = <T extends DataType>(type: T): T =>
  // The reviver takes entries of metadata away, and nothing of what makes a type.
  JSON.parse(JSON.stringify(type), (key, value) => (key === formerlyKey ? undefined : value)) as T

const words = new Set([
  "string",
  "long",
  "integer",
  "short",
  "byte",
  "float",
  "double",
  "boolean",
  "binary",
  "date",
  "timestamp",
  "timestamp_ntz"
])

/** Precision and scale of `decimal(p,s)`; null for every other type. */
export const decimalType = (type: string): { readonly precision: number; readonly scale: number } | null => {
  const match = /^decimal\(\s*(\d+)\s*,\s*(-?\d+)\s*\)$/.exec(type)
  return match === null ? null : { precision: Number(match[1]), scale: Number(match[2]) }
}

const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const readType = (value: unknown, path: string): DataType => {
  if (typeof value === "string") {
    if (words.has(value) || decimalType(value) !== null) return value
    throw new Malformed("Unsupported", `column ${path} has the type ${value}`, "Types known here: those of Delta 1 to 3 without features.")
  }
  if (isRecord(value)) {
    if (value["type"] === "struct" && Array.isArray(value["fields"]))
      return { type: "struct", fields: value["fields"].map((field) => readField(field, path)) }
    if (value["type"] === "array")
      return {
        type: "array",
        elementType: readType(value["elementType"], `${path}.element`),
        containsNull: value["containsNull"] !== false
      }
    if (value["type"] === "map")
      return {
        type: "map",
        keyType: readType(value["keyType"], `${path}.key`),
        valueType: readType(value["valueType"], `${path}.value`),
        valueContainsNull: value["valueContainsNull"] !== false
      }
  }
  throw new Malformed("Corrupt", `the type of ${path || "the table"} is not a Delta type`, "The schemaString of the log is damaged.")
}

const readField = (value: unknown, parent: string): StructField => {
  if (!isRecord(value) || typeof value["name"] !== "string")
    throw new Malformed("Corrupt", `a field of ${parent || "the table"} has no name`, "The schemaString of the log is damaged.")
  const name = value["name"]
  return {
    name,
    type: readType(value["type"], parent === "" ? name : `${parent}.${name}`),
    nullable: value["nullable"] !== false,
    metadata: isRecord(value["metadata"]) ? value["metadata"] : {}
  }
}

/** Reads a schemaString. Throws `Malformed`. */
export const parseSchema = (schemaString: string): StructType => {
  const type = readType(JSON.parse(schemaString), "")
  if (typeof type === "string" || type.type !== "struct")
    throw new Malformed("Corrupt", "the schema of the table is not a struct", "The schemaString of the log is damaged.")
  return type
}

/** A type as people write it: `array<struct<id:string>>`. */
export const typeText = (type: DataType): string =>
  typeof type === "string"
    ? type
    : type.type === "array"
      ? `array<${typeText(type.elementType)}>`
      : type.type === "map"
        ? `map<${typeText(type.keyType)},${typeText(type.valueType)}>`
        : `struct<${type.fields.map((field) => `${field.name}:${typeText(field.type)}`).join(",")}>`
