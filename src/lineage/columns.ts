import type { Column, LeafType } from "../record/column.ts"
import type { SchemaField, Tag } from "./facets.ts"

/** Type names are those of the Delta schema, so that lineage and the table say the same. */
const leafTypeName = (type: LeafType): string => {
  switch (type.type) {
    case "text":
    case "json":
      return "string"
    case "decimal":
      return `decimal(${type.precision},${type.scale})`
    default:
      return type.type
  }
}

export const typeName = (column: Column): string =>
  column.kind === "leaf" ? leafTypeName(column.leaf) : column.kind === "list" ? "array" : "struct"

const children = (column: Column): ReadonlyArray<Column> =>
  column.kind === "leaf" ? [] : column.kind === "list" ? [column.element] : column.fields

/** Columns as the `schema` facet says them: structs by their fields, lists by one field `element`. Positions count from 1 per level. */
export const schemaFields = (columns: ReadonlyArray<Column>): ReadonlyArray<SchemaField> =>
  columns.map((column, i) => {
    const nested = children(column)
    return {
      name: column.name,
      type: typeName(column),
      ...(column.description === "" ? {} : { description: column.description }),
      ordinal_position: i + 1,
      ...(nested.length === 0 ? {} : { fields: schemaFields(nested) })
    }
  })

/** A column and its dotted path: `items.element.price`. */
export interface PlacedColumn {
  readonly path: string
  readonly column: Column
}

/** All columns with their paths, parents before children. */
export function* walkColumns(columns: ReadonlyArray<Column>, parent = ""): Generator<PlacedColumn> {
  for (const column of columns) {
    const path = parent === "" ? column.name : `${parent}.${column.name}`
    yield { path, column }
    yield* walkColumns(children(column), path)
  }
}

/** Paths of the leaves: what column lineage speaks of. */
export function* leafPaths(columns: ReadonlyArray<Column>): Generator<string> {
  for (const { path, column } of walkColumns(columns)) if (column.kind === "leaf") yield path
}

/** Marks of the sensitive columns: the tag's value is the policy. */
export const sensitiveTags = (columns: ReadonlyArray<Column>): ReadonlyArray<Tag> => {
  const tags: Array<Tag> = []
  for (const { path, column } of walkColumns(columns)) {
    if (column.kind === "leaf" && column.sensitive !== undefined) {
      tags.push({ key: "sensitive", value: column.sensitive, source: "INTEGRATION", field: path })
    }
  }
  return tags
}
