import type { Feed } from "../record/feed.ts"
import { comparePositions, type Position, type Positions, type ShardPosition } from "../record/position.ts"
import { deadLetterDomain, positionPrefix, replayDomain, stageDomain } from "./log-keys.ts"

/**
 * Positions stand in the commits themselves, one `domainMetadata` per shard, so that a batch's rows and its positions become visible by the
 * same atomic append, and two owners of one shard conflict by the format's own rules. Those of files at rest leave the log, see `retired.ts`: what is
 * here knows of the others only.
 */

/**
 * A replay takes one file of dead letters at a time, with two commits: stage gets the rows, then the dead letters lose them. `last` says what
 * the first of the two took, so that a replay which finds that file still there knows that only the second is missing.
 */
export interface ReplayState {
  /** Rows that replays have added to the stage table since it began. */
  readonly rows: number
  /** File of dead letters last replayed, and the places (from 0) of those in it that became rows. */
  readonly last: { readonly file: string; readonly replayed: ReadonlyArray<number> } | null
}

export const replayState = (domains: ReadonlyMap<string, string>): ReplayState => {
  const configuration = domains.get(replayDomain)
  return configuration === undefined ? { rows: 0, last: null } : JSON.parse(configuration)
}

export interface StoredPosition {
  readonly source: string
  readonly shard: string
  readonly position: ShardPosition
}

/** The position that a domain's configuration text holds; written by `JSON.stringify` of the same type. */
export const parsePosition = (configuration: string): ShardPosition => JSON.parse(configuration)

/** All positions of a table, from the domains of its snapshot. `source` is `<dataset>.<source>` for dead letters. */
export const storedPositions = (domains: ReadonlyMap<string, string>): ReadonlyArray<StoredPosition> =>
  [...domains].flatMap(([domain, configuration]) => {
    if (!domain.startsWith(positionPrefix)) return []
    const slash = domain.indexOf("/", positionPrefix.length)
    return [{ source: domain.slice(positionPrefix.length, slash), shard: domain.slice(slash + 1), position: parsePosition(configuration) }]
  })

/**
 * Positions of the dead letters of a dataset, `source` being the dataset's own. In the order of shards: who looks for each in stage has no page of
 * retired positions fetched twice.
 */
export const storedLetterPositions = (domains: ReadonlyMap<string, string>, dataset: string): ReadonlyArray<StoredPosition> => {
  const prefix = `${dataset}.`
  return storedPositions(domains)
    .flatMap((stored) => (stored.source.startsWith(prefix) ? [{ ...stored, source: stored.source.slice(prefix.length) }] : []))
    .sort((a, b) => (a.shard < b.shard ? -1 : 1))
}

/** Positions of one source, each parsed when it is asked for, and the shards that have one. */
export const positionsOf = (
  domains: ReadonlyMap<string, string>,
  source: string
): Positions & { readonly keys: () => Iterable<string> } => {
  const begin = stageDomain(source, "")
  return {
    get: (shard) => {
      const configuration = domains.get(begin + shard)
      return configuration === undefined ? undefined : parsePosition(configuration)
    },
    keys: () => [...domains.keys()].flatMap((domain) => (domain.startsWith(begin) ? [domain.slice(begin.length)] : []))
  }
}

/**
 * Where the dead letters of a shard stand if that is further than stage: a process died between its two commits, or is between them.
 *
 * @param domains of `dead_letters`
 * @param stage where the shard stands in the stage of the dataset, wherever that is kept
 */
export const lettersBeyond = (domains: ReadonlyMap<string, string>, feed: Feed, stage: Position | undefined): ShardPosition | undefined => {
  const letters = domains.get(deadLetterDomain(feed))
  if (letters === undefined) return undefined
  const position = parsePosition(letters)
  return isBeyond(position, stage) ? position : undefined
}

/** Has stage yet to come to this position? */
export const isBeyond = (position: Position, stage: Position | undefined): boolean =>
  stage === undefined || comparePositions(position, stage) > 0

/** Rows that replays have added to a stage table since it began. */
export const replayedRows = (domains: ReadonlyMap<string, string>): number => replayState(domains).rows
