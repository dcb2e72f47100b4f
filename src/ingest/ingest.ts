import { Cause, Effect, Exit, Random } from "effect"
import { emptyCounts } from "../record/report.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import type { WorkerError } from "./decode-workers.ts"
import { declareMetrics, recordConflict } from "./metrics.ts"
import type { IngestOptions, IngestResult, IngestTotal } from "./options.ts"
import { session } from "./session.ts"
import type { QualityError } from "./stopped.ts"

export type IngestError = StoreError | TableError | WorkerError | QualityError

/**
 * Carries records from a source into the stage table of a contract, batch by batch, until the source ends or `options.stop` succeeds.
 *
 * Each batch is decoded page by page, its files are uploaded, and then two commits make it visible together with the positions reached
 * (dead letters, then stage). While they are made the next batch is decoded. The process may die at any point: what is not committed is read
 * again, what is committed is skipped.
 *
 * Where several processes share the shards of a source, the log decides who owns one. A process that finds that another has committed a shard
 * gives it up, forgets the open batch, and begins a new session from what the log says. Where nobody owns shards, the same is found out as a batch is committed.
 *
 * A failure of the source is part of the result, since everything that could be read is committed before. Errors: `TableError` with reason
 * `Conflict` when another process commits the shards of a source that cannot be shared (this one must not go on); `StoreError` when files
 * cannot be written; `WorkerError` when a thread that decodes has ended, before anything of its batch is committed; `QualityError` likewise, where
 * the contract orders to stop.
 */
export const ingest = (options: IngestOptions): Effect.Effect<IngestResult, IngestError, Store> =>
  Effect.gen(function* () {
    const { disown = () => Effect.void } = options.source
    const dataset = options.contract.contract.name
    const total: IngestTotal = { commits: 0, counts: emptyCounts() }
    yield* declareMetrics(dataset)
    for (let conflicts = 0; ; conflicts++) {
      const commits = total.commits
      const ended = yield* Effect.scoped(session(options, total))
      if (ended._tag === "conflict") {
        yield* Effect.logInfo(`another process commits ${shardsText(ended.moved)}: what was read of it is given up`)
        yield* recordConflict(dataset)
        yield* disown(ended.moved)
        if (total.commits > commits) conflicts = 0
        const pause = Math.min(100 * 2 ** conflicts, 30_000) * (0.5 + (yield* Random.next) / 2)
        yield* Effect.raceFirst(Effect.sleep(pause), options.stop)
        continue
      }
      if (ended._tag === "drain") return { ...total, stopped: "drain", failure: null }
      if (Exit.isSuccess(ended.exit)) return { ...total, stopped: "end", failure: null }
      const failure = Cause.findErrorOption(ended.exit.cause)
      // What could be read is committed by now: its failure is told beside it. Anything else is a defect.
      if (failure._tag === "None") return yield* Effect.die(Cause.squash(ended.exit.cause))
      return { ...total, stopped: "end", failure: failure.value }
    }
  })

/** As many as people read. */
const shardsText = ([first, ...others]: ReadonlyArray<string>): string =>
  first === undefined ? "to this table" : others.length < 3 ? [first, ...others].join(", ") : `${first} and ${others.length} more shards`
