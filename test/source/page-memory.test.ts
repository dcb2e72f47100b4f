import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Stream } from "effect"
import { startPages } from "../../src/ingest/pages.ts"
import { filesSource } from "../../src/source/files.ts"
import { LargePages } from "../../src/source/page-memory.ts"
import { folderWith, recordsOf, type Seen } from "./collect.ts"

const record = (name: string, i: number, size: number) => `{"n":"${name}${i}","x":"${"x".repeat(size)}"}`
/** Records of all sizes around those at which pages get larger, and one that is larger than a record may be. */
const sizes = [10, 3000, 100, 900, 1000, 1100, 5000, 50, 20_000, 2000, 10]
const textOf = (name: string) => sizes.map((size, i) => record(name, i, size))
const input = (names: ReadonlyArray<string>) =>
  folderWith(Object.fromEntries(names.map((name) => [`${name}.ndjson`, `${textOf(name).join("\n")}\n`])))

const sourceOf = (folder: string, name: string, large: LargePages) =>
  filesSource({
    input: `${folder}/${name}.ndjson`,
    format: "auto",
    arrivedAt: 0,
    pageBytes: 500,
    maxRecordBytes: 8000,
    large
  })

describe("pages that a record makes large", () => {
  it.effect("take turns, and hold what they held without", () =>
    Effect.gen(function* () {
      const names = ["a", "b", "c"]
      const folder = yield* input(names)
      const large = new LargePages(1, 1000)
      let [open, most] = [0, 0]
      const all = yield* Effect.forEach(
        names,
        (name) =>
          Effect.gen(function* () {
            const seen: Array<Seen> = []
            const source = yield* sourceOf(folder, name, large)
            yield* Stream.runForEach(source.pages(new Map()), (page) =>
              Effect.gen(function* () {
                const isLarge = page.bytes.buffer.byteLength > 1000
                if (isLarge) most = Math.max(most, ++open)
                yield* Effect.yieldNow
                seen.push(...recordsOf(page))
                if (isLarge) open--
                page.release?.()
              })
            )
            return seen.map(({ text }) => text)
          }),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        all,
        names.map((name) => textOf(name).map((text) => text.slice(0, 8001)))
      )
      assert.strictEqual(most, 1)
    })
  )

  it.live("give their room back when nobody goes on with them", () =>
    Effect.gen(function* () {
      const folder = yield* input(["a", "b"])
      const large = new LargePages(1, 1000)
      const [a, b] = [yield* sourceOf(folder, "a", large), yield* sourceOf(folder, "b", large)]
      /** Takes pages until one is large, and keeps that. */
      const untilLarge = (source: typeof a) =>
        Stream.runHead(Stream.filter(source.pages(new Map()), (page) => page.bytes.buffer.byteLength > 1000))
      const waiting = yield* Effect.forkChild(Effect.andThen(untilLarge(a), Effect.never))
      yield* untilLarge(b)
      yield* untilLarge(b)
      yield* Fiber.interrupt(waiting)
      yield* untilLarge(a)
    })
  )

  it.live("are not waited for by who is stopped while it has what it waits for", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "a.ndjson": `${[1, 2, 3].map((i) => record("a", i, 5000)).join("\n")}\n` })
      const large = new LargePages(1, 1000)
      for (let i = 0; i < 2; i++) {
        const source = yield* sourceOf(folder, "a", large)
        yield* Effect.scoped(
          Effect.gen(function* () {
            const next = yield* startPages(source, new Map(), Effect.never)
            assert.strictEqual((yield* next(null))._tag, "page")
            // The source asks for room for its second page now, and nobody releases the first.
            assert.strictEqual((yield* next((yield* Clock.currentTimeMillis) + 50))._tag, "age")
          })
        )
      }
    })
  )
})
