/**
 * Do programs that are not ours read our tables as we do, and does a server that is not ours keep them? `npm run test:engines`.
 *
 * Tables made by the parts of Sluice, and the lake that its commands make, are read by Spark with Delta, by delta-rs with pyarrow, by
 * DataFusion and by polars; the tables of the Delta project are read by Spark and by us. Each engine writes what it read as Parquet, DuckDB
 * reads that, and every row is compared with what our own reader says. Conditions on columns are counted by engines that skip files by
 * statistics. Lakes in S3 are made and read with moto's server; those tests are vitest's, in `*.test.ts`.
 */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { Effect, Stream } from "effect"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { identifier } from "../../src/duckdb/sql.ts"
import { rowsOf } from "../../src/lake/views.ts"
import { localStore } from "../../src/store/local-store.ts"
import { type Row, readTable } from "../../src/table/read.ts"
import type { Snapshot } from "../../src/table/snapshot.ts"
import { openTable, type Table } from "../../src/table/table.ts"
import { query } from "../parquet/support.ts"
import { type Engines, setUp } from "./setup.ts"
import { makeTables } from "./tables.ts"
import { type Condition, conditionsOf, firstDifference, textsOf } from "./values.ts"

const here = dirname(fileURLToPath(import.meta.url))
const repository = resolve(here, "../..")
const golden = join(resolve(repository, process.env["SLUICE_TEST_DATA"] ?? "../shared/data"), "delta_golden")

/** A table as our own reader sees it. */
interface Ours {
  readonly name: string
  readonly uri: string
  readonly columns: ReadonlyArray<string>
  readonly rows: ReadonlyArray<Row>
  readonly texts: ReadonlyArray<string>
  readonly files: number
  /** False: its data files are not there, only its log is. */
  readonly hasData: boolean
  readonly conditions: ReadonlyArray<Condition>
  /** What DuckDB counts for each condition. */
  readonly counts: ReadonlyArray<number>
}

type Failure = { readonly error: string }
interface Answer {
  readonly tables: Readonly<Record<string, { readonly rows: number | null; readonly files?: ReadonlyArray<string> } | Failure>>
  readonly counts: ReadonlyArray<number | Failure>
}

/** Of one table; each costs Spark half a second, and others a hundredth. */
const maxConditions = { spark: 60, others: 300 }

/** So many of a list, from all over it. */
const some = <A>(all: ReadonlyArray<A>, most: number): ReadonlyArray<A> =>
  all.length <= most ? all : all.filter((_, i) => (i * 7919) % all.length < most)

let passed = 0
let failed = 0
const check = (name: string, problem: string | null): void => {
  if (problem === null) passed++
  else failed++
  console.log(problem === null ? `ok   ${name}` : `FAIL ${name}: ${problem}`)
}

/** Reads a table below a folder with our own reader. */
const readOurs = (root: string, path: string, prefix: string): Promise<Ours> =>
  Effect.gen(function* () {
    const table = yield* openTable(path)
    const snapshot = yield* table.snapshot
    const hasData = [...snapshot.files.keys()].every((file) => existsSync(join(root, path, file)))
    const rows = hasData ? yield* Stream.runCollect(readTable(table)) : []
    const columns = snapshot.schema.fields.map((field) => field.name)
    const conditions = snapshot.schema.fields.flatMap(({ name, type }) => (typeof type === "string" ? conditionsOf(name, type, rows) : []))
    const asked = some(conditions, maxConditions.others)
    const uri = pathToFileURL(join(root, path)).href
    return {
      name: prefix + path,
      uri,
      columns,
      rows,
      texts: textsOf(rows),
      files: snapshot.files.size,
      hasData,
      conditions: asked,
      counts: hasData ? yield* countsOfDuckDB(table, snapshot, asked) : []
    }
  }).pipe(Effect.scoped, Effect.provide(localStore(root)), Effect.runPromise)

/** Counts what DuckDB finds in a table as `sluice query` shows it. */
const countsOfDuckDB = (table: Table, snapshot: Snapshot, conditions: ReadonlyArray<Condition>) =>
  Effect.gen(function* () {
    const db = yield* openDuckDB()
    const rows = yield* rowsOf(db, table, snapshot)
    // Hundreds of statements ask the same files, which do not change.
    yield* db.rows("SET parquet_metadata_cache = true")
    return yield* Effect.forEach(conditions, ({ column, where }) => {
      const test = identifier(column) + where.slice(column.length).replace("timestamp_micros(", "make_timestamptz(")
      return Effect.map(db.rows(`SELECT count(*) AS n FROM (${rows}) WHERE ${test}`), ([row]) => Number(row?.["n"]))
    })
  })

/** Runs a script of an engine: JSON in, JSON out. What it says on standard error is shown if it fails. */
const runEngine = (engines: Engines, script: string, job: object): Promise<unknown> =>
  new Promise((done, fail) => {
    const child = spawn(engines.python, [join(here, script)], { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, TZ: "UTC" } })
    let [out, err] = ["", ""]
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text
    })
    child.on("error", fail)
    child.on("close", (code) =>
      code === 0 ? done(JSON.parse(out)) : fail(new Error(`${script} ended with ${code}:\n${err.slice(-4000)}`))
    )
    child.stdin.end(JSON.stringify(job))
  })

/** Compares what an engine wrote of a table with what we read of it. */
const compareTable = async (engine: string, ours: Ours, answer: Answer, exported: string): Promise<void> => {
  const name = `${engine} reads ${ours.name} (${ours.rows.length} rows, ${ours.files} files)`
  const theirs = answer.tables[ours.name]
  if (theirs === undefined || "error" in theirs) return check(name, theirs?.error ?? "no answer")
  if (theirs.files !== undefined && theirs.files.length !== ours.files) {
    return check(name, `${ours.files} live files here, ${theirs.files.length} there`)
  }
  if (!ours.hasData) return check(name, null)
  if (theirs.rows !== ours.rows.length) return check(name, `${ours.rows.length} rows here, it counts ${theirs.rows}`)
  const list = ours.columns.map((column) => `"${column}"`).join(", ")
  const rows = await query(`SELECT ${list} FROM read_parquet('${exported}')`)
  const named = rows.map((row) => Object.fromEntries(ours.columns.map((column, i) => [column, row[i] ?? null])))
  check(name, firstDifference(ours.texts, textsOf(named)))
}

/** Compares how many rows an engine counts for each condition, one check per table. */
const compareCounts = (engine: string, all: ReadonlyArray<Ours>, answer: Answer): void => {
  const counts = answer.counts[Symbol.iterator]()
  for (const ours of all) {
    const wrong = ours.conditions.flatMap(({ where, holds, isDisputed }) => {
      const theirs = counts.next().value
      if (isDisputed && engine === "datafusion") return []
      const expected = ours.rows.filter(holds).length
      return theirs === expected ? [] : [`${where}: ${expected} rows here, there ${typeof theirs === "number" ? theirs : theirs?.error}`]
    })
    if (ours.conditions.length > 0)
      check(`${engine} skips files of ${ours.name} rightly (${ours.conditions.length} conditions)`, wrong[0] ?? null)
  }
}

/** The lake that the commands make of generated orders, bad ones among them, in two rounds and many commits; as far as they succeed. */
const makeLake = (folder: string): string => {
  const lake = join(folder, "lake")
  for (const round of ["1", "2"]) {
    const input = join(folder, "input", round)
    const commands = [
      ["generate", "--orders", "200", "--seed", round, "--dirt", "0.05", "--out", input],
      ["ingest", "--lake", lake, "--input", input, "--batch-bytes", "1MiB"],
      ["repartition", "--lake", lake]
    ]
    for (const args of commands) {
      const { status, stderr } = spawnSync(process.execPath, [join(repository, "src/main.ts"), ...args], { encoding: "utf8" })
      check(`sluice ${args[0]}, round ${round}`, status === 0 ? null : `exit code ${status}\n${stderr.slice(-2000)}`)
      if (status !== 0) return lake
    }
  }
  return lake
}

/** The tests of this folder that need a server which stands in for AWS. */
const runServerTests = async (): Promise<void> => {
  const vitest = join(repository, "node_modules/vitest/vitest.mjs")
  const child = spawn(process.execPath, [vitest, "run", "--config", join(here, "vitest.config.ts")], { cwd: repository, stdio: "inherit" })
  const [status] = await once(child, "close")
  check("lakes in S3, and streams into them", status === 0 ? null : `vitest ended with ${status}`)
}

/** Paths of the Delta tables below a folder. */
const tablesBelow = (root: string): ReadonlyArray<string> =>
  readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("_delta_log"))
    .map(dirname)
    .sort()

const main = async (): Promise<void> => {
  const engines = setUp()
  const folder = mkdtempSync(join(tmpdir(), "sluice-engines-"))
  try {
    const made = join(folder, "tables")
    await Effect.runPromise(Effect.provide(makeTables, localStore(made)))
    const own: Array<Ours> = []
    for (const path of tablesBelow(made)) own.push(await readOurs(made, path, ""))
    const lake = makeLake(folder)
    if (existsSync(lake)) for (const path of tablesBelow(lake)) own.push(await readOurs(lake, path, "lake/"))

    const foreign: Array<Ours> = []
    if (existsSync(golden)) for (const path of tablesBelow(golden)) foreign.push(await readOurs(golden, path, "golden/"))
    else console.log(`skipped: the tables of the Delta project are not at ${golden} (SLUICE_TEST_DATA says where)`)

    const out = (kind: string, { name }: Ours) => join(folder, "read", kind, name)
    const job = (kind: string, all: ReadonlyArray<Ours>, asked: ReadonlyArray<Ours>) => ({
      jars: engines.jars,
      tables: all.map((ours) => ({ name: ours.name, uri: ours.uri, out: ours.hasData ? out(kind, ours) : null })),
      counts: asked.flatMap((ours) => ours.conditions.map(({ holds: _, ...condition }) => ({ table: ours.name, ...condition })))
    })
    compareCounts("DuckDB", own, { tables: {}, counts: own.flatMap(({ counts }) => counts) })
    const forSpark = [...own, ...foreign]
    const fewer = own.map((ours) => ({ ...ours, conditions: some(ours.conditions, maxConditions.spark) }))
    const [spark, arrow] = (await Promise.all([
      runEngine(engines, "read_spark.py", job("spark", forSpark, fewer)),
      runEngine(engines, "read_arrow.py", job("arrow", own, own))
    ])) as [Answer, Readonly<Record<string, Answer>>]

    for (const ours of forSpark) await compareTable("Spark", ours, spark, join(out("spark", ours), "*.parquet"))
    compareCounts("Spark", fewer, spark)
    for (const [reader, answer] of Object.entries(arrow)) {
      for (const ours of own) await compareTable(reader, ours, answer, join(out("arrow", ours), `${reader}.parquet`))
      if (answer.counts.length > 0) compareCounts(reader, own, answer)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

// At once, since neither keeps two processors busy. The first begins by installing what the other needs as well, before that is started.
await Promise.all([
  main().catch((error: unknown) => check("the run itself", error instanceof Error ? error.message : String(error))),
  runServerTests()
])
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
