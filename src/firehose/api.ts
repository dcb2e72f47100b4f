import type { Effect } from "effect"
import type { CallFailed } from "../record/aws-call.ts"

/**
 * The part of Amazon Data Firehose that Sluice uses, as plain values. One implementation speaks to AWS (`aws-firehose.ts`), another is a fake with Firehose's
 * limits (`test/firehose/`).
 */
export interface FirehoseApi {
  /**
   * Puts records into a delivery stream: at most {@link putLimits}. A failure leaves open whether it has them.
   *
   * @returns of each record why it was not taken, as the service names it; null: it was
   */
  readonly putRecordBatch: (stream: string, records: ReadonlyArray<Uint8Array>) => Effect.Effect<ReadonlyArray<string | null>, CallFailed>
}

/** What one call takes: records, their bytes together, and bytes of each, before they are encoded for the way. */
export const putLimits = { records: 500, bytes: 4 * 1024 * 1024, recordBytes: 1000 * 1024 } as const
