import { cpSync, rmSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import { compileContract } from "../../src/contract/compile.ts"
import { consumablePath } from "../../src/lake/layout.ts"
import { repartition as runRepartition } from "../../src/repartition/repartition.ts"
import { localStore } from "../../src/store/local-store.ts"
import { contracts } from "../contracts/contracts.ts"
import type { Job, Prepared } from "./job.ts"

/**
 * Everything that `sluice repartition` does after its start, with its default engine: the stage, or what is new there, → a consumable. Rows are those that the table
 * has more; where it had some before, those that were read.
 */
export const repartition = ({
  lake,
  contract: name = "all",
  before,
  rebuild = false
}: Omit<Job & { readonly kind: "repartition" }, "kind">): Prepared => {
  const contract = compileContract(contracts[name])
  const table = join(lake, consumablePath(contract.contract.name))
  const once = Effect.map(runRepartition({ contract, rebuild }), (outcome) =>
    outcome.kind !== "repartition" ? 0 : before === undefined ? outcome.rowsAdded : outcome.rowsRead
  )
  return {
    reset: () => {
      rmSync(table, { recursive: true, force: true })
      if (before !== undefined) cpSync(before, table, { recursive: true })
    },
    run: () => Effect.runPromise(once.pipe(Effect.provide(localStore(lake))))
  }
}
