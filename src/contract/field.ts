import { Effect, Schema, SchemaGetter, SchemaIssue } from "effect"
import type { LeafType, SensitivePolicy } from "../record/column.ts"
import { type Convert, converterOf, documentOf, maxLong, minLong, unfit } from "./convert.ts"
import { isObject, members } from "./json.ts"
import { formatMicros, maxTimestamp, minTimestamp } from "./timestamp.ts"

/**
 * The fields that a contract is made of. Each constructor gives an Effect Schema: its decoding from an unknown JSON value is the definition
 * of how the value is converted (null and missing are null), its type is what the column holds, and its annotation says what is derived.
 */
export interface Field<out T = unknown> extends Schema.Constraint {
  readonly Type: T | null
  readonly Encoded: unknown
  readonly DecodingServices: never
  readonly EncodingServices: never
}

/** Fields of a document, by camelCase key. */
export type Fields = { readonly [camelCaseKey: string]: Field }

export interface FieldOptions {
  /** What becomes of the value. Absent: the value is not sensitive. */
  readonly sensitive?: SensitivePolicy
}

/** What a field is: read from the annotation by whatever is derived from a contract. */
export type Shape =
  | {
      readonly kind: "leaf"
      readonly description: string
      readonly leaf: LeafType
      readonly sensitive: SensitivePolicy | undefined
      readonly convert: Convert
    }
  | { readonly kind: "document"; readonly description: string; readonly fields: Fields }
  | { readonly kind: "list"; readonly description: string; readonly element: Field }
  | {
      readonly kind: "entries"
      readonly description: string
      readonly key: readonly [name: string, field: Field]
      readonly value: readonly [name: string, field: Field]
    }

const shapeKey = "sluice/shape"

const isShape = (annotation: unknown): annotation is Shape => typeof annotation === "object" && annotation !== null && "kind" in annotation

/** The shape that a field constructor left on the schema's AST. Throws for a schema that was not made by one: a mistake in the contract. */
export const shapeOf = (field: Field): Shape => {
  const annotation = Schema.resolveAnnotations(field)?.[shapeKey]
  if (!isShape(annotation)) throw new Error("A field of a contract must be made by a field constructor (text, long, document, …).")
  return annotation
}

const issue = (expected: string) => Effect.fail(new SchemaIssue.InvalidValue({ expected }))

const leafField = <T>(
  target: Schema.Codec<T, T>,
  type: LeafType,
  description: string,
  options: FieldOptions | undefined,
  encode: (value: T) => unknown = (value) => value
): Field<T> => {
  const convert = converterOf(type)
  const shape: Shape = { kind: "leaf", description, leaf: type, sensitive: options?.sensitive, convert }
  return Schema.Unknown.pipe(
    Schema.decodeTo(Schema.NullOr(target), {
      decode: SchemaGetter.transformEffect((raw: unknown) => {
        const value = convert(raw)
        // The target schema checks next that the conversion gave what the type says.
        return value === unfit ? issue(type.type) : Effect.succeed(value as T | null)
      }),
      encode: SchemaGetter.transform((value: T | null): unknown => (value === null ? null : encode(value)))
    })
  ).annotate({ description, [shapeKey]: shape })
}

/** A JSON number where it is exact, else text of it. */
const encodeLong = (value: bigint): unknown =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value)

const encodeDecimal =
  (scale: number) =>
  (unscaled: bigint): string => {
    const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0")
    const cut = digits.length - scale
    return `${unscaled < 0n ? "-" : ""}${digits.slice(0, cut)}${scale > 0 ? `.${digits.slice(cut)}` : ""}`
  }

const between = (minimum: bigint, maximum: bigint) => Schema.BigInt.check(Schema.isBetweenBigInt({ minimum, maximum }))
const wellFormed = Schema.makeFilter((value: string) => value.isWellFormed(), { expected: "text without lone surrogates" })

/** Text of any length. Numbers and booleans become the text that they were written as; lone surrogates become U+FFFD. */
export const text = (description: string, options?: FieldOptions): Field<string> =>
  leafField(Schema.String.check(wellFormed), { type: "text" }, description, options)

/** Integer of 64 bits, as `bigint`. */
export const long = (description: string, options?: FieldOptions): Field<bigint> =>
  leafField(between(minLong, maxLong), { type: "long" }, description, options, encodeLong)

/** Integer of 32 bits. */
export const integer = (description: string, options?: FieldOptions): Field<number> =>
  leafField(Schema.Int.check(Schema.isInt32()), { type: "integer" }, description, options)

/** Floating point number, never NaN or infinite. */
export const double = (description: string, options?: FieldOptions): Field<number> =>
  leafField(Schema.Finite, { type: "double" }, description, options)

export const boolean = (description: string, options?: FieldOptions): Field<boolean> =>
  leafField(Schema.Boolean, { type: "boolean" }, description, options)

/** Instant: microseconds since 1970 UTC as `bigint`, from ISO 8601 text. */
export const timestamp = (description: string, options?: FieldOptions): Field<bigint> =>
  leafField(between(minTimestamp, maxTimestamp), { type: "timestamp" }, description, options, formatMicros)

/** Exact decimal number: the unscaled integer as `bigint`. @param precision digits in all, 1 to 38 @param scale digits after the point */
export const decimal = (precision: number, scale: number, description: string, options?: FieldOptions): Field<bigint> => {
  if (!Number.isInteger(precision) || precision < 1 || precision > 38 || !Number.isInteger(scale) || scale < 0 || scale > precision)
    throw new Error(`decimal(${precision}, ${scale}): precision must be 1 to 38 and scale 0 to precision.`)
  const limit = 10n ** BigInt(precision) - 1n
  return leafField(between(-limit, limit), { type: "decimal", precision, scale }, description, options, encodeDecimal(scale))
}

const JsonText = Schema.declare((value): value is string => typeof value === "string", {
  expected: "JSON text",
  toCodecArbitrary: () =>
    Schema.link<string>()(Schema.Json, {
      decode: SchemaGetter.transform((value: unknown): string => JSON.stringify(value).toWellFormed()),
      encode: SchemaGetter.transform((value: string) => JSON.parse(value))
    })
})

/** Whatever it is, as compact JSON text: for values whose keys are data. Drop rules apply inside it. */
export const json = (description: string, options?: FieldOptions): Field<string> =>
  leafField(JsonText, { type: "json" }, description, options)

/** Nested document: arrives as the object, or as JSON text of it. Keys are matched whatever their case. */
export const document = <const F extends Fields>(description: string, fields: F): Field<{ readonly [K in keyof F]?: F[K]["Type"] }> => {
  const shape: Shape = { kind: "document", description, fields }
  return nested(recordSchema(fields), "document", description, shape, (raw) => (isObject(raw) ? byDeclaredKey(fields, raw) : unfit))
}

/** List: arrives as the list, or as JSON text of it. */
export const list = <T>(description: string, element: Field<T>): Field<ReadonlyArray<T | null>> => {
  const shape: Shape = { kind: "list", description, element }
  return nested(Schema.Array(asCodec(element)), "list", description, shape, (raw) => (Array.isArray(raw) ? raw : unfit))
}

/**
 * Object whose keys are data, `{ "12": "Beer" }`, reshaped to a list of `{ id: "12", name: "Beer" }` in the order of the source. A list of
 * such objects is taken as it is.
 */
export const entries = (
  description: string,
  names: { readonly key: readonly [name: string, field: Field]; readonly value: readonly [name: string, field: Field] }
): Field<ReadonlyArray<{ readonly [key: string]: unknown } | null>> => {
  const { key, value } = names
  const shape: Shape = { kind: "entries", description, key, value }
  const element = document(description, { [key[0]]: key[1], [value[0]]: value[1] })
  return nested(Schema.Array(asCodec(element)), "list or object", description, shape, (raw) => {
    if (Array.isArray(raw)) return raw
    return isObject(raw) ? Array.from(members(raw), ([id, member]) => ({ [key[0]]: id, [value[0]]: member })) : unfit
  })
}

/** The Effect Schema of a record's or a document's fields. Every key may be missing. */
export const recordSchema = <const F extends Fields>(
  fields: F
): Schema.Codec<{ readonly [K in keyof F]?: F[K]["Type"] }, { readonly [key: string]: unknown }> => {
  const optional = Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, Schema.optionalKey(asCodec(field))]))
  // Object.fromEntries forgets which key has which field; the names and the fields are those of `fields`.
  return Schema.Struct(optional) as unknown as Schema.Codec<{ readonly [K in keyof F]?: F[K]["Type"] }, { readonly [key: string]: unknown }>
}

/** An object with the keys as the contract spells them; of two spellings of one key the last counts. */
export const byDeclaredKey = (fields: Fields, raw: object): { readonly [key: string]: unknown } => {
  const declared = new Map(Object.keys(fields).map((key) => [key.toLowerCase(), key]))
  const out: { [key: string]: unknown } = {}
  for (const [key, value] of members(raw)) {
    const name = declared.get(key.toLowerCase())
    if (name !== undefined) out[name] = value
  }
  return out
}

const nested = <T, E>(
  target: Schema.Codec<T, E>,
  expected: string,
  description: string,
  shape: Shape,
  reshape: (raw: unknown) => unknown
): Field<T> =>
  Schema.Unknown.pipe(
    Schema.decodeTo(Schema.NullOr(target), {
      decode: SchemaGetter.transformEffect((raw: unknown) => {
        const found = documentOf(raw)
        const value = found === null || found === unfit ? found : reshape(found)
        // The target schema decodes the members next.
        return value === unfit ? issue(expected) : Effect.succeed(value as E | null)
      }),
      encode: SchemaGetter.transform((value: E | null): unknown => value)
    })
  ).annotate({ description, [shapeKey]: shape })

/** Every field is made above, from schemas that need no services. */
const asCodec = <T>(field: Field<T>): Schema.Codec<T | null, unknown> => field as unknown as Schema.Codec<T | null, unknown>
