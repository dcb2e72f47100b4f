import { describe, expect, it } from "vitest"
import { ownerOf, owns } from "../../../src/source/kinesis/share.ts"

const shards = Array.from({ length: 5000 }, (_, n) => `orders/shardId-${String(n).padStart(12, "0")}`)

describe("sharing by rendezvous hashing", () => {
  it("gives each shard to one worker", () => {
    for (const shard of shards.slice(0, 200)) {
      expect([0, 1, 2].filter((worker) => owns(shard, 3, worker))).toEqual([ownerOf(shard, 3)])
    }
    expect(ownerOf("orders/shardId-000000000000", 1)).toBe(0)
  })

  it("gives every worker about as much", () => {
    for (const workers of [2, 3, 8]) {
      const counts = new Array<number>(workers).fill(0)
      for (const shard of shards) counts[ownerOf(shard, workers)] = (counts[ownerOf(shard, workers)] ?? 0) + 1
      for (const count of counts) expect(Math.abs(count / (shards.length / workers) - 1)).toBeLessThan(0.1)
    }
  })

  it("moves shards only to the worker that is new", () => {
    for (let workers = 1; workers < 10; workers++) {
      const moved = shards.filter((shard) => ownerOf(shard, workers) !== ownerOf(shard, workers + 1))
      expect(new Set(moved.map((shard) => ownerOf(shard, workers + 1)))).toEqual(new Set([workers]))
      expect(moved.length).toBeLessThan((1.15 * shards.length) / (workers + 1))
    }
  })

  it("never changes its mind: a shard's owner is part of what running processes agree on", () => {
    expect(shards.slice(0, 12).map((shard) => ownerOf(shard, 4))).toMatchInlineSnapshot(`
      [
        0,
        2,
        3,
        0,
        2,
        2,
        0,
        1,
        3,
        0,
        2,
        3,
      ]
    `)
  })
})
