import { Random } from "../../record/seeded.ts"
import { type GeneratedFile, hourOf } from "../ledger.ts"
import type { Arriving } from "../pieces.ts"
import { eventAt, type Hit, lineOf, parameterOf, repeatKey } from "./hit.ts"
import type { TrafficSettings } from "./options.ts"

type Counts = { [name: string]: number }

/** What `_generated.json` says of hits. */
export interface TrafficManifest {
  readonly complete: true
  readonly options: Omit<TrafficSettings, "start"> & { readonly start: string }
  /** Lines written. */
  readonly records: number
  /** Bytes of all lines and their ends, before compression. */
  readonly rawBytes: number
  readonly files: ReadonlyArray<GeneratedFile>
  /** Hits by the hour in which they arrived, `2026-11-27T10`. */
  readonly hours: Readonly<Counts>
  /** Hits by kind, as the kind is written. */
  readonly kinds: Readonly<Counts>
  /** Hits by what was done with products. */
  readonly actions: Readonly<Counts>
  /** Hits that were sent again. */
  readonly repeated: number
  /** Hits that happened in an hour before the one in which they arrived. */
  readonly late: number
  /** Hits of robots. */
  readonly robots: number
  /** Hits of browsers that do not name themselves. */
  readonly nameless: number
}

const count = (counts: Counts, name: string): void => {
  counts[name] = (counts[name] ?? 0) + 1
}

/** Adds up the hits that are made into lines. */
export class TrafficLedger {
  readonly #settings: TrafficSettings
  #records = 0
  #rawBytes = 0
  #repeated = 0
  #late = 0
  #robots = 0
  #nameless = 0
  readonly #hours: Counts = {}
  readonly #kinds: Counts = {}
  readonly #actions: Counts = {}
  /** Of the last hours: what is sent again comes soon after. */
  readonly #seen = new Map<string, number>()

  constructor(settings: TrafficSettings) {
    this.#settings = settings
  }

  /** Makes lines of hits, which arrive in this order. */
  *lines(hits: Iterable<Hit>): Generator<Arriving, void> {
    const ids = new Random(this.#settings.seed, 0x9e3)
    for (const hit of hits) {
      const bytes = Buffer.from(lineOf(hit, ids.uuid()))
      this.#add(hit, bytes.length + 1)
      yield { bytes, arrivedAt: hit.arrivedAt }
    }
  }

  #add(hit: Hit, bytes: number): void {
    this.#records++
    this.#rawBytes += bytes
    count(this.#hours, hourOf(hit.arrivedAt))
    count(this.#kinds, parameterOf(hit, "t") ?? "")
    const action = parameterOf(hit, "pa")
    if (action !== null) count(this.#actions, action)
    if (hourOf(eventAt(hit)) !== hourOf(hit.arrivedAt)) this.#late++
    if (hit.agent.isRobot) this.#robots++
    const key = repeatKey(hit)
    if (key === null) this.#nameless++
    else this.#note(key, hit.arrivedAt)
  }

  #note(key: string, arrivedAt: number): void {
    if (this.#seen.has(key)) this.#repeated++
    this.#seen.set(key, arrivedAt)
    for (const [old, at] of this.#seen) {
      if (arrivedAt - at < memory) break
      this.#seen.delete(old)
    }
  }

  manifest(files: ReadonlyArray<GeneratedFile>): TrafficManifest {
    return {
      complete: true,
      options: { ...this.#settings, start: new Date(this.#settings.start).toISOString() },
      records: this.#records,
      rawBytes: this.#rawBytes,
      files,
      hours: this.#hours,
      kinds: this.#kinds,
      actions: this.#actions,
      repeated: this.#repeated,
      late: this.#late,
      robots: this.#robots,
      nameless: this.#nameless
    }
  }
}

/** Milliseconds after which nothing is sent again. */
const memory = 6 * 3_600_000
