import { Schema } from "effect"

/**
 * Why reading a lake failed, by what to do: `Invalid` is the statement's fault, `ReadOnly` says what is not possible here,
 * `Memory` and `Full` ask for more room, `Missing` is a file that the log names and nobody has, `Damaged` one that is not what it should be, `NoLake`
 * says that no table lies there, `Unavailable` is everything else.
 */
export const lakeReasons = ["Invalid", "ReadOnly", "Memory", "Full", "Missing", "Damaged", "NoLake", "Interrupted", "Unavailable"] as const
export type LakeReason = (typeof lakeReasons)[number]

export class LakeError extends Schema.TaggedError<LakeError>()("LakeError", {
  reason: Schema.Literals(lakeReasons),
  problem: Schema.String,
  hint: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    // Of several lines the last one may be a mark below the one before.
    return this.problem.includes("\n") ? `${this.problem}\n${this.hint}` : `${this.problem}. ${this.hint}`
  }
}

/** What DuckDB says, whole. Not all of its calls give the words alone. */
export const duckdbText = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).replace(/^Failed to extract statements: /, "")

/** For the `catch` of a statement: sorts DuckDB's errors, which are told apart by the words that they begin with. */
export const fromDuckDB =
  (sql: string) =>
  (cause: unknown): LakeError => {
    const text = duckdbText(cause)
    const [first = text] = text.split("\n")
    const { reason, hint } = kinds.find(({ pattern }) => pattern.test(text)) ?? other
    return new LakeError({ reason, problem: `${first.trim()} (in: ${abridged(sql)})`, hint, cause })
  }

const kinds: ReadonlyArray<{ readonly pattern: RegExp; readonly reason: LakeReason; readonly hint: string }> = [
  {
    pattern: /^Out of Memory Error/,
    reason: "Memory",
    hint: "Give DuckDB more memory: --query-memory for `query`, --memory-limit for `run`, `repartition`, `verify`, `runs` and `maintain`. Or ask for less at a time."
  },
  {
    pattern: /^Permission Error/,
    reason: "ReadOnly",
    hint: "Name tables of the lake, in a model by {{ ref('model') }} and {{ source('consumable', 'dataset') }}: no other file is opened."
  },
  { pattern: /No space left|max_temp_directory_size/i, reason: "Full", hint: "Make room on the disk, or point TMPDIR at one that has it." },
  {
    pattern: /No files found|Could not open file|Cannot open file/i,
    reason: "Missing",
    hint: "A data file is gone: was the table vacuumed while it was read? Run again; if it stays, restore the file."
  },
  {
    pattern: /No magic bytes|too small to be a Parquet file|corrupt/i,
    reason: "Damaged",
    hint: "A data file is not what was written. Restore it from a copy, or ingest again what it held."
  },
  { pattern: /^INTERRUPT|Interrupted/i, reason: "Interrupted", hint: "Run again when there is time." },
  {
    pattern:
      /^Error in native callback$|^(Parser|Binder|Catalog|Conversion|Invalid Input|Not implemented|Out of Range|Mismatch Type|Syntax) Error/i,
    reason: "Invalid",
    hint: "Correct the statement. `SHOW TABLES` lists the tables, `DESCRIBE name` the columns of one."
  }
]

const other = { reason: "Unavailable", hint: "Look at what DuckDB says; run again." } as const

/** Statements of the engine name thousands of files: nobody wants to read them in an error. */
const abridged = (sql: string): string => {
  const line = sql.replace(/\s+/g, " ").trim()
  return line.length > 200 ? `${line.slice(0, 199)}…` : line
}
