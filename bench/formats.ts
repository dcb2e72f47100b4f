import { join } from "node:path"
import type { Contract } from "../src/contract/contract.ts"
import { shapeOf } from "../src/contract/field.ts"
import { identifier, literal } from "../src/duckdb/sql.ts"
import { type Bench, median } from "./bench.ts"
import { contest, type Outcomes, ratio, roundsOf, speed } from "./contest.ts"
import { contracts } from "./contracts/contracts.ts"
import { realData, writeRepeated } from "./input/repeated.ts"
import { type Equality, requireEqual } from "./peer/equality.ts"
import { leafType } from "./peer/statement.ts"

/**
 * Files of other formats than JSON → typed columns → Parquet, ZSTD, on one thread: tables of a shop as CSV, and an access log. Against DuckDB doing the
 * same, CSV by its own reader, the log by a regular expression.
 *
 * Real data, repeated until there is enough, of tables 1 GB in all; where it is not on the machine, there is nothing to measure. Repeating flatters both alike: their dictionaries
 * are made anew for each row group. What would make it lie is what makes `core` lie; the rows of both are compared as there.
 */
export const formats: Bench = async ({ short, seed, only, say }, folder) => {
  const runs: Array<Run> = []
  for (const job of jobs) {
    if (only !== null && !only.has(job.ratio)) continue
    const content = realData(job.data)
    if (content === null) say(`formats: ${job.data} is not there; SLUICE_TEST_DATA says where real data lies`)
    else runs.push(await runJob(job, content, { short, twice: only !== null, say }, folder))
  }
  const ratios = Object.fromEntries(runs.map(({ job, outcomes }) => [job.ratio, ratio(outcomes, "sluice", "duckdb")]))
  return {
    bench: "formats",
    title: "CSV and access logs → typed columns → Parquet, one thread",
    seed,
    details: { jobs: runs.map(({ job, bytes, rows, compared }) => ({ job: job.name, bytes, rows, compared })) },
    ratios,
    targets: Object.entries(ratios).map(([name, found]) => ({ name, wanted: "≥ 1", found, met: found >= 1 })),
    tables: [
      {
        title: "Sluice and DuckDB, medians; equal rows",
        columns: ["input", "MB", "rows", "rounds", "Sluice MB/s", "DuckDB MB/s", "× DuckDB", "× by CPU time", "peak MB", "leaves compared"],
        rows: runs.map(({ job, bytes, rows, outcomes, compared }) => [
          job.name,
          bytes / 1e6,
          rows,
          roundsOf(outcomes),
          speed(outcomes, "sluice", bytes),
          speed(outcomes, "duckdb", bytes),
          ratio(outcomes, "sluice", "duckdb"),
          ratio(outcomes, "sluice", "duckdb", "cpuSeconds"),
          (outcomes.get("sluice")?.peakBytes ?? Number.NaN) / 1e6,
          compared.compared
        ])
      }
    ],
    plots: [
      {
        title: "Sluice over DuckDB, one thread",
        kind: "bars",
        labels: runs.map(({ job }) => job.name),
        series: [{ name: "×", values: Object.values(ratios) }],
        unit: "×",
        target: 1
      }
    ],
    notes: [
      "Sluice besides counts unknown fields, keeps what does not fit, and writes five columns of coordinates and what was rescued.",
      `Median seconds of a round: ${runs.map(({ job, outcomes }) => `${job.name} ${median(outcomes.get("sluice")?.seconds ?? []).toFixed(2)}`).join(", ")}.`
    ]
  }
}

interface FormatJob {
  readonly name: keyof typeof contracts
  readonly ratio: string
  readonly data: string
  /** Rows of one copy of the data. */
  readonly rows: number
  readonly headerLines: number
  /** What DuckDB selects of the file: columns by the contract's keys. */
  readonly select: (contract: Contract, file: string) => string
}

const table = (name: "items" | "orders" | "reviews", data: string, rows: number): FormatJob => ({
  name,
  ratio: `sluice_csv_${name}_over_duckdb_1_thread`,
  data: `olist/${data}.csv`,
  rows,
  headerLines: 1,
  select: ({ fields }, file) => {
    const columns = Object.entries(fields).map(([key, field]) => {
      const shape = shapeOf(field)
      return `${literal(key)}: ${literal(shape.kind === "leaf" ? leafType(shape.leaf) : "VARCHAR")}`
    })
    return `SELECT * FROM read_csv(${literal(file)}, header = true, delim = ',', quote = '"', escape = '"', columns = {${columns.join(", ")}})`
  }
})

/** The line as one column of text, then its parts by one regular expression, those of the request by another. */
const log: FormatJob = {
  name: "hits",
  ratio: "sluice_access_log_over_duckdb_1_thread",
  data: "access_logs/apache_combined_semicomplete_2015.log",
  rows: 9_999,
  headerLines: 0,
  select: (_, file) => {
    const pattern = `^(\\S+) (\\S+) (.+?) \\[([^\\]]+)\\] "((?:[^"\\\\]|\\\\.)*)" (\\d{3}|-) (\\d+|-) "((?:[^"\\\\]|\\\\.)*)" "((?:[^"\\\\]|\\\\.)*)"`
    const names = ["host", "ident", "authuser", "datetime", "request", "response", "bytes", "referer", "agent"]
    const request = "^([!#$%&''*+.^_`|~0-9A-Za-z-]+) ([^ ?]+)(\\?)?([^ ]*)(?: (HTTP/[0-9.]+))?$"
    const text = (name: string) => `nullif(p.${identifier(name)}, '-')`
    const part = (name: string) => `nullif(r.${identifier(name)}, '')`
    return `SELECT ${["host", "ident", "authuser"].map((name) => `${text(name)} AS ${name}`).join(", ")},
      strptime(p.datetime, '%d/%b/%Y:%H:%M:%S %z')::TIMESTAMP AS datetime, ${text("request")} AS request,
      ${["method", "path", "protocol"].map((name) => `${part(name)} AS ${name}`).join(", ")}, if(r.mark = '?', r.query, NULL) AS query,
      ${text("response")}::INTEGER AS response, ${text("bytes")}::BIGINT AS bytes, ${text("referer")} AS referer, ${text("agent")} AS agent
      FROM (SELECT p, regexp_extract(p.request, '${request}', ['method', 'path', 'mark', 'query', 'protocol']) AS r
        FROM (SELECT regexp_extract(line, ${literal(pattern)}, [${names.map((name) => literal(name)).join(", ")}]) AS p
          FROM read_csv(${literal(file)}, header = false, delim = '\\x01', quote = '', escape = '', columns = {'line': 'VARCHAR'}))
        WHERE p.host <> '')`
  }
}

const jobs: ReadonlyArray<FormatJob> = [
  table("items", "olist_order_items_dataset", 112_650),
  table("orders", "olist_orders_dataset", 99_441),
  table("reviews", "olist_order_reviews_dataset", 99_161),
  log
]

interface Run {
  readonly job: FormatJob
  readonly bytes: number
  readonly rows: number
  readonly outcomes: Outcomes
  readonly compared: Equality
}

const runJob = async (
  job: FormatJob,
  content: Buffer,
  { short, twice, say }: { readonly short: boolean; readonly twice: boolean; readonly say: (text: string) => void },
  folder: string
): Promise<Run> => {
  const contract = contracts[job.name]
  const file = join(folder, `${job.name}.txt`)
  const { bytes, times } = writeRepeated(file, content, job.headerLines, short ? 60 : 350)
  const rows = job.rows * times
  const own = join(folder, job.name)
  const peer = join(folder, `${job.name}.parquet`)
  const statement = `COPY (${job.select(contract, file)}) TO ${literal(peer)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`
  say(`formats: ${job.name}, ${(bytes / 1e6).toFixed(0)} MB`)
  const least = (short ? 3 : 7) * (twice ? 2 : 1)
  const outcomes = await contest(
    [
      { name: "sluice", job: { kind: "sluice", contract: job.name, input: file, output: own }, rows },
      { name: "duckdb", job: { kind: "sql", statement, threads: 1 }, rows }
    ],
    { warmUps: 2, least, most: least * 3, seconds: short ? 10 : 40 }
  )
  const compared = await requireEqual(contract, { sluice: join(own, "sluice.parquet"), peer, only: null })
  return { job, bytes, rows, outcomes, compared }
}
