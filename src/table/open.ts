import { Clock, Effect, Ref, Semaphore, Stream } from "effect"
import { Store } from "../store/store.ts"
import type { Action } from "./actions.ts"
import { type Committed, commit, refresh, type Seen, type Transaction } from "./commit.ts"
import { TableError } from "./errors.ts"
import { earliestVersion, isWithin, type Log, load, logOf, missingCommit, readCommit } from "./log.ts"
import type { Snapshot } from "./snapshot.ts"

/** An open Delta table. May be used by many fibers: its commits queue up behind each other instead of racing. */
export interface Table {
  /** Below the root of the store. */
  readonly path: string
  /** Root of the store + "/" + path. */
  readonly uri: string
  /** The newest version: reads only what was committed since the last look. */
  readonly snapshot: Effect.Effect<Snapshot, TableError>
  /**
   * Appends one commit, atomically; retries lost races, resolves unknown outcomes by reading the log. Fails with Conflict or AlreadyCommitted
   * (see `TableError`), Invalid or Unsupported for what must not be written, none of which changed anything. After a `Store` failure the commit
   * may stand: only the table's positions tell.
   */
  readonly commit: (transaction: Transaction) => Effect.Effect<Committed, TableError>
  /** The commits after one version up to and with another, in order. Fails with NotFound where the log has expired or not got there, Corrupt where one was lost. */
  readonly changes: (
    afterVersion: number,
    toVersion: number
  ) => Stream.Stream<{ readonly version: number; readonly actions: ReadonlyArray<Action> }, TableError>
  /** An older version. Fails with Corrupt where the log no longer has what it is made of. */
  readonly at: (version: number) => Effect.Effect<Snapshot, TableError>
  /** Oldest version whose commit is still in the log. */
  readonly earliestVersion: Effect.Effect<number, TableError>
}

/** Opens the table at a path below the store's root. Fails with NotFound if there is no log, Unsupported by name if it asks for what is not known. */
export const openTable = (path: string): Effect.Effect<Table, TableError, Store> =>
  Effect.gen(function* () {
    const log = logOf(yield* Store, path)
    const snapshot = yield* load(log)
    return yield* tableOf(log, snapshot)
  })

/** An open table whose newest version is known. */
export const tableOf = (log: Log, snapshot: Snapshot): Effect.Effect<Table> =>
  Effect.gen(function* () {
    const seen = yield* Ref.make<Seen>({ snapshot, at: yield* Clock.currentTimeMillis })
    const gate = yield* Semaphore.make(1)
    return {
      path: log.table,
      uri: `${log.store.root}/${log.table}`,
      snapshot: gate.withPermit(Effect.map(refresh(log, seen), (found) => found.snapshot)),
      commit: (transaction) => gate.withPermit(commit(log, seen, transaction)),
      changes: (afterVersion, toVersion) => changes(log, afterVersion, toVersion),
      at: (version) => load(log, version),
      earliestVersion: Effect.suspend(() => earliestVersion(log))
    }
  })

const changes = (log: Log, afterVersion: number, toVersion: number): ReturnType<Table["changes"]> =>
  toVersion <= afterVersion
    ? Stream.empty
    : Stream.range(Math.max(0, afterVersion + 1), toVersion).pipe(
        Stream.mapEffect(
          (version) =>
            Effect.flatMap(readCommit(log, version), (actions) =>
              actions === null ? Effect.flatMap(notThere(log, version), Effect.fail) : Effect.succeed({ version, actions })
            ),
          { concurrency: 8 }
        )
      )

const notThere = (log: Log, version: number): Effect.Effect<TableError, TableError> =>
  Effect.map(isWithin(log, version), (isLost) => (isLost ? missingCommit(log, version) : expired(log, version)))

const expired = (log: Log, version: number): TableError =>
  new TableError({
    table: log.table,
    reason: "NotFound",
    version,
    problem: `commit ${version} is not in the log`,
    hint: "It has expired, or was never made: start from a snapshot instead of the changes."
  })
