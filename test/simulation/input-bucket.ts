import { hash } from "node:crypto"
import { Effect } from "effect"
import { Failed } from "../../src/store/s3-client.ts"
import { classify } from "../../src/store/s3-errors.ts"
import type { NamedObject, ObjectReader } from "../../src/store/s3-reader.ts"

/** One content of an object, as it was written. */
export interface ObjectVersion {
  readonly key: string
  readonly content: Uint8Array
  /** Without quotes. */
  readonly etag: string
  /** Null in a bucket that keeps none. */
  readonly versionId: string | null
  /** Hexadecimal; larger for what is written later. */
  readonly sequencer: string
  /** Milliseconds since 1970. */
  readonly writtenAt: number
}

export interface InputBucketOptions {
  readonly name: string
  readonly isVersioned: boolean
  /** May readers list it? Else they are told of objects that are not there what they are told of those that they may not read. */
  readonly mayList: boolean
  readonly now: () => number
}

/** Carries a request to the bucket and its answer back, or not. */
export type CarryRead = <A>(what: string, request: Effect.Effect<A, Failed>) => Effect.Effect<A, Failed>

/**
 * A bucket into which others put objects, overwrite and delete them, and take rights away for a while; in memory, with the errors of S3, and by the rules
 * of S3: a read tells which version it wants, or what must stand there, and is never given another.
 */
export class InputBucket {
  readonly name: string
  readonly isVersioned: boolean
  readonly mayList: boolean
  readonly #options: InputBucketOptions
  /** What stands under each key, newest last; null: it was deleted. Without versions only the last counts. */
  readonly #objects = new Map<string, Array<ObjectVersion | null>>()
  /** Versions that stood there once, and could not be read at some time since. */
  readonly #gone = new Set<ObjectVersion>()
  readonly #all: Array<ObjectVersion> = []
  /** Until when nobody may read a key, milliseconds since 1970. */
  readonly #forbidden = new Map<string, number>()
  #written = 0

  constructor(options: InputBucketOptions) {
    this.name = options.name
    this.isVersioned = options.isVersioned
    this.mayList = options.mayList
    this.#options = options
  }

  put(key: string, content: Uint8Array): ObjectVersion {
    const version: ObjectVersion = {
      key,
      content,
      etag: hash("md5", content),
      versionId: this.isVersioned ? `v${++this.#written}.${hash("md5", key).slice(0, 8)}` : null,
      sequencer: (0x55aed6dcd90280n + BigInt(++this.#written)).toString(16).toUpperCase(),
      writtenAt: Math.floor(this.#options.now())
    }
    this.#all.push(version)
    this.#set(key, [...(this.#objects.get(key) ?? []), version])
    return version
  }

  /** Where there are versions they stay. */
  delete(key: string): void {
    this.#set(key, [...(this.#objects.get(key) ?? []), null])
  }

  /** Deletes this version for good, as a rule on old ones does. */
  deleteVersion(version: ObjectVersion): void {
    this.#set(
      version.key,
      (this.#objects.get(version.key) ?? []).filter((each) => each !== version)
    )
  }

  /** @param until milliseconds since 1970 */
  forbid(key: string, until: number): void {
    this.#forbidden.set(key, until)
  }

  /** Was there a time, since it was written, in which the version could not be read, whatever the rights? */
  wasGone(version: ObjectVersion): boolean {
    return this.#gone.has(version)
  }

  /** Was there a time in which nobody was allowed to read what stands there? */
  wasForbidden(key: string): boolean {
    return this.#forbidden.has(key)
  }

  #set(key: string, versions: Array<ObjectVersion | null>): void {
    this.#objects.set(key, versions)
    for (const version of this.#all) {
      if (version.key !== key) continue
      const found = this.#find(key, version.versionId)
      if (typeof found === "string" || found.etag !== version.etag) this.#gone.add(version)
    }
  }

  /** As a process sees it, which only reads. */
  reader(carry: CarryRead): ObjectReader {
    const ask = <A>(operation: string, object: NamedObject, give: (found: ObjectVersion) => A | ReadError) =>
      carry(
        `${operation} ${object.key}${object.versionId === null ? "" : `?${object.versionId}`}`,
        Effect.suspend(() => {
          const found = this.#read(object)
          const answer = typeof found === "string" ? found : give(found)
          return isError(answer) ? Effect.fail(failedBy(answer)) : Effect.succeed(answer)
        })
      )
    return {
      describe: (object) => ask("HeadObject", object, ({ content, etag }) => ({ size: content.length, etag })),
      read: (object, start, endExclusive) =>
        ask("GetObject", object, ({ content }) => (start < content.length ? content.slice(start, endExclusive) : "InvalidRange"))
    }
  }

  #find(key: string, versionId: string | null): ObjectVersion | ReadError {
    const versions = this.#objects.get(key) ?? []
    if (versionId === null || !this.isVersioned) return versions.at(-1) ?? "NoSuchKey"
    return versions.find((each) => each?.versionId === versionId) ?? "NoSuchVersion"
  }

  #read({ bucket, key, versionId, etag }: NamedObject): ObjectVersion | ReadError {
    if (bucket !== this.name) return "NoSuchBucket"
    if ((this.#forbidden.get(key) ?? 0) > this.#options.now()) return "AccessDenied"
    const found = this.#find(key, versionId)
    if (typeof found === "string") return this.mayList ? found : "AccessDenied"
    return etag === null || etag === found.etag ? found : "PreconditionFailed"
  }
}

/** By the status that S3 answers. */
const statusOf = {
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchVersion: 404,
  AccessDenied: 403,
  PreconditionFailed: 412,
  InvalidRange: 416,
  SlowDown: 503
} as const

type ReadError = keyof typeof statusOf

const isError = (answer: unknown): answer is ReadError => typeof answer === "string" && Object.hasOwn(statusOf, answer)

/** An answer of S3, as its client gives it. */
export const failedBy = (name: ReadError): Failed => {
  const cause = Object.assign(new Error("This is simulated."), { name, $metadata: { httpStatusCode: statusOf[name] } })
  return new Failed({ verdict: classify(cause, true), cause })
}
