import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { filesSource } from "../../src/source/files.ts"
import { withShare } from "../../src/source/share-read.ts"
import { folderWith, pagesOf, positionsAfter } from "./collect.ts"

const line = `{"n":"${"x".repeat(91)}"}\n`

/** What share was read after each page. */
const shares = (input: string, pageBytes: number, resume: Parameters<typeof pagesOf>[1] = new Map()) =>
  Effect.gen(function* () {
    const { source, share } = withShare(yield* filesSource({ input, format: "auto", arrivedAt: 0, pageBytes }))
    return yield* Stream.runCollect(Stream.map(source.pages(resume), () => share()))
  })

describe("the share that was read", () => {
  it.effect("grows with every page, over all files, in bytes", () =>
    Effect.gen(function* () {
      const input = yield* folderWith({ "a.ndjson": line.repeat(10), "b/c.ndjson": line.repeat(10), "d.csv": "x", _hidden: "y" })
      const seen = yield* shares(input, 500)
      assert.deepStrictEqual(seen, [0.25, 0.5, 0.75, 1])
      assert.deepStrictEqual(yield* shares(join(input, "a.ndjson"), 500), [0.5, 1])
    })
  )

  it.effect("counts what was read before, and of compressed files only whole ones", () =>
    Effect.gen(function* () {
      const files = { "a.ndjson": line.repeat(10), "b.ndjson": line.repeat(10) }
      const input = yield* folderWith(files)
      const [first] = yield* Effect.flatMap(filesSource({ input, format: "auto", arrivedAt: 0 }), (source) => pagesOf(source))
      if (first === undefined) return assert.fail("there is no page")
      assert.deepStrictEqual(yield* shares(input, 1000, positionsAfter([first])), [1])
      const packed = gzipSync(Buffer.from(line.repeat(100)))
      const mixed = yield* folderWith({ "a.ndjson.gz": packed, "b.ndjson": "x".repeat(packed.length - 1) })
      const [last, ...before] = (yield* shares(mixed, 1000)).toReversed()
      assert.deepStrictEqual([...new Set(before)], [0])
      assert.closeTo(last ?? 0, 1, 0.01)
    })
  )

  it.effect("is not known before a large folder is measured, which takes no pause", () =>
    Effect.gen(function* () {
      const input = yield* folderWith(Object.fromEntries(Array.from({ length: 1200 }, (_, i) => [`${1000 + i}.ndjson`, line])))
      const seen = yield* shares(input, 500)
      assert.deepStrictEqual([seen[0], seen[1]], [null, null])
      assert.strictEqual(seen[2], 3 / 1200)
      assert.strictEqual(seen.at(-1), 1)
    })
  )
})
