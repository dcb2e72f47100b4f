import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { TestClock } from "effect/testing"
import { Pace, timeLeft } from "../../src/cli/pace.ts"
import { makeProgress, type ProgressOptions } from "../../src/cli/progress.ts"
import { widthOf } from "../../src/cli/terminal.ts"

/** Lets standard error be a terminal or none, and gives what is written there. */
const onStderr = <A, E, R>(columns: number | null, use: (written: ReadonlyArray<string>) => Effect.Effect<A, E, R>) => {
  const { isTTY, columns: before, write } = process.stderr
  const written: Array<string> = []
  return Effect.acquireUseRelease(
    Effect.sync(() => {
      Object.assign(process.stderr, {
        isTTY: columns !== null,
        columns,
        write: (text: string) => {
          written.push(text)
          return true
        }
      })
    }),
    () => use(written),
    () => Effect.sync(() => Object.assign(process.stderr, { isTTY, columns: before, write }))
  )
}

/** What is logged while progress is shown without a terminal. */
const logged = (options: ProgressOptions, use: (progress: Effect.Success<ReturnType<typeof makeProgress>>) => Effect.Effect<void>) => {
  const lines: Array<unknown> = []
  const logger = Logger.make(({ message }) => {
    lines.push(...(Array.isArray(message) ? message : [message]))
  })
  return onStderr(null, () => Effect.scoped(Effect.flatMap(makeProgress("verify", true, options), use))).pipe(
    Effect.provide(Logger.layer([logger])),
    Effect.as(lines)
  )
}

describe("progress without a terminal", () => {
  it.effect("is a line of the log now and then, and none of short work", () =>
    Effect.gen(function* () {
      const lines = yield* logged({}, (progress) =>
        Effect.gen(function* () {
          progress.show(0, "files", 0)
          yield* TestClock.adjust("29 seconds")
          progress.show(0.29, "rows", 29_000_000)
          yield* TestClock.adjust("1 second")
          yield* TestClock.adjust("29 seconds")
          progress.show(0.59, "values", 59_000_000)
          yield* TestClock.adjust("2 seconds")
        })
      )
      assert.deepStrictEqual(lines, ["verify: 29 %, 1 min left, 1.00 MB/s, rows", "verify: 59 %, 40 s left, 1.00 MB/s, values"])
      assert.deepStrictEqual(yield* logged({}, (progress) => Effect.sync(() => progress.show(null, "files"))), [])
    })
  )

  it.effect("is nothing where the log tells of the work anyway", () =>
    Effect.gen(function* () {
      const lines = yield* logged({ logEvery: null }, (progress) =>
        Effect.andThen(
          Effect.sync(() => progress.show(null, "files")),
          TestClock.adjust("5 minutes")
        )
      )
      assert.deepStrictEqual(lines, [])
    })
  )
})

describe("progress on a terminal", () => {
  it.effect("is one line that fits, comes again after a line of the log, and is cleared at the end", () =>
    onStderr(40, (written) =>
      Effect.gen(function* () {
        yield* Effect.scoped(
          Effect.gen(function* () {
            const progress = yield* makeProgress("ingest", true)
            progress.show(0.5, "日本語\u001b[2J.ndjson and much more than there is room for")
            const [line = ""] = written
            assert.match(line, /^\r\p{Cc}\[2Kingest {7}\[█{5}·{5}\] 50 %, 日本語/u)
            const shown = line.slice("\r\u001b[2K".length)
            assert.isAtMost(widthOf(shown), 39)
            assert.notMatch(shown, /\p{Cc}/u)
            yield* TestClock.adjust("1 second")
            assert.strictEqual(written.at(-1), line)
          })
        )
        assert.strictEqual(written.at(-1), "\r\u001b[2K")
        const { length } = written
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(written.length, length)
      })
    )
  )

  it.effect("is not drawn more often than anybody can see, nor where it is not wanted", () =>
    onStderr(100, (written) =>
      Effect.gen(function* () {
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* TestClock.adjust("1 second")
            const progress = yield* makeProgress("ingest", true)
            for (let i = 0; i < 1000; i++) progress.show(i / 1000, `${i} rows`)
            assert.strictEqual(written.length, 1)
          })
        )
        const { length } = written
        yield* Effect.scoped(Effect.map(makeProgress("ingest", false), (progress) => progress.show(0, "rows")))
        assert.strictEqual(written.length, length)
      })
    )
  )
})

describe("pace", () => {
  it("is nobody's guess at the beginning, and steady where work comes in bursts", () => {
    const pace = new Pace()
    pace.add(0, 0)
    pace.add(2_000, 5)
    assert.isNull(pace.perMilli())
    const paces: Array<number> = []
    // Sixteen units every four seconds, told of ten times a second.
    for (let at = 2_100; at <= 120_000; at += 100) {
      pace.add(at, Math.floor(at / 4_000) * 16)
      if (at > 60_000) paces.push(pace.perMilli() ?? 0)
    }
    assert.isAtLeast(Math.min(...paces), 0.004 * 0.85)
    assert.isAtMost(Math.max(...paces), 0.004 * 1.15)
  })

  it("follows what has changed within half a minute, and ends with what stands still", () => {
    const pace = new Pace()
    for (let at = 0; at <= 60_000; at += 500) pace.add(at, at * 10)
    for (let at = 60_500; at <= 100_000; at += 500) pace.add(at, 600_000 + (at - 60_000))
    assert.closeTo(pace.perMilli() ?? 0, 1, 0.05)
    for (let at = 100_500; at <= 140_000; at += 500) pace.add(at, 640_000)
    assert.isNull(pace.perMilli())
  })

  it("gives a time no more exact than it is", () => {
    assert.deepStrictEqual([0, 9_000, 33_000, 54_000, 56_000, 100_000, 3_590_000, 8_000_000, 200_000_000].map(timeLeft), [
      "a few seconds left",
      "a few seconds left",
      "35 s left",
      "55 s left",
      "1 min left",
      "2 min left",
      "1 h 0 min left",
      "2 h 10 min left",
      "2 days left"
    ])
  })
})
