import { Worker } from "node:worker_threads"
import { Effect, Schema, type Scope } from "effect"
import { moduleBeside } from "../record/module-beside.ts"
import type { RecordPage } from "../record/record.ts"
import { isOutOfMemory, resourceLimits } from "../record/worker.ts"
import type { PartitionGroup } from "./partitioned-rows.ts"
import type { DecodedPage } from "./stage-decoder.ts"
import { type FromWorker, pageMessage, slotCount, type ToWorker, type WorkerSetup } from "./worker-messages.ts"

/** A thread that decodes has ended by itself: nothing of its batch is committed. What is thrown in a thread is a defect, and not this. */
export class WorkerError extends Schema.TaggedError<WorkerError>()("WorkerError", {
  reason: Schema.Literals(["OutOfMemory", "Ended", "Contract"]),
  /** What happened, as a sentence without its full stop. */
  problem: Schema.String,
  hint: Schema.String
}) {
  override get message(): string {
    return `${this.problem}. ${this.hint}`
  }
}

/** What the workers have made of a batch. */
export interface WorkerBatch {
  /** Row groups that nobody has taken yet, in the order in which they came. */
  readonly groups: Array<PartitionGroup>
  /** Workers that were asked for the rows that they hold, and have not given all. */
  flushing: number
}

/** One worker, and its pages in flight. */
class Decoding {
  /** Who waits for the answer of each page, oldest first. */
  readonly waiting: Array<(page: DecodedPage) => void> = []
  /** The batches of which it has pages or rows, oldest first. */
  readonly batches: Array<WorkerBatch> = []
  readonly worker: Worker
  readonly #slots: Array<SharedArrayBuffer> = []
  #sent = 0

  constructor(worker: Worker) {
    this.worker = worker
  }

  /** Copies a page over, and releases it. */
  send(page: RecordPage, batch: WorkerBatch, settled: (page: DecodedPage) => void): void {
    if (!this.takesPart(batch)) this.batches.push(batch)
    this.waiting.push(settled)
    // Answers come in order, so that the slots become free in turn.
    this.post(pageMessage(page, this.#sent++ % slotCount, this.#slots))
    page.release?.()
  }

  /** Has it had pages of this batch, the latest that there is? */
  takesPart(batch: WorkerBatch): boolean {
    return this.batches.at(-1) === batch
  }

  post(message: ToWorker): void {
    this.worker.postMessage(message)
  }
}

/**
 * Threads that decode. Each takes whole pages, gathers their rows by itself, and encodes its own row groups. Memory is bounded: a worker has at
 * most two pages, and its share of the buffer; and the last row groups of a batch, encoded, wait here for the commit of the batch before.
 */
export class DecodeWorkers {
  readonly #setup: WorkerSetup
  readonly #count: number
  readonly #workers: Array<Decoding> = []
  #ready = 0
  #failure: Effect.Effect<never, WorkerError> | null = null
  /** Told of every message. */
  readonly #looks = new Set<() => void>()

  constructor(setup: WorkerSetup, count: number) {
    this.#setup = setup
    this.#count = count
  }

  get areReady(): boolean {
    return this.#ready === this.#count
  }

  /** Starts them, once. They take some time, in which nothing can be sent. */
  start(): void {
    while (this.#workers.length < this.#count) {
      const worker = new Worker(moduleBeside("decode-worker", import.meta.url), { workerData: this.#setup, resourceLimits })
      const decoding = new Decoding(worker)
      this.#workers.push(decoding)
      worker.on("message", (message: FromWorker) => this.#take(decoding, message))
      worker.on("messageerror", (error) => this.#fail(Effect.die(error)))
      worker.on("error", (error) => this.#fail(isOutOfMemory(error) ? outOfMemory : Effect.die(error)))
      worker.on("exit", (code) => this.#fail(ended(code)))
    }
  }

  /** Sends a page to the worker that has the fewest, unless all have as many as they may. @returns whether it is sent */
  send(page: RecordPage, batch: WorkerBatch, settled: (page: DecodedPage) => void): boolean {
    if (!this.areReady) return false
    const [least] = this.#workers.toSorted((a, b) => a.waiting.length - b.waiting.length)
    if (least === undefined || least.waiting.length === slotCount) return false
    least.send(page, batch, settled)
    return true
  }

  /**
   * No more pages of a batch come: asks for the rows that are held of it. Pages of the next one may follow at once. Who has had no page of it, as
   * one that is still starting, is not waited for.
   */
  flush(batch: WorkerBatch): void {
    for (const decoding of this.#workers) {
      if (!decoding.takesPart(batch)) continue
      batch.flushing++
      decoding.post({ kind: "flush" })
    }
  }

  /** Waits until something holds that a message can change. Fails when a worker has ended; what it threw is a defect, with its stack. */
  until(holds: () => boolean): Effect.Effect<void, WorkerError> {
    return Effect.callback((resume) => {
      const look = () => {
        if (this.#failure === null && !holds()) return
        this.#looks.delete(look)
        resume(this.#failure ?? Effect.void)
      }
      this.#looks.add(look)
      look()
      return Effect.sync(() => this.#looks.delete(look))
    })
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map(({ worker }) => worker.terminate()))
  }

  #take(decoding: Decoding, message: FromWorker): void {
    const [batch] = decoding.batches
    if (message.kind === "ready") this.#ready++
    else if (message.kind === "refused") this.#fail(otherContract(message.problem))
    else if (message.kind === "page") decoding.waiting.shift()?.(message)
    else if (batch === undefined) this.#fail(Effect.die(new Error(`a thread says "${message.kind}", and has no page of any batch`)))
    else if (message.kind === "group") batch.groups.push(message)
    else {
      decoding.batches.shift()
      batch.flushing--
    }
    this.#tell()
  }

  /** The first failure counts: a worker that threw ends as well. */
  #fail(failure: Effect.Effect<never, WorkerError>): void {
    this.#failure ??= failure
    this.#tell()
  }

  #tell(): void {
    for (const look of this.#looks) look()
  }
}

/** Workers that end with the scope. They have not started yet. */
export const openWorkers = (setup: WorkerSetup, count: number): Effect.Effect<DecodeWorkers, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => new DecodeWorkers(setup, count)),
    (workers) => Effect.promise(() => workers.close())
  )

const outOfMemory = Effect.fail(
  new WorkerError({
    reason: "OutOfMemory",
    problem: "a thread that decodes ran out of memory",
    hint: "Nothing of its batch was committed. Lower the limit of a record's size, or run with one thread."
  })
)

const otherContract = (problem: string): Effect.Effect<never, WorkerError> =>
  Effect.fail(
    new WorkerError({
      reason: "Contract",
      problem,
      hint: "Contracts were changed while this process ran: nothing of its batch was committed. Run again."
    })
  )

const ended = (code: number): Effect.Effect<never, WorkerError> =>
  Effect.fail(
    new WorkerError({
      reason: "Ended",
      problem: `a thread that decodes ended by itself, with code ${code}`,
      hint: "Nothing of its batch was committed: run again. If it happens again, run with one thread."
    })
  )
