import { randomUUID } from "node:crypto"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { S3 } from "@aws-sdk/client-s3"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Scope, Stream } from "effect"
import type { S3Settings } from "../../src/store/s3-client.ts"
import { makeS3Store, s3Store } from "../../src/store/s3-store.ts"
import { partBytes } from "../../src/store/s3-upload.ts"
import type { StoreShape } from "../../src/store/store.ts"
import { storeSuite } from "../store/store-suite.ts"
import { type FaultyProxy, startProxy } from "./faulty-proxy.ts"
import { type Moto, motoEnvironment, startMoto } from "./moto.ts"
import { startVersitygw, type Versitygw } from "./versitygw.ts"

Object.assign(process.env, motoEnvironment)

let moto: Moto
let proxy: FaultyProxy
let bucket: string
let versitygw: Versitygw
let folderBucket: string
beforeAll(async () => {
  versitygw = await startVersitygw()
  folderBucket = await versitygw.bucket()
  moto = await startMoto()
  proxy = await startProxy(moto.endpoint)
  bucket = await moto.bucket()
})
afterAll(async () => {
  await proxy.stop()
  await moto.stop()
  await versitygw.stop()
})

const fresh = (endpoint: string, more: Partial<S3Settings> = {}) => ({
  bucket,
  prefix: `a lake/ü+%/${randomUUID()}`,
  endpoint,
  probe: true,
  ...more
})

// moto's router does not take a key with a line feed.
storeSuite("S3 store", Layer.fresh(Layer.unwrap(Effect.sync(() => s3Store(fresh(moto.endpoint))))), ["a\nb"])

storeSuite(
  "S3 store of another server",
  Layer.fresh(Layer.unwrap(Effect.sync(() => s3Store({ ...fresh(versitygw.endpoint), bucket: folderBucket }))))
)

setFlagsFromString("--expose-gc")
/** Collects all garbage. */
const collect: () => void = runInNewContext("gc")

/** A store behind the proxy; `seen` begins empty. */
const behindProxy = (body: (store: StoreShape) => Effect.Effect<void, unknown, Scope.Scope>, more: Partial<S3Settings> = {}) =>
  Effect.scoped(
    Effect.gen(function* () {
      const store = yield* makeS3Store(fresh(proxy.endpoint, more))
      proxy.seen.length = 0
      yield* body(store)
    })
  )

const bytes = (text: string) => new TextEncoder().encode(text)
const textOf = (content: Uint8Array) => new TextDecoder().decode(content)
const keysOf = (store: StoreShape) => Effect.map(Stream.runCollect(store.list("")), (all) => all.map(({ key }) => key))
const is = (method: string) => (seen: string) => seen === method
const error = (status: number, code: string) => ({ status, code })
const patterned = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 13)) & 255)

describe("conditional puts whose outcome is in doubt", () => {
  it.live("an answer that got lost is in doubt, whether the put arrived or not, and is not tried again", () =>
    behindProxy((store) =>
      Effect.gen(function* () {
        for (const arrives of [true, false]) {
          for (const answer of ["cut", error(500, "InternalError"), error(503, "SlowDown"), error(503, "ServiceUnavailable")] as const) {
            const key = `log/${arrives}-${typeof answer === "string" ? answer : answer.code}`
            proxy.next(is("PUT"), { arrives, answer })
            const failed = yield* Effect.flip(store.putIfAbsent(key, bytes("mine")))
            assert.strictEqual(failed.reason, "Ambiguous", key)
            assert.strictEqual(
              proxy.seen.filter((line) => line.startsWith("PUT") && line.includes(encodeURIComponent(key.slice(4)))).length,
              1
            )
            // And the rule for the caller holds: calling again tells.
            assert.strictEqual(yield* store.putIfAbsent(key, bytes("mine")), arrives ? "exists" : "created")
          }
        }
      })
    )
  )

  it.live("no answer in time is in doubt", () =>
    behindProxy(
      (store) =>
        Effect.gen(function* () {
          proxy.next(is("PUT"), { arrives: true, answer: "hang" })
          assert.strictEqual((yield* Effect.flip(store.putIfAbsent("slow", bytes("mine")))).reason, "Ambiguous")
          assert.strictEqual(textOf(yield* store.get("slow")), "mine")
        }),
      { idleMillis: 500 }
    )
  )

  it.live("a conflict with a put on its way is tried again; so is a request that S3 has not taken", () =>
    behindProxy((store) =>
      Effect.gen(function* () {
        proxy.next(is("PUT"), { arrives: false, answer: error(409, "ConditionalRequestConflict") }, 3)
        assert.strictEqual(yield* store.putIfAbsent("a", bytes("1")), "created")
        proxy.next(is("PUT"), { arrives: false, answer: error(403, "RequestTimeTooSkewed") })
        proxy.next(is("PUT"), { arrives: false, answer: error(429, "TooManyRequests") })
        assert.strictEqual(yield* store.putIfAbsent("b", bytes("1")), "created")
        assert.strictEqual(proxy.seen.length, 7)
      })
    )
  )

  it.live(
    "who cannot connect has certainly not written",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const gone = yield* Effect.promise(() => startProxy(moto.endpoint))
          const store = yield* makeS3Store(fresh(gone.endpoint))
          yield* Effect.promise(gone.stop)
          assert.strictEqual((yield* Effect.flip(store.putIfAbsent("a", bytes("1")))).reason, "Unavailable")
        })
      ),
    30_000
  )
})

describe("what may be done twice", () => {
  it.live("is done again until it succeeds", () =>
    behindProxy((store) =>
      Effect.gen(function* () {
        proxy.next(is("PUT"), { arrives: true, answer: "cut" })
        proxy.next(is("PUT"), { arrives: false, answer: error(503, "SlowDown") })
        yield* store.put("a", bytes("hello"))
        proxy.next(is("GET"), { arrives: true, answer: "half" }, 2)
        proxy.next(is("GET"), { arrives: false, answer: error(500, "InternalError") })
        assert.strictEqual(textOf(yield* store.get("a")), "hello")
        proxy.next(is("GET"), { arrives: true, answer: "half" })
        assert.deepStrictEqual(yield* keysOf(store), ["a"])
        proxy.next(is("HEAD"), { arrives: false, answer: error(503, "SlowDown") })
        assert.strictEqual((yield* store.head("a")).size, 5)
        proxy.next(is("POST"), { arrives: true, answer: "cut" })
        yield* store.delete(["a", "b"])
        assert.deepStrictEqual(yield* keysOf(store), [])
      })
    )
  )

  it.live("and then says why it could not", () =>
    behindProxy((store) =>
      Effect.gen(function* () {
        proxy.next(is("GET"), { arrives: false, answer: error(403, "AccessDenied") })
        const denied = yield* Effect.flip(store.get("a"))
        assert.strictEqual(denied.reason, "Denied")
        assert.include(denied.hint, "s3:ListBucket")
        assert.strictEqual(proxy.seen.length, 1)
        proxy.next(is("GET"), {
          arrives: false,
          answer: { status: 301, code: "PermanentRedirect", headers: { "x-amz-bucket-region": "ap-south-1" } }
        })
        const moved = yield* Effect.flip(store.get("a"))
        assert.strictEqual(moved.reason, "Invalid")
        assert.include(moved.hint, "ap-south-1")
        const elsewhere = yield* makeS3Store({ ...fresh(moto.endpoint), bucket: "no-such-bucket", probe: false })
        assert.strictEqual((yield* Effect.flip(keysOf(elsewhere))).reason, "Invalid")
        assert.strictEqual((yield* Effect.flip(elsewhere.get("a"))).reason, "Invalid")
      })
    )
  )
})

describe("large objects", () => {
  it.live("go in parts, and come back whole", () =>
    behindProxy((store) =>
      Effect.gen(function* () {
        const content = patterned(2.5 * partBytes)
        const upload = yield* store.upload("big")
        for (let at = 0; at < content.byteLength; at += 3_000_001) {
          // What is written may be used again by the writer: it must have been copied.
          const piece = content.slice(at, at + 3_000_001)
          yield* upload.write(piece)
          piece.fill(0)
        }
        proxy.next((method, url) => method === "PUT" && url.includes("partNumber=3"), {
          arrives: false,
          answer: error(500, "InternalError")
        })
        assert.deepStrictEqual(yield* upload.finish, { size: content.byteLength })
        assert.isTrue(Buffer.from(yield* store.get("big")).equals(content))
        assert.strictEqual(proxy.seen.filter((line) => line.includes("partNumber=")).length, 4)
        assert.strictEqual(yield* store.sweep("", Number.MAX_SAFE_INTEGER), 0)
      })
    )
  )

  it.live("go in parts to another server as well", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const store = yield* makeS3Store({ ...fresh(versitygw.endpoint), bucket: folderBucket })
        const content = patterned(2.5 * partBytes)
        const upload = yield* store.upload("big")
        yield* upload.write(content)
        assert.deepStrictEqual(yield* upload.finish, { size: content.byteLength })
        assert.isTrue(Buffer.from(yield* store.get("big")).equals(content))
      })
    )
  )

  it.live("are there although the answer to their completion got lost", () =>
    behindProxy((store) =>
      Effect.gen(function* () {
        yield* store.put("big", patterned(2 * partBytes))
        const upload = yield* store.upload("big")
        yield* upload.write(patterned(2 * partBytes))
        proxy.next((method, url) => method === "POST" && url.includes("uploadId="), { arrives: true, answer: "cut" })
        assert.deepStrictEqual(yield* upload.finish, { size: 2 * partBytes })
        // An object of another upload under the same key is not taken for ours.
        const second = yield* store.upload("big")
        yield* second.write(patterned(2 * partBytes))
        proxy.next((method, url) => method === "POST" && url.includes("uploadId="), { arrives: false, answer: error(404, "NoSuchUpload") })
        assert.notStrictEqual((yield* Effect.flip(second.finish)).reason, "NotFound")
      })
    )
  )

  it.live("fail with the part that fails", () =>
    behindProxy((store) =>
      Effect.gen(function* () {
        proxy.next((method, url) => method === "PUT" && url.includes("partNumber=1"), {
          arrives: false,
          answer: error(403, "AccessDenied")
        })
        const upload = yield* store.upload("big")
        const failed = yield* Effect.flip(
          Effect.andThen(
            Effect.forEach(Array.from({ length: 4 }), () => upload.write(patterned(partBytes)), { discard: true }),
            upload.finish
          )
        )
        assert.strictEqual(failed.reason, "Denied")
        assert.deepStrictEqual(yield* keysOf(store), [])
      })
    )
  )

  it.live("leave nothing when they are given up, and what a crash leaves is swept", () =>
    behindProxy((store) =>
      Effect.gen(function* () {
        const givenUp = yield* Scope.make()
        const upload = yield* Scope.provide(store.upload("x/given up"), givenUp)
        yield* upload.write(patterned(2 * partBytes + 1))
        yield* Scope.close(givenUp, Exit.fail("changed my mind"))
        assert.strictEqual(yield* store.sweep("", Number.MAX_SAFE_INTEGER), 0)

        const crashed = yield* Scope.make()
        for (const key of ["x/crashed", "x/crashed too", "y/crashed"]) {
          const unfinished = yield* Scope.provide(store.upload(key), crashed)
          yield* unfinished.write(patterned(2 * partBytes + 1))
        }
        // The process ends without closing its scope: nobody aborts. moto says of every upload that it began in 2010.
        assert.strictEqual(yield* store.sweep("", Date.UTC(2010, 0)), 0)
        assert.strictEqual(yield* store.sweep("x/", Number.MAX_SAFE_INTEGER), 2)
        assert.strictEqual(yield* store.sweep("", Number.MAX_SAFE_INTEGER), 1)
        assert.deepStrictEqual(yield* keysOf(store), [])
      })
    )
  )

  it.live("are taken over from files, which are gone afterwards", () =>
    behindProxy((store) =>
      Effect.gen(function* () {
        const folder = mkdtempSync(join(tmpdir(), "sluice-s3-"))
        for (const size of [0, 5, partBytes, partBytes + 1, 3 * partBytes]) {
          const content = patterned(size)
          const path = join(folder, "file")
          writeFileSync(path, content)
          assert.deepStrictEqual(yield* store.putFile(`f/${size}`, path), { size })
          assert.isFalse(existsSync(path))
          assert.isTrue(Buffer.from(yield* store.get(`f/${size}`)).equals(content))
        }
        assert.strictEqual((yield* Effect.flip(store.putFile("x", join(folder, "none")))).reason, "NotFound")
        rmSync(folder, { recursive: true })
      })
    )
  )

  it.live("hold few parts in memory, however many uploads there are", () =>
    behindProxy((store) =>
      Effect.gen(function* () {
        const block = patterned(1_000_000)
        const before = process.memoryUsage().arrayBuffers
        const limit = 160_000_000
        let most = 0
        yield* Effect.forEach(
          Array.from({ length: 6 }, (_, i) => `many/${i}`),
          (key) =>
            Effect.scoped(
              Effect.gen(function* () {
                const upload = yield* store.upload(key)
                for (let i = 0; i < 40; i++) {
                  yield* upload.write(block)
                  // What is freed goes late, later on a busy machine: only what is held counts.
                  if (process.memoryUsage().arrayBuffers - before > limit) collect()
                  most = Math.max(most, process.memoryUsage().arrayBuffers - before)
                }
                yield* upload.finish
              })
            ),
          { concurrency: "unbounded", discard: true }
        )
        // Six buffers that fill, four parts on their way; the proxy of this test holds those too.
        assert.isBelow(most, limit)
      })
    )
  )
})

describe("settings", () => {
  it.live("every object is encrypted with the key that is named", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const key = "arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d"
        const settings = fresh(moto.endpoint, { kmsKey: key })
        const store = yield* makeS3Store(settings)
        yield* store.put("a", bytes("1"))
        yield* store.putIfAbsent("b", bytes("1"))
        const upload = yield* store.upload("c")
        yield* upload.write(patterned(partBytes + 1))
        yield* upload.finish
        const s3 = new S3({ endpoint: moto.endpoint, forcePathStyle: true })
        for (const name of ["a", "b", "c"]) {
          const found = yield* Effect.promise(() => s3.headObject({ Bucket: bucket, Key: `${settings.prefix}/${name}` }))
          assert.strictEqual(found.ServerSideEncryption, "aws:kms", name)
          assert.strictEqual(found.SSEKMSKeyId, key, name)
          // moto forgets this of what came in parts.
          if (name !== "c") assert.strictEqual(found.BucketKeyEnabled, true, name)
        }
        s3.destroy()
      })
    )
  )

  it.live("a lake may have the whole bucket, or share it", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const own = { ...fresh(moto.endpoint), bucket: yield* Effect.promise(moto.bucket), prefix: "" }
        const whole = yield* makeS3Store(own)
        const part = yield* makeS3Store({ ...own, prefix: "/part/" })
        assert.strictEqual(whole.root, `s3://${own.bucket}`)
        assert.strictEqual(part.root, `s3://${own.bucket}/part`)
        yield* part.put("a/b", bytes("1"))
        yield* whole.put("part2", bytes("2"))
        assert.deepStrictEqual(yield* keysOf(part), ["a/b"])
        assert.deepStrictEqual(yield* keysOf(whole), ["part/a/b", "part2"])
        assert.strictEqual((yield* Effect.flip(makeS3Store({ ...own, prefix: "a//b" }))).reason, "Invalid")
      })
    )
  )

  it.live("the probe leaves nothing behind, and takes a doubtful start for none", () =>
    Effect.scoped(
      Effect.gen(function* () {
        proxy.next(is("PUT"), { arrives: true, answer: "cut" })
        const store = yield* makeS3Store(fresh(proxy.endpoint))
        assert.deepStrictEqual(yield* keysOf(store), [])
      })
    )
  )
})
