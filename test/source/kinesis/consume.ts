import { Effect, Exit, Fiber, type Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { ShardPosition } from "../../../src/record/position.ts"
import type { RecordPage } from "../../../src/record/record.ts"
import type { SourceError } from "../../../src/record/source-error.ts"
import { type KinesisOptions, kinesisSource } from "../../../src/source/kinesis/kinesis.ts"
import type { Resume, Source } from "../../../src/source/source.ts"
import type { SimulatedKinesis } from "../../simulation/kinesis/simulated-kinesis.ts"
import { recordsOf, shardPosition } from "../collect.ts"

/** What tables hold, by shard. */
export class Committed {
  readonly positions = new Map<string, ShardPosition>()

  /** What a commit behind these pages stores. */
  commit(pages: ReadonlyArray<RecordPage>): void {
    for (const page of pages) {
      const old = this.positions.get(page.shard)
      const last = recordsOf(page).at(-1)
      const position = last ?? old ?? page.position
      if (position === undefined) throw new Error("a page without records or position, of a shard without position")
      const arrivedAt = last === undefined ? (old?.arrivedAt ?? "") : new Date(last.arrivedAt).toISOString()
      this.positions.set(page.shard, { ...shardPosition(position, page.resume ?? old?.source), arrivedAt })
    }
  }

  /** What another process knows. */
  copy(): Committed {
    const copy = new Committed()
    for (const [shard, position] of this.positions) copy.positions.set(shard, position)
    return copy
  }

  get resume(): Resume {
    const positions = this.positions
    const now = (): Resume => {
      const copy = new Map(positions)
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
