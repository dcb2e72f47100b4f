import type { KernelName } from "../../src/decode/bytes/record-reader.ts"
import type { ContractName } from "../contracts/contracts.ts"

/** How an input spells its orders: values as text, or real nested JSON. Some peers must be told. */
export type Form = "stringified" | "nested"

/** What a contestant does, again and again. Plain data: it goes to another process. */
export type Job =
  /** Decode and encode alone: pages of a file → one Parquet file. */
  | {
      readonly kind: "sluice"
      readonly contract: ContractName
      readonly input: string
      readonly output: string
      /** Default: with SIMD. */
      readonly kernel?: KernelName
    }
  | {
      readonly kind: "duckdb"
      readonly contract: ContractName
      readonly form: Form
      /** May lines and documents be damaged? Costs the guards that then are needed. */
      readonly damaged: boolean
      readonly threads: number
      /** File, or pattern of files. */
      readonly input: string
      readonly output: string
    }
  /** A statement of DuckDB's that copies rows. */
  | { readonly kind: "sql"; readonly statement: string; readonly threads: number }
  /** Looks at every byte. */
  | { readonly kind: "bytes"; readonly input: string }
  /** `JSON.parse` of each line, and nothing else. */
  | { readonly kind: "json-parse"; readonly input: string }
  /** The file → a lake, committed. */
  | {
      readonly kind: "ingest"
      readonly input: string
      readonly output: string
      /** Default: whole orders. */
      readonly contract?: ContractName
      /** Default: one. More than one for whole orders alone. */
      readonly threads?: number
      /** Is the lake to stay as it is, and to get the rows? Default: a new one each time. */
      readonly adds?: boolean
    }
  /** A stream that holds the file's lines, packed up to so many bytes or as they are (null) → a new lake, committed. */
  | {
      readonly kind: "consume"
      readonly input: string
      readonly output: string
      readonly aggregate: number | null
      /** Where the stream is: in this process, or behind HTTP on this machine. */
      readonly over: "memory" | "http"
    }
  /** The first steps of `sluice`, up to and with one. Contract `key`: nothing is wanted but key and version. */
  | {
      readonly kind: "stage"
      readonly stage: StageName
      readonly contract: ContractName | "key"
      readonly input: string
      readonly output: string
    }
  /** The stage of a lake → its consumable. */
  | {
      readonly kind: "repartition"
      readonly lake: string
      /** Default: whole orders. */
      readonly contract?: ContractName
      /** A copy of the consumable as it is before each run. Default: there is none. */
      readonly before?: string
      readonly rebuild?: boolean
    }
  /** `sluice` under a profiler. Laps are the shares of its time, in the order of `partNames`. */
  | { readonly kind: "profile"; readonly contract: ContractName; readonly input: string; readonly output: string }
  /** Opens a table, from nothing. Rows are its version. */
  | { readonly kind: "open-table"; readonly lake: string }
  /** So many commits to a table that is open, each timed: laps. */
  | { readonly kind: "commit"; readonly lake: string; readonly commits: number }
  /** The stage's rows, copied by DuckDB into the same partitions. */
  | { readonly kind: "copy"; readonly lake: string; readonly output: string }

/**
 * Cumulative. `read`: pages of lines. `decode`: and rows in builders, which are then forgotten. `encode`: and Parquet, compressed, thrown away.
 * `write`: and written to a store.
 */
export type StageName = "read" | "decode" | "encode" | "write"

/** What time goes to, by whose code it is. */
export const partNames = ["source", "decode", "skip kernel", "columns", "parquet", "compress", "store", "garbage", "other"] as const
export type PartName = (typeof partNames)[number]

/** One run of a job: gives the rows that came of it. */
export type Run = () => Promise<number>

/** A job made ready: what stands before the clock starts, then what is measured. */
export interface Prepared {
  /** Before each run, outside of the clock: puts away what the last one left. */
  readonly reset?: () => void
  readonly run: Run
  /** Seconds of the parts of the last run, where it is one of equal parts. */
  readonly laps?: () => ReadonlyArray<number>
}

export type Request = { readonly is: "prepare"; readonly job: Job } | { readonly is: "run" }
export type Response =
  | { readonly is: "ready" }
  | {
      readonly is: "ran"
      readonly seconds: number
      /** Of all threads of the process, those of the engine's compiler and collector too. */
      readonly cpuSeconds: number
      readonly rows: number
      readonly peakBytes: number
      readonly laps: ReadonlyArray<number>
    }
  | { readonly is: "failed"; readonly message: string }
