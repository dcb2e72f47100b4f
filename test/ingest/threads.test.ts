import { subscribe, unsubscribe } from "node:diagnostics_channel"
import { setEnvironmentData, type Worker } from "node:worker_threads"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Layer, Stream } from "effect"
import { compileContract } from "../../src/contract/compile.ts"
import type { Contract } from "../../src/contract/contract.ts"
import { openBatchDecoder, type Work } from "../../src/ingest/batch-decoder.ts"
import { defaultBatchLimits, type IngestOptions } from "../../src/ingest/options.ts"
import { deadLettersPath, stagePath } from "../../src/lake/layout.ts"
import type { RecordPage } from "../../src/record/record.ts"
import { sumOf } from "../../src/record/report.ts"
import { openTable, readTable } from "../../src/table/table.ts"
import { pageOf } from "../decode/support.ts"
import { eater, gateName, quitter, thrower, waiter } from "./order.ts"
import { poisoned } from "./poison.ts"
import { expectedContent, failedChecks, lakeContent, page, pagesSource, run, temporaryStore, withThreads } from "./support.ts"

const hour = Date.UTC(2026, 10, 20, 7)

/** A name that no contract knows. Without digits, since those make a name look like data. */
const unknown = (n: number): string => `unknown${[...String(n)].map((digit) => "abcdefghij"[Number(digit)]).join("")}`

/** Records of every kind: rows, dead letters, nothing, unknown fields of many names, values that are rescued, cut and aggregated ones. */
const mixed = (shard: string, from: number, to: number): RecordPage => {
  const records = Array.from({ length: to - from }, (_, i) => {
    const n = from + i
    const text = [
      () => `{"orderId":"ö-${n}","lastChange":"2026-11-20T07:00:00Z","value":"${n}.25","${unknown(n)}":1}`,
      () => `{"orderId":"o-${n}","lastChange":"2026-11-20T07:00:00Z","value":"no number ${n}"}`,
      () => `{"orderId":"o-${n}","lastChange":`,
      () => "",
      () => "{}",
      () => `{"orderId":"o-${n}","lastChange":1795158000000,"value":${n},"note":"${"x".repeat(n % 700)}"}`
    ][n % 6]
    return Buffer.from(text?.() ?? "")
  })
  return pageOf(records, {
    shard,
    // Three records share a sequence number.
    sequenceNumbers: records.map((_, i) => String(10n ** 20n + BigInt(Math.floor((from + i) / 3)))),
    subSequenceNumbers: records.map((_, i) => (from + i) % 3),
    arrivedAt: records.map((_, i) => hour + Math.floor((from + i) / 40) * 900_000),
    cut: new Map([[0, 5_000_000]]),
    rejected: from === 180 ? { reason: "object_gone", detail: "It is gone." } : undefined
  })
}

const mixedPages = Array.from({ length: 40 }, (_, i) => mixed(`shard-${i % 3}`, Math.floor(i / 3) * 60, Math.floor(i / 3) * 60 + 60))
/** About four pages a batch, and a row group for nearly every page. */
const limits = { ...defaultBatchLimits, bytes: 20_100_000, bufferBytes: 4_000 }

/** Everything that an ingest left behind that must not depend on the number of threads. */
const outcome = (options: Partial<IngestOptions>) =>
  Effect.gen(function* () {
    const told: Array<number> = []
    const { batches, counts, commits } = yield* run(pagesSource(mixedPages), {
      limits,
      onProgress: ({ records }) => told.push(records),
      ...options
    })
    const read = (path: string) =>
      Effect.gen(function* () {
        const table = yield* openTable(path)
        const rows = yield* Stream.runCollect(readTable(table))
        const { domains, files } = yield* table.snapshot
        const texts = rows.map((row) => JSON.stringify(row, (_, value) => (typeof value === "bigint" ? `${value}` : value)))
        return {
          rows: texts.sort(),
          domains: [...domains].sort(),
          files: [...files.values()].map((file) => JSON.stringify(file.partitionValues)).sort()
        }
      })
    assert.deepStrictEqual(yield* failedChecks, [])
    return {
      stage: yield* read(stagePath("order")),
      deadLetters: yield* read(deadLettersPath),
      batches: batches.map(({ counts, rotation, shards, files }) => ({ counts, rotation, shards, files })),
      counts,
      commits,
      told: told.at(-1)
    }
  }).pipe(Effect.provide(Layer.fresh(temporaryStore)))

describe("threads", () => {
  it.effect("any number makes the same rows, letters, positions, counts, batches, and files by hour", () =>
    Effect.gen(function* () {
      const alone = yield* outcome({})
      assert.isAbove(alone.commits, 5)
      assert.isAbove(alone.stage.rows.length, 500)
      assert.isAbove(alone.deadLetters.rows.length, 100)
      // What their source rejects are dead letters, whatever they hold.
      assert.strictEqual(alone.counts.deadLetters.object_gone, 180)
      assert.isAbove(new Set(alone.batches.flatMap(({ counts }) => Object.keys(counts.drift))).size, 100)
      for (const threads of [2, 3]) assert.deepStrictEqual(yield* outcome(withThreads(threads)), alone)
    })
  )

  it.effect("they may start in the middle of a batch", () =>
    Effect.gen(function* () {
      const one = { ...limits, bytes: 1e12 }
      const alone = yield* outcome({ limits: one })
      assert.strictEqual(alone.commits, 1)
      assert.deepStrictEqual(yield* outcome({ ...withThreads(2), limits: one, startThreadsAfter: 1_000 }), alone)
    })
  )

  it.effect("a batch may begin while others are still at the one before it: each gets its own rows", () =>
    Effect.gen(function* () {
      const gate = new Int32Array(new SharedArrayBuffer(4))
      setEnvironmentData(gateName, gate)
      const begin = yield* openBatchDecoder({
        ...withThreads(3),
        contract: compileContract(waiter),
        decode: { hashKey: null, maxDepth: 64, maxRecordBytes: 1_000_000 },
        source: pagesSource([]),
        limits: defaultBatchLimits,
        stop: Effect.never,
        onEvent: () => Effect.void,
        onProgress: () => {}
      })
      const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((total, n) => total + n, 0)
      const sizes = [400, 300, 200, 100, 50]
      const appended = sizes.map((): Array<number> => [])
      const settled = sizes.map((): Array<number> => [])
      const rests: Array<Work> = []
      for (const [i, size] of sizes.entries()) {
        const decoder = begin(({ group }) => Effect.sync(() => appended[i]?.push(group.rows)))
        for (let from = 0; from < 6 * size; from += size)
          yield* decoder.decode(page("a", from, from + size), ({ counts }) => settled[i]?.push(counts.rows))
        yield* decoder.close
        rests.push(decoder.rest)
      }
      const wanted = sizes.map((size) => (6 * size * 9) / 10)
      assert.isBelow(sum(appended.map(sum)), sum(wanted), "something is left to wait for")
      Atomics.store(gate, 0, 1)
      Atomics.notify(gate, 0)
      yield* Effect.forEach(rests.toReversed(), (rest) => rest, { concurrency: "unbounded" })
      assert.deepStrictEqual([appended.map(sum), settled.map(sum)], [wanted, wanted])
    }).pipe(Effect.scoped, Effect.provide(temporaryStore))
  )

  it.effect("a page that is larger than any before it, and then smaller ones", () =>
    Effect.gen(function* () {
      const sizes = [10, 20_000, 30, 40_000, 10, 10]
      const pages: Array<RecordPage> = []
      let at = 0
      for (const size of sizes) {
        pages.push(page("a", at, at + size))
        at += size
      }
      yield* run(pagesSource(pages), withThreads(2))
      const { rows, deadLetters } = yield* lakeContent
      assert.deepStrictEqual(
        [...rows, ...deadLetters].sort((a, b) => a - b),
        Array.from({ length: at }, (_, i) => i + 1)
      )
    }).pipe(Effect.provide(temporaryStore))
  )

  for (const threads of [1, 2]) {
    it.effect(`${threads}: each page is released once, and not looked at again`, () =>
      Effect.gen(function* () {
        const released = mixedPages.map(() => 0)
        const pages = mixedPages.map((each, i): RecordPage => {
          const bytes = new Uint8Array(each.bytes)
          const release = () => {
            released[i] = (released[i] ?? 0) + 1
            bytes.fill(0)
          }
          return { ...each, bytes, release }
        })
        const { counts } = yield* run(
          { ...pagesSource(pages), pages: () => Stream.fromIterable(pages) },
          { limits, ...withThreads(threads) }
        )
        assert.deepStrictEqual(
          released,
          mixedPages.map(() => 1)
        )
        assert.deepStrictEqual(counts, (yield* outcome({})).counts)
      }).pipe(Effect.provide(temporaryStore))
    )
  }

  it.effect("a batch names at most 1,000 unknown fields, and counts the others", () =>
    Effect.gen(function* () {
      const record = (from: number) => {
        const fields = Array.from({ length: 400 }, (_, i) => `"${unknown(from + i)}":1`)
        return Buffer.from(`{"orderId":"o","lastChange":"2026-11-20T07:00:00Z",${fields.join(",")}}`)
      }
      const pages = [0, 400, 800, 1_200].map((from): RecordPage => {
        const bytes = record(from)
        return { ...page("a", from, from + 1), bytes, ends: [bytes.length] }
      })
      const { counts } = yield* run(pagesSource(pages), withThreads(2))
      assert.strictEqual(Object.keys(counts.drift).length, 1_001)
      assert.strictEqual(counts.drift["…"], 600)
      assert.strictEqual(sumOf(counts.drift), 1_600)
    }).pipe(Effect.provide(temporaryStore))
  )

  const fails = (contract: Contract) =>
    Effect.gen(function* () {
      const pages = [page("a", 0, 50), page("a", 50, 100), page("a", 100, 150)]
      const exit = yield* Effect.exit(run(pagesSource(pages), { ...withThreads(2), contract: compileContract(contract) }))
      const { version } = yield* (yield* openTable(stagePath(contract.name))).snapshot
      assert.strictEqual(version, 0, "nothing is committed")
      assert.isTrue(Exit.isFailure(exit))
      return Exit.isFailure(exit) ? exit.cause : Cause.empty
    }).pipe(Effect.provide(temporaryStore))

  it.effect("what one throws is a defect, with its stack", () =>
    Effect.gen(function* () {
      const error = Cause.squash(yield* fails(thrower))
      assert.isTrue(error instanceof Error && error.message === "thrown where it decodes")
      assert.include(error instanceof Error ? error.stack : "", "order.ts")
    })
  )

  it.effect("one that ends by itself fails the batch", () =>
    Effect.gen(function* () {
      const error = Cause.findErrorOption(yield* fails(quitter))
      assert.isTrue(error._tag === "Some" && error.value._tag === "WorkerError" && error.value.reason === "Ended")
      assert.include(error._tag === "Some" ? error.value.message : "", "code 7")
    })
  )

  it.effect("one that ends in the middle of several batches: what was committed stands, and the rest follows", () =>
    Effect.gen(function* () {
      const pages = Array.from({ length: 40 }, (_, i) => page("a", i * 50, (i + 1) * 50))
      const contract = compileContract(poisoned)
      const threads = { ...withThreads(3), contracts: new URL("./poison.ts", import.meta.url) }
      const exit = yield* Effect.exit(run(pagesSource(pages), { ...threads, contract, limits: { ...defaultBatchLimits, bytes: 1 } }))
      const error = Exit.isFailure(exit) ? Cause.findErrorOption(exit.cause) : assert.fail("it did not end")
      assert.isTrue(error._tag === "Some" && error.value._tag === "WorkerError" && error.value.reason === "Ended")
      assert.deepStrictEqual(yield* failedChecks, [])
      const { rows } = yield* lakeContent
      assert.isTrue(rows.length > 0 && rows.length < 1_800)
      yield* run(pagesSource(pages), { contract })
      assert.deepStrictEqual(yield* lakeContent, expectedContent(2_000))
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("one that runs out of memory fails the batch, and not the process", () =>
    Effect.gen(function* () {
      const error = Cause.findErrorOption(yield* fails(eater))
      assert.isTrue(error._tag === "Some" && error.value._tag === "WorkerError" && error.value.reason === "OutOfMemory")
    })
  )

  it.effect("another contract than that of the ingest is found out", () =>
    Effect.gen(function* () {
      const other = compileContract({ ...thrower, fields: { orderId: thrower.fields["orderId"] ?? assert.fail() } })
      const exit = yield* Effect.exit(run(pagesSource([page("a", 0, 50)]), { ...withThreads(2), contract: other }))
      const error = Exit.isFailure(exit) ? Cause.findErrorOption(exit.cause) : assert.fail("it did not end")
      assert.isTrue(error._tag === "Some" && error.value._tag === "WorkerError" && error.value.reason === "Contract")
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", "has another contract now of thrower")
    }).pipe(Effect.provide(temporaryStore))
  )

  it.effect("they end with the ingest that started them, also when it is interrupted", () =>
    Effect.gen(function* () {
      const started: Array<Worker> = []
      const note = (message: unknown) => {
        if (typeof message === "object" && message !== null && "worker" in message) started.push(message.worker as Worker) // what the channel says
      }
      subscribe("worker_threads", note)
      const fed = yield* Deferred.make<void>()
      const source = pagesSource([page("a", 0, 50)], Stream.fromEffect(Effect.andThen(Deferred.succeed(fed, undefined), Effect.never)))
      const fiber = yield* Effect.forkChild(run(source, withThreads(3)))
      yield* Deferred.await(fed)
      assert.isTrue(started.length === 2 && started.every(({ threadId }) => threadId > 0))
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(
        started.map(({ threadId }) => threadId),
        [-1, -1]
      )
      unsubscribe("worker_threads", note)
      assert.deepStrictEqual(yield* failedChecks, [])
    }).pipe(Effect.provide(temporaryStore))
  )
})
