/**
 * - `long`: 56 digits, beyond 2^53, with holes, and saying which shard they belong to, as those of the service do.
 * - `growing`: they begin with few digits and gain digits all the time, which the documented form (`0|[1-9]\d{0,128}`) permits. Whoever
 *   compares them as text, or as floating-point numbers, goes wrong soon. Those of two shards may be equal.
 */
export type SequenceNumberStyle = "long" | "growing"

const shardBits = 20n
const shardMask = (1n << shardBits) - 1n
const firstLong = 49_600n * 10n ** 51n
const most = 10n ** 100n
const starts = [0n, 7n, 95n, 990n]

/** The increasing sequence numbers of one shard. */
export class SequenceNumbers {
  private readonly style: SequenceNumberStyle
  private readonly ordinal: bigint
  private readonly random: () => number
  private current: bigint

  /** @param after what the shard's parents ended with, or null: a child's numbers are above those of its parents */
  constructor(style: SequenceNumberStyle, ordinal: number, after: bigint | null, random: () => number) {
    this.style = style
    this.ordinal = BigInt(ordinal)
    this.random = random
    if (style === "growing") this.current = after === null ? (starts[this.below(starts.length)] ?? 0n) : after
    else this.current = this.ofShard(after ?? firstLong)
    if (after !== null) this.next()
  }

  /** The last one that was given, at first the shard's starting sequence number. */
  get last(): bigint {
    return this.current
  }

  next(): bigint {
    if (this.style === "long") this.current = this.ofShard(this.current + (BigInt(1 + this.below(2 ** 32)) << 64n))
    else if (this.below(40) === 0 && this.current < most)
      this.current = 10n ** BigInt(this.current.toString().length) + BigInt(this.below(30))
    else this.current += BigInt(1 + this.below(30))
    return this.current
  }

  /** Whether a number could be one of this shard. */
  owns(sequenceNumber: bigint): boolean {
    return this.style === "growing" || (sequenceNumber & shardMask) === this.ordinal
  }

  private ofShard(value: bigint): bigint {
    return ((value >> shardBits) << shardBits) | this.ordinal
  }

  private below(bound: number): number {
    return Math.floor(this.random() * bound)
  }
}
