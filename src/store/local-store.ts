import { open, readFile, stat } from "node:fs/promises"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { Effect, Layer, type Scope, Stream } from "effect"
import { randomUuid } from "../record/random.ts"
import { keyProblem } from "./keys.ts"
import {
  createFile,
  discard,
  errorCode,
  GrowingFile,
  ignoreMissing,
  listFiles,
  NotSynced,
  replaceFile,
  sweepTemporary,
  takeFile
} from "./local-files.ts"
import { Store, StoreError, type StoreReason, type StoreShape, type Upload } from "./store.ts"

const reasons: Readonly<Record<string, readonly [StoreReason, string]>> = {
  ENOENT: ["NotFound", "Check the path; it may have been deleted meanwhile."],
  EACCES: ["Denied", "Give this user read and write permission on the folder (chown or chmod)."],
  EPERM: ["Denied", "The file system forbids it: look for immutable flags, and whether it supports hard links."],
  EROFS: ["Denied", "The file system is mounted read-only; remount it or choose another folder."],
  ENOSPC: ["Full", "Free space on this disk, or move the lake to a larger one; nothing half-written was left."],
  EDQUOT: ["Full", "The disk quota of this user is used up; raise it or free space."],
  EFBIG: ["Full", "The file is larger than the file system or the limit of this process (ulimit -f) permits."],
  ENAMETOOLONG: ["Invalid", "The file system does not take names this long; shorten the table path or the partition value."],
  ENOTDIR: ["Invalid", "A part of the path is a file where a folder is needed."],
  EISDIR: ["Invalid", "There is a folder where an object is needed."],
  EINVAL: ["Invalid", "The file system does not take this name or operation."],
  EMFILE: ["Unavailable", "Too many open files: raise the limit (ulimit -n)."],
  ENFILE: ["Unavailable", "The machine has too many open files; close some or raise the limit."],
  EIO: ["Unavailable", "The disk reported an error: look at the system log before writing on."]
}

const failure = (operation: string, key: string, cause: unknown): StoreError => {
  if (cause instanceof NotSynced)
    return new StoreError({ operation, key, reason: "Ambiguous", hint: "Read the object back to learn what happened.", cause })
  const code = errorCode(cause)
  const [reason, hint] = reasons[code ?? ""] ?? ["Unavailable", `The file system said ${code ?? String(cause)}.`]
  return new StoreError({ operation, key, reason, hint, cause })
}

/**
 * Objects as files below a folder, which is created with the first write. Fails with Invalid where the root is something else than a folder,
 * Denied where it may not be entered.
 */
export const localStore = (root: string): Layer.Layer<Store, StoreError> => Layer.effect(Store, makeLocalStore(root))

/** The service behind `localStore`, for whoever wraps it. */
export const makeLocalStore = Effect.fnUntraced(function* (folder: string): Effect.fn.Return<StoreShape, StoreError> {
  const root = resolve(folder)
  const info = yield* Effect.tryPromise({
    try: () => stat(join(root, "/.")).catch(ignoreMissing),
    catch: (cause) => failure("open", root, cause)
  })
  if (info !== undefined && !info.isDirectory())
    return yield* new StoreError({ operation: "open", key: root, reason: "Invalid", hint: "The root of a lake must be a folder." })

  const invalid = (operation: string, key: string, hint: string) => new StoreError({ operation, key, reason: "Invalid", hint })

  /** Checks the key, then runs; a rejected promise becomes a typed failure. Not interruptible half-way: the files decide what happened. */
  const run = <A>(operation: string, key: string, f: (path: string) => Promise<A>): Effect.Effect<A, StoreError> =>
    Effect.suspend(() => {
      const problem = keyProblem(key)
      if (problem !== null) return Effect.fail(invalid(operation, key, problem))
      return Effect.tryPromise({ try: () => f(join(root, key)), catch: (cause) => failure(operation, key, cause) })
    })
  const write = <A>(operation: string, key: string, f: (path: string, unique: string) => Promise<A>) =>
    Effect.uninterruptible(Effect.flatMap(randomUuid, (unique) => run(operation, key, (path) => f(path, unique))))

  return {
    root: pathToFileURL(root).href.replace(/\/$/, ""),
    localPath: (key) => (keyProblem(key) === null ? join(root, key) : null),
    get: (key) => run("get", key, (path) => readFile(path)),
    getRange: (key, start, endExclusive) =>
      start < 0 || endExclusive < start
        ? Effect.fail(invalid("get", key, `There is no range from ${start} to ${endExclusive}.`))
        : run("get", key, (path) => readRange(path, start, endExclusive)),
    head: (key) =>
      run("head", key, async (path) => {
        const { size, mtimeMs, isFile } = await stat(path).then((s) => ({ size: s.size, mtimeMs: s.mtimeMs, isFile: s.isFile() }))
        if (!isFile) throw Object.assign(new Error("not a file"), { code: "EISDIR" })
        return { key, size, modifiedAt: mtimeMs }
      }),
    put: (key, bytes) => write("put", key, (path, unique) => replaceFile(path, unique, bytes)),
    putIfAbsent: (key, bytes) => write("putIfAbsent", key, (path, unique) => createFile(path, unique, bytes)),
    upload: (key) => upload(key, write),
    putFile: (key, localFile) => write("put", key, async (path, unique) => ({ size: await takeFile(localFile, path, unique) })),
    list: (prefix, options) => {
      const problem = prefix === "" ? null : keyProblem(prefix.replace(/\/$/, ""))
      if (problem !== null) return Stream.fail(invalid("list", prefix, problem))
      return Stream.fromAsyncIterable(listFiles(root, prefix, options?.startAfter ?? ""), (cause) => failure("list", prefix, cause)).pipe(
        Stream.flattenIterable
      )
    },
    delete: (keys) => Effect.forEach(keys, (key) => run("delete", key, discard), { concurrency: 16, discard: true }),
    sweep: (prefix, olderThan) =>
      Effect.tryPromise({ try: () => sweepTemporary(root, prefix, olderThan), catch: (cause) => failure("sweep", prefix, cause) })
  }
})

const readRange = async (path: string, start: number, endExclusive: number): Promise<Uint8Array> => {
  const handle = await open(path, "r")
  try {
    const length = Math.min(endExclusive, (await handle.stat()).size) - start
    if (length <= 0) return new Uint8Array(0)
    const bytes = new Uint8Array(length)
    let filled = 0
    while (filled < length) {
      const { bytesRead } = await handle.read(bytes, filled, length - filled, start + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return bytes.subarray(0, filled)
  } finally {
    await handle.close()
  }
}

type Write = <A>(operation: string, key: string, f: (path: string, unique: string) => Promise<A>) => Effect.Effect<A, StoreError>

/** What is not finished when the scope closes is removed. */
const upload = (key: string, write: Write): Effect.Effect<Upload, StoreError, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      write("upload", key, async (path, unique) => new GrowingFile(path, unique)),
      (file) => Effect.promise(() => file.close())
    ),
    (file) => {
      const step = <A>(f: () => Promise<A>) =>
        Effect.uninterruptible(Effect.tryPromise({ try: f, catch: (cause) => failure("upload", key, cause) }))
      return { write: (bytes) => step(() => file.write(bytes)), finish: step(async () => ({ size: await file.finish() })) }
    }
  )
