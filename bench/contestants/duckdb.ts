import { DuckDBInstance } from "@duckdb/node-api"
import { contracts } from "../contracts/contracts.ts"
import { copyStatement } from "../peer/statement.ts"
import type { Job, Prepared } from "./job.ts"

export const duckdb = (job: Job & { readonly kind: "duckdb" }): Promise<Prepared> =>
  sql({ statement: copyStatement(contracts[job.contract], job), threads: job.threads })

/** DuckDB with its own defaults, but for the number of threads. The instance stays open from run to run. */
export const sql = async ({ statement, threads }: { readonly statement: string; readonly threads: number }): Promise<Prepared> => {
  const instance = await DuckDBInstance.create(":memory:", { threads: String(threads) })
  const connection = await instance.connect()
  await connection.run("SET TimeZone = 'UTC'")
  return {
    run: async () => {
      const [row] = (await connection.runAndReadAll(statement)).getRows()
      return Number(row?.[0])
    }
  }
}
