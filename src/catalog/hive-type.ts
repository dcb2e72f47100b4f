import type { DataType } from "../table/schema.ts"

/** Names of leaves that Hive, and so Glue, spells in another way than Delta. */
const words: ReadonlyMap<string, string> = new Map([
  ["long", "bigint"],
  ["integer", "int"],
  ["short", "smallint"],
  ["byte", "tinyint"],
  ["timestamp_ntz", "timestamp"]
])
const deltaWords: ReadonlyMap<string, string> = new Map(
  [...words].flatMap(([delta, hive]) => (hive === "timestamp" ? [] : [[hive, delta]]))
)

/** A type as Glue takes it: `bigint`, `struct<id:string,name:string>`, `array<…>`. */
export const hiveType = (type: DataType): string => {
  if (typeof type === "string") return words.get(type) ?? type
  switch (type.type) {
    case "array":
      return `array<${hiveType(type.elementType)}>`
    case "map":
      return `map<${hiveType(type.keyType)},${hiveType(type.valueType)}>`
    case "struct":
      return `struct<${type.fields.map((field) => `${field.name}:${hiveType(field.type)}`).join(",")}>`
  }
}

/** Reads a type that stands in Glue. A leaf that Delta has not (`varchar(10)`) is its own text; null: the text is no type. */
export const readHiveType = (text: string): DataType | null => {
  const rest = { text: text.trim() }
  const type = readType(rest)
  return rest.text === "" ? type : null
}

/** What is still to be read: each reader takes its part off the front. */
interface Rest {
  text: string
}

const take = (rest: Rest, pattern: RegExp): string | null => {
  const [found] = pattern.exec(rest.text) ?? []
  if (found === undefined) return null
  rest.text = rest.text.slice(found.length)
  return found.trim()
}

const readType = (rest: Rest): DataType | null => {
  const word = take(rest, /^\s*[a-z_][\w ]*(\([\d\s,]*\))?\s*/i)?.toLowerCase()
  if (word === undefined) return null
  if (take(rest, /^<\s*/) === null) return deltaWords.get(word) ?? word.replaceAll(/\s+/g, "")
  const type = readNested(word, rest)
  return type === null || take(rest, /^\s*>\s*/) === null ? null : type
}

const readNested = (word: string, rest: Rest): DataType | null => {
  switch (word) {
    case "array": {
      const elementType = readType(rest)
      return elementType === null ? null : { type: "array", elementType, containsNull: true }
    }
    case "map": {
      const keyType = readType(rest)
      if (keyType === null || take(rest, /^,/) === null) return null
      const valueType = readType(rest)
      return valueType === null ? null : { type: "map", keyType, valueType, valueContainsNull: true }
    }
    case "struct": {
      const fields: Array<{ name: string; type: DataType; nullable: true; metadata: Record<string, never> }> = []
      if (/^\s*>/.test(rest.text)) return { type: "struct", fields }
      do {
        const name = take(rest, /^[^:<>,]+/)
        const type = name === null || take(rest, /^:/) === null ? null : readType(rest)
        if (name === null || type === null) return null
        fields.push({ name, type, nullable: true, metadata: {} })
      } while (take(rest, /^,/) !== null)
      return { type: "struct", fields }
    }
    default:
      return null
  }
}
