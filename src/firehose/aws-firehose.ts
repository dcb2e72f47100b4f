import { Effect, type Scope } from "effect"
import { type CallFailed, openCaller, type ServicePlace } from "../record/aws-call.ts"
import type { FirehoseApi } from "./api.ts"

/** Firehose by the AWS SDK, which is loaded here. Closed with the scope. A call is tried again while that may help: a record that is there twice is no harm. */
export const awsFirehose = (place: ServicePlace): Effect.Effect<FirehoseApi, CallFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const sdk = yield* Effect.promise(() => import("./sdk.ts"))
    const firehose = yield* openCaller(place, async (config) => new sdk.FirehoseClient(config))
    return {
      putRecordBatch: (stream, records) =>
        Effect.map(
          firehose.call("PutRecordBatch", (client, abort) =>
            client.send(new sdk.PutRecordBatchCommand({ DeliveryStreamName: stream, Records: records.map((Data) => ({ Data })) }), abort)
          ),
          ({ FailedPutCount = 0, RequestResponses = [] }) =>
            records.map((_, i) => {
              const { RecordId, ErrorCode = "no answer" } = RequestResponses[i] ?? {}
              return FailedPutCount === 0 || RecordId !== undefined ? null : ErrorCode
            })
        )
    }
  })
