import { type Fields, keysOf, spellings } from "../../contract/field.ts"
import { fold, snakeCase } from "../../contract/names.ts"

/** Key of the contract's field that has a name. Undefined: none has it. */
export type KeyOf = (name: string) => string | undefined

/** Finds fields as formats other than JSON name them: by their column's name, or one that they had before, however it is spelt. @param anyCase see `Conventions` of the contract */
export const keysByName = (fields: Fields, anyCase = false): KeyOf => {
  const keys = new Map(Object.keys(fields).flatMap((key) => keysOf(fields, key).map((each) => [snakeCase(each), key] as const)))
  if (!anyCase) return (name) => keys.get(snakeCase(name))
  const folded = spellings(fields)
  return (name) => keys.get(snakeCase(name)) ?? folded.get(fold(name))
}
