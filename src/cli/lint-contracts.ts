import { Effect } from "effect"
import { adviceOn } from "../contract/advice.ts"
import { type LoadedContracts, loadContracts } from "../contract/load.ts"
import { count } from "../record/count.ts"
import { print } from "./output.ts"
import { project } from "./project.ts"

/**
 * Checks the contracts of a project, or of a file, and prints advice on those that can be used. Fails with all problems of those that cannot.
 *
 * @param path folder of a project, its module, or a file of contracts; null: the project that the command is about
 */
export const lintContracts = Effect.fnUntraced(function* (path: string | null, json: boolean) {
  const loaded: LoadedContracts = path === null ? project : yield* Effect.promise(() => loadContracts(path))
  const { compiled, datasets, error } = loaded
  const advice = [...compiled.values()].flatMap(({ contract }) =>
    adviceOn(contract, contract.name === datasets[0]).map(({ field, text }) => ({
      dataset: contract.name,
      file: contract.file,
      field,
      advice: text
    }))
  )
  const sound = [...compiled.keys()]
  const problems = error?.problems ?? []
  if (json || sound.length > 0)
    yield* print(json, { contracts: sound, problems, advice }, () =>
      [
        ...advice.map(
          ({ dataset, file, field, advice }) =>
            `  contract ${dataset}${file === null ? "" : ` (${file})`}: ${field === null ? "" : `field ${field}: `}${advice}`
        ),
        `${count(sound.length, "contract")} can be used${advice.length === 0 ? "." : `; ${count(advice.length, "thing is", "things are")} worth a look.`}`
      ].join("\n")
    )
  if (error !== null) return yield* error
})
