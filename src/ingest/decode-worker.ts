import { fileURLToPath } from "node:url"
import { parentPort, workerData } from "node:worker_threads"
import { type CompiledContract, decodingText } from "../contract/compile.ts"
import { loadModule } from "../contract/load.ts"
import { StageDecoder } from "./stage-decoder.ts"
import { type FromWorker, pageOf, type ToWorker, type WorkerSetup } from "./worker-messages.ts"

/**
 * A thread that decodes pages. It makes its own contract, since that holds functions, which cannot cross over. What is thrown here ends the
 * thread, and the thread that started it learns it.
 */
const setup: WorkerSetup = workerData
const tell = (message: FromWorker) => parentPort?.postMessage(message)
const { compiled: contracts, error } = await loadModule(new URL(setup.contracts))
const compiled = contracts.get(setup.dataset)
if (compiled !== undefined && decodingText(compiled) === setup.decoding) decode(compiled)
else {
  const what = compiled === undefined ? "has no sound contract" : "has another contract now"
  tell({
    kind: "refused",
    problem: `${fileURLToPath(setup.contracts)} ${what} of ${setup.dataset}${error === null ? "" : `: ${error.message}`}`
  })
}

function decode(compiled: CompiledContract): void {
  const stage = new StageDecoder(compiled, setup.decode, setup.source, setup.bufferBytes)
  const slots: Array<SharedArrayBuffer> = []

  parentPort?.on("message", (message: ToWorker) => {
    if (message.kind === "flush") {
      for (const group of stage.rest()) tell({ kind: "group", ...group })
      tell({ kind: "flushed" })
    } else {
      const decoded = stage.decode(pageOf(message, slots))
      for (const group of stage.full()) tell({ kind: "group", ...group })
      tell({ kind: "page", ...decoded })
    }
  })
  tell({ kind: "ready" })
}
