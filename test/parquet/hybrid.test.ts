import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib"
import { readRleBitPackedHybrid } from "hyparquet/src/encoding.js"
import { describe, expect, it } from "vitest"
import { ByteBuffer } from "../../src/parquet/byte-buffer.ts"
import { bitsFor, writeHybrid } from "../../src/parquet/hybrid.ts"
import { LevelWriter } from "../../src/parquet/levels.ts"
import { makeCompressor, zstd } from "../../src/parquet/zstd.ts"
import { seeded } from "./random.ts"

const read = (out: ByteBuffer, start: number, count: number, width: number): Array<number> => {
  const found = new Array<number>(count).fill(-1)
  const reader = { view: new DataView(out.bytes.buffer), offset: start }
  readRleBitPackedHybrid(reader, width, found, out.length - start)
  return found.slice(0, count)
}

/** Runs of all lengths, and stretches without. */
const values = (next: () => number, count: number, width: number): Array<number> => {
  const found: Array<number> = []
  const value = () => Math.floor(next() * 2 ** width)
  while (found.length < count) {
    if (next() < 0.5) found.push(...new Array<number>(1 + Math.floor(next() ** 3 * 700)).fill(value()))
    else for (let n = Math.floor(next() * 40); n > 0; n--) found.push(value())
  }
  return found.slice(0, count)
}

describe("hybrid of run lengths and bit packing", () => {
  it.each(Array.from({ length: 24 }, (_, i) => i + 1))("is read back, %i bits wide", (width) => {
    const next = seeded(width)
    for (let round = 0; round < 60; round++) {
      const list = values(next, Math.floor(next() ** 2 * 2000) + 1, width)
      const from = Math.floor(next() * Math.min(20, list.length))
      const out = new ByteBuffer(1)
      out.int32(0)
      writeHybrid(out, Int32Array.from(list), from, list.length, width)
      expect(read(out, 4, list.length - from, width)).toEqual(list.slice(from))
      if (width > 8) continue
      const narrow = new ByteBuffer(1)
      writeHybrid(narrow, Uint8Array.from(list), from, list.length, width)
      expect(narrow.copy()).toEqual(out.copy().slice(4))
    }
  })

  it("is read back at every length up to some groups, of values that change and that do not", () => {
    for (let count = 1; count < 70; count++) {
      for (const list of [Array.from({ length: count }, (_, i) => i % 3), new Array<number>(count).fill(2)]) {
        const out = new ByteBuffer(1)
        writeHybrid(out, Uint8Array.from(list), 0, count, 2)
        expect(read(out, 0, count, 2)).toEqual(list)
      }
    }
  })

  it("takes a run as one, and what is packed no wider than it is", () => {
    const out = new ByteBuffer()
    writeHybrid(out, new Uint8Array(100_000).fill(1), 0, 100_000, 1)
    expect(out.length).toBe(4)
    out.clear()
    writeHybrid(
      out,
      Uint8Array.from({ length: 8000 }, (_, i) => i % 2),
      0,
      8000,
      1
    )
    expect(out.length).toBeLessThanOrEqual(1000 + 16)
  })

  it("knows how many bits a number takes", () => {
    expect([0, 1, 2, 3, 4, 255, 256].map(bitsFor)).toEqual([0, 1, 2, 2, 3, 8, 9])
  })
})

describe("levels", () => {
  it("are read back whether they were written before, are all the same, or neither", () => {
    const next = seeded(5)
    const writer = new LevelWriter()
    const out = new ByteBuffer()
    const given = [[0], [1], [1, 1], [0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2], new Array<number>(500).fill(3), values(next, 999, 2)]
    for (const levels of [...given, ...given, ...given.toReversed()]) {
      for (const max of [3, 200]) {
        out.clear()
        writer.write(out, Uint8Array.from(levels), max)
        expect(out.view.getInt32(0, true)).toBe(out.length - 4)
        expect(read(out, 4, levels.length, bitsFor(max))).toEqual(levels)
      }
      if (next() < 0.3) writer.forget()
    }
  })

  it("are not taken for those of an array that was used again", () => {
    const writer = new LevelWriter()
    const out = new ByteBuffer()
    const levels = Uint8Array.of(0, 1, 0)
    writer.write(out, levels, 1)
    writer.forget()
    levels.fill(1)
    out.clear()
    writer.write(out, levels, 1)
    expect(read(out, 4, 3, 1)).toEqual([1, 1, 1])
  })
})

describe("compressed pages", () => {
  it.each([0, 1, 255, 256, 511, 512, 513, 65_535, 200_000])("are read back: %i bytes", (length) => {
    const next = seeded(length)
    const page = Uint8Array.from({ length }, () => Math.floor(next() * 256))
    const bytes = zstd(page, 1)
    expect(new Uint8Array(zstdDecompressSync(bytes))).toEqual(page)
    expect(bytes.length).toBeLessThan(length + 32)
  })

  it.each([1, 3])("are the frames of a fresh context, at level %i, though all have one", (level) => {
    const { compress, keepsContext } = makeCompressor(level)
    expect(keepsContext).toBe(true)
    const next = seeded(level)
    for (const length of [70_000, 513, 2000, 300_000, 600, 70_000, 1]) {
      const page = Uint8Array.from({ length }, () => Math.floor(next() * 16))
      const params = { [constants.ZSTD_c_compressionLevel]: level }
      expect(Buffer.compare(compress(page), zstdCompressSync(page, { params }))).toBe(0)
    }
  })
})
