import type { KinesisReason } from "../../../src/stream/kinesis/api.ts"
import type { Operation, operations } from "./faults.ts"
import type { SimulatedShard } from "./shard.ts"
import type { Iterator } from "./tokens.ts"

/**
 * What the service lets pass, but a consumer should not do:
 * - `iterator-reused`: asked again with an iterator whose answer it had, though that answer was usable. It gets the same records twice.
 * - `child-before-parent`: got records of a shard while the end of one of its parents, which somebody reads, has reached nobody.
 * - `throttled-in-a-row`: kept asking a shard that refuses for its rate.
 */
export type Rule = "iterator-reused" | "child-before-parent" | "throttled-in-a-row"

export interface Violation {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly rule: Rule
  readonly shardId: string
  readonly detail: string
}

export interface CallCounts {
  calls: number
  /** By reason, injected faults included. */
  readonly failed: { [reason in KinesisReason]?: number }
}

/** Counts calls, and notes what a consumer did against the rules. */
export class Watch {
  readonly counts: { readonly [operation in Operation]: CallCounts }
  readonly violations: Array<Violation> = []
  private readonly throttlesAllowed: number
  /** Per chain of iterators: the step that the consumer may ask for. */
  private readonly steps = new Map<number, number>()
  private readonly orphans = new Set<string>()

  constructor(throttlesAllowed: number) {
    this.throttlesAllowed = throttlesAllowed
    const none = (): CallCounts => ({ calls: 0, failed: {} })
    this.counts = {
      DescribeStreamSummary: none(),
      ListShards: none(),
      GetShardIterator: none(),
      GetRecords: none(),
      PutRecords: none()
    } satisfies Record<(typeof operations)[number], CallCounts>
  }

  failed(operation: Operation, reason: KinesisReason): void {
    const { failed } = this.counts[operation]
    failed[reason] = (failed[reason] ?? 0) + 1
  }

  asked(iterator: Iterator, now: number): void {
    if (iterator.step < (this.steps.get(iterator.chain) ?? 0))
      this.violated(now, "iterator-reused", iterator.shardId, `page ${iterator.step} of its iterator had been delivered`)
  }

  throttled(shard: SimulatedShard, now: number): void {
    shard.seen.throttled++
    if (++shard.seen.throttledInARow === this.throttlesAllowed + 1)
      this.violated(now, "throttled-in-a-row", shard.shardId, `refused more than ${this.throttlesAllowed} times without a page in between`)
  }

  delivered(shard: SimulatedShard, iterator: Iterator, records: number, end: boolean, now: number): void {
    this.steps.set(iterator.chain, iterator.step + 1)
    shard.seen.pages++
    shard.seen.throttledInARow = 0
    if (end) shard.seen.end = true
    if (records === 0 || this.orphans.has(shard.shardId)) return
    const unread = shard.parents.find((parent) => parent.seen.pages > 0 && !parent.seen.end && !parent.expired(now))
    if (unread === undefined) return
    this.orphans.add(shard.shardId)
    this.violated(now, "child-before-parent", shard.shardId, `the end of ${unread.shardId} has not been read`)
  }

  private violated(at: number, rule: Rule, shardId: string, detail: string): void {
    this.violations.push({ at, rule, shardId, detail })
  }
}
