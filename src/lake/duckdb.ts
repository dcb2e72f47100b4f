import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type DuckDBConnection, DuckDBInstance, type DuckDBResult } from "@duckdb/node-api"
import { Effect, type Scope, Stream } from "effect"
import { fromDuckDB, LakeError } from "./errors.ts"
import { type Plain, plain } from "./plain.ts"

export interface DuckDBSettings {
  /**
   * Bytes that DuckDB may use before it spills to `tempDirectory`. What the process takes is more: its own part, files being read, and what
   * the allocator keeps. Small values are slower, and statements that cannot spill fail sooner.
   */
  readonly memoryLimit?: number | undefined
  readonly threads?: number | undefined
  /** Folder below which a folder for spilling is made, and removed when the scope closes. Default: the system's. */
  readonly tempDirectory?: string | undefined
}

export const defaultMemoryLimit = 192 * 1024 * 1024
const defaultThreads = 2

/** Rows by column name, with values as {@link Plain} says. */
export interface Row {
  readonly [column: string]: Plain
}

export interface ResultColumn {
  readonly name: string
  /** As DuckDB calls it: `DECIMAL(18,2)`, `TIMESTAMP WITH TIME ZONE`, … */
  readonly type: string
}

export interface Result {
  readonly columns: ReadonlyArray<ResultColumn>
  /** One array of values per row, in the order of `columns`; read as it is asked for. Once. */
  readonly rows: Stream.Stream<ReadonlyArray<Plain>, LakeError>
}

/** An embedded DuckDB with nothing in it. One statement at a time; interruption stops the statement. */
export interface DuckDB {
  /** A folder that is removed when the scope closes. */
  readonly folder: string
  /** For statements that move rows: what they freed is given back to the system afterwards. */
  readonly run: (sql: string) => Effect.Effect<void, LakeError>
  readonly setThreads: (threads: number) => Effect.Effect<void, LakeError>
  /** All rows in memory: for small results. */
  readonly rows: (sql: string) => Effect.Effect<ReadonlyArray<Row>, LakeError>
  /** The rows of any number, without holding them. */
  readonly stream: (sql: string) => Effect.Effect<Result, LakeError>
  /** What kinds of statements a text holds (`SELECT`, `COPY`, …), without running them. */
  readonly statements: (sql: string) => Effect.Effect<ReadonlyArray<number>, LakeError>
}

/**
 * Opens DuckDB in this process. It has no network: extensions are neither installed nor loaded. Times are UTC.
 * Fails with `LakeError` where the folder for spilling cannot be made or the settings are refused.
 */
export const openDuckDB = (settings: DuckDBSettings = {}): Effect.Effect<DuckDB, LakeError, Scope.Scope> =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(
      Effect.tryPromise({
        try: () => mkdtemp(join(settings.tempDirectory ?? tmpdir(), "sluice-duckdb-")),
        catch: (cause) => new LakeError({ reason: "Unavailable", problem: "no folder to spill to", hint: tempHint, cause })
      }),
      (folder) => Effect.ignore(Effect.tryPromise(() => rm(folder, { recursive: true, force: true })))
    )
    const connection = yield* Effect.acquireRelease(
      Effect.tryPromise({ try: () => connect(folder, settings), catch: fromDuckDB("open DuckDB") }),
      ({ instance, connection }) =>
        Effect.sync(() => {
          connection.closeSync()
          instance.closeSync()
        })
    )
    return duckDB(folder, connection.connection, settings.threads ?? defaultThreads)
  })

const tempHint = "Set TMPDIR to a folder that exists, may be written and has room."

const connect = async (folder: string, settings: DuckDBSettings) => {
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: `${Math.floor((settings.memoryLimit ?? defaultMemoryLimit) / 1024)}KiB`,
    threads: String(settings.threads ?? defaultThreads),
    temp_directory: join(folder, "spill"),
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allow_community_extensions: "false",
    // Files are read once or seldom; what is kept of them would only fill the memory that the work needs.
    enable_external_file_cache: "false",
    // Freed memory goes back to the system early: the default keeps half a gigabyte. Costs about a fifth of the time of wide rows.
    allocator_bulk_deallocation_flush_threshold: "32MB"
  })
  const connection = await instance.connect()
  await connection.run("SET TimeZone = 'UTC'")
  return { instance, connection }
}

const duckDB = (folder: string, connection: DuckDBConnection, initialThreads: number): DuckDB => {
  let threads = initialThreads
  const attempt = <A>(sql: string, use: () => Promise<A>) =>
    Effect.tryPromise({
      try: (signal) => {
        const stop = () => connection.interrupt()
        signal.addEventListener("abort", stop)
        return use().finally(() => signal.removeEventListener("abort", stop))
      },
      catch: fromDuckDB(sql)
    })
  return {
    folder,
    run: (sql) =>
      Effect.asVoid(
        attempt(sql, async () => {
          await connection.run(sql)
          await giveBack(connection, threads)
        })
      ),
    setThreads: (wanted) =>
      attempt("SET threads", async () => {
        await connection.run(`SET threads = ${wanted}`)
        threads = wanted
      }),
    rows: (sql) => attempt(sql, async () => rowsOf(await connection.run(sql))),
    stream: (sql) =>
      Effect.map(
        attempt(sql, () => connection.stream(sql)),
        (result) => ({
          columns: columnsOf(result),
          rows: Stream.fromAsyncIterable(chunks(result), fromDuckDB(sql)).pipe(Stream.flattenIterable)
        })
      ),
    statements: (sql) =>
      attempt(sql, async () => {
        const extracted = await connection.extractStatements(sql)
        const types: Array<number> = []
        for (let i = 0; i < extracted.count; i++) {
          const prepared = await extracted.prepare(i)
          types.push(prepared.statementType)
          prepared.destroySync()
        }
        return types
      })
  }
}

/**
 * DuckDB frees what it allocates outside of its memory limit (vectors, column writers: hundreds of MB for wide rows) to the C library, which
 * keeps it in pieces that the next statement cannot use. Changing the number of threads is what makes DuckDB hand it back to the system.
 */
const giveBack = async (connection: DuckDBConnection, threads: number): Promise<void> => {
  await connection.run(`SET threads = ${threads + 1}`)
  await connection.run(`SET threads = ${threads}`)
}

const columnsOf = (result: DuckDBResult): ReadonlyArray<ResultColumn> =>
  result.deduplicatedColumnNames().map((name, i) => ({ name, type: String(result.columnType(i)) }))

const rowsOf = async (result: DuckDBResult): Promise<ReadonlyArray<Row>> => {
  const names = result.deduplicatedColumnNames()
  const rows = await result.getRows()
  return rows.map((row) => Object.fromEntries(names.map((name, i) => [name, plain(row[i] ?? null)])))
}

async function* chunks(result: DuckDBResult): AsyncGenerator<ReadonlyArray<ReadonlyArray<Plain>>> {
  for await (const rows of result.yieldRows()) yield rows.map((row) => row.map(plain))
}
