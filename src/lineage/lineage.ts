import { Cause, Clock, Effect, Exit, Fiber, Queue, type Scope } from "effect"
import type { RunEvent } from "../record/report.ts"
import type { OpenLineageEvent } from "./event.ts"
import { type EventSettings, type ParentTransition, parentEvent, runEvent } from "./openlineage.ts"
import { LineageError, type Transport } from "./transport.ts"

export interface LineageSettings {
  readonly events: EventSettings
  /** Where events go, each with a queue of its own: one that hangs costs the others nothing. None: lineage is off. */
  readonly transports: ReadonlyArray<Transport>
  /** Events that wait per transport. Small values lose events to a short outage, large ones take memory: some KB per event. */
  readonly capacity?: number
  /** Milliseconds that closing waits for what is queued. */
  readonly flushTimeout?: number
}

export interface LineageCounters {
  readonly sent: number
  /** Not handed over: the queue was full, or closing gave up. */
  readonly dropped: number
  /** Handed to the transport, which failed. */
  readonly failed: number
}

export interface Lineage {
  /** Never fails and never waits. When the queue is full the oldest event is dropped and counted. */
  readonly emit: (event: RunEvent) => Effect.Effect<void>
  /** Summed over the transports. */
  readonly counters: Effect.Effect<LineageCounters>
}

/**
 * What waits is a function that makes the event, not the event: with the lineage of every column an event takes some hundred KB, and a
 * thousand of them must fit into memory while a server is down.
 */
type Pending = () => OpenLineageEvent

interface Outlet {
  readonly transport: Transport
  readonly queue: Queue.Queue<Pending, Cause.Done>
  readonly counts: { sent: number; dropped: number; failed: number }
  /** Events handed to the transport that has not answered yet: 0 or 1. */
  sending: number
}

/**
 * Lineage as the data path sees it. Events are turned into OpenLineage and sent by one fiber per transport, in order. Closing the scope sends
 * what is queued, for `flushTimeout` at most, and counts the rest as dropped.
 */
export const makeLineage = (settings: LineageSettings): Effect.Effect<Lineage, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { events, transports, capacity = 1000, flushTimeout = 5000 } = settings
    const outlets = yield* Effect.forEach(transports, (transport) => makeOutlet(transport, capacity))
    const fibers = yield* Effect.forEach(outlets, (outlet) => Effect.forkScoped(drain(outlet)))

    const offer = (make: Pending): void => {
      for (const { queue, counts } of outlets) {
        const full = Queue.isFullUnsafe(queue)
        // A full sliding queue takes the new event and drops its oldest; one that has ended takes nothing.
        if (!Queue.offerUnsafe(queue, make) || full) counts.dropped++
      }
    }
    const announce = (transition: ParentTransition, message?: string): Effect.Effect<void> => {
      const { parent } = events
      if (parent?.announce !== true) return Effect.void
      return Effect.map(Clock.currentTimeMillis, (now) => {
        const at = new Date(now).toISOString()
        offer(() => parentEvent(transition, at, parent, events, message))
      })
    }

    yield* Effect.addFinalizer((exit) =>
      announce(...outcome(exit)).pipe(
        Effect.andThen(Effect.forEach(outlets, ({ queue }) => Queue.end(queue), { discard: true })),
        Effect.andThen(Effect.timeoutOption(Effect.interruptible(Fiber.awaitAll(fibers)), flushTimeout)),
        Effect.andThen(Effect.forEach(outlets, giveUp, { discard: true })),
        Effect.andThen(Fiber.interruptAll(fibers)),
        Effect.ignore
      )
    )
    yield* announce("START")

    return {
      emit: (event) => Effect.sync(() => offer(() => runEvent(event, events))),
      counters: Effect.sync(() => total(outlets))
    }
  })

const makeOutlet = (transport: Transport, capacity: number): Effect.Effect<Outlet> =>
  Effect.map(Queue.sliding<Pending, Cause.Done>(capacity), (queue) => ({
    transport,
    queue,
    counts: { sent: 0, dropped: 0, failed: 0 },
    sending: 0
  }))

/** Sends until the queue has ended. The first failure of a series is logged, and its end; the counters say how many there were. */
const drain = (outlet: Outlet): Effect.Effect<void> => {
  const { transport, queue, counts } = outlet
  let failing = 0
  const next = Effect.gen(function* () {
    const make = yield* Queue.take(queue)
    outlet.sending = 1
    // Making an event is plain code over data: should it throw, that is this event's failure and nobody else's.
    const exit = yield* Effect.exit(Effect.suspend(() => transport.send(JSON.stringify(make()))))
    outlet.sending = 0
    if (Exit.isSuccess(exit)) {
      counts.sent++
      if (failing > 0) yield* Effect.logInfo(`Lineage to ${transport.name} works again. Events lost: ${failing}.`)
      failing = 0
    } else {
      counts.failed++
      if (failing++ === 0) yield* Effect.logWarning(failureText(exit.cause, transport))
    }
  })
  return Effect.catchCause(Effect.forever(next), () => Effect.void)
}

/** Our own words only: causes may quote what was sent. */
const failureText = (cause: Cause.Cause<LineageError>, transport: Transport): string => {
  const error = Cause.squash(cause)
  return `${error instanceof LineageError ? error.message : `Lineage to ${transport.name} failed.`} The data is not affected.`
}

/** Counts as dropped what closing leaves behind. */
const giveUp = (outlet: Outlet): Effect.Effect<void> =>
  Effect.suspend(() => {
    const left = Queue.sizeUnsafe(outlet.queue) + outlet.sending
    if (left === 0) return Effect.void
    outlet.counts.dropped += left
    return Effect.logWarning(`Lineage to ${outlet.transport.name} did not take the last events in time. Events lost: ${left}.`)
  })

/** How the run that holds the scope ended, as the parent run's last event says it. */
const outcome = (exit: Exit.Exit<unknown, unknown>): [ParentTransition, string?] => {
  if (Exit.isSuccess(exit)) return ["COMPLETE"]
  if (Cause.hasInterruptsOnly(exit.cause)) return ["ABORT"]
  const error = Cause.squash(exit.cause)
  return ["FAIL", error instanceof Error ? error.message : "The run failed."]
}

const total = (outlets: ReadonlyArray<Outlet>): LineageCounters => {
  const sum = { sent: 0, dropped: 0, failed: 0 }
  for (const { counts } of outlets) {
    sum.sent += counts.sent
    sum.dropped += counts.dropped
    sum.failed += counts.failed
  }
  return sum
}
