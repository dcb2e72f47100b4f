import { parentPort, workerData } from "node:worker_threads"
import { ColumnBuilders } from "../../columns/builders.ts"
import { LakeError } from "../errors.ts"
import { LeafMover } from "./leaf-mover.ts"
import { type FromWorker, type SliceMessage, sliceOf, type WorkerSetup } from "./slice-messages.ts"

/** A thread that moves leaves. What is thrown here, other than for a file that cannot be read, ends the thread, and the thread that started it learns it. */
const { columns }: WorkerSetup = workerData
const tell = (message: FromWorker) => parentPort?.postMessage(message)
const table = new ColumnBuilders(columns)
const mover = new LeafMover(columns)

parentPort?.on("message", (message: SliceMessage) => {
  void mover
    .move(sliceOf(message, table), (moved) => tell({ kind: "moved", moved }))
    .then(
      () => tell({ kind: "done" }),
      (error: unknown) => {
        if (!(error instanceof LakeError)) throw error
        const { reason, problem, hint } = error
        tell({ kind: "failed", reason, problem, hint })
      }
    )
})
tell({ kind: "ready" })
