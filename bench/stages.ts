import { join } from "node:path"
import { type Bench, mean, median } from "./bench.ts"
import { type Contestant, contest, ratio, roundsOf, speed } from "./contest.ts"
import { type PartName, partNames, type StageName } from "./contestants/job.ts"
import type { ContractName } from "./contracts/contracts.ts"
import { shapes } from "./input/shapes.ts"
import { writeInput } from "./input/write.ts"

/**
 * Where the core's time goes, told twice. By stages, each with all before it: reading pages; skipping (decoding when only key and version are
 * wanted); decoding into columns; encoding and compressing; writing to disk. And by a sampling profile of the whole: whose code ran, which
 * takes apart what no stage can (columns and their dictionaries from decoding, compression from encoding).
 *
 * What would make it lie: a stage that does less because nothing needs its result (rows are counted after each), garbage of one stage that is
 * collected in the next (shares of the profile have it apart), and the profiler's own cost (speeds are measured without it).
 */
export const stages: Bench = async ({ short, seed, say }, folder) => {
  const { orders } = shapes
  if (orders === undefined) throw new Error("there is no shape of whole orders")
  say("stages: writing the input")
  const input = writeInput(join(folder, "orders.ndjson"), orders, orders.megabytes[short ? 1 : 0], seed)
  const output = join(folder, "out")
  const contestant = ([name, stage, contract]: Step): Contestant => ({
    name,
    job: { kind: "stage", stage, contract, input: input.file, output },
    rows: input.rows
  })
  const peer: Contestant = {
    name: "duckdb all",
    job: {
      kind: "duckdb",
      contract: "all",
      form: orders.form,
      damaged: false,
      threads: 1,
      input: input.file,
      output: join(folder, "duckdb.parquet")
    },
    rows: input.rows
  }
  const least = short ? 3 : 7
  say(`stages: ${(input.bytes / 1e6).toFixed(0)} MB, ${steps.length + 1} contestants`)
  const outcomes = await contest([...steps.map(contestant), peer], { warmUps: 2, least, most: least * 3, seconds: short ? 20 : 120 })
  const rounds = roundsOf(outcomes)

  say("stages: profiling")
  const profiled = await contest(
    profiles.map((contract) => ({
      name: contract,
      job: { kind: "profile" as const, contract, input: input.file, output },
      rows: input.rows
    })),
    { warmUps: 2, least: 3, most: 3, seconds: 0 }
  )
  const shares = (contract: ContractName): Record<PartName, number> => {
    const laps = profiled.get(contract)?.laps ?? []
    const share = (part: number) => mean(laps.filter((_, i) => i % partNames.length === part))
    return Object.fromEntries(partNames.map((name, part) => [name, share(part)])) as Record<PartName, number>
  }
  const names = [...outcomes.keys()]
  const parts = Object.fromEntries(profiles.map((contract) => [contract, shares(contract)]))
  return {
    bench: "stages",
    title: "where the core's time goes",
    seed,
    details: {
      records: input.records,
      bytes: input.bytes,
      rounds,
      megabytesPerSecond: Object.fromEntries(names.map((name) => [name, speed(outcomes, name, input.bytes)])),
      shares: parts
    },
    ratios: Object.fromEntries(
      steps.map(([name]) => [`${name.replaceAll(/\W+/g, "_")}_over_duckdb_1_thread`, ratio(outcomes, name, peer.name)])
    ),
    targets: [],
    tables: [
      {
        title: `stages with all before them; ${input.records} records, ${(input.bytes / 1e6).toFixed(0)} MB, medians of ${rounds} rounds`,
        columns: ["stage", "MB/s", "s", "× DuckDB all"],
        rows: names.map((name) => [
          name,
          speed(outcomes, name, input.bytes),
          median(outcomes.get(name)?.seconds ?? []),
          ratio(outcomes, name, peer.name)
        ])
      },
      {
        title: "shares of the whole job's time, %, by whose code ran",
        columns: ["part", ...profiles],
        rows: partNames.map((name) => [name, ...profiles.map((contract) => (parts[contract]?.[name] ?? Number.NaN) * 100)])
      }
    ],
    plots: [
      {
        title: "Stages, each with all before it",
        kind: "bars",
        labels: names,
        series: [{ name: "MB/s", values: names.map((name) => speed(outcomes, name, input.bytes)) }],
        unit: "MB/s of raw input"
      },
      {
        title: "Shares of time",
        kind: "bars",
        labels: partNames,
        series: profiles.map((contract) => ({ name: contract, values: partNames.map((name) => (parts[contract]?.[name] ?? 0) * 100) })),
        unit: "%"
      }
    ],
    notes: [
      "columns: levels, values, dictionaries and the hashing of their entries. parquet: pages, levels, statistics. compress: zstd.",
      "other: the runtime around it. Native functions count for whoever called them."
    ]
  }
}

type Step = readonly [name: string, stage: StageName, contract: ContractName | "key"]

const steps: ReadonlyArray<Step> = [
  ["read", "read", "key"],
  ["skip", "decode", "key"],
  ["decode 22", "decode", "22"],
  ["encode 22", "encode", "22"],
  ["write 22", "write", "22"],
  ["decode all", "decode", "all"],
  ["encode all", "encode", "all"],
  ["write all", "write", "all"]
]

const profiles: ReadonlyArray<ContractName> = ["22", "all", "keep"]
