import { cpSync, readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { consumablePath } from "../src/lake/layout.ts"
import { type Bench, median } from "./bench.ts"
import { contest, type Outcomes, ratio } from "./contest.ts"
import { ingest } from "./contestants/ingest.ts"
import { repartition as prepared } from "./contestants/repartition.ts"
import { contracts } from "./contracts/contracts.ts"
import { type Shape, shapes } from "./input/shapes.ts"
import { type StockRows, writeStock } from "./input/stock.ts"
import { writeInput } from "./input/write.ts"

/**
 * The stage of a lake → a new consumable, with the default engine, its default memory and two threads: against the ingest of the same orders with as many, and against
 * DuckDB doing a bare `COPY` of the same rows into the same partitions. And one key in a hundred of a table of the newest rows: against making the table anew. Once of keys drawn from all of a table by bucket, so that each of its files loses rows, and once
 * of keys of the newest two of a hundred days of a table by day, so that most files stay as they are.
 *
 * What would make it lie: a stage that the peer reads differently (same files), rows that only one writes (counted: there are no copies in
 * the input), and a consumable that is there already (each run begins with none, or with the same one).
 */
export const repartition: Bench = async ({ short, seed, only, say }, folder) => {
  const { orders: wholeOrders } = shapes
  if (wholeOrders === undefined) throw new Error("there is no shape of whole orders")
  const wants = (names: ReadonlyArray<string>) => only === null || names.some((name) => only.has(name))
  const least = (short ? 3 : 5) * (only === null ? 1 : 2)
  const limits = { warmUps: 1, least, most: least * 3, seconds: short ? 10 : 60 }
  const outcomes = wants(["repartition_over_ingest", "repartition_over_duckdb_copy"]) ? await ofOrders(wholeOrders) : null
  const scattered = wants(["upsert_over_rebuild"]) ? await ofStock("stock", "scattered") : null
  const recent = wants(["recent_upsert_over_rebuild"]) ? await ofStock("stockByDay", "recent") : null

  async function ofOrders(wholeOrders: Shape) {
    say("repartition: writing the input and ingesting it")
    const input = writeInput(join(folder, "orders.ndjson"), wholeOrders, short ? 120 : 400, seed)
    const lake = join(folder, "lake")
    await ingest({ input: input.file, output: lake }).run()
    const stageBytes = bytesBelow(join(lake, "stage"))
    say(`repartition: ${input.rows} rows, ${(stageBytes / 1e6).toFixed(1)} MB of Parquet, 3 contestants`)
    const found = await contest(
      [
        { name: "repartition", job: { kind: "repartition", lake }, rows: input.rows },
        { name: "ingest", job: { kind: "ingest", input: input.file, output: join(folder, "ingested"), threads: 2 }, rows: input.rows },
        { name: "bare COPY", job: { kind: "copy", lake, output: join(folder, "copied") }, rows: input.rows }
      ],
      limits
    )
    return { found, rows: input.rows, bytes: input.bytes, stageBytes }
  }

  async function ofStock(contract: "stock" | "stockByDay", which: "scattered" | "recent") {
    const articles = short ? 400_000 : 2_000_000
    say(`repartition: ingesting ${articles} articles, and then one in a hundred, ${which}`)
    const lake = join(folder, contract)
    const add = (rows: StockRows) => {
      const input = join(folder, `${rows}.ndjson`)
      writeStock(input, articles, rows, seed)
      return ingest({ input, output: lake, contract, adds: true }).run()
    }
    const all = await add("all")
    await prepared({ lake, contract }).run()
    const before = join(folder, `${contract}-before`)
    cpSync(join(lake, consumablePath(contracts[contract].name)), before, { recursive: true })
    const some = await add(which)
    const job = { kind: "repartition", lake, contract, before } as const
    const found = await contest(
      [
        { name: `upsert, ${which}`, job, rows: some },
        { name: `rebuild, ${which}`, job: { ...job, rebuild: true }, rows: all + some }
      ],
      limits
    )
    return { found, all, some, ratio: ratio(found, `upsert, ${which}`, `rebuild, ${which}`) }
  }

  const figuresOf = (found: Outcomes | undefined, rows: number) =>
    [...(found ?? [])].map(([name, { seconds, cpuSeconds, peakBytes }]) => ({
      name,
      rows,
      rowsPerSecond: rows / median(seconds),
      seconds: median(seconds),
      cpuSeconds: median(cpuSeconds),
      peakBytes
    }))
  const figures = figuresOf(outcomes?.found, outcomes?.rows ?? 0)
  const ratios = {
    ...(outcomes === null
      ? {}
      : {
          repartition_over_ingest: ratio(outcomes.found, "repartition", "ingest"),
          repartition_over_duckdb_copy: ratio(outcomes.found, "repartition", "bare COPY")
        }),
    ...(scattered === null ? {} : { upsert_over_rebuild: scattered.ratio }),
    ...(recent === null ? {} : { recent_upsert_over_rebuild: recent.ratio })
  }
  const all = [...figures, ...[scattered, recent].flatMap((each) => figuresOf(each?.found, each?.all ?? 0))]
  const articles = scattered?.all ?? recent?.all
  return {
    bench: "repartition",
    title: "stage → consumable, two threads, against the ingest, a bare COPY, and the whole for a part",
    seed,
    details: {
      rows: outcomes?.rows,
      stageBytes: outcomes?.stageBytes,
      rawBytes: outcomes?.bytes,
      articles,
      scattered: scattered?.some,
      recent: recent?.some,
      figures: all
    },
    ratios,
    targets: targets.flatMap(([name, wanted]) => {
      const found = ratios[name]
      return found === undefined ? [] : [{ name: name.replaceAll("_", " "), wanted: `≥ ${wanted}`, found, met: found >= wanted }]
    }),
    tables: [
      {
        title: `${outcomes?.rows ?? 0} orders of ${((outcomes?.stageBytes ?? 0) / 1e6).toFixed(1)} MB of Parquet, ${articles ?? 0} articles; medians`,
        columns: ["what", "rows of the table", "rows/s", "s", "CPU s", "peak MB"],
        rows: all.map((f) => [f.name, f.rows, f.rowsPerSecond, f.seconds, f.cpuSeconds, f.peakBytes / 1e6])
      }
    ],
    plots: [
      {
        title: "Stage to consumable",
        kind: "bars",
        labels: figures.map(({ name }) => name),
        series: [{ name: "rows/s", values: figures.map((f) => f.rowsPerSecond) }],
        unit: "rows/s"
      }
    ],
    notes: ["The bare COPY looks for no copies, sorts nothing, gives no statistics, commits nothing, and has the memory that it likes."]
  }
}

const targets = [
  ["repartition_over_ingest", 1],
  ["repartition_over_duckdb_copy", 0.7],
  ["upsert_over_rebuild", 5],
  ["recent_upsert_over_rebuild", 5]
] as const

const bytesBelow = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".parquet"))
    .reduce((total, entry) => total + statSync(join(entry.parentPath, entry.name)).size, 0)
