import { type Field, type Fields, keysOf, shapeOf } from "./field.ts"
import { fold } from "./names.ts"

/** How bytes are written at a place of a record so that the contract's field reads them: in this form where they are its value, `[…]` of the elements of a list. */
export type BytesAt = "base64" | "hex" | readonly [BytesAt] | BytesWithin

/** The same of what an object holds. */
export interface BytesWithin {
  /** At the member of a key. */
  readonly member: (key: string) => BytesAt | undefined
  /** At all keys and at all members, where keys are data. */
  readonly pair?: { readonly key: BytesAt | undefined; readonly value: BytesAt | undefined }
}

/** The same of records with these fields; undefined: none of them holds bytes. */
export const bytesIn = (fields: Fields): BytesWithin | undefined => {
  const [exact, folded] = [new Map<string, BytesAt | undefined>(), new Map<string, BytesAt | undefined>()]
  for (const [key, field] of Object.entries(fields)) {
    const at = bytesOf(field)
    for (const spelling of keysOf(fields, key)) {
      exact.set(spelling, at)
      folded.set(fold(spelling), at)
    }
  }
  if ([...exact.values()].every((at) => at === undefined)) return undefined
  return { member: (key) => (exact.has(key) ? exact.get(key) : folded.get(fold(key))) }
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
      const { key, value } = shape
      const listed = bytesIn({ [key[0]]: key[1], [value[0]]: value[1] })
      return listed && { ...listed, pair: { key: bytesOf(key[1]), value: bytesOf(value[1]) } }
    }
  }
}
