import { isDeepStrictEqual } from "node:util"
import { parentPort, workerData } from "node:worker_threads"
import { compileContract } from "../contract/compile.ts"
import type { Contract } from "../contract/contract.ts"
import { StageDecoder } from "./stage-decoder.ts"
import { type FromWorker, pageOf, type ToWorker, type WorkerSetup } from "./worker-messages.ts"

/**
 * A thread that decodes pages. It makes its own contract, since that holds functions, which cannot cross over. What is thrown here ends the
 * thread, and the thread that started it learns it.
 */
const setup: WorkerSetup = workerData
const module: { readonly contracts: ReadonlyArray<Contract> } = await import(setup.contracts)
const contract = module.contracts.find(({ name }) => name === setup.dataset)
if (contract === undefined) throw new Error(`${setup.contracts} has no contract of ${setup.dataset}`)
const compiled = compileContract(contract)
if (!isDeepStrictEqual(compiled.columns, setup.columns)) throw new Error(`${setup.contracts} has another contract of ${setup.dataset}`)

const stage = new StageDecoder(compiled, setup.decode, setup.source, setup.bufferBytes)
const slots: Array<SharedArrayBuffer> = []
const tell = (message: FromWorker) => parentPort?.postMessage(message)

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
