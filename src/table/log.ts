import { Effect, Stream } from "effect"
import type { StoreShape } from "../store/store.ts"
import { parseCommit } from "./action-json.ts"
import type { Action } from "./actions.ts"
import { readCheckpoint } from "./checkpoint-read.ts"
import { fromStore, fromThrown, TableError } from "./errors.ts"
import { commitName, lastCheckpointName, logFolder, parseLogName, versionPrefix } from "./paths.ts"
import { fold, type Snapshot } from "./snapshot.ts"

/** Reading a table's log: `_last_checkpoint` (a hint) → checkpoint → commits. Opening costs one checkpoint and its tail, whatever came before. */

export interface Log {
  readonly store: StoreShape
  /** Path of the table. */
  readonly table: string
  /** What the names of the log begin with. */
  readonly folder: string
}

export const logOf = (store: StoreShape, table: string): Log => ({ store, table, folder: `${table}/${logFolder}` })

/** Bytes of an object, null if it is not there. */
const find = (log: Log, name: string): Effect.Effect<Uint8Array | null, TableError> =>
  log.store.get(log.folder + name).pipe(
    Effect.catchIf(
      (error) => error.reason === "NotFound",
      () => Effect.succeed(null)
    ),
    Effect.mapError(fromStore(log.table))
  )

/** The actions of a commit, null if there is none of that version. */
export const readCommit = (log: Log, version: number): Effect.Effect<ReadonlyArray<Action> | null, TableError> =>
  Effect.flatMap(find(log, commitName(version)), (bytes) =>
    bytes === null
      ? Effect.succeed(null)
      : Effect.try({ try: () => parseCommit(bytes), catch: fromThrown(log.table, `commit ${version} (${fileOf(log, version)})`, version) })
  )

const fileOf = (log: Log, version: number): string => log.folder + commitName(version)

export const missingCommit = (log: Log, version: number): TableError =>
  new TableError({
    table: log.table,
    reason: "Corrupt",
    version,
    problem: `commit ${version} is missing from the log (${fileOf(log, version)}), though later ones are there`,
    hint: "Without it no later version can be read: restore the file from a copy, or restore an older state of the whole log."
  })

/** `fold` with its complaints as typed failures. */
export const foldCommit = (
  log: Log,
  previous: Snapshot | null,
  version: number,
  actions: Iterable<Action>
): Effect.Effect<Snapshot, TableError> =>
  Effect.try({ try: () => fold(previous, version, actions), catch: fromThrown(log.table, `version ${version}`, version) })

interface Listing {
  /** Newest commit, -1 if there is none. */
  readonly newest: number
  /** Complete checkpoints, newest first, with the names of their parts. */
  readonly checkpoints: ReadonlyArray<{ readonly version: number; readonly names: ReadonlyArray<string> }>
}

/** What lies in the log from a version on. */
const listFrom = (log: Log, version: number): Effect.Effect<Listing, TableError> =>
  log.store.list(log.folder, version <= 0 ? {} : { startAfter: log.folder + versionPrefix(version) }).pipe(
    Stream.runFold(
      () => ({ newest: -1, parts: new Map<string, { readonly version: number; readonly parts: number; readonly names: Array<string> }>() }),
      (state, { key }) => {
        const name = key.slice(log.folder.length)
        const entry = parseLogName(name)
        if (entry?.kind === "commit") state.newest = Math.max(state.newest, entry.version)
        if (entry?.kind === "checkpoint") {
          const id = `${entry.version}/${entry.parts}`
          const group = state.parts.get(id) ?? { version: entry.version, parts: entry.parts, names: [] }
          group.names.push(name)
          state.parts.set(id, group)
        }
        return state
      }
    ),
    Effect.mapError(fromStore(log.table)),
    Effect.map(({ newest, parts }) => ({
      newest,
      checkpoints: [...parts.values()].filter((group) => group.names.length === group.parts).sort((a, b) => b.version - a.version)
    }))
  )

/** The version that `_last_checkpoint` names. It is only a hint: missing, stale and damaged ones are all the same. */
const hintedVersion = (log: Log): Effect.Effect<number | null, TableError> =>
  Effect.map(find(log, lastCheckpointName), (bytes) => {
    if (bytes === null) return null
    try {
      const hint: unknown = JSON.parse(new TextDecoder().decode(bytes))
      return typeof hint === "object" && hint !== null && "version" in hint && Number.isSafeInteger(hint.version)
        ? Number(hint.version)
        : null
    } catch {
      return null
    }
  })

const loadCheckpoint = (log: Log, version: number, names: ReadonlyArray<string>): Effect.Effect<Snapshot, TableError> =>
  Effect.gen(function* () {
    const parts = yield* Effect.forEach(names, (name) => Effect.mapError(log.store.get(log.folder + name), fromStore(log.table)), {
      concurrency: 4
    })
    const actions = yield* Effect.forEach(parts, (bytes) =>
      Effect.tryPromise({ try: () => readCheckpoint(bytes), catch: fromThrown(log.table, `the checkpoint of version ${version}`, version) })
    )
    return yield* foldCommit(log, null, version, actions.flat())
  })

/** Reads the commits after a snapshot up to and with a version, several at once; each must be there. */
const replay = (log: Log, from: Snapshot | null, until: number): Effect.Effect<Snapshot | null, TableError> =>
  Stream.range((from?.version ?? -1) + 1, until).pipe(
    Stream.mapEffect((version) => Effect.map(readCommit(log, version), (actions) => ({ version, actions })), { concurrency: 16 }),
    Stream.runFoldEffect(
      () => from,
      (snapshot, { version, actions }) =>
        actions === null ? Effect.fail(missingCommit(log, version)) : foldCommit(log, snapshot, version, actions)
    )
  )

/**
 * The newest version, from scratch. Fails with NotFound where there is no log.
 *
 * @param until an older version, in place of the newest; fails where the log no longer has it
 */
export const load = (log: Log, until = Number.POSITIVE_INFINITY): Effect.Effect<Snapshot, TableError> =>
  Effect.gen(function* () {
    const hinted = yield* hintedVersion(log)
    const hint = hinted !== null && hinted > until ? null : hinted
    let listing = yield* listFrom(log, hint ?? 0)
    let complete = hint === null
    if (!complete && listing.checkpoints.length === 0) {
      listing = yield* listFrom(log, 0)
      complete = true
    }
    // A checkpoint repeats what the commits say: a damaged one costs time, an older one or the beginning of the log serves as well.
    let start: Snapshot | null = null
    const damaged = new Map<number, TableError>()
    for (;;) {
      const candidate = listing.checkpoints.find(({ version }) => version <= until && !damaged.has(version))
      if (candidate === undefined && complete) break
      if (candidate === undefined) {
        listing = yield* listFrom(log, 0)
        complete = true
        continue
      }
      const loaded: Snapshot | TableError = yield* loadCheckpoint(log, candidate.version, candidate.names).pipe(
        Effect.catchIf(
          (error) => error.reason === "Corrupt",
          (error) => Effect.succeed(error)
        )
      )
      if (!(loaded instanceof TableError)) {
        start = loaded
        break
      }
      damaged.set(candidate.version, loaded)
    }
    const snapshot = yield* replay(log, start, Math.min(listing.newest, until)).pipe(
      // The beginning may be gone because a checkpoint replaced it: then it is the checkpoint that is to blame.
      Effect.mapError((error) => (start === null && error.version === 0 ? (damaged.values().next().value ?? error) : error))
    )
    if (snapshot !== null) return snapshot
    return yield* new TableError({
      table: log.table,
      reason: "NotFound",
      problem: "there is no table here (no commit in its _delta_log)",
      hint: `Looked in ${log.store.root}/${log.folder}; check the path of the lake, or ingest something first.`
    })
  })

/** A commit that came after a snapshot. */
export interface NewCommit {
  readonly version: number
  readonly actions: ReadonlyArray<Action>
}

/**
 * The commits after a version, oldest first: asks for the next names instead of listing. Null where the version itself is gone from the log:
 * so much time has passed that the log expired meanwhile, and nothing follows from a name not being there.
 */
export const commitsAfter = (log: Log, version: number): Effect.Effect<ReadonlyArray<NewCommit> | null, TableError> =>
  Effect.gen(function* () {
    const found: Array<NewCommit> = []
    for (let width = 1; ; width = Math.min(width * 2, 16)) {
      const next = version + 1 + found.length
      const versions = Array.from({ length: width }, (_, i) => next + i)
      const commits = yield* Effect.forEach(versions, (v) => readCommit(log, v), { concurrency: width })
      for (const actions of commits) {
        if (actions === null) break
        found.push({ version: version + 1 + found.length, actions })
      }
      if (version + 1 + found.length < next + width) break
    }
    if (found.length > 0) return found
    return (yield* hasCommit(log, version)) ? found : null
  })

const hasCommit = (log: Log, version: number): Effect.Effect<boolean, TableError> =>
  log.store.head(log.folder + commitName(version)).pipe(
    Effect.as(true),
    Effect.catchIf(
      (error) => error.reason === "NotFound",
      () => Effect.succeed(false)
    ),
    Effect.mapError(fromStore(log.table))
  )

/** Are there commits on both sides of a version? Then the log did not expire there, nor end: a commit that is not there was lost. */
export const isWithin = (log: Log, version: number): Effect.Effect<boolean, TableError> =>
  Effect.gen(function* () {
    const { newest } = yield* listFrom(log, version)
    return newest > version && (yield* earliestVersion(log)) < version
  })

/** Oldest version whose commit is still there. */
export const earliestVersion = (log: Log): Effect.Effect<number, TableError> =>
  log.store.list(log.folder).pipe(
    Stream.map(({ key }) => parseLogName(key.slice(log.folder.length))),
    Stream.filter((entry) => entry?.kind === "commit"),
    Stream.take(1),
    Stream.runCollect,
    Effect.mapError(fromStore(log.table)),
    Effect.flatMap(([entry]) => (entry == null ? Effect.fail(missingCommit(log, 0)) : Effect.succeed(entry.version)))
  )
