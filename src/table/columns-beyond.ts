import { type DataType, decimalType, formerNames, type StructType, typeText } from "./schema.ts"

/** Columns that a table has and a new schema for it has not, by what the schema says of them. */
export interface ColumnsBeyond {
  /** The schema says nothing of them. */
  readonly unknown: ReadonlyArray<string>
  /** Column and its name now. */
  readonly renamed: ReadonlyArray<readonly [before: string, now: string]>
  /** What a renamed column cannot become. */
  readonly misfits: ReadonlyArray<string>
}

/**
 * Compares a table's schema with one that is to go on with it. Lists have no name of their own in a path: `items.sku`.
 *
 * @param retired paths of columns, with all below them, that nobody needs to know
 */
export const columnsBeyond = (existing: StructType, wanted: StructType, retired: ReadonlySet<string>): ColumnsBeyond => {
  const unknown: Array<string> = []
  const renamed: Array<readonly [string, string]> = []
  const misfits: Array<string> = []

  const struct = (before: StructType, after: StructType, path: string, isRenamed: boolean): void => {
    for (const field of before.fields) {
      const at = path + field.name
      if (retired.has(at)) continue
      const same = after.fields.find(({ name }) => name === field.name)
      const now = same ?? after.fields.find((other) => formerNames(other).includes(field.name))
      if (now === undefined) unknown.push(at)
      else {
        if (same === undefined) renamed.push([at, path + now.name])
        else {
          const forgotten = formerNames(field).find((name) => !formerNames(same).includes(name))
          if (forgotten !== undefined) misfits.push(`the column ${at} was ${forgotten} before, which it must go on to say (formerly)`)
        }
        value(field.type, now.type, at, isRenamed || same === undefined)
      }
    }
  }
  /** Other types under one name are told by whoever evolves the schema. */
  const value = (before: DataType, after: DataType, path: string, isRenamed: boolean): void => {
    if (typeof before !== "string" && typeof after !== "string") {
      if (before.type === "struct" && after.type === "struct") struct(before, after, `${path}.`, isRenamed)
      else if (before.type === "array" && after.type === "array") value(before.elementType, after.elementType, path, isRenamed)
      else if (isRenamed) misfits.push(misfit(path, before, after))
    } else if (isRenamed && typeText(before) !== typeText(after) && !widens(before, after)) misfits.push(misfit(path, before, after))
  }
  struct(existing, wanted, "", false)
  return { unknown, renamed, misfits }
}

const misfit = (path: string, before: DataType, after: DataType): string =>
  `the column ${path} is ${typeText(before)}, and cannot become ${typeText(after)} without loss`

/** Digits before the point that hold every value of an integer type. */
const digits: { readonly [type: string]: number } = { integer: 10, long: 19 }

/** Has every value of one type an equal one in the other? */
const widens = (before: DataType, after: DataType): boolean => {
  if (typeof before !== "string" || typeof after !== "string") return false
  if (before === "integer" && (after === "long" || after === "double")) return true
  if (after === "string") return ["integer", "long", "boolean"].includes(before)
  const to = decimalType(after)
  if (to === null) return false
  const from = decimalType(before)
  if (from !== null) return to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale
  const whole = digits[before]
  return whole !== undefined && to.precision - to.scale >= whole
}
