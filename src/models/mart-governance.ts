import type { CompiledContract } from "../contract/compile.ts"
import { isWithin, type Sensitivity, sensitivities } from "../contract/definition.ts"
import type { Governance } from "../contract/governance.ts"
import { datasetAt, deadLettersPath } from "../lake/layout.ts"
import type { Materialization, Model, Models } from "./model.ts"
import { sourcePath } from "./relations.ts"
import type { Traced } from "./traced.ts"

const most = (levels: ReadonlyArray<Sensitivity>): Sensitivity =>
  levels.reduce((one, other) => (isWithin(other, one) ? one : other), "public")

const sensitivityIn = ({ meta }: Model): Sensitivity | undefined => sensitivities.find((level) => level === meta["sensitivity"])

/**
 * How sensitive each mart is. One that says so itself, `meta: { sensitivity: … }`, is that. Another is as sensitive as the most sensitive table that it reads;
 * but where that is `personal`, and no sensitive column comes through, as column lineage tells it, what is left are numbers of the house: `internal`.
 */
export const martSensitivities = (
  { models }: Models,
  contracts: ReadonlyArray<CompiledContract>,
  { sensitiveIn }: Pick<Traced, "sensitiveIn">
): ReadonlyMap<string, Sensitivity> => {
  const ofDatasets = new Map(contracts.map(({ contract }) => [contract.name, contract.sensitivity]))
  const found = new Map<string, Sensitivity>()
  const ofTable = (path: string): Sensitivity => {
    const dataset = datasetAt(path)
    // Of what nobody knows, the worst is assumed.
    if (dataset !== null) return ofDatasets.get(dataset) ?? "restricted"
    return path === deadLettersPath ? "personal" : "internal"
  }
  // Each stands behind those that it reads.
  for (const model of models) {
    const read = most(
      model.inputs.map((input) =>
        input.kind === "model" ? (found.get(input.name) ?? "restricted") : ofTable(sourcePath(input.source, input.table))
      )
    )
    const isSensitive = sensitiveIn(model.name).size > 0
    const derived = isSensitive ? most([read, "personal"]) : read === "personal" ? "internal" : read
    found.set(model.name, sensitivityIn(model) ?? derived)
  }
  return found
}

/** What `meta` of a model may say of it, by the names that contracts have for it. */
const ofMeta = [
  "title",
  "domain",
  "status",
  "steward",
  "contact",
  "source_system",
  "system_owner",
  "legal_basis",
  "retention",
  "cost_tag",
  "refresh_every",
  "grain",
  "glossary_terms"
]

/** What a model says of its mart as a whole, beside its owner and description; how it is made and how sensitive it is, is derived. */
export const martGovernance = ({ meta, materialization }: Model, sensitivity: Sensitivity): Governance => {
  const said = ofMeta.flatMap((name): ReadonlyArray<readonly [string, string]> => {
    const value = meta[name]
    const text = Array.isArray(value) ? value.join(", ") : value
    return typeof text === "string" ? [[name, text]] : []
  })
  return Object.fromEntries([...said, ["sensitivity", sensitivity], ["update_mode", updateMode(materialization)]])
}

const updateMode = (made: Materialization): string => {
  switch (made.kind) {
    case "view":
      return "view"
    case "table":
      return "snapshot"
    case "history":
    case "lookup":
      return "upsert"
    case "incremental":
      return made.strategy === "append" ? "append" : "upsert"
  }
}
