import type { Contract } from "../src/contract/contract.ts"
import { type Field, type Fields, shapeOf } from "../src/contract/field.ts"
import { identifier, literal } from "../src/lake/sql.ts"
import type { LeafType } from "../src/record/column.ts"

/** The same job in DuckDB's SQL: every field of the contract, nested documents in their types, to ZSTD Parquet. */
export const duckdbStatement = (contract: Contract, input: string, output: string): string => {
  const fields = Object.entries(contract.fields)
  const columns = fields.map(([key]) => `${literal(capital(key))}: 'VARCHAR'`).join(", ")
  const selected = fields.map(([key, field]) => `${expression(capital(key), field)} AS ${identifier(key)}`).join(", ")
  return `COPY (SELECT ${selected} FROM read_json(${literal(input)}, format = 'newline_delimited', columns = {${columns}}, maximum_object_size = 33554432))
    TO ${literal(output)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`
}

const capital = (key: string): string => key.charAt(0).toUpperCase() + key.slice(1)

const expression = (column: string, field: Field): string => {
  const shape = shapeOf(field)
  const source = identifier(column)
  if (shape.kind !== "leaf") return `from_json(${source}, ${literal(JSON.stringify(structure(field)))})`
  return shape.leaf.type === "text" || shape.leaf.type === "json" ? source : `TRY_CAST(${source} AS ${leafType(shape.leaf)})`
}

/** Structure as `from_json` takes it: `{"id": "VARCHAR", "items": [{…}]}`. */
const structure = (field: Field): unknown => {
  const shape = shapeOf(field)
  switch (shape.kind) {
    case "leaf":
      return leafType(shape.leaf)
    case "list":
      return [structure(shape.element)]
    case "entries":
      return "MAP(VARCHAR, VARCHAR)"
    case "document":
      return document(shape.fields)
  }
}

const document = (fields: Fields): unknown => Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, structure(field)]))

const leafType = (leaf: LeafType): string => {
  switch (leaf.type) {
    case "text":
      return "VARCHAR"
    case "json":
      return "JSON"
    case "integer":
      return "INTEGER"
    case "long":
      return "BIGINT"
    case "double":
      return "DOUBLE"
    case "boolean":
      return "BOOLEAN"
    case "decimal":
      return `DECIMAL(${leaf.precision},${leaf.scale})`
    case "timestamp":
      return "TIMESTAMP"
    case "date":
      return "DATE"
    case "binary":
      return "BLOB"
  }
}
