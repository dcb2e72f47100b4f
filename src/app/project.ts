import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import manifest from "../../package.json" with { type: "json" }
import type { CompiledContract } from "../contract/compile.ts"
import type { ContractError } from "../contract/contract.ts"
import type { LoadedProject } from "../contract/load.ts"
import { UsageError } from "./failures.ts"

/** Folder of this installation. */
export const root: string = fileURLToPath(new URL("../../", import.meta.url))

/** Is this installation a clone, which runs as it is written, or a package, which is built? */
export const isClone: boolean = import.meta.filename.endsWith(".ts")

/** The command as people write it who have this installation. */
export const command: string = isClone ? "npm run -s sluice --" : "npx sluice"

/** The project where none is named: a folder below {@link root}. */
export const defaultProject: string = fileURLToPath(new URL(`../../${manifest.sluice.project}`, import.meta.url))

/** Says that contracts cannot be used, before work that does without them. */
export const warnOfContracts = ({ error, refused }: LoadedProject): Effect.Effect<void> => {
  if (error === null) return Effect.void
  const whose = refused.length === 0 ? "contracts" : `the contracts of ${refused.join(", ")}`
  return Effect.logWarning(`${whose} cannot be used: sluice doctor says why`)
}

/** Settings in which the database of the catalog has a name: without another one, that of the project's first dataset. */
export const withDatabase = <A extends { readonly glueDatabase: string | null }>(
  { datasets }: LoadedProject,
  values: A
): A & { readonly glueDatabase: string } => ({ ...values, glueDatabase: values.glueDatabase ?? datasets[0] ?? "" })

/** What a stream holds where nobody says it: what the project collects, else its first dataset. */
export const streamDataset = ({ compiled, datasets }: LoadedProject): string =>
  [...compiled.values()].find(({ contract }) => contract.collected === true)?.contract.name ?? datasets[0] ?? ""

/** For work that is about every dataset: all contracts must be sound. */
export const allContracts = ({ compiled, error }: LoadedProject): Effect.Effect<ReadonlyArray<CompiledContract>, ContractError> =>
  error === null ? Effect.succeed([...compiled.values()]) : Effect.fail(error)

/** The contract of a dataset. Fails where there is none that can be used. */
export const contractOf = (project: LoadedProject, name: string): Effect.Effect<CompiledContract, UsageError | ContractError> => {
  const { compiled, error } = project
  const found = compiled.get(name)
  if (found !== undefined) return Effect.as(warnOfContracts(project), found)
  // It may be one of those that cannot be used.
  if (error !== null) return Effect.fail(error)
  return Effect.fail(
    new UsageError({ problem: `there is no dataset ${JSON.stringify(name)}`, hint: `Use one of: ${project.datasets.join(", ")}.` })
  )
}
