import type { Effect } from "effect"
import type { CallFailed } from "../../record/aws-call.ts"

/**
 * The part of Simple Queue Service that Sluice uses, as plain values, of one queue. One implementation speaks to AWS (`aws-sqs.ts`), another is simulated
 * (`test/simulation/`). A queue delivers at least once and in any order: a message comes again unless it is removed before it is visible again.
 */
export interface QueueApi {
  /** URL of the queue, as the service names it. */
  readonly url: string
  /** Waits until there are messages, up to `waitSeconds` (0 to 20). Gives up to `most` (1 to 10), which nobody else sees for `visibleAfter` seconds (0 to 43,200). */
  readonly receive: (options: {
    readonly most: number
    readonly waitSeconds: number
    readonly visibleAfter: number
  }) => Effect.Effect<ReadonlyArray<QueueMessage>, CallFailed>
  /**
   * Hides messages for so many seconds from now on. Up to 10 receipts.
   * @returns receipts for which it was not done: those messages may be somebody else's by now
   */
  readonly hide: (receipts: ReadonlyArray<string>, visibleAfter: number) => Effect.Effect<ReadonlyArray<string>, CallFailed>
  /** Removes messages for good. Up to 10 receipts. @returns receipts for which it was not done */
  readonly remove: (receipts: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<string>, CallFailed>
}

export interface QueueMessage {
  readonly id: string
  /** Of this delivery: what the message is removed by. */
  readonly receipt: string
  readonly body: string
  /** When it was sent, milliseconds since 1970. */
  readonly sentAt: number
  /** How often it has been given out by now, this time included; approximate. */
  readonly received: number
}
