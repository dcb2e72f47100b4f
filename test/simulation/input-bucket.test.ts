import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { InputBucket } from "./input-bucket.ts"

const make = (options: { readonly isVersioned: boolean; readonly mayList?: boolean }) => {
  const world = { now: 1000 }
  const bucket = new InputBucket({ name: "in", mayList: true, ...options, now: () => world.now })
  const reader = bucket.reader((_, request) => request)
  /** What is read, or the name of the error and what the program makes of it. */
  const read = (object: { readonly key: string; readonly versionId?: string | null; readonly etag?: string }, start = 0, end = 100) =>
    Effect.runSync(
      Effect.map(Effect.result(reader.read({ bucket: "in", versionId: null, etag: null, ...object }, start, end)), (result) => {
        if (Result.isSuccess(result)) return Buffer.from(result.success).toString()
        const { cause, verdict } = result.failure
        return `${cause instanceof Error ? cause.name : ""} ${verdict.exists ? "exists" : verdict.reason}`
      })
    )
  const put = (key: string, text: string) => bucket.put(key, Buffer.from(text))
  return { bucket, put, read, world }
}

describe("simulated input bucket", () => {
  it("keeps what is overwritten and deleted, where it keeps versions", () => {
    const { bucket, put, read } = make({ isVersioned: true })
    const [first, second] = [put("a", "first"), put("a", "second")]
    bucket.delete("a")
    for (const [{ versionId, etag }, text] of [
      [first, "first"],
      [second, "second"]
    ] as const)
      assert.strictEqual(read({ key: "a", versionId, etag }), text)
    assert.strictEqual(read({ key: "a" }), "NoSuchKey NotFound")
    bucket.deleteVersion(first)
    assert.match(read({ key: "a", versionId: first.versionId }), /^NoSuchVersion /)
    assert.deepStrictEqual([bucket.wasGone(first), bucket.wasGone(second)], [true, false])
  })

  it("has what was written last, where it keeps none, and never gives it for another content", () => {
    const { bucket, put, read } = make({ isVersioned: false })
    const [first, second] = [put("a", "first"), put("a", "second")]
    assert.isTrue(BigInt(`0x${second.sequencer}`) > BigInt(`0x${first.sequencer}`))
    assert.strictEqual(read({ key: "a", etag: first.etag }), "PreconditionFailed exists")
    assert.strictEqual(read({ key: "a", etag: second.etag }, 1, 3), "ec")
    bucket.delete("a")
    assert.strictEqual(read({ key: "a", etag: second.etag }), "NoSuchKey NotFound")
    const again = put("a", "second")
    assert.strictEqual(read({ key: "a", etag: second.etag }), "second")
    assert.deepStrictEqual(
      [first, second, again].map((each) => bucket.wasGone(each)),
      [true, true, false]
    )
  })

  it("answers who may not read, or not list, and who asks for bytes of nothing", () => {
    const { bucket, put, read, world } = make({ isVersioned: false, mayList: false })
    put("a", "text")
    put("empty", "")
    bucket.forbid("a", 2000)
    assert.strictEqual(read({ key: "a" }), "AccessDenied Denied")
    world.now = 2000
    assert.strictEqual(read({ key: "a" }), "text")
    assert.deepStrictEqual([bucket.wasForbidden("a"), bucket.wasForbidden("empty")], [true, false])
    assert.strictEqual(read({ key: "none" }), "AccessDenied Denied")
    assert.match(read({ key: "empty" }), /^InvalidRange /)
  })
})
