import { createHmac, createSecretKey, type KeyObject } from "node:crypto"
import { compactJson } from "../contract/json.ts"
import type { MaskPolicy } from "./plan.ts"

/**
 * Makes the keyed hash that stands in for a sensitive value: hex HMAC-SHA-256 of the normalised value (NFC, trimmed, lower case), so that
 * one person's spellings meet in one hash; of ids in which case counts, in the case that it has. Without a key there is no hash, and the value is null.
 */
export class Masker {
  readonly #key: KeyObject | null

  constructor(key: Uint8Array | null) {
    // A key object spares preparing the key for every value, which costs more than the hash.
    this.#key = key === null ? null : createSecretKey(key)
  }

  hash(value: string, caseCounts = false): string | null {
    if (this.#key === null) return null
    return createHmac("sha256", this.#key)
      .update(caseCounts ? spelled(value) : normalise(value))
      .digest("hex")
  }

  /** What stands in `_rescued` for a value that must not be seen there. */
  standIn(value: unknown, policy: MaskPolicy): string {
    const text = typeof value === "string" ? value : compactJson(value)
    const hash = policy === "hash" ? this.hash(text) : null
    return `{"masked":${hash === null ? "null" : `"${hash}"`},"bytes":${Buffer.byteLength(text)}}`
  }
}

/** The spelling that is hashed: NFC, trimmed, lower case. */
export const normalise = (value: string): string => spelled(value).toLowerCase()

const spelled = (value: string): string => value.toWellFormed().normalize("NFC").trim()
