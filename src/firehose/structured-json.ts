import { formatMicros } from "../contract/timestamp.ts"
import type { Column, LeafType, Value } from "../record/column.ts"
import { decimalText } from "../record/decimal-text.ts"

/**
 * Rows of stage as JSON that Firehose turns into Parquet by the columns that Glue has of the table. Its SerDes read less than JSON can say: times end in `Z`,
 * numbers are numbers with all their digits, and what is null is not there at all.
 */

/** The JSON object of a row: one value per column, in their order. One line, without its end. */
export type RowText = (row: ReadonlyArray<Value>) => string

/** @param columns of a table's files, `stageColumns` for those of stage */
export const rowTextOf = (columns: ReadonlyArray<Column>): RowText => {
  const members = membersOf(columns)
  return (row) => objectText(members, (_, i) => row[i])
}

/** Text of a value that is there. */
type ValueText = (value: NonNullable<Value>) => string

interface Member {
  readonly name: string
  /** As it begins in an object. */
  readonly key: string
  readonly text: ValueText
}

const membersOf = (columns: ReadonlyArray<Column>): ReadonlyArray<Member> =>
  columns.map((column) => ({ name: column.name, key: `${JSON.stringify(column.name)}:`, text: valueText(column) }))

const objectText = (members: ReadonlyArray<Member>, at: (name: string, i: number) => Value | undefined): string => {
  let out = "{"
  for (const [i, { name, key, text }] of members.entries()) {
    const value = at(name, i)
    if (value === null || value === undefined) continue
    out += (out.length === 1 ? key : `,${key}`) + text(value)
  }
  return `${out}}`
}

const valueText = (column: Column): ValueText => {
  switch (column.kind) {
    case "leaf":
      return leafText(column.leaf)
    case "struct": {
      const members = membersOf(column.fields)
      return (value) => {
        const fields = isStruct(value) ? value : {}
        return objectText(members, (name) => fields[name])
      }
    }
    case "list": {
      const text = valueText(column.element)
      return (value) => `[${(Array.isArray(value) ? value : []).map((each: Value) => (each === null ? "null" : text(each))).join(",")}]`
    }
  }
}

const isStruct = (value: NonNullable<Value>): value is { readonly [name: string]: Value } =>
  typeof value === "object" && !Array.isArray(value) && !(value instanceof Uint8Array)

const leafText = (leaf: LeafType): ValueText => {
  switch (leaf.type) {
    case "text":
    case "json":
      return JSON.stringify
    case "double":
      return (value) => doubleText(Number(value))
    case "decimal":
      return (value) => (typeof value === "bigint" ? decimalText(value, leaf.scale) : String(value))
    case "timestamp":
      return (value) => (typeof value === "bigint" ? `"${formatMicros(value)}"` : JSON.stringify(value))
    case "date":
      return (value) => `"${formatMicros(BigInt(Number(value)) * 86_400_000_000n).slice(0, 10)}"`
    case "binary":
      return (value) => JSON.stringify(value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value)
    default:
      return String
  }
}

/** With a point or an exponent, which the SerDes tell it from an integer by: one that is too long for theirs would be text to them, and 0 has no sign. */
const doubleText = (value: number): string => {
  const text = Object.is(value, -0) ? "-0" : String(value)
  return /[.e]/.test(text) ? text : `${text}.0`
}

/**
 * What Firehose cannot make a table's file of, each as a sentence without its full stop; empty: all of it.
 *
 * Neither of its SerDes reads bytes out of JSON: each record of such a column would end in the error prefix.
 */
export const unfitColumns = (columns: ReadonlyArray<Column>): ReadonlyArray<string> =>
  leafPaths(columns).flatMap(([path, { type }]) =>
    type === "binary" ? [`${path} holds bytes, which Firehose cannot read out of JSON`] : []
  )

const leafPaths = (columns: ReadonlyArray<Column>, above = ""): ReadonlyArray<readonly [path: string, leaf: LeafType]> =>
  columns.flatMap((column) => {
    const path = above + column.name
    switch (column.kind) {
      case "leaf":
        return [[path, column.leaf] as const]
      case "struct":
        return leafPaths(column.fields, `${path}.`)
      case "list":
        return leafPaths([column.element], `${path}.`)
    }
  })
