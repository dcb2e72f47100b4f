import { type FileHandle, open, rename, rm, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { Effect } from "effect"
import { makeFolders } from "../store/local-files.ts"
import type { StoreError, StoreShape } from "../store/store.ts"
import { LakeError } from "./errors.ts"

/** Bytes that are asked for at a time, and held in memory until they are written. */
const rangeBytes = 8 * 1024 * 1024

/** Objects that are fetched at a time. */
const width = 4

/** Whether DuckDB can open the objects of a store where they lie. */
export const isLocal = (store: Pick<StoreShape, "localPath">): boolean => store.localPath("any") !== null

/** Where the copies of `localCopies` lie in a folder. */
export const copiesIn = (folder: string): string => join(folder, "copies")

/**
 * Gives the objects to DuckDB, which opens files only: those of a local store as they are; others are copied below `folder` first, unless
 * they are there from before. Copies keep their key as path, since the folders in it say the partition, and go when the folder goes.
 *
 * This costs the transfer of each object and room on the disk (TMPDIR) for all that a command reads, compressed as they are: right for lakes
 * of some gigabytes and for the hours that a repartition takes. Large lakes are for engines that read objects in place: Spark, Athena, Trino.
 * Memory: a few ranges of 8 MiB.
 *
 * @param folder of a `DuckDB`, say, which is removed with its scope
 * @returns the path of each of `keys`
 */
export const localCopies = (
  store: Pick<StoreShape, "localPath" | "getRange">,
  folder: string,
  keys: ReadonlyArray<string>
): Effect.Effect<(key: string) => string, StoreError | LakeError> => {
  const pathOf = (key: string): string => store.localPath(key) ?? join(copiesIn(folder), key)
  const away = keys.filter((key) => store.localPath(key) === null)
  return Effect.forEach(new Set(away), (key) => copy(store, key, pathOf(key)), { concurrency: width, discard: true }).pipe(
    Effect.as(pathOf),
    Effect.catchIf(
      (error) => error._tag === "StoreError" && error.reason === "NotFound",
      (cause) =>
        Effect.fail(
          new LakeError({
            reason: "Missing",
            problem: `a data file is gone: ${cause.message}`,
            hint: "Was the table vacuumed while it was read? Run again; if it stays, restore the file.",
            cause
          })
        )
    )
  )
}

/** A name stands for a whole copy: until then it is called otherwise. */
const copy = (store: Pick<StoreShape, "getRange">, key: string, path: string): Effect.Effect<void, StoreError | LakeError> =>
  Effect.gen(function* () {
    if (yield* onDisk(key, () => exists(path))) return
    const unfinished = `${path}.part`
    const fetch = (file: FileHandle) =>
      Effect.gen(function* () {
        for (let start = 0; ; start += rangeBytes) {
          const bytes = yield* store.getRange(key, start, start + rangeBytes)
          yield* onDisk(key, () => file.writeFile(bytes))
          if (bytes.byteLength < rangeBytes) return
        }
      })
    yield* Effect.acquireUseRelease(
      onDisk(key, async () => {
        await makeFolders(dirname(path))
        return open(unfinished, "w")
      }),
      fetch,
      (file) => Effect.ignore(onDisk(key, () => file.close()))
    ).pipe(Effect.onError(() => Effect.ignore(onDisk(key, () => rm(unfinished, { force: true })))))
    yield* onDisk(key, () => rename(unfinished, path))
  })

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false
  )

const onDisk = <A>(key: string, use: () => Promise<A>): Effect.Effect<A, LakeError> =>
  Effect.tryPromise({
    try: use,
    catch: (cause) =>
      new LakeError({
        reason: cause instanceof Error && "code" in cause && (cause.code === "ENOSPC" || cause.code === "EDQUOT") ? "Full" : "Unavailable",
        problem: `${key} could not be copied to this machine`,
        hint: "Point TMPDIR at a folder that may be written and has room for what is read; or use an engine that reads the lake where it lies.",
        cause
      })
  })
