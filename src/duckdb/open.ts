import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import type { DuckDB, DuckDBSettings } from "./duckdb.ts"
import { fromDuckDB, LakeError } from "./errors.ts"

/**
 * Opens DuckDB in this process. It has no network: extensions are neither installed nor loaded. Times are UTC.
 * Fails with `LakeError` where the folder for spilling cannot be made or the settings are refused.
 */
export const openDuckDB = (settings: DuckDBSettings = {}): Effect.Effect<DuckDB, LakeError, Scope.Scope> =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(
      Effect.tryPromise({
        try: () => mkdtemp(join(settings.tempDirectory ?? tmpdir(), "sluice-duckdb-")),
        catch: (cause) => new LakeError({ reason: "Unavailable", problem: "no folder to spill to", hint: tempHint, cause })
      }),
      (folder) => Effect.ignore(Effect.tryPromise(() => rm(folder, { recursive: true, force: true })))
    )
    const connection = yield* Effect.acquireRelease(
      Effect.tryPromise({
        // Its library is large, and most commands do without: they start faster when it is loaded by those that need it.
        try: async () => (await import("./connection.ts")).connect(folder, settings),
        catch: fromDuckDB("open DuckDB")
      }),
      ({ close }) => Effect.sync(close)
    )
    return connection.db
  })

const tempHint = "Set TMPDIR to a folder that exists, may be written and has room."
