import type { Contract } from "../../src/contract/contract.ts"
import { type Field, shapeOf } from "../../src/contract/field.ts"
import { identifier, literal } from "../../src/duckdb/sql.ts"
import type { LeafType } from "../../src/record/column.ts"
import type { Form } from "../contestants/job.ts"
import { capital, spelled } from "./spelling.ts"

/**
 * The same job in DuckDB's SQL, derived from the contract so that no side has a column more: documents in text are read by `from_json` with
 * their types, real documents by the types of the columns. ZSTD level 1, as Sluice has.
 *
 * Damaged input needs more of it: lines that are not JSON are passed over (they become rows of nulls), a document in text is looked at once
 * more to see whether it is one.
 */
export const copyStatement = (
  contract: Contract,
  job: { readonly form: Form; readonly damaged: boolean; readonly input: string; readonly output: string }
): string => {
  const fields = Object.entries(contract.fields)
  const nested = job.form === "nested"
  const columns = fields.map(([key, field]) =>
    nested ? `${literal(spelled([key]))}: ${literal(sqlType(field, [key]))}` : `${literal(capital(key))}: 'VARCHAR'`
  )
  const selected = fields.map(([key, field]) => `${nested ? identifier(key) : fromText(key, field, job.damaged)} AS ${identifier(key)}`)
  const options = ["format = 'newline_delimited'", `columns = {${columns.join(", ")}}`, "maximum_object_size = 33554432"]
  if (job.damaged) options.push("ignore_errors = true")
  return `COPY (SELECT ${selected.join(", ")} FROM read_json(${literal(job.input)}, ${options.join(", ")}))
    TO ${literal(job.output)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`
}

const fromText = (key: string, field: Field, damaged: boolean): string => {
  const shape = shapeOf(field)
  const text = identifier(capital(key))
  if (shape.kind === "leaf")
    return shape.leaf.type === "text" || shape.leaf.type === "json" ? text : `TRY_CAST(${text} AS ${leafType(shape.leaf)})`
  const document = `from_json(${text}, ${literal(JSON.stringify(structure(field, [key])))})`
  return damaged ? `CASE WHEN json_valid(${text}) THEN ${document} END` : document
}

/** Structure as `from_json` takes it: `{"id": "VARCHAR", "items": [{…}]}`. */
const structure = (field: Field, path: ReadonlyArray<string>): unknown => {
  const shape = shapeOf(field)
  switch (shape.kind) {
    case "leaf":
      return leafType(shape.leaf)
    case "list":
      return [structure(shape.element, path)]
    case "entries":
      return "MAP(VARCHAR, VARCHAR)"
    case "document":
      return Object.fromEntries(
        Object.entries(shape.fields).map(([key, field]) => [spelled([...path, key]), structure(field, [...path, key])])
      )
  }
}

const sqlType = (field: Field, path: ReadonlyArray<string>): string => {
  const shape = shapeOf(field)
  switch (shape.kind) {
    case "leaf":
      return leafType(shape.leaf)
    case "list":
      return `${sqlType(shape.element, path)}[]`
    case "entries":
      return "MAP(VARCHAR, VARCHAR)"
    case "document":
      return `STRUCT(${Object.entries(shape.fields)
        .map(([key, field]) => `${identifier(spelled([...path, key]))} ${sqlType(field, [...path, key])}`)
        .join(", ")})`
  }
}

export const leafType = (leaf: LeafType): string => {
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
