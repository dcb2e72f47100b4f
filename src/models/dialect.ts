/** Why a construct is refused, and what is written in its place. */
export interface Refused {
  /** What DuckDB, Spark and Athena make of it, as the end of a sentence. */
  readonly because: string
  readonly hint: string
}

const first = "differs: DuckDB, Spark and Athena do not make the same of it"
const noSpark = "is an error in Spark"
const noDuckDb = "is an error in DuckDB"
const noTwo = "is not the same SQL in any two of DuckDB, Spark and Athena"

export const weekday: Refused = {
  because: "differs: Sunday is 0 in DuckDB and 1 in Spark",
  hint: "Compare with date_trunc('week', t), which is the Monday everywhere: case when d = date_trunc('week', d) then 1 … end."
}
export const apart: Refused = {
  because: "differs: DuckDB counts the ends of units that lie between, Spark and Athena whole units",
  hint: "Write extract(day from a - b) of two timestamps: whole days; extract(hour from a - b) are the hours of the rest."
}
const flat: Refused = {
  because: noTwo,
  hint: "Read from a table that is flat: what makes rows of a list is the contract's table, once."
}
export const list: Refused = {
  because: "differs: its order, and whether nulls are in it, is each engine's own",
  hint: "Write array_sort(array_agg(x) filter (where x is not null))."
}
const digest: Refused = { because: `${noSpark} or differs`, hint: "Write md5(x)." }
const pattern: Refused = { because: noDuckDb, hint: "Write regexp_extract(x, '(pattern)', 1) <> '', or x like '%part%'." }
const anyOf: Refused = {
  because: "differs: which row it takes is each engine's own",
  hint: "Write min(x), or max_by(x, order) with an order that has no ties."
}
const ofEpoch: Refused = { because: noSpark, hint: "Say the time as a timestamp: timestamp '2024-01-31 00:00:00', cast(x as timestamp)." }
const format: Refused = {
  because: noTwo,
  hint: "Take parts with extract(year from t) and the like, or cast(cast(t as date) as string)."
}
const days: Refused = {
  because: "differs in what it takes",
  hint: "Write cast(d + interval '1' day as date); of a timestamp t + interval '1' day."
}
const texts: Refused = {
  because: noSpark,
  hint: "Keep the list: array_sort(array_agg(x) filter (where x is not null)); its text is made where it is shown."
}

/** What to write for the time and for chance: a mart is made of what its model reads, and of nothing else. */
export const clock =
  "Write the newest time of what is read, such as (select max(changed_at) from …), or a day that is given: {{ var('day') }}."
export const chance = "Write md5(…) of the row's key; for some of the rows, a condition on it."

/** Rows that are no table's. */
export const noTable: Refused = {
  because: "reads what is no table of the lake",
  hint: "Write {{ ref('model') }} or {{ source('consumable', 'dataset') }}: data comes in by a contract."
}

/** Functions, by name. */
export const functions: ReadonlyMap<string, Refused> = new Map<string, Refused>([
  [
    "regexp_replace",
    {
      because: "differs: DuckDB replaces the first match, Spark all",
      hint: "Write replace(x, 'a', 'b'), or regexp_extract(x, '(pattern)', 1)."
    }
  ],
  ...["dayofweek", "weekday", "isodow", "day_of_week", "dayname"].map((name) => [name, weekday] as const),
  ...["datediff", "date_diff", "datesub", "date_sub", "timestampdiff"].map((name) => [name, apart] as const),
  ...["date_add", "dateadd", "add_months"].map((name) => [name, days] as const),
  ["hash", { because: first, hint: "Write md5(x)." }],
  ...["sha256", "sha2", "xxhash64", "crc32"].map((name) => [name, digest] as const),
  ["log", { because: "differs: to the base of 10 in DuckDB, natural in Spark", hint: "Write ln(x) or log10(x)." }],
  [
    "concat",
    {
      because: "differs: DuckDB leaves nulls out, in Spark and Athena the whole is null",
      hint: "Write a || b, with coalesce(a, '') where null is as nothing."
    }
  ],
  ...["any_value", "first", "last", "arbitrary", "arg_max", "arg_min"].map((name) => [name, anyOf] as const),
  ...["list", "collect_list", "collect_set"].map((name) => [name, list] as const),
  ...["string_agg", "listagg", "group_concat"].map((name) => [name, texts] as const),
  ...["unnest", "explode", "posexplode", "explode_outer", "element_at", "list_extract", "generate_series", "sequence", "struct_pack"].map(
    (name) => [name, flat] as const
  ),
  ...["get_json_object", "json_extract", "json_extract_string", "json_extract_scalar", "from_json"].map((name) => [name, flat] as const),
  ...["regexp_matches", "regexp_like", "regexp_full_match", "rlike"].map(
    (name) => [name, { ...pattern, because: name === "regexp_matches" || name === "regexp_full_match" ? noSpark : noDuckDb }] as const
  ),
  ...["epoch", "epoch_ms", "epoch_us", "unix_timestamp", "from_unixtime", "to_timestamp"].map(
    (name) => [name, { ...ofEpoch, because: name.startsWith("epoch") ? noSpark : name === "to_timestamp" ? first : noDuckDb }] as const
  ),
  ...["strftime", "strptime", "date_format"].map((name) => [name, format] as const),
  ...["read_csv", "read_csv_auto", "sniff_csv", "read_json", "read_json_auto", "read_json_objects", "read_json_objects_auto"].map(
    (name) => [name, noTable] as const
  ),
  ...["read_ndjson", "read_ndjson_auto", "read_ndjson_objects", "read_parquet", "parquet_scan", "parquet_metadata", "parquet_schema"].map(
    (name) => [name, noTable] as const
  ),
  ...["read_text", "read_blob", "read_files", "glob", "query", "query_table"].map((name) => [name, noTable] as const)
])

/** Words that are no function, one after the other. */
export const phrases: ReadonlyArray<{ readonly words: ReadonlyArray<string> } & Refused> = [
  {
    words: ["qualify"],
    because: noSpark,
    hint: "Number the rows in a subquery: select … from (select …, row_number() over (…) as n from …) as t where n = 1."
  },
  { words: ["lateral"], ...flat },
  { words: ["cross", "join", "unnest"], ...flat },
  { words: ["asof"], because: noSpark, hint: "Join half-open: on t >= valid_from and t < valid_to." },
  { words: ["pivot"], because: "is not the same SQL in DuckDB and Spark", hint: "Write sum(x) filter (where kind = 'a') as a for each." },
  { words: ["unpivot"], because: "is not the same SQL in DuckDB and Spark", hint: "Write one SELECT for each column, with union all." },
  { words: ["group", "by", "all"], because: "is an error in Athena", hint: "Name the columns." },
  { words: ["order", "by", "all"], because: "is an error in Athena", hint: "Name the columns, each with nulls first or nulls last." },
  { words: ["by", "name"], because: noSpark, hint: "Name the columns of both SELECTs, in one order." },
  { words: ["distinct", "on"], because: noSpark, hint: "Number the rows in a subquery and take those where row_number() is 1." },
  { words: ["similar", "to"], because: noSpark, hint: "Write x like '%part%', or regexp_extract(x, '(pattern)', 1)." },
  { words: ["rlike"], ...pattern },
  {
    words: ["at", "time", "zone"],
    because: noSpark,
    hint: "All times are UTC: add the interval, or keep the local time as a column of the contract."
  },
  {
    words: ["ignore", "nulls"],
    because: "is not at one place in DuckDB and Spark",
    hint: "Write max_by(x, case when x is not null then t end), also over (…)."
  },
  ...["anti", "semi"].map((kind) => ({
    words: [kind, "join"],
    because: "is not the same SQL in DuckDB, Spark and Athena",
    hint: `Write where ${kind === "anti" ? "not " : ""}exists (select 1 from … where …).`
  }))
]

/** Types that may not be named, by their first word. */
export const types: ReadonlyMap<string, string> = new Map([
  ...["varchar", "text", "char"].map((name) => [name, "string"] as const),
  ["timestamptz", "timestamp"],
  ["hugeint", "decimal(38, 0)"],
  ...["utinyint", "usmallint", "uinteger", "ubigint"].map((name) => [name, "bigint"] as const)
])

/** Signs. */
export const signs: ReadonlyMap<string, Refused> = new Map<string, Refused>([
  ["[", { because: "differs: lists begin at 1 in DuckDB and at 0 in Spark", hint: flat.hint }],
  ["{", { because: noSpark, hint: "Give the values as columns." }],
  ["::", { because: noSpark, hint: "Write cast(x as type)." }],
  ["->", { because: noSpark, hint: flat.hint }],
  ["->>", { because: noSpark, hint: flat.hint }],
  ["<=>", { because: noDuckDb, hint: "Write a is not distinct from b." }],
  ["==", { because: "is an error in Athena", hint: "Write =." }],
  ["//", { because: noSpark, hint: "Write floor(a / b)." }],
  ["**", { because: noSpark, hint: "Write power(a, b)." }],
  ["^", { because: "differs: a power in DuckDB, bits in Spark", hint: "Write power(a, b)." }],
  ["~", { because: "differs: a pattern in DuckDB, bits in Spark", hint: pattern.hint }],
  ["!~", { because: noSpark, hint: pattern.hint }],
  ["$", { because: noSpark, hint: "Write texts in single quotes, and values of variables as {{ var('name') }}." }]
])
