import { open } from "node:fs/promises"
import { Effect, type Scope } from "effect"
import { StoreError, type StoreReason, type Upload } from "../store/store.ts"

/** A file outside of the store, which is whole once it is finished. */
export const localUpload = (path: string): Effect.Effect<Upload, StoreError, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      writing(path, () => open(path, "w")),
      (file) => Effect.ignore(writing(path, () => file.close()))
    ),
    (file) => ({
      write: (bytes) => writing(path, () => file.appendFile(bytes)),
      finish: writing(path, async () => ({ size: (await file.stat()).size }))
    })
  )

/** For what writes to a folder of this machine, below TMPDIR: it is not the store that fails. */
export const writing = <A>(path: string, use: () => Promise<A>): Effect.Effect<A, StoreError> =>
  Effect.tryPromise({
    try: use,
    catch: (cause) =>
      new StoreError({
        operation: "write",
        key: path,
        reason: (cause instanceof Error && "code" in cause && reasons.get(cause.code)) || "Invalid",
        hint: "Point TMPDIR at a folder that exists, may be written and has room, and run again.",
        cause
      })
  })

const reasons: ReadonlyMap<unknown, StoreReason> = new Map([
  ["ENOSPC", "Full"],
  ["EDQUOT", "Full"],
  ["EACCES", "Denied"],
  ["EPERM", "Denied"],
  ["EROFS", "Denied"]
])
