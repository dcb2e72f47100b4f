import { rmSync } from "node:fs"
import { Effect } from "effect"
import { compileContract } from "../../src/contract/compile.ts"
import { ingest as runIngest } from "../../src/ingest/ingest.ts"
import { defaultBatchLimits } from "../../src/ingest/options.ts"
import { filesSource } from "../../src/source/files.ts"
import { localStore } from "../../src/store/local-store.ts"
import { contracts } from "../contracts/contracts.ts"
import type { Prepared } from "./job.ts"
import { decodeSettings } from "./sluice.ts"

/** The core that it is compared with has one. */
const oneThread = { threads: 1 }

/** Everything that `sluice ingest` does after its start: a file → a lake that was not there, all batches committed. */
export const ingest = (job: { readonly input: string; readonly output: string }): Prepared => {
  const contract = compileContract(contracts.all)
  const once = Effect.gen(function* () {
    const source = yield* filesSource({ input: job.input, format: "lines", arrivedAt: 0 })
    const { counts } = yield* runIngest({
      contract,
      source,
      decode: decodeSettings,
      limits: defaultBatchLimits,
      stop: Effect.never,
      onEvent: () => Effect.void,
      onProgress: () => {},
      ...oneThread
    })
    return counts.rows
  })
  return {
    reset: () => rmSync(job.output, { recursive: true, force: true }),
    run: () => Effect.runPromise(once.pipe(Effect.provide(localStore(job.output))))
  }
}
