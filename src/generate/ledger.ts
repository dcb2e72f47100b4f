import type { DeadLetterReason } from "../record/dead-letter-reasons.ts"
import type { Dirt } from "./dirt.ts"
import type { GeneratedRecord } from "./generate.ts"
import type { Settings } from "./options.ts"
import type { Form } from "./render.ts"

/** A file that was written, path relative to the output folder. */
export interface GeneratedFile {
  readonly path: string
  readonly records: number
  /** Bytes of the records and their line ends, before compression. */
  readonly rawBytes: number
  /** Bytes of the file. */
  readonly bytes: number
}

/** What `_generated.json` says: what was put in, and what must come of it. */
export interface Manifest {
  readonly complete: true
  readonly options: Omit<Settings, "start"> & { readonly start: string }
  /** Lines written. `records = rows + deadLetters + empty`. */
  readonly records: number
  /** Bytes of all lines and their ends, before compression. */
  readonly rawBytes: number
  readonly files: ReadonlyArray<GeneratedFile>
  /** Records by arrival hour, `2026-11-27T10`. */
  readonly hours: { readonly [hour: string]: number }
  /** Records by how they are written. */
  readonly forms: { readonly [form in Form]?: number }
  /** Records by the dirt in them. */
  readonly dirt: { readonly [dirt in Dirt]?: number }
  /** Rows whose arrival hour is not the hour in which the order changed. */
  readonly late: number
  readonly expected: {
    /** Records that are nothing: empty lines, empty objects. */
    readonly empty: number
    readonly deadLetters: { readonly [reason in DeadLetterReason]?: number }
    readonly stage: {
      readonly rows: number
      /** Rows by arrival hour. */
      readonly hours: { readonly [hour: string]: number }
      /** Values that do not fit, by path. */
      readonly rescued: { readonly [path: string]: number }
      /** Unknown fields, by path. */
      readonly drift: { readonly [path: string]: number }
      /** Rows beyond the first of their version. */
      readonly duplicates: number
    }
    readonly consumable: {
      /** Distinct versions: (order_id, last_change). */
      readonly rows: number
      readonly orders: number
      /** Rows by UTC day of the change. */
      readonly days: { readonly [day: string]: number }
      /** Sum of `value` over all rows, in cents; text, since it may exceed 2^53. */
      readonly value: string
      /** Sum of `value` over the latest version of each order. */
      readonly latestValue: string
      /** Sum of `rounding_error` over all rows: wrong where a number went through a float. */
      readonly roundingError: string
    }
  }
}

const count = <K extends string>(counts: { [key in K]?: number }, key: K): void => {
  counts[key] = (counts[key] ?? 0) + 1
}

/** Hour of an instant, `2026-11-27T10`. */
export const hourOf = (millis: number): string => new Date(millis).toISOString().slice(0, 13)

/** Adds up what generated records must come to. */
export class Ledger {
  records = 0
  rawBytes = 0
  #late = 0
  #empty = 0
  #rows = 0
  #duplicates = 0
  #orders = 0
  #value = 0n
  #latestValue = 0n
  #roundingError = 0n
  readonly #hours: { [hour: string]: number } = {}
  readonly #rowHours: { [hour: string]: number } = {}
  readonly #days: { [day: string]: number } = {}
  readonly #forms: { [form in Form]?: number } = {}
  readonly #dirt: { [dirt in Dirt]?: number } = {}
  readonly #deadLetters: { [reason in DeadLetterReason]?: number } = {}
  readonly #rescued: { [path: string]: number } = {}
  readonly #drift: { [path: string]: number } = {}

  add(record: GeneratedRecord): void {
    const { fate } = record
    const hour = hourOf(record.arrivedAt)
    this.records++
    this.rawBytes += record.bytes.length + 1
    count(this.#hours, hour)
    if (record.dirt !== null) count(this.#dirt, record.dirt)
    if (fate.is === "empty") {
      this.#empty++
      return
    }
    count(this.#forms, record.form)
    if (fate.is === "dead letter") {
      count(this.#deadLetters, fate.reason)
      return
    }
    this.#rows++
    count(this.#rowHours, hour)
    if (hourOf(fate.lastChange) !== hour) this.#late++
    if (fate.rescued !== null) count(this.#rescued, fate.rescued)
    if (fate.drift !== null) count(this.#drift, fate.drift)
    if (fate.again) {
      this.#duplicates++
      return
    }
    const value = BigInt(fate.value)
    count(this.#days, new Date(fate.lastChange).toISOString().slice(0, 10))
    this.#value += value
    this.#roundingError += fate.roundingError
    if (fate.latest) {
      this.#orders++
      this.#latestValue += value
    }
  }

  manifest(settings: Settings, files: ReadonlyArray<GeneratedFile>): Manifest {
    const { start, ...options } = settings
    return {
      complete: true,
      options: { ...options, start: new Date(start).toISOString() },
      records: this.records,
      rawBytes: this.rawBytes,
      files,
      hours: this.#hours,
      forms: this.#forms,
      dirt: sorted(this.#dirt),
      late: this.#late,
      expected: {
        empty: this.#empty,
        deadLetters: sorted(this.#deadLetters),
        stage: {
          rows: this.#rows,
          hours: this.#rowHours,
          rescued: sorted(this.#rescued),
          drift: sorted(this.#drift),
          duplicates: this.#duplicates
        },
        consumable: {
          rows: this.#rows - this.#duplicates,
          orders: this.#orders,
          days: sorted(this.#days),
          value: String(this.#value),
          latestValue: String(this.#latestValue),
          roundingError: String(this.#roundingError)
        }
      }
    }
  }
}

const sorted = <A extends object>(counts: A): A => Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1))) as A // the same keys in another order
