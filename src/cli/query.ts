import { createReadStream } from "node:fs"
import { extname, join } from "node:path"
import { Console, Effect, Option, Stream } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { UsageError } from "../app/failures.ts"
import { existingLakeOf } from "../app/lake.ts"
import { lakeNames } from "../app/settings.ts"
import type { Result } from "../duckdb/duckdb.ts"
import { type OpenLake, openLake } from "../lake/query.ts"
import { count } from "../record/count.ts"
import { harmless } from "../record/harmless.ts"
import { json, positive } from "./common.ts"
import { firstDataset } from "./project.ts"
import { type Format, fittedTable, formats, type TextFormat, writerOf } from "./query-formats.ts"
import { use } from "./settings.ts"
import { columnsOf } from "./terminal.ts"
import { appendTo, readText, writeWhole } from "./whole-file.ts"

const settings = use(...lakeNames, "queryMemory", "threads")

/** Rows that a terminal shows where nobody says how many. */
const shownRows = 100

interface Given {
  readonly sql: Option.Option<string>
  readonly file: Option.Option<string>
  readonly format: Option.Option<Format>
  readonly output: Option.Option<string>
  readonly json: boolean
}

/** The statement: an argument, a file, or standard input. */
const statementOf = ({ sql, file }: Given): Effect.Effect<string, UsageError> => {
  if (Option.isSome(sql) && Option.isSome(file)) {
    return Effect.fail(new UsageError({ problem: "there are two statements, an argument and --file", hint: "Give one of them." }))
  }
  if (Option.isSome(file)) return readText(file.value)
  if (Option.isNone(sql)) {
    return Effect.fail(
      new UsageError({
        problem: "the statement is missing",
        hint: 'Give it in quotes ("SHOW TABLES"), in a file (--file query.sql), or - to read it from standard input.'
      })
    )
  }
  return sql.value === "-" ? readText("-") : Effect.succeed(sql.value)
}

const byExtension: { readonly [extension: string]: Format } = {
  ".csv": "csv",
  ".json": "json",
  ".ndjson": "ndjson",
  ".jsonl": "ndjson",
  ".parquet": "parquet"
}

/** What --format says, or --json, or the name of the file. */
const formatOf = ({ format, output, json }: Given): Effect.Effect<Format, UsageError> => {
  if (json && Option.isSome(format) && format.value !== "json") {
    return Effect.fail(new UsageError({ problem: `--json and --format ${format.value} say two things`, hint: "Give one of them." }))
  }
  const named = Option.map(output, (path) => byExtension[extname(path).toLowerCase()] ?? "table")
  return Effect.succeed(json ? "json" : Option.getOrElse(format, () => Option.getOrElse(named, (): Format => "table")))
}

/** Prints, and waits until it is taken: who reads the result may be slower than the lake. */
const written = (text: string | Uint8Array): Effect.Effect<void> =>
  Effect.callback((resume) => {
    process.stdout.write(text, () => resume(Effect.void))
  })

/** Beside the result, for people: standard output has the result alone. */
const remark = (text: string): Effect.Effect<void> => Console.error(harmless(text))

/** Writes a result piece by piece, as it is read. @returns how many rows it has */
const writeText = <E>(
  { columns, rows }: Result,
  format: TextFormat,
  limit: number | null,
  write: (text: string) => Effect.Effect<void, E>
) =>
  Effect.gen(function* () {
    const writer = writerOf(format, columns)
    let total = 0
    yield* write(writer.begin)
    yield* Stream.runForEach(Stream.chunks(limit === null ? rows : Stream.take(rows, limit)), (chunk) =>
      Effect.suspend(() => {
        total += chunk.length
        return write(writer.rows(chunk))
      })
    )
    yield* write(writer.end())
    return total
  })

/** Shows what fits: on a terminal of so many columns. */
const showTable = ({ columns, rows }: Result, limit: number, width: number) =>
  Effect.gen(function* () {
    const found = yield* Stream.runCollect(Stream.take(rows, limit + 1))
    const { text, leftOut } = fittedTable(columns, found.slice(0, limit), width)
    yield* written(text)
    const more = found.length > limit
    yield* remark(
      [
        more
          ? `… more than ${count(limit, "row")}: see more with --limit, all with --output FILE or in a pipe`
          : count(found.length, "row"),
        ...(leftOut === 0 ? [] : [`${count(leftOut, "column")} more than the terminal has room for: name those you want, or take --format`])
      ].join("; ")
    )
  })

const toFile = (lake: OpenLake, sql: string, format: Format, limit: number | null, path: string) =>
  Effect.gen(function* () {
    const total = yield* writeWhole(path, (part) =>
      format === "parquet"
        ? lake.writeParquet(sql, part, limit)
        : Effect.scoped(
            Effect.gen(function* () {
              const result = yield* lake.query(sql)
              return yield* writeText(result, format, limit, yield* appendTo(part, path))
            })
          )
    )
    yield* remark(`${count(total, "row")} in ${path}${format === "table" ? ", as a table for people" : ""}`)
  })

const toStandardOutput = (lake: OpenLake, sql: string, format: Format, limit: number | null) =>
  Effect.gen(function* () {
    const width = columnsOf(process.stdout)
    if (format === "parquet") {
      if (width !== null) {
        return yield* new UsageError({ problem: "Parquet is nothing for a terminal", hint: "Name a file with --output, or pipe it." })
      }
      // A footer is written last and read first: the file has to be whole before any of it is given away.
      const path = join(lake.folder, "result.parquet")
      yield* lake.writeParquet(sql, path, limit)
      const pieces = Stream.orDie(Stream.fromAsyncIterable<Buffer, unknown>(createReadStream(path), (cause) => cause))
      return yield* Stream.runForEach(pieces, written)
    }
    const result = yield* lake.query(sql)
    if (format === "table" && width !== null) return yield* showTable(result, limit ?? shownRows, width)
    yield* writeText(result, format, limit, (text) => written(width === null ? text : harmless(text.replaceAll("\r\n", "\n"))))
  })

export const query = Command.make(
  "query",
  {
    sql: Argument.String("sql").pipe(
      Argument.withDescription(
        `One statement that reads, or - to read it from standard input. Every table is a view: stage_${firstDataset}, consumable_${firstDataset}, dead_letters, runs.`
      ),
      Argument.optional
    ),
    file: Flag.String("file").pipe(
      Flag.withDescription("File that holds the statement; - is standard input."),
      Flag.withMetavar("FILE"),
      Flag.optional
    ),
    format: Flag.Literals("format", formats).pipe(
      Flag.withDescription("Form of the result. Default: as the name of --output ends, else table, which is fitted to a terminal."),
      Flag.optional
    ),
    output: Flag.String("output").pipe(
      Flag.withDescription("File for the result, which takes its name once it is whole. Default: standard output."),
      Flag.withMetavar("FILE"),
      Flag.optional
    ),
    limit: positive("limit").pipe(
      Flag.withDescription(`Rows of the result at most. Default: ${shownRows} in a table on a terminal, else all.`),
      Flag.optional
    ),
    settings: settings.flags,
    json
  },
  Effect.fnUntraced(function* ({ limit, ...flags }) {
    const values = yield* settings.read(flags.settings)
    const format = yield* formatOf(flags)
    const sql = yield* statementOf(flags)
    const atMost = Option.getOrNull(limit)
    yield* Effect.gen(function* () {
      const lake = yield* openLake({ memoryLimit: values.queryMemory, threads: values.threads })
      return yield* Option.isSome(flags.output)
        ? toFile(lake, sql, format, atMost, flags.output.value)
        : toStandardOutput(lake, sql, format, atMost)
    }).pipe(Effect.scoped, Effect.provide(existingLakeOf(values, "read")))
  })
).pipe(
  Command.withDescription("Ask the lake in SQL (DuckDB's)."),
  Command.withExamples([
    { description: "What there is", command: 'sluice query --lake lake "SHOW TABLES"' },
    {
      description: "A file of rows for a spreadsheet or for a data frame",
      command: "sluice query --lake lake --file revenue.sql --output revenue.parquet"
    },
    {
      description: "Into another program, a row a line",
      command: `sluice query --lake lake --format ndjson "FROM consumable_${firstDataset}" | jq -c .`
    }
  ])
)
