import type { Effect } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import type { DecodeSettings } from "../decode/decoder.ts"
import type { Hashing } from "../lake/hash-key.ts"
import type { RetirementLimits } from "../lake/retire.ts"
import { type DecodeCounts, type OnRunEvent, sumOf } from "../record/report.ts"
import type { SourceError } from "../record/source-error.ts"
import type { Source } from "../source/source.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import type { Tables } from "./tables.ts"

/** When a batch is closed: whichever limit is reached first. */
export interface BatchLimits {
  /**
   * Raw bytes of a batch. Large values give few, large files and more work to repeat after a crash; small values give fresh data, many small
   * files and many commits.
   */
  readonly bytes: number
  /** Age in milliseconds of the oldest record held. Bounds how long a record stays invisible. */
  readonly ageMillis: number
  /**
   * Ingestion hours of a batch's records: each is a file. More only happens when history is read, in an order that mixes hours. A source whose shards nobody owns
   * does so whenever it is behind, and has {@link firstComeHours} in any case.
   */
  readonly hours: number
  /**
   * Shards of a batch; default 10,000. Files are shards, and a commit names each of them: it should be no larger than one of many rows. More only happens
   * where files are small and many.
   */
  readonly shards?: number
  /**
   * Columns held in memory, over all hours and threads, before the largest are encoded. Large values cost memory, twice as much and more since
   * arrays grow by doubling; small ones give small row groups, each of which costs some time for every column.
   */
  readonly bufferBytes: number
}

export const defaultShards = 10_000

/** As long as a queue keeps its messages: a batch less would make a file of each object of a backlog. An hour that is open takes 0.2 MB of memory, beside its rows. */
export const firstComeHours = 14 * 24

export const defaultBatchLimits: BatchLimits = {
  bytes: 128 * 1024 * 1024,
  ageMillis: 300_000,
  hours: 48,
  bufferBytes: 48 * 1024 * 1024
}

/** What has been done so far, told after each page and each commit: for a progress bar. */
export interface IngestProgress {
  readonly records: number
  readonly rows: number
  readonly deadLetters: number
  readonly bytes: number
  readonly commits: number
  /** Bytes of columns that the thread which reads and commits holds between two pages. */
  readonly held: number
}

/** @param open what batches came to so far that are not committed yet */
export const progressOf = ({ commits, counts }: IngestTotal, held: number, ...open: ReadonlyArray<DecodeCounts>): IngestProgress => {
  const sum = (of: (counts: DecodeCounts) => number) => open.reduce((total, counts) => total + of(counts), of(counts))
  return {
    records: sum(({ records }) => records),
    rows: sum(({ rows }) => rows),
    deadLetters: sum(({ deadLetters }) => sumOf(deadLetters)),
    bytes: sum(({ bytes }) => bytes),
    commits,
    held
  }
}

/** With which key the rows that come are hashed. */
export const hashingOf = ({ changeHashKey = false, decode }: Pick<IngestOptions, "changeHashKey" | "decode">): Hashing => ({
  key: decode.hashKey,
  change: changeHashKey
})

/** What all batches of an ingest came to that are committed. */
export interface IngestTotal {
  commits: number
  readonly counts: DecodeCounts
}

export interface IngestOptions {
  readonly contract: CompiledContract
  readonly source: Source
  readonly decode: DecodeSettings
  /** Goes on with the hash key of `decode` where the stage's hashes are of another one. Default: that is refused. */
  readonly changeHashKey?: boolean
  readonly limits: BatchLimits
  /**
   * Threads that decode and encode, this one among them, which also reads and commits. The rows, positions and counts are the same with any
   * number. More than one needs `contracts`. Default 1.
   */
  readonly threads?: number
  /** The module of a project that has this contract. It holds functions, so that each thread has to make its own. */
  readonly contracts?: URL
  /** Raw bytes after which this thread starts others: less than that is done before they are ready. Default 16 MiB; 0: it waits for them. */
  readonly startThreadsAfter?: number
  /** The tables, for who keeps them open from one ingest to the next. Default: they are opened anew. */
  readonly tables?: Effect.Effect<Tables, TableError | StoreError, Store>
  /** When positions of files at rest leave the log of the stage. */
  readonly retirement?: RetirementLimits
  /** Succeeds when ingest must stop: the open batch is finished and committed first. */
  readonly stop: Effect.Effect<void>
  /** Told after the commit that it speaks of. Must not fail or block. */
  readonly onEvent: OnRunEvent
  readonly onProgress: (progress: IngestProgress) => void
}

export interface IngestResult {
  readonly commits: number
  /** What all batches came to. */
  readonly counts: DecodeCounts
  readonly stopped: "end" | "drain"
  /** Why the source ended before its end; everything that it gave before is committed. */
  readonly failure: SourceError | null
}
