import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { Effect, Option, Stream } from "effect"
import { compareKeys, keyProblem } from "../../src/store/keys.ts"
import { type ObjectInfo, StoreError, type StoreReason, type StoreShape } from "../../src/store/store.ts"

/** A call to a store, as whoever stands between a process and its store sees it. */
export interface StoreCall {
  readonly operation: "get" | "head" | "put" | "putIfAbsent" | "part" | "finish" | "list" | "delete"
  readonly key: string
  /** Does it change anything? */
  readonly writes: boolean
}

/** Carries a request to the store and its answer back, or not. `request` is what happens there, at one moment; it may be asked for at most once. */
export type Carry = <A>(call: StoreCall, request: Effect.Effect<A, StoreError>) => Effect.Effect<A, StoreError>

interface Stored {
  readonly bytes: Uint8Array
  readonly modifiedAt: number
}

/**
 * The objects of a bucket, in memory, as consistent as S3: every request takes effect at one moment, whole, and all later ones see it. An upload
 * shows nothing before it is finished.
 */
export class Bucket {
  readonly #objects = new Map<string, Stored>()
  /** What stood in logs and was deleted: nobody can read it any more but the judge. */
  readonly #expired = new Map<string, Stored>()
  /** Keys in order; null when it has to be made anew. */
  #keys: ReadonlyArray<string> | null = []
  readonly #now: () => number
  readonly #folder: string | null

  /** @param folder where objects also lie as files, for libraries that read paths; null: nowhere */
  constructor(now: () => number, folder: string | null = null) {
    this.#now = now
    this.#folder = folder
  }

  get(key: string): Stored | undefined {
    return this.#objects.get(key)
  }

  /** The same, and what has expired from the log of a table. */
  remembered(key: string): Stored | undefined {
    return this.#expired.get(key) ?? this.#objects.get(key)
  }

  /** Commits that were made under the name of one that had expired. */
  get madeAgain(): ReadonlyArray<string> {
    return [...this.#expired.keys()].filter((key) => this.#objects.has(key))
  }

  put(key: string, bytes: Uint8Array): void {
    if (!this.#objects.has(key)) this.#keys = null
    this.#objects.set(key, { bytes: bytes.slice(), modifiedAt: Math.floor(this.#now()) })
    const path = this.path(key)
    if (path === null) return
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
  }

  delete(key: string): void {
    const stored = this.#objects.get(key)
    if (stored !== undefined && commitOfLog.test(key) && !this.#expired.has(key)) this.#expired.set(key, stored)
    if (this.#objects.delete(key)) this.#keys = null
    const path = this.path(key)
    if (path !== null) rmSync(path, { force: true })
  }

  /** A page of keys in order. */
  list(prefix: string, after: string, limit: number): ReadonlyArray<string> {
    this.#keys ??= [...this.#objects.keys()].sort(compareKeys)
    const keys = this.#keys
    // The first key after both; all that have the prefix follow each other.
    let low = 0
    let high = keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const key = keys[middle] ?? ""
      if (compareKeys(key, prefix) < 0 || compareKeys(key, after) <= 0) low = middle + 1
      else high = middle
    }
    const found: Array<string> = []
    for (let i = low; i < keys.length && found.length < limit; i++) {
      const key = keys[i] ?? ""
      if (!key.startsWith(prefix)) break
      found.push(key)
    }
    return found
  }

  path(key: string): string | null {
    return this.#folder === null ? null : join(this.#folder, key)
  }
}

const commitOfLog = /_delta_log\/\d{20}\.json$/

export interface SimulatedStoreOptions {
  readonly carry?: Carry
  /** Keys that one answer to `list` holds. */
  readonly pageSize?: number
}

/** A bucket as a process sees it. Without `carry` every request is answered at once. */
export const simulatedStore = (
  bucket: Bucket,
  { carry = (_, request) => request, pageSize = 1000 }: SimulatedStoreOptions = {}
): StoreShape => {
  const failed = (operation: string, key: string, reason: StoreReason, hint: string) =>
    Effect.fail(new StoreError({ operation, key, reason, hint }))

  const run = <A>(operation: StoreCall["operation"], key: string, request: () => A | undefined): Effect.Effect<A, StoreError> =>
    Effect.suspend(() => {
      const problem = keyProblem(key)
      if (problem !== null) return failed(operation, key, "Invalid", problem)
      const writes = operation !== "get" && operation !== "head" && operation !== "list"
      return carry(
        { operation, key, writes },
        Effect.suspend(() => {
          const answer = request()
          return answer === undefined
            ? failed(operation, key, "NotFound", "There is no such object in the simulated bucket.")
            : Effect.succeed(answer)
        })
      )
    })

  const info = (key: string): ObjectInfo | undefined => {
    const stored = bucket.get(key)
    return stored && { key, size: stored.bytes.byteLength, modifiedAt: stored.modifiedAt }
  }
  const put = (operation: "put" | "finish", key: string, bytes: () => Uint8Array) =>
    run(operation, key, () => {
      const all = bytes()
      bucket.put(key, all)
      return { size: all.byteLength }
    })

  return {
    root: "s3://simulated",
    localPath: (key) => (keyProblem(key) === null ? bucket.path(key) : null),
    get: (key) => run("get", key, () => bucket.get(key)?.bytes.slice()),
    getRange: (key, start, endExclusive) =>
      start < 0 || endExclusive < start
        ? failed("get", key, "Invalid", `There is no range from ${start} to ${endExclusive}.`)
        : run("get", key, () => bucket.get(key)?.bytes.slice(start, endExclusive)),
    head: (key) => run("head", key, () => info(key)),
    put: (key, bytes) => Effect.asVoid(put("put", key, () => bytes)),
    putIfAbsent: (key, bytes) =>
      run("putIfAbsent", key, () => {
        if (bucket.get(key) !== undefined) return "exists"
        bucket.put(key, bytes)
        return "created"
      }),
    upload: (key) =>
      Effect.map(
        run("part", key, () => []),
        () => {
          const parts: Array<Uint8Array> = []
          return {
            write: (bytes) => run("part", key, () => parts.push(bytes.slice())),
            finish: put("finish", key, () => Buffer.concat(parts))
          }
        }
      ),
    putFile: (key, localFile) =>
      Effect.tap(
        put("put", key, () => readFileSync(localFile)),
        () => Effect.sync(() => rmSync(localFile))
      ),
    list: (prefix, options) => {
      const problem = prefix === "" ? null : keyProblem(prefix.replace(/\/$/, ""))
      if (problem !== null) return Stream.fail(new StoreError({ operation: "list", key: prefix, reason: "Invalid", hint: problem }))
      return Stream.paginate(options?.startAfter ?? "", (after: string) =>
        Effect.map(
          carry(
            { operation: "list", key: prefix, writes: false },
            Effect.sync(() => bucket.list(prefix, after, pageSize).flatMap((key) => info(key) ?? []))
          ),
          (page) => [page, page.length < pageSize ? Option.none() : Option.some(page[page.length - 1]?.key ?? "")] as const
        )
      )
    },
    delete: (keys) =>
      Effect.forEach(
        keys,
        (key) =>
          run("delete", key, () => {
            bucket.delete(key)
            return true
          }),
        { discard: true }
      ),
    sweep: () => Effect.succeed(0)
  }
}
