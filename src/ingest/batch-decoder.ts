import { Effect, type Scope } from "effect"
import type { RecordPage } from "../record/record.ts"
import type { Store, StoreError } from "../store/store.ts"
import { type DecodeWorkers, openWorkers, type WorkerError } from "./decode-workers.ts"
import type { IngestOptions } from "./options.ts"
import type { PartitionGroup } from "./partitioned-rows.ts"
import { type DecodedPage, StageDecoder } from "./stage-decoder.ts"

/** Takes a row group of stage into the file of its ingestion hour. */
export type Append = (group: PartitionGroup) => Effect.Effect<void, StoreError, Store | Scope.Scope>
export type Work = Effect.Effect<void, StoreError | WorkerError, Store | Scope.Scope>

/** What decodes the pages of a batch: this thread, alone or with others. */
export interface BatchDecoder {
  /**
   * Takes a page in, and releases it. `settled` is told what became of it, now or later, and before `flush` is
   * done; `append` gets the row groups that are full by now.
   */
  readonly decode: (page: RecordPage, settled: (page: DecodedPage) => void, append: Append) => Work
  /** Waits for all pages, and gives the rows that are left. */
  readonly flush: (append: Append) => Work
}

/** Less than this is done before another thread has started. */
const defaultStartAfter = 16 * 1024 * 1024

/** Decodes as the options say. Other threads end with the scope. */
export const openBatchDecoder = (options: IngestOptions): Effect.Effect<BatchDecoder, WorkerError, Scope.Scope> =>
  Effect.gen(function* () {
    const { contract, contracts, decode, limits, source, threads = 1 } = options
    const bufferBytes = limits.bufferBytes / threads
    const here = new StageDecoder(contract, decode, source.name, bufferBytes)
    if (threads < 2) return alone(here)
    if (contracts === undefined) return yield* Effect.die(new TypeError("more than one thread needs the module of the contracts"))
    const setup = {
      contracts: contracts.href,
      dataset: contract.contract.name,
      columns: contract.columns,
      decode,
      source: source.name,
      bufferBytes
    }
    return yield* together(here, yield* openWorkers(setup, threads - 1), options.startThreadsAfter ?? defaultStartAfter)
  })

const alone = (here: StageDecoder): BatchDecoder => ({
  decode: (page, settled, append) =>
    Effect.suspend(() => {
      settled(here.decode(page))
      return Effect.forEach(here.full(), append, { discard: true })
    }),
  flush: (append) => Effect.suspend(() => Effect.forEach(here.rest(), append, { discard: true }))
})

/**
 * Whole pages go to whichever worker has room; when none has, this thread decodes one itself rather than wait. So all are busy, and each has
 * at most two pages. Before the workers have started, this thread does what comes.
 */
const together = (here: StageDecoder, workers: DecodeWorkers, startAfter: number): Effect.Effect<BatchDecoder, WorkerError> =>
  Effect.gen(function* () {
    const decoder = alone(here)
    let seen = 0
    /** Appends what the workers have encoded, until something holds and there is nothing more. */
    const appendUntil = (holds: () => boolean, append: Append): Work =>
      Effect.gen(function* () {
        for (;;) {
          yield* workers.until(() => workers.groups.length > 0 || holds())
          const group = workers.groups.shift()
          if (group === undefined) return
          yield* append(group)
        }
      })
    if (startAfter === 0) {
      workers.start()
      yield* workers.until(() => workers.areReady)
    }
    return {
      decode: (page, settled, append) =>
        Effect.suspend(() => {
          seen += page.bytes.length
          if (seen > startAfter) workers.start()
          const done = workers.send(page, settled) ? Effect.void : decoder.decode(page, settled, append)
          return Effect.andThen(
            done,
            appendUntil(() => true, append)
          )
        }),
      flush: (append) =>
        Effect.suspend(() => {
          workers.flush()
          return Effect.andThen(
            decoder.flush(append),
            appendUntil(() => workers.flushing === 0, append)
          )
        })
    }
  })
