import { type Fields, findShape } from "../../contract/field.ts"
import { fold, snakeCase } from "../../contract/names.ts"

/** Key of the contract's field that has a name. Undefined: none has it. */
export type KeyOf = (name: string) => string | undefined

/** Finds fields as formats other than JSON name them: by their column's name, or one that they had before, however it is spelt. @param anyCase see `Conventions` of the contract */
export const keysByName = (fields: Fields, anyCase = false): KeyOf => {
  const spellings = Object.entries(fields).flatMap(([key, field]) =>
    [key, ...(findShape(field)?.formerly ?? [])].map((spelling) => [spelling, key] as const)
  )
  const keys = new Map(spellings.map(([spelling, key]) => [snakeCase(spelling), key]))
  if (!anyCase) return (name) => keys.get(snakeCase(name))
  const folded = new Map(spellings.map(([spelling, key]) => [fold(spelling), key]))
  return (name) => keys.get(snakeCase(name)) ?? folded.get(fold(name))
}
