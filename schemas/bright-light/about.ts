import type { ContractDefinition } from "../../src/contract/index.ts"

/** What all datasets of the company have in common. */
export const about = {
  steward: "data-office",
  status: "certified",
  contact: "data-office@bright-light.example",
  // Thirteen months, so that each has the same one of the year before; and some days.
  retention: "400 days",
  keepUnknown: true
} as const satisfies Partial<ContractDefinition>
