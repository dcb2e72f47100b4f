import { Effect } from "effect"
import type { PositionReader, StoredAt } from "../lake/position-reader.ts"
import { lettersBeyond } from "../lake/positions.ts"
import type { Feed } from "../record/feed.ts"
import { SourceError } from "../record/source-error.ts"
import type { Committed, Resume, Source } from "../source/source.ts"
import type { TableError } from "../table/errors.ts"
import type { Told } from "./first-come.ts"
import { standOf } from "./second-owner.ts"
import { type Tables, viewOf } from "./tables.ts"

/**
 * Tells a source what this process knows to be committed of a shard: at once, unless its position has retired to an object that must be fetched.
 *
 * @param run runs what fetches it, by the clock and the rules of the fiber that reads
 * @param told is given how the shard stands, for a source whose shards nobody owns
 */
export const finder =
  (
    tables: Tables,
    reader: PositionReader,
    dataset: string,
    { name, location }: Source,
    run: <A, E>(effect: Effect.Effect<A, E>) => Promise<A>,
    told: Told | null
  ): NonNullable<Resume["find"]> =>
  (shard) => {
    const { stage, deadLetters } = viewOf(tables)
    const feed: Feed = { dataset, source: name, shard }
    const tell = (stored: StoredAt | null): Committed => {
      told?.tell(shard, standOf(feed, { stage, deadLetters }, stored?.position))
      return {
        position: stored?.position,
        hasRetired: stored?.hasRetired === true,
        ahead: lettersBeyond(deadLetters.domains, feed, stored?.position)
      }
    }
    const atHand = reader.atHand(stage.domains, name, shard)
    if (atHand !== undefined) return tell(atHand)
    const failed = ({ reason, problem, hint, cause }: TableError) =>
      new SourceError({
        source: name,
        reason: reason === "Store" ? "Unavailable" : "Unreadable",
        location,
        detail: `How far its files were read cannot be told: ${problem}`,
        hint,
        cause
      })
    return run(Effect.mapError(reader.find(stage.domains, name, shard), failed)).then(tell)
  }
