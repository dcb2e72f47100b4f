import { existsSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { localUpload } from "../../src/duckdb/local-upload.ts"
import { freshFolder } from "../repartition/lake.ts"

describe("a file outside of the store that cannot be written", () => {
  // Writing to it fails as on a disk that is full.
  it.live.skipIf(!existsSync("/dev/full"))("says that there is no room, and nothing of a store", () =>
    Effect.gen(function* () {
      const { write } = yield* localUpload("/dev/full")
      const { message, reason } = yield* Effect.flip(write(Uint8Array.of(1)))
      assert.deepStrictEqual([reason, message.match(/no space left.*TMPDIR/)?.length], ["Full", 1])
    }).pipe(Effect.scoped)
  )

  it.live("says where it should have been, and nothing of a store", () =>
    Effect.gen(function* () {
      const path = join(yield* freshFolder(), "gone", "a.parquet")
      const { message } = yield* Effect.flip(localUpload(path))
      assert.match(message, /gone\/a\.parquet.*TMPDIR/)
      assert.notMatch(message, /store/)
    }).pipe(Effect.scoped)
  )
})
