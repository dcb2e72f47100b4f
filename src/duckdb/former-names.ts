import { type DataType, formerNames, type StructField, type StructType, typeText } from "../table/schema.ts"

/** Values that stand under names that their columns had before, read as what they are now, in the SQL of any engine. */

/** What the dialects of SQL say each in their own way. */
export interface Dialect {
  /** A name, quoted. */
  readonly identifier: (name: string) => string
  readonly type: (type: DataType) => string
  /** A list of what becomes of each element. @param each SQL in which `element` is the element */
  readonly list: (value: string, element: string, each: string) => string
  readonly struct: (fields: ReadonlyArray<readonly [name: string, value: string]>) => string
}

export const hasFormer = (type: DataType): boolean =>
  typeof type === "string" || type.type === "map"
    ? false
    : type.type === "array"
      ? hasFormer(type.elementType)
      : type.fields.some((field) => formerNames(field).length > 0 || hasFormer(field.type))

/** With the names that columns had before, under the type that they have now, as columns of their own: what is to be read of files. */
export const withFormer = (schema: StructType): StructType => {
  const names = new Set(schema.fields.map(({ name }) => name))
  const deeper = (type: DataType): DataType =>
    typeof type === "string" || type.type === "map"
      ? type
      : type.type === "array"
        ? { ...type, elementType: deeper(type.elementType) }
        : withFormer(type)
  return {
    type: "struct",
    fields: schema.fields.flatMap((field) => {
      const now = { ...field, type: deeper(field.type) }
      // One that is still a column of the table is read as what it is.
      return [now, ...formerNames(field).flatMap((name) => (names.has(name) ? [] : [{ ...now, name }]))]
    })
  }
}

/** The columns of a schema, each `value AS name`, of rows that were read as {@link withFormer} says. */
export const columnsSql = (schema: StructType, dialect: Dialect): ReadonlyArray<string> => {
  const read = withFormer(schema)
  return schema.fields.map((field) => `${memberSql(dialect, read, field, "", 0)} AS ${dialect.identifier(field.name)}`)
}

/** The value of a field, from the struct that has it, under its name or one that it had before. @param parent SQL of the struct and a dot; empty for columns */
const memberSql = (dialect: Dialect, from: StructType, field: StructField, parent: string, level: number): string => {
  const values = [field.name, ...formerNames(field)].flatMap((name) => {
    const found = from.fields.find((each) => each.name === name)
    return found === undefined ? [] : [asTypeSql(dialect, found.type, field.type, parent + dialect.identifier(name), level)]
  })
  return values.length === 0
    ? `CAST(NULL AS ${dialect.type(field.type)})`
    : values.length === 1
      ? values.join()
      : `coalesce(${values.join(", ")})`
}

/** A value of one type as one of another: structs by the names of their fields. @param level of lists around it */
const asTypeSql = (dialect: Dialect, from: DataType, to: DataType, value: string, level: number): string => {
  if (typeText(from) === typeText(to) && !hasFormer(to)) return value
  if (typeof from !== "string" && typeof to !== "string") {
    if (from.type === "array" && to.type === "array") {
      const element = `e${level}`
      return dialect.list(value, element, asTypeSql(dialect, from.elementType, to.elementType, element, level + 1))
    }
    if (from.type === "struct" && to.type === "struct") {
      const fields = to.fields.map((field) => [field.name, memberSql(dialect, from, field, `${value}.`, level)] as const)
      return `CASE WHEN ${value} IS NULL THEN NULL ELSE ${dialect.struct(fields)} END`
    }
  }
  return `CAST(${value} AS ${dialect.type(to)})`
}
