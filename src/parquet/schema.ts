import type { SchemaElement } from "hyparquet"
import type { Column, LeafType } from "../record/column.ts"

/**
 * The Parquet schema of a file that holds these columns, as the list of elements that a Parquet footer has: the root, then each column with
 * what is below it. Everything is OPTIONAL, lists have three levels, and types are annotated both ways: `logical_type` is what readers look
 * at, `converted_type` is what old readers know.
 */
export const parquetSchema = (columns: ReadonlyArray<Column>): Array<SchemaElement> => [
  { name: "schema", num_children: columns.length },
  ...columns.flatMap((column) => elementsOf(column, column.name))
]

const elementsOf = (column: Column, name: string): Array<SchemaElement> => {
  switch (column.kind) {
    case "leaf":
      return [{ name, repetition_type: "OPTIONAL", ...leafElement(column.leaf) }]
    case "struct":
      return [
        { name, repetition_type: "OPTIONAL", num_children: column.fields.length },
        ...column.fields.flatMap((field) => elementsOf(field, field.name))
      ]
    case "list":
      return [
        { name, repetition_type: "OPTIONAL", num_children: 1, converted_type: "LIST", logical_type: { type: "LIST" } },
        { name: "list", repetition_type: "REPEATED", num_children: 1 },
        ...elementsOf(column.element, "element")
      ]
  }
}

/** Physical type and annotations of a leaf. */
export const leafElement = (leaf: LeafType): Omit<SchemaElement, "name" | "repetition_type"> => {
  switch (leaf.type) {
    case "text":
    // Not the JSON annotation: engines read that as binary, or not at all.
    case "json":
      return { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } }
    case "integer":
      return { type: "INT32" }
    case "long":
      return { type: "INT64" }
    case "double":
      return { type: "DOUBLE" }
    case "boolean":
      return { type: "BOOLEAN" }
    case "binary":
      return { type: "BYTE_ARRAY" }
    case "date":
      return { type: "INT32", converted_type: "DATE", logical_type: { type: "DATE" } }
    case "timestamp":
      return {
        type: "INT64",
        converted_type: "TIMESTAMP_MICROS",
        logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" }
      }
    case "decimal": {
      const { precision, scale } = leaf
      return {
        ...(precision <= 9 ? { type: "INT32" } : precision <= 18 ? { type: "INT64" } : { type: "FIXED_LEN_BYTE_ARRAY", type_length: 16 }),
        converted_type: "DECIMAL",
        precision,
        scale,
        logical_type: { type: "DECIMAL", precision, scale }
      }
    }
  }
}

/** The elements from the root down to each leaf, leaf by leaf in the order of the schema. */
export const leafPaths = (schema: ReadonlyArray<SchemaElement>): ReadonlyArray<ReadonlyArray<SchemaElement>> => {
  const paths: Array<ReadonlyArray<SchemaElement>> = []
  let next = 0
  const visit = (above: ReadonlyArray<SchemaElement>) => {
    const element = schema[next++]
    if (element === undefined) throw new RangeError("a Parquet schema promises more elements than it has")
    const path = [...above, element]
    if (element.num_children === undefined) paths.push(path)
    else for (let i = 0; i < element.num_children; i++) visit(path)
  }
  visit([])
  return paths
}
