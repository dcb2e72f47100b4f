import type { ContractDefinition } from "./definition.ts"

/** Who answers for a dataset, and in which part. */
export const ownersOf = ({ owner, steward }: ContractDefinition): ReadonlyArray<{ readonly name: string; readonly type: string }> => [
  { name: owner, type: "MAINTAINER" },
  ...(steward === undefined ? [] : [{ name: steward, type: "STEWARD" }])
]

/** What a contract says of a dataset as a whole, beside its owner, as far as it says it: what the catalog, lineage and its page carry. */
export const governance = ({
  steward,
  sourceSystem,
  sensitivity,
  approval,
  costTag,
  refreshEvery
}: ContractDefinition): { readonly [name: string]: string } => ({
  ...(steward === undefined ? {} : { steward }),
  ...(sourceSystem === undefined ? {} : { source_system: sourceSystem }),
  sensitivity,
  ...(approval === undefined ? {} : { approved_by: approval.by, approved_on: approval.on }),
  ...(costTag === undefined ? {} : { cost_tag: costTag }),
  ...(refreshEvery === undefined ? {} : { refresh_every: refreshEvery })
})
