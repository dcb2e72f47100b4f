import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { kinesisSource } from "../../../src/source/kinesis/kinesis.ts"
import { localStream } from "../../../src/stream/local/local-stream.ts"
import { temporaryFolder } from "../../stream/local/temporary-folder.ts"
import { sourceSuite } from "../source-suite.ts"
import { asTimePasses } from "./consume.ts"

sourceSuite(
  "a stream in a folder",
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    // Segments of a call or two: reading goes on from one file to the next.
    yield* Effect.scoped(
      Effect.gen(function* () {
        const writer = yield* localStream({ folder, shards: 3, segmentBytes: 500 })
        for (let call = 0; call < 4; call++) {
          const numbers = Array.from({ length: 15 }, (_, i) => 15 * call + i)
          yield* writer.putRecords(
            "orders",
            numbers.map((n) => ({ partitionKey: `k${n}`, data: Buffer.from(`{"n":${n}}`) }))
          )
          yield* TestClock.adjust(1000)
        }
      })
    ).pipe(Effect.orDie)
    const api = yield* localStream({ folder })
    const stream = yield* Effect.orDie(api.name)
    return asTimePasses(
      yield* kinesisSource({ name: "stream", api, stream, initial: { type: "TRIM_HORIZON" }, follow: false, callMillis: 0 })
    )
  })
)
