import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { storeTransport } from "../../src/lineage/store-transport.ts"
import { makeLocalStore } from "../../src/store/local-store.ts"
import { makeFaultyStore } from "../store/faulty-store.ts"

it.effect("events become objects, named in the order in which they were sent", () =>
  Effect.gen(function* () {
    const folder = mkdtempSync(join(tmpdir(), "sluice-lineage-"))
    yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true })))
    const { store, failNext } = makeFaultyStore(yield* makeLocalStore(folder))
    const { send, name } = storeTransport(store, "lineage")
    assert.strictEqual(name, `${store.root}/lineage`)
    yield* TestClock.setTime(Date.UTC(2026, 10, 20, 23, 59, 59, 999))
    yield* send('{"n":1}')
    yield* TestClock.adjust("1 millis")
    yield* send('{"n":2}')
    failNext("put", "lineage/", "Denied")
    assert.strictEqual((yield* Effect.flip(send('{"n":3}'))).reason, "Unwritable")
    const keys = (yield* Stream.runCollect(store.list("lineage/"))).map(({ key }) => key)
    assert.deepStrictEqual(
      keys.map((key) => key.slice(0, 31)),
      ["lineage/2026-11-20/23-59-59.999", "lineage/2026-11-21/00-00-00.000"]
    )
    const texts = yield* Effect.forEach(keys, (key) => Effect.map(store.get(key), (bytes) => new TextDecoder().decode(bytes)))
    assert.deepStrictEqual(texts, ['{"n":1}\n', '{"n":2}\n'])
  })
)
