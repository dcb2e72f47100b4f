/** Reads values of a resource's state by kind; what is not of that kind is not there. */
import { type Fields, isFields, type Value } from "../wire/msgpack.ts"

export interface View {
  /** Fails where it is missing: what makes a resource needs it. */
  readonly text: (name: string) => string
  readonly optional: (name: string) => string | undefined
  readonly number: (name: string) => number | undefined
  readonly flag: (name: string) => boolean | undefined
  readonly texts: (name: string) => ReadonlyArray<string>
  /** Names and texts. */
  readonly map: (name: string) => Readonly<Record<string, string>>
  readonly blocks: (name: string) => ReadonlyArray<View>
  /** The first block of a name. */
  readonly block: (name: string) => View | undefined
}

export const viewOf = (fields: Fields): View => {
  const value = (name: string): Value => fields[name] ?? null
  const optional = (name: string): string | undefined => {
    const found = value(name)
    return typeof found === "string" && found !== "" ? found : undefined
  }
  const list = (name: string): ReadonlyArray<Value> => {
    const found = value(name)
    return Array.isArray(found) ? found : []
  }
  const blocks = (name: string) => list(name).flatMap((item) => (isFields(item) ? [viewOf(item)] : []))
  return {
    text: (name) => {
      const found = optional(name)
      if (found === undefined) throw new Error(`${name} is missing`)
      return found
    },
    optional,
    number: (name) => {
      const found = value(name)
      return typeof found === "number" ? found : undefined
    },
    flag: (name) => {
      const found = value(name)
      return typeof found === "boolean" ? found : undefined
    },
    texts: (name) => list(name).flatMap((item) => (typeof item === "string" ? [item] : [])),
    map: (name) => {
      const found = value(name)
      return isFields(found) ? Object.fromEntries(Object.entries(found).map(([key, item]) => [key, String(item)])) : {}
    },
    blocks,
    block: (name) => blocks(name)[0]
  }
}
