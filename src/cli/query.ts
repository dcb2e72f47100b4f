import { Console, Effect, Stream } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { queryLake } from "../lake/query.ts"
import { jsonText } from "../record/json-text.ts"
import { existingLakeOf, json, positive } from "./common.ts"
import { number, table } from "./output.ts"
import { lakeNames, use } from "./settings.ts"

const settings = use(...lakeNames, "queryMemory", "threads")

const widest = 60

/** A value in a cell: short, on one line. */
const cell = (value: unknown): string => {
  const text = value === null ? "NULL" : typeof value === "string" ? value : jsonText(value)
  const line = text.replace(/\s+/g, " ")
  return line.length > widest ? `${line.slice(0, widest - 1)}…` : line
}

/** Prints, and waits until it is taken: who reads the result may be slower than the lake. */
const written = (text: string): Effect.Effect<void> =>
  Effect.callback((resume) => {
    process.stdout.write(text, () => resume(Effect.void))
  })

export const query = Command.make(
  "query",
  {
    sql: Argument.String("sql").pipe(
      Argument.withDescription("One statement that reads. Every table is a view: stage_checkout, consumable_checkout, dead_letters.")
    ),
    limit: positive("limit").pipe(Flag.withDescription("Rows shown to people; --json prints all."), Flag.withDefault(100)),
    settings: settings.flags,
    json
  },
  Effect.fnUntraced(function* ({ sql, limit, json, ...flags }) {
    const values = yield* settings.read(flags.settings)
    yield* Effect.gen(function* () {
      const { columns, rows } = yield* queryLake(sql, { memoryLimit: values.queryMemory, threads: values.threads })
      const names = columns.map(({ name }) => name)
      if (json) {
        // One array, printed as it is read: a result may be larger than memory.
        let first = true
        yield* Stream.runForEach(Stream.chunks(rows), (chunk) =>
          Effect.suspend(() => {
            const objects = chunk.map((row) => jsonText(Object.fromEntries(names.map((name, i) => [name, row[i] ?? null]))))
            const text = `${first ? "[" : ",\n"}${objects.join(",\n")}`
            first = false
            return written(text)
          })
        )
        return yield* Console.log(first ? "[]" : "]")
      }
      const shown = yield* Stream.runCollect(Stream.take(rows, limit + 1))
      const lines = shown.slice(0, limit).map((row) => row.map((value) => (typeof value === "number" ? value : cell(value))))
      yield* Console.log(table([names, ...lines], ""))
      yield* Console.log(
        shown.length > limit ? `… more than ${number(limit)} rows; see --limit, or --json for all` : `${number(shown.length)} rows`
      )
    }).pipe(Effect.scoped, Effect.provide(existingLakeOf(values, "read")))
  })
).pipe(Command.withDescription("Ask the lake in SQL (DuckDB's)."))
