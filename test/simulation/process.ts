import { Cause, Clock, Context, Effect, Random as EffectRandom, Exit, Logger, References, Scheduler } from "effect"
import { RandomUuid } from "../../src/record/random.ts"
import { Random } from "../../src/record/seeded.ts"
import { clockOf, type VirtualTime } from "./virtual-time.ts"

/** What becomes of one call that leaves a process. Times in milliseconds after it left. */
export interface Passage<A, E> {
  /** When the request takes effect; null: it is lost on its way. */
  readonly arrives: number | null
  /** When the process is told. */
  readonly answered: number
  /** What it is told instead of the answer; null: the answer. */
  readonly instead: Exit.Exit<A, E> | null
  /** The process dies as the request leaves it, which may take effect all the same. */
  readonly crash: boolean
}

/** Tells the transcript what happened: who, what, and how it went. */
export type Trace = (who: string, what: string, outcome: string) => void

export interface ProcessWorld {
  readonly time: VirtualTime
  readonly trace: Trace
  /** Log lines of all processes. */
  readonly logged: (who: string, message: unknown) => void
}

/**
 * A process: fibers that share a clock, a source of randomness, and a life. Everything that they ask of the outside passes {@link call}, and all
 * waiting goes by {@link clock}; so the process can be ended at any such point as `kill -9` would, frozen as a virtual machine that is moved,
 * and have its clock set wrong. A process that has crashed never acts again: none of its fibers is ever resumed, not even to clean up.
 */
export class SimulatedProcess {
  readonly name: string
  readonly context: Context.Context<never>
  /** Drawn by the process itself. */
  readonly random: Random
  readonly #world: ProcessWorld
  #alive = true
  #frozenUntil = 0
  #clockOffset = 0
  #crashed: (() => void) | null = null

  constructor(name: string, seed: number, world: ProcessWorld) {
    this.name = name
    this.#world = world
    const random = new Random(seed)
    this.random = random
    const { time } = world
    const clock = clockOf(
      () => time.now + this.#clockOffset,
      () => time.now,
      (millis, wake) => this.#later(time.now + millis, wake)
    )
    this.context = Context.empty().pipe(
      Context.add(Clock.Clock, clock),
      Context.add(Scheduler.Scheduler, time.scheduler),
      Context.add(EffectRandom.Random, {
        nextIntUnsafe: () => random.uint32(),
        nextDoubleUnsafe: () => random.unit()
      }),
      Context.add(
        RandomUuid,
        Effect.sync(() => random.uuid())
      ),
      Context.add(References.MinimumLogLevel, "Info"),
      Context.add(Logger.CurrentLoggers, new Set([Logger.make(({ message }) => world.logged(name, message))]))
    )
  }

  get isAlive(): boolean {
    return this.#alive
  }

  get isFrozen(): boolean {
    return this.#frozenUntil > this.#world.time.now
  }

  /** Starts the process as soon as time goes on. `ended` is told once how its program ended; null: it crashed. */
  start<A, E>(program: Effect.Effect<A, E>, ended: (exit: Exit.Exit<A, E> | null) => void): void {
    this.#crashed = () => ended(null)
    this.signal(() => {
      this.#world.trace(this.name, "process", "starts")
      Effect.runForkWith(this.context)(program).addObserver((exit) => {
        if (!this.#alive) return
        this.#alive = false
        this.#world.trace(this.name, "process", Exit.isSuccess(exit) ? "ends" : `fails: ${Cause.pretty(exit.cause).split("\n")[0]}`)
        ended(exit)
      })
    })
  }

  crash(): void {
    if (!this.#alive) return
    this.#alive = false
    this.#world.trace(this.name, "process", "crashes")
    this.#crashed?.()
  }

  /** Does something within the process, as soon as it can run: a signal arrives. */
  signal(handle: () => void): void {
    this.#later(this.#world.time.now, handle)
  }

  /** Nothing of the process runs for so long; what it waits for is told to it afterwards. */
  freeze(millis: number): void {
    this.#world.trace(this.name, "process", `frozen for ${Math.round(millis)} ms`)
    this.#frozenUntil = Math.max(this.#frozenUntil, this.#world.time.now + millis)
  }

  /** Sets the clock forward, or back. Timers do not care. */
  shiftClock(millis: number): void {
    this.#world.trace(this.name, "process", `clock shifted by ${Math.round(millis)} ms`)
    this.#clockOffset += millis
  }

  /**
   * Sends a request to the outside. What it does there happens whatever becomes of the process meanwhile, or does not, as the passage says.
   *
   * @param what for the transcript
   */
  call<A, E>(what: string, request: Effect.Effect<A, E>, passage: Passage<A, E>): Effect.Effect<A, E> {
    const { time, trace } = this.#world
    return Effect.callback<A, E>((resume) => {
      if (!this.#alive) return
      const { arrives, answered, instead, crash } = passage
      let answer: Exit.Exit<A, E> | null = instead
      let due = false
      const tell = () => {
        if (answer === null || !due || !this.#alive) return
        trace(this.name, what, Exit.isSuccess(answer) ? "ok" : reasonOf(answer))
        resume(answer)
      }
      const perform = () => {
        const fiber = Effect.runForkWith(outsideContext(time))(request)
        fiber.addObserver((exit) => {
          if (crash || instead !== null) trace(this.name, what, `takes effect unseen: ${reasonOf(exit)}`)
          if (instead !== null) return
          answer = exit
          tell()
        })
      }
      const left = time.now
      if (arrives === 0) perform()
      else if (arrives !== null) time.at(left + arrives, perform)
      if (crash) {
        trace(this.name, what, "crash")
        this.crash()
      } else {
        this.#later(left + answered, () => {
          due = true
          tell()
        })
      }
    })
  }

  /** Calls back at a time, when the process can run, if it still lives. */
  #later(at: number, wake: () => void): () => void {
    const { time } = this.#world
    let cancel = () => {}
    const due = () => {
      if (!this.#alive) return
      if (this.#frozenUntil > time.now) cancel = time.at(this.#frozenUntil, due)
      else wake()
    }
    cancel = time.at(at, due)
    return () => cancel()
  }
}

/** What happens outside of all processes goes by the world's own time. */
export const outsideContext = (time: VirtualTime): Context.Context<never> =>
  Context.empty().pipe(Context.add(Clock.Clock, time.clock), Context.add(Scheduler.Scheduler, time.scheduler))

const reasonOf = (exit: Exit.Exit<unknown, unknown>): string => {
  if (Exit.isSuccess(exit)) return "ok"
  const [reason] = exit.cause.reasons
  if (reason?._tag !== "Fail") return reason?._tag ?? "nothing"
  const { error } = reason
  return typeof error === "object" && error !== null && "reason" in error ? String(error.reason) : "error"
}
