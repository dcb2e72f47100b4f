import { join } from "node:path"
import { type Bench, median } from "./bench.ts"
import { type Contestant, contest, type Outcome, ratio, roundsOf } from "./contest.ts"
import { type Shape, shapes } from "./input/shapes.ts"
import { type Input, writeInput } from "./input/write.ts"

/**
 * Kinesis → lake, against files → lake with the same records in the same run: what the consumer costs by record and by answer, beside decoding
 * and writing, which both do. The stream is one in memory of four shards that answers at once, with answers as large as the service's (10 MiB,
 * 10,000 records); the records stand in it as they are, and packed as the Kinesis Producer Library packs them by default, up to 50 KiB. Then both
 * once more over HTTP on this machine, with the AWS client: its part has no target, since it is the price of the protocol.
 *
 * Speeds are by processor time of the consumer, "per core": what other load on the machine disturbs least, and what does not count the server.
 *
 * What would make it lie: the stream in memory, which costs one copy (what comes over the network has to be received and its base64 taken off:
 * hence HTTP), the file, which has to be read and cut into lines, records of one size (hence small ones too), and the disk, which all write the
 * same lake to.
 */
export const consumer: Bench = async ({ short, seed, only, say }, folder) => {
  const details: Record<string, unknown> = {}
  const ratios: Record<string, number> = {}
  const rows: Array<ReadonlyArray<string | number>> = []
  const least = (short ? 5 : 9) * (only === null ? 1 : 2)
  for (const name of ["orders", "small"]) {
    say(`consumer: writing the input, ${name}`)
    const input = writeInput(join(folder, `${name}.ndjson`), shapeOf(name), shapeOf(name).megabytes[short ? 1 : 0], seed)
    const contestants = contestantsFor(input, folder)
    say(`consumer: ${(input.bytes / 1e6).toFixed(0)} MB, ${contestants.length} contestants`)
    const outcomes = await contest(contestants, { warmUps: 2, least, most: least * 3, seconds: short ? 15 : 90 })
    const speeds = [...outcomes].map(([contestant, outcome]) => [contestant, perCore(outcome, input.bytes)] as const)
    details[name] = {
      records: input.records,
      bytes: input.bytes,
      rounds: roundsOf(outcomes),
      megabytesPerSecondAndCore: Object.fromEntries(speeds)
    }
    for (const [contestant] of speeds)
      if (contestant !== "files")
        ratios[`${name}_${contestant}_over_files`.replaceAll(" ", "_")] = ratio(outcomes, contestant, "files", "cpuSeconds")
    for (const [contestant, outcome] of outcomes)
      rows.push([
        name,
        contestant,
        perCore(outcome, input.bytes),
        median(outcome.cpuSeconds),
        median(outcome.seconds),
        outcome.peakBytes / 1e6
      ])
  }
  return {
    bench: "consumer",
    title: "Kinesis → committed lake, against files",
    seed,
    details,
    ratios,
    targets: Object.entries(ratios)
      .filter(([name]) => !name.includes("http"))
      .map(([name, found]) => ({ name: name.replaceAll("_", " "), wanted: "≥ 0.8", found, met: found >= 0.8 })),
    tables: [{ title: "medians", columns: ["records", "from", "MB/s and core", "processor s", "s", "peak MB"], rows }],
    plots: [
      {
        title: "From a stream and from files",
        kind: "bars",
        labels: rows.map(([name, contestant]) => `${name} ${contestant}`),
        series: [{ name: "MB/s and core", values: rows.map(([, , found]) => Number(found)) }],
        unit: "MB/s"
      }
    ],
    notes: ["All warm, one thread, in processes of their own. A stream in memory is in the peak of its consumer."]
  }
}

/** Bytes up to which the Kinesis Producer Library packs records. */
const kplDefault = 51_200

const shapeOf = (name: string): Shape => {
  const shape = shapes[name]
  if (shape === undefined) throw new Error(`there is no shape ${name}`)
  return shape
}

const contestantsFor = ({ file, rows }: Input, folder: string): ReadonlyArray<Contestant> => {
  const consume = (name: string, aggregate: number | null, over: "memory" | "http"): Contestant => ({
    name,
    job: { kind: "consume", input: file, output: join(folder, name.replaceAll(" ", "-")), aggregate, over },
    rows
  })
  return [
    { name: "files", job: { kind: "ingest", input: file, output: join(folder, "files") }, rows },
    consume("plain", null, "memory"),
    consume("aggregated", kplDefault, "memory"),
    consume("plain http", null, "http"),
    consume("aggregated http", kplDefault, "http")
  ]
}

/** Median speed in MB/s of processor time. */
const perCore = ({ cpuSeconds }: Outcome, bytes: number): number => bytes / 1e6 / median(cpuSeconds)
