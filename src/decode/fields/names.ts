import { type Fields, findShape } from "../../contract/field.ts"
import { snakeCase } from "../../contract/names.ts"

/** Key of the contract's field that has a name. Undefined: none has it. */
export type KeyOf = (name: string) => string | undefined

/** Finds fields as formats other than JSON name them: by their column's name, or one that they had before, however it is spelt. */
export const keysByName = (fields: Fields): KeyOf => {
  const keys = new Map(
    Object.entries(fields).flatMap(([key, field]) =>
      [key, ...(findShape(field)?.formerly ?? [])].map((spelling) => [snakeCase(spelling), key] as const)
    )
  )
  return (name) => keys.get(snakeCase(name))
}
