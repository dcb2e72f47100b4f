import { Cause, Clock, Effect, Option } from "effect"
import {
  type MadeMart,
  type OnRunEvent,
  outcomesOf,
  type Report,
  type RunInput,
  type RunOutput,
  type TestOutcome
} from "../record/report.ts"

/** Which run it is. */
export interface RunAbout {
  readonly kind: Report["kind"]
  readonly runId: string
  readonly dataset: string
  /** Of a build: where its mart lies. */
  readonly martUri?: string
}

/** Why the work of a run is not done. */
export interface RunFailure {
  readonly message: string
  /** What of it is kept, where the message tells people more than that: no key of a row. */
  readonly recorded?: string
  /** Tests that held it back, and those beside them. */
  readonly tests?: ReadonlyArray<TestOutcome>
}

/** What the work of a run came to. */
export interface Done<A> {
  readonly result: A
  readonly report: Report
  readonly outputs: ReadonlyArray<RunOutput>
  /** Of a build. */
  readonly mart?: MadeMart
}

/**
 * One run as it is told: that it began, once, and then what became of it, once, whatever ended it: a failure, an interruption, a defect. Every
 * kind of run tells it this way.
 */
export class Run {
  readonly about: RunAbout
  /** ISO 8601 UTC. */
  readonly startedAt: string
  readonly inputs: ReadonlyArray<RunInput>
  readonly #tell: OnRunEvent
  /** Is it told that it began, and not yet what became of it? */
  #isOpen = false

  /** @param startedAt milliseconds since 1970 */
  constructor(tell: OnRunEvent, about: RunAbout, startedAt: number, inputs: ReadonlyArray<RunInput>) {
    this.#tell = tell
    this.about = about
    this.startedAt = isoTime(startedAt)
    this.inputs = inputs
  }

  /** Tells that it began, unless it did. */
  get start(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#isOpen) return Effect.void
      this.#isOpen = true
      const { kind, runId, dataset } = this.about
      return this.#tell({ event: "start", kind, runId, dataset, at: this.startedAt, inputs: this.inputs })
    })
  }

  /** Tells that its work stands. @param more `inputs`: what is known of them by now */
  complete(
    report: Report,
    outputs: ReadonlyArray<RunOutput>,
    more: { readonly inputs?: ReadonlyArray<RunInput>; readonly commitMillis?: number; readonly mart?: MadeMart } = {}
  ): Effect.Effect<void> {
    return Effect.flatMap(now, (at) => {
      this.#isOpen = false
      return this.#tell({ event: "complete", at, report, inputs: this.inputs, outputs, ...more })
    })
  }

  /**
   * Tells that it ended without its work done, if it was told that it began.
   * @param isGivenUp another process does the work; an interruption gives it up, too
   */
  fail(cause: Cause.Cause<RunFailure>, isGivenUp = false): Effect.Effect<void> {
    return Effect.flatMap(now, (at) => {
      if (!this.#isOpen) return Effect.void
      this.#isOpen = false
      const { about, inputs, startedAt } = this
      const isInterrupted = Cause.hasInterruptsOnly(cause)
      const outcome = isInterrupted || isGivenUp ? "abort" : "fail"
      const message = isInterrupted ? "interrupted" : failureMessage(cause)
      const tests = Option.getOrUndefined(Cause.findErrorOption(cause))?.tests
      return this.#tell({
        event: "fail",
        outcome,
        ...about,
        startedAt,
        at,
        message,
        inputs,
        ...(tests === undefined || tests.length === 0 ? {} : { tests: outcomesOf(tests) })
      })
    })
  }

  /** Does all of its work: begins, and tells how it ended. @param isGivenUp is it an error that says that another process does the work? */
  of<A, E extends RunFailure, R>(
    work: Effect.Effect<Done<A>, E, R>,
    isGivenUp: (error: E) => boolean = () => false
  ): Effect.Effect<A, E, R> {
    return Effect.uninterruptibleMask((restore) =>
      this.start.pipe(
        Effect.andThen(restore(work)),
        Effect.onError((cause) => this.fail(cause, Option.exists(Cause.findErrorOption(cause), isGivenUp))),
        Effect.flatMap(({ result, report, outputs, mart }) =>
          Effect.as(this.complete(report, outputs, mart === undefined ? {} : { mart }), result)
        )
      )
    )
  }
}

const isoTime = (millis: number): string => new Date(millis).toISOString()

const now = Effect.map(Clock.currentTimeMillis, isoTime)

/** The first failure's own words: errors of this product never quote data. Anything else might, so only its kind is told. */
const failureMessage = (cause: Cause.Cause<RunFailure>): string => {
  const error = Cause.findErrorOption(cause)
  return error._tag === "Some" ? (error.value.recorded ?? error.value.message) : "an unexpected error; see the log of the process"
}
