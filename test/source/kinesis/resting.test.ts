import { describe, expect, it } from "vitest"
import { Resting } from "../../../src/source/kinesis/resting.ts"
import { shardPosition } from "../collect.ts"

const at = (sequenceNumber: string, source = {}) => shardPosition({ sequenceNumber, subSequenceNumber: 0 }, source)

describe("shards of another process", () => {
  it("are left alone until they have not moved for a while", () => {
    const resting = new Resting()
    expect(resting.mayRead("a", at("5"), 0)).toBe(true)
    resting.disown("a", 100)
    expect(resting.mayRead("a", at("5"), 10)).toBe(false)
    expect(resting.nextAt).toBe(110)
    expect(resting.mayRead("a", at("6"), 90)).toBe(false)
    expect(resting.mayRead("a", at("6"), 189)).toBe(false)
    // Moved, though no record came.
    expect(resting.mayRead("a", at("6", { readUntil: "later" }), 190)).toBe(false)
    expect(resting.mayRead("a", at("6", { readUntil: "later" }), 290)).toBe(true)
    expect(resting.isEmpty).toBe(true)
  })

  it("need no rest while nothing was read of them", () => {
    const resting = new Resting()
    resting.disown("a", 100)
    resting.disown("b", 100)
    expect(resting.mayRead("a", at("0", { start: "x" }), 0)).toBe(true)
    expect(resting.mayRead("b", undefined, 0)).toBe(true)
  })

  it("need no second rest where they stand where they were taken", () => {
    const resting = new Resting()
    resting.disown("a", 100)
    resting.mayRead("a", at("5"), 0)
    expect(resting.mayRead("a", at("5"), 100)).toBe(true)
    resting.disown("a", 100)
    expect(resting.mayRead("a", at("5"), 101)).toBe(true)
    resting.disown("a", 100)
    expect(resting.mayRead("a", at("6"), 102)).toBe(false)
  })
})
