import { join } from "node:path"
import { type Bench, mean, median, quantile } from "./bench.ts"
import { type Contestant, contest } from "./contest.ts"
import { interval, tail, writeHistory } from "./input/history.ts"

/**
 * What a long life costs a table: opening it, and committing to it, after 10² to 10⁵ commits. Each commit adds one file and moves one position,
 * and all files are live. Opening is told cold (a process' first, which is what a command pays) and warm; commits with their median, 99th
 * percentile, slowest (a checkpoint) and mean (with the share of checkpoints in it).
 *
 * What would make it lie: the page cache (all logs are in it), a disk that does not sync (commits are synced; a slow disk hides the rest), and
 * a log just after a checkpoint (50 commits follow the last). Long histories are written quickly, see `input/history.ts`.
 */
export const log: Bench = async ({ short, seed, say }, folder) => {
  const sizes = short ? [100, 1000, 10_000] : [100, 1000, 10_000, 100_000]
  const versions = new Map<number, number>()
  for (const size of sizes) {
    say(`log: writing a history of ${size} commits`)
    versions.set(size, await writeHistory(lakeOf(folder, size), size))
  }
  const contestants = (job: (lake: string) => Contestant["job"], rows: (size: number) => number): ReadonlyArray<Contestant> =>
    sizes.map((size) => ({ name: String(size), job: job(lakeOf(folder, size)), rows: rows(size) }))
  say("log: opening")
  const opening = await contest(
    contestants(
      (lake) => ({ kind: "open-table", lake }),
      (size) => versions.get(size) ?? 0
    ),
    { warmUps: 0, least: short ? 6 : 11, most: 11, seconds: 0 }
  )
  say("log: committing")
  const committing = await contest(
    contestants(
      (lake) => ({ kind: "commit", lake, commits: interval }),
      () => interval
    ),
    { warmUps: 1, least: short ? 3 : 5, most: 5, seconds: 0 }
  )
  const figures = sizes.map((size) => {
    const [cold = Number.NaN, ...warm] = opening.get(String(size))?.seconds ?? []
    const laps = committing.get(String(size))?.laps ?? []
    return {
      commits: size,
      openColdMillis: cold * 1000,
      openWarmMillis: median(warm) * 1000,
      commitMedianMillis: median(laps) * 1000,
      commitP99Millis: quantile(laps, 0.99) * 1000,
      commitSlowestMillis: Math.max(...laps) * 1000,
      commitMeanMillis: mean(laps) * 1000,
      peakBytes: Math.max(opening.get(String(size))?.peakBytes ?? 0, committing.get(String(size))?.peakBytes ?? 0)
    }
  })
  const [first, last] = [figures[0], figures.at(-1)]
  if (first === undefined || last === undefined) throw new Error("there are no histories to measure")
  const ratios = {
    commit_median_longest_over_shortest: last.commitMedianMillis / first.commitMedianMillis,
    commit_mean_longest_over_shortest: last.commitMeanMillis / first.commitMeanMillis,
    open_cold_longest_over_shortest: last.openColdMillis / first.openColdMillis
  }
  return {
    bench: "log",
    title: "opening a table and committing to it, by the length of its history",
    seed,
    details: { tail, interval, figures },
    ratios,
    targets: [
      {
        name: `opening ${last.commits} commits, cold, ms`,
        wanted: "≤ 1000",
        found: last.openColdMillis,
        met: last.openColdMillis <= 1000
      },
      {
        name: "commit: median of the longest over the shortest",
        wanted: "≤ 1.5",
        found: ratios.commit_median_longest_over_shortest,
        met: ratios.commit_median_longest_over_shortest <= 1.5
      },
      {
        name: "commit with checkpoints: mean of the longest over the shortest",
        wanted: "≤ 1.5",
        found: ratios.commit_mean_longest_over_shortest,
        met: ratios.commit_mean_longest_over_shortest <= 1.5
      }
    ],
    tables: [
      {
        title: `milliseconds; ${tail} commits after the last checkpoint, one checkpoint in ${interval} commits`,
        columns: ["commits", "open, cold", "open, warm", "commit: median", "p99", "slowest", "mean", "peak MB"],
        rows: figures.map((f) => [
          f.commits,
          f.openColdMillis,
          f.openWarmMillis,
          f.commitMedianMillis,
          f.commitP99Millis,
          f.commitSlowestMillis,
          f.commitMeanMillis,
          f.peakBytes / 1e6
        ])
      }
    ],
    plots: [
      {
        title: "Opening",
        kind: "lines",
        labels: sizes.map(String),
        series: [
          { name: "cold", values: figures.map((f) => f.openColdMillis) },
          { name: "warm", values: figures.map((f) => f.openWarmMillis) }
        ],
        unit: "ms",
        target: 1000
      },
      {
        title: "Committing",
        kind: "lines",
        labels: sizes.map(String),
        series: [
          { name: "median", values: figures.map((f) => f.commitMedianMillis) },
          { name: "mean, checkpoints included", values: figures.map((f) => f.commitMeanMillis) }
        ],
        unit: "ms"
      }
    ],
    notes: ["All files of a history are live, with statistics of three columns; after compaction there are fewer."]
  }
}

const lakeOf = (folder: string, size: number): string => join(folder, `lake-${size}`)
