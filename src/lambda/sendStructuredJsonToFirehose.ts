import { Effect, Layer } from "effect"
import { storeOf } from "../app/lake.ts"
import { sendObjects } from "../app/send-objects.ts"
import { lakeNames } from "../app/settings.ts"
import { awsFirehose } from "../firehose/aws-firehose.ts"
import { handleObjects } from "../firehose/messages.ts"
import { lakeActions } from "./actions.ts"
import { announcements } from "./announcements.ts"
import { handlerOf } from "./handler.ts"

/** Objects of structured JSON → the delivery stream of their dataset, line by line. What is announced twice is delivered twice: the table for users has each once. */
export const handler = handlerOf({
  name: "sendStructuredJsonToFirehose",
  settings: [...lakeNames, "deliveryStreams", "firehoseEndpoint"],
  actions: { lake: lakeActions, streams: ["firehose:PutRecordBatch"] },
  takes: announcements,
  open: (values) =>
    Effect.gen(function* () {
      const store = yield* Layer.build(storeOf(values, "write"))
      return { api: yield* awsFirehose({ region: values.region, endpoint: values.firehoseEndpoint }), store, values }
    }),
  handle: ({ api, store, values }, event, { deadline }) =>
    handleObjects(event, (objects, handling) => sendObjects(api, values.deliveryStreams, objects, deadline, handling), deadline).pipe(
      Effect.provide(store)
    )
})
