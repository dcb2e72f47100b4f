import type { ContractDefinition } from "./definition.ts"
import { snakeCase } from "./names.ts"
import type { ContractTable } from "./table.ts"

/** Who answers for a dataset, and in which part. */
export const ownersOf = ({ owner, steward }: ContractDefinition): ReadonlyArray<{ readonly name: string; readonly type: string }> => [
  { name: owner, type: "MAINTAINER" },
  ...(steward === undefined ? [] : [{ name: steward, type: "STEWARD" }])
]

/** What is said of a table as a whole, by the names that catalogs know it by. */
export type Governance = { readonly [name: string]: string }

/**
 * What a contract says of a dataset as a whole, beside its owner and description, as far as it says it: what the catalog of AWS, lineage, the pages of a
 * dataset and the console carry. A field that is added here is in all of them.
 */
export const governance = (contract: ContractDefinition): Governance => {
  const { approval, glossary = [] } = contract
  const all: { readonly [name: string]: string | undefined } = {
    title: contract.title,
    domain: contract.domain,
    status: contract.status,
    steward: contract.steward,
    contact: contract.contact,
    source_system: contract.sourceSystem,
    system_owner: contract.systemOwner,
    source_type: contract.sourceType,
    load_frequency: contract.loadFrequency,
    sensitivity: contract.sensitivity,
    legal_basis: contract.legalBasis,
    approved_by: approval?.by,
    approved_on: approval?.on,
    retention: contract.retention,
    cost_tag: contract.costTag,
    refresh_every: contract.refreshEvery,
    grain: contract.grain ?? grainOf(contract.table),
    update_mode: contract.table.kind === "latest" ? "upsert" : "append",
    glossary_terms: glossary.length === 0 ? undefined : glossary.join(", ")
  }
  return Object.fromEntries(Object.entries(all).flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const])))
}

/** The same of the stage, which has every record as it arrived. */
export const stageGovernance = (contract: ContractDefinition): Governance => ({
  ...governance(contract),
  grain: "a record, as it arrived",
  update_mode: "append"
})

const grainOf = ({ key, ...table }: ContractTable): string => {
  const columns = [...key, ...(table.kind === "versions" ? [table.version] : [])].map(snakeCase)
  return columns.every((column) => column.startsWith("_")) ? "a record" : `one row per ${columns.join(", ")}`
}
