import type { ContractDefinition } from "../../src/contract/index.ts"

/** What all datasets of the company have in common. */
export const about = {
  steward: "data-office",
  keepUnknown: true
} as const satisfies Partial<ContractDefinition>
