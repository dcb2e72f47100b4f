import { Context, type Effect, Schema, type Scope, type Stream } from "effect"

/**
 * Why an operation on a store failed, by what to do: `NotFound` and `Invalid` are answers; `Denied` and `Full` need a person; `Unavailable`
 * may be tried again; `Ambiguous` means that a write may or may not have happened, and only reading tells.
 */
export const storeReasons = ["NotFound", "Denied", "Full", "Ambiguous", "Unavailable", "Invalid"] as const
export type StoreReason = (typeof storeReasons)[number]

export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  operation: Schema.String,
  key: Schema.String,
  reason: Schema.Literals(storeReasons),
  hint: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  /** What happened, as a sentence without its full stop. */
  get problem(): string {
    return `${this.operation} ${JSON.stringify(this.key)}: ${whatHappened[this.reason]}`
  }

  override get message(): string {
    return `${this.problem}. ${this.hint}`
  }
}

const whatHappened: Readonly<Record<StoreReason, string>> = {
  NotFound: "there is no such object",
  Denied: "permission denied",
  Full: "no space left",
  Ambiguous: "the outcome of the write is unknown",
  Unavailable: "the store did not answer as it should",
  Invalid: "not possible"
}

export interface ObjectInfo {
  readonly key: string
  /** Bytes. */
  readonly size: number
  /** Milliseconds since 1970. */
  readonly modifiedAt: number
}

/** A large object on its way. Nobody sees it before `finish`; if its scope closes earlier, nothing of it remains. Use by one fiber. */
export interface Upload {
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, StoreError>
  /** Makes the object visible and durable; once. */
  readonly finish: Effect.Effect<{ readonly size: number }, StoreError>
}

/**
 * Objects by key. Keys are paths below the root: segments joined by `/`, none of them empty, `.` or `..`. An object appears whole or not at
 * all, and what was reported as written survives a crash. `test/store/store-suite.ts` says all of it in code.
 */
export interface StoreShape {
  /** `file:///abs/lake` or `s3://bucket/prefix`, without trailing slash. */
  readonly root: string
  /** A path by which another library of this process can open the object; null where it is not on this machine. */
  readonly localPath: (key: string) => string | null
  readonly get: (key: string) => Effect.Effect<Uint8Array, StoreError>
  /** Bytes `start` to before `endExclusive`, cut at the end of the object. */
  readonly getRange: (key: string, start: number, endExclusive: number) => Effect.Effect<Uint8Array, StoreError>
  readonly head: (key: string) => Effect.Effect<ObjectInfo, StoreError>
  /** May overwrite; readers see the old or the new object, whole. */
  readonly put: (key: string, bytes: Uint8Array) => Effect.Effect<void, StoreError>
  /**
   * Of any number of racers exactly one gets "created". An `Ambiguous` failure says that the object may have been created by this call:
   * compare what is there, or call again with the same bytes.
   */
  readonly putIfAbsent: (key: string, bytes: Uint8Array) => Effect.Effect<"created" | "exists", StoreError>
  /** Streams a large object; may overwrite. */
  readonly upload: (key: string) => Effect.Effect<Upload, StoreError, Scope.Scope>
  /** Takes over a finished local file, which is gone afterwards; may overwrite. */
  readonly putFile: (key: string, localFile: string) => Effect.Effect<{ readonly size: number }, StoreError>
  /**
   * Objects whose key begins with `prefix` (any prefix, not only a folder), at any depth, in the order of the keys' UTF-8 bytes; only those
   * after `startAfter` where given. An absent prefix is an empty list.
   */
  readonly list: (prefix: string, options?: { readonly startAfter?: string }) => Stream.Stream<ObjectInfo, StoreError>
  /** Absent keys are fine. */
  readonly delete: (keys: ReadonlyArray<string>) => Effect.Effect<void, StoreError>
  /**
   * Removes what writes that never finished left behind below `prefix`, if it was last touched before `olderThan` (milliseconds since 1970).
   * @returns how many leftovers were removed
   */
  readonly sweep: (prefix: string, olderThan: number) => Effect.Effect<number, StoreError>
}

export class Store extends Context.Service<Store, StoreShape>()("sluice/Store") {}
