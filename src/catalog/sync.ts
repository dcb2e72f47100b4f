import type { Table } from "@aws-sdk/client-glue"
import { Effect, Schedule } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { datasetAt } from "../lake/layout.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { CatalogApi, CatalogError } from "./api.ts"
import { goneTables, type PlanOptions, planTables, type Step, type Synced } from "./plan.ts"
import { lakeForCatalog, type TableExtra } from "./wanted.ts"

export interface SyncOptions extends Omit<PlanOptions, "isWhole"> {
  readonly database: string
  /** By the name of their dataset. */
  readonly contracts: ReadonlyMap<string, CompiledContract>
  /** What is known of each table beside its contract, by its path. Null: nobody asked, and what was said before stays. */
  readonly about: ReadonlyMap<string, TableExtra> | null
  /** Null: all tables of the lake. Else those of these datasets, and what all datasets share where `shared` says so. */
  readonly datasets: ReadonlySet<string> | null
  readonly shared: boolean
  /** Work out what would be done, and do nothing. */
  readonly dryRun: boolean
}

export interface SyncReport {
  readonly database: string
  /** The database was made, or would be. */
  readonly databaseCreated: boolean
  readonly tables: ReadonlyArray<Synced>
}

/** How often a table is looked at again that others change at the same time. */
const rounds = 6

/**
 * Brings the catalog in step with the tables of the lake: makes what it has not, adds what it lacks, and takes nothing away. Of several syncs at once each
 * update rests on the version that it was worked out from; what another has overtaken is worked out anew. What fails for one table stops no other.
 *
 * Errors: `CatalogError` where the catalog cannot be read, or its database not be made; `StoreError` where the lake cannot be listed.
 */
export const syncCatalog = (api: CatalogApi, options: SyncOptions): Effect.Effect<SyncReport, CatalogError | StoreError, Store> =>
  Effect.gen(function* () {
    const { database, contracts, datasets, shared } = options
    const { root } = yield* Store
    const isMeant = (path: string): boolean => {
      const dataset = datasetAt(path)
      return datasets === null || (dataset === null ? shared : datasets.has(dataset))
    }
    const { wanted, unknown } = yield* lakeForCatalog(contracts, isMeant, options.about)
    const present = new Set([...wanted, ...unknown.map(({ step }) => step)].map(({ path }) => path))
    const planFor = (existing: ReadonlyArray<Table>): ReadonlyArray<Step> => [
      ...planTables(wanted, existing, { ...options, isWhole: options.about !== null }),
      ...goneTables(existing, root, (path) => isMeant(path) && !present.has(path))
    ]

    const found = yield* api.tables(database)
    const databaseCreated = found === null && wanted.length > 0
    const first = planFor(found ?? [])
    if (options.dryRun) return { database, databaseCreated, tables: [...first.map((step) => ({ step, failure: null })), ...unknown] }
    if (databaseCreated) yield* createDatabase(api, database, root)

    const done = new Map<string, Synced>()
    const open = new Set(first.map(keyOf))
    const round = Effect.fnUntraced(function* (steps: ReadonlyArray<Step>) {
      for (const step of steps.filter((step) => open.has(keyOf(step)))) {
        const failure = yield* apply(api, database, step)
        done.set(keyOf(step), { step, failure })
        if (failure?.reason !== "Changed") open.delete(keyOf(step))
      }
      return open.size === 0
    })
    const again = Effect.gen(function* () {
      return yield* round(planFor((yield* api.tables(database)) ?? []))
    })
    if (!(yield* round(first))) {
      const schedule = Schedule.exponential("50 millis").pipe(Schedule.jittered, Schedule.upTo({ times: rounds - 1 }))
      yield* Effect.repeat(Effect.delay(again, "50 millis"), { schedule, until: (isDone) => isDone })
    }
    return { database, databaseCreated, tables: [...done.values(), ...unknown] }
  })

/** Two tables of one name may be wanted; of one path there is one. */
const keyOf = ({ path, name }: Step): string => `${path} ${name}`

/** Its location is where Spark would put tables that name none; without one it fails to make any. */
const createDatabase = (api: CatalogApi, database: string, root: string): Effect.Effect<void, CatalogError> =>
  Effect.catchIf(
    api.createDatabase({ Name: database, Description: "Tables of a lake that Sluice fills.", LocationUri: `${root}/` }),
    // Somebody else was faster.
    ({ reason }) => reason === "Changed",
    () => Effect.void
  )

const apply = (api: CatalogApi, database: string, step: Step): Effect.Effect<CatalogError | null> => {
  const call =
    step.action === "create"
      ? api.createTable(database, step.input)
      : step.action === "update"
        ? api.updateTable(database, step.input, step.version)
        : Effect.void
  return Effect.match(call, { onSuccess: () => null, onFailure: (error) => error })
}
