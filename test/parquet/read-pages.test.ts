import { describe, expect, it } from "vitest"
import { ByteBuffer } from "../../src/parquet/byte-buffer.ts"
import { encoding, PageWriter } from "../../src/parquet/column-chunk.ts"
import { LevelWriter } from "../../src/parquet/levels.ts"
import { type FileLeaf, readPages } from "../../src/parquet/read-pages.ts"

/** An optional list of optional numbers. */
const leaf: FileLeaf = { schemaPath: [], element: { name: "element", type: "INT32" }, maxDefinition: 3, maxRepetition: 1 }

/** Pages of numbers that are all there, each by the repetition levels of its entries. */
const chunkOf = (pages: ReadonlyArray<ReadonlyArray<number>>): Uint8Array => {
  const out = new ByteBuffer()
  const writer = new PageWriter(out)
  const levels = new LevelWriter()
  for (const repetition of pages) {
    const page = new ByteBuffer()
    if (repetition.length === 0) {
      // As Arrow writes them: levels that take no bytes.
      page.int32(0)
      page.int32(0)
    } else {
      levels.write(page, Uint8Array.from(repetition), 1)
      levels.write(page, new Uint8Array(repetition.length).fill(3), 3)
    }
    for (const at of repetition.keys()) page.int32(at)
    writer.write(page.written(), null, encoding.plain, repetition.length)
  }
  return out.copy()
}

const read = (pages: ReadonlyArray<ReadonlyArray<number>>) =>
  [...readPages(chunkOf(pages), leaf, "UNCOMPRESSED", () => false)].map((page) =>
    page === null ? null : [...(page.isFlat ? new Uint8Array(page.slots) : page.repetition.subarray(0, page.slots))]
  )

describe("pages of other writers", () => {
  it("lie within one row where its list goes over several", () => {
    const pages = [
      [0, 0, 0, 0, 1, 1],
      [1, 1, 1, 1],
      [1, 1, 0, 0]
    ]
    // Each behind another, whose levels stand in the same memory.
    expect(pages.map((page) => read([[0, 0, 1, 0, 0, 1], page]).at(-1))).toEqual(pages)
  })

  it("are passed over where they have no entries", () => {
    expect(read([[0, 1], []])).toHaveLength(1)
  })
})
