import { existsSync, statSync } from "node:fs"
import { registerHooks } from "node:module"
import { basename, dirname, join, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { moduleBeside } from "../record/module-beside.ts"
import { type CompiledContract, compileContract } from "./compile.ts"
import { ContractError, isContract, problemLines } from "./contract.ts"
import { type Contract, isWithin, type Sensitivity } from "./definition.ts"
import { shortPath } from "./file-of-caller.ts"
import type { ProjectGenerator } from "./generator.ts"
import { shown } from "./input-rules.ts"
import type { Lookup } from "./lookup.ts"
import { ownModules } from "./own-modules.ts"
import { isProject } from "./project.ts"

export interface LoadedContracts {
  /** Contracts that hold, by the name of their dataset, in the order of their list. */
  readonly compiled: ReadonlyMap<string, CompiledContract>
  /** Names of all datasets, in the order of their list; the first is what a command is about that is told of none. */
  readonly datasets: ReadonlyArray<string>
  /** Datasets whose contracts cannot be used, as far as they have a name. */
  readonly refused: ReadonlyArray<string>
  /** What is wrong with those that cannot be used, and with their project, all of it; null: nothing. */
  readonly error: ContractError | null
}

export interface LoadedProject extends LoadedContracts {
  /** Its name; where nobody can say, that of its folder. */
  readonly name: string
  /** Absolute path. */
  readonly folder: string
  /** Tables that a program makes for its models. */
  readonly lookups: ReadonlyArray<Lookup>
  /** Makes input as its contracts take it; null: it brings none. */
  readonly generator: ProjectGenerator | null
  /** URL of its module: other threads load it by themselves, since contracts hold functions. */
  readonly module: URL
}

/** How the module of a project may be called. */
const moduleNames = ["project.ts", "project.mts", "project.js", "project.mjs"]

/**
 * Loads the project of a folder. Never fails: a contract that cannot be used stands in nobody's way but its own, and a project that cannot be read
 * has none.
 */
export const loadProject = async (given: string): Promise<LoadedProject> => {
  const path = resolve(given)
  // Its module is as good a name for it.
  const folder = moduleNames.includes(basename(path)) ? dirname(path) : path
  const file = moduleNames.map((name) => join(folder, name)).find((path) => existsSync(path)) ?? null
  const module = pathToFileURL(file ?? join(folder, "project.ts"))
  const found =
    file === null
      ? unreadable(
          `there is no project in ${shortPath(folder)}: ${existsSync(folder) ? "it has no project.ts" : "the folder is not there"}. Check --project, or make one with: sluice init ${given}.`
        )
      : await loadModule(module)
  return { name: basename(folder), lookups: [], generator: null, ...found, folder, module }
}

type FoundProject = LoadedContracts & Partial<Pick<LoadedProject, "name" | "lookups" | "generator">>

/** Loads the project that a module exports as its default, and its contracts. Never fails, see {@link loadProject}. */
export const loadModule = async (module: URL): Promise<FoundProject> => {
  const loaded = await importModule(module)
  return "problem" in loaded
    ? unreadable(`the project cannot be loaded: ${loaded.problem}.`)
    : readProject(loaded.exports["default"], module)
}

/** The project that a module, which is loaded already, has as its default. Never fails, see {@link loadProject}. */
export const projectOf = (found: unknown, module: URL): LoadedProject => {
  const folder = dirname(fileURLToPath(module))
  return { name: basename(folder), lookups: [], generator: null, ...readProject(found, module), folder, module }
}

const readProject = (found: unknown, module: URL): FoundProject => {
  if (!isProject(found))
    return unreadable(
      `${nameOf(module)} exports ${shown(found)} as its default: write export default defineProject({ name: "…", contracts: […] }).`
    )
  const wrong = problemLines(found, "the project")
  const read = readContracts(Array.isArray(found.contracts) ? found.contracts : [], found.approvalFrom)
  if (wrong.length === 0) return { ...read, name: found.name, lookups: found.lookups ?? [], generator: found.generator ?? null }
  return { ...read, error: new ContractError({ reason: "Invalid", problems: [...wrong, ...(read.error?.problems ?? [])] }) }
}

/** Loads what a path names: the project of a folder or a module, or else the contracts that a module exports. Never fails, see {@link loadProject}. */
export const loadContracts = async (path: string): Promise<LoadedContracts> => {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined)
    return unreadable(`there is nothing at ${shortPath(path)}: name a file with a contract, or the folder of a project.`)
  if (stats.isDirectory()) return loadProject(path)
  const module = pathToFileURL(resolve(path))
  const loaded = await importModule(module)
  if ("problem" in loaded) return unreadable(`the contract cannot be loaded: ${loaded.problem}.`)
  if (isProject(loaded.exports["default"])) return loadModule(module)
  const found = [...new Set(Object.values(loaded.exports).flat())].filter(isContract)
  return found.length > 0
    ? readContracts(found)
    : unreadable(`${nameOf(module)} exports no contract: write export const orders = defineContract({ name: "orders", … }).`)
}

type Imported = { readonly exports: { readonly [name: string]: unknown } } | { readonly problem: string }

const importModule = async (module: URL): Promise<Imported> => {
  const textOf = await ownModules()
  const hooks = registerHooks({
    resolve: resolveIn(module.href.slice(0, module.href.lastIndexOf("/") + 1)),
    load: (url, context, next) => {
      const source = textOf(url)
      return source === null ? next(url, context) : { format: "module", source, shortCircuit: true }
    }
  })
  try {
    return { exports: await import(module.href) }
  } catch (cause) {
    return { problem: whereOf(cause) }
  } finally {
    hooks.deregister()
  }
}

const nameOf = (module: URL): string => (module.protocol === "file:" ? shortPath(fileURLToPath(module)) : module.protocol)

/** What contracts import as `sluice/contract` is the Sluice that runs: what another one makes would be a stranger to it. */
const contractModule = moduleBeside("index", import.meta.url).href

type Resolve = NonNullable<Parameters<typeof registerHooks>[0]["resolve"]>

const formatOf = (url: string): string => (url.endsWith(".ts") ? "module-typescript" : "module")

/** Modules of a project's folder are what Sluice's own are, whatever package the folder lies in. */
const resolveIn =
  (folder: string): Resolve =>
  (specifier, context, next) => {
    if (specifier === "sluice/contract") return { url: contractModule, format: formatOf(contractModule), shortCircuit: true }
    const found = next(specifier, context)
    const isOwn = found.url.startsWith(folder) && !found.url.includes("/node_modules/") && /\.[jt]s$/.test(found.url)
    return isOwn ? { ...found, format: formatOf(found.url) } : found
  }

const unreadable = (problem: string): LoadedContracts => ({
  compiled: new Map(),
  datasets: [],
  refused: [],
  error: new ContractError({ reason: "Unreadable", problems: [problem] })
})

/** What is wrong with a dataset that somebody must have allowed. What of its sensitivity is no word is told elsewhere. */
const unapproved = ({ sensitivity, approval, file }: Contract, from: Sensitivity | undefined): ReadonlyArray<string> =>
  from === undefined || approval !== undefined || !isWithin(from, sensitivity)
    ? []
    : [
        `its sensitivity is "${sensitivity}", and the project carries nothing from "${from}" on that nobody has approved: give it approval: { by, on }${file === null ? "" : ` in ${file}`}.`
      ]

/**
 * Of a list of whatever it holds, the contracts that can be used.
 *
 * @param approvalFrom sensitivity from which on a contract must say who allowed it, as the project says
 */
export const readContracts = (list: ReadonlyArray<unknown>, approvalFrom?: Sensitivity): LoadedContracts => {
  const compiled = new Map<string, CompiledContract>()
  const refused: Array<string> = []
  const problems: Array<string> = []
  const named = list.map((entry) => (isContract(entry) && typeof entry.name === "string" ? entry.name : null))
  for (const [i, entry] of list.entries()) {
    const name = named[i] ?? null
    const what = name === null || name === "" ? `contract ${i + 1} of the list` : `contract ${name}`
    const found = isContract(entry)
      ? [...problemLines(entry, what), ...unapproved(entry, approvalFrom).map((problem) => `${what}: ${problem}`)]
      : [`${what}: it is ${shown(entry)} that defineContract has not made.`]
    const places = named.flatMap((other, place) => (name !== null && other === name ? [place + 1] : []))
    if (places.length > 1 && places[0] === i + 1)
      problems.push(`${what}: ${places.length} contracts have this name, at ${places.join(" and ")} of the list. Give each its own.`)
    problems.push(...found)
    if (isContract(entry) && found.length === 0 && places.length === 1) compiled.set(entry.name, compileContract(entry))
    else if (name !== null && name !== "" && !refused.includes(name)) refused.push(name)
  }
  const collected = [...compiled.values()].filter(({ contract }) => contract.collected === true).map(({ contract }) => contract.name)
  if (collected.length > 1)
    problems.push(
      `contracts ${collected.join(" and ")}: each says that it is collected, and an endpoint collects one. Leave it with one of them.`
    )
  const datasets = [...new Set(named.flatMap((name) => (name === null || name === "" ? [] : [name])))]
  return { compiled, datasets, refused, error: problems.length === 0 ? null : new ContractError({ reason: "Invalid", problems }) }
}

const ownFolder = new URL("./", import.meta.url).href

/** What a module that could not be loaded says, with its file and line where they are known. */
const whereOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause)
  // Where a module is not found, the first place is where it was looked for, below.
  const at = cause.stack?.match(/file:\/\/[^\s)]+:\d+/g)?.find((place) => !place.startsWith(ownFolder))
  const [first = ""] = cause.message.split("\n")
  return at === undefined ? first : `${first} (${at.replace("file://", "")})`
}
