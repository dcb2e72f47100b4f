import { Effect } from "effect"
import { Flag } from "effect/cli"
import { UsageError } from "../app/failures.ts"
import type { CompiledContract } from "../contract/compile.ts"
import type { ContractError } from "../contract/contract.ts"
import { loadContracts } from "../contract/load.ts"
import { withDefault } from "./common.ts"

/** Where the contracts are listed. */
export const contractsModule = new URL("../../schemas/index.ts", import.meta.url)

const loaded = await loadContracts(contractsModule)

/** What is wrong with contracts that cannot be used, if there are any. */
export const contractError: ContractError | null = loaded.error

/** Every dataset that there is and whose contract can be used, by name. */
export const compiled: ReadonlyMap<string, CompiledContract> = loaded.compiled

/** Every dataset that there is, those included whose contracts cannot be used. */
export const datasetNames: ReadonlyArray<string> = [...compiled.keys(), ...loaded.refused]

export const dataset = withDefault(
  Flag.String("dataset"),
  [
    `Dataset: ${datasetNames.join(" or ")}.`,
    ...(contractError === null ? [] : ["Not all of their contracts can be used: sluice doctor says why."])
  ].join(" "),
  "checkout"
)

/** Says that contracts cannot be used, before work that does without them. */
export const warnOfContracts: Effect.Effect<void> = Effect.suspend(() => {
  if (contractError === null) return Effect.void
  const whose = loaded.refused.length === 0 ? "contracts" : `the contracts of ${loaded.refused.join(", ")}`
  return Effect.logWarning(`${whose} cannot be used: sluice doctor says why`)
})

/** For work that is about every dataset: all contracts must be sound. */
export const allContracts: Effect.Effect<ReadonlyArray<CompiledContract>, ContractError> = Effect.suspend(() =>
  contractError === null ? Effect.succeed([...compiled.values()]) : Effect.fail(contractError)
)

export const contractOf = (name: string): Effect.Effect<CompiledContract, UsageError | ContractError> =>
  Effect.suspend((): Effect.Effect<CompiledContract, UsageError | ContractError> => {
    const found = compiled.get(name)
    if (found !== undefined) return Effect.as(warnOfContracts, found)
    // It may be one of those that cannot be used.
    if (contractError !== null) return Effect.fail(contractError)
    return Effect.fail(
      new UsageError({ problem: `there is no dataset ${JSON.stringify(name)}`, hint: `Use one of: ${datasetNames.join(", ")}.` })
    )
  })
