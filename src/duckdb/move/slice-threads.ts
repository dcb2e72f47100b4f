import { Worker } from "node:worker_threads"
import { Effect, type Scope } from "effect"
import type { Column } from "../../record/column.ts"
import { moduleBeside } from "../../record/module-beside.ts"
import { isOutOfMemory, resourceLimits } from "../../record/worker.ts"
import { LakeError } from "../errors.ts"
import { giveUp, isGivenUp, LeafMover, type MovedLeaves, type Slice } from "./leaf-mover.ts"
import { type FromWorker, type SliceMessage, sliceMessage, type WorkerSetup } from "./slice-messages.ts"

/** A slice that is being moved, and the threads that take part in it. */
interface Moving {
  readonly slice: Slice
  readonly message: SliceMessage
  readonly moved: Array<MovedLeaves>
  readonly busy: Set<Worker>
  /** Told when one of them is done, or has failed. */
  readonly look: () => void
}

/**
 * Moves the leaves of slices in this thread and some others: whoever is done with some takes the next, so none waits for another for long. A thread that has not
 * started yet is not waited for. Which thread moves a leaf makes no difference to what is written.
 */
export class SliceThreads {
  readonly #mover: LeafMover
  readonly #workers: ReadonlyArray<Worker>
  readonly #ready = new Set<Worker>()
  #moving: Moving | null = null
  #failure: LakeError | { readonly defect: unknown } | null = null

  constructor(columns: ReadonlyArray<Column>, threads: number) {
    this.#mover = new LeafMover(columns)
    const workerData: WorkerSetup = { columns }
    this.#workers = Array.from({ length: threads - 1 }, () => {
      const worker = new Worker(moduleBeside("slice-worker", import.meta.url), { workerData, resourceLimits })
      worker.on("message", (message: FromWorker) => this.#take(worker, message))
      worker.on("messageerror", (defect) => this.#fail({ defect }))
      worker.on("error", (error) => this.#fail(isOutOfMemory(error) ? outOfMemory(error) : { defect: error }))
      worker.on("exit", (code) => this.#fail(ended(code)))
      return worker
    })
  }

  /** All leaves of a slice, in their order. Null: it is too much, as one leaf of it does not fit in memory. */
  move(slice: Slice): Effect.Effect<ReadonlyArray<MovedLeaves> | null, LakeError> {
    return Effect.flatMap(
      Effect.promise((signal) => this.#move(slice, signal)),
      (moved) => (moved instanceof LakeError ? Effect.fail(moved) : Effect.succeed(moved))
    )
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  async #move(slice: Slice, signal: AbortSignal): Promise<ReadonlyArray<MovedLeaves> | null | LakeError> {
    const moved: Array<MovedLeaves> = []
    const busy = new Set<Worker>()
    const stop = () => giveUp(slice.claims)
    signal.addEventListener("abort", stop)
    try {
      let wake = () => {}
      this.#moving = { slice, message: sliceMessage(slice), moved, busy, look: () => wake() }
      for (const worker of this.#ready) this.#send(worker)
      await this.#mover
        .move(slice, (leaves) => moved.push(leaves))
        .catch((error: unknown) => this.#fail(error instanceof LakeError ? error : { defect: error }))
      // Who becomes ready meanwhile takes part, too: nobody is left behind with a slice that has ended.
      while (busy.size > 0 && this.#failure === null)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      if (this.#failure instanceof LakeError) return this.#failure
      if (this.#failure !== null) throw this.#failure.defect
      return isGivenUp(slice.claims) ? null : moved.toSorted((a, b) => a.first - b.first)
    } finally {
      signal.removeEventListener("abort", stop)
      this.#moving = null
    }
  }

  #send(worker: Worker): void {
    if (this.#moving === null) return
    this.#moving.busy.add(worker)
    worker.postMessage(this.#moving.message)
  }

  #take(worker: Worker, message: FromWorker): void {
    const moving = this.#moving
    if (message.kind === "ready") {
      this.#ready.add(worker)
      this.#send(worker)
    } else if (message.kind === "failed") this.#fail(new LakeError(message))
    else if (moving === null) return
    else if (message.kind === "moved") moving.moved.push(message.moved)
    else {
      moving.busy.delete(worker)
      moving.look()
    }
  }

  /** The first failure counts: nothing is moved after it. */
  #fail(failure: LakeError | { readonly defect: unknown }): void {
    this.#failure ??= failure
    if (this.#moving === null) return
    giveUp(this.#moving.slice.claims)
    this.#moving.look()
  }
}

/** Bytes of files that one thread moves sooner than another one starts. */
export const fewBytes = 4 * 1024 * 1024

/** Threads that end with the scope; of few bytes, this one alone. @param bytes of the files whose rows move */
export const openSliceThreads = (
  columns: ReadonlyArray<Column>,
  threads: number,
  bytes: number
): Effect.Effect<SliceThreads, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => new SliceThreads(columns, bytes > fewBytes ? threads : 1)),
    (opened) => Effect.promise(() => opened.close())
  )

const outOfMemory = (cause: unknown): LakeError =>
  new LakeError({
    reason: "Memory",
    problem: "a thread that moves rows ran out of memory",
    hint: "Nothing was committed. Run with one thread: --threads 1.",
    cause
  })

const ended = (code: number): LakeError =>
  new LakeError({
    reason: "Unavailable",
    problem: `a thread that moves rows ended by itself, with code ${code}`,
    hint: "Nothing was committed: run again. If it happens again, run with one thread: --threads 1."
  })
