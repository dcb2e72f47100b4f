import type { Column, LeafType } from "../record/column.ts"
import type { ContractDefinition } from "./definition.ts"
import { governance } from "./governance.ts"

/** A column as AWS Glue and Terraform (`aws_glue_catalog_table`) take it. */
export interface GlueColumn {
  readonly Name: string
  /** Hive type: `bigint`, `struct<id:string,name:string>`, `array<…>`. */
  readonly Type: string
  readonly Comment: string
}

/** What a table is, its columns and, apart from them, its partition keys. */
export interface GlueTable {
  readonly description: string
  readonly owner: string
  /** Who answers for it, and how it is to be treated, by name. */
  readonly parameters: { readonly [name: string]: string }
  readonly columns: ReadonlyArray<GlueColumn>
  readonly partitionKeys: ReadonlyArray<GlueColumn>
}

export const glueTable = (contract: ContractDefinition, columns: ReadonlyArray<Column>, partitions: ReadonlyArray<Column>): GlueTable => ({
  description: contract.description,
  owner: contract.owner,
  parameters: { ...contract.tags, ...governance(contract) },
  columns: glueColumns(columns),
  partitionKeys: glueColumns(partitions)
})

export const glueColumns = (columns: ReadonlyArray<Column>): ReadonlyArray<GlueColumn> =>
  columns.map((column) => ({ Name: column.name, Type: hiveType(column), Comment: comment(column.description) }))

/** Glue takes one line of at most 255 characters (its `CommentString`). */
const comment = (description: string): string => {
  const line = description.replace(/\s+/g, " ").trim()
  return line.length <= 255 ? line : `${line.slice(0, 254).trimEnd()}…`
}

const hiveType = (column: Column): string => {
  switch (column.kind) {
    case "leaf":
      return leafType(column.leaf)
    case "list":
      return `array<${hiveType(column.element)}>`
    case "struct":
      return `struct<${column.fields.map((field) => `${field.name}:${hiveType(field)}`).join(",")}>`
  }
}

const leafType = (type: LeafType): string => {
  switch (type.type) {
    case "text":
    case "json":
      return "string"
    case "integer":
      return "int"
    case "long":
      return "bigint"
    case "decimal":
      return `decimal(${type.precision},${type.scale})`
    case "double":
    case "boolean":
    case "timestamp":
    case "date":
    case "binary":
      return type.type
  }
}
