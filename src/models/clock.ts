import { type SqlWord, sqlWords } from "./sql-words.ts"

/** What gives something else of the same rows: another time, by chance, or by who asks. What is made with it cannot be made again. */

/** Words that are the time when they are not followed by a bracket, too. */
export const clockWords: ReadonlySet<string> = new Set(["current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"])

/** Functions of the time, of DuckDB, Spark and Athena. Of `age` that of one argument is meant. */
export const clockFunctions: ReadonlySet<string> = new Set([
  ...clockWords,
  "now",
  "today",
  "ago",
  "age",
  "get_current_time",
  "get_current_timestamp",
  "current_localtime",
  "current_localtimestamp",
  "transaction_timestamp",
  "statement_timestamp",
  "clock_timestamp",
  "getdate",
  "curdate",
  "sysdate",
  "current_timezone"
])

/** Functions of chance. */
export const chanceFunctions: ReadonlySet<string> = new Set([
  "random",
  "rand",
  "randn",
  "randstr",
  "shuffle",
  "uuid",
  "uuidv4",
  "uuidv7",
  "gen_random_uuid",
  "setseed",
  "nextval",
  "currval",
  "monotonically_increasing_id"
])

/** Functions of who asks, and of what is set. */
const sessionFunctions: ReadonlySet<string> = new Set([
  "current_catalog",
  "current_connection_id",
  "current_database",
  "current_query",
  "current_query_id",
  "current_role",
  "current_schema",
  "current_schemas",
  "current_setting",
  "current_transaction_id",
  "current_user",
  "error",
  "format_type",
  "get_block_size",
  "getvariable",
  "in_search_path",
  "session_user",
  "sleep_ms",
  "stats",
  "txid_current",
  "user",
  "write_log"
])

/** Words by which a condition becomes more than one of its row: it looks at others, or says which of them count. */
const ofRows: ReadonlySet<string> = new Set([
  ..."select union intersect except values table with describe summarize pivot unpivot".split(" "),
  ..."group having order limit offset fetch qualify window over sample tablesample".split(" ")
])

/** Is what a condition says of a row decided by the row's values alone, whenever it is asked? Where it is not certain, it is not. */
export const isOfRow = (condition: string): boolean => {
  let depth = 0
  return sqlWords(condition).every((word, at, words) => {
    if (word.kind === "mark") {
      if (word.text === "(") depth++
      else if (word.text === ")") depth--
      return depth >= 0 && !["$", "?", ";"].includes(word.text)
    }
    if (word.kind !== "word") return true
    // `extract(year from t)` and `is distinct from` look at no other rows, and `(from t)` does.
    if (word.text === "from" && isBracket(words[at - 1])) return false
    const isOther = ofRows.has(word.text) || word.text.startsWith("pg_")
    return !(isOther || [clockFunctions, chanceFunctions, sessionFunctions].some((names) => names.has(word.text)))
  })
}

const isBracket = (word: SqlWord | undefined): boolean => word?.kind === "mark" && word.text === "("
