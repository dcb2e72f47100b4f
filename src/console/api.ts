/**
 * What the console's server answers and its pages read: the one agreement between both halves. Types and lists of words alone, so that the bundle takes nothing of the
 * server with it. Times are ISO 8601 in UTC. Everything is JSON but the files; what fails answers {@link Problem} with a status of 4xx or 5xx.
 *
 * Who calls: `GET` from the same origin, with the cookie where a token is needed; `POST` with `content-type: application/json` besides.
 */

/** Every answer that is no success. */
export interface Problem {
  readonly problem: string
  readonly hint: string
}

/** `GET /api/meta` */
export interface Meta {
  readonly project: string
  readonly dashboards: ReadonlyArray<{ readonly name: string; readonly title: string; readonly description: string }>
  readonly features: { readonly sql: boolean; readonly replay: boolean }
  /** The server's clock. */
  readonly now: string
  /** What is wrong with files of dashboards, which are left out: `dashboards/x.yaml:12: …`. */
  readonly problems: ReadonlyArray<string>
}

export interface TableState {
  readonly path: string
  readonly version: number
  /** Null where a file has no statistics. */
  readonly rows: number | null
  readonly files: number
  readonly bytes: number
}

export interface ShardState {
  readonly shard: string
  /** Milliseconds behind the end of the stream when it last said so; null: not read yet. */
  readonly behindMillis: number | null
  readonly readUntil: string | null
  readonly ended: boolean
  readonly records: number
  readonly position: string | null
  readonly gaps: number
}

/** How old the data may be, and is. `none`: the contract expects nothing, or there is none. */
export interface Freshness {
  readonly limitMinutes: number | null
  readonly ageMinutes: number | null
  readonly state: "fresh" | "late" | "none"
}

export interface DatasetState {
  readonly dataset: string
  readonly known: boolean
  readonly stage: TableState
  readonly consumable: TableState | null
  /** Stage versions that no repartition has taken yet, and their rows. */
  readonly waitingVersions: number
  readonly waitingRows: number
  readonly shards: number
  /** Those of streams; files are counted only. */
  readonly streams: ReadonlyArray<ShardState>
  readonly lagMillis: number | null
  readonly gaps: number
  readonly records: number
  readonly deadLettersWaiting: number
  readonly lastArrival: string | null
  readonly lastCommit: string | null
  readonly freshness: Freshness
  /** Commits of batches that are still in the log, and how many of each were closed for which reason (`size`, `age`, `end`, …). */
  readonly batches: number
  readonly batchReasons: Readonly<Record<string, number>>
  readonly ledger: {
    readonly records: number
    readonly rows: number
    readonly deadLetters: number
    readonly empty: number
    readonly closes: boolean
  }
}

export interface CheckState {
  readonly table: string
  readonly name: string
  readonly ok: boolean
  readonly severity: "error" | "warning"
  readonly detail: string
}

export interface RunState {
  readonly kind: string
  readonly dataset: string
  readonly outcome: string
  readonly begunAt: string
  readonly endedAt: string
  readonly records: number | null
  readonly rows: number | null
  readonly deadLetters: number | null
  readonly error: string | null
}

export interface DeadLetterState {
  readonly dataset: string
  readonly reason: string
  readonly count: number
  readonly bytes: number
  readonly lastAt: string | null
  /** Where one of them stands; never what is in it. */
  readonly example: {
    readonly source: string
    readonly shard: string
    readonly sequenceNumber: string
    readonly path: string | null
  } | null
}

/** What somebody should do something about. */
export interface Attention {
  readonly severity: "error" | "warning"
  /** The dataset or table that it is about. */
  readonly of: string
  readonly problem: string
  readonly hint: string
}

/** `GET /api/status` */
export interface Status {
  readonly lake: string
  readonly now: string
  /** The worst first; empty: all is well. */
  readonly attention: ReadonlyArray<Attention>
  readonly datasets: ReadonlyArray<DatasetState>
  readonly deadLetters: { readonly table: TableState | null; readonly byReason: ReadonlyArray<DeadLetterState> }
  readonly tables: ReadonlyArray<TableState>
  /** The checks of `verify` that the logs alone answer, and when they were last made; null: not yet. */
  readonly checks: { readonly at: string; readonly results: ReadonlyArray<CheckState> } | null
  /** Those that ended last first, 50 at most. */
  readonly runs: ReadonlyArray<RunState>
  /** What could not be told, each as a sentence: the rest stands. */
  readonly warnings: ReadonlyArray<string>
}

export type Zone = "stage" | "consumable" | "mart" | "other"

export interface CatalogColumn {
  readonly name: string
  readonly type: string
  readonly description: string
  readonly sensitive: boolean
}

export interface CatalogTable {
  /** As SQL names it. */
  readonly name: string
  readonly path: string
  readonly zone: Zone
  readonly title: string
  readonly description: string
  readonly owner: string
  /** What else is said of it, by the names that the catalog of AWS has for it too: `sensitivity`, `source_system`, `domain`. */
  readonly about: { readonly [name: string]: string }
  /** Names of the tables that it is made of, and of those that are made of it. */
  readonly upstream: ReadonlyArray<string>
  readonly downstream: ReadonlyArray<string>
  /** Null where no table is there yet. */
  readonly version: number | null
  readonly rows: number | null
  readonly bytes: number
  readonly files: number
  readonly committedAt: string | null
  readonly freshness: Freshness
  /** What the last checks found. `score`: the share that passed; null: none was made. */
  readonly quality: {
    readonly passed: number
    readonly failed: number
    readonly warned: number
    readonly at: string | null
    readonly score: string | null
  }
  readonly columns: ReadonlyArray<CatalogColumn>
}

/** `GET /api/catalog` */
export interface Catalog {
  readonly tables: ReadonlyArray<CatalogTable>
}

export interface LineageNode {
  readonly id: string
  readonly kind: "dataset" | "job"
  readonly name: string
  readonly zone: Zone | "source" | "exposure" | null
  readonly version: number | null
  readonly lastRun: { readonly outcome: string; readonly endedAt: string } | null
}

export interface LineageColumn {
  readonly node: string
  readonly column: string
}

/** `GET /api/lineage` */
export interface Lineage {
  readonly nodes: ReadonlyArray<LineageNode>
  readonly edges: ReadonlyArray<{ readonly from: string; readonly to: string }>
  readonly columns: ReadonlyArray<{ readonly from: LineageColumn; readonly to: LineageColumn }>
}

export const parameterTypes = ["integer", "number", "text", "date", "boolean"] as const
export type ParameterType = (typeof parameterTypes)[number]
export type ParameterValue = string | number | boolean

export const presets = ["today", "yesterday", "last-7-days", "last-30-days", "month-to-date", "last-12-months", "all", "custom"] as const
/** Whole days of the dashboard's zone; those to date end now. */
export type Preset = (typeof presets)[number]

export const grains = ["minute", "hour", "day", "week", "month"] as const
export type Grain = (typeof grains)[number]

export const chartKinds = ["bar", "line", "number", "map", "table"] as const
export type ChartKind = (typeof chartKinds)[number]

export interface ParameterDefinition {
  readonly name: string
  readonly type: ParameterType
  readonly default: ParameterValue
  readonly label: string
}

export interface FilterDefinition {
  /** `?f.FIELD=VALUE`, more than once for one of several. */
  readonly field: string
  readonly label: string
}

export interface QueryDefinition {
  readonly name: string
  readonly description: string
  /** Name of the query that gives the rows behind this one. */
  readonly drill: string | null
  /** Fields by which it can be filtered. */
  readonly filterable: ReadonlyArray<string>
  /** Is it about the period: does it take `$from` and `$to`, so that it can be compared? */
  readonly periodic: boolean
  readonly grained: boolean
  readonly parameters: ReadonlyArray<string>
}

export interface ChartDefinition {
  readonly title: string
  readonly description: string
  readonly query: string
  readonly kind: ChartKind
  readonly x: string | null
  readonly y: string | null
  readonly series: string | null
  readonly unit: string | null
  /** For maps: which shapes `x` names. */
  readonly geography: "us-states" | "us-zip" | "br-states" | "world" | null
  /** Of counts and sums over time: a step of the grain of which there is no row is zero, and not left out. */
  readonly fillZero: boolean
  readonly compare: boolean
}

/** `GET /api/dashboards/NAME` */
export interface Dashboard {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly timezone: string
  readonly period: { readonly default: Preset }
  readonly grain: Grain
  readonly parameters: ReadonlyArray<ParameterDefinition>
  readonly filters: ReadonlyArray<FilterDefinition>
  readonly queries: ReadonlyArray<QueryDefinition>
  readonly charts: ReadonlyArray<ChartDefinition>
}

export type Cell = string | number | boolean | null

export interface AnswerColumn {
  readonly name: string
  readonly type: "text" | "number" | "boolean" | "date" | "timestamp" | "other"
}

export type Comparison = "previous" | "year" | "none"

export interface Period {
  /** From this moment on. */
  readonly from: string
  /** Up to this moment, which is no longer of it. */
  readonly to: string
  /** Has it not ended yet? Then it is compared with the same part of the earlier one. */
  readonly partial: boolean
}

/**
 * `GET /api/q/NAME?preset=&from=&to=&compare=&grain=&f.FIELD=VALUE&p.PARAM=VALUE&page=`; `.csv` behind NAME gives the rows as CSV. `from` and `to`
 * are dates (in the dashboard's zone; `to` is the last day) or moments with a zone (`to` is the end). With `preset=` they are left out.
 */
export interface Answer {
  readonly columns: ReadonlyArray<AnswerColumn>
  /** Numbers that a float cannot hold, dates and times are text. */
  readonly rows: ReadonlyArray<ReadonlyArray<Cell>>
  readonly period: Period | null
  /** Rows of the earlier period, in the same columns; null: not compared. */
  readonly compare: { readonly period: Period; readonly rows: ReadonlyArray<ReadonlyArray<Cell>> } | null
  /** Versions of the tables that were read, by name. */
  readonly asOf: Readonly<Record<string, number>>
  /** When the copy that was read was made. */
  readonly builtAt: string
  readonly tookMillis: number
  /** Are there more rows than were given? */
  readonly truncated: boolean
  /** Fields of `f.` that the rows were filtered by; and those that no table of the query has, so that it is not filtered by them. */
  readonly filtered: ReadonlyArray<string>
  readonly ignoredFilters: ReadonlyArray<string>
  /** From 1; pages are of `pageSize` rows. */
  readonly page: number
  readonly pageSize: number
}

/** `GET /api/events`: server-sent events, `data:` of each of which is this. A table has a newer version, which can be asked. */
export interface TableEvent {
  readonly table: string
  readonly version: number
}

/** `POST /api/sql`; `/api/sql.csv` and `/api/sql.parquet` answer files of all rows up to a limit. */
export interface SqlRequest {
  readonly sql: string
}

export interface SqlAnswer {
  readonly columns: ReadonlyArray<AnswerColumn>
  readonly rows: ReadonlyArray<ReadonlyArray<Cell>>
  readonly truncated: boolean
  readonly tookMillis: number
}

/** `POST /api/replay`: reads dead letters of a dataset again. */
export interface ReplayRequest {
  readonly dataset: string
  /** Only those of this reason; null: all of the dataset's. */
  readonly reason: string | null
}

export interface ReplayAnswer {
  /** Dead letters that were read again. */
  readonly records: number
  readonly rows: number
}
