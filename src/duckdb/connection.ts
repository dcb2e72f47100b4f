import { join } from "node:path"
import { type DuckDBConnection, type DuckDBDataChunk, DuckDBInstance, type DuckDBResult, StatementType } from "@duckdb/node-api"
import { Cause, Effect, Option, Stream } from "effect"
import { type DuckDB, type DuckDBSettings, defaultMemoryLimit, defaultThreads, type ResultColumn, type Row } from "./duckdb.ts"
import { fromDuckDB, type LakeError } from "./errors.ts"
import type { Plain } from "./plain.ts"
import { asPattern, list, literal } from "./sql.ts"
import { plain } from "./values.ts"

/** DuckDB itself, which is loaded with this module. @param folder where it may spill */
export const connect = async (folder: string, settings: DuckDBSettings): Promise<{ readonly db: DuckDB; readonly close: () => void }> => {
  const { memoryLimit = defaultMemoryLimit, threads = defaultThreads } = settings
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: kibibytes(memoryLimit),
    threads: String(threads),
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
  if (settings.onlyBelow !== undefined) {
    // A pattern is looked at before it is one.
    const folders = [folder, ...settings.onlyBelow].flatMap((path) => [path, asPattern(path)])
    await connection.run(`SET allowed_directories = ${list(folders.map(literal))}`)
    // Nothing that it runs afterwards can take this back.
    await connection.run("SET enable_external_access = false")
  }
  const close = () => {
    connection.closeSync()
    instance.closeSync()
  }
  return { db: duckDB(folder, connection, threads, memoryLimit), close }
}

const duckDB = (folder: string, connection: DuckDBConnection, initialThreads: number, memoryLimit: number): DuckDB => {
  let threads = initialThreads
  let worked = 0
  /** Gives memory back after work that may have taken much: of statements over few rows a folding has hundreds, and each would spend longer on this than on itself. */
  const freeing = async <A>(use: () => Promise<A>): Promise<A> => {
    const from = performance.now()
    const answer = await use()
    worked += performance.now() - from
    if (worked >= worthFreeing) {
      worked = 0
      await giveBack(connection, threads)
    }
    return answer
  }
  const attempt = <A>(sql: string, use: () => Promise<A>) =>
    Effect.callback<A, LakeError>((resume) => {
      const failed = fromDuckDB(sql)
      const ended = use().then(
        (value) => resume(Effect.succeed(value)),
        (cause) => resume(Effect.fail(failed(cause)))
      )
      return Effect.promise(() => interrupted(connection, ended))
    })
  return {
    folder,
    run: (sql) => Effect.asVoid(attempt(sql, () => freeing(() => connection.run(sql)))),
    useMemory: (share) =>
      attempt("SET memory_limit", async () => {
        await connection.run(`SET memory_limit = '${kibibytes(share * memoryLimit)}'`)
        await giveBack(connection, threads)
      }),
    setThreads: (wanted) =>
      attempt("SET threads", async () => {
        await connection.run(`SET threads = ${wanted}`)
        threads = wanted
      }),
    rows: (sql) => attempt(sql, async () => rowsOf(await connection.run(sql))),
    integers: (sql) => attempt(sql, () => freeing(async () => integersOf(await connection.run(sql)))),
    stream: (sql) =>
      Effect.map(
        attempt(sql, () => connection.stream(sql)),
        (result) => ({
          columns: columnsOf(result),
          rows: Stream.fromEffectRepeat(
            Effect.flatMap(
              attempt(sql, () => result.fetchChunk()),
              (chunk) => (chunk === null || chunk.rowCount === 0 ? Cause.done() : Effect.succeed(chunk))
            )
          ).pipe(Stream.flatMap(rowsOfChunk))
        })
      ),
    statements: (sql) =>
      attempt(sql, async () => {
        const extracted = await connection.extractStatements(sql).catch((cause) => {
          if (isEmpty(cause)) return null
          throw cause
        })
        const types: Array<string | null> = []
        for (let i = 0; i < (extracted?.count ?? 0); i++) {
          const prepared = await extracted?.prepare(i).catch((cause) => {
            if (i === 0) throw cause
            return null
          })
          types.push(prepared == null ? null : (StatementType[prepared.statementType] ?? String(prepared.statementType)))
          prepared?.destroySync()
        }
        return types
      })
  }
}

/** Milliseconds of statements after which their memory is given back, which takes two of the processor. */
const worthFreeing = 20

const kibibytes = (bytes: number): string => `${Math.floor(bytes / 1024)}KiB`

/** DuckDB's binding tells of a text without a statement by an error without a word. */
const isEmpty = (cause: unknown): boolean => cause instanceof Error && cause.message === "Error in native callback"

/**
 * Asks a call to stop, and waits until it has ended: a connection that is closed while DuckDB works for it crashes the process, or never lets it
 * end. Asking between two statements, or before the first has begun in its thread, does nothing, so it is asked until it has heard. The
 * timer is the real one, since what it waits for is a thread of DuckDB.
 */
const interrupted = async (connection: DuckDBConnection, ended: Promise<void>): Promise<void> => {
  connection.interrupt()
  const again = setInterval(() => connection.interrupt(), 10)
  await ended
  clearInterval(again)
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

/** Rows that become values at a time: more of wide ones would keep the process from hearing a signal. */
const rowsAtATime = 64

/** Characters of the texts and bytes that are held at a time: DuckDB gives two thousand rows at once, of any size. */
const heldAtATime = 4 * 1024 * 1024

const rowsOfChunk = (chunk: DuckDBDataChunk): Stream.Stream<ReadonlyArray<Plain>> => {
  const columns = Array.from({ length: chunk.columnCount }, (_, i) => chunk.getColumnVector(i))
  return Stream.paginate(0, (from) =>
    Effect.map(Effect.yieldNow, () => {
      const rows: Array<ReadonlyArray<Plain>> = []
      for (let held = 0; held < heldAtATime && rows.length < rowsAtATime && from + rows.length < chunk.rowCount; ) {
        const row = columns.map((column) => plain(column.getItem(from + rows.length)))
        for (const value of row) if (typeof value === "string") held += value.length
        rows.push(row)
      }
      const next = from + rows.length
      return [rows, next < chunk.rowCount ? Option.some(next) : Option.none()] as const
    })
  )
}

const integersOf = async (result: DuckDBResult): Promise<ReadonlyArray<Int32Array>> => {
  // The binding counts anew whenever it is asked for a chunk's rows.
  const chunks = (await result.fetchAllChunks()).map((chunk) => ({ chunk, rows: chunk.rowCount }))
  const length = chunks.reduce((total, { rows }) => total + rows, 0)
  return Array.from({ length: result.columnCount }, (_, i) => {
    const column = new Int32Array(length)
    let at = 0
    for (const { chunk, rows } of chunks) {
      const vector = chunk.getColumnVector(i)
      for (let row = 0; row < rows; row++) column[at++] = Number(vector.getItem(row))
    }
    return column
  })
}

const rowsOf = async (result: DuckDBResult): Promise<ReadonlyArray<Row>> => {
  const names = result.deduplicatedColumnNames()
  const rows = await result.getRows()
  return rows.map((row) => Object.fromEntries(names.map((name, i) => [name, plain(row[i] ?? null)])))
}
