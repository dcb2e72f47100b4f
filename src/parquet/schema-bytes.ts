import type { SchemaElement } from "hyparquet"
import type { ThriftWriter } from "./thrift.ts"

/** Numbers of parquet.thrift. */
export const physicalTypes = {
  BOOLEAN: 0,
  INT32: 1,
  INT64: 2,
  INT96: 3,
  FLOAT: 4,
  DOUBLE: 5,
  BYTE_ARRAY: 6,
  FIXED_LEN_BYTE_ARRAY: 7
} as const
const repetitions = { REQUIRED: 0, OPTIONAL: 1, REPEATED: 2 } as const
const convertedTypes: { readonly [name: string]: number } = { UTF8: 0, LIST: 3, DECIMAL: 5, DATE: 6, TIMESTAMP_MICROS: 10 }
const logicalTypes: { readonly [name: string]: number } = { STRING: 1, LIST: 3, DECIMAL: 5, DATE: 6, TIMESTAMP: 8 }

/** Writes an element of a schema, as the ones that `parquetSchema` makes are. */
export const writeSchemaElement = (thrift: ThriftWriter, element: SchemaElement): void => {
  const { type, type_length, repetition_type, name, num_children, converted_type, scale, precision, logical_type } = element
  thrift.beginElement()
  if (type !== undefined) thrift.i32(1, physicalTypes[type])
  if (type_length !== undefined) thrift.i32(2, type_length)
  if (repetition_type !== undefined) thrift.i32(3, repetitions[repetition_type])
  thrift.text(4, name)
  if (num_children !== undefined) thrift.i32(5, num_children)
  if (converted_type !== undefined) thrift.i32(6, numberOf(convertedTypes, converted_type))
  if (scale !== undefined) thrift.i32(7, scale)
  if (precision !== undefined) thrift.i32(8, precision)
  if (logical_type !== undefined) writeLogicalType(thrift, logical_type)
  thrift.end()
}

const numberOf = (numbers: { readonly [name: string]: number }, name: string): number => {
  const number = numbers[name]
  if (number === undefined) throw new RangeError(`${name} is no type of our schemas`)
  return number
}

/** A union: a struct with one field, the type, which is a struct itself. */
const writeLogicalType = (thrift: ThriftWriter, logical: NonNullable<SchemaElement["logical_type"]>): void => {
  thrift.begin(10)
  thrift.begin(numberOf(logicalTypes, logical.type))
  if (logical.type === "DECIMAL") {
    thrift.i32(1, logical.scale)
    thrift.i32(2, logical.precision)
  }
  if (logical.type === "TIMESTAMP") {
    thrift.bool(1, logical.isAdjustedToUTC)
    thrift.begin(2)
    thrift.begin(numberOf(timeUnits, logical.unit))
    thrift.end()
    thrift.end()
  }
  thrift.end()
  thrift.end()
}

const timeUnits: { readonly [name: string]: number } = { MILLIS: 1, MICROS: 2, NANOS: 3 }
