import type { CompiledContract } from "../contract/compile.ts"
import { Malformed } from "../record/malformed.ts"
import { stageColumns } from "../record/system-columns.ts"
import { type Check, check } from "./check.ts"
import { withRetired } from "./contract-change.ts"
import { refuseConsumable, refuseStage } from "./tables.ts"
import type { At } from "./verify-rows.ts"

/** The contract may go on with the tables of its dataset: it has their key, their version and their columns. */
export const contractChecks = (contract: CompiledContract, stage: At | null, consumable: At | null): ReadonlyArray<Check> => [
  ...(stage === null ? [] : [fits(stage, () => refuseStage(contract, stage.snapshot))]),
  ...(consumable === null
    ? []
    : [
        fits(consumable, () => {
          const columns = stageColumns(withRetired(contract, contract.consumableColumns, consumable.snapshot.schema))
          refuseConsumable(contract, columns, false, consumable.snapshot)
        })
      ])
]

const fits = ({ table }: At, refuse: () => void): Check => {
  const name = "is as its contract says"
  try {
    refuse()
    return check(table.path, name, true, "key, version, event time and columns")
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    return check(table.path, name, false, `${error.message}. ${error.hint}`)
  }
}
