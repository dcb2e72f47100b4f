import { Deferred, Exit } from "effect"
import type { Random } from "../../src/record/seeded.ts"
import { drawTurn } from "./deployments.ts"
import { type ProcessWorld, SimulatedProcess } from "./process.ts"
import { type Outside, serviceProgram } from "./programs.ts"

/** How a process ended. */
export type Ended = (name: string, exit: Exit.Exit<unknown, unknown> | null) => void

/** A worker that runs, and how it is asked to stop. */
interface Worker {
  readonly process: SimulatedProcess
  readonly workers: number
  readonly index: number
  readonly stop: () => void
}

/**
 * What keeps workers running, as a cluster does: one for each index, started again a while after it ended. It may be wrong, too: then two have the
 * same index, or some believe that there are more workers than others do.
 */
export class Workers {
  #count: number
  #started = 0
  #stopping = false
  /** Nobody is started before, milliseconds since 1970. */
  #awayUntil = 0
  /** Processes that failed since the last one that did not: the longer the row, the longer the wait, as clusters do it. */
  #failures = 0
  readonly #running = new Set<Worker>()
  readonly #world: ProcessWorld
  readonly #outside: Outside
  readonly #ended: Ended

  constructor(count: number, world: ProcessWorld, outside: Outside, ended: Ended) {
    this.#count = count
    this.#world = world
    this.#outside = outside
    this.#ended = ended
  }

  get started(): number {
    return this.#started
  }

  get count(): number {
    return this.#count
  }

  /** Starts what is missing. */
  fill(): void {
    if (this.#world.time.now < this.#awayUntil) return
    const indexes = new Set([...this.#running].map(({ index }) => index))
    for (let index = 0; index < this.#count; index++) if (!indexes.has(index)) this.#start(index)
  }

  #start(index: number): void {
    const { faults } = this.#outside
    const workers = this.#count
    const process = new SimulatedProcess(`worker ${index}/${workers} #${++this.#started}`, faults.random.uint32(), this.#world)
    const stop = Deferred.makeUnsafe<void>()
    const worker: Worker = { process, workers, index, stop: () => process.signal(() => Deferred.doneUnsafe(stop, Exit.void)) }
    this.#running.add(worker)
    process.start(
      serviceProgram(
        process,
        this.#outside,
        { workers, worker: index, follow: this.#outside.settings.isBounded !== true },
        Deferred.await(stop)
      ),
      (exit) => {
        this.#running.delete(worker)
        this.#ended(process.name, exit)
        this.#failures = exit !== null && Exit.isFailure(exit) ? Math.min(this.#failures + 1, 8) : 0
        const { time } = this.#world
        const pause = faults.latency(this.#outside.settings.restartAfter * 2 ** this.#failures)
        if (!this.#stopping) time.at(time.now + Math.min(pause, 300_000), () => this.#stopping || this.fill())
      }
    )
  }

  #pick(): Worker | undefined {
    const running = [...this.#running]
    return running[this.#outside.faults.random.below(running.length)]
  }

  /** Any of those that run. */
  any(): SimulatedProcess | undefined {
    return this.#pick()?.process
  }

  /** Asks any of them to stop. */
  terminate(): void {
    this.#pick()?.stop()
  }

  /** A second one of what is there already. */
  double(): void {
    const worker = this.#pick()
    if (worker !== undefined && worker.index < this.#count) this.#start(worker.index)
  }

  /** From now on there are so many; those that run learn it one after the other, if at all. */
  scale(count: number): void {
    this.#world.trace("cluster", `scale from ${this.#count} to ${count}`, "ok")
    this.#count = count
    const { time } = this.#world
    const { faults } = this.#outside
    for (const worker of this.#running) {
      time.at(time.now + faults.longTime() / 10, () => (faults.random.chance(0.5) ? worker.stop() : worker.process.crash()))
    }
    this.fill()
  }

  /**
   * From now on there are so many, each a new task. One of an index that there was before mostly starts while the old one runs still; all old ones are asked to stop, and
   * killed where that takes too long.
   */
  deploy(count: number, random: Random): void {
    this.#world.trace("cluster", `deploy ${count} in place of ${this.#count}`, "ok")
    this.#count = count
    const { time } = this.#world
    const now = time.now
    for (const old of [...this.#running]) {
      const { begins, isBeside, stops, killed } = drawTurn(random)
      const runs = () => this.#running.has(old)
      time.at(now + begins, () => {
        // It may be that another deployment has come, or the end.
        if (runs() && isBeside && !this.#stopping && this.#count === count && old.index < count) this.#start(old.index)
      })
      time.at(now + stops, () => runs() && old.stop())
      time.at(now + killed, () => runs() && old.process.crash())
    }
    this.fill()
  }

  /** From now on for so long nobody runs: those that do die, or sleep through it. */
  leave(millis: number): void {
    const { faults } = this.#outside
    const { time } = this.#world
    this.#awayUntil = time.now + millis
    for (const { process } of [...this.#running]) {
      if (faults.random.chance(0.5)) process.crash()
      else process.freeze(millis)
    }
    time.at(this.#awayUntil, () => this.#stopping || this.fill())
  }

  /** One for each index, and all of one mind. */
  settle(): void {
    const indexes = new Set<number>()
    for (const worker of this.#running) {
      if (worker.workers !== this.#count || indexes.has(worker.index)) worker.stop()
      else indexes.add(worker.index)
    }
    this.fill()
  }

  /** Asks all of them to stop, and starts none any more. */
  stop(): void {
    this.#stopping = true
    for (const worker of this.#running) worker.stop()
  }

  get areGone(): boolean {
    return this.#running.size === 0
  }
}
