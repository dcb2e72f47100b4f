import { Effect } from "effect"
import type { KinesisApi, StreamRecord } from "../../src/stream/kinesis/api.ts"
import { awsKinesis } from "../../src/stream/kinesis/aws-kinesis.ts"
import { listAllShards } from "../../src/stream/kinesis/list-shards.ts"
import { emulatorEnvironment } from "./kinesis-local.ts"

/** All that is in a stream, shard by shard. */
export const recordsOf = (api: KinesisApi, stream: string): Effect.Effect<ReadonlyArray<StreamRecord>> =>
  Effect.gen(function* () {
    const records: Array<StreamRecord> = []
    for (const { shardId } of yield* listAllShards(api, stream)) {
      let iterator: string | null = yield* api.getShardIterator(stream, shardId, { type: "TRIM_HORIZON" })
      while (iterator !== null) {
        const page: Effect.Success<ReturnType<KinesisApi["getRecords"]>> = yield* api.getRecords(iterator, 10_000)
        // Pages may give their memory to the next one.
        for (const record of page.records) records.push({ ...record, data: Buffer.from(record.data) })
        iterator = page.records.length === 0 && page.millisBehindLatest === 0 ? null : page.nextIterator
      }
    }
    return records
  }).pipe(Effect.orDie)

/** All that is in a stream of an emulator. */
export const recordsIn = (endpoint: string, stream: string): Promise<ReadonlyArray<StreamRecord>> => {
  Object.assign(process.env, emulatorEnvironment)
  return Effect.runPromise(Effect.scoped(Effect.orDie(Effect.flatMap(awsKinesis({ endpoint }), (api) => recordsOf(api, stream)))))
}
