import { catalogName } from "../catalog/names.ts"
import type { CompiledContract } from "../contract/compile.ts"
import { type Governance, governance, stageGovernance } from "../contract/governance.ts"
import { consumablePath, deadLettersPath, martPath, runsPath, stagePath } from "../lake/layout.ts"
import { martGovernance, martSensitivities } from "../models/mart-governance.ts"
import { sourcePath } from "../models/relations.ts"
import type { Traced } from "../models/traced.ts"
import type { ProjectText } from "./entries.ts"
import type { LakeFacts } from "./lake-facts.ts"
import { testEntries, totalsOf } from "./tests.ts"

/** What is known of each table of a lake as a whole: for the catalog of AWS and for the console, which say the same by it. */

/** What the checks of a table found when they were made last. Nothing here is what somebody wishes: it is what runs recorded. */
export interface Quality {
  readonly passed: number
  readonly failed: number
  readonly warned: number
  /** ISO 8601; null: none was made yet. */
  readonly at: string | null
}

export interface TableAbout {
  readonly owner: string
  readonly description: string
  readonly said: Governance
  /** Paths of the tables that it is made of, and of those that are made of it. */
  readonly upstream: ReadonlyArray<string>
  readonly downstream: ReadonlyArray<string>
  readonly quality: Quality
}

/** The share of checks that passed, as `0.95`; null: none was made. */
export const scoreOf = ({ passed, failed, warned, at }: Quality): string | null =>
  at === null || passed + failed + warned === 0 ? null : (passed / (passed + failed + warned)).toFixed(2)

const unchecked: Quality = { passed: 0, failed: 0, warned: 0, at: null }

/** Every table that a project has, by its path, whether it is in the lake yet or not. @param facts null: there is no lake */
export const aboutTables = (project: ProjectText, facts: LakeFacts | null, traced: Traced): ReadonlyMap<string, TableAbout> => {
  const { contracts, models } = project
  const sensitivity = martSensitivities(models, contracts, traced)
  const tests = testEntries(models, facts, project.sensitive)
  const readOf = new Map(
    models.models.map(({ inputs, name }) => [
      martPath(name),
      [...new Set(inputs.map((input) => (input.kind === "model" ? martPath(input.name) : sourcePath(input.source, input.table))))]
    ])
  )
  const readersOf = (path: string): ReadonlyArray<string> => [...readOf].flatMap(([mart, read]) => (read.includes(path) ? [mart] : []))
  // Who answers for some of the records answers for those that became no row, too.
  const everybody = [...new Set(contracts.map(({ contract }) => contract.owner))].join(", ")
  const shared = (path: string, description: string, said: Governance, upstream: ReadonlyArray<string>): readonly [string, TableAbout] => [
    path,
    { owner: everybody, description, said: { ...said, update_mode: "append" }, upstream, downstream: readersOf(path), quality: unchecked }
  ]
  return new Map<string, TableAbout>([
    ...contracts.flatMap((compiled): ReadonlyArray<readonly [string, TableAbout]> => {
      const { contract } = compiled
      const { name, description, owner } = contract
      const [stage, consumable] = [stagePath(name), consumablePath(name)]
      const quality = qualityOfRecords(compiled, facts)
      const common = { owner, description, quality }
      return [
        [stage, { ...common, said: stageGovernance(contract), upstream: [], downstream: [consumable, ...readersOf(stage)] }],
        [consumable, { ...common, said: governance(contract), upstream: [stage], downstream: readersOf(consumable) }]
      ]
    }),
    ...models.models.map((model): readonly [string, TableAbout] => {
      const path = martPath(model.name)
      const own = tests.filter(({ models }) => models.includes(model.name))
      const { pass, warn, fail } = totalsOf(own)
      const at =
        own
          .flatMap(({ last }) => last?.endedAt ?? [])
          .sort()
          .at(-1) ?? null
      return [
        path,
        {
          owner: model.owner ?? "",
          description: model.description,
          said: martGovernance(model, sensitivity.get(model.name) ?? "restricted"),
          upstream: readOf.get(path) ?? [],
          downstream: readersOf(path),
          quality: { passed: pass, failed: fail, warned: warn, at }
        }
      ]
    }),
    shared(
      deadLettersPath,
      "Records that could not become rows, with where they came from, their bytes and the reason.",
      { title: "Dead letters", sensitivity: "personal", grain: "a record that became no row" },
      []
    ),
    shared(runsPath, "What was run, and what became of it.", { title: "Runs", sensitivity: "internal", grain: "an end of a run" }, [])
  ])
}

/** The same as parameters of the catalog of AWS. */
export const parametersOf = ({ said, upstream, downstream, quality }: TableAbout): { readonly [name: string]: string } => {
  const score = scoreOf(quality)
  const names = (paths: ReadonlyArray<string>) => paths.map(catalogName).join(", ")
  return {
    ...said,
    ...(upstream.length === 0 ? {} : { upstream: names(upstream) }),
    ...(downstream.length === 0 ? {} : { downstream: names(downstream) }),
    ...(score === null || quality.at === null ? {} : { quality_score: score, last_check: quality.at })
  }
}

/** Of records the last ingest says whether each became a row, and which expectations held for all of them. */
const qualityOfRecords = ({ contract }: CompiledContract, facts: LakeFacts | null): Quality => {
  const last = facts?.runs.find(({ kind, dataset }) => kind === "ingest" && dataset === contract.name)
  if (last === undefined) return unchecked
  const failed = (last.deadLetters ?? 0) > 0 || last.outcome !== "complete" ? 1 : 0
  const warned = last.broken.length
  return { passed: Math.max(0, contract.expectations.length + 1 - failed - warned), failed, warned, at: last.endedAt }
}
