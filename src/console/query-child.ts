import { readFileSync } from "node:fs"
import {
  DATE,
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBInstance,
  type DuckDBPreparedStatement,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
  StatementType,
  TIMESTAMP,
  TIMESTAMPTZ
} from "@duckdb/node-api"
import { duckdbText } from "../duckdb/errors.ts"
import { Decimal, type Plain } from "../duckdb/plain.ts"
import { identifier, literal } from "../duckdb/sql.ts"
import { plain } from "../duckdb/values.ts"
import { treeSql } from "../models/parse-tree.ts"
import { jsonText } from "../record/json-text.ts"
import type { AnswerColumn, Cell } from "./api.ts"
import { type AskedTable, type BoundValue, copiedRows, type QueryMessage, type QueryReply, type QueryRows } from "./query-messages.ts"
import { readsOf } from "./sql-tree.ts"

/*
 * A process that asks DuckDB, one statement at a time, in files that it cannot write. Some statements hear no interruption and keep to no memory limit
 * (`repeat('x', 2000000000)`): who started this process kills it. So it holds nothing that anybody needs.
 */

const [memory = "256", threads = "1"] = process.argv.slice(2)

/**
 * Nothing of the machine is open: no file but the copied tables, each a database that is read only, and no setting that a statement could change.
 *
 * @param database a file that names the tables and their files
 */
const open = async (database: string, timezone: string, files: ReadonlyArray<string>) => {
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: `${memory}MB`,
    threads,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allow_community_extensions: "false",
    // What does not fit fails: a disk is no place for what somebody asks.
    max_temp_directory_size: "0KB"
  })
  const connection = await instance.connect()
  const tables: ReadonlyArray<AskedTable> = JSON.parse(readFileSync(database, "utf8"))
  for (const [i, { columns, name, path }] of tables.entries()) {
    await connection.run(`ATTACH ${literal(path)} AS copied_${i} (READ_ONLY)`)
    await connection.run(
      `CREATE VIEW main.${identifier(name)} AS SELECT ${columns.map(identifier).join(", ")} FROM copied_${i}.main.${copiedRows}`
    )
  }
  await connection.run(`SET TimeZone = ${literal(timezone)}`)
  if (files.length > 0) await connection.run(`SET allowed_paths = [${files.map(literal).join(", ")}]`)
  await connection.run("SET enable_external_access = false")
  await connection.run("SET lock_configuration = true")
  const close = () => {
    connection.closeSync()
    instance.closeSync()
  }
  return { connection, close }
}

type Open = Awaited<ReturnType<typeof open>>
let held: { readonly key: string; readonly open: Open } | null = null

/** The database that was asked last stays open. */
const opened = async (database: string, timezone: string): Promise<DuckDBConnection> => {
  const key = `${timezone}\n${database}`
  if (held?.key !== key) {
    held?.open.close()
    held = null
    held = { key, open: await open(database, timezone, []) }
  }
  return held.open.connection
}

class Refused extends Error {
  readonly hint: string
  constructor(problem: string, hint: string) {
    super(problem)
    this.hint = hint
  }
}

/** Somebody's own statement is one SELECT on known tables, before anything of it is worked out. */
const check = async (connection: DuckDBConnection, { sql, tables }: QueryMessage): Promise<void> => {
  if (tables === null) return
  if (sql.includes("\0")) throw new Refused("there is a NUL in the statement", "Leave it out.")
  const reader = await connection.runAndReadAll(treeSql(literal(sql)))
  const reads = readsOf(reader.getRows()[0]?.[0])
  if ("problem" in reads) throw new Refused(`the statement is refused: ${reads.problem}`, "Ask one SELECT of the tables of the catalog.")
  const known = new Set(tables.map((name) => name.toLowerCase()))
  const unknown = reads.tables.find((name) => !known.has(name))
  if (unknown !== undefined) throw new Refused(`there is no table ${unknown}`, `There are ${tables.join(", ")}.`)
}

const prepare = async (connection: DuckDBConnection, sql: string, type: StatementType): Promise<DuckDBPreparedStatement> => {
  const statements = await connection.extractStatements(sql)
  if (statements.count !== 1) throw new Refused("there is not one statement, but several or none", "Ask one SELECT.")
  const prepared = await statements.prepare(0)
  if (prepared.statementType !== type) throw new Refused(`it is no SELECT but ${StatementType[prepared.statementType]}`, "Ask one SELECT.")
  return prepared
}

/** What a parameter is compared with, where that is known before it has a value. */
const typeOf = (prepared: DuckDBPreparedStatement, index: number): DuckDBTypeId | null => {
  try {
    return prepared.parameterTypeId(index)
  } catch {
    return null
  }
}

const bound = (value: BoundValue, wanted: DuckDBTypeId | null): { readonly value: DuckDBValue; readonly type?: DuckDBType } => {
  switch (value.kind) {
    case "moment": {
      const micros = BigInt(value.millis) * 1000n
      if (wanted === DuckDBTypeId.DATE) return { value: new DuckDBDateValue(daysOf(value.date)), type: DATE }
      // A time without a zone is UTC, as everywhere in a lake.
      if (wanted === DuckDBTypeId.TIMESTAMP) return { value: new DuckDBTimestampValue(micros), type: TIMESTAMP }
      return { value: new DuckDBTimestampTZValue(micros), type: TIMESTAMPTZ }
    }
    case "integer":
      return { value: BigInt(value.value) }
    case "date":
      return { value: new DuckDBDateValue(daysOf(value.value)), type: DATE }
    default:
      return { value: value.value }
  }
}

const daysOf = (date: string): number => Math.floor(Date.parse(`${date}T00:00:00Z`) / 86_400_000)

const bind = (prepared: DuckDBPreparedStatement, values: QueryMessage["values"]): void => {
  const bindings: Record<string, DuckDBValue> = {}
  const types: Record<string, DuckDBType | undefined> = {}
  for (let index = 1; index <= prepared.parameterCount; index++) {
    const name = prepared.parameterName(index)
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value === undefined) throw new Refused(`$${name} has no value`, "Declare it among the parameters of the dashboard.")
    const made = bound(value, typeOf(prepared, index))
    bindings[name] = made.value
    types[name] = made.type
  }
  if (prepared.parameterCount > 0) prepared.bind(bindings, types)
}

const kindOf = (type: DuckDBType): AnswerColumn["type"] => {
  const name = String(type)
  if (/^(?:U?(?:TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL)/.test(name)) return /\[/.test(name) ? "other" : "number"
  if (name === "VARCHAR" || name === "UUID" || name.startsWith("ENUM")) return "text"
  if (name === "BOOLEAN") return "boolean"
  if (name === "DATE") return "date"
  return /^TIMESTAMP[^[]*$/.test(name) ? "timestamp" : "other"
}

/** Digits that a float holds, whatever they are. */
const safeDigits = 15

const cellOf = (value: Plain): Cell => {
  if (value === null || typeof value === "boolean" || typeof value === "string" || typeof value === "number") return value
  if (typeof value === "bigint") return String(value)
  if (value instanceof Decimal) return value.text.replace(/\D/g, "").length <= safeDigits ? Number(value.text) : value.text
  return jsonText(value)
}

const rowsOf = async (connection: DuckDBConnection, message: QueryMessage): Promise<QueryRows> => {
  const { maxBytes, maxRows, skip, sql, values } = message
  const prepared = await prepare(connection, sql, StatementType.SELECT)
  try {
    bind(prepared, values)
    // What breaks off behind its first rows is told by the transaction alone.
    await connection.run("BEGIN TRANSACTION READ ONLY")
    const result = await prepared.stream()
    const columns = result.deduplicatedColumnNames().map((name, i): AnswerColumn => ({ name, type: kindOf(result.columnType(i)) }))
    const rows: Array<ReadonlyArray<Cell>> = []
    let seen = 0
    let bytes = 0
    for (;;) {
      const chunk = await result.fetchChunk()
      if (chunk === null || chunk.rowCount === 0) {
        await connection.run("SELECT 1")
        return { columns, rows, truncated: false }
      }
      const vectors = Array.from({ length: chunk.columnCount }, (_, i) => chunk.getColumnVector(i))
      const { rowCount } = chunk
      for (let row = 0; row < rowCount; row++) {
        if (seen++ < skip) continue
        if (rows.length >= maxRows || bytes > maxBytes) return { columns, rows, truncated: true }
        const cells = vectors.map((vector) => cellOf(plain(vector.getItem(row))))
        for (const cell of cells) bytes += typeof cell === "string" ? cell.length + 3 : 8
        rows.push(cells)
      }
    }
  } finally {
    prepared.destroySync()
    await connection.run("ROLLBACK").catch(() => {})
  }
}

/** Writes a file, which is the only one that this DuckDB may open. */
const toParquet = async (message: QueryMessage, path: string): Promise<QueryRows> => {
  const { connection, close } = await open(message.database, message.timezone, [path])
  try {
    await check(connection, message)
    await prepare(connection, message.sql, StatementType.SELECT)
    const text = message.sql.replace(/[\s;]+$/, "")
    const copy = `COPY (SELECT * FROM (${text}\n) AS ${identifier("result")} LIMIT ${message.maxRows}) TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd)`
    const prepared = await prepare(connection, copy, StatementType.COPY)
    bind(prepared, message.values)
    await prepared.run()
    return { columns: [], rows: [], truncated: false }
  } finally {
    close()
  }
}

const answer = async (message: QueryMessage): Promise<QueryReply> => {
  try {
    if (message.parquet !== null) return { kind: "rows", ...(await toParquet(message, message.parquet)) }
    const connection = await opened(message.database, message.timezone)
    await check(connection, message)
    return { kind: "rows", ...(await rowsOf(connection, message)) }
  } catch (cause) {
    if (cause instanceof Refused) return { kind: "refused", problem: cause.message, hint: cause.hint }
    return { kind: "refused", problem: duckdbText(cause).split("\n\nLINE")[0] ?? "it failed", hint: "Correct the statement." }
  }
}

const send = (reply: QueryReply): void => {
  process.send?.(reply)
}

process.on("message", (message: QueryMessage) => {
  void answer(message).then(send)
})
// Whoever started it is gone.
process.on("disconnect", () => process.exit(0))
// A signal to the terminal's group is for the server, which ends this process.
process.on("SIGINT", () => {})
send({ kind: "ready" })
