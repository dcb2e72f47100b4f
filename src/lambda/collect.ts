import { Clock, Effect } from "effect"
import { collectOptionsOf } from "../app/collect-options.ts"
import { collectNames } from "../app/collect-settings.ts"
import { BadConfig } from "../app/failures.ts"
import { kinesisOf } from "../app/kinesis.ts"
import { variableOf } from "../app/settings.ts"
import { Collector } from "../collect/collector.ts"
import { noCounts } from "../collect/counts.ts"
import { answerGateway, gatewayRequest } from "../collect/gateway.ts"
import { groupsOf, putHits } from "../collect/put-hits.ts"
import { handlerOf } from "./handler.ts"

/** Calls of one request at the same time: all of a batch's, but for the largest. */
const calls = 4

/** Requests of an HTTP API of API Gateway → hits in a stream of Kinesis, answered when they are there. The address of the client is the one that the gateway saw. */
export const handler = handlerOf({
  name: "collect",
  settings: ["stream", "region", "endpoint", ...collectNames],
  actions: { stream: ["kinesis:PutRecords"] },
  // The stream is that of the settings.
  never: ["kinesis.DescribeStreamSummary", "kinesis.GetRecords", "kinesis.GetShardIterator", "kinesis.ListShards"],
  takes: { holds: (event) => gatewayRequest(event) !== null, words: "requests of an HTTP API, in the payload format 2.0" },
  open: (values) =>
    Effect.gen(function* () {
      const { stream } = values
      if (stream === null)
        return yield* new BadConfig({
          problem: `${variableOf("stream")} is not set`,
          hint: "Set it to the name of the stream that hits go to."
        })
      // How many come, and from whom, is the gateway's to say.
      const options = yield* collectOptionsOf(values, { trustedProxies: 0, hitsPerSecond: 0 })
      const clock = yield* Clock.Clock
      const collector = new Collector(options, noCounts(), () => clock.currentTimeMillisUnsafe())
      return { api: yield* kinesisOf(values), collector, stream }
    }),
  handle: ({ api, collector, stream }, event, { deadline }) =>
    Effect.gen(function* () {
      const request = gatewayRequest(event)
      if (request === null) return yield* Effect.die("an event that is not taken came through")
      const failures: Array<string> = []
      const onPut = (why: string | null) => {
        if (why !== null) failures.push(why)
      }
      const patience = Math.max(0, deadline - (yield* Clock.currentTimeMillis))
      const answer = yield* answerGateway(collector, request, (hits) =>
        Effect.map(
          Effect.forEach(groupsOf(hits), (group) => putHits({ api, name: stream, onPut }, group, patience), { concurrency: calls }),
          (isStored) => isStored.flat()
        )
      )
      const [why] = failures
      if (why !== undefined) yield* Effect.logError(`hits were not stored: ${why}`)
      return answer
    })
})
