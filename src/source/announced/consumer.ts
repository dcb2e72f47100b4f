import { Clock, Deferred, Effect, Option, Queue, type Scope } from "effect"
import type { CallFailed } from "../../record/aws-call.ts"
import { count } from "../../record/count.ts"
import { SourceError } from "../../record/source-error.ts"
import type { QueueApi } from "../../stream/sqs/api.ts"
import { asSourceError } from "../../stream/sqs/failures.ts"
import { type Held, Ledger, type LedgerLimits } from "./ledger.ts"
import { type QueueMeter, type QueueTally, queueMeter, watchQueue } from "./metrics.ts"
import type { Patience } from "./patience.ts"
import { type Takers, wishesOf } from "./wanted.ts"

/** The service's most for a call. */
const mostAtOnce = 10
/** Calls at a time while there is much. */
const mostCalls = 8
/** Messages are hidden for so long, and again when half of it is left. After a crash nobody is given them before; a short time costs calls. */
const hiddenSeconds = 120
const lookMillis = 10_000
/** SQS hides a message no longer than 12 hours after it was received. Some minutes before, somebody else may have it. */
const longestHidden = 12 * 3_600_000
const beforeLongest = 300_000
/** While there is no room, it is looked so often whether a commit would make some. */
const pressMillis = 1_000
/** Long polls: the longest, and for who waits for the end of the queue, which two of them without a message are. */
const waitSeconds = 20
const endSeconds = 5
const emptyAtEnd = 2
/** Where there was no room for so long while the end of the queue was waited for, nobody reads some of the messages any more. */
const stuckMillis = 600_000
/** At the end there is so much time to give messages back: what is not comes again by itself. */
const partingMillis = 10_000

export interface ConsumerOptions extends Takers {
  readonly queue: QueueApi
  readonly source: string
  /** For ever; else until the queue gives nothing for a while. */
  readonly follow: boolean
  readonly limits: LedgerLimits
  readonly patience: Patience
}

/** What the datasets share that one queue feeds. */
export interface Consumer {
  readonly ledger: Ledger
  /** Begins to receive, once however often it is run. */
  readonly start: Effect.Effect<void>
  readonly tally: QueueTally
}

/**
 * Receives messages, keeps them hidden as long as something of them is not committed, and removes them. What is held when the scope closes is given back.
 * A failure that does not pass closes all inboxes.
 */
export const openConsumer = (options: ConsumerOptions): Effect.Effect<Consumer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { queue, takes, limits } = options
    const scope = yield* Effect.scope
    const removals = yield* Queue.unbounded<Held>()
    const returns = yield* Queue.unbounded<Returned>()
    const ledger = new Ledger(takes.length, limits, {
      done: (message) => Queue.offerUnsafe(removals, message),
      giveBack: (message, seconds) => Queue.offerUnsafe(returns, { message, seconds })
    })
    const work: Work = { ...options, ledger, meter: queueMeter(queue.url), told: { unremoved: 0 } }
    yield* Effect.addFinalizer(() => Effect.ignore(Effect.timeoutOption(part(work), partingMillis)))
    const remover = Effect.forever(Effect.flatMap(Queue.takeBetween(removals, 1, mostAtOnce), (held) => remove(work, held)))
    const returner = Effect.forever(Effect.flatMap(Queue.takeBetween(returns, 1, mostAtOnce), (some) => giveBackAll(work, some)))
    const all = Effect.gen(function* () {
      yield* watchQueue(queue.url, ledger)
      const loops = [receive(work), keepHidden(work), ...Array.from({ length: mostCalls }, () => [remover, returner]).flat()]
      yield* Effect.all(loops, { concurrency: "unbounded", discard: true })
    }).pipe(
      Effect.scoped,
      Effect.catch((failure) => Effect.sync(() => closeAll(ledger, failure)))
    )
    const begun = yield* Deferred.make<void>()
    const start = Effect.flatMap(Deferred.succeed(begun, undefined), (isFirst) =>
      isFirst ? Effect.asVoid(Effect.forkIn(all, scope)) : Effect.void
    )
    return { ledger, start, tally: work.meter.tally }
  })

interface Returned {
  readonly message: Held
  readonly seconds: number
}

interface Work extends ConsumerOptions {
  readonly ledger: Ledger
  readonly meter: QueueMeter
  /** How much of what was counted the log has. */
  readonly told: { unremoved: number }
}

const closeAll = ({ inboxes }: Ledger, failure: SourceError | null): void => {
  for (const inbox of inboxes) inbox.close(failure)
}

/** Makes a call until it is answered, or fails with what does not pass. */
const persistently = <A>({ patience, queue, source }: Work, call: Effect.Effect<A, CallFailed>): Effect.Effect<A, SourceError> => {
  const { url } = queue
  const attempt: Effect.Effect<A, SourceError> = Effect.andThen(patience.asking(url), call).pipe(
    Effect.tap(() => patience.answered(url)),
    Effect.catch((error) => {
      const failure = asSourceError(source, url)(error)
      if (failure.reason !== "Unavailable") return Effect.fail(failure)
      return Effect.flatMap(patience.failed(url, failure.message), (again) => (again ? attempt : Effect.fail(failure)))
    })
  )
  return attempt
}

/** Receives on and on; more at a time while there is much. */
const receive = (work: Work): Effect.Effect<void, SourceError> =>
  Effect.gen(function* () {
    const { follow, ledger } = work
    const pressing = Effect.forever(
      Effect.delay(
        Effect.sync(() => ledger.press()),
        pressMillis
      )
    )
    const room = Effect.raceFirst(
      Effect.promise((signal) => ledger.room(signal)),
      pressing
    )
    let calls = 1
    let empty = 0
    while (follow || empty < emptyAtEnd) {
      const hasRoom = yield* follow ? Effect.as(room, true) : Effect.map(Effect.timeoutOption(room, stuckMillis), Option.isSome)
      if (!hasRoom) return yield* stuck(work)
      const wait = calls > 1 ? 1 : follow ? waitSeconds : endSeconds
      const counts = yield* Effect.all(
        Array.from({ length: calls }, () => receiveOnce(work, wait)),
        { concurrency: "unbounded" }
      )
      if (calls === 1) empty = counts[0] === 0 ? empty + 1 : 0
      calls = counts.every((count) => count === mostAtOnce) ? Math.min(mostCalls, 2 * calls) : 1
    }
    closeAll(ledger, null)
  })

const stuck = ({ ledger, queue, source }: Work): SourceError =>
  new SourceError({
    source,
    reason: "Unavailable",
    location: queue.url,
    detail: `the queue was not read to its end: ${count(ledger.held.size, "message", "messages")} had to be held for ${stuckMillis / 60_000} minutes in which no room came for more, since what they announce was not committed`,
    hint: "They are given back. See what else this run says of its datasets and of S3, and run it again: it goes on where this one ended."
  })

/** @returns how many messages came */
const receiveOnce = (work: Work, wait: number): Effect.Effect<number, SourceError> =>
  Effect.gen(function* () {
    const { ledger, meter, queue } = work
    const call = Effect.gen(function* () {
      // When it was asked for: the service counts from later on.
      const askedAt = yield* Clock.currentTimeMillis
      const messages = yield* queue.receive({ most: mostAtOnce, waitSeconds: wait, visibleAfter: hiddenSeconds })
      return { askedAt, messages }
    })
    const { askedAt, messages } = yield* persistently(work, call)
    yield* meter.add("received", messages.length)
    for (const message of messages) {
      const wishes = wishesOf(message, queue.url, work)
      const isKnown = ledger.take(message, askedAt, askedAt + hiddenSeconds * 1000, wishes)
      if (!isKnown) yield* meter.ignored(wishes.ignored)
    }
    return messages.length
  })

/** Hides what is held again before others are given it, as long as the service lets it. */
const keepHidden = (work: Work): Effect.Effect<never, SourceError> =>
  Effect.gen(function* () {
    const { ledger } = work
    const now = yield* Clock.currentTimeMillis
    const due: Array<Held> = []
    const over: Array<Held> = []
    for (const message of [...ledger.held.values()]) {
      if (now - message.receivedAt >= longestHidden - beforeLongest) over.push(message)
      else if (message.hiddenUntil - now < hiddenSeconds * 500) due.push(message)
    }
    if (over.length > 0) {
      yield* Effect.logWarning(
        `${count(over.length, "message", "messages")} of ${work.queue.url} had been held for almost 12 hours, the longest that SQS allows: given back, with what is announced not committed yet`
      )
      for (const message of over) ledger.giveBack(message, 0)
    }
    yield* tellUnremoved(work)
    yield* inCalls(due, (held) => hide(work, held))
  }).pipe(Effect.delay(lookMillis), Effect.forever)

const hide = (work: Work, held: ReadonlyArray<Held>): Effect.Effect<void, SourceError> =>
  Effect.gen(function* () {
    const call = Effect.gen(function* () {
      const askedAt = yield* Clock.currentTimeMillis
      // Nothing of a message may be hidden beyond the longest: all that are due have more than that left.
      const failed = yield* work.queue.hide(receiptsOf(held), hiddenSeconds)
      return { askedAt, failed }
    })
    const { askedAt, failed } = yield* persistently(work, call)
    const lost = new Set(failed)
    for (const message of held) {
      // Somebody else may have it by now: it comes again unless they remove it.
      if (lost.has(message.receipt)) work.ledger.drop(message)
      else message.hiddenUntil = askedAt + hiddenSeconds * 1000
    }
  })

const remove = (work: Work, held: ReadonlyArray<Held>): Effect.Effect<void, SourceError> =>
  Effect.gen(function* () {
    const failed = yield* persistently(work, work.queue.remove(receiptsOf(held)))
    // What could not be removed comes again, and is found to be done.
    for (const message of held) work.ledger.drop(message)
    yield* work.meter.add("removed", held.length - failed.length)
    yield* work.meter.add("unremoved", failed.length)
  })

/** Gives messages back that the ledger has forgotten, in a call for each time after which they may come again. */
const giveBackAll = (work: Work, returned: ReadonlyArray<Returned>): Effect.Effect<void, SourceError> =>
  Effect.forEach(
    Map.groupBy(returned, ({ seconds }) => seconds),
    ([seconds, some]) =>
      Effect.gen(function* () {
        yield* work.meter.add("returned", some.length)
        yield* giveBack(
          work,
          some.map(({ message }) => message),
          seconds
        )
        work.ledger.returned(some.length)
      }),
    { discard: true }
  )

/** Says once for many, and not again for the same. */
const tellUnremoved = (work: Work): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { unremoved } = work.meter.tally
    const more = unremoved - work.told.unremoved
    work.told.unremoved = unremoved
    if (more === 0) return Effect.void
    return Effect.logWarning(
      `${count(more, "message was", "messages were")} not removed by ${work.queue.url} when asked to: they come again, and nothing of them is read twice. Where that goes on, they stay until the queue's retention ends`
    )
  })

const giveBack = (work: Work, held: ReadonlyArray<Held>, seconds: number): Effect.Effect<void, SourceError> =>
  Effect.asVoid(persistently(work, work.queue.hide(receiptsOf(held), seconds)))

/** The end: removes what is done, and gives the rest to whoever goes on. Whatever fails comes again by itself. */
const part = (work: Work): Effect.Effect<void, SourceError> => {
  const [done, open] = [true, false].map((isDone) => [...work.ledger.held.values()].filter((message) => message.isDone === isDone))
  return inCalls(done ?? [], (held) => remove(work, held)).pipe(
    Effect.andThen(inCalls(open ?? [], (held) => giveBack(work, held, 0))),
    Effect.ensuring(tellUnremoved(work))
  )
}

const receiptsOf = (held: ReadonlyArray<Held>): ReadonlyArray<string> => held.map(({ receipt }) => receipt)

/** As many messages a call as the service takes, some calls at a time. */
const inCalls = <E>(held: ReadonlyArray<Held>, call: (some: ReadonlyArray<Held>) => Effect.Effect<void, E>): Effect.Effect<void, E> => {
  const groups = Array.from({ length: Math.ceil(held.length / mostAtOnce) }, (_, i) => held.slice(i * mostAtOnce, (i + 1) * mostAtOnce))
  return Effect.forEach(groups, call, { concurrency: mostCalls, discard: true })
}
