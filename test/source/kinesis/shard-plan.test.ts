import { describe, expect, it } from "vitest"
import type { ShardPosition } from "../../../src/record/position.ts"
import { beginOf, planShards } from "../../../src/source/kinesis/shard-plan.ts"
import type { Shard } from "../../../src/stream/kinesis/api.ts"
import { shardPosition } from "../collect.ts"

const shard = (shardId: string, parent: string | null = null, adjacent: string | null = null): Shard => ({
  shardId,
  parentShardId: parent,
  adjacentParentShardId: adjacent,
  startingHashKey: "0",
  endingHashKey: "1",
  startingSequenceNumber: "1",
  endingSequenceNumber: null
})
const at = (sequenceNumber: string, source: ShardPosition["source"] = {}) => shardPosition({ sequenceNumber, subSequenceNumber: 0 }, source)
const plan = (shards: ReadonlyArray<Shard>, positions: Readonly<Record<string, ShardPosition>>, drained: ReadonlyArray<string> = []) =>
  Object.fromEntries(planShards(shards, { position: (id) => positions[id], drained: (id) => drained.includes(id) }))
const horizon = { kind: "read", from: { type: "TRIM_HORIZON" } }
const start = "2024-05-01T00:00:00.000Z"

describe("what to do with shards", () => {
  it("goes on at a position, where part of an aggregated record may be left", () => {
    const from = { type: "AT_SEQUENCE_NUMBER", sequenceNumber: "17" }
    expect(plan([shard("a")], { a: at("17") })).toEqual({ a: { kind: "read", from } })
    // Something of it was committed, so its parents were read, whatever is known of them.
    expect(plan([shard("a"), shard("b", "a")], { b: at("17") })).toMatchObject({ b: { from } })
    // What an old commit says of the begin counts no more.
    expect(plan([shard("a")], { a: at("17", { start }) })).toMatchObject({ a: { from } })
  })

  it("is done with what ended", () => {
    expect(plan([shard("a"), shard("b")], { a: at("17", { ended: true }) }, ["b"])).toEqual({ a: { kind: "done" }, b: { kind: "done" } })
    expect(plan([shard("a")], { a: at("0", { ended: true, start }) })).toEqual({ a: { kind: "done" } })
  })

  it("reads children when their parents were read to the end", () => {
    const shards = [shard("a"), shard("b", "a"), shard("c", "a")]
    const waits = { kind: "wait", parents: ["a"] }
    expect(plan(shards, {})).toEqual({ a: horizon, b: waits, c: waits })
    expect(plan(shards, { a: at("17") })).toMatchObject({ b: waits, c: waits })
    expect(plan(shards, { a: at("17", { ended: true }) })).toMatchObject({ b: horizon, c: horizon })
    expect(plan(shards, {}, ["a"])).toMatchObject({ b: horizon, c: horizon })
  })

  it("reads the child of a merge after both parents", () => {
    const shards = [shard("a"), shard("b"), shard("c", "a", "b")]
    expect(plan(shards, {}, ["a"])["c"]).toEqual({ kind: "wait", parents: ["b"] })
    expect(plan(shards, {}, ["a", "b"])["c"]).toEqual(horizon)
  })

  it("takes parents that have expired for read", () => {
    expect(plan([shard("b", "gone")], {})).toEqual({ b: horizon })
    expect(plan([shard("b", "gone", "too")], { gone: at("3") })).toEqual({ b: horizon })
  })

  it("begins at the time of the first start, as long as nothing was read", () => {
    const from = { type: "AT_TIMESTAMP", timestamp: Date.parse(start) }
    expect(plan([shard("a")], { a: at("0", { start }) })).toEqual({ a: { kind: "read", from } })
    // A child that was listed at the first start waits for its parents like any other.
    expect(plan([shard("a"), shard("b", "a")], { a: at("0", { start }), b: at("0", { start }) })).toMatchObject({
      b: { kind: "wait", parents: ["a"] }
    })
    // A child of later begins at its oldest record.
    expect(plan([shard("a"), shard("b", "a")], { a: at("0", { start, ended: true }) })).toMatchObject({ b: horizon })
  })

  it("goes on at the oldest record where a shard was empty so far", () => {
    expect(plan([shard("a")], { a: at("0", { readUntil: start }) })).toEqual({ a: horizon })
  })
})

describe("the first start", () => {
  const now = Date.parse("2024-05-03T00:00:00Z")
  const day = 86_400_000

  it("fixes a time", () => {
    expect(beginOf({ type: "LATEST" }, now, day)).toBe(now)
    expect(beginOf({ type: "AT_TIMESTAMP", timestamp: now - 1000 }, now, day)).toBe(now - 1000)
  })

  it("needs none where everything is read", () => {
    expect(beginOf({ type: "TRIM_HORIZON" }, now, day)).toBeNull()
    expect(beginOf({ type: "AT_TIMESTAMP", timestamp: now - day }, now, day)).toBeNull()
  })
})
