import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { type CompiledContract, compileContract } from "../../src/contract/compile.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { ingest } from "../../src/ingest/ingest.ts"
import { defaultBatchLimits, type IngestOptions } from "../../src/ingest/options.ts"
import { deadLettersPath, stagePath } from "../../src/lake/layout.ts"
import { verify } from "../../src/lake/verify.ts"
import { compareSequenceNumbers } from "../../src/record/position.ts"
import type { RecordPage } from "../../src/record/record.ts"
import type { BatchReport } from "../../src/record/report.ts"
import type { SourceError } from "../../src/record/source-error.ts"
import type { Source } from "../../src/source/source.ts"
import { localStore } from "../../src/store/local-store.ts"
import type { Store } from "../../src/store/store.ts"
import { openTable, type Row, readTable } from "../../src/table/table.ts"
import { pageOf } from "../decode/support.ts"
import { order } from "./order.ts"

export { definition } from "./order.ts"
export const contract: CompiledContract = compileContract(order)

/** Options for a number of threads, which are there before the first page. */
export const withThreads = (threads: number): Partial<IngestOptions> => ({
  threads,
  contracts: new URL("./order.ts", import.meta.url),
  startThreadsAfter: 0
})

const hour = Date.UTC(2026, 10, 20, 7)

/** A record of order `i`; every `badEvery`-th has no key. */
export const recordText = (i: number, badEvery = 10): string =>
  JSON.stringify({ ...(i % badEvery === badEvery - 1 ? {} : { orderId: `o-${i}` }), lastChange: "2026-11-20T07:00:00Z", value: `${i}.50` })

/** One page of records `from` to before `to` of a shard; the sequence number is the record's index. */
export const page = (shard: string, from: number, to: number, badEvery = 10): RecordPage => {
  const records = Array.from({ length: to - from }, (_, i) => recordText(from + i, badEvery))
  return pageOf(records, {
    shard,
    sequenceNumbers: records.map((_, i) => String(from + i + 1)),
    arrivedAt: records.map((_, i) => hour + ((from + i) % 3) * 3_600_000)
  })
}

/** A source that holds pages in memory and resumes as the interface says. Ends with `after`, by default at once. */
export const pagesSource = (pages: ReadonlyArray<RecordPage>, after: Stream.Stream<RecordPage, SourceError> = Stream.empty): Source => ({
  name: "memory",
  location: "memory:test",
  pages: (resume) =>
    Stream.concat(
      Stream.fromIterable(pages.flatMap((each) => afterPosition(each, resume.get(each.shard)?.sequenceNumber) ?? [])).pipe(
        Stream.rechunk(1)
      ),
      after
    )
})

const afterPosition = (each: RecordPage, position: string | undefined): RecordPage | null => {
  if (position === undefined) return each
  const first = each.sequenceNumbers.findIndex((n) => compareSequenceNumbers(n, position) > 0)
  if (first < 0) return null
  const tail = <A>(values: ArrayLike<A>): ReadonlyArray<A> => Array.from(values).slice(first)
  return {
    ...each,
    count: each.count - first,
    starts: tail(each.starts),
    ends: tail(each.ends),
    sequenceNumbers: tail(each.sequenceNumbers),
    arrivedAt: typeof each.arrivedAt === "number" ? each.arrivedAt : tail(each.arrivedAt)
  }
}

/** Ingests, and gives the reports of the batches beside the result. */
export const run = (source: Source, { onEvent = () => Effect.void, ...options }: Partial<IngestOptions> = {}) => {
  const batches: Array<BatchReport> = []
  return ingest({
    contract,
    source,
    decode: { hashKey: null, maxDepth: 64, maxRecordBytes: 1024 * 1024 },
    limits: defaultBatchLimits,
    stop: Effect.never,
    onProgress: () => {},
    onEvent: (event) =>
      Effect.suspend(() => {
        if (event.event === "complete" && event.report.kind === "batch") batches.push(event.report)
        return onEvent(event)
      }),
    ...options
  }).pipe(Effect.map((result) => ({ ...result, batches })))
}

/** A store in a folder that is gone after the test. */
export const temporaryStore: Layer.Layer<Store> = Layer.unwrap(
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(() => mkdtemp(join(tmpdir(), "sluice-ingest-"))),
      (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
    ),
    (folder) => Layer.orDie(localStore(folder))
  )
)

export const rowsOf = (path: string): Effect.Effect<ReadonlyArray<Row>, never, Store> =>
  Effect.orDie(Effect.flatMap(openTable(path), (table) => Stream.runCollect(readTable(table))))

const numberOf = (row: Row): number => Number(row["_sequence_number"])

/** Sequence numbers of the rows of stage and of the dead letters, sorted. */
export const lakeContent = Effect.gen(function* () {
  const sorted = (rows: ReadonlyArray<Row>) => rows.map(numberOf).sort((a, b) => a - b)
  return { rows: sorted(yield* rowsOf(stagePath("order"))), deadLetters: sorted(yield* rowsOf(deadLettersPath)) }
})

/** What records 0 to before `count` must come to. */
export const expectedContent = (count: number, badEvery = 10) => {
  const all = Array.from({ length: count }, (_, i) => i + 1)
  return { rows: all.filter((n) => n % badEvery !== 0), deadLetters: all.filter((n) => n % badEvery === 0) }
}

/** The checks of `verify` that do not hold. */
export const failedChecks: Effect.Effect<ReadonlyArray<string>, never, Store> = Effect.scoped(
  Effect.gen(function* () {
    const checks = yield* verify([contract], yield* openDuckDB())
    return checks.filter(({ ok }) => !ok).map(({ check, detail }) => `${check}: ${detail}`)
  })
).pipe(Effect.orDie)

/** Each of these sequence numbers, which are sorted, is exactly one of a row and a dead letter. */
export const everyRecordOnce = (all: ReadonlyArray<number>): Effect.Effect<void, never, Store> =>
  Effect.gen(function* () {
    const { rows, deadLetters } = yield* lakeContent
    assert.deepStrictEqual(
      [...rows, ...deadLetters].sort((a, b) => a - b),
      all
    )
    assert.deepStrictEqual(yield* failedChecks, [])
  })
