import type { LeafType } from "../record/column.ts"
import type { Contract } from "./contract.ts"
import { type Field, type Fields, keysOf, shapeOf } from "./field.ts"
import type { Reading } from "./reading.ts"
import { keyFieldsOf, versionFieldOf } from "./table.ts"

/** A JSON document, as JSON Schema is one. */
export type JsonDocument = { readonly [keyword: string]: unknown }

/**
 * JSON Schema (2020-12) of a raw record, for producers: what they may send so that every value finds its column. Values may stand typed or as
 * text, documents as themselves or as JSON text, keys, where case does not count, with a capital or a small first letter. What does not conform is not lost by that (it is
 * rescued, or ends among the dead letters), but it is not in its column.
 */
export const jsonSchema = (contract: Contract): JsonDocument => {
  const writing: Writing = { definitions: {}, anyCase: contract.conventions?.anyCase === true }
  const record = objectSchema(contract.fields, "", writing)
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: contract.title,
    description: contract.description,
    ...record,
    allOf: neededOf(contract).map((keys) =>
      required(keys.flatMap((key) => keysOf(contract.fields, key)).flatMap((key) => spellingsOf(key, writing)))
    ),
    $defs: writing.definitions
  }
}

/** Fields that a record must have: of each of these lists one. */
const neededOf = ({ table, eventTime }: Contract): ReadonlyArray<ReadonlyArray<string>> => {
  const version = versionFieldOf(table)
  return [
    ...keyFieldsOf(table).map((key) => [key]),
    ...(eventTime === undefined ? [] : [[eventTime.field, eventTime.fallback ?? []].flat()]),
    ...(version === null || version === eventTime?.field ? [] : [[version]])
  ]
}

/** One of these keys must be there. */
const required = (keys: ReadonlyArray<string>): JsonDocument => ({ anyOf: keys.map((key) => ({ required: [key] })) })

/** What is gathered, and known, while a schema is written. */
interface Writing {
  readonly definitions: { [name: string]: JsonDocument }
  /** Keys may have a capital or a small first letter. */
  readonly anyCase: boolean
}

const spelled = (key: string, first: "upper" | "lower") =>
  (first === "upper" ? key.charAt(0).toUpperCase() : key.charAt(0).toLowerCase()) + key.slice(1)

const spellingsOf = (key: string, { anyCase }: Writing): ReadonlyArray<string> =>
  anyCase ? [...new Set([key, spelled(key, "upper"), spelled(key, "lower")])] : [key]

const objectSchema = (fields: Fields, path: string, writing: Writing): JsonDocument => ({
  type: "object",
  patternProperties: Object.fromEntries(
    Object.entries(fields).flatMap(([key, field]) => {
      const schema = fieldSchema(field, path === "" ? key : `${path}.${key}`, writing)
      return [
        ...keysOf(fields, key).map((spelling) => [keyPattern(spelling, writing), schema] as const),
        ...parametersOf(field, path === "" ? key : `${path}.${key}`, "", writing)
      ]
    })
  )
})

/** What numbered parameters a list is made of: a pattern for the names of each. */
const parametersOf = (
  field: Field,
  path: string,
  before: string,
  writing: Writing
): ReadonlyArray<readonly [pattern: string, schema: JsonDocument]> => {
  const shape = shapeOf(field)
  const element = shape.kind === "list" && shape.numbered !== undefined ? shapeOf(shape.element) : null
  if (shape.kind !== "list" || shape.numbered === undefined || element?.kind !== "document") return []
  const { prefix, number, value } = shape.numbered
  const start = `${before}${prefix}[1-9][0-9]{0,8}`
  return Object.entries(element.fields).flatMap(([key, member]) => {
    if (key === number) return []
    const schema = fieldSchema(member, `${path}[].${key}`, writing)
    const names = key === value ? [""] : keysOf(element.fields, key)
    const below = parametersOf(member, `${path}[].${key}`, start, writing)
    return below.length > 0 ? below : names.map((name) => [`^${start}${name}$`, schema] as const)
  })
}

const keyPattern = (key: string, { anyCase }: Writing): string => {
  const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
  const first = anyCase ? `[${spelled(key, "lower").charAt(0)}${spelled(key, "upper").charAt(0)}]` : escaped(key.charAt(0))
  return `^${first}${escaped(key.slice(1))}$`
}

const fieldSchema = (field: Field, path: string, writing: Writing): JsonDocument => {
  const shape = shapeOf(field)
  switch (shape.kind) {
    case "leaf":
      return {
        description: shape.description,
        ...leafSchema(shape.leaf, shape.reading),
        ...(shape.told.example === undefined ? {} : { examples: [shape.told.example] }),
        ...(shape.told.unit === undefined ? {} : { "x-unit": shape.told.unit }),
        ...(shape.sensitive === undefined ? {} : { "x-sensitive": shape.sensitive })
      }
    case "document":
      return nested(shape.description, path, objectSchema(shape.fields, path, writing), writing)
    case "list":
      return nested(shape.description, path, { type: "array", items: fieldSchema(shape.element, `${path}[]`, writing) }, writing)
    case "entries": {
      const pair = objectSchema({ [shape.key[0]]: shape.key[1], [shape.value[0]]: shape.value[1] }, `${path}[]`, writing)
      const value = fieldSchema(shape.value[1], `${path}[].${shape.value[0]}`, writing)
      const either = {
        anyOf: [
          { type: "object", additionalProperties: value },
          { type: "array", items: pair }
        ]
      }
      return nested(shape.description, path, either, writing)
    }
  }
}

/** A document by itself or as text; defined once, because the text's content schema names it again. */
const nested = (description: string, path: string, schema: JsonDocument, writing: Writing): JsonDocument => {
  writing.definitions[path] = schema
  // In a JSON pointer that is a URI fragment.
  const $ref = `#/$defs/${encodeURIComponent(path.replaceAll("~", "~0").replaceAll("/", "~1"))}`
  return {
    description,
    anyOf: [{ $ref }, { type: "string", contentMediaType: "application/json", contentSchema: { $ref } }, { type: "null" }]
  }
}

const integerText = "^(|null|-?(0|[1-9][0-9]*))$"
const numberText = "^(|null|-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?)$"
const timestampText =
  "^(|null|[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)? ?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)?)?)$"

const leafSchema = (type: LeafType, { from = "iso", decimalSign = ".", bytes }: Reading): JsonDocument => {
  const either = (typed: string, pattern: string, limits: JsonDocument = {}): JsonDocument => ({
    anyOf: [{ type: typed, ...limits }, { type: "string", pattern }, { type: "null" }],
    "x-column-type": type.type
  })
  switch (type.type) {
    case "text":
      return { type: ["string", "number", "boolean", "null"], "x-column-type": "text" }
    case "json":
      return { "x-column-type": "json" }
    case "integer":
      return either("integer", integerText, { minimum: -(2 ** 31), maximum: 2 ** 31 - 1 })
    case "long":
      return either("integer", integerText)
    case "double":
      return either("number", numberText)
    case "decimal":
      return {
        ...either("number", numberText.replace("\\.", decimalSign === "." ? "\\." : decimalSign)),
        "x-precision": type.precision,
        "x-scale": type.scale
      }
    case "boolean":
      return either("boolean", "^(|null|true|false)$")
    case "timestamp":
    case "date":
      if (from === "iso") return { type: ["string", "null"], pattern: timestampText, "x-column-type": type.type }
      return typeof from === "string"
        ? { ...either("number", numberText), "x-from": from }
        : { type: ["string", "null"], "x-from": from.pattern, "x-column-type": type.type }
    case "binary":
      return { type: ["string", "null"], contentEncoding: bytes === "hex" ? "base16" : "base64", "x-column-type": "binary" }
  }
}
