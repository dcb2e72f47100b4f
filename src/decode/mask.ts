import { createHmac, createSecretKey, type KeyObject } from "node:crypto"
import { compactJson } from "../contract/json.ts"
import type { MaskPolicy } from "./plan.ts"

/**
 * Makes the keyed hash that stands in for a sensitive value: hex HMAC-SHA-256 of the normalised value (NFC, trimmed, lower case), so that
 * one person's spellings meet in one hash. Without a key there is no hash, and the value is null.
 */
export class Masker {
  readonly #key: KeyObject | null

  constructor(key: Uint8Array | null) {
    // A key object spares preparing the key for every value, which costs more than the hash.
    this.#key = key === null ? null : createSecretKey(key)
  }

  hash(value: string): string | null {
    return this.#key === null ? null : createHmac("sha256", this.#key).update(normalise(value)).digest("hex")
  }

  /** What stands in `_rescued` for a value that must not be seen there. */
  standIn(value: unknown, policy: MaskPolicy): string {
    const text = typeof value === "string" ? value : compactJson(value)
    const hash = policy === "hash" ? this.hash(text) : null
    return `{"masked":${hash === null ? "null" : `"${hash}"`},"bytes":${Buffer.byteLength(text)}}`
  }
}

/** The spelling that is hashed: NFC, trimmed, lower case. */
export const normalise = (value: string): string => value.toWellFormed().normalize("NFC").trim().toLowerCase()
