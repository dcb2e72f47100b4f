/** What every bench is given and gives back. A bench measures; how its result is shown is for `report/`. */
export interface BenchOptions {
  /** Smaller inputs and fewer rounds: for every build. */
  readonly short: boolean
  /** Seed of the generated input. Another one in each run unless it is given, so that nothing is tuned to one input. */
  readonly seed: number
  /** Shapes of the input that `core` is to run. */
  readonly shapes: ReadonlyArray<string>
  /** Only these ratios, with twice the rounds: the second look at what the gate did not like. Null: all. */
  readonly only: ReadonlySet<string> | null
  /** Told what is being done. */
  readonly say: (text: string) => void
}

export type Cell = string | number | null

/** A table for people. Numbers are shown with three significant digits; JSON has them as they are. */
export interface Table {
  readonly title: string
  readonly columns: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<Cell>>
}

export interface Series {
  readonly name: string
  /** One value for each of the plot's labels; null where it was not measured. */
  readonly values: ReadonlyArray<number | null>
}

export interface Plot {
  readonly title: string
  readonly kind: "bars" | "lines"
  readonly labels: ReadonlyArray<string>
  readonly series: ReadonlyArray<Series>
  readonly unit: string
  /** A horizontal line: what is aimed at. */
  readonly target?: number
}

/** What was aimed at and what came of it. Absolute times are told, never gated: they say as much about the machine. */
export interface Target {
  readonly name: string
  readonly wanted: string
  readonly found: number
  readonly met: boolean
}

export interface BenchResult {
  readonly bench: string
  readonly title: string
  readonly seed: number
  /** What this bench alone has to say, for programs: part of the JSON as it is. */
  readonly details: Readonly<Record<string, unknown>>
  readonly ratios: Readonly<Record<string, number>>
  readonly targets: ReadonlyArray<Target>
  readonly tables: ReadonlyArray<Table>
  readonly plots: ReadonlyArray<Plot>
  /** What a reader of the figures must know. */
  readonly notes: ReadonlyArray<string>
}

/** Measures in a folder of its own, which is removed afterwards. */
export type Bench = (options: BenchOptions, folder: string) => Promise<BenchResult>

/** The smallest value that at least this share (0 to 1) of all values does not exceed; NaN of none. */
export const quantile = (values: ReadonlyArray<number>, share: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? Number.NaN

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

export const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length
