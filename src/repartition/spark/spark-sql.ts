import type { Dialect } from "../../duckdb/former-names.ts"
import type { DataType } from "../../table/schema.ts"

/** A name in Spark's SQL: quoted, whatever it holds. */
export const identifier = (name: string): string => `\`${name.replaceAll("`", "``")}\``

/** A text in Spark's SQL: quoted, whatever it holds. */
export const literal = (text: string): string => `'${text.replace(/['\\]/g, "\\$&")}'`

/** Whether a text has something that matches a regular expression. */
export const matches = (text: string, pattern: string): string => `${text} RLIKE ${literal(pattern)}`

const words: { readonly [type: string]: string } = { long: "BIGINT", integer: "INT", short: "SMALLINT", byte: "TINYINT" }

/** Spark's type of a type of a Delta schema. */
const sqlType = (type: DataType): string => {
  if (typeof type === "string") return words[type] ?? type.toUpperCase()
  switch (type.type) {
    case "struct":
      return `STRUCT<${type.fields.map(({ name, type }) => `${identifier(name)}: ${sqlType(type)}`).join(", ")}>`
    case "array":
      return `ARRAY<${sqlType(type.elementType)}>`
    case "map":
      return `MAP<${sqlType(type.keyType)}, ${sqlType(type.valueType)}>`
  }
}

export const dialect: Dialect = {
  identifier,
  type: sqlType,
  list: (value, element, each) => `transform(${value}, ${element} -> ${each})`,
  struct: (fields) => `named_struct(${fields.map(([name, value]) => `${literal(name)}, ${value}`).join(", ")})`
}
