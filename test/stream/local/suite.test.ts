import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { localStream } from "../../../src/stream/local/local-stream.ts"
import { worldOf } from "../../simulation/kinesis/support.ts"
import { streamSuite } from "../stream-suite.ts"
import { temporaryFolder } from "./temporary-folder.ts"

const pass = (millis: number) => TestClock.adjust(millis)

streamSuite("simulated Kinesis", (shards) => Effect.map(worldOf({ shards }), ({ api }) => ({ api, pass })))

streamSuite("a folder", (shards) =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const api = yield* localStream({ folder, shards })
    yield* api.claim
    return { api, pass }
  })
)
