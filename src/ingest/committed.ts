import { Effect } from "effect"
import type { PositionReader, StoredAt } from "../lake/position-reader.ts"
import { lettersBeyond } from "../lake/positions.ts"
import { SourceError } from "../record/source-error.ts"
import type { Committed, Resume, Source } from "../source/source.ts"
import type { TableError } from "../table/errors.ts"
import { type Tables, viewOf } from "./tables.ts"

/**
 * Tells a source what this process knows to be committed of a shard: at once, unless its position has retired to an object that must be fetched.
 *
 * @param run runs what fetches it, by the clock and the rules of the fiber that reads
 */
export const finder =
  (
    tables: Tables,
    reader: PositionReader,
    dataset: string,
    { name, location }: Source,
    run: <A, E>(effect: Effect.Effect<A, E>) => Promise<A>
  ): NonNullable<Resume["find"]> =>
  (shard) => {
    const { stage, deadLetters } = viewOf(tables)
    const told = (stored: StoredAt | null): Committed => ({
      position: stored?.position,
      hasRetired: stored?.hasRetired === true,
      ahead: lettersBeyond(deadLetters.domains, { dataset, source: name, shard }, stored?.position)
    })
    const atHand = reader.atHand(stage.domains, name, shard)
    if (atHand !== undefined) return told(atHand)
    const failed = ({ reason, problem, hint, cause }: TableError) =>
      new SourceError({
        source: name,
        reason: reason === "Store" ? "Unavailable" : "Unreadable",
        location,
        detail: `How far its files were read cannot be told: ${problem}`,
        hint,
        cause
      })
    return run(Effect.mapError(reader.find(stage.domains, name, shard), failed)).then(told)
  }
