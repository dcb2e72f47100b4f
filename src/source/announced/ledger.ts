import { comparePositions, type Position, type ReadPosition } from "../../record/position.ts"
import type { RecordPage } from "../../record/record.ts"
import type { QueueMessage } from "../../stream/sqs/api.ts"
import { Bell } from "./bell.ts"
import { isDone, lossOf } from "./loss.ts"
import type { Wanted, Wishes } from "./wanted.ts"

/** A message that this process has received and that is still in the queue. */
export interface Held {
  readonly id: string
  readonly sentAt: number
  /** Of the latest delivery. */
  receipt: string
  /** How often it has been given out. */
  received: number
  /** When that was asked for, milliseconds since 1970: it cannot be hidden longer than so many hours after. */
  receivedAt: number
  /** Until when nobody else is given it. */
  hiddenUntil: number
  /** Nothing is left to be read of it: it is to be removed. */
  isDone: boolean
  /** It has something for others: it is given back in place of that. */
  readonly stays: boolean
  /** What it holds in memory. */
  readonly bytes: number
  readonly items: Set<Item>
}

/** Something that a dataset is to read. Several messages may announce it. */
export class Item {
  readonly wanted: Wanted
  readonly messages = new Set<Held>()
  /** Of the last page that was given; null: none was. */
  last: Position | null = null
  /** Did that page say that it is the end? It may have no record, and stand where the one before does. */
  saysEnd = false
  /** Were all pages given? */
  isRead = false
  /** What said in a batch that it is lost, until that is committed. */
  claim: RecordPage | null = null
  /** Where its shard stands by a commit of the present session. */
  #committed: ReadPosition | null = null

  constructor(wanted: Wanted) {
    this.wanted = wanted
  }

  /** How often the messages that announce it were received. */
  get received(): number {
    return Math.max(0, ...[...this.messages].map(({ received }) => received))
  }

  /** Does all that came of it stand in a commit? */
  get isSettled(): boolean {
    const committed = this.#committed
    if (!this.isRead || this.last === null) return this.isRead
    return committed !== null && comparePositions(committed, this.last) >= 0 && (!this.saysEnd || isDone(committed))
  }

  committed(position: ReadPosition): void {
    this.#committed = position
  }

  /** What a session has read of it is void that was not committed. */
  forget(): void {
    this.last = null
    this.saysEnd = false
    this.isRead = false
    this.claim = null
    this.#committed = null
  }
}

export type Claimed = Item & { readonly claim: RecordPage }

const isClaimed = (item: Item): item is Claimed => item.claim !== null

/** What the ledger has others do. */
export interface LedgerActions {
  /** Nothing is left to be read of a message: it may be removed. */
  readonly done: (message: Held) => void
  /** Somebody else may have a message, after so many seconds. The ledger has forgotten it, but for the room it takes until it is `returned`. */
  readonly giveBack: (message: Held, seconds: number) => void
}

/** How much may be held: messages, and bytes of what they say. */
export interface LedgerLimits {
  readonly messages: number
  readonly bytes: number
}

/** Who reads the rest of a message that stays may have it so much later; another process of this kind has nothing to do with it before. */
const staySeconds = 900

/** What an item holds in memory beside its notification and twice its shard's name. */
const itemBytes = 512

/**
 * Which messages this process holds, and what the datasets still have to read of each.
 *
 * Invariant: a message is done only when each dataset that takes something of it has all of that in a commit, or has found in the log that it has.
 */
export class Ledger {
  readonly inboxes: ReadonlyArray<Inbox>
  readonly #actions: LedgerActions
  readonly #limits: LedgerLimits
  readonly #held = new Map<string, Held>()
  /** Rings when a message leaves. */
  readonly #left = new Bell()
  #bytes = 0
  /** Messages that are being given back. */
  #returning = 0

  constructor(datasets: number, limits: LedgerLimits, actions: LedgerActions) {
    this.#limits = limits
    this.#actions = actions
    this.inboxes = Array.from({ length: datasets }, () => new Inbox((item) => this.#settled(item)))
  }

  get held(): ReadonlyMap<string, Held> {
    return this.#held
  }

  /** Waits until there is room for more messages. */
  room(signal: AbortSignal): Promise<void> {
    const { bytes, messages } = this.#limits
    return this.#left.until(() => this.#held.size + this.#returning < messages && this.#bytes < bytes, signal)
  }

  /**
   * Has all batches committed where nothing more can come before that: as much is held as may be, and all datasets have read what they have of it. They
   * would be kept open for as long as a batch may be.
   */
  press(): void {
    const isFull = this.#held.size >= this.#limits.messages || this.#bytes >= this.#limits.bytes
    if (isFull && this.inboxes.every(({ changed }) => changed.isAwaited)) for (const inbox of this.inboxes) inbox.press()
  }

  /**
   * Takes in a message that was received. One that is held already was given out anew since it was not hidden in time: it has another receipt now.
   *
   * @param stays has it something for others?
   * @returns was it held already?
   */
  take(
    { id, receipt, received, sentAt }: QueueMessage,
    receivedAt: number,
    hiddenUntil: number,
    { wanted, stays }: Pick<Wishes, "wanted" | "stays">
  ): boolean {
    const known = this.#held.get(id)
    if (known !== undefined) {
      Object.assign(known, { receipt, received, receivedAt, hiddenUntil })
      if (known.isDone) this.#actions.done(known)
      return true
    }
    const bytes = wanted.reduce((sum, [, { raw, shard }]) => sum + raw.length + 2 * shard.length + itemBytes, 0)
    const message: Held = { id, sentAt, receipt, received, receivedAt, hiddenUntil, isDone: false, stays, bytes, items: new Set() }
    this.#held.set(id, message)
    this.#bytes += bytes
    for (const [dataset, one] of wanted) {
      const item = this.inboxes[dataset]?.add(one)
      if (item === undefined) continue
      item.messages.add(message)
      message.items.add(item)
    }
    this.#look(message)
    return false
  }

  /** The message was removed, or is somebody else's: what is left of it comes again with it. */
  drop(message: Held): void {
    if (this.#held.get(message.id) !== message) return
    this.#held.delete(message.id)
    this.#bytes -= message.bytes
    for (const item of message.items) item.messages.delete(message)
    message.items.clear()
    this.#left.ring()
  }

  /** Lets others have a message, after so many seconds. */
  giveBack(message: Held, seconds: number): void {
    this.drop(message)
    this.#returning++
    this.#actions.giveBack(message, seconds)
  }

  /** So many messages were given back: nothing of them is kept. */
  returned(messages: number): void {
    this.#returning -= messages
    this.#left.ring()
  }

  #settled(item: Item): void {
    for (const message of item.messages) {
      message.items.delete(item)
      this.#look(message)
    }
    item.messages.clear()
  }

  #look(message: Held): void {
    if (message.items.size > 0 || message.isDone) return
    if (message.stays) this.giveBack(message, staySeconds)
    else {
      message.isDone = true
      this.#actions.done(message)
    }
  }
}

/**
 * What one dataset is to read: what has come so far in the order of its shards, which begin with their hours, then what has come meanwhile, and so on. So the rows of
 * an hour come together however messages do, a page of retired positions is needed once for many, and nothing waits for ever.
 */
export class Inbox {
  /** Rings when there is more, or there will be no more. */
  readonly changed = new Bell()
  readonly #settled: (item: Item) => void
  /** By shard: what is not settled. */
  readonly #items = new Map<string, Item>()
  /** What is read now, the next one last. */
  #turn: Array<Item> = []
  /** What has come since. */
  #waiting: Array<Item> = []
  #failure: Error | null = null
  #isClosed = false
  #deferred = 0
  #isPressed = false

  /** @param settled is told of what is done with */
  constructor(settled: (item: Item) => void) {
    this.#settled = settled
  }

  add(wanted: Wanted): Item {
    const known = this.#items.get(wanted.shard)
    if (known !== undefined) return known
    const item = new Item(wanted)
    this.#items.set(wanted.shard, item)
    this.#waiting.push(item)
    this.changed.ring()
    return item
  }

  /** A session begins: what the last one has not settled is to be read again. */
  restart(): void {
    this.#turn = []
    this.#waiting = [...this.#items.values()]
    for (const item of this.#waiting) item.forget()
    this.#isPressed = false
  }

  /** What is to be read next. What no message announces any more is left to whom it is announced to. */
  next(): Item | undefined {
    for (;;) {
      if (this.#turn.length === 0) {
        this.#turn = this.#waiting.sort((a, b) => (a.wanted.shard < b.wanted.shard ? 1 : -1))
        this.#waiting = []
      }
      const item = this.#turn.pop()
      if (item === undefined || item.messages.size > 0) return item
      this.#items.delete(item.wanted.shard)
    }
  }

  get isWaiting(): boolean {
    return this.#turn.length + this.#waiting.length > 0
  }

  /** Why no more comes: nothing that is read can be removed from the queue any more. Null: nothing has failed. */
  get failure(): Error | null {
    return this.#failure
  }

  /** No more comes. */
  get isClosed(): boolean {
    return this.#isClosed && this.#deferred === 0
  }

  /** What is said to be lost in a batch that is not committed. */
  get claimed(): Claimed | undefined {
    for (const item of this.#items.values()) if (isClaimed(item)) return item
    return undefined
  }

  /** What was read is to be committed now. */
  press(): void {
    this.#isPressed = true
    this.changed.ring()
  }

  /** Is what was read to be committed now? Said once. */
  get isPressed(): boolean {
    return this.#isPressed
  }

  /** The batch is being committed. */
  released(): void {
    this.#isPressed = false
  }

  /** Others have their turn before an item. */
  postpone(item: Item): void {
    this.#waiting.push(item)
  }

  /** An item has its turn again behind something. No inbox is closed before. */
  defer(item: Item, until: Promise<unknown>): void {
    const back = (items: ReadonlyArray<Item>) => {
      this.#deferred--
      this.#waiting.push(...items)
      this.changed.ring()
    }
    this.#deferred++
    // Where the session has ended, the next one begins with all items.
    until.then(
      () => back([item]),
      () => back([])
    )
  }

  /** Nothing more of an item is read now: it comes again with its messages. */
  leave(item: Item): void {
    this.#items.delete(item.wanted.shard)
  }

  /** All pages of an item were given, or there is nothing of it that the log does not have. */
  read(item: Item): void {
    item.isRead = true
    this.#look(item)
  }

  /** These shards stand so now. */
  committed(positions: ReadonlyMap<string, ReadPosition>): void {
    for (const [shard, position] of positions) {
      const item = this.#items.get(shard)
      if (item === undefined) continue
      item.committed(position)
      if (lossOf(position) !== undefined && !isDone(position)) {
        item.claim = null
        this.#waiting.push(item)
        this.changed.ring()
      }
      this.#look(item)
    }
  }

  /** @param failure why no more comes; null: there is no more */
  close(failure: Error | null): void {
    this.#isClosed = true
    this.#failure = failure
    this.changed.ring()
  }

  #look(item: Item): void {
    if (!item.isSettled) return
    this.#items.delete(item.wanted.shard)
    this.#settled(item)
  }
}
