import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { loadavg } from "node:os"
import { join } from "node:path"
import { findEngines, submitEnvironment } from "../test/engines/setup.ts"
import { type Bench, type BenchOptions, type BenchResult, median } from "./bench.ts"
import { measured } from "./child.ts"
import { main, type Outcome, productFlags, ratio } from "./contest.ts"
import { type Shape, shapes } from "./input/shapes.ts"
import { writeStock } from "./input/stock.ts"
import { writeInput } from "./input/write.ts"
import { canWatch, watchTree } from "./tree.ts"

/**
 * The same folds by both engines, as whole commands from start to end, two threads each: `sluice repartition` in its process, and with `--engine spark --wait` as a
 * job of Spark on this machine. An hour's orders that become a new table, one key in a hundred of a table of the newest rows, and a single row: what that takes is
 * the start-up, and the rate of an engine is of what an hour takes behind it.
 *
 * What would make it lie: other load on the machine (they take turns; load is told, and processor time beside the clock), processes that end after the command does
 * (they are waited for: their processor time counts, the clock stops with the command), tables that differ (all values of all rows are compared), and a Spark that has less memory
 * than it needs. Both start cold each time; a cluster that is there already would save Spark some of its start-up, and one that is not would add to it.
 *
 * It needs Java, and Spark as `npm run test:engines` installs it, so it runs where it is asked for by name alone.
 */
export const engines: Bench = async (options, folder) => {
  const { orders: wholeOrders } = shapes
  if (wholeOrders === undefined) throw new Error("there is no shape of whole orders")
  const shape: Shape = wholeOrders
  const found = findEngines()
  if (found === null || !canWatch) {
    const why = canWatch ? "Spark is not here: npm run test:engines installs it" : "this system does not tell what processes take"
    options.say(`engines: skipped. ${why}`)
    return resultOf(options, [], {}, [`Skipped: ${why}.`])
  }
  const spark = submitEnvironment(found)
  const temporary = join(folder, "temporary")
  mkdirSync(temporary)
  const common = { SLUICE_HASH_KEY: "a key for the bench", SLUICE_THREADS: String(cores), TMPDIR: temporary, SPARK_LOCAL_DIRS: temporary }
  const contestants: ReadonlyArray<Contestant> = [
    { name: embedded, args: [], environment: common },
    {
      name: localSpark,
      args: ["--engine", "spark", "--wait"],
      environment: { ...common, ...spark, SLUICE_SPARK_CONF: `${spark["SLUICE_SPARK_CONF"]},spark.driver.memory=4g` }
    }
  ]
  const { short, say, seed } = options
  const loadBefore = loadavg()[0]
  /** Of a row, by work. */
  const [stageBytes, fileBytes] = [new Map<string, number>(), new Map<string, number>()]

  const orders = short ? 5000 : 100_000
  const hour = await hourOf(orders)
  const figures: Array<Figure> = [hour.ingested]
  const ratios: Record<string, number> = {}
  for (const make of [() => hour, rowOf, () => upsertOf(short ? 100_000 : 2_000_000)]) {
    const work = await make()
    const outcomes = await contest(work)
    for (const [engine, outcome] of outcomes) figures.push(figureOf(work.what, engine, work.rows, outcome))
    ratios[`${work.ratio}_embedded_over_spark`] = ratio(outcomes, embedded, localSpark)
    ratios[`${work.ratio}_embedded_over_spark_cpu`] = ratio(outcomes, embedded, localSpark, "cpuSeconds")
  }
  const load = { before: loadBefore, after: loadavg()[0] }
  const bytesPerRow = { raw: hour.rawBytes / hour.rows, stage: stageBytes.get(hour.what), consumable: fileBytes.get(hour.what) }
  return resultOf(
    options,
    figures,
    ratios,
    [
      "Both made the same rows each time: number and hash of all values.",
      `The clock stops with the command; processor time and memory are of all processes until the last has ended. Load of the machine before and after: ${load.before?.toFixed(1)}, ${load.after?.toFixed(1)}.`
    ],
    { orders, rowsPerOrder: hour.rows / orders, bytesPerRow, load }
  )

  /** Runs a command of Sluice's to its end. @returns what it printed, and what it and all that it started took */
  async function sluice(args: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = common) {
    const taken = watchTree()
    const { code, seconds, stdout, stderr } = await measured([...productFlags, main, ...args, "--json"], folder, environment)
    const { cpuSeconds, peakBytes } = await taken()
    if (code !== 0) throw new Error(`sluice ${args.join(" ")} ended with ${code}: ${stderr.slice(-2000)}${stdout}`)
    return { seconds, cpuSeconds, peakBytes, printed: JSON.parse(stdout) }
  }

  async function ingest(lake: string, input: string, project: ReadonlyArray<string> = []) {
    const taken = await sluice([
      "ingest",
      "--lake",
      lake,
      "--input",
      input,
      "--format",
      "lines",
      "--arrived-at",
      "2026-11-27T10:00:00Z",
      ...project
    ])
    rmSync(input)
    const rows: number = taken.printed.counts.rows
    return { ...taken, rows }
  }

  async function hourOf(orders: number): Promise<Work & { readonly ingested: Figure; readonly rawBytes: number }> {
    say(`engines: writing ${orders} orders, and ingesting them`)
    const written = writeInput(join(folder, "orders.ndjson"), shape, (orders * shape.recordBytes * 1.96) / 1e6, seed)
    const lake = join(folder, "hour")
    const { rows, ...taken } = await ingest(lake, written.file)
    if (rows !== written.rows) throw new Error(`${rows} rows were ingested of ${written.rows}`)
    const what = `an hour of ${orders} orders`
    return {
      what,
      ratio: "hour",
      lake,
      table: "checkout",
      project: [],
      rows,
      rawBytes: written.bytes,
      ingested: figureOf(what, "ingest", rows, { ...taken, seconds: [taken.seconds], cpuSeconds: [taken.cpuSeconds] })
    }
  }

  async function rowOf(): Promise<Work> {
    const { file } = writeInput(join(folder, "order.ndjson"), shape, 0.01, seed)
    const [line = ""] = readFileSync(file, "utf8").split("\n", 1)
    writeFileSync(file, `${line}\n`)
    const lake = join(folder, "row")
    const { rows } = await ingest(lake, file)
    return { what: aRow, ratio: "one_row", lake, table: "checkout", project: [], rows }
  }

  async function upsertOf(articles: number): Promise<Work> {
    say(`engines: ingesting ${articles} articles, folding them, ingesting one in a hundred again`)
    const lake = join(folder, "stock")
    const project = ["--project", join(import.meta.dirname, "contracts")]
    const add = (which: "all" | "scattered") => {
      const input = join(folder, `${which}.ndjson`)
      writeStock(input, articles, which, seed)
      return ingest(lake, input, project)
    }
    await add("all")
    await sluice(["repartition", "--lake", lake, ...project])
    const before = join(folder, "before")
    cpSync(join(lake, "consumable", "stock"), before, { recursive: true })
    const { rows } = await add("scattered")
    return { what: `${rows} changes to a table of ${articles} rows`, ratio: "upsert", lake, table: "stock", project, rows, before }
  }

  /** They take turns, forward and backward, each on the table as it was. */
  async function contest({ what, lake, table, project, rows, before }: Work): Promise<ReadonlyMap<string, Outcome>> {
    const outcomes = new Map<string, Outcome & Record<"seconds" | "cpuSeconds", Array<number>> & { peakBytes: number }>(
      contestants.map(({ name }) => [name, { seconds: [], cpuSeconds: [], laps: [], peakBytes: 0 }])
    )
    const folded = join(lake, "consumable", table)
    let first: string | null = null
    const begun = performance.now()
    for (let run = 0; run < mostRuns && (run === 0 || performance.now() - begun < secondsOfRuns * 1000); run++) {
      for (const { name, args, environment } of run % 2 === 0 ? contestants : contestants.toReversed()) {
        rmSync(folded, { recursive: true, force: true })
        if (before !== undefined) cpSync(before, folded, { recursive: true })
        const { printed, seconds, cpuSeconds, peakBytes } = await sluice(["repartition", "--lake", lake, ...project, ...args], environment)
        say(`engines: ${what}, ${name}, run ${run + 1}: ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of processor time`)
        if (printed.rowsRead !== rows) throw new Error(`${name} read ${printed.rowsRead} rows of ${rows}`)
        stageBytes.set(what, printed.stageBytes / rows)
        fileBytes.set(what, printed.fileBytes / rows)
        const { printed: content } = await sluice(["query", "--lake", lake, ...project, contentOf(table)])
        first ??= JSON.stringify(content)
        if (JSON.stringify(content) !== first)
          throw new Error(`${name} made another table: ${JSON.stringify(content)}; the first was ${first}`)
        const outcome = outcomes.get(name)
        outcome?.seconds.push(seconds)
        outcome?.cpuSeconds.push(cpuSeconds)
        if (outcome !== undefined) outcome.peakBytes = Math.max(outcome.peakBytes, peakBytes)
      }
    }
    return outcomes
  }
}

const embedded = "embedded"
const localSpark = "local Spark"
const cores = 2
const aRow = "a single row"
/** Of each engine at each work; no other begins after so many seconds of them. */
const [mostRuns, secondsOfRuns] = [3, 240]

interface Contestant {
  readonly name: string
  readonly args: ReadonlyArray<string>
  readonly environment: Readonly<Record<string, string>>
}

/** Something new in the stage of a lake. */
interface Work {
  readonly what: string
  /** Begins the names of its ratios. */
  readonly ratio: string
  readonly lake: string
  readonly table: string
  readonly project: ReadonlyArray<string>
  readonly rows: number
  /** A copy of the table as it is before. Absent: there is none. */
  readonly before?: string
}

interface Figure {
  readonly what: string
  readonly by: string
  readonly rows: number
  readonly runs: number
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakBytes: number
}

const figureOf = (
  what: string,
  by: string,
  rows: number,
  { seconds, cpuSeconds, peakBytes }: Pick<Outcome, "seconds" | "cpuSeconds" | "peakBytes">
): Figure => ({ what, by, rows, runs: seconds.length, seconds: median(seconds), cpuSeconds: median(cpuSeconds), peakBytes })

/** Order of rows is nothing that a table has. The sum is text: it is more than a number of JSON holds. */
const contentOf = (table: string): string => `SELECT count(*) AS rows, sum(hash(c))::VARCHAR AS content FROM consumable_${table} c`

/** What an engine does with a row of an hour's orders, behind what a single row takes. */
const rateOf = (engine: string, figures: ReadonlyArray<Figure>) => {
  const own = figures.filter(({ by }) => by === engine)
  const [hour, start] = [own[0], own.find(({ what }) => what === aRow)]
  if (start === undefined || hour === undefined) return []
  const rows = hour.rows - start.rows
  return [
    {
      engine,
      startSeconds: start.seconds,
      startCpuSeconds: start.cpuSeconds,
      rowsPerCoreSecond: rows / (hour.seconds - start.seconds) / cores,
      rowsPerCpuSecond: rows / (hour.cpuSeconds - start.cpuSeconds)
    }
  ]
}

const resultOf = (
  { seed }: BenchOptions,
  figures: ReadonlyArray<Figure>,
  ratios: Readonly<Record<string, number>>,
  notes: ReadonlyArray<string>,
  details: Readonly<Record<string, unknown>> = {}
): BenchResult => {
  const rates = [embedded, localSpark].flatMap((engine) => rateOf(engine, figures))
  const isSkipped = figures.length === 0
  return {
    bench: "engines",
    title: "stage → consumable by both engines, whole commands from start to end, two threads each",
    seed,
    details: { ...details, figures, rates },
    ratios,
    targets: [],
    tables: isSkipped
      ? []
      : [
          {
            title: "medians; peak of all processes",
            columns: ["what", "by", "rows", "runs", "s", "CPU s", "peak MB"],
            rows: figures.map((f) => [f.what, f.by, f.rows, f.runs, f.seconds, f.cpuSeconds, f.peakBytes / 1e6])
          },
          {
            title: "rows of an hour, behind the start-up",
            columns: ["engine", "start-up s", "CPU s", "rows/s and core", "rows/CPU s"],
            rows: rates.map((r) => [r.engine, r.startSeconds, r.startCpuSeconds, r.rowsPerCoreSecond, r.rowsPerCpuSecond])
          }
        ],
    plots: isSkipped
      ? []
      : [
          {
            title: "From the start of the command to its end",
            kind: "bars",
            labels: [...new Set(figures.map(({ what }) => what))],
            series: [embedded, localSpark].map((engine) => ({
              name: engine,
              values: [...new Set(figures.map(({ what }) => what))].map(
                (what) => figures.find((figure) => figure.what === what && figure.by === engine)?.seconds ?? null
              )
            })),
            unit: "s"
          }
        ],
    notes
  }
}
