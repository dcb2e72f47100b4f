import { snakeCase } from "../../contract/names.ts"
import { type Personal, personalByName } from "../../contract/sensitive-names.ts"
import { count, number } from "../../record/count.ts"
import { patterns, type Scalars } from "./scalars.ts"
import type { Seen } from "./seen.ts"

/** A field as it is proposed: how it is written in a contract, and what speaks for it. */
export interface Proposed {
  readonly description: string
  /** What speaks for it, and what to look at: sentences without a value of the sample. */
  readonly why: ReadonlyArray<string>
  readonly shape: Shape
  /** What it is called in records, where a column cannot be called so. */
  readonly formerly?: string
}

export type Shape =
  | {
      readonly kind: "leaf"
      /** Constructor, and what stands before the description. */
      readonly call: "text" | "long" | "integer" | "decimal" | "double" | "boolean" | "timestamp" | "date" | "json"
      readonly digits?: readonly [precision: number, scale: number]
      readonly options: Options
      /** Values that it takes. */
      readonly fits: number
    }
  | { readonly kind: "document"; readonly fields: ReadonlyMap<string, Proposed> }
  | { readonly kind: "list"; readonly element: Proposed }

export interface Options {
  readonly sensitive?: "hash" | "drop"
  readonly from?: string | { readonly pattern: string }
  readonly decimalSign?: ","
}

/** A type wins that takes so many of the values: what else there is is rescued. */
const majority = 0.9
/** Of so many texts that look like somebody's, a field is taken for personal. */
const fewPersonal: { readonly [what in Personal]?: number } = { "an e-mail address": 0.05, "an IP address": 0.2 }

const timely =
  /_(at|time|date|datetime|timestamp|ts|day|when|created|updated|modified|changed|placed|ordered|started|ended|expires|expiry|since|until|epoch|occurred|received|seen|delivered|approved|(event|order|create|update)(time|date))_|(time|date|timestamp|stamp)(_(ms|us|millis|micros|seconds|secs|utc|unix))?_$/
const money =
  /_(price|amount|total|cost|revenue|refund|discount|tax|fee|freight|payment|value|subtotal|balance)_|(price|amount|preco|valor)_$/
const idLike = /_(id|key|code|number|no|nr|sku|ean|gtin|upc|barcode|zip|phone|ref)_$/

/** Words of a key between two `_`, as patterns of names have them. */
export const wordsOf = (key: string): string => `_${snakeCase(key)}_`

/** A key as the beginning of a sentence. */
const spoken = (key: string): string => {
  const words = snakeCase(key).replaceAll("_", " ").trim()
  return words === "" ? "Value" : words.charAt(0).toUpperCase() + words.slice(1)
}

/** Is a key rather a value: an address, a number, a day? Such keys are not shown. */
export const isData = (key: string): boolean =>
  key.length > 64 ||
  /@|^[\d\s().+-]+$|^\d{4}-\d\d-\d\d|^[0-9a-f]{8}-[0-9a-f]{4}-|^[0-9a-f]{24,}$/i.test(key) ||
  /\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}/.test(key)

/** The field of a key, by what was seen of it. @param parents keys around it, and name of the dataset first */
export const proposedField = (key: string, seen: Seen, parents: ReadonlyArray<string>): Proposed => ({
  description: `${spoken(key)}.`,
  ...proposedValue(key, seen, parents)
})

const proposedValue = (key: string, seen: Seen, parents: ReadonlyArray<string>): Pick<Proposed, "why" | "shape"> => {
  const { values, objects, lists } = seen
  if (values === 0) return leaf("text", 0, policy(key, parents, null), ["Always null in the sample."])
  const rest = (fits: number) =>
    fits === values
      ? []
      : [`${count(values - fits, "value")} of ${number(values)} ${values - fits === 1 ? "does" : "do"} not fit: kept in _rescued.`]
  if (objects >= values * majority) {
    const fields = membersOf(key, seen, parents)
    if (fields !== null) return { why: rest(objects), shape: { kind: "document", fields } }
    return leaf("json", values, policy(key, parents, null), [
      seen.members.size === 0 ? "Without members in the sample." : "Its keys are data."
    ])
  }
  if (lists >= values * majority) {
    const { element } = seen
    if (element === null || element.values === 0)
      return leaf("json", values, policy(key, parents, null), ["Lists, and always empty ones in the sample."])
    // An element has no key of its own: one of `emails` is an e-mail address.
    const inner = proposedValue(key.replace(/s$/, ""), element, parents)
    return {
      why: [...rest(lists), ...inner.why],
      shape: { kind: "list", element: { description: "An element.", why: [], shape: inner.shape } }
    }
  }
  if (objects + lists > 0)
    return leaf("json", values, policy(key, parents, null), [
      `Mixed: ${count(objects, "object")}, ${count(lists, "list")}, ${count(seen.scalars.count, "other value")}.`
    ])
  return proposedScalar(key, seen.scalars, parents)
}

/** Fields of a document; null where its keys are data, or there are none. */
const membersOf = (key: string, seen: Seen, parents: ReadonlyArray<string>): ReadonlyMap<string, Proposed> | null => {
  const { members, objects, surplus } = seen
  const all = [...members]
  const given = all.reduce((sum, [, { values }]) => sum + values, 0)
  const isSparse = members.size > 20 && given < members.size * objects * 0.1
  if (surplus > 0 || isSparse || all.filter(([name]) => isData(name)).length * 2 > all.length) return null
  const fields = fieldsOf(members, [...parents, key], false).fields
  return fields.size === 0 ? null : fields
}

/**
 * Fields of a record or a document, by keys of the contract.
 *
 * @param isTop are they columns of the table itself, which has some of its own?
 * @param isByColumn are fields found by their columns' names, as in CSV? Else by their very keys
 */
export const fieldsOf = (
  members: ReadonlyMap<string, Seen>,
  parents: ReadonlyArray<string>,
  isTop: boolean,
  isByColumn = false
): { readonly fields: ReadonlyMap<string, Proposed>; readonly keys: ReadonlyMap<string, string>; readonly leftOut: number } => {
  const fields = new Map<string, Proposed>()
  const keys = new Map<string, string>()
  const taken = new Set<string>()
  const spellings = (name: string) => [name.toLowerCase(), snakeCase(name)]
  const isFree = (name: string) => spellings(name).every((spelling) => !taken.has(spelling))
  let leftOut = 0
  for (const [name, seen] of members) {
    const own = isTop && isSystem(name) ? [] : keysFor(name, isByColumn)
    const isOthers = (key: string) => [...members.keys()].some((other) => other !== name && snakeCase(other) === snakeCase(key))
    const key = own.find((key) => isColumn(key, isTop) && isFree(key) && !isOthers(key))
    if (key === undefined || isData(name) || !isFree(name)) {
      leftOut++
      continue
    }
    for (const spelling of [...spellings(name), ...spellings(key)]) taken.add(spelling)
    const isFound = isByColumn ? snakeCase(key) === snakeCase(name) : key === name
    keys.set(name, key)
    fields.set(key, { ...proposedField(name, seen, parents), ...(isFound ? {} : { formerly: name }) })
  }
  return { fields, keys, leftOut }
}

/** Columns that every table has, and what engines call a row's file and place. */
const isSystem = (name: string): boolean =>
  /^(ingest_date|ingest_hour|filename|file_index|file_row_number|_(source|shard|sequence_number|sub_sequence_number|arrived_at|rescued))$/.test(
    snakeCase(name)
  )

const isColumn = (key: string, isTop: boolean): boolean =>
  /^_?[a-z][a-z0-9_]*$/.test(snakeCase(key)) && key !== "constructor" && !(isTop && (key.startsWith("_") || isSystem(key)))

/** A name in letters that columns have. */
export const plainName = (name: string): string => name.normalize("NFD").replace(/\p{M}/gu, "").trim()

/** Keys that a field may have, by its name: the best first. */
const keysFor = (name: string, isByColumn: boolean): ReadonlyArray<string> => {
  const plain = plainName(name)
  const column = snakeCase(plain).replace(/^_+|_+$/g, "")
  // Blanks and signs are no part of a key that is found by its column.
  const camel = column.replace(/_+([a-z])/g, (_, letter: string) => letter.toUpperCase())
  const written = isByColumn ? (snakeCase(camel) === column ? camel : column) : plain
  return [written, column, `field_${column}`]
}

const leaf = (
  call: "text" | "json",
  fits: number,
  personal: Personal | null,
  why: ReadonlyArray<string>
): Pick<Proposed, "why" | "shape"> => ({
  why: [...why, ...(personal === null ? [] : [`Sensitive: its name says ${personal}.`])],
  shape: { kind: "leaf", call, fits, options: sensitiveOptions(personal) }
})

const sensitiveOptions = (personal: Personal | null): Options =>
  personal === null ? {} : { sensitive: personal === "a secret" ? "drop" : "hash" }

const policy = (key: string, parents: ReadonlyArray<string>, scalars: Scalars | null): Personal | null => {
  if (scalars !== null && scalars.booleans > scalars.count * majority) return null
  return personalByName(key, parents)
}

const personalByValue = ({ personal, count }: Scalars): readonly [Personal, number] | null =>
  [...personal].find(([what, found]) => found >= count * (fewPersonal[what] ?? 0.8)) ?? null

const proposedScalar = (key: string, scalars: Scalars, parents: ReadonlyArray<string>): Pick<Proposed, "why" | "shape"> => {
  const byName = policy(key, parents, scalars)
  const byValue = personalByValue(scalars)
  if (byName !== null || byValue !== null) {
    const why =
      byValue === null
        ? `Sensitive: its name says ${byName}.`
        : `Sensitive: ${number(byValue[1])} of ${count(scalars.count, "value")} ${byValue[1] === 1 ? "looks" : "look"} like ${byValue[0]}${byName === null ? "" : ", and so does its name"}.`
    // Its hash is text, whatever it was; and what is a text is the same, however it is written.
    return {
      why: [why],
      shape: { kind: "leaf", call: "text", fits: scalars.count - scalars.blank, options: sensitiveOptions(byName ?? byValue?.[0] ?? null) }
    }
  }
  const typed = typeOf(key, scalars)
  const values = scalars.count - scalars.blank - scalars.nullWords
  if (typed === null || values === 0) {
    const why = values === 0 ? ["Always blank in the sample."] : mixed(scalars)
    return { why, shape: { kind: "leaf", call: "text", fits: scalars.count - scalars.blank, options: {} } }
  }
  const { why, ...found } = typed
  const others = values - found.fits
  return {
    why: [
      ...why,
      ...(others <= 0 ? [] : [`${count(others, "value")} of ${number(values)} ${others === 1 ? "does" : "do"} not fit: kept in _rescued.`])
    ],
    shape: { kind: "leaf", options: {}, ...found }
  }
}

interface Typed {
  readonly call: Extract<Shape, { readonly kind: "leaf" }>["call"]
  readonly digits?: readonly [number, number]
  readonly options?: Options
  readonly fits: number
  readonly why: ReadonlyArray<string>
}

/** What is told of a text that is more than that in part. */
const mixed = (scalars: Scalars): ReadonlyArray<string> => {
  const { booleans, codes, commas, count: all, iso, numbers } = scalars
  if (codes > 0 && codes + numbers === all - scalars.blank) return ["Digits, some with a zero in front: a code, and no number."]
  const parts = [
    [numbers, "number"],
    [commas, "number with a comma"],
    [booleans, "true or false"],
    [iso, "time"]
  ] as const
  const told = parts.flatMap(([n, what]) =>
    n === 0
      ? []
      : [
          `${what === "number with a comma" ? `${number(n)} with a comma` : what === "true or false" ? `${number(n)} true or false` : count(n, what)}`
        ]
  )
  return told.length === 0 ? [] : [`Mixed: ${told.join(", ")}, of ${count(all, "value")}; as text each stays as it is.`]
}

/** The type that takes most of the values, and at least nine of ten of them; null: text. */
const typeOf = (key: string, scalars: Scalars): Typed | null => {
  const all = scalars.count - scalars.blank - scalars.nullWords
  const most = (n: number) => n > 0 && n >= all * majority
  if (scalars.codes > 0) return byPattern(key, scalars, most)
  if (most(scalars.booleans)) return { call: "boolean", fits: scalars.booleans, why: [] }
  if (most(scalars.iso)) return isoTime(scalars)
  return byPattern(key, scalars, most) ?? byNumber(key, scalars, most)
}

const isoTime = ({ iso, isoDays, isoBare }: Scalars): Typed =>
  isoDays === iso
    ? { call: "date", fits: iso, why: [] }
    : {
        call: "timestamp",
        fits: iso,
        why:
          isoBare + isoDays > 0
            ? [
                `${number(isoBare + isoDays)} of ${number(iso)} say no offset: taken as UTC. Else say zone, such as { zone: "America/Sao_Paulo" }.`
              ]
            : []
      }

const byPattern = (key: string, scalars: Scalars, most: (n: number) => boolean): Typed | null => {
  const [best, next] = [...scalars.patterns].sort(([a, n], [b, m]) => m - n || a - b)
  const found = best === undefined ? undefined : patterns[best[0]]
  if (best === undefined || found === undefined || !most(best[1])) return null
  const { pattern, isDay } = found
  const isDigits = /^\w+$/.test(pattern)
  if (isDigits && !timely.test(wordsOf(key))) return null
  const other = next === undefined || next[1] < best[1] ? undefined : patterns[next[0]]?.pattern
  const isEither = other !== undefined && /^M/.test(other) && /^d/.test(pattern)
  return {
    call: isDay ? "date" : "timestamp",
    fits: best[1],
    options: { from: { pattern } },
    why: [
      ...(isEither ? [`Day or month first? Both read every value: the other is ${JSON.stringify(other)}.`] : []),
      ...(isDay || pattern.includes("x") ? [] : ["No offset: taken as UTC. Else say zone."])
    ]
  }
}

const byNumber = (key: string, scalars: Scalars, most: (n: number) => boolean): Typed | null => {
  const { commas, commaScale, digits, exponents, huge, jsonNumbers, largest, numbers, scale, thousands, wholes } = scalars
  if (commas > 0 && thousands < commas && most(commas + wholes) && digits + commaScale <= 38)
    return {
      call: "decimal",
      digits: decimalDigits(digits, Math.max(2, commaScale)),
      options: { decimalSign: "," },
      fits: commas + wholes,
      why: ["A comma stands before its fraction."]
    }
  if (!most(numbers)) return null
  const words = wordsOf(key)
  const unit = (["epochSeconds", "epochMillis", "epochMicros"] as const).find((each) => scalars.epochs[each] >= numbers * majority)
  const isInstant =
    unit !== undefined &&
    exponents === 0 &&
    (timely.test(words) || (unit !== "epochSeconds" && jsonNumbers === numbers && !idLike.test(words) && !money.test(words)))
  if (isInstant)
    return { call: "timestamp", options: { from: unit }, fits: numbers, why: [`Numbers that are ${epochWords[unit]} since 1970.`] }
  if (wholes === numbers) {
    if (huge > 0)
      return {
        call: digits > 38 ? "text" : "decimal",
        ...(digits > 38 ? {} : { digits: [38, 0] as const }),
        fits: numbers,
        why: ["More digits than 64 bits hold."]
      }
    return { call: largest <= 1_000_000 && !idLike.test(words) ? "integer" : "long", fits: wholes, why: [] }
  }
  const isMoney = money.test(words)
  if (exponents === 0 && digits + scale <= 38 && (scale <= 2 || (isMoney && scale <= 6)))
    return {
      call: "decimal",
      digits: decimalDigits(digits, Math.max(2, scale)),
      fits: numbers,
      why: isMoney ? [] : ["Few digits behind the point: exact. A double takes any number."]
    }
  return { call: "double", fits: numbers, why: [] }
}

const epochWords = { epochSeconds: "seconds", epochMillis: "milliseconds", epochMicros: "microseconds" } as const

/** Room for larger ones. */
const decimalDigits = (digits: number, scale: number): readonly [number, number] => [digits + scale > 16 ? 38 : 18, scale]
