import { DuckDBInstance } from "@duckdb/node-api"
import { contracts } from "../contracts/contracts.ts"
import { copyStatement } from "../peer/statement.ts"
import type { Job, Prepared } from "./job.ts"

/** DuckDB with its own defaults, but for the number of threads. The instance stays open from run to run. */
export const duckdb = async (job: Job & { readonly kind: "duckdb" }): Promise<Prepared> => {
  const instance = await DuckDBInstance.create(":memory:", { threads: String(job.threads) })
  const connection = await instance.connect()
  const statement = copyStatement(contracts[job.contract], job)
  return {
    run: async () => {
      const [row] = (await connection.runAndReadAll(statement)).getRows()
      return Number(row?.[0])
    }
  }
}
