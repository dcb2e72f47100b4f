import type { Effect } from "effect"
import type { Column } from "./column.ts"
import type { SelectLineage } from "./column-lineage.ts"
import type { DeadLetterReason } from "./dead-letter-reasons.ts"
import type { Position } from "./position.ts"

/**
 * What decoding a batch came to. Every record is counted exactly once: `records = rows + sum(deadLetters) + empty`. Keys are names from the
 * contract or paths, never values.
 */
export interface DecodeCounts {
  records: number
  rows: number
  /** Raw bytes of all records. */
  bytes: number
  /** Records that are nothing by definition: empty lines, empty objects. */
  empty: number
  readonly deadLetters: { [reason in DeadLetterReason]?: number }
  /** Values left out, by drop rule. */
  readonly drops: { [rule: string]: number }
  /** Values that did not fit and went to `_rescued`, by path. */
  readonly rescued: { [path: string]: number }
  /** Unknown fields, by path; at most 1,000 paths, the rest under `…`. */
  readonly drift: { [path: string]: number }
  /** Sensitive values hashed or dropped, by column path. */
  readonly masked: { [column: string]: number }
  /** Rows for which an expectation did not hold, by its name. */
  readonly quality: { [expectation: string]: number }
  /** What conventions of the contract changed: values that are null by `nullText`, records that have keys in another case by `anyCase`. */
  readonly conventions: { [convention: string]: number }
  /**
   * Values that the fast path of decoding handed to the definition, by path, and records under the empty path. They cost time and change
   * nothing else: a number that grows tells that a producer has changed its ways.
   */
  readonly handedOver: { [path: string]: number }
}

export const emptyCounts = (): DecodeCounts => ({
  records: 0,
  rows: 0,
  bytes: 0,
  empty: 0,
  deadLetters: {},
  drops: {},
  rescued: {},
  drift: {},
  masked: {},
  quality: {},
  conventions: {},
  handedOver: {}
})

export interface ShardRange {
  readonly shard: string
  /** Position after which the batch starts; absent at the shard's beginning. */
  readonly from?: Position | undefined
  /** Position of the batch's last record. */
  readonly to: Position
  readonly records: number
}

/** What closed a batch. `source`: its source asked for it, since other processes wait for what a page says. */
export type RotationReason = "size" | "age" | "hours" | "source" | "end" | "drain"

/** What one batch did: stands in the `commitInfo` of its stage commit under `sluice`, and is what lineage reports. */
export interface BatchReport {
  readonly kind: "batch"
  readonly runId: string
  readonly dataset: string
  readonly source: { readonly name: string; readonly location: string }
  /** ISO 8601 UTC. */
  readonly startedAt: string
  readonly rotation: RotationReason
  readonly shards: ReadonlyArray<ShardRange>
  readonly counts: DecodeCounts
  readonly files: number
  readonly fileBytes: number
}

/** What one repartition did; stands in the `commitInfo` of its consumable commit under `sluice`. */
export interface RepartitionReport {
  readonly kind: "repartition"
  readonly runId: string
  readonly dataset: string
  readonly engine: string
  readonly startedAt: string
  /** Stage versions taken: after `fromVersion` (-1: from the start) up to and with `toVersion`. */
  readonly fromVersion: number
  readonly toVersion: number
  readonly rebuild: boolean
  readonly stageFiles: number
  readonly stageBytes: number
  readonly rowsRead: number
  readonly rowsAdded: number
  /** Rows that were there, and in place of which newer ones are. Absent: none. */
  readonly rowsReplaced?: number
  /** Rows that are no longer there since their keys were deleted. Absent: none. */
  readonly rowsDeleted?: number
  /** Rows read that added none: copies that lost, that stood in the consumable already, or took the place of an older one, and those that delete a key. */
  readonly duplicates: number
  readonly files: number
  readonly fileBytes: number
  readonly days: ReadonlyArray<string>
}

/** What one replay of dead letters did; stands in the `commitInfo` of its stage commit under `sluice`. */
export interface ReplayReport {
  readonly kind: "replay"
  readonly runId: string
  readonly dataset: string
  readonly startedAt: string
  readonly counts: DecodeCounts
  readonly files: number
  readonly fileBytes: number
}

/** What one maintenance of a table did. Stands in no log: of its commits each is whole for itself. */
export interface MaintainReport {
  readonly kind: "maintain"
  readonly runId: string
  /** Dataset of the table; the table's name where it is of none. */
  readonly dataset: string
  readonly startedAt: string
  /** Path of the table. */
  readonly table: string
  /** Files that were rewritten, and what they became. */
  readonly filesBefore: number
  readonly bytesBefore: number
  readonly files: number
  readonly fileBytes: number
  /** Log entries and files that nobody needs any more, and that are gone. */
  readonly commitsExpired: number
  readonly filesDeleted: number
  readonly bytesDeleted: number
}

/** What one test found in the rows of a model: in numbers, with no value of a row. */
export interface TestOutcome {
  readonly name: string
  /** The model whose build it was part of. */
  readonly model: string
  readonly column: string | null
  /** Its kind: `unique`, `not_null`, … */
  readonly check: string
  readonly severity: "error" | "warn"
  /** `warn` tells of rows that fail and holds nothing back, `fail` keeps the model's rows from being seen. */
  readonly status: "pass" | "warn" | "fail"
  /** Rows that fail. */
  readonly failures: number
}

/** Results of tests without what only people at the terminal are shown. */
export const outcomesOf = (tests: ReadonlyArray<TestOutcome>): ReadonlyArray<TestOutcome> =>
  tests.map(({ name, model, column, check, severity, status, failures }) => ({ name, model, column, check, severity, status, failures }))

/** What one build of a model did; stands in the `commitInfo` of its mart's commit under `sluice`. */
export interface BuildReport {
  readonly kind: "build"
  readonly runId: string
  /** The model. */
  readonly dataset: string
  readonly startedAt: string
  readonly materialization: "view" | "table" | "incremental" | "history" | "lookup"
  /** Was all of it made anew? */
  readonly full: boolean
  /** Rows that its SELECT gave. Of a view none: they are made when they are asked for. */
  readonly rowsAdded: number
  /** Files of the version before that are no longer there. */
  readonly filesReplaced: number
  readonly files: number
  readonly fileBytes: number
  readonly tests: ReadonlyArray<TestOutcome>
}

/** What a build tells of the mart that it made, beside its report. */
export interface MadeMart {
  readonly uri: string
  readonly isView: boolean
  readonly description: string
  readonly owner: string | null
  /** What else is said of it as a whole, by name. */
  readonly said: { readonly [name: string]: string }
  readonly columns: ReadonlyArray<Column>
  /** What its SELECT reads, by the names that it calls it. `version`: null of a view. */
  readonly reads: ReadonlyArray<{ readonly name: string; readonly uri: string; readonly version: number | null }>
  /** Which of their columns its columns are made of. */
  readonly lineage: SelectLineage
}

export type Report = BatchReport | RepartitionReport | ReplayReport | MaintainReport | BuildReport

/** What a kind of run is called, wherever people read it. */
export const runKinds = {
  batch: "ingest",
  repartition: "repartition",
  replay: "replay",
  maintain: "maintain",
  build: "build"
} as const satisfies { readonly [K in Report["kind"]]: string }

/** What became of a run: its work stands, it failed, or it was given up: interrupted, or done by another process meanwhile. */
export const runOutcomes = ["complete", "fail", "abort"] as const
export type RunOutcome = (typeof runOutcomes)[number]

/** What runs tell whoever listens (lineage, the table of runs, the log). Emitted after the commit that it speaks of. */
export type RunEvent =
  | {
      readonly event: "start"
      readonly kind: Report["kind"]
      readonly runId: string
      readonly dataset: string
      readonly at: string
      readonly inputs: ReadonlyArray<RunInput>
    }
  | {
      readonly event: "complete"
      readonly at: string
      readonly report: Report
      /** How long a batch took to be finished and committed, of all the time since it was begun. */
      readonly commitMillis?: number
      readonly inputs: ReadonlyArray<RunInput>
      readonly outputs: ReadonlyArray<RunOutput>
      /** Of a build. */
      readonly mart?: MadeMart
    }
  | {
      readonly event: "fail"
      readonly outcome: Exclude<RunOutcome, "complete">
      readonly kind: Report["kind"]
      readonly runId: string
      readonly dataset: string
      readonly startedAt: string
      readonly at: string
      readonly message: string
      readonly inputs: ReadonlyArray<RunInput>
      /** Of a build that tests held back: what they found, and where the mart lies that stays as it is. */
      readonly tests?: ReadonlyArray<TestOutcome>
      readonly martUri?: string
    }

/** Whoever is told of runs. Must not fail or block. */
export type OnRunEvent = (event: RunEvent) => Effect.Effect<void>

/** Something read: a source's location (`file:///…`, `arn:aws:kinesis:…`), or a table by URI and version. */
export interface RunInput {
  readonly uri: string
  readonly table?: { readonly path: string; readonly version: number } | undefined
  readonly rows?: number | undefined
  readonly bytes?: number | undefined
  readonly files?: number | undefined
}

/** A table that a commit appended to. */
export interface RunOutput {
  readonly uri: string
  readonly path: string
  readonly version: number
  readonly created: boolean
  readonly rows: number
  readonly bytes: number
  readonly files: number
}

/** Sum of counts by name. */
export const sumOf = (counts: { readonly [name: string]: number | undefined }): number =>
  Object.values(counts).reduce<number>((total, n) => total + (n ?? 0), 0)

/** Adds one to a count. Names may be anything, `constructor` too. */
export const count = (counts: { [name: string]: number }, name: string): void => add(counts, name, 1)

export const add = (counts: { [name: string]: number }, name: string, n: number): void => {
  counts[name] = (Object.hasOwn(counts, name) ? (counts[name] ?? 0) : 0) + n
}
