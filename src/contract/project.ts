import { type Contract, type Sensitivity, sensitivities } from "./definition.ts"
import { fileOfCaller } from "./file-of-caller.ts"
import { type ProjectGenerator, problemsOfGenerator } from "./generator.ts"
import { isList, isObjectOf, isOneOf, isRecord, isText, optional, problemsOfObject, type Rule, shown } from "./input-rules.ts"
import { isLookup, type Lookup } from "./lookup.ts"

export interface ProjectDefinition {
  /** Name of the project: lower case letters, digits, `_` and `-`. For people, and for lineage. */
  readonly name: string
  /** Its datasets. The first is what a command is about that is told of none. */
  readonly contracts: ReadonlyArray<Contract>
  /**
   * Datasets of this sensitivity, and more sensitive ones, are carried only where their contract says who allowed it: its `approval`. Others are refused.
   * Absent: none must.
   */
  readonly approvalFrom?: Sensitivity
  /** Tables that a program makes for its models, see `lookup`. */
  readonly lookups?: ReadonlyArray<Lookup>
  /** Makes input as its contracts take it, for `sluice generate`. */
  readonly generator?: ProjectGenerator
}

/** What one business has, as the module `project.ts` of a folder says. Made by `defineProject`. */
export interface Project extends ProjectDefinition {
  /** What is wrong with it beside its contracts, each as a sentence. */
  readonly problems: ReadonlyArray<string>
  /** The file that defines it, where there are problems and the file is known. */
  readonly file: string | null
}

const projectRules: { readonly [key in keyof ProjectDefinition]-?: Rule } = {
  name: isText,
  contracts: isList("contracts"),
  approvalFrom: optional(isOneOf(...sensitivities)),
  lookups: optional(isList("what lookup(…) gives")),
  generator: optional(isObjectOf("a generator"))
}

const made = new WeakSet<object>()

/** Was this made by `defineProject`, so that its problems are known? */
export const isProject = (value: unknown): value is Project => typeof value === "object" && value !== null && made.has(value)

/** Checks a project, which may be any value at run time. Never throws: what is wrong stands in `problems`, to be told with that of its contracts. */
export const defineProject = (definition: ProjectDefinition): Project => {
  const problems = problemsOfProject(definition)
  const project: Project = { ...definition, problems, file: problems.length === 0 ? null : fileOfCaller() }
  made.add(project)
  return project
}

const problemsOfProject = (given: unknown): ReadonlyArray<string> => {
  if (!isRecord(given)) return [`it is ${shown(given)}: give an object.`]
  const problems = [...problemsOfObject("", given, projectRules)]
  const { contracts, name, lookups, generator } = given
  if (isText.holds(name) && !/^[a-z][a-z0-9_-]*$/.test(name))
    problems.push(`name is ${shown(name)}: give lower case letters, digits, "_" and "-", a letter first.`)
  if (Array.isArray(contracts) && contracts.length === 0) problems.push("contracts is an empty list: give at least one contract.")
  for (const [i, each] of (Array.isArray(lookups) ? lookups : []).entries())
    problems.push(
      ...(isLookup(each) ? each.problems : [`it is ${shown(each)} that lookup has not made.`]).map((problem) => `lookups[${i}]: ${problem}`)
    )
  if (isRecord(generator)) problems.push(...problemsOfGenerator(generator))
  return problems
}
