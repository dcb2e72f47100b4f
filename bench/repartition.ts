import { cpSync, readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { type Bench, median } from "./bench.ts"
import { contest, ratio } from "./contest.ts"
import { ingest } from "./contestants/ingest.ts"
import { repartition as prepared } from "./contestants/repartition.ts"
import { type Shape, shapes } from "./input/shapes.ts"
import { writeStock } from "./input/stock.ts"
import { writeInput } from "./input/write.ts"

/**
 * The stage of a lake → a new consumable, with the default engine, its default memory and two threads: against the ingest of the same orders with as many, and against
 * DuckDB doing a bare `COPY` of the same rows into the same partitions. And one key in a hundred of a table of the newest rows: against making the table anew.
 *
 * What would make it lie: a stage that the peer reads differently (same files), rows that only one writes (counted: there are no copies in
 * the input), and a consumable that is there already (each run begins with none, or with the same one). The keys that change are of the newest two of a hundred days:
 * what is written anew is what lies in the partitions of keys that changed, so where these are drawn from all partitions, all is, and an upsert is no faster than a rebuild.
 */
export const repartition: Bench = async ({ short, seed, only, say }, folder) => {
  const { orders: wholeOrders } = shapes
  if (wholeOrders === undefined) throw new Error("there is no shape of whole orders")
  const wants = (names: ReadonlyArray<string>) => only === null || names.some((name) => only.has(name))
  const least = (short ? 3 : 5) * (only === null ? 1 : 2)
  const limits = { warmUps: 1, least, most: least * 3, seconds: short ? 10 : 60 }
  const outcomes = wants(["repartition_over_ingest", "repartition_over_duckdb_copy"]) ? await ofOrders(wholeOrders) : null
  const newest = wants(["upsert_over_rebuild"]) ? await ofStock() : null

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

  async function ofStock() {
    const articles = short ? 400_000 : 2_000_000
    say(`repartition: ingesting ${articles} articles, and then one in a hundred`)
    const lake = join(folder, "stock")
    const add = (which: "all" | "changes") => {
      const input = join(folder, `${which}.ndjson`)
      writeStock(input, articles, which, seed)
      return ingest({ input, output: lake, contract: "stock", adds: true }).run()
    }
    const all = await add("all")
    await prepared({ lake, contract: "stock" }).run()
    const before = join(folder, "before")
    cpSync(join(lake, "consumable", "stock"), before, { recursive: true })
    const some = await add("changes")
    const job = { kind: "repartition", lake, contract: "stock", before } as const
    const found = await contest(
      [
        { name: "upsert", job, rows: some },
        { name: "rebuild", job: { ...job, rebuild: true }, rows: all + some }
      ],
      limits
    )
    return { found, all, some }
  }

  const figures = [...(outcomes?.found ?? [])].map(([name, { seconds, cpuSeconds, peakBytes }]) => ({
    name,
    rows: outcomes?.rows ?? 0,
    rowsPerSecond: (outcomes?.rows ?? 0) / median(seconds),
    seconds: median(seconds),
    cpuSeconds: median(cpuSeconds),
    peakBytes
  }))
  const ofNewest = [...(newest?.found ?? [])].map(([name, { seconds, cpuSeconds, peakBytes }]) => ({
    name,
    rows: newest?.all ?? 0,
    rowsPerSecond: (newest?.all ?? 0) / median(seconds),
    seconds: median(seconds),
    cpuSeconds: median(cpuSeconds),
    peakBytes
  }))
  const ratios = {
    ...(outcomes === null
      ? {}
      : {
          repartition_over_ingest: ratio(outcomes.found, "repartition", "ingest"),
          repartition_over_duckdb_copy: ratio(outcomes.found, "repartition", "bare COPY")
        }),
    ...(newest === null ? {} : { upsert_over_rebuild: ratio(newest.found, "upsert", "rebuild") })
  }
  const all = [...figures, ...ofNewest]
  return {
    bench: "repartition",
    title: "stage → consumable, two threads, against the ingest, a bare COPY, and the whole for a part",
    seed,
    details: {
      rows: outcomes?.rows,
      stageBytes: outcomes?.stageBytes,
      rawBytes: outcomes?.bytes,
      articles: newest?.all,
      changed: newest?.some,
      figures: all
    },
    ratios,
    targets: targets.flatMap(([name, wanted]) => {
      const found = ratios[name]
      return found === undefined ? [] : [{ name: name.replaceAll("_", " "), wanted: `≥ ${wanted}`, found, met: found >= wanted }]
    }),
    tables: [
      {
        title: `${outcomes?.rows ?? 0} orders of ${((outcomes?.stageBytes ?? 0) / 1e6).toFixed(1)} MB of Parquet, ${newest?.all ?? 0} articles; medians`,
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
  ["upsert_over_rebuild", 5]
] as const

const bytesBelow = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".parquet"))
    .reduce((total, entry) => total + statSync(join(entry.parentPath, entry.name)).size, 0)
