import { Effect, Schema, SchemaGetter, SchemaIssue } from "effect"
import { type LeafType, type SensitivePolicy, sensitivePolicies } from "../record/column.ts"
import { decimalText } from "../record/decimal-text.ts"
import { type Convert, converterOf, documentOf, maxLong, minLong, unfit } from "./convert.ts"
import {
  type BinaryOptions,
  binaryRules,
  type DateOptions,
  type DecimalOptions,
  dateRules,
  decimalRules,
  type FieldOptions,
  type ListOptions,
  leafRules,
  listRules,
  type NestedOptions,
  nestedRules,
  type TextOptions,
  type TimestampOptions,
  type Told,
  textRules,
  timestampRules,
  toldIn,
  toldWords
} from "./field-options.ts"
import { isRecord, isText, isTexts, problemOf, problemsOfObject, type Rule, shown } from "./input-rules.ts"
import { isObject, members } from "./json.ts"
import { fold } from "./names.ts"
import { isNumbered, type Numbered } from "./numbered.ts"
import { isBytesForm, problemsOfTime, type Reading } from "./reading.ts"
import { maxTimestamp, minTimestamp } from "./timestamp.ts"
import { maxDay, minDay, writtenDay, writtenTime } from "./written-time.ts"

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

interface AnyShape {
  readonly description: string
  readonly formerly: ReadonlyArray<string>
  /** What of the description stands by itself, too. */
  readonly told: Told
  /** What is wrong with how the field was made, each as a sentence. A contract with such a field is refused. */
  readonly problems: ReadonlyArray<string>
}

/** What a field is: read from the annotation by whatever is derived from a contract. */
export type Shape = AnyShape &
  (
    | {
        readonly kind: "leaf"
        readonly leaf: LeafType
        readonly reading: Reading
        readonly sensitive: SensitivePolicy | undefined
        readonly convert: Convert
      }
    | { readonly kind: "document"; readonly fields: Fields }
    | { readonly kind: "list"; readonly element: Field; readonly numbered: Numbered | undefined }
    | {
        readonly kind: "entries"
        readonly key: readonly [name: string, field: Field]
        readonly value: readonly [name: string, field: Field]
      }
  )

const shapeKey = "sluice/shape"

const isShape = (annotation: unknown): annotation is Shape => typeof annotation === "object" && annotation !== null && "kind" in annotation

/** The shape of a field, or null for whatever was not made by a field constructor. */
export const findShape = (field: unknown): Shape | null => {
  const annotation = Schema.isSchema(field) ? Schema.resolveAnnotations(field)?.[shapeKey] : undefined
  return isShape(annotation) ? annotation : null
}

/** The shape that a field constructor left on the schema's AST. Throws for a schema that was not made by one: contracts are checked for it. */
export const shapeOf = (field: Field): Shape => {
  const shape = findShape(field)
  if (shape === null) throw new Error("A field of a contract must be made by a field constructor (text, long, document, …).")
  return shape
}

/**
 * What every field is given. Constructors take whatever comes and never throw, so that all that is wrong with a contract can be told together:
 * see `defineContract`. Until then a value whose protection cannot be read is one that is dropped.
 */
const given = (
  description: unknown,
  options: unknown,
  beyond: ReadonlyArray<unknown>,
  rules: { readonly [key: string]: Rule } = leafRules
) => {
  const problems = [
    problemOf("description", description, isText) ?? [],
    options === undefined
      ? []
      : isRecord(options)
        ? problemsOfObject("", options, rules)
        : [`options are ${shown(options)}: give an object such as { sensitive: "hash" }.`],
    beyond.length === 0 ? [] : `it has ${beyond.length} ${beyond.length === 1 ? "argument" : "arguments"} too many.`
  ].flat()
  const { sensitive, formerly }: { readonly [key: string]: unknown } = isRecord(options) ? options : {}
  const told = toldIn(options)
  return {
    description: isText.holds(description) ? [description, ...toldWords(told)].join(" ") : "",
    told,
    sensitive: problems.length > 0 ? "drop" : sensitivePolicies.find((policy) => policy === sensitive),
    formerly: isTexts.holds(formerly) ? formerly : [],
    problems
  } as const
}

const issue = (expected: string) => Effect.fail(new SchemaIssue.InvalidValue({ expected }))

const leafField = <T>(
  target: Schema.Codec<T, T>,
  type: LeafType,
  { description, told, sensitive, formerly, problems }: ReturnType<typeof given>,
  encode: (value: T) => unknown = (value) => value,
  reading: Reading = {}
): Field<T> => {
  const convert = converterOf(type, reading)
  const shape: Shape = { kind: "leaf", description, told, formerly, problems, leaf: type, reading, sensitive, convert }
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

const between = (minimum: bigint, maximum: bigint) => Schema.BigInt.check(Schema.isBetweenBigInt({ minimum, maximum }))
const wellFormed = Schema.makeFilter((value: string) => value.isWellFormed(), { expected: "text without lone surrogates" })

/** Text of any length. Numbers and booleans become the text that they were written as; lone surrogates become U+FFFD. */
export const text = (description: string, options?: TextOptions, ...beyond: ReadonlyArray<never>): Field<string> => {
  const about = given(description, options, beyond, textRules)
  const { caseCounts } = readingOf(options, textRules)
  const unhashed = caseCounts === true && about.sensitive !== "hash" ? ['caseCounts is of a hash: say sensitive: "hash", too.'] : []
  const reading = caseCounts === true ? { caseCounts } : {}
  return leafField(Schema.String.check(wellFormed), { type: "text" }, withProblems(about, unhashed), undefined, reading)
}

/** Integer of 64 bits, as `bigint`. */
export const long = (description: string, options?: FieldOptions, ...beyond: ReadonlyArray<never>): Field<bigint> =>
  leafField(between(minLong, maxLong), { type: "long" }, given(description, options, beyond), encodeLong)

/** Integer of 32 bits. */
export const integer = (description: string, options?: FieldOptions, ...beyond: ReadonlyArray<never>): Field<number> =>
  leafField(Schema.Int.check(Schema.isInt32()), { type: "integer" }, given(description, options, beyond))

/** Floating point number, never NaN or infinite. */
export const double = (description: string, options?: FieldOptions, ...beyond: ReadonlyArray<never>): Field<number> =>
  leafField(Schema.Finite, { type: "double" }, given(description, options, beyond))

export const boolean = (description: string, options?: FieldOptions, ...beyond: ReadonlyArray<never>): Field<boolean> =>
  leafField(Schema.Boolean, { type: "boolean" }, given(description, options, beyond))

/** Instant: microseconds since 1970 UTC as `bigint`, from ISO 8601 text or as `from` says. */
export const timestamp = (description: string, options?: TimestampOptions, ...beyond: ReadonlyArray<never>): Field<bigint> => {
  const reading = readingOf(options, timestampRules)
  const about = withProblems(given(description, options, beyond, timestampRules), problemsOfTime(reading))
  return leafField(between(minTimestamp, maxTimestamp), { type: "timestamp" }, about, (micros) => writtenTime(micros, reading), reading)
}

/** Day of the calendar, as days since 1970. */
export const date = (description: string, options?: DateOptions, ...beyond: ReadonlyArray<never>): Field<number> => {
  const reading = readingOf(options, dateRules)
  const about = withProblems(given(description, options, beyond, dateRules), problemsOfTime(reading))
  const days = Schema.Int.check(Schema.isBetween({ minimum: minDay, maximum: maxDay }))
  return leafField(days, { type: "date" }, about, (day) => writtenDay(day, reading), reading)
}

/** Bytes, from text. They cannot be hashed: drop them, or keep them. */
export const binary = (description: string, options?: BinaryOptions, ...beyond: ReadonlyArray<never>): Field<Uint8Array> => {
  const { from } = readingOf(options, binaryRules)
  const about = given(description, options, beyond, binaryRules)
  const form = isBytesForm.holds(from) ? from : "base64"
  const hashed = about.sensitive === "hash" ? ['sensitive is "hash", and bytes are not hashed: give "drop" or "keep".'] : []
  const encode = (bytes: Uint8Array) => (bytes.length === 0 ? null : Buffer.from(bytes).toString(form))
  return leafField(Bytes, { type: "binary" }, withProblems(about, hashed), encode, { bytes: form })
}

const Bytes = Schema.Uint8Array

const withProblems = (about: ReturnType<typeof given>, problems: ReadonlyArray<string>): ReturnType<typeof given> =>
  problems.length === 0 ? about : { ...about, sensitive: "drop", problems: [...about.problems, ...problems] }

/** What the options say of how values are written, as far as it is of the right kind. */
const readingOf = (options: unknown, rules: { readonly [key: string]: Rule }): Reading => {
  const { from, zone, decimalSign, caseCounts }: { readonly [key: string]: unknown } = isRecord(options) ? options : {}
  const said = { from, zone, decimalSign, caseCounts }
  // What does not hold was told.
  return Object.fromEntries(
    Object.entries(said).filter(([key, value]) => value !== undefined && rules[key]?.holds(value) === true)
  ) as Reading
}

/** Exact decimal number: the unscaled integer as `bigint`. @param precision digits in all, 1 to 38 @param scale digits after the point */
export const decimal = (
  precision: number,
  scale: number,
  description: string,
  options?: DecimalOptions,
  ...beyond: ReadonlyArray<never>
): Field<bigint> => {
  const about = given(description, options, beyond, decimalRules)
  const reading = readingOf(options, decimalRules)
  if (!Number.isInteger(precision) || precision < 1 || precision > 38 || !Number.isInteger(scale) || scale < 0 || scale > precision) {
    const problem = `decimal(${shown(precision)}, ${shown(scale)}, …): give a precision of 1 to 38 digits, then a scale of 0 to precision, then the description.`
    return leafField(Schema.BigInt, { type: "decimal", precision: 38, scale: 0 }, { ...about, problems: [problem, ...about.problems] })
  }
  const limit = 10n ** BigInt(precision) - 1n
  return leafField(
    between(-limit, limit),
    { type: "decimal", precision, scale },
    about,
    (unscaled) => decimalText(unscaled, scale, reading.decimalSign),
    reading
  )
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
export const json = (description: string, options?: FieldOptions, ...beyond: ReadonlyArray<never>): Field<string> =>
  leafField(JsonText, { type: "json" }, given(description, options, beyond))

/** Nested document: arrives as the object, or as JSON text of it. Its schema takes keys in any case; what records may have, the contract says. */
export const document = <const F extends Fields>(
  description: string,
  fields: F,
  options?: NestedOptions,
  ...beyond: ReadonlyArray<never>
): Field<{ readonly [K in keyof F]?: F[K]["Type"] }> => {
  const about = nestedShape(
    description,
    options,
    beyond,
    isRecord(fields) ? [] : [`fields are ${shown(fields)}: give an object of fields.`]
  )
  if (!isRecord(fields)) return nested(recordSchema(fields), "document", { ...about, kind: "document", fields: {} }, () => unfit)
  return nested(recordSchema(fields), "document", { ...about, kind: "document", fields }, (raw) =>
    isObject(raw) ? byDeclaredKey(fields, raw) : unfit
  )
}

/** List: arrives as the list, or as JSON text of it; `numbered`, of the format `form`, as parameters such as `pr1id` and `pr2id`. */
export const list = <T>(
  description: string,
  element: Field<T>,
  options?: ListOptions,
  ...beyond: ReadonlyArray<never>
): Field<ReadonlyArray<T | null>> => {
  const about = nestedShape(description, options, beyond, fieldProblems("element", element), listRules)
  const numbered = isNumbered.holds(options?.numbered) ? options.numbered : undefined
  const shape: Shape = { ...about, kind: "list", element: orNothing(element), numbered }
  return nested(Schema.Array(asCodec(orNothing<T>(element))), "list", shape, (raw) => (Array.isArray(raw) ? raw : unfit))
}

/**
 * Object whose keys are data, `{ "12": "Beer" }`, reshaped to a list of `{ id: "12", name: "Beer" }` in the order of the source. A list of
 * such objects is taken as it is.
 */
export const entries = (
  description: string,
  names: { readonly key: readonly [name: string, field: Field]; readonly value: readonly [name: string, field: Field] },
  options?: NestedOptions,
  ...beyond: ReadonlyArray<never>
): Field<ReadonlyArray<{ readonly [key: string]: unknown } | null>> => {
  const problems: Array<string> = []
  const pair = (which: "key" | "value"): readonly [name: string, field: Field] => {
    const found: unknown = isRecord(names) ? names[which] : undefined
    const [name, field]: ReadonlyArray<unknown> = Array.isArray(found) ? found : []
    problems.push(...[problemOf(`${which}[0]`, name, isText) ?? [], fieldProblems(`${which}[1]`, field)].flat())
    return [isText.holds(name) ? name : which, orNothing(field)]
  }
  const [key, value] = [pair("key"), pair("value")]
  const about = nestedShape(description, options, beyond, problems)
  const element = document("", { [key[0]]: key[1], [value[0]]: value[1] })
  return nested(Schema.Array(asCodec(element)), "list or object", { ...about, kind: "entries", key, value }, (raw) => {
    if (Array.isArray(raw)) return raw
    return isObject(raw) ? Array.from(members(raw), ([id, member]) => ({ [key[0]]: id, [value[0]]: member })) : unfit
  })
}

const nestedShape = (
  description: unknown,
  options: unknown,
  beyond: ReadonlyArray<unknown>,
  problems: ReadonlyArray<string>,
  rules: { readonly [key: string]: Rule } = nestedRules
) => {
  const about = given(description, options, beyond, rules)
  return { description: about.description, told: about.told, formerly: about.formerly, problems: [...about.problems, ...problems] }
}

const fieldProblems = (name: string, field: unknown): ReadonlyArray<string> =>
  findShape(field) === null ? [`${name} is ${shown(field)}: give a field made by text, long, document, ….`] : []

/** Stands for what is no field: its contract is refused. */
const nothing = leafField(JsonText, { type: "json" }, given("", { sensitive: "drop" }, []))
/** What `findShape` knows was made by a constructor. */
const orNothing = <T>(field: unknown): Field<T> => (findShape(field) === null ? nothing : field) as Field<T>

/** The Effect Schema of a record's or a document's fields. Every key may be missing. */
export const recordSchema = <const F extends Fields>(
  fields: F
): Schema.Codec<{ readonly [K in keyof F]?: F[K]["Type"] }, { readonly [key: string]: unknown }> => {
  const members = isRecord(fields) ? Object.entries(fields) : []
  const optional = Object.fromEntries(members.map(([key, field]) => [key, Schema.optionalKey(asCodec(orNothing(field)))]))
  // Object.fromEntries forgets which key has which field; the names and the fields are those of `fields`.
  return Schema.Struct(optional) as unknown as Schema.Codec<{ readonly [K in keyof F]?: F[K]["Type"] }, { readonly [key: string]: unknown }>
}

/** The keys under which a field may come: its own, and those that it had before. */
export const keysOf = (fields: Fields, key: string): ReadonlyArray<string> => [key, ...(findShape(fields[key])?.formerly ?? [])]

/** Every spelling under which a document's fields may arrive, folded, with the key of the contract: a field's own, and those that it had before. */
export const spellings = (fields: Fields): ReadonlyMap<string, string> =>
  new Map(Object.keys(fields).flatMap((key) => keysOf(fields, key).map((each) => [fold(each), key])))

/** An object with the keys as the contract spells them; of two spellings of one key the last counts. */
export const byDeclaredKey = (fields: Fields, raw: object): { readonly [key: string]: unknown } => {
  const declared = spellings(fields)
  const out: { [key: string]: unknown } = {}
  for (const [key, value] of members(raw)) {
    const name = declared.get(fold(key))
    if (name !== undefined) out[name] = value
  }
  return out
}

const nested = <T, E>(target: Schema.Codec<T, E>, expected: string, shape: Shape, reshape: (raw: unknown) => unknown): Field<T> =>
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
  ).annotate({ description: shape.description, [shapeKey]: shape })

/** Every field is made above, from schemas that need no services. */
const asCodec = <T>(field: Field<T>): Schema.Codec<T | null, unknown> => field as unknown as Schema.Codec<T | null, unknown>
