import { Effect, Option, type Scope } from "effect"
import { SourceError } from "../record/source-error.ts"
import type { Failed, S3Settings } from "../store/s3-client.ts"
import { causeOf } from "../store/s3-errors.ts"
import type { ListedObject, ListedPage } from "../store/s3-listing.ts"
import { openReader, type S3Reader } from "../store/s3-reader.ts"
import { type BucketFolders, BucketLakes, bucketLakeAround } from "./bucket-lakes.ts"
import { inLake } from "./disk.ts"
import type { Entry, FileEntry } from "./list-files.ts"
import type { Place } from "./place.ts"
import { rangedBytes } from "./ranged-bytes.ts"

export interface BucketSettings extends Pick<S3Settings, "bucket" | "region" | "endpoint" | "idleMillis"> {
  /** The key of an object, or what is before the slash in the keys of many; empty: the whole bucket. */
  readonly prefix: string
  /** May there be nothing yet? */
  readonly mayBeEmpty: boolean
}

/**
 * Objects of a bucket: the one whose key is the prefix, or else all whose keys begin with the prefix and a slash. They are named `s3://bucket/key`, with
 * the key as it is. The SDK's way to credentials is that of lakes.
 */
export const bucketPlace = (source: string, settings: BucketSettings): Effect.Effect<Place, SourceError, Scope.Scope> =>
  Effect.gen(function* () {
    const { bucket, prefix, mayBeEmpty, ...reached } = settings
    const root = `s3://${bucket}${prefix === "" ? "" : `/${prefix}`}`
    const opening = openReader({ bucket, ...reached })
    const reader = yield* Effect.mapError(opening, ({ problem, hint }) => problemAt(source, root, "Invalid", problem, hint))
    const objects = new Objects(source, root, prefix, reader, Effect.runPromiseWith(yield* Effect.context<never>()))
    const first = yield* objects.ask(reader.list(prefix, null, { most: 1 }))
    const [found] = first.objects
    // What a folder is shown by is an object as well, of no bytes.
    const isFile = prefix !== "" && found?.key === prefix && found.size > 0
    if (!isFile && !mayBeEmpty && (yield* objects.ask(reader.list(objects.below, null, { most: 1 }))).objects.length === 0)
      return yield* objects.nothing()
    const lake = yield* Effect.tryPromise({
      try: (signal) => bucketLakeAround(objects.folders(signal), isFile ? prefix : objects.below),
      catch: (cause) => cause
    }).pipe(Effect.catch((cause) => (cause instanceof SourceError ? Effect.fail(cause) : Effect.die(cause))))
    if (lake !== undefined) return yield* inLake(source, root, objects.nameOf(lake))
    return {
      root,
      location: root,
      isFile,
      appearWhole: true,
      entries: (takes, signal) => (isFile ? objects.only(signal) : objects.all(takes, signal)),
      open: (file, signal) => objects.open(file, signal)
    }
  })

const problemAt = (source: string, location: string, reason: SourceError["reason"], detail: string, hint: string, cause?: Error) =>
  new SourceError({ source, location, reason, detail, hint, ...(cause === undefined ? {} : { cause }) })

type Run = <A, E>(effect: Effect.Effect<A, E>, options: { readonly signal: AbortSignal }) => Promise<A>

class Objects {
  /** Begins the keys of all but the one object. */
  readonly below: string
  readonly #source: string
  readonly #root: string
  readonly #prefix: string
  readonly #reader: S3Reader
  readonly #run: Run
  readonly #noTables = new Set<string>()

  constructor(source: string, root: string, prefix: string, reader: S3Reader, run: Run) {
    this.below = prefix === "" ? "" : `${prefix}/`
    this.#source = source
    this.#root = root
    this.#prefix = prefix
    this.#reader = reader
    this.#run = run
  }

  nameOf(key: string): string {
    return `s3://${this.#reader.bucket}/${key}`
  }

  /** Asks about the whole place. */
  ask<A>(call: Effect.Effect<A, Failed>): Effect.Effect<A, SourceError> {
    return Effect.mapError(call, this.#problemOf(this.#root))
  }

  nothing(): SourceError {
    const hint = "Check the bucket and the prefix: what is behind the last slash of a prefix has to be a whole name."
    return problemAt(this.#source, this.#root, "NotFound", "There is no such object, and none below it", hint)
  }

  async *only(signal: AbortSignal): AsyncGenerator<Entry, void> {
    try {
      const { objects } = await this.#list(this.#prefix, null, signal, { most: 1 })
      const [object] = objects
      yield object !== undefined && object.key === this.#prefix && object.size > 0
        ? this.#fileOf(object)
        : { kind: "failed", error: this.nothing() }
    } catch (cause) {
      yield failed(cause)
    }
  }

  async *all(takes: (path: string) => boolean, signal: AbortSignal): AsyncGenerator<Entry, void> {
    const lakes = new BucketLakes(this.folders(signal), this.below, this.#noTables)
    let [token, isEmpty]: [string | null, boolean] = [null, true]
    let lake: string | undefined
    try {
      do {
        const page: ListedPage = await this.#list(this.below, token, signal)
        for (const object of page.objects) {
          isEmpty = false
          // The console shows a folder by such an object.
          if (object.key.endsWith("/") && object.size === 0) continue
          const entry = this.#fileOf(object)
          const isTaken = takes(entry.path)
          const found = await lakes.lakeOf(object.key, isTaken && /\.parquet$/i.test(object.key))
          if (found !== undefined && found !== lake) yield { kind: "lake", lake: this.nameOf(found) }
          lake = found
          if (found === undefined) yield this.#entryOf(entry, isTaken)
        }
        token = Option.getOrNull(page.next)
      } while (token !== null)
      // It may be an object that comes later.
      if (isEmpty) yield* this.only(signal)
    } catch (cause) {
      yield failed(cause)
    }
  }

  open(file: FileEntry, signal: AbortSignal) {
    const key = file.path.slice(this.nameOf("").length)
    const fetch = (start: number, end: number, stopped: AbortSignal) =>
      this.#answer(file.path, this.#reader.read({ key, tag: file.tag }, start, end), stopped)
    return rangedBytes(file.size, fetch, signal)
  }

  folders(signal: AbortSignal): BucketFolders {
    return {
      isTable: async (folder) => (await this.#list(`${folder}_delta_log/`, null, signal, { most: 1 })).objects.length > 0,
      below: async (folder) => (await this.#list(folder, null, signal, { delimiter: "/" })).folders
    }
  }

  #entryOf(file: FileEntry, isTaken: boolean): Entry {
    const below = file.path.slice(this.#root.length + 1)
    if (/(?:^|\/)[._]/.test(below)) return { kind: "skipped", path: file.path, why: "hidden" }
    if (below.endsWith("/")) return { kind: "skipped", path: file.path, why: "special" }
    return isTaken ? file : { kind: "skipped", path: file.path, why: "type" }
  }

  #fileOf({ key, size, modifiedAt, tag }: ListedObject): FileEntry {
    return { kind: "file", path: this.nameOf(key), size, modifiedAt, changedAt: modifiedAt, tag }
  }

  #list(prefix: string, token: string | null, signal: AbortSignal, options: Parameters<S3Reader["list"]>[2] = {}): Promise<ListedPage> {
    return this.#answer(this.#root, this.#reader.list(prefix, token, options), signal)
  }

  /** Rejects with `SourceError`, and where nobody waits for it any more. */
  async #answer<A>(location: string, call: Effect.Effect<A, Failed>, signal: AbortSignal): Promise<A> {
    const answer = await this.#run(Effect.result(call), { signal })
    if (answer._tag === "Success") return answer.success
    throw this.#problemOf(location)(answer.failure)
  }

  #problemOf(location: string) {
    return ({ verdict: { reason, hint, exists }, cause }: Failed): SourceError => {
      const why = exists ? "Unavailable" : whatFailed[reason][0]
      return problemAt(
        this.#source,
        location,
        why,
        exists ? "The object was replaced while it was read" : whatFailed[reason][1],
        hint,
        causeOf(cause)
      )
    }
  }
}

/** By what a store says. `Invalid` is a matter of the bucket here, or of where the object is kept: its content may be well. */
const whatFailed = {
  NotFound: ["NotFound", "There is no such object"],
  Denied: ["Denied", "Not allowed to read"],
  Full: ["Unavailable", "Reading failed"],
  Ambiguous: ["Unavailable", "Reading failed"],
  Unavailable: ["Unavailable", "S3 did not answer as it should"],
  Invalid: ["Unavailable", "Reading is not possible"]
} as const

/** Errors of any other kind are defects, or the end of who waits, and are thrown on. */
const failed = (cause: unknown): Entry => {
  if (cause instanceof SourceError) return { kind: "failed", error: cause }
  throw cause
}
