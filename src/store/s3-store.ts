import { open, rm } from "node:fs/promises"
import { Effect, Layer, type Scope, Semaphore, Stream } from "effect"
import { randomUuid } from "../record/random.ts"
import { keyProblem } from "./keys.ts"
import { type Failed, failure, isNamed, openClient, type S3Client, type S3Settings } from "./s3-client.ts"
import { deleteObjects, listObjects, sweepUploads } from "./s3-listing.ts"
import { openUpload, partBytes, partsInFlight } from "./s3-upload.ts"
import { type ObjectInfo, Store, StoreError, type StoreShape } from "./store.ts"

export interface S3StoreSettings extends S3Settings {
  /**
   * Before anything else, find out whether the store keeps the first of two conditional puts, and refuse it if not. Whoever writes must: on a
   * store that ignores the condition, two processes overwrite each other's commits. It puts and deletes a small object.
   */
  readonly probe: boolean
}

/**
 * Objects in a bucket of S3, or of another store that speaks its protocol and has conditional puts. Nothing is done to the bucket itself: it
 * must exist. Fails where the settings cannot be used and, with `probe`, where the bucket cannot be written or ignores conditions.
 */
export const s3Store = (settings: S3StoreSettings): Layer.Layer<Store, StoreError> => Layer.effect(Store, makeS3Store(settings))

/** The service behind `s3Store`, for whoever wraps it. */
export const makeS3Store = (settings: S3StoreSettings): Effect.Effect<StoreShape, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const client = yield* openClient(settings)
    const store = shapeOf(client, yield* Semaphore.make(partsInFlight))
    if (settings.probe) yield* probe(store)
    return store
  })

const invalid = (operation: string, key: string, hint: string) => new StoreError({ operation, key, reason: "Invalid", hint })

const shapeOf = (client: S3Client, permits: Semaphore.Semaphore): StoreShape => {
  const where = (key: string) => ({ Bucket: client.bucket, Key: client.prefix + key })
  const checked = <A, R>(operation: string, key: string, effect: Effect.Effect<A, StoreError, R>): Effect.Effect<A, StoreError, R> =>
    Effect.suspend(() => {
      const problem = keyProblem(key)
      return problem === null ? effect : Effect.fail(invalid(operation, key, problem))
    })
  const upload = (key: string) => checked("upload", key, openUpload(client, key, permits))

  /** The body is read within the attempt: connections break there too. */
  const read = (key: string, range: string | null): Effect.Effect<Uint8Array, Failed> =>
    client.call(async (s3, options) => {
      const { Body } = await s3.getObject({ ...where(key), ...(range === null ? {} : { Range: range }) }, options)
      return Body === undefined ? new Uint8Array(0) : Body.transformToByteArray()
    })

  const head = (key: string): Effect.Effect<ObjectInfo, StoreError> =>
    client
      .call((s3, options) => s3.headObject(where(key), options))
      .pipe(
        Effect.map(({ ContentLength = 0, LastModified }) => ({ key, size: ContentLength, modifiedAt: LastModified?.getTime() ?? 0 })),
        Effect.mapError(failure("head", key, false))
      )

  return {
    root: `s3://${client.bucket}/${client.prefix}`.replace(/\/$/, ""),
    localPath: () => null,
    get: (key) => checked("get", key, Effect.mapError(read(key, null), failure("get", key, false))),
    getRange: (key, start, endExclusive) => {
      if (start < 0 || endExclusive < start) return Effect.fail(invalid("get", key, `There is no range from ${start} to ${endExclusive}.`))
      // HTTP has no empty range.
      if (start === endExclusive) return checked("get", key, Effect.as(head(key), new Uint8Array(0)))
      return checked(
        "get",
        key,
        read(key, `bytes=${start}-${endExclusive - 1}`).pipe(
          Effect.catchIf(
            (failed) => isNamed(failed, "InvalidRange"),
            // The object ends before the range begins.
            () => Effect.succeed(new Uint8Array(0))
          ),
          Effect.mapError(failure("get", key, false))
        )
      )
    },
    head: (key) => checked("head", key, head(key)),
    put: (key, bytes) =>
      checked(
        "put",
        key,
        client
          .call((s3, options) => s3.putObject({ ...where(key), ...client.encryption, Body: bytes }, options))
          .pipe(Effect.asVoid, Effect.mapError(failure("put", key, true)))
      ),
    putIfAbsent: (key, bytes) =>
      checked(
        "putIfAbsent",
        key,
        client
          .callOnce((s3, options) => s3.putObject({ ...where(key), ...client.encryption, Body: bytes, IfNoneMatch: "*" }, options))
          .pipe(
            Effect.as("created" as const),
            Effect.catchIf(
              ({ verdict }) => verdict.exists,
              () => Effect.succeed("exists" as const)
            ),
            Effect.mapError(failure("putIfAbsent", key, true))
          )
      ),
    upload,
    putFile: (key, localFile) => checked("put", key, sendFile(key, localFile, upload)),
    list: (prefix, options) => {
      const problem = prefix === "" ? null : keyProblem(prefix.replace(/\/$/, ""))
      return problem === null ? listObjects(client, prefix, options?.startAfter) : Stream.fail(invalid("list", prefix, problem))
    },
    delete: (keys) =>
      Effect.andThen(
        Effect.forEach(keys, (key) => checked("delete", key, Effect.void)),
        deleteObjects(client, keys)
      ),
    sweep: (prefix, olderThan) => sweepUploads(client, prefix, olderThan)
  }
}

/** Streams a local file into an upload, then deletes it. */
const sendFile = (key: string, path: string, upload: StoreShape["upload"]): Effect.Effect<{ readonly size: number }, StoreError> => {
  const onDisk = <A>(use: () => Promise<A>): Effect.Effect<A, StoreError> =>
    Effect.tryPromise({
      try: use,
      catch: (cause) => {
        const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT"
        const hint = "The local file that was to be taken over cannot be read: look at the disk and its permissions."
        return new StoreError({ operation: "put", key, reason: missing ? "NotFound" : "Unavailable", hint, cause })
      }
    })
  return Effect.scoped(
    Effect.gen(function* () {
      const file = yield* Effect.acquireRelease(
        onDisk(() => open(path, "r")),
        (file) => Effect.ignore(onDisk(() => file.close()))
      )
      const target = yield* upload(key)
      const piece = Buffer.allocUnsafeSlow(Math.min(partBytes, Math.max(1, (yield* onDisk(() => file.stat())).size)))
      while (true) {
        const { bytesRead } = yield* onDisk(() => file.read(piece, 0, piece.byteLength, null))
        if (bytesRead === 0) break
        yield* target.write(piece.subarray(0, bytesRead))
      }
      const done = yield* target.finish
      // The object stands: a file that stays behind is no failure of it.
      yield* Effect.ignore(onDisk(() => rm(path, { force: true })))
      return done
    })
  )
}

/** Fresh names that are tried, if the outcome of the first put is unknown. */
const probeAttempts = 3

/** Puts the same fresh name twice. */
const probe = (store: StoreShape): Effect.Effect<void, StoreError> =>
  Effect.gen(function* () {
    const name = `.sluice-probe-${yield* randomUuid}`
    // Who may not delete leaves an object of one byte.
    const remove = Effect.ignore(store.delete([name]))
    // Where there was no answer yet there is nothing to remove, and a store that never answers keeps nobody who wants to stop.
    yield* Effect.tapError(store.putIfAbsent(name, new Uint8Array([1])), () => remove)
    const again = Effect.gen(function* () {
      const second = yield* store.putIfAbsent(name, new Uint8Array([2]))
      if (second === "exists") return
      return yield* invalid(
        "open",
        store.root,
        "The store ignores the condition of conditional puts (If-None-Match), so that commits could overwrite each other: do not keep a lake there."
      )
    })
    yield* Effect.ensuring(again, remove)
  }).pipe(Effect.retry({ while: ({ reason }) => reason === "Ambiguous", times: probeAttempts - 1 }))
