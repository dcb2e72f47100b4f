import { assert, describe, it } from "@effect/vitest"
import { Marks } from "../../../src/decode/csv/marks.ts"
import { Random } from "../../../src/record/seeded.ts"

const size = 1000

/** Indexes of what is marked, as a search goes over it. */
const found = (marks: Marks, from: number, end: number): ReadonlyArray<number> => {
  const indexes: Array<number> = []
  for (let at = marks.next(from); at < end; at = marks.next(at + 1)) indexes.push(at)
  return indexes
}

describe("marked bytes", () => {
  it("are found from any place, with the kernel and without, and nothing behind their end", () => {
    const [fast, plain] = [new Marks(size, size), new Marks(size, size, false)]
    for (let seed = 1; seed <= 300; seed++) {
      const random = new Random(seed)
      const [first, second, third] = [random.between(0, 255), 10, random.pick([34, 34, 255])] as const
      const bytes = Buffer.from(
        Array.from({ length: size }, () => (random.chance(0.2) ? random.pick([first, second, third]) : random.between(0, 255)))
      )
      const end = random.pick([0, 1, 31, 32, 63, 64, 65, 960, size, random.between(0, size)])
      const from = random.between(0, end)
      const wanted = [...bytes.subarray(0, end).entries()].filter(([at, byte]) => at >= from && [first, second, third].includes(byte))
      for (const marks of [fast, plain]) {
        bytes.copy(marks.bytes)
        marks.mark(end, first, second, third)
        assert.deepStrictEqual(
          found(marks, from, end),
          wanted.map(([at]) => at),
          `seed ${seed}`
        )
        assert.strictEqual(marks.next(end), end, `seed ${seed}`)
      }
    }
  })
})
