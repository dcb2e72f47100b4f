import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Deferred, Effect, Layer } from "effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { BuilderPool } from "../../src/ingest/builder-pool.ts"
import { OpenFiles } from "../../src/ingest/open-files.ts"
import { byDate, PartitionedRows } from "../../src/ingest/partitioned-rows.ts"
import { deadLetterColumns } from "../../src/record/dead-letter.ts"
import { localStore } from "../../src/store/local-store.ts"
import { Store, StoreError, type StoreShape } from "../../src/store/store.ts"

const day = 86_400_000
let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-open-files-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

type Finish = Effect.Effect<{ readonly size: number }, StoreError>

/** A store of which `around` is what becomes of the end of an upload. */
const storeWith = (around: (key: string, finish: Finish) => Finish) =>
  Layer.effect(
    Store,
    Effect.map(
      Store,
      (store): StoreShape => ({
        ...store,
        upload: (key) => Effect.map(store.upload(key), (upload) => ({ ...upload, finish: around(key, upload.finish) }))
      })
    )
  ).pipe(Layer.provide(localStore(folder)))

/** Finishes files of so many days. */
const finishFiles = (days: number, around: (key: string, finish: Finish) => Finish) =>
  Effect.gen(function* () {
    const rows = new PartitionedRows(new BuilderPool(deadLetterColumns), byDate, 1 << 20)
    for (let i = 0; i < days; i++)
      rows.columnsFor(i * day).append(["orders", "not_json", null, null, "", new Uint8Array(9), 9n, "files", "0", "1", 0n, 0n, null])
    const files = new OpenFiles("dead_letters", deadLetterColumns, byDate, "tag")
    yield* files.appendAll(rows.rest())
    return yield* files.finish(1)
  }).pipe(Effect.scoped, Effect.provide(storeWith(around)))

describe("the files of a batch", () => {
  it("are finished four at a time, and told in order", async () => {
    const four = Deferred.makeUnsafe<void>()
    let [now, most] = [0, 0]
    const added = await Effect.runPromise(
      finishFiles(10, (_, finish) =>
        Effect.gen(function* () {
          most = Math.max(most, ++now)
          // With fewer at a time nobody would go on.
          if (now === 4) yield* Deferred.succeed(four, undefined)
          yield* Deferred.await(four)
          const done = yield* finish
          now--
          return done
        })
      )
    )
    expect(most).toBe(4)
    expect(added.map(({ partitionValues }) => partitionValues["ingest_date"])).toEqual(
      Array.from({ length: 10 }, (_, i) => `1970-01-${String(i + 1).padStart(2, "0")}`)
    )
    expect(added.every(({ path, size }) => size > 0 && existsSync(join(folder, "dead_letters", path)))).toBe(true)
  })

  it("fail together where one does, and leave nothing that was not finished", async () => {
    const error = new StoreError({ operation: "upload", key: "x", reason: "Unavailable", hint: "This is a test." })
    const failing = finishFiles(10, (key, finish) => (key.includes("1970-01-03") ? Effect.fail(error) : finish))
    await expect(Effect.runPromise(failing)).rejects.toMatchObject({ reason: "Unavailable" })
    const left = readdirSync(folder, { recursive: true }).filter((path) => /1970-01-(03|08|09|10).*parquet/.test(String(path)))
    expect(left).toEqual([])
  })
})
