import type { Effect } from "effect"
import type { ProjectText } from "../docs/entries.ts"
import type { DuckDBSettings } from "../duckdb/duckdb.ts"
import type { DeadLetterReason } from "../record/dead-letter-reasons.ts"
import type { Store } from "../store/store.ts"
import type { ReplayAnswer, Status, TableEvent } from "./api.ts"
import type { Asked } from "./asked.ts"
import type { CatalogFacts } from "./catalog.ts"
import type { Dashboards } from "./dashboards.ts"
import type { Guard } from "./guard.ts"
import type { PoolSettings } from "./query-pool.ts"
import type { SiteFile } from "./site.ts"

export interface ConsoleOptions {
  readonly host: string
  readonly port: number
  /** Further names under which it is reached, each with its port. */
  readonly hosts: ReadonlyArray<string>
  readonly token: string | null
  readonly project: ProjectText
  /** Folder of the project, below which its dashboards are. */
  readonly folder: string
  readonly sql: boolean
  readonly allowPersonal: boolean
  /** Null: dead letters are not replayed from here. @param reason null: whatever theirs is */
  readonly replay: ((dataset: string, reason: DeadLetterReason | null) => Effect.Effect<ReplayAnswer, Error, Store>) | null
  /** Of what this process itself reads; statements of others run elsewhere, within `pool`. */
  readonly duckdb: DuckDBSettings
  readonly pool: PoolSettings
  /** Milliseconds from one look for newer versions to the next. Small ones cost listings of the logs, large ones make what is shown older. */
  readonly refreshMillis: number
  readonly site?: ReadonlyMap<string, SiteFile>
}

export interface RunningConsole {
  readonly port: number
  readonly guard: Guard
  /** Processes that ask DuckDB now. */
  readonly workers: () => ReadonlyArray<number>
}

/** What the routes answer from, as of the latest look at the lake. */
export interface State {
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly dashboards: () => Dashboards
  readonly warnings: () => ReadonlyArray<string>
  readonly asked: Asked
  /** Resolves when there is something to ask. */
  readonly first: Promise<void>
  readonly status: () => Promise<Status>
  readonly catalog: () => Promise<CatalogFacts>
  readonly listen: (send: (event: TableEvent) => void, closed: AbortSignal) => void
  readonly replay: ((dataset: string, reason: DeadLetterReason | null) => Promise<ReplayAnswer>) | null
  /** Folder for files that are sent, and gone then. */
  readonly folder: string
}
