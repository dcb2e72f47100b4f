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
import { type ContractName, contracts } from "../contracts/contracts.ts"
import type { Job, Prepared } from "./job.ts"
import { preparedStream } from "./prepared-stream.ts"
import { decodeSettings } from "./sluice.ts"
import { startStreamServer } from "./stream-server.ts"

/** Where threads find the contract of whole orders. */
const project = new URL("../../schemas/vtex/project.ts", import.meta.url)

/** Everything that `sluice ingest` does after its start: a file → a lake, all batches committed. */
export const ingest = ({
  input,
  output,
  contract = "all",
  threads = 1,
  adds = false
}: Omit<Job & { readonly kind: "ingest" }, "kind">): Prepared =>
  intoLake(output, filesSource({ input, format: "lines", arrivedAt: 0 }), { contract, threads, adds })

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

/** The core that it is compared with has one thread. */
const ordinary = { contract: "all", threads: 1, adds: false } as const

const intoLake = (
  output: string,
  open: Effect.Effect<Source, SourceError, Scope.Scope>,
  how: { readonly contract: ContractName; readonly threads: number; readonly adds: boolean } = ordinary
): Prepared => {
  const contract = compileContract(contracts[how.contract])
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
      threads: how.threads,
      contracts: project
    })
    return counts.rows
  })
  return {
    reset: () => {
      if (!how.adds) rmSync(output, { recursive: true, force: true })
    },
    run: () => Effect.runPromise(once.pipe(Effect.scoped, Effect.provide(localStore(output))))
  }
}
