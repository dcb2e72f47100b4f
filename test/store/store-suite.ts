import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, type Layer, Scope, Stream } from "effect"
import { compareKeys } from "../../src/store/keys.ts"
import { Store, type StoreError } from "../../src/store/store.ts"

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (content: Uint8Array) => new TextDecoder().decode(content)
const reasonOf = <A, R>(effect: Effect.Effect<A, StoreError, R>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.isAbove(error.hint.length, 10)
    assert.include(error.message, error.operation)
    return error.reason
  })
const keysOf = (store: Store["Service"], prefix: string, startAfter?: string) =>
  Effect.map(Stream.runCollect(store.list(prefix, startAfter === undefined ? {} : { startAfter })), (found) => found.map(({ key }) => key))

/**
 * What every store must do.
 *
 * @param layer gives a fresh, empty store each time it is built
 * @param unaskable keys that the server behind the store cannot be asked for, through no fault of the store
 */
export const storeSuite = (name: string, layer: Layer.Layer<Store, unknown>, unaskable: ReadonlyArray<string> = []): void => {
  describe(name, () => {
    const test = (title: string, body: (store: Store["Service"]) => Effect.Effect<void, unknown, Scope.Scope>) =>
      it.live(title, () => Effect.scoped(Effect.flatMap(Store, body)).pipe(Effect.provide(layer)))

    test("gives back what was put, whole and in ranges", (store) =>
      Effect.gen(function* () {
        yield* store.put("a/b/c", bytes("hello"))
        assert.strictEqual(text(yield* store.get("a/b/c")), "hello")
        assert.strictEqual(text(yield* store.getRange("a/b/c", 1, 3)), "el")
        assert.strictEqual(text(yield* store.getRange("a/b/c", 3, 99)), "lo")
        assert.strictEqual((yield* store.getRange("a/b/c", 2, 2)).byteLength, 0)
        const info = yield* store.head("a/b/c")
        assert.strictEqual(info.key, "a/b/c")
        assert.strictEqual(info.size, 5)
        assert.isAbove(info.modifiedAt, Date.UTC(2020))
        yield* store.put("a/b/c", bytes("x"))
        assert.strictEqual(text(yield* store.get("a/b/c")), "x")
        yield* store.put("empty", new Uint8Array(0))
        assert.strictEqual((yield* store.get("empty")).byteLength, 0)
      }))

    test("says NotFound for what is not there", (store) =>
      Effect.gen(function* () {
        assert.strictEqual(yield* reasonOf(store.get("no/such")), "NotFound")
        assert.strictEqual(yield* reasonOf(store.head("no/such")), "NotFound")
        assert.strictEqual(yield* reasonOf(store.getRange("no/such", 0, 1)), "NotFound")
        yield* store.delete(["no/such"])
        assert.deepStrictEqual(yield* keysOf(store, "no/"), [])
      }))

    test("refuses keys that are none, or leave the root", (store) =>
      Effect.gen(function* () {
        for (const key of ["", "/abs", "../up", "a/../../b", "a//b", "a/", "./a", "a/.", "a\0b", "a/\ud800"]) {
          assert.strictEqual(yield* reasonOf(store.put(key, bytes("x"))), "Invalid", JSON.stringify(key))
          assert.strictEqual(yield* reasonOf(store.get(key)), "Invalid", JSON.stringify(key))
          assert.strictEqual(yield* reasonOf(store.putIfAbsent(key, bytes("x"))), "Invalid", JSON.stringify(key))
          assert.strictEqual(yield* reasonOf(store.delete([key])), "Invalid", JSON.stringify(key))
          assert.isNull(store.localPath(key))
        }
        assert.strictEqual(yield* reasonOf(store.getRange("a", 3, 1)), "Invalid")
      }))

    test("takes keys with any character", (store) =>
      Effect.gen(function* () {
        const keys = ["_2=bar+%2521/a b", "d=x:y/ü€😀", "q?#&%20/'\"\\", "....a", ".hidden/x", "~", "a\nb", `${"l".repeat(200)}/m`].filter(
          (key) => !unaskable.includes(key)
        )
        for (const key of keys) {
          yield* store.put(key, bytes(key))
          assert.strictEqual(yield* store.putIfAbsent(key, bytes("other")), "exists")
        }
        for (const key of keys) assert.strictEqual(text(yield* store.get(key)), key)
        assert.deepStrictEqual(yield* keysOf(store, ""), keys.toSorted(compareKeys))
        yield* store.delete(keys)
        assert.deepStrictEqual(yield* keysOf(store, ""), [])
      }))

    test("lists by prefix, in the order of UTF-8 bytes, at any depth, after a key", (store) =>
      Effect.gen(function* () {
        // "a-b" < "a.b" < "a/b" < "a0b": a folder must not come before its siblings with smaller characters.
        const keys = ["a-b", "a.b", "a/b", "a/b.c/d", "a/bc", "a/😀", "a/\uff5e", "a0b", "b"].toSorted(compareKeys)
        yield* Effect.forEach(keys.toReversed(), (key) => store.put(key, bytes("1")), { discard: true })
        assert.isBelow(keys.indexOf("a/\uff5e"), keys.indexOf("a/😀"))
        assert.deepStrictEqual(yield* keysOf(store, ""), keys)
        assert.deepStrictEqual(
          yield* keysOf(store, "a/b"),
          keys.filter((key) => key.startsWith("a/b"))
        )
        assert.deepStrictEqual(
          yield* keysOf(store, "a/"),
          keys.filter((key) => key.startsWith("a/"))
        )
        for (const after of [...keys, "a/", "a/b.c", "a/b.c/zzz", "a/a"])
          assert.deepStrictEqual(
            yield* keysOf(store, "", after),
            keys.filter((key) => compareKeys(key, after) > 0),
            after
          )
      }))

    test("lists thousands", (store) =>
      Effect.gen(function* () {
        const keys = Array.from({ length: 2300 }, (_, i) => `log/${String(i).padStart(20, "0")}.json`)
        yield* Effect.forEach(keys, (key) => store.put(key, bytes("1")), { concurrency: 32, discard: true })
        assert.deepStrictEqual(yield* keysOf(store, "log/"), keys)
        assert.deepStrictEqual(yield* keysOf(store, "log/", keys[2290]), keys.slice(2291))
        yield* store.delete(keys)
        assert.deepStrictEqual(yield* keysOf(store, "log/"), [])
      }))

    test("of 50 racers for a key one wins, and its content stands", (store) =>
      Effect.gen(function* () {
        for (let round = 0; round < 5; round++) {
          const key = `race/${round}.json`
          const racers = Array.from({ length: 50 }, (_, i) => `${i}:${"x".repeat(5000)}`)
          const answers = yield* Effect.forEach(racers, (body) => store.putIfAbsent(key, bytes(body)), { concurrency: "unbounded" })
          const winners = answers.flatMap((answer, i) => (answer === "created" ? [i] : []))
          assert.strictEqual(winners.length, 1)
          assert.strictEqual(text(yield* store.get(key)), racers[winners[0] ?? -1])
        }
        assert.strictEqual((yield* keysOf(store, "")).length, 5)
      }))

    test("never shows half of an object", (store) =>
      Effect.gen(function* () {
        const body = (i: number) => bytes(String.fromCharCode(97 + (i % 26)).repeat(300_000))
        const seen = new Set<number>()
        const look = (key: string) =>
          store.get(key).pipe(
            Effect.tap((content) =>
              Effect.sync(() => {
                seen.add(content.byteLength)
                assert.isTrue(content.every((byte) => byte === content[0]))
              })
            ),
            Effect.catchIf(
              (error) => error.reason === "NotFound",
              () => Effect.void
            )
          )
        yield* Effect.all(
          [
            Effect.forEach(Array.from({ length: 20 }), (_, i) => store.put("over", body(i)), { discard: true }),
            Effect.forEach(Array.from({ length: 20 }), (_, i) => store.putIfAbsent(`new/${i}`, body(i)), { discard: true }),
            Effect.forEach(Array.from({ length: 100 }), (_, i) => Effect.andThen(look("over"), look(`new/${i % 20}`)), { discard: true })
          ],
          { concurrency: "unbounded" }
        )
        assert.isTrue([...seen].every((size) => size === 300_000))
      }))

    test("an upload is invisible until it is finished", (store) =>
      Effect.gen(function* () {
        const upload = yield* store.upload("big/file.parquet")
        for (let i = 0; i < 10; i++) yield* upload.write(bytes(`${i}`.repeat(100_000)))
        assert.deepStrictEqual(yield* keysOf(store, ""), [])
        assert.strictEqual(yield* reasonOf(store.get("big/file.parquet")), "NotFound")
        assert.deepStrictEqual(yield* upload.finish, { size: 1_000_000 })
        const content = yield* store.get("big/file.parquet")
        assert.strictEqual(content.byteLength, 1_000_000)
        assert.strictEqual(text(content.subarray(199_999, 200_001)), "12")
        assert.deepStrictEqual(yield* keysOf(store, ""), ["big/file.parquet"])
      }))

    test("nothing remains of an upload that was given up", (store) =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const upload = yield* Scope.provide(store.upload("big/file"), scope)
        yield* upload.write(bytes("abc"))
        yield* Scope.close(scope, Exit.fail("changed my mind"))
        assert.deepStrictEqual(yield* keysOf(store, ""), [])
        assert.strictEqual(yield* store.sweep("", Number.MAX_SAFE_INTEGER), 0)
        // And a finished one outlives its scope.
        yield* Effect.scoped(
          Effect.gen(function* () {
            const second = yield* store.upload("big/file")
            yield* second.write(bytes("abc"))
            yield* second.finish
          })
        )
        assert.strictEqual(text(yield* store.get("big/file")), "abc")
      }))
  })
}
