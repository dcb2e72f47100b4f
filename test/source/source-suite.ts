import { readdirSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope, Stream } from "effect"
import { comparePositions, type ShardPosition } from "../../src/record/position.ts"
import type { SourceError } from "../../src/record/source-error.ts"
import type { Source } from "../../src/source/source.ts"
import { pagesOf, positionsAfter, recordsOf, type Seen, shardPosition } from "./collect.ts"

/**
 * What every bounded source must do.
 *
 * @param make a source over some input that fills several pages, at most a few dozen
 * @param held how much there is that a run which was stopped must let go of; files that are open, unless it is something else
 */
export const sourceSuite = (
  name: string,
  make: Effect.Effect<Source, SourceError, Scope.Scope>,
  held: Effect.Effect<number> = Effect.sync(openFiles)
): void => {
  describe(`source: ${name}`, () => {
    it.effect("gives consistent pages, in order per shard", () =>
      Effect.gen(function* () {
        const pages = yield* pagesOf(yield* make)
        assert.isAbove(pages.length, 1)
        const last = new Map<string, Seen>()
        for (const page of pages) {
          for (const list of [page.starts, page.ends, page.sequenceNumbers]) assert.strictEqual(list.length, page.count)
          if (page.subSequenceNumbers !== undefined) assert.strictEqual(page.subSequenceNumbers.length, page.count)
          if (typeof page.arrivedAt !== "number") assert.strictEqual(page.arrivedAt.length, page.count)
          for (let i = 0; i < page.count; i++) {
            const [start = -1, end = -1] = [page.starts[i], page.ends[i]]
            assert.isTrue(0 <= start && start <= end && end <= page.bytes.length)
          }
          for (const record of recordsOf(page)) {
            assert.match(record.sequenceNumber, /^(0|[1-9]\d*)$/)
            const before = last.get(record.shard)
            if (before !== undefined) assert.isBelow(comparePositions(before, record), 0)
            last.set(record.shard, record)
          }
        }
      })
    )

    it.effect("gives the same twice", () =>
      Effect.gen(function* () {
        const source = yield* make
        assert.deepStrictEqual(byShard((yield* pagesOf(source)).flatMap(recordsOf)), byShard((yield* pagesOf(source)).flatMap(recordsOf)))
      })
    )

    it.effect("goes on behind every page", () =>
      Effect.gen(function* () {
        const source = yield* make
        const pages = yield* pagesOf(source)
        for (let done = 1; done <= pages.length; done++) {
          const rest = yield* pagesOf(source, positionsAfter(pages.slice(0, done)))
          assert.deepStrictEqual(byShard(rest.flatMap(recordsOf)), byShard(pages.slice(done).flatMap(recordsOf)))
        }
      })
    )

    it.effect("goes on inside a page, with what an older page left to resume, or nothing", () =>
      Effect.gen(function* () {
        const source = yield* make
        const pages = yield* pagesOf(source)
        for (const [n, page] of pages.entries()) {
          const at = Math.floor((page.count - 1) / 2)
          const middle = recordsOf(page)[at]
          if (middle === undefined) continue
          const before = positionsAfter(pages.slice(0, n))
          const older: ShardPosition["source"] = before.get(page.shard)?.source
          const rest = yield* pagesOf(source, new Map([...before, [page.shard, shardPosition(middle, older)]]))
          const want = [...recordsOf(page).slice(at + 1), ...pages.slice(n + 1).flatMap(recordsOf)]
          assert.deepStrictEqual(byShard(rest.flatMap(recordsOf)), byShard(want))
        }
      })
    )

    it.effect("reads nothing that is not asked for, and lets go of what it holds when stopped", () =>
      Effect.gen(function* () {
        const source = yield* make
        const before = yield* held
        const first = yield* source.pages(new Map()).pipe(Stream.take(1), Stream.runCollect)
        assert.strictEqual(first.length, 1)
        assert.strictEqual(yield* held, before)
      })
    )
  })
}

/** Between shards there is no order. */
const byShard = (records: ReadonlyArray<Seen>) => Object.groupBy(records, ({ shard }) => shard)

/** File descriptors of this process that lead to regular files; 0 where the system does not tell. */
const openFiles = (): number => {
  try {
    return readdirSync("/proc/self/fd").length
  } catch {
    return 0
  }
}
