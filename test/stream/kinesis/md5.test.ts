import { createHash, randomBytes } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { md5All } from "../../../src/stream/kinesis/md5.ts"

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")
const agree = (messages: ReadonlyArray<Uint8Array>) =>
  assert.deepStrictEqual(
    md5All(messages).map(hex),
    messages.map((message) => createHash("md5").update(message).digest("hex"))
  )

describe("MD5 of many messages", () => {
  it("is that of each, whatever their lengths", () => {
    // Around the ends of blocks (64 bytes, 9 of them padding) and of what a lane takes in at a time (16,320).
    agree(Array.from({ length: 300 }, (_, i) => randomBytes(i)))
    agree(Array.from({ length: 300 }, (_, i) => randomBytes(960 + i)))
    agree(Array.from({ length: 200 }, (_, i) => randomBytes(16_320 * (i % 3) + ((i * 7) % 140))))
    agree([1_000_000, 3, 0, 50_000, 16_311, 16_312, 16_320, 16_256, 120, 32_640, 32_631].map((size) => randomBytes(size)))
  })

  it("is that of each, whatever their number", () => {
    for (let n = 0; n < 40; n++) agree(Array.from({ length: n }, (_, i) => randomBytes(1_000 + ((i * 977) % 5_000))))
  })

  it("takes a message that stands anywhere in a buffer", () => {
    const buffer = randomBytes(100_000)
    agree(Array.from({ length: 50 }, (_, i) => buffer.subarray(i * 13, i * 13 + i * 1_900)))
  })
})
