import { createHook } from "node:async_hooks"
import { type Clock, Duration, Effect, type Scheduler } from "effect"

/**
 * The time of a simulated world. It stands still as long as anything can run, and then jumps to the next moment for which something waits: an
 * hour costs nothing. Everything happens in one order that follows from the program alone:
 *
 * - all fibers queue up in one line (`scheduler`), so that no timer of the machine decides who is next;
 * - who waits until a time is called in the order of these times, and of two at the same time the one that began to wait first;
 * - promises that only compute are settled before time goes on;
 * - real work (files, DuckDB) takes no time at all: as long as some of it is under way, nothing else runs.
 *
 * The last point needs to know whether there is real work, which Node tells by its asynchronous hooks. Run one world at a time in a process.
 */
export class VirtualTime {
  /** Milliseconds since 1970. */
  now: number
  /** Fibers that can go on, in order. */
  #ready: Array<{ readonly task: () => void; readonly priority: number }> = []
  readonly #waiting: Array<Waiting> = []
  #registered = 0
  /** How often a fiber has been resumed, or something that waited been called. */
  steps = 0

  readonly #hasRealWork: boolean

  /** @param hasRealWork false: nobody touches files or other threads, so that nothing needs to be watched, which costs a tenth of the time */
  constructor(now: number, hasRealWork = true) {
    this.now = now
    this.#hasRealWork = hasRealWork
  }

  /** To be given to all fibers of the world. */
  readonly scheduler: Scheduler.Scheduler = {
    executionMode: "async",
    shouldYield: (fiber) => fiber.currentOpCount >= 2048,
    makeDispatcher: () => ({
      scheduleTask: (task, priority) => {
        let place = this.#ready.length
        while (place > 0 && (this.#ready[place - 1]?.priority ?? 0) > priority) place--
        this.#ready.splice(place, 0, { task, priority })
      },
      // Only `runSync` asks for it: whoever cannot wait runs what there is.
      flush: () => {
        while (this.#runNext());
      }
    })
  }

  /** Calls at a time, or now if that has passed, but never before `at` returns. @returns takes it back */
  at(time: number, call: () => void): () => void {
    const waiting: Waiting = { time: Math.max(time, this.now), order: this.#registered++, call }
    push(this.#waiting, waiting)
    return () => {
      waiting.call = null
    }
  }

  /** Runs until `done` holds, nothing is left to wait for, or the time is up. @returns whether `done` holds */
  async run(done: () => boolean, until: number): Promise<boolean> {
    if (this.#hasRealWork) realWork.enable()
    try {
      for (;;) {
        await this.#settle()
        if (done()) return true
        const next = pop(this.#waiting)
        if (next === undefined) return false
        if (next.call === null) continue
        if (next.time > until) {
          push(this.#waiting, next)
          return false
        }
        this.now = next.time
        this.steps++
        next.call()
      }
    } finally {
      realWork.disable()
    }
  }

  /** Runs everything that can run now. */
  async #settle(): Promise<void> {
    for (;;) {
      // Where real work is possible, each fiber is looked at by itself: no two may wait for it at a time, and one may begin it after a computation.
      while (!this.#hasRealWork && this.#runNext());
      await computed()
      if (this.#hasRealWork) await realWork.done()
      if (!this.#runNext()) return
    }
  }

  #runNext(): boolean {
    const next = this.#ready.shift()
    if (next === undefined) return false
    this.steps++
    next.task()
    return true
  }

  /** This time, for whoever is part of the world but of no process. */
  readonly clock: Clock.Clock = clockOf(
    () => this.now,
    () => this.now,
    (millis, wake) => this.at(this.now + millis, wake)
  )
}

/**
 * A clock over some time.
 *
 * @param wall what the clock shows, milliseconds since 1970
 * @param monotonic milliseconds that only grow
 * @param after calls back after some milliseconds, and gives what takes that back
 */
export const clockOf = (
  wall: () => number,
  monotonic: () => number,
  after: (millis: number, wake: () => void) => () => void
): Clock.Clock => {
  const nanos = (millis: number) => BigInt(Math.floor(millis * 1000)) * 1000n
  return {
    currentTimeMillisUnsafe: () => Math.floor(wall()),
    currentTimeMillis: Effect.sync(() => Math.floor(wall())),
    currentTimeNanosUnsafe: () => nanos(wall()),
    currentTimeNanos: Effect.sync(() => nanos(wall())),
    monotonicTimeNanosUnsafe: () => nanos(monotonic()),
    monotonicTimeNanos: Effect.sync(() => nanos(monotonic())),
    sleep: (duration) => {
      const millis = Duration.toMillis(duration)
      if (millis <= 0) return Effect.yieldNow
      if (!Number.isFinite(millis)) return Effect.never
      return Effect.callback<void>((resume) => {
        const cancel = after(millis, () => resume(Effect.void))
        return Effect.sync(cancel)
      })
    }
  }
}

interface Waiting {
  readonly time: number
  readonly order: number
  /** Null: no longer wanted. */
  call: (() => void) | null
}

const isBefore = (a: Waiting, b: Waiting): boolean => a.time < b.time || (a.time === b.time && a.order < b.order)

/** Adds to a binary heap. */
const push = (heap: Array<Waiting>, item: Waiting): void => {
  let place = heap.length
  while (place > 0) {
    const above = (place - 1) >> 1
    const parent = heap[above]
    if (parent === undefined || isBefore(parent, item)) break
    heap[place] = parent
    place = above
  }
  heap[place] = item
}

/** Takes the first out of a binary heap. */
const pop = (heap: Array<Waiting>): Waiting | undefined => {
  const first = heap[0]
  const last = heap.pop()
  if (first === undefined || last === undefined || heap.length === 0) return first
  let place = 0
  for (;;) {
    let below = 2 * place + 1
    let child = heap[below]
    const right = heap[below + 1]
    if (child === undefined) break
    if (right !== undefined && isBefore(right, child)) {
      child = right
      below++
    }
    if (isBefore(last, child)) break
    heap[place] = child
    place = below
  }
  heap[place] = last
  return first
}

/** Node runs ticks when all microtasks are done, and before it looks at files and timers. */
const computed = (): Promise<void> => new Promise((done) => process.nextTick(done))

/** Operations of this process that the operating system or another thread has not finished: each calls back once. */
const realWork = (() => {
  const kinds = new Set(["FSREQPROMISE", "FSREQCALLBACK", "FILEHANDLECLOSEREQ", "generic"])
  /** How many each resource has under way. */
  const open = new Map<number, number>()
  const begin = (id: number) => void open.set(id, (open.get(id) ?? 0) + 1)
  let finished: (() => void) | null = null
  // Promises are not followed, which would cost more than all the rest; the option is younger than its types.
  const options: Parameters<typeof createHook>[0] & { readonly trackPromises: boolean } = {
    trackPromises: false,
    init: (id, type, _, resource) => {
      if (kinds.has(type)) begin(id)
      // What packs and unpacks is there for longer than one operation: each is a call of this.
      if (type === "ZLIB" && "write" in resource && typeof resource.write === "function") {
        const write = resource.write.bind(resource)
        resource.write = (...all: ReadonlyArray<unknown>) => {
          begin(id)
          return write(...all)
        }
      }
    },
    after: (id) => {
      const left = (open.get(id) ?? 0) - 1
      if (left > 0) open.set(id, left)
      else if (open.delete(id) && open.size === 0) finished?.()
    }
  }
  const hook = createHook(options)
  return {
    enable: () => {
      open.clear()
      hook.enable()
    },
    disable: () => hook.disable(),
    /** Resolves when there is none, and what it led to has been computed. */
    done: async (): Promise<void> => {
      while (open.size > 0) {
        await new Promise<void>((done) => {
          finished = done
        })
        finished = null
        await computed()
      }
    }
  }
})()
