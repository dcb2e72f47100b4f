import { chanceFunctions, clockFunctions, clockWords } from "./clock.ts"
import { apart, chance, clock, functions, list, noTable, phrases, signs, types, weekday } from "./dialect.ts"
import type { Problem } from "./model.ts"
import { type SqlWord, sqlWords } from "./sql-words.ts"

/**
 * What DuckDB, Spark and Athena do not make the same of, in SQL whose tags are masked: errors of one, and what is worse, other rows. A model
 * that passes may still name what a table does not have. Of a model what gives something else each time is refused, too: a test may ask what time it is.
 *
 * @param of a whole SELECT, of a model or of a test, or a condition such as that of a test
 * @param firstLine the line of the file at which the SQL begins
 */
export const lint = (sql: string, file: string, of: "model" | "test" | "condition" = "model", firstLine = 1): ReadonlyArray<Problem> => {
  const words = sqlWords(sql)
  const found = [
    ...(of === "condition" ? semicolons(words) : statement(words)),
    ...words.flatMap((_, at) => [...wrongAt(words, at), ...(of === "model" ? changingAt(words, at) : [])])
  ]
  return found.map(({ line, problem, hint }) => ({ file, line: line + firstLine - 1, problem, hint })).sort((a, b) => a.line - b.line)
}

type Found = Omit<Problem, "file">

const statement = (words: ReadonlyArray<SqlWord>): ReadonlyArray<Found> => {
  const first = words.find(({ text }) => text !== "(")
  if (first === undefined)
    return [{ line: 1, problem: "there is no SELECT", hint: "A file is one SELECT: write select … from {{ ref('model') }}." }]
  const isSelect = first.kind === "word" && ["select", "with", "values"].includes(first.text)
  const other = {
    line: first.line,
    problem: "the file is no SELECT",
    hint: "Begin it with select or with: what becomes of the rows is said by config(…)."
  }
  return [...(isSelect ? [] : [other]), ...semicolons(words)]
}

const semicolons = (words: ReadonlyArray<SqlWord>): ReadonlyArray<Found> => {
  const at = words.findIndex(({ kind, text }) => kind === "mark" && text === ";")
  const found = words[at]
  if (found === undefined) return []
  const rest = words.slice(at).some(({ text }) => text !== ";")
  return rest
    ? [{ line: found.line, problem: "there is more than one statement", hint: "A file is one SELECT: give each other its own file." }]
    : [{ line: found.line, problem: "the SELECT ends with ;", hint: "Take the ; away: dbt puts the SELECT into a statement of its own." }]
}

/** What is wrong with the word at a place. */
const wrongAt = (words: ReadonlyArray<SqlWord>, at: number): ReadonlyArray<Found> => {
  const word = words[at]
  if (word === undefined) return []
  const { line, text } = word
  if (word.kind === "quoted")
    return [
      {
        line,
        problem: `${text} is a name in DuckDB and a text in Spark`,
        hint: "Write names of lower case letters, digits and _ without quotes, texts in single quotes."
      }
    ]
  if (word.kind === "backtick")
    return [{ line, problem: `${text} is an error in DuckDB`, hint: "Write names of lower case letters, digits and _ without quotes." }]
  if (word.kind === "text") return [...textAt(word), ...(isWord(words[at - 1], "from", "join") ? fileAt(word) : [])]
  const sign = word.kind === "mark" ? signs.get(text) : undefined
  if (sign !== undefined) return [{ line, problem: `${text} ${sign.because}`, hint: sign.hint }]
  if (word.kind === "mark") return starAt(words, at)
  if (word.kind !== "word" || isName(words, at)) return []
  return [...phraseAt(words, at), ...callAt(words, at), ...castAt(words, at), ...orderAt(words, at), ...intervalAt(words, at)]
}

const textAt = ({ text, line }: SqlWord): ReadonlyArray<Found> => [
  ...(text.includes("\\")
    ? [
        {
          line,
          problem: "a backslash in a text differs: Spark takes it for the beginning of a sign",
          hint: "In patterns write [0-9] for \\d, [.] for \\., elsewhere chr(92)."
        }
      ]
    : []),
  ...(text.slice(1, -1).includes("''")
    ? [{ line, problem: "'' in a text differs: Spark leaves the quote out", hint: "Write 'it' || chr(39) || 's'." }]
    : [])
]

/** DuckDB takes a text for the name of a file where a table could stand. Others stand behind `from`, too: `is distinct from 'a'`. */
const fileAt = ({ text, line }: SqlWord): ReadonlyArray<Found> =>
  /:[/][/]|[.](?:csv|tsv|txt|jsonl?|ndjson|parquet|avro|xlsx)\b/i.test(text)
    ? [{ line, problem: `${text} ${noTable.because}`, hint: noTable.hint }]
    : []

const isMark = (word: SqlWord | undefined, text: string): boolean => word?.kind === "mark" && word.text === text
const isWord = (word: SqlWord | undefined, ...texts: ReadonlyArray<string>): boolean => word?.kind === "word" && texts.includes(word.text)

/** A name that something is given, or of something within another: not a word of SQL. */
const isName = (words: ReadonlyArray<SqlWord>, at: number): boolean =>
  isMark(words[at - 1], ".") ||
  (isWord(words[at - 1], "as") && !isMark(words[at + 1], "(") && !isTypeAt(words, at)) ||
  isMark(words[at + 1], ".")

/** Is this the type of a `cast(… as type)`? */
const isTypeAt = (words: ReadonlyArray<SqlWord>, at: number): boolean => {
  if (!isWord(words[at - 1], "as")) return false
  let depth = 0
  for (let i = at - 2; i >= 0; i--) {
    if (isMark(words[i], ")")) depth++
    else if (isMark(words[i], "(") && --depth < 0) return isWord(words[i - 1], "cast", "try_cast")
  }
  return false
}

const phraseAt = (words: ReadonlyArray<SqlWord>, at: number): ReadonlyArray<Found> =>
  phrases
    .filter((phrase) => phrase.words.every((text, i) => isWord(words[at + i], text)) && isPhrase(words, at, phrase.words))
    .map(({ words: [...texts], because, hint }) => ({ line: words[at]?.line ?? 1, problem: `${texts.join(" ")} ${because}`, hint }))

/** Words alone may also be a column, which is followed by what a word of SQL is not followed by; `by name` may order. */
const isPhrase = (words: ReadonlyArray<SqlWord>, at: number, phrase: ReadonlyArray<string>): boolean => {
  const after = words[at + phrase.length]
  if (phrase[0] === "by") return isWord(words[at - 1], "union", "all", "except", "intersect")
  if (phrase.length > 1) return true
  if (phrase[0] === "pivot" || phrase[0] === "unpivot") return isMark(after, "(")
  return after !== undefined && (after.kind !== "mark" || after.text === "(") && !isWord(after, "from", "as", "and", "or", "is", "in")
}

const callAt = (words: ReadonlyArray<SqlWord>, at: number): ReadonlyArray<Found> => {
  const { line, text } = words[at] ?? { line: 1, text: "" }
  if (isWord(words[at], "extract") && isMark(words[at + 1], "(")) return extractAt(words, at)
  if (!isMark(words[at + 1], "(")) return []
  const refused = functions.get(text)
  if (refused !== undefined) return [{ line, problem: `${text}(…) ${refused.because}`, hint: refused.hint }]
  const inside = words.slice(at + 2, closeOf(words, at + 1))
  if (text === "filter" && isWord(words[closeOf(words, at + 1) + 1], "over"))
    return [{ line, problem: "filter (…) over (…) is an error in Spark", hint: "Write sum(case when … then x end) over (…)." }]
  const isCast = isMark(words[at - 1], "(") && isWord(words[at - 2], "cast", "try_cast")
  const ofDouble = isWord(inside[0], "cast", "try_cast") && isWord(inside.at(-2), "double")
  if ((text === "avg" || text === "mean") && !isCast && !ofDouble)
    return [
      {
        line,
        problem: `${text}(…) differs: of decimals it is a double in DuckDB, a decimal in Spark`,
        hint: "Write cast(avg(x) as decimal(18, 6))."
      }
    ]
  if (text === "array_agg") {
    const isSorted = isMark(words[at - 1], "(") && isWord(words[at - 2], "array_sort")
    const isFiltered = isWord(words[closeOf(words, at + 1) + 1], "filter")
    if (!isSorted || !isFiltered || inside.some((word) => isWord(word, "order")))
      return [
        {
          line,
          problem: `array_agg(…) ${list.because}`,
          hint: list.hint
        }
      ]
  }
  if (text === "count" && isWord(inside[0], "distinct") && itemsOf(inside.slice(1)).length > 1)
    return [{ line, problem: "count(distinct a, b) is an error in DuckDB", hint: "Write count(distinct (a, b))." }]
  return []
}

/** What is not decided by the rows that a model reads. */
const changingAt = (words: ReadonlyArray<SqlWord>, at: number): ReadonlyArray<Found> => {
  const word = words[at]
  if (word?.kind !== "word" || isName(words, at)) return []
  const { text, line } = word
  const isCall = isMark(words[at + 1], "(")
  const told = (problem: string, hint: string): ReadonlyArray<Found> => [
    { line, problem: `${problem} gives something else each time`, hint }
  ]
  const isOfTwo = text === "age" && itemsOf(words.slice(at + 2)).length > 1
  if (isCall && clockFunctions.has(text) && !isOfTwo) return told(`${text}(…)`, clock)
  if (clockWords.has(text)) return told(text, clock)
  if (isCall && chanceFunctions.has(text)) return told(`${text}(…)`, chance)
  const isSample = text === "tablesample" || (text === "sample" && isWord(words[at - 1], "using"))
  return isSample ? told(text, chance) : []
}

const extractAt = (words: ReadonlyArray<SqlWord>, at: number): ReadonlyArray<Found> => {
  const field = words[at + 2]
  if (isWord(field, "dow", "isodow", "dayofweek", "weekday", "dayofweek_iso", "dow_iso", "day_of_week"))
    return [{ line: field?.line ?? 1, problem: `extract(${field?.text} …) ${weekday.because}`, hint: weekday.hint }]
  return isWord(field, "epoch") ? [{ line: field?.line ?? 1, problem: "extract(epoch …) is an error in Spark", hint: apart.hint }] : []
}

/** `* exclude (…)` and the like. */
const starAt = (words: ReadonlyArray<SqlWord>, at: number): ReadonlyArray<Found> => {
  const after = words[at + 1]
  return isMark(words[at], "*") &&
    isWord(after, "exclude", "except", "replace", "rename") &&
    (isMark(words[at + 2], "(") || isWord(after, "exclude"))
    ? [{ line: after?.line ?? 1, problem: `* ${after?.text} is an error in Spark`, hint: "Name the columns." }]
    : []
}

const castAt = (words: ReadonlyArray<SqlWord>, at: number): ReadonlyArray<Found> => {
  if (!isTypeAt(words, at)) return []
  const { line, text } = words[at] ?? { line: 1, text: "" }
  const hasLength = isMark(words[at + 1], "(")
  const instead = hasLength && text !== "text" ? undefined : types.get(text)
  const isZoned = isWord(words[at], "timestamp") && isWord(words[at + 1], "with")
  return instead === undefined && !isZoned
    ? []
    : [
        {
          line,
          problem: `the type ${isZoned ? "timestamp with time zone" : text} is an error in Spark`,
          hint: `Write cast(x as ${instead ?? "timestamp"}).`
        }
      ]
}

/** Where nulls are in an order must be said: DuckDB has them last, Spark first. */
const orderAt = (words: ReadonlyArray<SqlWord>, at: number): ReadonlyArray<Found> => {
  if (!isWord(words[at], "order") || !isWord(words[at + 1], "by") || isWord(words[at + 2], "all")) return []
  // Percentiles leave nulls out.
  if (isMark(words[at - 1], "(") && isWord(words[at - 2], "group") && isWord(words[at - 3], "within")) return []
  return itemsOf(words.slice(at + 2)).flatMap((item) =>
    isWord(item.at(-2), "nulls") && isWord(item.at(-1), "first", "last")
      ? []
      : [
          {
            line: item[0]?.line ?? words[at]?.line ?? 1,
            problem: "order by does not say where nulls are: DuckDB has them last, Spark first",
            hint: "Write nulls first or nulls last after each column, also in windows."
          }
        ]
  )
}

/** Words that end an ORDER BY. */
const ends = ["limit", "offset", "fetch", "rows", "range", "groups", "union", "except", "intersect"]

/** Items of a list, up to the end of what it stands in. */
const itemsOf = (words: ReadonlyArray<SqlWord>): ReadonlyArray<ReadonlyArray<SqlWord>> => {
  const items: Array<Array<SqlWord>> = [[]]
  let depth = 0
  for (const word of words) {
    if (isMark(word, ")") && --depth < 0) break
    if (depth === 0 && (isWord(word, ...ends) || isMark(word, ";"))) break
    if (isMark(word, "(")) depth++
    if (depth === 0 && isMark(word, ",")) items.push([])
    else items.at(-1)?.push(word)
  }
  return items
}

/** The place of the bracket that closes the one at a place. */
const closeOf = (words: ReadonlyArray<SqlWord>, open: number): number => {
  let depth = 0
  for (let i = open; i < words.length; i++) {
    if (isMark(words[i], "(")) depth++
    else if (isMark(words[i], ")") && --depth === 0) return i
  }
  return words.length
}

const units = ["year", "month", "day", "hour", "minute", "second"]

const intervalAt = (words: ReadonlyArray<SqlWord>, at: number): ReadonlyArray<Found> => {
  const amount = words[at + 1]
  if (!isWord(words[at], "interval") || (amount?.kind !== "text" && amount?.kind !== "number")) return []
  return /^'[-+]?(?:[0-9]+|_+)'$/.test(amount.text) && isWord(words[at + 2], ...units)
    ? []
    : [
        {
          line: amount.line,
          problem: "the interval is an error in Athena",
          hint: `Write interval '30' minute, with one of ${units.join(", ")}.`
        }
      ]
}
