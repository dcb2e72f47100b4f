import { createHmac, scryptSync, timingSafeEqual } from "node:crypto"
import { Effect } from "effect"
import type { Column } from "../record/column.ts"
import { randomUuid } from "../record/random.ts"
import type { Metadata } from "../table/actions.ts"
import { TableError } from "../table/errors.ts"
import type { Table } from "../table/table.ts"
import { hashKeysProperty } from "./log-keys.ts"

/** In the place of a fingerprint: there was no key, sensitive values were dropped. */
const noKey = "none"

/** With which key sensitive values become hashes. */
export interface Hashing {
  /** Null: there is none, they are dropped. */
  readonly key: Uint8Array | null
  /** Goes on with this key where the table's rows were made with another one. */
  readonly change: boolean
}

/** Does any column below (or at) this one hold hashes? */
export const holdsHashes = (column: Column): boolean =>
  column.kind === "leaf"
    ? column.sensitive === "hash"
    : column.kind === "list"
      ? holdsHashes(column.element)
      : column.fields.some(holdsHashes)

/** Fingerprints of the keys that the hashes of a stage table were made with, oldest first; empty where the table does not say. */
export const hashKeysOf = ({ configuration }: Metadata): ReadonlyArray<string> =>
  (configuration[hashKeysProperty] ?? "").split(" ").filter((fingerprint) => fingerprint !== "")

/** Were both written with the same keys, as far as they say? */
export const haveSameHashKeys = (a: Metadata, b: Metadata): boolean =>
  a.configuration[hashKeysProperty] === b.configuration[hashKeysProperty]

/** A fingerprint of a key; no two are alike, so that nobody can tell tables apart by it. */
export const fingerprintOf = (key: Uint8Array | null): Effect.Effect<string> =>
  key === null ? Effect.succeed(noKey) : Effect.map(randomUuid, (salt) => `${salt}:${digest(key, salt)}`)

const isOf = (fingerprint: string, key: Uint8Array | null): boolean => {
  if (key === null || fingerprint === noKey) return key === null && fingerprint === noKey
  const [salt = "", found = ""] = fingerprint.split(":")
  const expected = digest(key, salt)
  return found.length === expected.length && timingSafeEqual(Buffer.from(found), Buffer.from(expected))
}

const digest = (key: Uint8Array, salt: string): string => createHmac("sha256", stretched(key)).update(salt).digest("hex")

/** Some 40 ms of work, so that a key that is a word is not found by trying words; done once for each key of a process. */
const stretched = (key: Uint8Array): Buffer => {
  const known = stretchedKeys.get(key) ?? scryptSync(key, "sluice hash key", 32)
  stretchedKeys.set(key, known)
  return known
}
const stretchedKeys = new WeakMap<Uint8Array, Buffer>()

/** What is wrong with a key for a table whose hashes were made with others, and what to do; null where it is theirs, or they do not say. */
export const hashKeyProblem = (metaData: Metadata, key: Uint8Array | null): { readonly problem: string; readonly hint: string } | null => {
  const last = hashKeysOf(metaData).at(-1)
  if (last === undefined || isOf(last, key)) return null
  const goOn = "Or go on as it is now with --change-hash-key, once:"
  if (key === null)
    return {
      problem: "its sensitive values were hashed with a key, and neither SLUICE_HASH_KEY nor SLUICE_HASH_KEY_SECRET is set",
      hint: `Set the key that was used before. ${goOn} from here on they are dropped.`
    }
  if (last === noKey)
    return {
      problem: "its sensitive values were dropped, since there was no key, and SLUICE_HASH_KEY or SLUICE_HASH_KEY_SECRET is set now",
      hint: `Unset it. ${goOn} rows that are there stay without these values; ingested again into a new lake, they get hashes.`
    }
  return {
    problem: "its sensitive values were hashed with another key than that in SLUICE_HASH_KEY or SLUICE_HASH_KEY_SECRET",
    hint: `Set the key that was used before. ${goOn} rows that are there keep their hashes, so that one value has two; ingested again into a new lake, it has one.`
  }
}

/**
 * Makes sure that a stage table's hashes are all of one key, and notes it where the table does not say, or has no rows yet. Fails with `Invalid`
 * where they are of another one, unless it may change. Who changes the note meets every process that commits meanwhile: they conflict.
 */
export const agreeOnHashKey = (table: Table, { key, change }: Hashing): Effect.Effect<void, TableError> =>
  Effect.gen(function* () {
    const read = yield* table.snapshot
    const before = hashKeysOf(read.metaData)
    const problem = hashKeyProblem(read.metaData, key)
    if (problem === null && before.length > 0) return
    const hasRows = read.files.size > 0
    if (problem !== null && hasRows && !change) return yield* new TableError({ table: table.path, reason: "Invalid", ...problem })
    if (hasRows) {
      yield* Effect.logWarning(
        problem === null
          ? `${table.path} does not say with which key its sensitive values were hashed so far: from here on it is this one`
          : `${table.path}: ${problem.problem}; it is changed as asked`
      )
    }
    const mine = yield* fingerprintOf(key)
    const configuration = { [hashKeysProperty]: (hasRows ? [...before, mine] : [mine]).join(" ") }
    yield* table.commit({
      read,
      operation: "SET TBLPROPERTIES",
      parameters: { properties: JSON.stringify(configuration) },
      metrics: {},
      actions: [{ metaData: { ...read.metaData, configuration: { ...read.metaData.configuration, ...configuration } } }],
      isBlindAppend: false,
      readFiles: "none"
    })
  }).pipe(Effect.retry({ times: 10, while: (error) => error.reason === "Conflict" }))
