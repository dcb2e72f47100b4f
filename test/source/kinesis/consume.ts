import { Effect, Exit, Fiber, type Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { ShardPosition } from "../../../src/record/position.ts"
import type { RecordPage } from "../../../src/record/record.ts"
import type { SourceError } from "../../../src/record/source-error.ts"
import { type KinesisOptions, kinesisSource } from "../../../src/source/kinesis/kinesis.ts"
import type { Resume, Source } from "../../../src/source/source.ts"
import type { SimulatedKinesis } from "../../simulation/kinesis/simulated-kinesis.ts"
import { positionsAfter, recordsOf } from "../collect.ts"

/** What tables hold, by shard. */
export class Committed {
  positions = new Map<string, ShardPosition>()

  /** What a commit behind these pages stores. */
  commit(pages: ReadonlyArray<RecordPage>): void {
    this.positions = positionsAfter(pages, this.positions)
  }

  /** What another process knows. */
  copy(): Committed {
    const copy = new Committed()
    copy.positions = new Map(this.positions)
    return copy
  }

  get resume(): Resume {
    const now = (): Resume => {
      const copy = new Map(this.positions)
      return { get: (shard) => copy.get(shard), keys: () => copy.keys(), latest: Effect.sync(now) }
    }
    return now()
  }

  source(shard: string): ShardPosition["source"] {
    return this.positions.get(shard)?.source
  }
}

export const sourceOf = (kinesis: SimulatedKinesis, options: Partial<KinesisOptions> = {}): Effect.Effect<Source, SourceError> =>
  kinesisSource({ api: kinesis.api, stream: "orders", initial: { type: "TRIM_HORIZON" }, follow: false, ...options })

/** The same, for which time passes as long as it is read: by a second whenever nothing else can go on. */
export const asTimePasses = (source: Source): Source => ({
  ...source,
  pages: (resume) => Stream.unwrap(Effect.as(Effect.forkScoped(Effect.forever(pass(1))), source.pages(resume)))
})

/** A source that is being read: pages as they come, and how it ended. */
export interface Reading {
  readonly pages: Array<RecordPage>
  /** Undefined as long as it is going on. */
  exit: Exit.Exit<void, SourceError> | undefined
  readonly stop: Effect.Effect<void>
}

export const startReading = (source: Source, committed = new Committed()): Effect.Effect<Reading, never, Scope.Scope> =>
  Effect.gen(function* () {
    const pages: Array<RecordPage> = []
    const fiber = yield* Stream.runForEach(source.pages(committed.resume), (page) => Effect.sync(() => pages.push(page))).pipe(
      Effect.forkScoped
    )
    const reading: Reading = { pages, exit: undefined, stop: Fiber.interrupt(fiber) }
    fiber.addObserver((exit) => {
      reading.exit = exit
    })
    return reading
  })

/** Lets time pass, by a second at a time. */
export const pass = (seconds: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (let i = 0; i < seconds; i++) yield* TestClock.adjust(1000)
  })

/** Reads a bounded source to its end, and commits it. Fails if it goes on for longer than some minutes. */
export const readAll = (source: Source, committed = new Committed(), seconds = 600) =>
  Effect.scoped(
    Effect.gen(function* () {
      const reading = yield* startReading(source, committed)
      for (let i = 0; i < seconds && reading.exit === undefined; i++) yield* pass(1)
      if (reading.exit === undefined) return yield* Effect.die(new Error(`still reading after ${seconds} s`))
      if (Exit.isFailure(reading.exit)) return yield* Effect.failCause(reading.exit.cause)
      committed.commit(reading.pages)
      return reading.pages
    })
  )

export const textsIn = (pages: ReadonlyArray<RecordPage>): ReadonlyArray<string> => pages.flatMap(recordsOf).map(({ text }) => text)
