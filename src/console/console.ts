import { chmod, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Clock, Duration, Effect, type Scope, Semaphore } from "effect"
import { authority } from "../app/setting-types.ts"
import { LakeError } from "../duckdb/errors.ts"
import { openDuckDB } from "../duckdb/open.ts"
import type { LakeViews } from "../lake/views.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import type { TableEvent } from "./api.ts"
import { Asked } from "./asked.ts"
import { readCatalogFacts } from "./catalog.ts"
import { removeFiles } from "./copied-table.ts"
import { type Copy, makeCopy } from "./copy.ts"
import { type Dashboards, problemText, readDashboards } from "./dashboards.ts"
import { Guard } from "./guard.ts"
import { QueryPool } from "./query-pool.ts"
import { routesOf } from "./routes.ts"
import { type ListenError, serveConsole } from "./server.ts"
import { readSite } from "./site.ts"
import type { ConsoleOptions, RunningConsole, State } from "./state.ts"
import { readStatus } from "./status.ts"
import { keyOf, LakeWatch, markOf } from "./watch.ts"

type ReadError = LakeError | TableError | StoreError

/** Gives what was read last, until the lake has something newer. */
const latest = <A>(key: () => string, read: () => Promise<A>): (() => Promise<A>) => {
  let found: { readonly key: string; readonly value: Promise<A> } | null = null
  return () => {
    const now = key()
    if (found?.key !== now) {
      const value = read()
      const made = { key: now, value }
      found = made
      // What failed is tried again.
      value.catch(() => {
        if (found === made) found = null
      })
    }
    return found.value
  }
}

/** Runs the console until its scope is closed. */
export const runConsole = (options: ConsoleOptions): Effect.Effect<RunningConsole, ListenError | ReadError, Store | Scope.Scope> =>
  Effect.gen(function* () {
    const { root } = yield* Store
    const context = yield* Effect.context<Store>()
    const run = Effect.runPromiseWith(context)
    const folder = yield* temporaryFolder(options.duckdb.tempDirectory ?? tmpdir())
    const pool = yield* Effect.acquireRelease(
      Effect.sync(() => new QueryPool(options.pool)),
      (pool) => Effect.sync(() => pool.close())
    )
    pool.warm()
    const asked = new Asked(pool, (files) => void run(removeFiles(files)))
    const watcher = new Watcher(options, asked, folder)
    const { contracts } = options.project
    const withDuckDB = <A>(read: (db: Effect.Success<ReturnType<typeof openDuckDB>>) => Effect.Effect<A, ReadError, Store>) =>
      run(Effect.scoped(Effect.flatMap(openDuckDB(options.duckdb), read)))
    const { replay } = options
    const clock = yield* Clock.Clock
    const state: State = {
      now: () => clock.currentTimeMillisUnsafe(),
      dashboards: () => watcher.dashboards,
      warnings: () => [...watcher.dashboards.problems.map(problemText), ...(asked.copy?.warnings ?? [])],
      asked,
      first: watcher.first,
      status: latest(
        () => watcher.key,
        () => withDuckDB((db) => readStatus(root, contracts, db))
      ),
      catalog: latest(
        () => watcher.key,
        () => withDuckDB((db) => readCatalogFacts(options.project, db, options.duckdb))
      ),
      listen: (send, closed) => watcher.listen(send, closed),
      replay: replay === null ? null : (dataset, reason) => run(Effect.tap(replay(dataset, reason), () => watcher.turn)),
      folder
    }
    const { guard, port } = yield* serveConsole({
      host: options.host,
      port: options.port,
      guardOf: (port) => new Guard({ hosts: hostsOf(options, port), token: options.token }),
      site: options.site ?? readSite(),
      routes: routesOf(options, state),
      onError: (cause) => void run(Effect.logError(`the console failed: ${cause instanceof Error ? cause.message : String(cause)}`))
    })
    yield* Effect.forkScoped(Effect.forever(turnAndRest(watcher.turn, options.refreshMillis)))
    return { port, guard, workers: () => pool.pids }
  })

/** Milliseconds between two looks at most: with two copies, and a build, what is shown is a minute old. */
const longestRest = 15_000

/** Copies of large tables take their time: four times as long they are left alone, so that queries have the processor. */
const turnAndRest = <E, R>(turn: Effect.Effect<void, E, R>, refreshMillis: number): Effect.Effect<void, E, R> =>
  Effect.flatMap(Effect.timed(turn), ([took]) => Effect.sleep(Math.max(refreshMillis, Math.min(longestRest, 4 * Duration.toMillis(took)))))

const temporaryFolder = (below: string): Effect.Effect<string, LakeError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const folder = await mkdtemp(join(below, "sluice-console-"))
        await chmod(folder, 0o700)
        return folder
      },
      catch: (cause) =>
        new LakeError({
          reason: "Unavailable",
          problem: "no folder for the copy of the marts",
          hint: "Set TMPDIR to one that may be written.",
          cause
        })
    }),
    (folder) => Effect.ignore(Effect.tryPromise(() => rm(folder, { recursive: true, force: true })))
  )

const loopback = ["localhost", "127.0.0.1", "::1"]

/** Is a host this machine alone? */
export const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host)

const hostsOf = ({ host, hosts }: ConsoleOptions, port: number): ReadonlySet<string> => {
  const withPort = [...loopback, host].flatMap((name) => {
    const at = authority(name, port)
    return port === 80 ? [at, at.slice(0, -":80".length)] : [at]
  })
  return new Set([...withPort, ...hosts].map((name) => name.toLowerCase()))
}

/** Looks at the lake again and again, and has a newer copy made where there is something new. */
class Watcher {
  readonly #options: ConsoleOptions
  readonly #asked: Asked
  readonly #folder: string
  readonly #lake = new LakeWatch()
  readonly #one = Semaphore.makeUnsafe(1)
  readonly #listeners = new Set<(event: TableEvent) => void>()
  #told: ReadonlyMap<string, number> | null = null
  #mark = ""
  #begin: () => void = () => {}
  dashboards: Dashboards = { dashboards: [], problems: [] }
  /** Changes with every commit that is seen. */
  key = ""
  readonly first: Promise<void>

  constructor(options: ConsoleOptions, asked: Asked, folder: string) {
    this.#options = options
    this.#asked = asked
    this.#folder = folder
    this.first = new Promise((resolve) => {
      this.#begin = resolve
    })
  }

  listen(send: (event: TableEvent) => void, closed: AbortSignal): void {
    this.#listeners.add(send)
    closed.addEventListener("abort", () => this.#listeners.delete(send))
  }

  /** One look, at a time. What fails is tried again at the next. */
  get turn(): Effect.Effect<void, never, Store> {
    return Effect.gen({ self: this }, function* () {
      const lake = yield* this.#lake.look
      const dashboards = yield* Effect.promise(() => readDashboards(this.#options.folder))
      const before = this.dashboards
      this.dashboards = dashboards
      this.key = keyOf(lake)
      if (this.#markOf(lake, dashboards) !== this.#mark) {
        if (JSON.stringify(before.problems) !== JSON.stringify(dashboards.problems))
          for (const problem of dashboards.problems) yield* Effect.logWarning(`left out: ${problemText(problem)}`)
        const copy = yield* this.#copy(lake, dashboards)
        for (const warning of copy.warnings) if (this.#mark === "") yield* Effect.logWarning(warning)
        this.#asked.swap(copy)
        // What the copy's queries read is known by now.
        this.#mark = this.#markOf(lake, dashboards)
        this.#begin()
      }
      this.#tell(lake)
    }).pipe(
      Effect.catchCause((cause) =>
        Effect.logWarning("the lake could not be looked at, what was copied before is shown", { cause: String(cause) })
      ),
      this.#one.withPermits(1)
    )
  }

  #copy(lake: LakeViews, dashboards: Dashboards): Effect.Effect<Copy, ReadError, Store> {
    const { allowPersonal, duckdb, project, sql } = this.#options
    const { contracts, models } = project
    const options = { folder: this.#folder, contracts, models, dashboards: dashboards.dashboards, all: sql, allowPersonal, duckdb }
    return makeCopy(lake, options, this.#asked.copy)
  }

  #markOf(lake: LakeViews, dashboards: Dashboards): string {
    const { copy } = this.#asked
    const named = new Set(copy === null ? [] : [...copy.reads.values()].flat())
    return `${markOf(lake, named, this.#options.sql)}\n${JSON.stringify(dashboards)}`
  }

  #tell({ tables }: LakeViews): void {
    const now = new Map(tables.map(({ snapshot, view }) => [view, snapshot.version]))
    for (const [table, version] of now)
      if (this.#told !== null && this.#told.get(table) !== version) for (const send of this.#listeners) send({ table, version })
    this.#told = now
  }
}
