import { rmSync } from "node:fs"
import { Effect, type Scope } from "effect"
import { compileContract } from "../../src/contract/compile.ts"
import { ingest as runIngest } from "../../src/ingest/ingest.ts"
import { defaultBatchLimits } from "../../src/ingest/options.ts"
import type { SourceError } from "../../src/record/source-error.ts"
import { filesSource } from "../../src/source/files.ts"
import { kinesisSource } from "../../src/source/kinesis/kinesis.ts"
import type { Source } from "../../src/source/source.ts"
import { localStore } from "../../src/store/local-store.ts"
import type { KinesisApi } from "../../src/stream/kinesis/api.ts"
import { awsKinesis } from "../../src/stream/kinesis/aws-kinesis.ts"
import { contracts } from "../contracts/contracts.ts"
import type { Job, Prepared } from "./job.ts"
import { preparedStream } from "./prepared-stream.ts"
import { decodeSettings } from "./sluice.ts"
import { startStreamServer } from "./stream-server.ts"

/** The core that it is compared with has one. */
const oneThread = { threads: 1 }

/** Everything that `sluice ingest` does after its start: a file → a lake that was not there, all batches committed. */
export const ingest = ({ input, output }: { readonly input: string; readonly output: string }): Prepared =>
  intoLake(output, filesSource({ input, format: "lines", arrivedAt: 0 }))

/** The same, from a stream that holds the lines of the file. The pauses that the service asks for are left out. */
export const consume = async (job: Job & { readonly kind: "consume" }): Promise<Prepared> => {
  const { input, output, aggregate, over } = job
  const options = { stream: "bench", initial: { type: "TRIM_HORIZON" }, follow: false, callMillis: 0, pollMillis: 0 } as const
  const from = (api: KinesisApi) => kinesisSource({ ...options, api, bytesPerSecond: Number.POSITIVE_INFINITY })
  if (over === "memory") return intoLake(output, from(preparedStream(input, aggregate)))
  const endpoint = await startStreamServer(input, aggregate)
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: "bench", AWS_SECRET_ACCESS_KEY: "bench" })
  return intoLake(output, Effect.flatMap(awsKinesis({ region: "us-east-1", endpoint }), from))
}

const intoLake = (output: string, open: Effect.Effect<Source, SourceError, Scope.Scope>): Prepared => {
  const contract = compileContract(contracts.all)
  const once = Effect.gen(function* () {
    const source = yield* open
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
    reset: () => rmSync(output, { recursive: true, force: true }),
    run: () => Effect.runPromise(once.pipe(Effect.scoped, Effect.provide(localStore(output))))
  }
}
