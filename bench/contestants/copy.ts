import { rmSync } from "node:fs"
import { join } from "node:path"
import { DuckDBInstance } from "@duckdb/node-api"
import { compileContract } from "../../src/contract/compile.ts"
import { identifier, literal } from "../../src/duckdb/sql.ts"
import { stagePath } from "../../src/lake/layout.ts"
import { contracts } from "../contracts/contracts.ts"
import type { Prepared } from "./job.ts"

/**
 * The least that a repartition is: DuckDB reads the stage's files and writes their rows by day. It neither looks for versions that came twice nor
 * sorts, gives no statistics for a log, commits nothing, and has the memory that it likes.
 */
export const copy = async ({ lake, output }: { readonly lake: string; readonly output: string }): Promise<Prepared> => {
  const { contract, consumableColumns, identity } = compileContract(contracts.all)
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" })
  const connection = await instance.connect()
  await connection.run("SET TimeZone = 'UTC'")
  const columns = consumableColumns.map(({ name }) => identifier(name))
  const system = ["_source", "_shard", "_sequence_number", "_sub_sequence_number", "_arrived_at", "_rescued"]
  const day = `CAST(coalesce(${identity.eventTime.map(identifier).join(", ")}) AS DATE) AS change_date`
  const statement = `COPY (SELECT ${[...columns, ...system, day].join(", ")} FROM read_parquet(${literal(join(lake, stagePath(contract.name), "**", "*.parquet"))}))
    TO ${literal(output)} (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (change_date))`
  return {
    reset: () => rmSync(output, { recursive: true, force: true }),
    run: async () => Number((await connection.runAndReadAll(statement)).getRows()[0]?.[0])
  }
}
