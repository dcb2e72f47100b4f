import type { Column, Leaf, Value } from "../record/column.ts"

const maxInteger = 2 ** 31 - 1
const minInteger = -(2 ** 31)
const maxLong = 2n ** 63n - 1n
const minLong = -(2n ** 63n)

/**
 * The check of a column's values, compiled once: it takes a value and throws when the value does not fit the column. Null fits everywhere.
 * Absent fields of a struct are null; fields that the column does not have do not fit, since they would be lost without a word.
 *
 * @param path what errors call the column: `items.element.price`
 */
export const checker = (column: Column, path: string = column.name): ((value: Value) => void) => {
  switch (column.kind) {
    case "leaf":
      return leafChecker(column, path)
    case "list": {
      const check = checker(column.element, `${path}.element`)
      return (value) => {
        if (value === null) return
        if (!Array.isArray(value)) throw misfit(path, "a list", value)
        const values: ReadonlyArray<Value> = value
        for (let i = 0; i < values.length; i++) check(values[i] ?? null)
      }
    }
    case "struct": {
      if (column.fields.length === 0) throw new RangeError(`column ${path}: a struct has at least one field`)
      const names = column.fields.map((field) => field.name)
      const checks = column.fields.map((field) => checker(field, `${path}.${field.name}`))
      return (value) => {
        if (value === null) return
        if (!isStruct(value)) throw misfit(path, "an object", value)
        let found = 0
        for (let i = 0; i < names.length; i++) {
          const field = value[names[i] as string] // i < names.length
          if (field === undefined) continue
          found++
          ;(checks[i] as (value: Value) => void)(field) // as many checks as names
        }
        // One walk over the keys tells that none is unknown: as many were found as there are.
        for (const _ in value) found--
        if (found !== 0) throw new TypeError(`column ${path}: has fields ${names.join(", ")}, and none called ${unknownKeys(value, names)}`)
      }
    }
  }
}

const leafChecker = (column: Leaf, path: string): ((value: Value) => void) => {
  const leaf = column.leaf
  switch (leaf.type) {
    case "text":
    case "json":
      return (value) => {
        if (value === null) return
        if (typeof value !== "string") throw misfit(path, "text", value)
      }
    case "integer":
    case "date":
      return (value) => {
        if (value === null) return
        if (typeof value !== "number" || !Number.isInteger(value)) throw misfit(path, "an integer number", value)
        if (value < minInteger || value > maxInteger) throw new RangeError(`column ${path}: the number does not fit 32 bits`)
      }
    case "long":
    case "timestamp":
      return (value) => {
        if (value === null) return
        if (typeof value !== "bigint") throw misfit(path, "a bigint", value)
        if (value < minLong || value > maxLong) throw new RangeError(`column ${path}: the number does not fit 64 bits`)
      }
    case "double":
      return (value) => {
        if (value === null) return
        if (typeof value !== "number") throw misfit(path, "a number", value)
      }
    case "boolean":
      return (value) => {
        if (value !== null && typeof value !== "boolean") throw misfit(path, "true or false", value)
      }
    case "decimal": {
      const { precision, scale } = leaf
      if (
        !(Number.isInteger(precision) && precision >= 1 && precision <= 38 && Number.isInteger(scale) && scale >= 0 && scale <= precision)
      ) {
        throw new RangeError(`column ${path}: decimal(${precision},${scale}) is not a type; precision is 1 to 38, scale 0 to precision`)
      }
      const limit = 10n ** BigInt(precision)
      return (value) => {
        if (value === null) return
        if (typeof value !== "bigint") throw misfit(path, "a bigint (unscaled)", value)
        if (value >= limit || value <= -limit) {
          throw new RangeError(`column ${path}: the number has more than the ${precision} digits of decimal(${precision},${scale})`)
        }
      }
    }
    case "binary":
      return (value) => {
        if (value === null) return
        if (!(value instanceof Uint8Array)) throw misfit(path, "bytes", value)
      }
  }
}

const isStruct = (value: Value): value is { readonly [name: string]: Value } =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)

const unknownKeys = (value: object, names: ReadonlyArray<string>): string =>
  Object.keys(value)
    .filter((name) => !names.includes(name))
    .map((name) => JSON.stringify(name))
    .join(", ")

/** The value itself is not in the message: it may be sensitive, and messages reach logs. */
const misfit = (path: string, wanted: string, value: unknown): TypeError =>
  new TypeError(
    `column ${path}: takes ${wanted}, not ${value === undefined ? "undefined" : Array.isArray(value) ? "a list" : value instanceof Uint8Array ? "bytes" : `a value of type ${typeof value}`}`
  )
