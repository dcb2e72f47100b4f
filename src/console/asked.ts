import type { Answer, SqlAnswer } from "./api.ts"
import { type Copy, filesOf } from "./copy.ts"
import type { StoredDashboard, StoredQuery } from "./dashboard.ts"
import { periodOf } from "./period.ts"
import { type Plan, planQuery } from "./plan.ts"
import type { QueryMessage, QueryRows } from "./query-messages.ts"
import { QueryFailure, type QueryPool } from "./query-pool.ts"

/** Rows of an answer at most, of a page, and of a file. */
export const mostRows = 5_000
export const pageRows = 50
export const mostFileRows = 200_000
export const mostParquetRows = 1_000_000
const mostBytes = 16_000_000
const mostFileBytes = 64_000_000

/** What is asked: the copy as of now, and those that are still being asked. */
export class Asked {
  readonly #pool: QueryPool
  #copy: Copy | null = null
  readonly #users = new Map<Copy, number>()
  readonly #remove: (files: ReadonlyArray<string>) => void

  /** @param remove told of files that nobody asks any more */
  constructor(pool: QueryPool, remove: (files: ReadonlyArray<string>) => void) {
    this.#pool = pool
    this.#remove = remove
  }

  get copy(): Copy | null {
    return this.#copy
  }

  /** Puts a newer copy in the place of the one before, in one step: each statement is asked of the one or of the other. */
  swap(copy: Copy): void {
    const before = this.#copy
    this.#copy = copy
    if (before !== null && !this.#users.has(before)) this.#drop(before)
  }

  /** Tables that did not change are of several copies: their files stay. */
  #drop(copy: Copy): void {
    const used = new Set([...(this.#copy === null ? [] : [this.#copy]), ...this.#users.keys()].flatMap(filesOf))
    this.#remove(filesOf(copy).filter((file) => !used.has(file)))
  }

  get #present(): Copy {
    if (this.#copy === null) throw new QueryFailure(503, "the marts are being copied", "Ask again in some seconds.")
    return this.#copy
  }

  /** The copy, for as long as some work takes. */
  async #with<A>(use: (copy: Copy) => Promise<A>): Promise<A> {
    const copy = this.#present
    this.#users.set(copy, (this.#users.get(copy) ?? 0) + 1)
    try {
      return await use(copy)
    } finally {
      const users = (this.#users.get(copy) ?? 1) - 1
      if (users > 0) this.#users.set(copy, users)
      else {
        this.#users.delete(copy)
        if (copy !== this.#copy) this.#drop(copy)
      }
    }
  }

  #run(copy: Copy, job: Omit<QueryMessage, "database">, signal: AbortSignal): Promise<QueryRows> {
    return this.#pool.run(job, () => copy.path, signal)
  }

  /** Plans a named query on the copy as it is now. */
  plan(dashboard: StoredDashboard, query: StoredQuery, asked: URLSearchParams, now: number): Plan & { readonly asOf: Answer["asOf"] } {
    const copy = this.#present
    const reads = copy.reads.get(query.name)
    const missing = reads?.find((name) => !copy.tables.has(name))
    if (reads === undefined || missing !== undefined) {
      const why = missing === undefined ? "its statement cannot be asked" : `there is no table ${missing} yet`
      throw new QueryFailure(400, `${query.name}: ${why}`, "Run sluice build; the console's start says what is wrong with dashboards.")
    }
    const plan = planQuery(dashboard, query, reads, copy.tables, asked, now)
    if ("problem" in plan) throw new QueryFailure(400, plan.problem, plan.hint)
    return { ...plan, asOf: Object.assign({}, ...reads.map((name) => copy.versions.get(name) ?? {})) }
  }

  /** The rows of a named query, and those of the earlier period. */
  query(dashboard: StoredDashboard, plan: Plan & { readonly asOf: Answer["asOf"] }, isFile: boolean, signal: AbortSignal): Promise<Answer> {
    const begun = performance.now()
    return this.#with(async (copy) => {
      const { earlier, page, span, sql, values } = plan
      const maxRows = isFile ? mostFileRows : page === null ? mostRows : pageRows
      const job = {
        sql,
        timezone: dashboard.timezone,
        skip: page === null ? 0 : (page - 1) * pageRows,
        maxRows,
        maxBytes: isFile ? mostFileBytes : mostBytes,
        tables: null,
        parquet: null
      }
      const [now, before] = await Promise.all([
        this.#run(copy, { ...job, values }, signal),
        earlier === null ? null : this.#run(copy, { ...job, values: earlier.values }, signal)
      ])
      return {
        columns: now.columns,
        rows: now.rows,
        period: span === null ? null : periodOf(span),
        compare: earlier === null || before === null ? null : { period: periodOf(earlier.span), rows: before.rows },
        asOf: plan.asOf,
        builtAt: copy.builtAt,
        tookMillis: Math.round(performance.now() - begun),
        truncated: now.truncated,
        filtered: plan.filtered,
        ignoredFilters: plan.ignoredFilters,
        page: page ?? 1,
        pageSize: maxRows
      }
    })
  }

  /** Somebody's own statement, which may read the tables of the copy and nothing else. @param parquet a file for the rows */
  sql(sql: string, kind: "page" | "file" | { readonly parquet: string }, signal: AbortSignal): Promise<SqlAnswer> {
    const begun = performance.now()
    return this.#with(async (copy) => {
      const isFile = kind !== "page"
      const { columns, rows, truncated } = await this.#run(
        copy,
        {
          sql,
          values: {},
          timezone: "UTC",
          skip: 0,
          maxRows: typeof kind === "object" ? mostParquetRows : isFile ? mostFileRows : mostRows,
          maxBytes: isFile ? mostFileBytes : mostBytes,
          tables: [...copy.tables.keys()],
          parquet: typeof kind === "object" ? kind.parquet : null
        },
        signal
      )
      return { columns, rows, truncated, tookMillis: Math.round(performance.now() - begun) }
    })
  }
}
