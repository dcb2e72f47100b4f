import { writeFileSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { dirname } from "node:path"
import { Effect } from "effect"
import type { GlueColumn } from "../../src/catalog/glue-table.ts"
import { readHiveType } from "../../src/catalog/hive-type.ts"
import type { CompiledContract } from "../../src/contract/compile.ts"
import type { DuckDB } from "../../src/duckdb/duckdb.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { identifier, literal, sqlType } from "../../src/duckdb/sql.ts"
import { glueOf } from "./structured.ts"

/**
 * Writes structured lines as one Parquet file by the columns of Glue, with DuckDB: lists are of `list` and `element`, times are micros.
 *
 * @param timestamp type of times: of UTC, or of no zone
 */
export const writeByDuckDB = (
  duckdb: DuckDB,
  glue: ReadonlyArray<GlueColumn>,
  lines: ReadonlyArray<string>,
  target: string,
  timestamp: "TIMESTAMP WITH TIME ZONE" | "TIMESTAMP" = "TIMESTAMP WITH TIME ZONE"
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const columns = glue.map(({ Name, Type }) => {
      const type = sqlType(readHiveType(Type) ?? "string").replaceAll("TIMESTAMP WITH TIME ZONE", timestamp)
      return `${literal(Name)}: ${literal(type)}`
    })
    yield* Effect.promise(() => mkdir(dirname(target), { recursive: true }))
    const given = `${duckdb.folder}/lines.json`
    writeFileSync(given, lines.join(""))
    const names = glue.map(({ Name }) => identifier(Name))
    yield* duckdb.run(
      `COPY (SELECT ${names.join(", ")} FROM read_json(${literal(given)}, format = 'newline_delimited', columns = {${columns.join(", ")}})) TO ${literal(target)} (FORMAT parquet, COMPRESSION snappy)`
    )
  }).pipe(Effect.orDie)

/** The same with a DuckDB of its own. */
export const writeOneByDuckDB = (
  contract: CompiledContract,
  lines: ReadonlyArray<string>,
  target: string,
  timestamp?: "TIMESTAMP" | undefined
): Effect.Effect<void> =>
  // Writing hundreds of columns takes a page of each.
  openDuckDB({ threads: 1, memoryLimit: 1 << 30 }).pipe(
    Effect.flatMap((duckdb) => writeByDuckDB(duckdb, glueOf(contract), lines, target, timestamp)),
    Effect.scoped,
    Effect.orDie
  )
