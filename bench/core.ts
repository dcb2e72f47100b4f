import { randomInt } from "node:crypto"
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Stream } from "effect"
import { checkout } from "../schemas/checkout.ts"
import { ColumnBuilders } from "../src/columns/builders.ts"
import { compileContract } from "../src/contract/compile.ts"
import { makeDecoder } from "../src/decode/decoder.ts"
import { generateOrders } from "../src/generate/generate.ts"
import { openDuckDB } from "../src/lake/duckdb.ts"
import { openParquetFile } from "../src/parquet/file.ts"
import { emptyCounts } from "../src/record/report.ts"
import { stageColumns } from "../src/record/system-columns.ts"
import { filesSource } from "../src/source/files.ts"
import { localStore } from "../src/store/local-store.ts"
import { Store } from "../src/store/store.ts"
import { duckdbStatement } from "./duckdb-statement.ts"

/**
 * The job that a user pays for: raw checkout orders as they arrive (about 18 KB, values as text) → all columns of the checkout contract,
 * nested documents typed → Parquet, ZSTD. Against DuckDB doing the same on one thread, and against two floors: looking at every byte, and
 * `JSON.parse` of the outer object alone.
 *
 * What would make it lie: input that repeats itself (it comes from the generator, with another seed each time), a warm-up of one side only
 * (all take turns), fewer columns on one side (the peer's statement is derived from the contract), and rows lost (they are counted).
 * The peer neither hashes sensitive values nor counts drops and unknown fields.
 */
export interface CoreResult {
  readonly bench: "core"
  readonly records: number
  readonly bytes: number
  readonly seed: number
  readonly rounds: number
  /** MB/s of raw input, medians. */
  readonly megabytesPerSecond: Readonly<Record<string, number>>
  readonly ratios: {
    readonly sluice_over_duckdb_1_thread: number
    readonly sluice_over_json_parse_outer: number
    readonly sluice_over_bytes: number
  }
}

const compiled = compileContract(checkout)
const columns = stageColumns(compiled.columns)
const rowGroupBytes = 24 * 1024 * 1024

const writeInput = (file: string, orders: number, seed: number) => {
  const out = openSync(file, "w")
  let records = 0
  for (const record of generateOrders({ orders, seed })) {
    if (record.form !== "stringified") continue
    writeSync(out, record.bytes)
    writeSync(out, "\n")
    records++
  }
  closeSync(out)
  return { records, bytes: statSync(file).size }
}

const sluice = (file: string): Effect.Effect<number, unknown, Store> =>
  Effect.scoped(
    Effect.gen(function* () {
      const decoder = makeDecoder(compiled, { hashKey: Buffer.from("bench"), maxDepth: 64, maxRecordBytes: 10 * 1024 * 1024 })
      const store = yield* Store
      const builders = new ColumnBuilders(columns)
      const parquet = openParquetFile(columns, yield* store.upload("sluice.parquet"))
      const sink = { columnsFor: () => builders, deadLetter: () => {}, counts: emptyCounts() }
      const source = yield* filesSource({ input: file, format: "lines", arrivedAt: 0 })
      yield* Stream.runForEach(source.pages(new Map()), (page) =>
        Effect.gen(function* () {
          decoder.decodePage("bench", page, sink)
          if (builders.bytes < rowGroupBytes) return
          yield* parquet.write(builders)
          builders.clear()
        })
      )
      if (builders.rowCount > 0) yield* parquet.write(builders)
      return (yield* parquet.finish).rows
    })
  )

const readBytes = (file: string): number => {
  const bytes = readFileSync(file)
  let newlines = 0
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 10) newlines++
  return newlines
}

const parseOuter = (file: string): number => {
  const bytes = readFileSync(file)
  let records = 0
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at)
    JSON.parse(bytes.toString("utf8", at, end))
    records++
    at = end + 1
  }
  return records
}

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

export const core = ({ short }: { readonly short: boolean }): Effect.Effect<CoreResult, unknown> =>
  Effect.gen(function* () {
    const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"))
    yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true, force: true })))
    const file = join(folder, "orders.ndjson")
    const seed = randomInt(1, 2 ** 31)
    const { records, bytes } = writeInput(file, short ? 1_500 : 6_000, seed)
    const duckdb = yield* openDuckDB({ threads: 1, memoryLimit: 4 * 1024 ** 3 })
    const statement = duckdbStatement(checkout, file, join(folder, "duckdb.parquet"))
    const contestants: Readonly<Record<string, Effect.Effect<number, unknown, Store>>> = {
      sluice: sluice(file),
      duckdb_1_thread: Effect.andThen(
        duckdb.run(statement),
        Effect.map(duckdb.rows(`SELECT count(*) AS n FROM read_parquet('${join(folder, "duckdb.parquet")}')`), ([row]) =>
          Number(row?.["n"])
        )
      ),
      json_parse_outer: Effect.sync(() => parseOuter(file)),
      bytes: Effect.sync(() => readBytes(file))
    }
    const times: Record<string, Array<number>> = {}
    const rounds = short ? 5 : 7
    // One round before the clock runs, so that nobody pays for compiling alone.
    for (let round = -1; round < rounds; round++) {
      for (const [name, contestant] of Object.entries(contestants)) {
        const start = process.hrtime.bigint()
        const rows = yield* contestant
        const seconds = Number(process.hrtime.bigint() - start) / 1e9
        if (rows !== records) return yield* Effect.fail(new Error(`${name} made ${rows} rows of ${records} records`))
        if (round >= 0) times[name] = [...(times[name] ?? []), seconds]
      }
    }
    const speed = (name: string) => bytes / 1e6 / median(times[name] ?? [])
    // Noise strikes neighbours alike: the ratio is taken round by round, and then the median of the ratios.
    const ratio = (peer: string) => median((times["sluice"] ?? []).map((own, round) => (times[peer]?.[round] ?? Number.NaN) / own))
    const result: CoreResult = {
      bench: "core",
      records,
      bytes,
      seed,
      rounds,
      megabytesPerSecond: Object.fromEntries(Object.keys(contestants).map((name) => [name, speed(name)])),
      ratios: {
        sluice_over_duckdb_1_thread: ratio("duckdb_1_thread"),
        sluice_over_json_parse_outer: ratio("json_parse_outer"),
        sluice_over_bytes: ratio("bytes")
      }
    }
    return result
  }).pipe((effect) =>
    Effect.scoped(
      Effect.flatMap(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "sluice-bench-out-"))),
        (out) =>
          effect.pipe(Effect.provide(localStore(out)), Effect.ensuring(Effect.sync(() => rmSync(out, { recursive: true, force: true }))))
      )
    )
  )
