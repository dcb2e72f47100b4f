import { Clock, Effect, Random, Ref } from "effect"
import { randomUuid } from "../record/random.ts"
import { serializeCommit } from "./action-json.ts"
import type { Action } from "./actions.ts"
import { writeCheckpoint } from "./checkpoint.ts"
import { isOurs, judge, judgeAgainstRead, type Verdict } from "./conflict.ts"
import { fromStore, fromThrown, type TableConflict, TableError } from "./errors.ts"
import { commitsAfter, foldCommit, type Log, load, type NewCommit, readCommit } from "./log.ts"
import { commitName } from "./paths.ts"
import { checkpointInterval } from "./properties.ts"
import { requireWritable } from "./protocol.ts"
import type { Snapshot } from "./snapshot.ts"
import { checkTransaction, commitInfoOf, type Transaction, withEncodedPaths } from "./transaction.ts"

export type { ReadSet, Transaction } from "./transaction.ts"

export interface Committed {
  readonly version: number
  readonly snapshot: Snapshot
  /** The commit stands whatever became of the checkpoint; a `TableError` says why it could not be written. */
  readonly checkpoint: "not due" | "written" | TableError
}

/** The newest snapshot that this process has seen, and when (ms since 1970) it knew that to be the newest. */
export interface Seen {
  readonly snapshot: Snapshot
  readonly at: number
}

/** Lost races to put up with before giving up; with W writers each commit loses at most W - 1 in the long run. */
const maxRaces = 200
/** Times to ask again about an unknown outcome, from 50 ms doubling to 5 s: about half a minute. */
const maxDoubts = 10
/** Look at the log first if this much time (ms) has passed: it may have expired, and a name that is not there would prove nothing. */
const staleAfter = 60_000
/** Actions of a commit that gets a checkpoint of its own: who opens the table would have to read many like it. */
const largeCommit = 5_000

/** Brings what was seen up to date, reading only what is new; null for the commits if they have expired and it was read from scratch. */
export const refresh = (
  log: Log,
  seen: Ref.Ref<Seen>
): Effect.Effect<{ readonly snapshot: Snapshot; readonly commits: ReadonlyArray<NewCommit> | null }, TableError> =>
  Effect.gen(function* () {
    const { snapshot } = yield* Ref.get(seen)
    const commits = yield* commitsAfter(log, snapshot.version)
    let next = snapshot
    if (commits === null) next = yield* load(log)
    else for (const { version, actions } of commits) next = yield* foldCommit(log, next, version, actions)
    yield* Ref.set(seen, { snapshot: next, at: yield* Clock.currentTimeMillis })
    return { snapshot: next, commits }
  })

/**
 * Appends one commit. The file `<version>.json` is created if absent, which is the commit point: before it nothing happened, after it
 * nothing can undo it. An unknown outcome is never guessed: the log is read, and the transaction id compared.
 */
export const commit = (log: Log, seen: Ref.Ref<Seen>, tx: Transaction): Effect.Effect<Committed, TableError> =>
  Effect.gen(function* () {
    yield* pure(log, "this commit", () => checkTransaction(tx))
    yield* act(log, judgeAgainstRead(tx), tx.read.version)
    const txnId = yield* randomUuid
    const actions = withEncodedPaths(tx)

    let { snapshot: latest, at } = yield* Ref.get(seen)
    if ((yield* Clock.currentTimeMillis) - at > staleAfter || latest.version < tx.read.version)
      latest = (yield* refresh(log, seen)).snapshot
    yield* judgeAll(log, tx, yield* between(log, tx.read.version, latest.version))

    let races = 0
    let doubts = 0
    for (;;) {
      const version = latest.version + 1
      const body: ReadonlyArray<Action> = [
        { commitInfo: commitInfoOf(tx, tx.read.version, yield* Clock.currentTimeMillis, txnId) },
        ...actions
      ]
      // The commit point. Not interruptible before its outcome is known, as far as the store can tell.
      const outcome = yield* Effect.uninterruptible(attempt(log, version, serializeCommit(body), txnId))
      if (outcome === "ours") return yield* committed(log, seen, latest, version, body)
      if (outcome === "unknown") {
        if (++doubts > maxDoubts) return yield* inDoubt(log, version)
        yield* pause(50 * 2 ** doubts, 5000)
        continue
      }
      if (++races > maxRaces) return yield* tooManyRaces(log, version)
      if (races > 1) yield* pause(2 ** races, 500)
      // A name is tried for until it is known whose it is; so whatever stands in the log from here on is not ours.
      const news = yield* refresh(log, seen)
      const winners = news.commits ?? (yield* between(log, latest.version, news.snapshot.version))
      yield* judgeAll(log, tx, winners)
      yield* pure(log, "this commit", () => requireWritable(news.snapshot, false))
      latest = news.snapshot
    }
  })

/** Puts the file, and if the answer is not plain, reads who owns it. "unknown": it is not there, but may still arrive. */
const attempt = (log: Log, version: number, bytes: Uint8Array, txnId: string): Effect.Effect<"ours" | "lost" | "unknown", TableError> =>
  log.store.putIfAbsent(log.folder + commitName(version), bytes).pipe(
    Effect.catchIf(
      (error) => error.reason === "Ambiguous" || error.reason === "Unavailable",
      () => Effect.succeed("unknown" as const)
    ),
    Effect.mapError(fromStore(log.table)),
    Effect.flatMap((answer) =>
      answer === "created"
        ? Effect.succeed("ours" as const)
        : readCommit(log, version).pipe(
            Effect.map((found) => (found === null ? "unknown" : isOurs(found, txnId) ? "ours" : "lost")),
            // Even the question may fail: then it is asked again.
            Effect.catchIf(
              (error) => error.reason === "Store",
              () => Effect.succeed("unknown" as const)
            )
          )
    )
  )

const committed = (log: Log, seen: Ref.Ref<Seen>, before: Snapshot, version: number, body: ReadonlyArray<Action>) =>
  Effect.gen(function* () {
    const snapshot = yield* foldCommit(log, before, version, body)
    yield* Ref.set(seen, { snapshot, at: yield* Clock.currentTimeMillis })
    return yield* settled(log, seen, version, snapshot, body.length)
  })

/** What may still be done after the commit point, none of which can fail the commit. */
const settled = (log: Log, seen: Ref.Ref<Seen>, version: number, snapshot: Snapshot, actions: number): Effect.Effect<Committed> =>
  Effect.gen(function* () {
    const isDue = () => version > 0 && (actions >= largeCommit || version % checkpointInterval(snapshot) === 0)
    const due = yield* Effect.result(pure(log, "checkpoint", isDue))
    if (due._tag === "Failure") return { version, snapshot, checkpoint: due.failure }
    if (!due.success) return { version, snapshot, checkpoint: "not due" }
    const written = yield* Effect.result(writeCheckpoint(log, snapshot))
    if (written._tag === "Failure") {
      yield* Effect.logWarning(`the checkpoint of version ${version} was not written: ${written.failure.message}`)
      return { version, snapshot, checkpoint: written.failure }
    }
    yield* Ref.update(seen, (now) => (now.snapshot === snapshot ? { ...now, snapshot: written.success } : now))
    return { version, snapshot: written.success, checkpoint: "written" }
  })

/** The commits after one version up to and with another. */
const between = (log: Log, after: number, until: number): Effect.Effect<ReadonlyArray<NewCommit>, TableError> =>
  Effect.forEach(
    Array.from({ length: Math.max(0, until - after) }, (_, i) => after + 1 + i),
    (version) =>
      Effect.flatMap(readCommit(log, version), (actions) =>
        actions === null ? Effect.fail(gone(log, version)) : Effect.succeed({ version, actions })
      ),
    { concurrency: 16 }
  )

const judgeAll = (log: Log, tx: Transaction, winners: ReadonlyArray<NewCommit>): Effect.Effect<void, TableError> =>
  Effect.forEach(winners, ({ version, actions }) => act(log, judge(tx, actions), version), { discard: true })

const hints = {
  protocol: "Open the table again; it may no longer be possible to write to it.",
  metaData: "Run again: the table is then opened as it is now.",
  transaction: "Stop: two processes do the same work. The other one goes on.",
  domain: "Stop: two processes do the same work. The other one goes on.",
  read: "Read the table again and do the work on what it holds now.",
  remove: "Read the table again and do the work on what it holds now."
} as const

const act = (log: Log, verdict: Verdict, version: number): Effect.Effect<void, TableError> => {
  if (verdict.kind === "go") return Effect.void
  const { problem } = verdict
  return Effect.fail(
    verdict.kind === "committed"
      ? new TableError({ table: log.table, reason: "AlreadyCommitted", version, problem, hint: "Nothing is left to do." })
      : conflictError(log.table, version, verdict.conflict, problem)
  )
}

/** @param version of the commit that came first, or of a later one */
export const conflictError = (table: string, version: number, conflict: TableConflict, problem: string): TableError =>
  new TableError({ table, reason: "Conflict", conflict, version, problem, hint: hints[conflict] })

const pure = <A>(log: Log, what: string, f: () => A): Effect.Effect<A, TableError> =>
  Effect.try({ try: f, catch: fromThrown(log.table, what) })

/** Waits about this long (ms), between half of it and all of it, so that racers part. */
const pause = (millis: number, most: number): Effect.Effect<void> =>
  Effect.flatMap(Random.next, (r) => Effect.sleep(Math.min(millis, most) * (0.5 + r / 2)))

const gone = (log: Log, version: number): TableError =>
  new TableError({
    table: log.table,
    reason: "Conflict",
    conflict: "read",
    version,
    problem: `commit ${version}, made since the table was read, has expired from the log`,
    hint: "Read the table again and do the work on what it holds now."
  })

const inDoubt = (log: Log, version: number): TableError =>
  new TableError({
    table: log.table,
    reason: "Store",
    version,
    problem: `it is unknown whether version ${version} was committed: the store does not answer`,
    hint: "Nothing is lost: when the store is back, open the table again and go on from the positions that it holds."
  })

const tooManyRaces = (log: Log, version: number): TableError =>
  new TableError({
    table: log.table,
    reason: "Conflict",
    conflict: "read",
    version,
    problem: `${maxRaces} times another commit came first`,
    hint: "Too many processes commit to this table: let each commit less often."
  })
