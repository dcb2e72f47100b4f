import { type Clock, Effect } from "effect"
import { CallFailed } from "../../src/record/aws-call.ts"
import type { AwsReason } from "../../src/record/aws-errors.ts"
import type { QueueApi, QueueMessage } from "../../src/stream/sqs/api.ts"

/** What may go wrong, each with its probability (0 to 1). Nothing of it breaks the contract: the service may do all of this. */
export interface QueueFaults {
  /** Any call: `Throttled`, without effect. */
  readonly throttle: number
  /** Any call: `Unavailable`, without effect. */
  readonly unavailable: number
  /** Any call: carried out, but the caller is told `Unavailable`. Messages that were given out so are seen by nobody until they are visible again. */
  readonly lostAnswer: number
  /** Receiving: fewer messages than there are, down to none. */
  readonly short: number
  /** Each message that is given out: others may get it, too, although it is hidden. */
  readonly double: number
  /** Each message that is removed: it is given out once more. */
  readonly revive: number
  /** Each message that is to be hidden or removed: it is not done, while it is for others of the call. */
  readonly refuse: number
}

export const noQueueFaults: QueueFaults = { throttle: 0, unavailable: 0, lostAnswer: 0, short: 0, double: 0, revive: 0, refuse: 0 }

/** A message as the service has it. Times in milliseconds since 1970. */
export interface StoredMessage {
  readonly id: string
  readonly body: string
  readonly sentAt: number
  /** How often it was given out. */
  received: number
  /** Nobody is given it before. */
  visibleAt: number
  /** When it was given out last. */
  receivedAt: number
}

export interface QueueOptions {
  readonly url: string
  /** From 0 up to 1. */
  readonly random: () => number
  /** How long a message is kept, in milliseconds. Default: 4 days. */
  readonly retentionMillis?: number
  /** Messages that were given out so often go there instead of being given out once more. */
  readonly redrive?: { readonly after: number; readonly to: SimulatedQueue } | undefined
  /** Told of each message as somebody removes it. */
  readonly removed?: (message: StoredMessage) => void
}

/** As the service has them: calls beyond are refused. */
const mostOfCall = 10
const mostWaitSeconds = 20
const mostHiddenSeconds = 43_200

const day = 86_400_000

/**
 * A queue that behaves like one of Simple Queue Service (a standard one), in memory. `api` is what consumers see; the rest belongs to the test that owns
 * the world. It lives on the clock that it was made with, whatever clock its callers have.
 *
 * Each time that a message is given out it has another receipt; one that is not the last removes nothing, though the call succeeds, and hides nothing. No
 * message stays hidden for more than 12 hours from when it was given out.
 */
export class SimulatedQueue {
  readonly api: QueueApi
  faults: QueueFaults = noQueueFaults
  /** Messages that were kept for as long as the queue keeps them, and then dropped. */
  readonly expired: Array<StoredMessage> = []
  /** How often something happened, by name. */
  readonly counts: { [what: string]: number } = {}
  readonly #clock: Clock.Clock
  readonly #options: QueueOptions
  readonly #messages = new Map<string, StoredMessage>()
  /** Told when something may have become visible. */
  readonly #waiting = new Set<() => void>()
  #sent = 0

  constructor(clock: Clock.Clock, options: QueueOptions) {
    this.#clock = clock
    this.#options = options
    this.api = {
      url: options.url,
      receive: ({ most, waitSeconds, visibleAfter }) =>
        this.#call(
          "ReceiveMessage",
          isFrom(1, most, mostOfCall) && isFrom(0, waitSeconds, mostWaitSeconds) && isFrom(0, visibleAfter, mostHiddenSeconds),
          this.#receive(most, waitSeconds * 1000, visibleAfter * 1000)
        ),
      hide: (receipts, visibleAfter) =>
        this.#call(
          "ChangeMessageVisibilityBatch",
          isFrom(1, receipts.length, mostOfCall) && isFrom(0, visibleAfter, mostHiddenSeconds),
          this.#each(receipts, (receipt) => this.#hide(receipt, visibleAfter * 1000))
        ),
      remove: (receipts) =>
        this.#call(
          "DeleteMessageBatch",
          isFrom(1, receipts.length, mostOfCall),
          this.#each(receipts, (receipt) => this.#remove(receipt))
        )
    }
  }

  /** Messages that nobody has removed, whether they are visible or not. */
  get messages(): ReadonlyArray<StoredMessage> {
    this.#expire()
    return [...this.#messages.values()]
  }

  /** Puts a message. @param after milliseconds until it can be received. @returns its id */
  send(body: string, after = 0): string {
    const sentAt = this.#now
    const id = `message-${++this.#sent}`
    this.#messages.set(id, { id, body, sentAt, received: 0, visibleAt: sentAt + after, receivedAt: sentAt })
    this.#wake()
    return id
  }

  get #now(): number {
    return this.#clock.currentTimeMillisUnsafe()
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1
  }

  #strikes(rate: number): boolean {
    return rate > 0 && this.#options.random() < rate
  }

  #call<A>(operation: string, isValid: boolean, request: Effect.Effect<A>): Effect.Effect<A, CallFailed> {
    return Effect.suspend(() => {
      const failed = (reason: AwsReason, name: string) =>
        Effect.fail(new CallFailed({ operation, reason, name, detail: "This is simulated", certain: reason !== "Unavailable" }))
      this.#count(operation)
      if (!isValid) return failed("Invalid", "InvalidParameterValue")
      if (this.#strikes(this.faults.throttle)) return failed("Throttled", "RequestThrottled")
      if (this.#strikes(this.faults.unavailable)) return failed("Unavailable", "ServiceUnavailable")
      return this.#strikes(this.faults.lostAnswer) ? Effect.andThen(request, failed("Unavailable", "TimeoutError")) : request
    })
  }

  /** Waits for messages, as long polls do: an answer that comes before has some. */
  #receive(most: number, waitMillis: number, hiddenMillis: number): Effect.Effect<ReadonlyArray<QueueMessage>> {
    return Effect.gen({ self: this }, function* () {
      const until = this.#now + waitMillis
      for (;;) {
        const found = this.#strikes(this.faults.short) ? [] : this.#take(most, hiddenMillis)
        const left = until - this.#now
        if (found.length > 0 || left <= 0) return found
        const next = Math.min(...this.messages.map(({ visibleAt }) => visibleAt).filter((at) => at > this.#now))
        yield* Effect.raceFirst(Effect.sleep(Math.max(1, Math.min(left, next - this.#now))), this.#arrival)
      }
    })
  }

  readonly #arrival = Effect.callback<void>((resume) => {
    const told = () => resume(Effect.void)
    this.#waiting.add(told)
    return Effect.sync(() => this.#waiting.delete(told))
  })

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const told of waiting) told()
  }

  #take(most: number, hiddenMillis: number): ReadonlyArray<QueueMessage> {
    const now = this.#now
    const visible = this.messages.filter(({ visibleAt }) => visibleAt <= now)
    const taken: Array<QueueMessage> = []
    const { random, redrive } = this.#options
    const count = this.#strikes(this.faults.short) ? Math.ceil(random() * most) : most
    while (taken.length < count && visible.length > 0) {
      const [message] = visible.splice(Math.floor(random() * visible.length), 1)
      if (message === undefined) break
      if (redrive !== undefined && message.received >= redrive.after) {
        this.#messages.delete(message.id)
        redrive.to.send(message.body)
        continue
      }
      message.received++
      message.receivedAt = now
      message.visibleAt = now + hiddenMillis
      if (message.received > 1) this.#count("redeliveries")
      if (this.#strikes(this.faults.double)) message.visibleAt = now + Math.floor(random() * hiddenMillis)
      const { body, id, received, sentAt } = message
      taken.push({ id, receipt: receiptOf(message), body, sentAt, received })
    }
    return taken
  }

  /** @returns the receipts for which it was not done */
  #each(receipts: ReadonlyArray<string>, act: (receipt: string) => boolean): Effect.Effect<ReadonlyArray<string>> {
    return Effect.sync(() => receipts.filter((receipt) => this.#strikes(this.faults.refuse) || !act(receipt)))
  }

  /** The message of a receipt, if no later one was given out for it. Undefined: it is removed, or somebody else's. */
  #held(receipt: string): StoredMessage | undefined {
    const message = this.#messages.get(receipt.slice(0, receipt.lastIndexOf("/")))
    return message !== undefined && receiptOf(message) === receipt ? message : undefined
  }

  #hide(receipt: string, millis: number): boolean {
    const message = this.#held(receipt)
    const now = this.#now
    if (message === undefined || message.visibleAt <= now || now + millis > message.receivedAt + mostHiddenSeconds * 1000) return false
    message.visibleAt = now + millis
    if (millis === 0) this.#wake()
    return true
  }

  #remove(receipt: string): boolean {
    const message = this.#held(receipt)
    if (message === undefined) {
      this.#count("stale removals")
      return true
    }
    this.#options.removed?.(message)
    if (this.#strikes(this.faults.revive)) {
      // Once: whoever is given it is bound to come back.
      this.#count("revived")
      message.visibleAt = this.#now + Math.floor(this.#options.random() * 60_000)
      message.received++
    } else this.#messages.delete(message.id)
    return true
  }

  #expire(): void {
    const { retentionMillis = 4 * day } = this.#options
    for (const message of this.#messages.values()) {
      if (message.sentAt + retentionMillis > this.#now) continue
      this.#messages.delete(message.id)
      this.expired.push(message)
    }
  }
}

const receiptOf = ({ id, received }: StoredMessage): string => `${id}/${received}`

const isFrom = (least: number, value: number, most: number): boolean => Number.isInteger(value) && value >= least && value <= most
