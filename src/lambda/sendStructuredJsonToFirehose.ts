import { Effect, Layer } from "effect"
import { storeOf } from "../app/lake.ts"
import { sendObjects } from "../app/send-objects.ts"
import { lakeNames } from "../app/settings.ts"
import { awsFirehose } from "../firehose/aws-firehose.ts"
import { handleObjects } from "../firehose/messages.ts"
import { neverOfObjects, queueMapping } from "./actions.ts"
import { announcements } from "./announcements.ts"
import { handlerOf } from "./handler.ts"

/** Objects of structured JSON → the delivery stream of their dataset, line by line. What is announced twice is delivered twice: the table for users has each once. */
export const handler = handlerOf({
  name: "sendStructuredJsonToFirehose",
  settings: [...lakeNames, "deliveryStreams", "firehoseEndpoint"],
  actions: { structured_json: ["s3:GetObject"], errors: ["s3:PutObject"], streams: ["firehose:PutRecordBatch"] },
  mapping: queueMapping,
  never: [...neverOfObjects, "s3.ListObjectsV2"],
  takes: announcements,
  open: (values) =>
    Effect.gen(function* () {
      // What it writes is the same each time, so no condition of the store is to be tried first, which would take rights to more of the lake.
      const store = yield* Layer.build(storeOf(values, "read"))
      return { api: yield* awsFirehose({ region: values.region, endpoint: values.firehoseEndpoint }), store, values }
    }),
  handle: ({ api, store, values }, event, { deadline }) =>
    handleObjects(event, (objects, handling) => sendObjects(api, values.deliveryStreams, objects, deadline, handling), deadline).pipe(
      Effect.provide(store)
    )
})
