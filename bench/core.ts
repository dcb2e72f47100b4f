import { join } from "node:path"
import { type BenchOptions, type BenchResult, median, type Table } from "./bench.ts"
import { type Contestant, contest, type Outcomes, ratio, roundsOf, speed } from "./contest.ts"
import { type ContractName, contracts } from "./contracts/contracts.ts"
import { type Shape, shapes } from "./input/shapes.ts"
import { type Input, writeInput } from "./input/write.ts"
import { type Equality, requireEqual } from "./peer/equality.ts"

/**
 * The job that a user pays for: raw orders as they arrive → the columns of a contract, nested documents typed → Parquet, ZSTD, with statistics.
 * Against DuckDB on one thread doing the same, and against the least that can be done: looking at every byte, and `JSON.parse` of the
 * outer object alone.
 *
 * Contracts: `all`, the product's own, in which sensitive values are hashed (HMAC) or dropped, which the peer does not do; `keep`, the same with
 * nothing masked; `22`, a few columns. Sluice besides checks what the contract expects, counts drops and unknown fields, writes five columns of
 * coordinates and what was rescued; the peer does none of it.
 *
 * What would make it lie: input that repeats itself (it comes from the generator, with another seed in each run), a warm-up of one side only
 * (all take turns), fewer columns on one side (the peer's statement is derived from the contract), rows lost or values wrong (rows are
 * counted, and both files are compared by DuckDB, see `peer/equality.ts`), and a peer that is held back (it has its own defaults and no guard that the
 * shape does not need).
 */
export const core = async (options: BenchOptions, folder: string): Promise<BenchResult> => {
  const runs: Array<ShapeRun> = []
  for (const name of options.shapes) {
    const shape = shapes[name]
    if (shape === undefined) throw new Error(`there is no shape ${name}; there is: ${Object.keys(shapes).join(", ")}`)
    runs.push(await runShape(name, shape, options, folder))
  }
  const speeds = (run: ShapeRun) =>
    Object.fromEntries([...run.outcomes.keys()].map((name) => [name, speed(run.outcomes, name, run.input.bytes)]))
  const ratios = Object.assign({}, ...runs.map(({ ratios }) => ratios))
  return {
    bench: "core",
    title: "raw orders → typed columns → Parquet, one thread",
    seed: options.seed,
    details: {
      shapes: runs.map((run) => ({
        shape: run.name,
        records: run.input.records,
        rows: run.input.rows,
        bytes: run.input.bytes,
        rounds: run.rounds,
        megabytesPerSecond: speeds(run),
        cpuRatios: cpuRatios(run.outcomes),
        compared: run.compared
      }))
    },
    ratios,
    targets:
      ratios[headline] === undefined
        ? []
        : [{ name: "core over DuckDB, one thread", wanted: "≥ 2.5", found: ratios[headline], met: ratios[headline] >= 2.5 }],
    tables: runs.flatMap((run) => [speedTable(run), equalityTable(run)]),
    plots: [
      ...runs.map((run) => ({
        title: `${run.name}: ${run.shape.description}`,
        kind: "bars" as const,
        labels: Object.keys(speeds(run)),
        series: [{ name: "MB/s of raw input", values: Object.values(speeds(run)) }],
        unit: "MB/s"
      })),
      {
        title: "Sluice over DuckDB, one thread",
        kind: "bars" as const,
        labels: runs.map(({ name }) => name),
        series: contractNames.map((contract) => ({
          name: contract,
          values: runs.map((run) => run.ratios[ratioName(run.name, contract)] ?? null)
        })),
        unit: "×",
        target: 2.5
      }
    ],
    notes: [
      "Sensitive values: in `all` Sluice hashes or drops them, DuckDB keeps them; in `keep` both keep them; `22` has none.",
      "Ratios are medians of ratios taken round by round; every contestant has its own warm process.",
      "On a busy machine look at CPU time too: it counts the engine's helper threads (compiler, collector), but no waiting."
    ]
  }
}

export const headline = "sluice_over_duckdb_1_thread"

interface ShapeRun {
  readonly name: string
  readonly shape: Shape
  readonly input: Input
  readonly rounds: number
  readonly outcomes: Outcomes
  readonly ratios: Readonly<Record<string, number>>
  readonly compared: Readonly<Record<string, Equality>>
}

const contractNames: ReadonlyArray<ContractName> = ["all", "keep", "22"]
const ordinary = "orders"

const sluiceName = (contract: ContractName): string => `sluice ${contract}`
const duckdbName = (contract: ContractName): string => `duckdb ${contract}`
/** DuckDB masks nothing: for `keep` its run of `all` stands. */
const peerOf = (contract: ContractName): ContractName => (contract === "keep" ? "all" : contract)

/** The contracts that are measured in TypeScript alone, too, without SIMD. */
const scalar: ReadonlyArray<ContractName> = ["all", "keep", "22"]
const scalarName = (contract: ContractName): string => `sluice ${contract}, no SIMD`
const scalarRatio = (contract: ContractName): string => ratioName(ordinary, contract).replace("_over", "_no_simd_over")

const ratioName = (shape: string, contract: ContractName): string =>
  `${shape === ordinary ? "" : `${shape.replaceAll("-", "_")}_`}sluice_${contract === "all" ? "" : `${contract}_`}over_duckdb_1_thread`

const floors = [
  { ratio: "sluice_over_json_parse_outer", name: "JSON.parse, outer", kind: "json-parse" },
  { ratio: "sluice_over_bytes", name: "every byte", kind: "bytes" }
] as const

const runShape = async (name: string, shape: Shape, options: BenchOptions, folder: string): Promise<ShapeRun> => {
  const { short, seed, only, say } = options
  const asked = (ratio: string) => only === null || only.has(ratio)
  const wanted = contractNames.filter((contract) => (name === ordinary || contract !== "keep") && asked(ratioName(name, contract)))
  const wantedFloors = name === ordinary ? floors.filter(({ ratio }) => asked(ratio)) : []
  const ofSluice: ReadonlyArray<ContractName> = wantedFloors.length > 0 ? [...new Set<ContractName>(["all", ...wanted])] : wanted

  const ofScalar = name === ordinary ? scalar.filter((contract) => asked(scalarRatio(contract))) : []

  say(`${name}: writing the input`)
  const input = writeInput(join(folder, `${name}.ndjson`), shape, shape.megabytes[short ? 1 : 0], seed)
  const sluiceFile = (contract: ContractName) => join(folder, contract)
  const duckdbFile = (contract: ContractName) => join(folder, `duckdb-${contract}.parquet`)
  const contestants: ReadonlyArray<Contestant> = [
    ...ofSluice.map((contract) => ({
      name: sluiceName(contract),
      job: { kind: "sluice" as const, contract, input: input.file, output: sluiceFile(contract) },
      rows: input.rows
    })),
    ...ofScalar.map((contract) => ({
      name: scalarName(contract),
      job: { kind: "sluice" as const, contract, input: input.file, output: `${sluiceFile(contract)}-scalar`, kernel: "scalar" as const },
      rows: input.rows
    })),
    ...[...new Set([...wanted, ...ofScalar].map(peerOf))].map((contract) => ({
      name: duckdbName(contract),
      job: {
        kind: "duckdb" as const,
        contract,
        form: shape.form,
        damaged: shape.isDamaged,
        threads: 1,
        input: input.file,
        output: duckdbFile(contract)
      },
      // What it makes of lines that are no orders is its own business.
      rows: shape.isDamaged ? null : input.records
    })),
    ...wantedFloors.map(({ name, kind }) => ({ name, job: { kind, input: input.file }, rows: input.records }))
  ]
  const least = (short ? 5 : 9) * (only === null ? 1 : 2)
  say(`${name}: ${(input.bytes / 1e6).toFixed(0)} MB, ${contestants.length} contestants`)
  const outcomes = await contest(contestants, {
    warmUps: 2,
    least,
    most: least * 3,
    seconds: (short ? 25 : 120) / (name === ordinary ? 1 : 2)
  })

  say(`${name}: comparing what they wrote`)
  const compared: Record<string, Equality> = {}
  for (const contract of wanted)
    compared[contract] = await requireEqual(contracts[contract], {
      sluice: join(sluiceFile(contract), "sluice.parquet"),
      peer: duckdbFile(peerOf(contract)),
      only: input.untouched
    })
  const ratios = Object.fromEntries([
    ...wanted.map((contract) => [ratioName(name, contract), ratio(outcomes, sluiceName(contract), duckdbName(peerOf(contract)))]),
    ...ofScalar.map((contract) => [scalarRatio(contract), ratio(outcomes, scalarName(contract), duckdbName(peerOf(contract)))]),
    ...wantedFloors.map((floor) => [floor.ratio, ratio(outcomes, sluiceName("all"), floor.name)])
  ])
  return { name, shape, input, rounds: roundsOf(outcomes), outcomes, ratios, compared }
}

/** What a contestant is compared with: DuckDB with the same columns; what has none, with all. */
const peers = new Map(
  contractNames.flatMap((contract) => [
    [sluiceName(contract), duckdbName(peerOf(contract))],
    [scalarName(contract), duckdbName(peerOf(contract))],
    [duckdbName(contract), duckdbName(contract)]
  ])
)

/** DuckDB's processor time over Sluice's, of the same columns. */
const cpuRatios = (outcomes: Outcomes): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...peers].flatMap(([name, peer]) =>
      name !== peer && outcomes.has(name) && outcomes.has(peer) ? [[name, ratio(outcomes, name, peer, "cpuSeconds")]] : []
    )
  )

const speedTable = ({ name, shape, input, rounds, outcomes }: ShapeRun): Table => ({
  title: `${name}: ${shape.description}; ${input.records} records, ${(input.bytes / 1e6).toFixed(0)} MB, medians of ${rounds} rounds`,
  columns: ["contestant", "MB/s", "s", "× DuckDB, same columns", "CPU s", "× by CPU time", "peak MB"],
  rows: [...outcomes].map(([contestant, { seconds, cpuSeconds, peakBytes }]) => {
    const peer = peers.get(contestant) ?? duckdbName("all")
    return [
      contestant,
      speed(outcomes, contestant, input.bytes),
      median(seconds),
      ratio(outcomes, contestant, peer),
      median(cpuSeconds),
      ratio(outcomes, contestant, peer, "cpuSeconds"),
      peakBytes / 1e6
    ]
  })
})

const equalityTable = ({ name, compared, input }: ShapeRun): Table => ({
  title: `${name}: equal rows${input.untouched === null ? "" : " (the untouched records; damage is defined differently)"}`,
  columns: ["contract", "rows", "leaf columns compared", "left out: hashed", "dropped", "JSON text"],
  rows: Object.entries(compared).map(([contract, { rows, compared, leftOut }]) => [
    contract,
    rows,
    compared,
    leftOut.hashed,
    leftOut.dropped,
    leftOut.json
  ])
})
