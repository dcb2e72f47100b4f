import { dirname } from "node:path"
import { Effect, type Scope } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import type { DuckDB } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { openDuckDB } from "../duckdb/open.ts"
import { Store } from "../store/store.ts"
import { type Audit, auditOf } from "./audit.ts"
import type { FreshnessResult } from "./freshness.ts"
import type { Models } from "./model.ts"
import { isElements } from "./pieces.ts"
import { elementsSql, inLake, type RelationNames } from "./relations.ts"
import { variables } from "./render.ts"
import { Sources, sourceView } from "./sources.ts"
import { type Traced, trace } from "./traced.ts"

/** What building and testing models need. */
export interface BuilderOptions {
  readonly models: Models
  /** Contracts of the project's datasets. */
  readonly contracts: ReadonlyArray<CompiledContract>
  /** Columns that are sensitive wherever they stand, in lower case. */
  readonly sensitive: ReadonlySet<string>
  /** Bytes that DuckDB may use before it spills. */
  readonly memoryLimit?: number | undefined
  readonly threads?: number | undefined
}

/** What all models share that are built, or tested, at one time. */
export interface Builder {
  readonly db: DuckDB
  readonly models: Models
  readonly contracts: ReadonlyArray<CompiledContract>
  readonly sources: Sources
  /** Worked out when it is first asked for. */
  readonly traced: Effect.Effect<Traced, LakeError>
  readonly audit: Effect.Effect<Audit, LakeError>
  readonly names: RelationNames
  readonly sensitive: ReadonlySet<string>
  /** How old inputs are, by input, once that was looked at. */
  readonly fresh: Map<string, FreshnessResult>
}

/** Opens a DuckDB in which tables of the lake, and marts, become views as they are needed. What models say opens no file that is not the lake's. */
export const builderOf = ({
  models,
  contracts,
  sensitive,
  memoryLimit,
  threads
}: BuilderOptions): Effect.Effect<Builder, LakeError, Scope.Scope | Store> =>
  Effect.gen(function* () {
    const inLakeFolder = (yield* Store).localPath("any")
    const db = yield* openDuckDB({ memoryLimit, threads, onlyBelow: inLakeFolder === null ? [] : [dirname(inLakeFolder)] })
    const names = {
      ref: inLake,
      source: (source: string, table: string) => {
        const rows = inLake(sourceView(source, table))
        return isElements(source) ? elementsSql(table, rows) : rows
      },
      var: variables(models.vars)
    }
    const traced = yield* Effect.cached(trace(db, models, contracts))
    const audit = Effect.map(traced, (found) => auditOf(models, { ...names, sensitive: new Set([...sensitive, ...found.names]) }))
    return { db, models, contracts, sources: new Sources(db, contracts), traced, audit, names, sensitive, fresh: new Map() }
  })
