import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { localStream } from "../../../src/stream/local/local-stream.ts"
import { worldOf } from "../../simulation/kinesis/support.ts"
import { streamSuite } from "../stream-suite.ts"

const pass = (millis: number) => TestClock.adjust(millis)

streamSuite("simulated Kinesis", (shards) => Effect.map(worldOf({ shards }), ({ api }) => ({ api, pass })))

streamSuite("a folder", (shards) =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "sluice-stream-"))),
      (made) => Effect.sync(() => rmSync(made, { recursive: true }))
    )
    const api = yield* localStream({ folder, shards })
    yield* api.claim
    return { api, pass }
  })
)
