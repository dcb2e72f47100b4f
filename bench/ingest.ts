import { join } from "node:path"
import { type Bench, median } from "./bench.ts"
import { contest, ratio, roundsOf, speed } from "./contest.ts"
import { shapes } from "./input/shapes.ts"
import { writeInput } from "./input/write.ts"

/**
 * End to end: a file of raw orders → a lake, committed in batches of 128 MB, against the core alone on the same file in the same run. What
 * ingest does besides the core (positions, statistics for the log, files by hour, two tables' logs, everything synced to disk) is what the
 * ratio tells.
 *
 * What would make it lie: a lake that is there already (each run begins with none), start-up of the process (both are warm; `scale` runs the
 * command cold), and the disk, which both write the same file to, but ingest more often.
 */
export const ingest: Bench = async ({ short, seed, only, say }, folder) => {
  const { orders } = shapes
  if (orders === undefined) throw new Error("there is no shape of whole orders")
  say("ingest: writing the input")
  const input = writeInput(join(folder, "orders.ndjson"), orders, orders.megabytes[short ? 1 : 0], seed)
  const least = (short ? 5 : 9) * (only === null ? 1 : 2)
  say(`ingest: ${(input.bytes / 1e6).toFixed(0)} MB, 2 contestants`)
  const outcomes = await contest(
    [
      { name: "ingest", job: { kind: "ingest", input: input.file, output: join(folder, "lake") }, rows: input.rows },
      { name: "core", job: { kind: "sluice", contract: "all", input: input.file, output: join(folder, "core") }, rows: input.rows }
    ],
    { warmUps: 2, least, most: least * 3, seconds: short ? 15 : 90 }
  )
  const rounds = roundsOf(outcomes)
  const names = [...outcomes.keys()]
  const found = ratio(outcomes, "ingest", "core")
  return {
    bench: "ingest",
    title: "files → committed lake, against the core alone",
    seed,
    details: {
      records: input.records,
      bytes: input.bytes,
      rounds,
      megabytesPerSecond: Object.fromEntries(names.map((name) => [name, speed(outcomes, name, input.bytes)]))
    },
    ratios: { ingest_over_core: found },
    targets: [{ name: "ingest over core", wanted: "≥ 0.85", found, met: found >= 0.85 }],
    tables: [
      {
        title: `${input.records} records, ${(input.bytes / 1e6).toFixed(0)} MB, medians of ${rounds} rounds`,
        columns: ["what", "MB/s", "s", "peak MB"],
        rows: [...outcomes].map(([name, { seconds, peakBytes }]) => [
          name,
          speed(outcomes, name, input.bytes),
          median(seconds),
          peakBytes / 1e6
        ])
      }
    ],
    plots: [
      {
        title: "End to end and core",
        kind: "bars",
        labels: names,
        series: [{ name: "MB/s", values: names.map((name) => speed(outcomes, name, input.bytes)) }],
        unit: "MB/s"
      }
    ],
    notes: ["Both warm, one thread, in processes of their own."]
  }
}
