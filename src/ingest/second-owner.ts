import { lettersBeyond, positionsOf } from "../lake/positions.ts"
import type { Feed } from "../record/feed.ts"
import { restingOf } from "../record/position.ts"
import type { Snapshot } from "../table/snapshot.ts"

/**
 * Who owns a shard is not written down anywhere: whoever commits it does. So one that stands otherwise in either table than a process knew has a
 * second owner, and all that was read of it since is void. Pure decisions over what both tables say of positions.
 */

/** The two tables that hold positions, as they stand at one time. */
export interface View {
  readonly stage: Snapshot
  readonly deadLetters: Snapshot
}

type Domains = Pick<Snapshot, "domains">

/**
 * What both tables say of a shard, as text to compare: the same whether its position has retired or not.
 *
 * @param stored where it stands in stage, for a source whose positions retire
 */
export const standOf = (
  feed: Feed,
  { stage, deadLetters }: { readonly stage: Domains; readonly deadLetters: Domains },
  stored = positionsOf(stage.domains, feed.source).get(feed.shard)
): string => JSON.stringify([stored && restingOf(stored), lettersBeyond(deadLetters.domains, feed, stored)])

/**
 * The shards that have a second owner, in the order in which they are known.
 *
 * @param known how each stood when it was last seen or committed; null: the commit of the batch before, which is on its way, answers for it
 * @param now how one stands
 */
export const movedShards = (
  known: Iterable<readonly [shard: string, stand: string | null]>,
  now: (shard: string) => string
): ReadonlyArray<string> => [...known].flatMap(([shard, stand]) => (stand === null || stand === now(shard) ? [] : [shard]))
