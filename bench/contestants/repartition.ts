import { rmSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import { compileContract } from "../../src/contract/compile.ts"
import { consumablePath } from "../../src/lake/layout.ts"
import { repartition as runRepartition } from "../../src/repartition/repartition.ts"
import { localStore } from "../../src/store/local-store.ts"
import { contracts } from "../contracts/contracts.ts"
import type { Prepared } from "./job.ts"

/** Everything that `sluice repartition` does after its start, with its default engine: the whole stage → a consumable that was not there. */
export const repartition = ({ lake }: { readonly lake: string }): Prepared => {
  const contract = compileContract(contracts.all)
  const once = Effect.map(runRepartition({ contract }), (outcome) => (outcome.kind === "repartition" ? outcome.rowsAdded : 0))
  return {
    reset: () => rmSync(join(lake, consumablePath(contract.contract.name)), { recursive: true, force: true }),
    run: () => Effect.runPromise(once.pipe(Effect.provide(localStore(lake))))
  }
}
