import { isBoolean, isOneOf, isRecord, isText, isTexts, optional, problemsOfObject, type Rule, shown } from "./input-rules.ts"
import { snakeCase } from "./names.ts"

/** How the bytes of a dataset's records are read as fields by name. Plain data; where a contract says nothing, JSON. */
export type Format = JsonFormat | CsvFormat | AccessLogFormat | FormFormat | ParquetFormat

export interface JsonFormat {
  readonly kind: "json"
}

export const encodings = ["utf-8", "latin1", "windows-1252"] as const
export type Encoding = (typeof encodings)[number]

/** Records of fields in a fixed order (RFC 4180). */
export interface CsvFormat {
  readonly kind: "csv"
  /** Between two fields: one character of ASCII. */
  readonly delimiter: string
  /** Around fields that hold delimiters, line ends or quotes, which are doubled there: one character of ASCII. Null: fields have no quotes. */
  readonly quote: string | null
  /** Is the first record of a file its header? `some`: of a file whose first record has names of `columns`, more than others, in whatever order. */
  readonly header: boolean | "some"
  /** Names of the fields in their order; null: the header names them. */
  readonly columns: ReadonlyArray<string> | null
  /** Those of `columns` that records may all lack, in files without a header: `["op"]`. */
  readonly mayLack?: ReadonlyArray<string>
  /** What a field says, without quotes around it, that is null. */
  readonly nullText: string
  readonly encoding: Encoding
  /** Do files of Parquet come among those of CSV? Their columns are fields by name, as those that a header names. The first bytes of a file tell what it is. */
  readonly parquet?: boolean
}

/** What `csv` can be told; each has a default. */
export type CsvOptions = { readonly [K in keyof Omit<CsvFormat, "kind">]?: CsvFormat[K] }

/**
 * CSV. By default fields are separated by commas, may stand in quotation marks, and are named by a header; an empty field is null, and an
 * empty text stands in quotes. Names are those of the contract's fields or of their columns (`Order ID`, `order_id`, `orderId`). With `columns`
 * they are said here, and files have no header, unless `header: true` says that they have one to be left out, or `header: "some"` that some have one.
 */
export const csv = (options: CsvOptions = {}): CsvFormat => ({
  kind: "csv",
  delimiter: ",",
  quote: '"',
  header: !isRecord(options) || options.columns === undefined || options.columns === null,
  columns: null,
  nullText: "",
  encoding: "utf-8",
  // What is no object is told by the check of the contract.
  ...(isRecord(options) ? options : { options })
})

export const layouts = ["common", "combined"] as const
/** A layout that has a name. */
export type UsualLayout = (typeof layouts)[number]

/** Is it one of the layouts that have a name? */
export const isUsualLayout = (layout: AccessLogFormat["layout"]): layout is UsualLayout => layouts.some((each) => each === layout)

/** Lines of the access log of a web server: Apache's `common` and `combined`, which nginx writes as well, or as a `LogFormat` of Apache says. */
export interface AccessLogFormat {
  readonly kind: "accessLog"
  readonly layout: UsualLayout | `%${string}`
  /** May lines come as an agent of Kinesis hands them on: as objects that it has made of them, or within objects that say where they are from? */
  readonly carried?: boolean
  /** Layouts of lines that are not of that one, in the order in which they are tried: of servers that were not changed yet. */
  readonly others?: ReadonlyArray<AccessLogFormat["layout"]>
}

/**
 * Access logs. A line gives the fields `host ident authuser datetime request response bytes`, with `combined` also `referer` and `agent`, and of the
 * request `method path query protocol`; what else stands behind them is `rest`. `-` is null, `datetime` is a timestamp in ISO 8601. A contract
 * declares those that it wants. A layout that begins with `%` is what Apache's configuration says behind `LogFormat`: see `log-format.ts` for the names
 * of its fields.
 */
export const accessLog = (
  layout: AccessLogFormat["layout"] = "combined",
  options: Pick<AccessLogFormat, "carried" | "others"> = {}
): AccessLogFormat => ({
  kind: "accessLog",
  layout,
  ...options
})

/** Pairs as browsers send forms and query strings: `name=value&other=x+y`. */
export interface FormFormat {
  readonly kind: "form"
}

export const form: FormFormat = { kind: "form" }

/** Rows of Parquet files, each a record that is the row as JSON. */
export interface ParquetFormat {
  readonly kind: "parquet"
}

export const parquet: ParquetFormat = { kind: "parquet" }

const json: JsonFormat = { kind: "json" }

/** The format of a contract. */
export const formatOf = ({ format }: { readonly format?: Format | undefined }): Format => format ?? json

const isCharacter = (value: unknown): value is string => typeof value === "string" && /^[^\n\r\0\x80-\uffff]$/.test(value)

const character: Rule<string> = { accepts: "one character of ASCII that ends no line", holds: isCharacter }
const isQuote: Rule<string | null> = {
  accepts: `${character.accepts}, or null for none`,
  holds: (value): value is string | null => value === null || isCharacter(value)
}
const isColumns: Rule<ReadonlyArray<string> | null> = {
  accepts: 'a list of names, such as ["order_id", "price"], or null for those of a header',
  holds: (value): value is ReadonlyArray<string> | null =>
    value === null || (Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === "string"))
}

const isHeader: Rule<CsvFormat["header"]> = {
  accepts: 'true, false, or with columns "some"',
  holds: (value): value is CsvFormat["header"] => typeof value === "boolean" || value === "some"
}

const isUsual = isOneOf(...layouts)
const isLayout: Rule<AccessLogFormat["layout"]> = {
  accepts: `${isUsual.accepts}, or what Apache has behind LogFormat, such as "%h %l %u %t \\"%r\\" %>s %b"`,
  holds: (value): value is AccessLogFormat["layout"] => isUsual.holds(value) || (typeof value === "string" && value.startsWith("%"))
}

const isLayouts: Rule<ReadonlyArray<AccessLogFormat["layout"]>> = {
  accepts: `a list, of which each is ${isLayout.accepts}`,
  holds: (value): value is ReadonlyArray<AccessLogFormat["layout"]> => Array.isArray(value) && value.every(isLayout.holds)
}

const kind = isOneOf<Format["kind"]>("json", "csv", "accessLog", "form", "parquet")

const rules: { readonly [K in Format["kind"]]: { readonly [key: string]: Rule } } = {
  json: { kind },
  csv: {
    kind,
    delimiter: character,
    quote: isQuote,
    header: isHeader,
    columns: isColumns,
    mayLack: optional(isTexts),
    nullText: isText,
    encoding: isOneOf(...encodings),
    parquet: optional(isBoolean)
  } satisfies { readonly [K in keyof CsvFormat]: Rule },
  accessLog: { kind, layout: isLayout, carried: optional(isBoolean), others: optional(isLayouts) },
  form: { kind },
  parquet: { kind }
}

/** What is wrong with the format of a contract, whatever it is, each as a sentence. */
export const problemsOfFormat = (format: unknown): ReadonlyArray<string> => {
  if (format === undefined) return []
  if (!isRecord(format) || !kind.holds(format["kind"])) return [`format is ${shown(format)}: give what a format gives, such as csv().`]
  const problems = [...problemsOfObject("format.", format, rules[format["kind"]])]
  if (format["kind"] !== "csv") return problems
  const { delimiter, quote, header, columns, mayLack, encoding, parquet } = format
  if (isCharacter(delimiter) && delimiter === quote) problems.push("format.delimiter and format.quote are the same: give each its own.")
  if (columns === null && header === "some") problems.push('format.header is "some", and no columns are said: a header is told by them.')
  if (columns === null && header === false) problems.push("format has neither header nor columns: say which fields stand in a record.")
  if (parquet === true && columns !== null && header !== "some")
    problems.push('format.parquet is true, and fields are told by their order: say header: "some", as the columns of Parquet have names.')
  if (parquet === true && (quote === null || encoding !== "utf-8"))
    problems.push("format.parquet is true, and the texts of Parquet have any characters: let fields have quotes, and be in utf-8.")
  const said = isColumns.holds(columns) ? (columns ?? []) : []
  const names = said.map(snakeCase)
  for (const [i, name] of names.entries())
    if (names.indexOf(name) !== i) problems.push(`format.columns has ${shown(said[i])} several times: each field needs its own name.`)
  for (const name of isTexts.holds(mayLack) ? mayLack : [])
    if (!names.includes(snakeCase(name))) problems.push(`format.mayLack has ${shown(name)}, which is none of its columns.`)
  return problems
}
