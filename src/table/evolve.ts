import { Malformed } from "../record/malformed.ts"
import { type DataType, type StructType, typeText } from "./schema.ts"

/**
 * How a schema may change without rewriting data: new nullable fields, at the end of any struct. Files written before read as null there.
 * Renaming, dropping and changing types need features that this writer does not enable.
 */

/** A schema that holds all of `existing` in its order, then what only `wanted` has. Comments are `wanted`'s. Throws `Malformed` on a type change. */
export const evolveSchema = (
  existing: StructType,
  wanted: StructType
): { readonly schema: StructType; readonly added: ReadonlyArray<string> } => {
  const added: Array<string> = []
  const schema = mergeStruct(existing, wanted, "", added)
  return { schema, added }
}

const mergeStruct = (existing: StructType, wanted: StructType, path: string, added: Array<string>): StructType => {
  const byName = new Map(wanted.fields.map((field) => [field.name.toLowerCase(), field]))
  const fields = existing.fields.map((field) => {
    const other = byName.get(field.name.toLowerCase())
    if (other === undefined) return field
    byName.delete(field.name.toLowerCase())
    if (other.name !== field.name) throw changed(path + field.name, `named ${field.name}`, `named ${other.name}`)
    const type = mergeType(field.type, other.type, path + field.name, added)
    return { ...field, type, metadata: { ...field.metadata, ...other.metadata } }
  })
  for (const field of byName.values()) {
    added.push(path + field.name)
    fields.push({ ...field, nullable: true })
  }
  return { type: "struct", fields }
}

const mergeType = (existing: DataType, wanted: DataType, path: string, added: Array<string>): DataType => {
  if (typeof existing !== "string" && typeof wanted !== "string") {
    if (existing.type === "struct" && wanted.type === "struct") return mergeStruct(existing, wanted, `${path}.`, added)
    if (existing.type === "array" && wanted.type === "array")
      return { ...existing, elementType: mergeType(existing.elementType, wanted.elementType, `${path}.element`, added) }
    if (existing.type === "map" && wanted.type === "map")
      return {
        ...existing,
        keyType: mergeType(existing.keyType, wanted.keyType, `${path}.key`, added),
        valueType: mergeType(existing.valueType, wanted.valueType, `${path}.value`, added)
      }
  }
  if (typeText(existing) !== typeText(wanted)) throw changed(path, typeText(existing), typeText(wanted))
  return existing
}

const changed = (path: string, existing: string, wanted: string): Malformed =>
  new Malformed(
    "Invalid",
    `column ${path} is ${existing} in the table and ${wanted} in the definition`,
    "A column cannot change its type: give the new one another name, and say which one it was before (formerly)."
  )

/** Can data files made for `before` be committed to `after`? Yes if every field is still there with its type. */
export const stillFits = (before: StructType, after: StructType): boolean => {
  try {
    const { schema, added } = evolveSchema(after, before)
    return added.length === 0 && typeText(schema) === typeText(after) && noneTightened(before, after)
  } catch {
    return false
  }
}

/** No field of `after` demands a value that files made for `before` may lack. */
const noneTightened = (before: DataType, after: DataType): boolean => {
  if (typeof before === "string" || typeof after === "string") return true
  if (before.type === "array" && after.type === "array") return noneTightened(before.elementType, after.elementType)
  if (before.type === "map" && after.type === "map") return noneTightened(before.valueType, after.valueType)
  if (before.type !== "struct" || after.type !== "struct") return false
  const known = new Map(before.fields.map((field) => [field.name, field]))
  return after.fields.every((field) => {
    const old = known.get(field.name)
    return old === undefined ? field.nullable : (field.nullable || !old.nullable) && noneTightened(old.type, field.type)
  })
}
