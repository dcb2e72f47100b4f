import { connect } from "node:http2"
import { describe, expect, it } from "vitest"
import { Random } from "../../src/record/seeded.ts"
import { calls } from "./protocol.ts"
import { startProvider } from "./provider.ts"
import { decodeValue, encodeValue, isKnown, unknown, type Value } from "./wire/msgpack.ts"
import { bool, bytes, fields, inner, int, list, map, string } from "./wire/protobuf.ts"

/** A value of any kind, nested so deep at most. */
const anyValue = (random: Random, depth: number): Value => {
  const kinds: ReadonlyArray<() => Value> = [
    () => null,
    () => random.chance(0.5),
    () => random.below(300) - 150,
    () => random.below(2 ** 31) * 1000,
    () => random.below(1000) / 7,
    () => "ä".repeat(random.below(300)),
    () => unknown,
    () => Array.from({ length: random.below(40) }, () => anyValue(random, depth - 1)),
    () => Object.fromEntries(Array.from({ length: random.below(40) }, (_, i) => [`field ${i}`, anyValue(random, depth - 1)]))
  ]
  return kinds[random.below(depth > 0 ? kinds.length : 7)]?.() ?? null
}

describe("MessagePack", () => {
  it("reads what it wrote", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const value = anyValue(new Random(seed, 1), 3)
      expect(decodeValue(encodeValue(value))).toEqual(value)
    }
  })

  it("reads the forms of the specification that it does not write", () => {
    const read = (hex: string) => decodeValue(Buffer.from(hex, "hex"))
    expect(read("cc80")).toBe(128)
    expect(read("cd0100")).toBe(256)
    expect(read("ce00010000")).toBe(65_536)
    expect(read("cf0000000100000000")).toBe(4_294_967_296)
    expect(read("d0df")).toBe(-33)
    expect(read("d1ff00")).toBe(-256)
    expect(read("e0")).toBe(-32)
    expect(read("ca3fc00000")).toBe(1.5)
    expect(read("d903616263")).toBe("abc")
    expect(read("da0003616263")).toBe("abc")
    expect(read("dc00020102")).toEqual([1, 2])
    expect(read("de0001a16101")).toEqual({ a: 1 })
    // What is not known, and what is not known but is no null.
    expect(read("d40000")).toBe(unknown)
    expect(read("c7030c8101c2")).toBe(unknown)
  })

  it("refuses what is no value", () => {
    expect(() => decodeValue(Buffer.from("c1", "hex"))).toThrow("0xc1")
    expect(() => decodeValue(Buffer.from("0101", "hex"))).toThrow("behind")
    expect(() => decodeValue(Buffer.from("d40500", "hex"))).toThrow("type 5")
  })

  it("tells what is known in every part", () => {
    expect(isKnown({ a: [1, { b: "x" }] })).toBe(true)
    expect(isKnown({ a: [1, { b: unknown }] })).toBe(false)
  })
})

describe("Protocol Buffers", () => {
  const leaf = fields({ text: string(1), number: int(2) })
  const message = fields({
    name: string(1),
    raw: bytes(2),
    yes: bool(3),
    one: inner(4, () => leaf),
    all: list(15, () => leaf),
    by: map(16, () => leaf)
  })

  it("writes the bytes of the specification", () => {
    expect(Buffer.from(leaf.encode({ number: 150 })).toString("hex")).toBe("109601")
    expect(Buffer.from(leaf.encode({ text: "testing" })).toString("hex")).toBe("0a0774657374696e67")
  })

  it("reads what it wrote, and what is not set as it is defined", () => {
    const value = {
      name: "n",
      raw: Buffer.of(0, 255),
      yes: false,
      one: { text: "", number: -1 },
      all: [{ text: "a", number: 0 }],
      by: { k: { text: "v", number: 3 } }
    }
    expect(message.decode(message.encode(value))).toEqual(value)
    expect(message.decode(Buffer.alloc(0))).toEqual({ name: undefined, raw: undefined, yes: undefined, one: undefined, all: [], by: {} })
  })

  it("passes over fields that it does not know", () => {
    const more = fields({ text: string(1), added: string(99), counted: int(100) })
    expect(leaf.decode(more.encode({ text: "kept", added: "new", counted: 7 }))).toEqual({ text: "kept", number: undefined })
  })

  it("refuses what is cut", () => {
    const whole = message.encode({ name: "a name" })
    expect(() => message.decode(whole.subarray(0, 4))).toThrow("ends behind")
  })
})

describe("the server", () => {
  it("answers a call over HTTP/2, and says that it has no other", async () => {
    const provider = await startProvider()
    try {
      const [{ Addr }] = Object.values(JSON.parse(provider.environment.TF_REATTACH_PROVIDERS)) as [{ Addr: { String: string } }]
      const session = connect(`http://${Addr.String}`)
      const ask = async (method: string, message: Uint8Array) => {
        const stream = session.request({ ":method": "POST", ":path": `/tfplugin6.Provider/${method}`, "content-type": "application/grpc" })
        const trailers = new Promise<Readonly<Record<string, unknown>>>((got) => stream.on("trailers", got))
        const head = Buffer.alloc(5)
        head.writeUInt32BE(message.length, 1)
        stream.end(Buffer.concat([head, message]))
        const chunks: Array<Buffer> = []
        for await (const chunk of stream) chunks.push(chunk)
        return { body: Buffer.concat(chunks).subarray(5), status: (await trailers)["grpc-status"] }
      }
      const { body, status } = await ask("GetProviderSchema", Buffer.alloc(0))
      expect(status).toBe("0")
      const { resource_schemas, data_source_schemas } = calls.GetProviderSchema.response.decode(body)
      expect(Object.keys(resource_schemas).length).toBeGreaterThan(100)
      expect(Object.keys(data_source_schemas)).toContain("aws_iam_policy_document")
      const { attributes = [] } = resource_schemas["aws_sqs_queue"]?.block ?? {}
      expect(attributes).toContainEqual(expect.objectContaining({ name: "visibility_timeout_seconds", optional: true }))
      expect((await ask("MoveResourceState", Buffer.alloc(0))).status).toBe("12")
      session.close()
    } finally {
      await provider.stop()
    }
  })
})
