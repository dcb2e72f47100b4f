import { Effect, Stream } from "effect"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { verify } from "../../src/lake/verify.ts"
import type { RecordPage } from "../../src/record/record.ts"
import type { Source } from "../../src/source/source.ts"
import { pageOf } from "../decode/support.ts"
import { contract, recordText, run } from "../ingest/support.ts"

/** 07:00 on the day of the tests, and so many seconds. */
export const at = (seconds: number): string => new Date(Date.UTC(2026, 10, 20, 7) + seconds * 1000).toISOString()

export const shard = (n: number): string => `orders/shardId-${String(n).padStart(12, "0")}`

/** 56 digits, as Kinesis gives them. */
export const sequence = (n: number): string => `495${String(n).padStart(53, "0")}`

interface Told {
  readonly [name: string]: string | number | boolean
}

/** What a Kinesis source gives for an answer without records. Each page is committed by itself. */
export const marker = (n: number, resume: Told): RecordPage => ({
  ...pageOf([], { shard: shard(n), sequenceNumbers: [], arrivedAt: 0 }),
  resume,
  position: { sequenceNumber: "0", subSequenceNumber: 0 },
  commitNow: true
})

/** Records of aggregated ones: `subs` of them under each sequence number; every fourth is bad. */
export const records = (n: number, from: number, count: number, resume: Told, subs = 3): RecordPage => {
  const all = Array.from({ length: count * subs }, (_, i) => i)
  return {
    ...pageOf(
      all.map((i) => recordText(i, 4)),
      {
        shard: shard(n),
        sequenceNumbers: all.map((i) => sequence(from + Math.floor(i / subs))),
        subSequenceNumbers: all.map((i) => i % subs),
        arrivedAt: all.map((i) => Date.parse(at(i)))
      }
    ),
    resume,
    commitNow: true
  }
}

/** A source that knows no better than to give what it was told to, whatever a table has. */
export const streamOf = (...pages: ReadonlyArray<RecordPage>): Source => ({
  name: "kinesis",
  location: "arn:aws:kinesis:eu-west-1:000000000000:stream/orders",
  pages: () => Stream.rechunk(Stream.fromIterable(pages), 1)
})

export const ingestStream = (...pages: ReadonlyArray<RecordPage>) => run(streamOf(...pages))

/** A stream whose shard 0 is split into 1 and 2, of which the last has no records yet. */
export const split: ReadonlyArray<RecordPage> = [
  marker(0, { start: at(0) }),
  records(0, 10, 4, { readUntil: at(60), behind: 3200 }),
  marker(0, { readUntil: at(120), behind: 0 }),
  records(0, 20, 1, { readUntil: at(180), behind: 0, outOfRange: 2 }, 1),
  marker(0, { readUntil: at(200), behind: 0, outOfRange: 2, ended: true }),
  marker(1, { start: at(200) }),
  marker(2, { start: at(200) }),
  records(1, 30, 2, { readUntil: at(240), behind: 1500 })
]

/** The checks of `verify` by name, those that do not hold with what they say. */
export const failures = (knownGaps = 0) =>
  Effect.scoped(
    Effect.gen(function* () {
      const checks = yield* verify([contract], yield* openDuckDB({ threads: 1 }), knownGaps)
      return checks.filter(({ ok }) => !ok).map(({ check, detail }) => `${check}: ${detail}`)
    })
  )
