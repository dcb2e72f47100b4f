/** Who is denied again later than this is denied anew. */
const forgottenMillis = 12 * 3_600_000
/** What is remembered: some MiB. */
const most = 20_000

/**
 * Since when S3 has denied objects to this process. How often a message was given out says nothing of that: processes end, and batches take long, for other
 * reasons, and who reads something else of the queue gives back what is not theirs.
 */
export class Denials {
  /** By shard, in the order of the latest denial. */
  readonly #denied = new Map<string, { readonly since: number; readonly latest: number }>()

  /** An object is denied now, in milliseconds since 1970. @returns since when it has been */
  denied(shard: string, now: number): number {
    for (const [old, { latest }] of this.#denied) {
      if (now - latest < forgottenMillis) break
      this.#denied.delete(old)
    }
    const since = this.#denied.get(shard)?.since ?? now
    this.#denied.delete(shard)
    // Where there is no room, those that are remembered come to their end first.
    if (this.#denied.size < most) this.#denied.set(shard, { since, latest: now })
    return since
  }

  /** It is denied for good. */
  forget(shard: string): void {
    this.#denied.delete(shard)
  }
}
