import { Effect, type Scope } from "effect"
import { decodingText } from "../contract/compile.ts"
import type { RecordPage } from "../record/record.ts"
import type { Store, StoreError } from "../store/store.ts"
import { type DecodeWorkers, openWorkers, type WorkerBatch, type WorkerError } from "./decode-workers.ts"
import type { IngestOptions } from "./options.ts"
import type { PartitionGroup } from "./partitioned-rows.ts"
import { type DecodedPage, StageDecoder } from "./stage-decoder.ts"

/** Takes a row group of stage into the file of its ingestion hour. */
export type Append = (group: PartitionGroup) => Effect.Effect<void, StoreError, Store | Scope.Scope>
export type Work = Effect.Effect<void, StoreError | WorkerError, Store | Scope.Scope>

/** What decodes the pages of a batch: this thread, alone or with others. */
export interface BatchDecoder {
  /** Takes a page in, and releases it. `settled` is told what became of it, now or later, and before `rest` is done. */
  readonly decode: (page: RecordPage, settled: (page: DecodedPage) => void) => Work
  /** No more pages come: gives the rows that this thread holds. Pages of the next batch may follow, whatever other threads still have to do. */
  readonly close: Work
  /** Behind `close`: waits for all pages, and gives the rows of other threads. */
  readonly rest: Work
  /** Bytes of columns that this thread holds between two pages. */
  readonly held: () => number
}

/** Begins a batch, when the one before is closed. `append` gets row groups as they are full, and those that are left. */
export type BeginBatch = (append: Append) => BatchDecoder

/** Starting a thread takes as long as decoding tens of megabytes: small input does without. */
const defaultStartAfter = 16 * 1024 * 1024

/** Decodes as the options say. Other threads end with the scope. */
export const openBatchDecoder = (options: IngestOptions): Effect.Effect<BeginBatch, WorkerError, Scope.Scope> =>
  Effect.gen(function* () {
    const { contract, contracts, decode, limits, source, threads = 1 } = options
    const bufferBytes = limits.bufferBytes / threads
    const here = new StageDecoder(contract, decode, source.name, bufferBytes)
    if (threads < 2) return (append) => alone(here, append)
    if (contracts === undefined) return yield* Effect.die(new TypeError("more than one thread needs the module of the contracts"))
    const setup = {
      contracts: contracts.href,
      dataset: contract.contract.name,
      decoding: decodingText(contract),
      decode,
      source: source.name,
      bufferBytes
    }
    return yield* together(here, yield* openWorkers(setup, threads - 1), options.startThreadsAfter ?? defaultStartAfter)
  })

const alone = (here: StageDecoder, append: Append): BatchDecoder => ({
  decode: (page, settled) =>
    Effect.suspend(() => {
      settled(here.decode(page))
      return Effect.forEach(here.full(), append, { discard: true })
    }),
  close: Effect.suspend(() => Effect.forEach(here.rest(), append, { discard: true })),
  rest: Effect.void,
  held: () => here.held
})

/** Records of more bytes take many times their size while they are read: one at a time, in this thread. Others would hold as much each. */
const largestSent = 1024 * 1024

/** May a page go to another thread? */
export const maySend = ({ bytes, count, starts, ends }: RecordPage): boolean => {
  if (bytes.length <= largestSent) return true
  for (let i = 0; i < count; i++) if ((ends[i] ?? 0) - (starts[i] ?? 0) > largestSent) return false
  return true
}

/**
 * Whole pages go to whichever worker has room; when none has, this thread decodes one itself rather than wait. So all are busy, and each has
 * at most two pages. Before the workers have started, this thread does what comes.
 */
const together = (here: StageDecoder, workers: DecodeWorkers, startAfter: number): Effect.Effect<BeginBatch, WorkerError> =>
  Effect.gen(function* () {
    let seen = 0
    if (startAfter === 0) {
      workers.start()
      yield* workers.until(() => workers.areReady)
    }
    return (append) => {
      const decoder = alone(here, append)
      const batch: WorkerBatch = { groups: [], flushing: 0 }
      /** Appends what the workers have encoded, until something holds and there is nothing more. */
      const appendUntil = (holds: () => boolean): Work =>
        Effect.gen(function* () {
          for (;;) {
            yield* workers.until(() => batch.groups.length > 0 || holds())
            const group = batch.groups.shift()
            if (group === undefined) return
            yield* append(group)
          }
        })
      return {
        decode: (page, settled) =>
          Effect.suspend(() => {
            const isSent = maySend(page)
            if (isSent) seen += page.bytes.length
            if (seen > startAfter) workers.start()
            const done = isSent && workers.send(page, batch, settled) ? Effect.void : decoder.decode(page, settled)
            return Effect.andThen(
              done,
              appendUntil(() => true)
            )
          }),
        close: Effect.suspend(() => {
          workers.flush(batch)
          return decoder.close
        }),
        rest: appendUntil(() => batch.flushing === 0),
        held: decoder.held
      }
    }
  })
