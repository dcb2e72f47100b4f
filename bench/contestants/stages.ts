import { Effect, Stream } from "effect"
import { filesSource } from "../../src/source/files.ts"
import { localStore } from "../../src/store/local-store.ts"
import { Store, type Upload } from "../../src/store/store.ts"
import { contracts, keyOnly } from "../contracts/contracts.ts"
import type { Job, Prepared } from "./job.ts"
import { decoding } from "./sluice.ts"

export const stage = (job: Job & { readonly kind: "stage" }): Prepared => {
  const contract = job.contract === "key" ? keyOnly : contracts[job.contract]
  const decode = decoding(contract, job.input)
  const once = Effect.gen(function* () {
    if (job.stage === "read") return yield* readPages(job.input)
    const store = yield* Store
    const upload = job.stage === "decode" ? null : job.stage === "encode" ? nowhere() : yield* store.upload("stages.parquet")
    return yield* decode(upload)
  })
  return { run: () => Effect.runPromise(once.pipe(Effect.scoped, Effect.provide(localStore(job.output)))) }
}

const readPages = (input: string) =>
  Effect.gen(function* () {
    let records = 0
    const source = yield* filesSource({ input, format: "lines", arrivedAt: 0 })
    yield* Stream.runForEach(source.pages(new Map()), (page) =>
      Effect.sync(() => {
        records += page.count
      })
    )
    return records
  })

/** Takes bytes and forgets them. */
const nowhere = (): Upload => {
  let size = 0
  return {
    write: (bytes) =>
      Effect.sync(() => {
        size += bytes.byteLength
      }),
    finish: Effect.sync(() => ({ size }))
  }
}
