import { fileURLToPath } from "node:url"
import { type CompiledContract, compileContract } from "./compile.ts"
import { ContractError, isContract, problemLines } from "./contract.ts"
import { shown } from "./input-rules.ts"

export interface LoadedContracts {
  /** Contracts that hold, by the name of their dataset, in the order of their list. */
  readonly compiled: ReadonlyMap<string, CompiledContract>
  /** Datasets whose contracts cannot be used, as far as they have a name. */
  readonly refused: ReadonlyArray<string>
  /** What is wrong with those that cannot be used, all of it; null: nothing. */
  readonly error: ContractError | null
}

/**
 * Loads the contracts that a module lists as `contracts`. Never fails: a contract that cannot be used stands in nobody's way but its own, and a
 * module that cannot be read leaves none.
 */
export const loadContracts = async (module: URL): Promise<LoadedContracts> => {
  let list: unknown
  try {
    list = (await import(module.href)).contracts
  } catch (cause) {
    return none("Unreadable", `the contracts cannot be loaded: ${whereOf(cause)}.`)
  }
  return Array.isArray(list)
    ? readContracts(list)
    : none(
        "Unreadable",
        `${module.protocol === "file:" ? fileURLToPath(module) : module.protocol} exports ${shown(list)} as contracts: give a list of contracts.`
      )
}

const none = (reason: ContractError["reason"], problem: string): LoadedContracts => ({
  compiled: new Map(),
  refused: [],
  error: new ContractError({ reason, problems: [problem] })
})

/** Of a list of whatever it holds, the contracts that can be used. */
export const readContracts = (list: ReadonlyArray<unknown>): LoadedContracts => {
  const compiled = new Map<string, CompiledContract>()
  const refused: Array<string> = []
  const problems: Array<string> = []
  const named = list.map((entry) => (isContract(entry) && typeof entry.name === "string" ? entry.name : null))
  for (const [i, entry] of list.entries()) {
    const name = named[i] ?? null
    const what = name === null || name === "" ? `contract ${i + 1} of the list` : `contract ${name}`
    const found = isContract(entry) ? problemLines(entry, what) : [`${what}: it is ${shown(entry)} that defineContract has not made.`]
    const places = named.flatMap((other, place) => (name !== null && other === name ? [place + 1] : []))
    if (places.length > 1 && places[0] === i + 1)
      problems.push(`${what}: ${places.length} contracts have this name, at ${places.join(" and ")} of the list. Give each its own.`)
    problems.push(...found)
    if (isContract(entry) && found.length === 0 && places.length === 1) compiled.set(entry.name, compileContract(entry))
    else if (name !== null && name !== "" && !refused.includes(name)) refused.push(name)
  }
  return { compiled, refused, error: problems.length === 0 ? null : new ContractError({ reason: "Invalid", problems }) }
}

/** What a module that could not be loaded says, with its file and line where they are known. */
const whereOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause)
  const [at] = /file:\/\/[^\s)]+:\d+/.exec(cause.stack ?? "") ?? []
  const [first = ""] = cause.message.split("\n")
  return at === undefined ? first : `${first} (${at.replace("file://", "")})`
}
