import { describe, expect, it } from "vitest"
import { makeSimdKernel, simdAvailable } from "../../../src/decode/bytes/kernel.ts"
import { layout, WalkMemory } from "../../../src/decode/bytes/memory.ts"
import { makeFirstScalarKernel } from "../../../src/decode/bytes/scalar/kernel.ts"
import { nextSpecial } from "../../../src/decode/bytes/special.ts"
import { seeded } from "../../parquet/random.ts"

const isSpecial = (byte: number) => byte < 0x20 || byte === 0x22 || byte === 0x5c

/** Pages of all lengths up to 300, plain ones and dense ones; the last ones are longer. */
const pages = (() => {
  const next = seeded(1)
  const odd = Buffer.from('"\\\\\\\\n/utb\u0001 a')
  const page = (length: number, density: number) =>
    Uint8Array.from({ length }, () =>
      next() < density
        ? next() < 0.3
          ? Math.floor(next() * 256)
          : (odd[Math.floor(next() * odd.length)] ?? 0)
        : 0x61 + Math.floor(next() * 26)
    )
  return [...Array.from({ length: 300 }, (_, i) => page(i, [0, 0.02, 0.2, 1][i % 4] ?? 1)), page(70_001, 0.05), page(70_001, 1)]
})()

/** Bytes at which a string of the record itself ends, or has to be looked at: told one by one. */
const outerStops = (page: Uint8Array): ReadonlySet<number> => {
  const stops = new Set<number>()
  let escaped = false
  for (const [at, byte] of page.entries()) {
    if (byte < 0x20 || (byte === 0x22 && !escaped) || (escaped && !'"\\/bfnrt'.includes(String.fromCharCode(byte)))) stops.add(at)
    escaped = byte === 0x5c && !escaped
  }
  return stops
}

describe("the next special byte", () => {
  it("is found by the byte loop", () => {
    for (const page of pages) {
      const bytes = new Uint8Array(page.length + 8)
      bytes.set(page)
      let expected = page.length
      for (let at = page.length; at >= 0; at--) {
        if (isSpecial(bytes[at] ?? 0)) expected = at
        expect(nextSpecial(bytes, null, at)).toBe(expected)
      }
    }
  })
})

describe.skipIf(!simdAvailable)("the kernel", () => {
  const kernel = makeSimdKernel()
  const exports = kernel?.start({ value: () => -1, find: () => -1, hash: () => 0, grow: () => 0 })

  it("marks what the byte loop finds, and where strings of the record end", () => {
    if (kernel === null || exports === undefined) throw new Error("there is no kernel")
    const { memory } = kernel
    const special = memory.ints(layout.special, layout.outer)
    const outer = memory.ints(layout.outer, layout.cells)
    // Downward, so that each page finds the leavings of a longer one behind its end.
    for (const page of pages.toReversed()) {
      exports.mark(memory.load(Buffer.from(page), 0, page.length))
      for (let at = 0; at <= page.length; at++) expect(nextSpecial(memory.bytes, special, at)).toBe(nextSpecial(memory.bytes, null, at))
      const stops = outerStops(page)
      for (let at = 0; at < page.length; at++) expect((((outer[at >> 5] ?? 0) >>> (at & 31)) & 1) === 1).toBe(stops.has(at))
    }
  })

  it("gives up what it may not do", () => {
    if (kernel === null || exports === undefined) throw new Error("there is no kernel")
    exports.mark(kernel.memory.load(Buffer.from('{"a":1}'), 0, 7))
    expect(exports.record(0)).toBe(-1)
  })
})

describe("the memory of a walk", () => {
  it("has zeros behind every page that fits", () => {
    const memory = new WalkMemory()
    for (const length of [0, 1, 63, 64, 65, WalkMemory.capacity]) {
      const end = memory.load(Buffer.alloc(length, 0x61), 0, length)
      expect(end % 64).toBe(0)
      expect(end).toBeLessThanOrEqual(layout.pageSize)
      expect(memory.bytes.subarray(length, length + 64).every((byte) => byte === 0)).toBe(true)
    }
  })

  it("counts tallies of rows, and none of what is forgotten", () => {
    const memory = new WalkMemory()
    memory.tally(3)
    memory.forget()
    memory.tally(5)
    memory.tally(5)
    memory.settle()
    memory.forget()
    const told: Array<readonly [number, number]> = []
    memory.takeTotals((node, total) => told.push([node, total]))
    memory.takeTotals((node, total) => told.push([node, total]))
    expect(told).toEqual([[5, 2]])
  })
})

describe("the kernel in TypeScript", () => {
  it("is there once in a thread, where nobody asks for it by name: two of them are slower than none", () => {
    expect(makeFirstScalarKernel()).not.toBeNull()
    expect(makeFirstScalarKernel()).toBeNull()
  })
})
