import type { GlueColumn } from "../../src/catalog/glue-table.ts"
import { readHiveType } from "../../src/catalog/hive-type.ts"
import { scaledInteger, unfit } from "../../src/contract/convert.ts"
import { Members, NumberText, readJson } from "../../src/contract/json.ts"
import { daysSinceEpoch, timestampMicros } from "../../src/contract/timestamp.ts"
import type { Value } from "../../src/record/column.ts"
import { type DataType, decimalType } from "../../src/table/schema.ts"

/**
 * What Firehose makes of a line of JSON by the columns that Glue has of a table: the rules of the OpenX SerDe, which reads it, and of Hive's types, which hold
 * it. Where those would guess, drop or fail, this throws.
 */
export const readByOpenX = (line: string, columns: ReadonlyArray<GlueColumn>): { readonly [column: string]: Value } => {
  const read = readJson(line)
  if ("fault" in read) throw new Error(`${read.fault} at ${read.offset}`)
  const fields = columns.map(({ Name, Type }) => {
    const type = readHiveType(Type)
    if (type === null) throw new Error(`column ${Name} is of no type of Hive: ${Type}`)
    return { name: Name, type }
  })
  return structOf(read.value, fields, "")
}

const structOf = (
  value: unknown,
  fields: ReadonlyArray<{ readonly name: string; readonly type: DataType }>,
  path: string
): { readonly [name: string]: Value } => {
  if (!(value instanceof Members)) throw new Error(`${path} is no object`)
  if (value.lastAt !== undefined) throw new Error(`${path} has a key twice`)
  const lower = new Map<string, unknown>()
  for (const [key, member] of value) {
    if (lower.has(key.toLowerCase())) throw new Error(`${path}.${key} is there in two cases`)
    if (!fields.some(({ name }) => name === key.toLowerCase())) throw new Error(`${path}.${key} is dropped without notice`)
    if (member === null) throw new Error(`${path}.${key} is there, and null`)
    lower.set(key.toLowerCase(), member)
  }
  return Object.fromEntries(fields.map(({ name, type }) => [name, asType(lower.get(name), type, `${path}.${name}`)]))
}

const asType = (value: unknown, type: DataType, path: string): Value => {
  if (value === undefined || value === null) return null
  const wrong = (): never => {
    throw new Error(`${path} is not read as ${JSON.stringify(type)}`)
  }
  if (typeof type !== "string") {
    if (type.type === "struct") return structOf(value, type.fields, path)
    if (type.type === "array" && Array.isArray(value)) return value.map((each) => asType(each, type.elementType, `${path}[]`))
    return wrong()
  }
  const number = value instanceof NumberText ? value.source : undefined
  const decimal = decimalType(type)
  if (decimal !== null) {
    const unscaled = number === undefined ? unfit : scaledInteger(number, decimal.scale, decimal.precision)
    return unscaled === unfit || /[eE]/.test(number ?? "") ? wrong() : unscaled
  }
  switch (type) {
    case "string":
      return typeof value === "string" ? value : wrong()
    case "boolean":
      return typeof value === "boolean" ? value : wrong()
    case "double":
      // With a point or an exponent it is a double; else it is parsed as a long, which has no negative zero and an end.
      return number !== undefined && /[.eE]/.test(number) ? Number(number) : wrong()
    case "long":
    case "integer": {
      const bits = type === "long" ? 64 : 32
      if (number === undefined || !/^-?\d+$/.test(number) || BigInt.asIntN(bits, BigInt(number)) !== BigInt(number)) return wrong()
      return type === "long" ? BigInt(number) : Number(number)
    }
    case "timestamp": {
      if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(value)) return wrong()
      return timestampMicros(value)
    }
    case "date": {
      const [, year, month, day] = (typeof value === "string" && /^(\d{4})-(\d\d)-(\d\d)$/.exec(value)) || []
      return day === undefined ? wrong() : daysSinceEpoch(Number(year), Number(month), Number(day))
    }
    default:
      return wrong()
  }
}
