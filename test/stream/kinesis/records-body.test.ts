import { describe, expect, it } from "vitest"
import { readRecordsBody } from "../../../src/stream/kinesis/records-body.ts"

const record = (data: Uint8Array, partitionKey: string, n: number) => ({
  SequenceNumber: String(10n ** 55n + BigInt(n)),
  ApproximateArrivalTimestamp: 1714521600.123 + n,
  Data: Buffer.from(data).toString("base64"),
  PartitionKey: partitionKey,
  EncryptionType: "NONE"
})
const bytesOf = (n: number) => Uint8Array.from({ length: n }, (_, i) => (i * 31 + n) % 256)
const given = (body: unknown) => readRecordsBody(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)))
const read = (body: unknown) => {
  const { release, ...answer } = given(body)
  return answer
}

describe("the answer to GetRecords", () => {
  it("is read as it was written, whatever keys and data hold", () => {
    const keys = ["k", '"Data":"', '\\"Data\\":\\"x', "end\\", 'a"Data', "Bestellung №1 📦", ""]
    const records = keys.flatMap((key, k) => [0, 1, 2, 3, 300].map((size) => record(bytesOf(size), key, k * 10 + size)))
    const page = read({ Records: records, NextShardIterator: "it", MillisBehindLatest: 12 })
    expect(page).toMatchObject({ nextIterator: "it", millisBehindLatest: 12, childShards: [] })
    expect(page.records.map(({ data, ...rest }) => ({ ...rest, data: [...data] }))).toEqual(
      records.map((one) => ({
        sequenceNumber: one.SequenceNumber,
        partitionKey: one.PartitionKey,
        arrivedAt: Math.round(one.ApproximateArrivalTimestamp * 1000),
        data: [...Buffer.from(one.Data, "base64")]
      }))
    )
  })

  it("may be written with spaces, and with escaped slashes", () => {
    const records = [record(Uint8Array.of(255, 255, 255, 254), "k", 1), record(bytesOf(200), "k", 2)]
    const plain = read({ Records: records })
    expect(records[0]?.Data).toContain("/")
    expect(read(JSON.stringify({ Records: records }, null, 2))).toEqual(plain)
    expect(read(JSON.stringify({ Records: records }).replaceAll("/", "\\/"))).toEqual(plain)
    expect(plain.records[0]?.data).toEqual(Buffer.of(255, 255, 255, 254))
  })

  it("has memory of its own until it gives it back, once", () => {
    const answers = [1, 2, 3].map((n) => given({ Records: [record(bytesOf(300 + n), "k", n)] }))
    const memory = answers.map(({ records }) => records[0]?.data.buffer)
    expect(new Set(memory).size).toBe(3)
    answers[1]?.release?.()
    answers[1]?.release?.()
    const [fourth, fifth] = [4, 5].map((n) => given({ Records: [record(bytesOf(200), "k", n)] }))
    expect(fourth?.records[0]?.data.buffer).toBe(memory[1])
    expect(memory).not.toContain(fifth?.records[0]?.data.buffer)
    expect(answers[0]?.records[0]?.data).toEqual(Buffer.from(bytesOf(301)))
  })

  it("tells the end of a shard", () => {
    const page = read({ Records: [], MillisBehindLatest: 0, ChildShards: [{ ShardId: "c", ParentShards: ["a", "b"] }] })
    expect(page).toEqual({
      records: [],
      nextIterator: null,
      millisBehindLatest: 0,
      childShards: [{ shardId: "c", parentShardIds: ["a", "b"] }]
    })
    expect(read({ Records: null, NextShardIterator: null })).toMatchObject({ records: [], nextIterator: null })
  })

  it("is not quoted where it is broken", () => {
    const text = JSON.stringify({ Records: [record(bytesOf(100), "secret", 1)] })
    for (const cut of [1, 30, text.length - 40, text.length - 1]) {
      expect(() => read(text.slice(0, cut))).toThrow(/^The answer is not JSON$/)
    }
  })
})
