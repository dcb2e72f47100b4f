import { Schema } from "effect"
import { problemsOfContract } from "./check.ts"
import type { Contract, ContractDefinition } from "./definition.ts"
import { recordSchema } from "./field.ts"
import { fileOfCaller } from "./file-of-caller.ts"

export type { Approval, Contract, ContractDefinition, Expectation } from "./definition.ts"
export type { DropRule } from "./drops.ts"
export { type ContractTable, coordinates, events, type Latest, type Loads, latest, versions } from "./table.ts"

/** Contracts that cannot be used, or one: all that is wrong with them, each as a line that names the contract. */
export class ContractError extends Schema.TaggedError<ContractError>()("ContractError", {
  reason: Schema.Literals(["Invalid", "Unreadable"]),
  problems: Schema.Array(Schema.String)
}) {
  override get message() {
    const { problems } = this
    if (this.reason === "Unreadable") return `${problems.join(" ")} Nothing can be read or written by contract until it is corrected.`
    const count = problems.length === 1 ? "a contract cannot be used:" : `contracts cannot be used, ${problems.length} problems:`
    return [count, ...problems.map((problem) => `  ${problem}`), "Correct them: nothing is read or written by such a contract."].join("\n")
  }
}

const made = new WeakSet<object>()

/** Was this made by `defineContract`, so that its problems are known? */
export const isContract = (value: unknown): value is Contract => typeof value === "object" && value !== null && made.has(value)

/**
 * Checks a contract, which may be any value at run time, and gives it its schema. Never throws: what is wrong stands in `problems`, so that the
 * mistakes of all contracts can be told together.
 */
export const defineContract = (definition: ContractDefinition): Contract => {
  const problems = problemsOfContract(definition)
  const isSound = problems.length === 0
  const { name: identifier, title, description } = definition ?? {}
  const schema = recordSchema(isSound ? definition.fields : {})
  const contract: Contract = {
    ...definition,
    schema: isSound ? schema.annotate({ identifier, title, description }) : schema,
    problems,
    file: fileOfCaller()
  }
  made.add(contract)
  return contract
}

/** The problems of a contract or a project as lines that say where. @param what names it: its own name, or its place in a list */
export const problemLines = ({ problems, file }: Pick<Contract, "problems" | "file">, what: string): ReadonlyArray<string> =>
  problems.map((problem) => `${what}${file === null ? "" : ` (${file})`}: ${problem}`)
