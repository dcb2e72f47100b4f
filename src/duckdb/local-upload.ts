import { open } from "node:fs/promises"
import { Effect, type Scope } from "effect"
import { StoreError, type Upload } from "../store/store.ts"

/** A file outside of the store, which is whole once it is finished. */
export const localUpload = (path: string): Effect.Effect<Upload, StoreError, Scope.Scope> => {
  const step = <A>(use: () => Promise<A>) =>
    Effect.tryPromise({
      try: use,
      catch: (cause) =>
        new StoreError({ operation: "write", key: path, reason: "Unavailable", hint: "Look for room in TMPDIR, and run again.", cause })
    })
  return Effect.map(
    Effect.acquireRelease(
      step(() => open(path, "w")),
      (file) => Effect.ignore(step(() => file.close()))
    ),
    (file) => ({
      write: (bytes) => step(() => file.appendFile(bytes)),
      finish: step(async () => ({ size: (await file.stat()).size }))
    })
  )
}
