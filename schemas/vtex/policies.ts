import type { SensitivePolicy } from "../../src/record/column.ts"

interface Sensitive {
  readonly sensitive: SensitivePolicy
}

/** Stays joinable and countable, cannot be read: the keyed hash of the normalized value. For what identifies a person. */
export const hashed: Sensitive = { sensitive: "hash" }

/** Never stored. For secrets (cards, codes that pay), free text written by people, and places that find a person by themselves. */
export const dropped: Sensitive = { sensitive: "drop" }

/** Stored as it is, but kept out of statistics, logs and lineage: whatever a store chose to put there. */
export const kept: Sensitive = { sensitive: "keep" }
