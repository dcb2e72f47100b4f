import { mkdirSync, rmSync, statfsSync } from "node:fs"
import { join } from "node:path"
import { type Bench, median } from "./bench.ts"
import { canPin, type Ended, measured } from "./child.ts"
import { main, productFlags } from "./contest.ts"
import { shapes } from "./input/shapes.ts"
import { writeInput } from "./input/write.ts"

/**
 * Whole commands on growing input: `sluice ingest` with one and two workers, from the start of its process to its end, with its peak of
 * resident memory; DuckDB with two threads on the same files is the peer of two workers. Memory must not grow with the input; the flags of
 * Node are those of `npm run sluice`. One worker uses more than one core, since V8 compiles and collects beside it: what it does on one core
 * alone, as in a task with one vCPU, is measured, too, where `taskset` is there.
 *
 * What would make it lie: one large file for one side (both get the same pieces), start-up (it is in: it shows at 0.1 GB), the disk (input is
 * in the page cache as long as there is memory for it), and few runs (their number is told).
 */
export const scale: Bench = async ({ short, seed, say }, folder) => {
  const { orders } = shapes
  if (orders === undefined) throw new Error("there is no shape of whole orders")
  const sizes = short ? [0.1] : [0.1, 1, 4]
  const wanted = (sizes.at(-1) ?? 0) * 1e9 * 1.5
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize < wanted) throw new Error(`scale needs ${(wanted / 1e9).toFixed(1)} GB of free disk below ${folder}`)

  mkdirSync(inputOf(folder))
  const sluiceName = (threads: number) => `sluice, ${threads} ${threads === 1 ? "worker" : "workers"}`
  const pinned = "sluice, 1 worker on 1 core"
  const peer = "duckdb, 2 threads"

  const figures: Array<Figure> = []
  const pieces: Array<{ readonly rows: number; readonly bytes: number }> = []
  for (const size of sizes) {
    const total = () => pieces.reduce((sum, { bytes }) => sum + bytes, 0)
    while (total() < size * 1e9) {
      const megabytes = Math.min(pieceMegabytes, (size * 1e9 - total()) / 1e6)
      if (megabytes < 1) break
      say(`scale: writing the input, ${(total() / 1e9).toFixed(2)} of ${size} GB`)
      pieces.push(
        writeInput(join(inputOf(folder), `${String(pieces.length).padStart(3, "0")}.ndjson`), orders, megabytes, seed + pieces.length)
      )
    }
    const rows = pieces.reduce((sum, { rows }) => sum + rows, 0)
    const commands: ReadonlyArray<readonly [name: string, run: () => Promise<Ended>]> = [
      ...[1, 2].map((threads) => [sluiceName(threads), () => runIngest(folder, threads, rows, false)] as const),
      ...(canPin ? [[pinned, () => runIngest(folder, 1, rows, true)] as const] : []),
      [peer, () => runDuckDB(folder, rows)]
    ]
    const ended = new Map<string, Array<Ended>>()
    for (let run = 0; run < runs; run++) {
      for (const [name, command] of commands) {
        say(`scale: ${size} GB, ${name}, run ${run + 1} of ${runs}`)
        ended.set(name, [...(ended.get(name) ?? []), await command()])
      }
    }
    for (const [name, each] of ended) {
      const seconds = median(each.map(({ seconds }) => seconds))
      const peakBytes = Math.max(...each.map(({ peakBytes }) => peakBytes))
      figures.push({ gigabytes: size, bytes: total(), name, runs, seconds, megabytesPerSecond: total() / 1e6 / seconds, peakBytes })
    }
  }

  const at = (size: number, name: string) => figures.find((figure) => figure.gigabytes === size && figure.name === name)
  const ratios: Record<string, number> = {}
  for (const size of sizes) {
    const [one, two, duckdb] = [at(size, sluiceName(1)), at(size, sluiceName(2)), at(size, peer)]
    const name = `${String(size).replace(".", "_")}_gb`
    if (one !== undefined && two !== undefined) ratios[`two_workers_over_one_${name}`] = one.seconds / two.seconds
    const alone = at(size, pinned)
    if (alone !== undefined && two !== undefined) ratios[`two_workers_over_one_on_one_core_${name}`] = alone.seconds / two.seconds
    if (two !== undefined && duckdb !== undefined) ratios[`two_workers_over_duckdb_2_threads_${name}`] = duckdb.seconds / two.seconds
    if (one !== undefined && duckdb !== undefined) ratios[`one_worker_over_duckdb_2_threads_${name}`] = duckdb.seconds / one.seconds
  }
  const names = [...new Set(figures.map(({ name }) => name))]
  const labels = sizes.map((size) => `${size} GB`)
  const largest = `${sizes.at(-1)}`.replace(".", "_")
  const atLeast = (name: string, wanted: number) => {
    const found = ratios[`${name}_${largest}_gb`] ?? Number.NaN
    return { name: `${name.replaceAll("_", " ")}, ${sizes.at(-1)} GB`, wanted: `≥ ${wanted}`, found, met: found >= wanted }
  }
  const peak = Math.max(...figures.filter(({ name }) => name !== peer).map(({ peakBytes }) => peakBytes)) / 1024 ** 2
  return {
    bench: "scale",
    title: "whole commands on growing input: time and memory",
    seed,
    details: { figures },
    ratios,
    targets: [
      { name: "peak resident memory of ingest, MiB, any input", wanted: "≤ 512", found: peak, met: peak <= 512 },
      atLeast("two_workers_over_one", 1.7),
      atLeast("two_workers_over_duckdb_2_threads", 2)
    ],
    tables: [
      {
        title: "from the start of the process to its end",
        columns: ["input GB", "what", "runs", "s", "MB/s", "peak MB"],
        rows: figures.map((f) => [f.gigabytes, f.name, f.runs, f.seconds, f.megabytesPerSecond, f.peakBytes / 1e6])
      }
    ],
    plots: [
      {
        title: "Speed",
        kind: "lines",
        labels,
        series: names.map((name) => ({ name, values: sizes.map((size) => at(size, name)?.megabytesPerSecond ?? null) })),
        unit: "MB/s"
      },
      {
        title: "Peak resident memory",
        kind: "lines",
        labels,
        series: names.map((name) => ({ name, values: sizes.map((size) => megabytes(at(size, name)?.peakBytes)) })),
        unit: "MB",
        target: 537
      }
    ],
    notes: ["Medians of the runs, each a process of its own that starts cold."]
  }
}

const megabytes = (bytes: number | undefined): number | null => (bytes === undefined || Number.isNaN(bytes) ? null : bytes / 1e6)

interface Figure {
  readonly gigabytes: number
  readonly bytes: number
  readonly name: string
  readonly runs: number
  readonly seconds: number
  readonly megabytesPerSecond: number
  readonly peakBytes: number
}

const pieceMegabytes = 250
/** Of each command at each size. */
const runs = 3

const inputOf = (folder: string): string => join(folder, "input")

const runIngest = async (folder: string, threads: number, rows: number, isPinned: boolean): Promise<Ended> => {
  const lake = join(folder, "lake")
  rmSync(lake, { recursive: true, force: true })
  const args = ["ingest", "--input", inputOf(folder), "--format", "lines", "--lake", lake, "--arrived-at", "2026-11-27T10:00:00Z", "--json"]
  const environment = { SLUICE_HASH_KEY: "a key for the bench" }
  const ended = await measured([...productFlags, main, ...args, "--threads", String(threads)], folder, environment, isPinned)
  rmSync(lake, { recursive: true, force: true })
  const counts: { readonly counts?: { readonly rows?: number } } = ended.code === 0 ? JSON.parse(ended.stdout) : {}
  if (counts.counts?.rows !== rows)
    throw new Error(`sluice ingest ended with ${ended.code} and ${counts.counts?.rows} rows of ${rows}: ${ended.stderr.slice(-2000)}`)
  return ended
}

const runDuckDB = async (folder: string, rows: number): Promise<Ended> => {
  const output = join(folder, "duckdb.parquet")
  const job = {
    kind: "duckdb",
    contract: "all",
    form: "stringified",
    damaged: false,
    threads: 2,
    input: join(inputOf(folder), "*.ndjson"),
    output
  }
  const once = join(import.meta.dirname, "contestants", "once.ts")
  const ended = await measured([once, JSON.stringify(job)], folder, {})
  rmSync(output, { force: true })
  if (Number(ended.stdout.trim()) !== rows) throw new Error(`duckdb ended with ${ended.code}: ${ended.stderr.slice(-2000)}`)
  return ended
}
