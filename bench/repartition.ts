import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { type Bench, median } from "./bench.ts"
import { contest, ratio, roundsOf, speed } from "./contest.ts"
import { ingest } from "./contestants/ingest.ts"
import { shapes } from "./input/shapes.ts"
import { writeInput } from "./input/write.ts"

/**
 * The stage of a lake → a new consumable, with the default engine and its default memory, against DuckDB doing a bare `COPY` of the same rows
 * into the same partitions, which is the least that any repartition on DuckDB can be.
 *
 * What would make it lie: a stage that the peer reads differently (same files), rows that only one writes (counted: there are no copies in
 * the input), and a consumable that is there already (each run begins with none).
 */
export const repartition: Bench = async ({ short, seed, only, say }, folder) => {
  const { orders } = shapes
  if (orders === undefined) throw new Error("there is no shape of whole orders")
  say("repartition: writing the input and ingesting it")
  const input = writeInput(join(folder, "orders.ndjson"), orders, short ? 60 : 400, seed)
  const lake = join(folder, "lake")
  await ingest({ input: input.file, output: lake }).run()
  const stageBytes = bytesBelow(join(lake, "stage"))
  const least = (short ? 3 : 5) * (only === null ? 1 : 2)
  say(`repartition: ${input.rows} rows, ${(stageBytes / 1e6).toFixed(1)} MB of Parquet, 2 contestants`)
  const outcomes = await contest(
    [
      { name: "repartition", job: { kind: "repartition", lake }, rows: input.rows },
      { name: "bare COPY", job: { kind: "copy", lake, output: join(folder, "copied") }, rows: input.rows }
    ],
    { warmUps: 1, least, most: least * 3, seconds: short ? 10 : 60 }
  )
  const rounds = roundsOf(outcomes)
  const figures = [...outcomes].map(([name, { seconds, peakBytes }]) => ({
    name,
    rowsPerSecond: input.rows / median(seconds),
    stageMegabytesPerSecond: speed(outcomes, name, stageBytes),
    rawMegabytesPerSecond: speed(outcomes, name, input.bytes),
    seconds: median(seconds),
    peakBytes
  }))
  return {
    bench: "repartition",
    title: "stage → consumable, two threads, against a bare COPY of the same rows",
    seed,
    details: { rows: input.rows, stageBytes, rawBytes: input.bytes, rounds, figures },
    ratios: { repartition_over_bare_copy: ratio(outcomes, "repartition", "bare COPY") },
    targets: [],
    tables: [
      {
        title: `${input.rows} rows, ${(stageBytes / 1e6).toFixed(1)} MB of Parquet that were ${(input.bytes / 1e6).toFixed(0)} MB raw, medians of ${rounds} rounds`,
        columns: ["what", "rows/s", "MB/s of stage", "MB/s of raw input", "s", "peak MB"],
        rows: figures.map((f) => [
          f.name,
          f.rowsPerSecond,
          f.stageMegabytesPerSecond,
          f.rawMegabytesPerSecond,
          f.seconds,
          f.peakBytes / 1e6
        ])
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

const bytesBelow = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".parquet"))
    .reduce((total, entry) => total + statSync(join(entry.parentPath, entry.name)).size, 0)
