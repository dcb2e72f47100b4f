import { type Field, type Fields, keysOf, shapeOf } from "./field.ts"
import { fold } from "./names.ts"

/**
 * How bytes are written at a place of a record so that the contract's field reads them: as it says where they are its value, `[…]` of the elements of a list, and
 * by key of the members of an object, or of a map, whose keys are data.
 */
export type BytesAt = "base64" | "hex" | readonly [BytesAt] | ((key: string, isData: boolean) => BytesAt | undefined)

/** The same of records with these fields; undefined: none of them holds bytes. */
export const bytesIn = (fields: Fields): BytesAt | undefined => {
  const [exact, folded] = [new Map<string, BytesAt | undefined>(), new Map<string, BytesAt | undefined>()]
  for (const [key, field] of Object.entries(fields)) {
    const at = bytesOf(field)
    for (const spelling of keysOf(fields, key)) {
      exact.set(spelling, at)
      folded.set(fold(spelling), at)
    }
  }
  if ([...exact.values()].every((at) => at === undefined)) return undefined
  return (key) => (exact.has(key) ? exact.get(key) : folded.get(fold(key)))
}

const bytesOf = (field: Field): BytesAt | undefined => {
  const shape = shapeOf(field)
  switch (shape.kind) {
    case "leaf":
      return shape.leaf.type === "binary" ? (shape.reading.bytes ?? "base64") : undefined
    case "document":
      return bytesIn(shape.fields)
    case "list": {
      const element = bytesOf(shape.element)
      return element && [element]
    }
    case "entries": {
      const pair = bytesIn({ [shape.key[0]]: shape.key[1], [shape.value[0]]: shape.value[1] })
      const value = bytesOf(shape.value[1])
      return typeof pair === "function" ? (key, isData) => (isData ? value : pair(key, false)) : undefined
    }
  }
}
