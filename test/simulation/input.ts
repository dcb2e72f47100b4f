import type { Effect, Scope } from "effect"
import type { Carried } from "../../src/app/pipeline.ts"
import type { Violation } from "./judge.ts"
import type { SimulatedProcess } from "./process.ts"
import type { EventKind } from "./settings.ts"
import type { Happened } from "./world.ts"

/** Which of how many workers a process is. */
export interface Place {
  readonly workers: number
  readonly worker: number
  /** Goes on with what comes until it is stopped; else it reads to the end of the input, and ends. */
  readonly follow: boolean
}

/** To the end of the input, with nobody else. */
export const alone: Place = { workers: 1, worker: 0, follow: false }

/** What the records of a world come from: all that differs between one of streams and one of announced objects. */
export interface Input {
  /** What a process reads the datasets from. */
  readonly sources: (process: SimulatedProcess, place: Place) => Effect.Effect<ReadonlyArray<Carried>, unknown, Scope.Scope>
  /** Do its sources share what they read, so that none can come to its end without the others? */
  readonly atOnce: boolean
  /** Starts whoever puts records. */
  readonly begin: () => void
  /** Is asked first what an event does. @returns whether it was one of the input */
  readonly happen: (kind: EventKind) => boolean
  /** From now on nothing of it fails any more. */
  readonly settle: () => void
  /** From now on it keeps records for so long, in milliseconds. */
  readonly retain: (millis: number) => void
  /** What is left to be put or read, in words; empty: nothing. */
  readonly missing: () => string
  /** @param clockError how far clocks were off, at most, in milliseconds */
  readonly judge: (clockError: number) => Promise<ReadonlyArray<Violation>>
  /** How often what happened to it. */
  readonly counts: () => Happened
}
