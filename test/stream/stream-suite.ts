import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import type { IteratorStart, KinesisApi, KinesisError, PutRecord, StreamRecord } from "../../src/stream/kinesis/api.ts"
import { listAllShards } from "../../src/stream/kinesis/list-shards.ts"

export const stream = "orders"
const mebibyte = 1024 * 1024

/** A stream as a suite needs it. */
export interface Subject {
  readonly api: KinesisApi
  /** Lets time pass. */
  readonly pass: (millis: number) => Effect.Effect<void>
}

/** Everything that an iterator leads to, up to the tip. */
export const drain = (
  { api, pass }: Subject,
  shardId: string,
  start: IteratorStart,
  limit = 10_000
): Effect.Effect<ReadonlyArray<StreamRecord>, KinesisError> =>
  Effect.gen(function* () {
    const records: Array<StreamRecord> = []
    let iterator = yield* api.getShardIterator(stream, shardId, start)
    for (;;) {
      const page = yield* api.getRecords(iterator, limit)
      records.push(...page.records.map((record) => ({ ...record, data: Buffer.from(record.data) })))
      page.release?.()
      if (page.records.length === 0 && page.millisBehindLatest === 0) return records
      iterator = page.nextIterator ?? ""
      yield* pass(1000)
    }
  })

export const text = ({ data }: { readonly data: Uint8Array }): string => Buffer.from(data).toString()

/** Puts records with these keys, whose data are the same. */
export const putKeys = ({ api, pass }: Subject, keys: ReadonlyArray<string>) =>
  Effect.tap(
    api.putRecords(
      stream,
      keys.map((partitionKey) => ({ partitionKey, data: Buffer.from(partitionKey) }))
    ),
    () => pass(1000)
  )

const reasonOf = <A>(effect: Effect.Effect<A, KinesisError>): Effect.Effect<string | null> =>
  Effect.match(effect, { onFailure: ({ reason }) => reason, onSuccess: () => null })

/**
 * What every stream must do, whoever keeps it.
 *
 * @param make a stream called `orders` that is empty, with so many shards
 */
export const streamSuite = (name: string, make: (shards: number) => Effect.Effect<Subject, KinesisError, Scope.Scope>): void => {
  describe(`stream: ${name}`, () => {
    it.effect("has shards that share all hash keys, and gives each record to the one of its key", () =>
      Effect.gen(function* () {
        const subject = yield* make(3)
        const shards = yield* listAllShards(subject.api, stream)
        let next = 0n
        for (const { startingHashKey, endingHashKey, endingSequenceNumber } of shards) {
          assert.strictEqual(BigInt(startingHashKey), next)
          assert.isNull(endingSequenceNumber)
          next = BigInt(endingHashKey) + 1n
        }
        assert.strictEqual(next, 2n ** 128n)
        const keys = Array.from({ length: 100 }, (_, i) => `order-${i}`)
        const answers = yield* putKeys(subject, keys)
        const shardOf = (hashKey: bigint) => shards.findLast(({ startingHashKey }) => BigInt(startingHashKey) <= hashKey)?.shardId ?? ""
        for (const [i, answer] of answers.entries()) {
          const hashKey = BigInt(
            `0x${createHash("md5")
              .update(keys[i] ?? "")
              .digest("hex")}`
          )
          assert.deepInclude(answer, { ok: true, shardId: shardOf(hashKey) })
        }
        const edge = { partitionKey: "order-0", explicitHashKey: shards[2]?.startingHashKey, data: Buffer.from("edge") }
        const below = { ...edge, explicitHashKey: `${BigInt(edge.explicitHashKey ?? "") - 1n}` }
        const [at, before] = yield* subject.api.putRecords(stream, [edge, below])
        assert.deepInclude(at, { ok: true, shardId: shards[2]?.shardId ?? "" })
        assert.deepInclude(before, { ok: true, shardId: shards[1]?.shardId ?? "" })
      })
    )

    it.effect("gives what was put, once, in order of rising sequence numbers, as it was told to who put it", () =>
      Effect.gen(function* () {
        const subject = yield* make(2)
        const keys = Array.from({ length: 60 }, (_, i) => `schlüssel-${i % 7}`)
        const put = yield* Effect.forEach([0, 20, 40], (from) => putKeys(subject, keys.slice(from, from + 20)))
        const told = put.flat().map((answer) => (answer.ok ? `${answer.shardId}/${answer.sequenceNumber}` : "refused"))
        const read = new Map<string, StreamRecord>()
        for (const { shardId } of yield* listAllShards(subject.api, stream)) {
          const records = yield* drain(subject, shardId, { type: "TRIM_HORIZON" }, 7)
          for (const [i, record] of records.entries()) {
            assert.isTrue(i === 0 || BigInt(records[i - 1]?.sequenceNumber ?? "") < BigInt(record.sequenceNumber))
            read.set(`${shardId}/${record.sequenceNumber}`, record)
          }
        }
        assert.sameMembers([...read.keys()], told)
        for (const [i, at] of told.entries()) {
          assert.strictEqual(read.get(at)?.partitionKey, keys[i])
          assert.strictEqual(text(read.get(at) ?? { data: new Uint8Array() }), keys[i])
        }
      })
    )

    it.effect("is read from the horizon, the tip, a time, and at and after a record", () =>
      Effect.gen(function* () {
        const subject = yield* make(1)
        const shardId = (yield* listAllShards(subject.api, stream))[0]?.shardId ?? ""
        yield* putKeys(subject, ["a", "b"])
        yield* putKeys(subject, ["c"])
        const records = yield* drain(subject, shardId, { type: "TRIM_HORIZON" })
        const from = (start: IteratorStart) => Effect.map(drain(subject, shardId, start), (found) => found.map(text).join(""))
        const second = records[1]?.sequenceNumber ?? ""
        assert.strictEqual(yield* from({ type: "AT_SEQUENCE_NUMBER", sequenceNumber: second }), "bc")
        assert.strictEqual(yield* from({ type: "AFTER_SEQUENCE_NUMBER", sequenceNumber: second }), "c")
        assert.strictEqual(yield* from({ type: "AFTER_SEQUENCE_NUMBER", sequenceNumber: records[2]?.sequenceNumber ?? "" }), "")
        assert.strictEqual(yield* from({ type: "AT_TIMESTAMP", timestamp: records[2]?.arrivedAt ?? 0 }), "c")
        assert.strictEqual(yield* from({ type: "AT_TIMESTAMP", timestamp: (records[0]?.arrivedAt ?? 0) - 1000 }), "abc")
        yield* subject.pass(1000)
        const latest = yield* subject.api.getShardIterator(stream, shardId, { type: "LATEST" })
        yield* putKeys(subject, ["d"])
        assert.strictEqual((yield* subject.api.getRecords(latest, 10)).records.map(text).join(""), "d")
      })
    )

    it.effect("says how far behind a reader is, and 0 at the tip", () =>
      Effect.gen(function* () {
        const subject = yield* make(1)
        const shardId = (yield* listAllShards(subject.api, stream))[0]?.shardId ?? ""
        yield* putKeys(subject, ["a"])
        yield* putKeys(subject, ["b"])
        const first = yield* subject.api.getRecords(yield* subject.api.getShardIterator(stream, shardId, { type: "TRIM_HORIZON" }), 1)
        assert.isAtLeast(first.millisBehindLatest, 1)
        yield* subject.pass(1000)
        assert.strictEqual((yield* subject.api.getRecords(first.nextIterator ?? "", 10)).millisBehindLatest, 0)
      })
    )

    it.effect("gives no iterator for what it does not know, and takes no call beyond the limits", () =>
      Effect.gen(function* () {
        const { api, pass } = yield* make(1)
        const shardId = (yield* listAllShards(api, stream))[0]?.shardId ?? ""
        const one = { partitionKey: "k", data: Buffer.from("x") }
        const [put] = yield* api.putRecords(stream, [one])
        const iterator = (id: string, start: IteratorStart) => reasonOf(Effect.tap(api.getShardIterator(stream, id, start), pass(1000)))
        const number = put?.ok === true ? put.sequenceNumber : ""
        assert.strictEqual(yield* iterator("shardId-000000000009", { type: "LATEST" }), "NotFound")
        assert.strictEqual(
          yield* iterator(shardId, { type: "AT_SEQUENCE_NUMBER", sequenceNumber: `${BigInt(number) + 2n ** 120n}` }),
          "Invalid"
        )
        assert.strictEqual(yield* iterator(shardId, { type: "AT_SEQUENCE_NUMBER", sequenceNumber: "007" }), "Invalid")
        assert.strictEqual(yield* iterator(shardId, { type: "AT_TIMESTAMP", timestamp: Date.UTC(2200, 0, 1) }), "Invalid")
        assert.strictEqual(yield* reasonOf(api.getRecords("AAAA", 1)), "Invalid")
        const horizon = yield* api.getShardIterator(stream, shardId, { type: "TRIM_HORIZON" })
        assert.strictEqual(yield* reasonOf(api.getRecords(horizon, 10_001)), "Invalid")
        const refused = (records: ReadonlyArray<PutRecord>) => reasonOf(api.putRecords(stream, records))
        assert.strictEqual(yield* refused([]), "Invalid")
        assert.strictEqual(yield* refused(Array.from({ length: 501 }, () => one)), "Invalid")
        assert.strictEqual(yield* refused([{ ...one, partitionKey: "" }]), "Invalid")
        assert.strictEqual(yield* refused([{ ...one, partitionKey: "k".repeat(257) }]), "Invalid")
        assert.strictEqual(yield* refused([{ ...one, explicitHashKey: `${2n ** 128n}` }]), "Invalid")
        assert.strictEqual(yield* refused(Array.from({ length: 11 }, () => ({ ...one, data: new Uint8Array(mebibyte - 10) }))), "Invalid")
        assert.strictEqual((yield* api.getRecords(horizon, 10)).records.length, 1)
      })
    )
  })
}
