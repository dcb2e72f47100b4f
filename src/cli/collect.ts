import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { hitsNames } from "../app/collect-settings.ts"
import { json } from "./common.ts"
import { hitsSummary, hitsText } from "./hits-text.ts"
import { processMetrics, servePages } from "./metrics-server.ts"
import { print } from "./output.ts"
import { use } from "./settings.ts"
import { Shutdown } from "./shutdown.ts"

const settings = use("port", ...hitsNames)

export const collect = Command.make(
  "collect",
  {
    to: Flag.String("to").pipe(
      Flag.withDescription("Where hits go: the folder of a local stream, which is made if it is not there, or kinesis:NAME."),
      Flag.withMetavar("DIR")
    ),
    settings: settings.flags,
    json
  },
  Effect.fnUntraced(function* (flags) {
    const values = yield* settings.read(flags.settings)
    const shutdown = yield* Shutdown
    let isDraining = false
    const counts = yield* Effect.gen(function* () {
      yield* shutdown.drain
      yield* processMetrics
      // Loaded by who takes hits alone.
      const { serveHits } = yield* Effect.promise(() => import("./hits-server.ts"))
      const server = yield* serveHits(flags.to, values.port, values, () => isDraining)
      if (values.metricsPort !== null) yield* servePages(values.metricsPort, server.pages)
      yield* shutdown.requested
      isDraining = true
      return server.counts
    }).pipe(Effect.scoped)
    const done = hitsSummary(counts)
    yield* print(flags.json, done, () => hitsText(done))
  })
).pipe(
  Command.withDescription("Take hits over HTTP into a stream. What is answered 2xx is stored."),
  Command.withExamples([
    { description: "Into a stream in a folder", command: "sluice collect --to hits --port 8080" },
    { description: "Into a stream of Kinesis", command: "sluice collect --to kinesis:shop-hits --region eu-west-1 --trusted-proxies 1" }
  ])
)
