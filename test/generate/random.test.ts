import { describe, expect, it } from "vitest"
import { Random, weighted, zipf } from "../../src/record/seeded.ts"

describe("Random", () => {
  it("gives the same numbers on every machine", () => {
    const random = new Random(1, 2, 3)
    expect([random.uint32(), random.uint32(), random.uint32()]).toMatchInlineSnapshot(`
      [
        1113660490,
        2907985085,
        576323949,
      ]
    `)
    expect(new Random(7).uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  it("has independent streams, also for seeds beyond 32 bits", () => {
    const first = (...args: [number, ...Array<number>]) => new Random(...args).uint32()
    const seen = new Set([first(1), first(2), first(1, 0), first(1, 1), first(1, 0, 0), first(2 ** 32 + 1), first(-1)])
    expect(seen.size).toBe(7)
    const neighbours = new Set(Array.from({ length: 10_000 }, (_, i) => new Random(1, 1, i).uint32()))
    expect(neighbours.size).toBeGreaterThan(9_990)
  })

  it("draws evenly, and within bounds", () => {
    const random = new Random(99)
    const counts = new Array<number>(10).fill(0)
    for (let i = 0; i < 100_000; i++) {
      const n = random.between(0, 9)
      counts[n] = (counts[n] ?? 0) + 1
    }
    expect(counts).toHaveLength(10)
    for (const n of counts) expect(Math.abs(n - 10_000)).toBeLessThan(500)
  })
})

describe("zipf and weighted", () => {
  it("draw the first most", () => {
    const random = new Random(3)
    const draw = zipf(100, 1)
    const counts = new Array<number>(100).fill(0)
    for (let i = 0; i < 50_000; i++) {
      const n = draw(random)
      counts[n] = (counts[n] ?? 0) + 1
    }
    expect(counts[0]).toBeGreaterThan((counts[1] ?? 0) * 1.5)
    expect(counts[99]).toBeGreaterThan(0)
    const letters = weighted([
      ["a", 9],
      ["b", 1],
      ["c", 0]
    ])
    const drawn = Array.from({ length: 10_000 }, () => letters(random))
    expect(drawn.filter((letter) => letter === "b").length).toBeGreaterThan(850)
    expect(drawn).not.toContain("c")
  })
})
