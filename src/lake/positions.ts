import type { Positions, ShardPosition } from "../record/position.ts"

/**
 * Positions stand in the commits themselves, one `domainMetadata` per shard, so that a batch's rows and its positions become visible by the
 * same atomic append, and two owners of one shard conflict by the format's own rules.
 */
const prefix = "sluice.position/"

/** Domain of a shard's position in a stage table. */
export const stageDomain = (source: string, shard: string): string => `${prefix}${source}/${shard}`

/** Domain of a shard's position in `dead_letters`, which all datasets share: the dataset is part of the name. */
export const deadLetterDomain = (dataset: string, source: string, shard: string): string => `${prefix}${dataset}.${source}/${shard}`

/** Domain in a stage table that says how far replays of dead letters have come. */
export const replayDomain = "sluice.replay"

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
    if (!domain.startsWith(prefix)) return []
    const slash = domain.indexOf("/", prefix.length)
    return [{ source: domain.slice(prefix.length, slash), shard: domain.slice(slash + 1), position: parsePosition(configuration) }]
  })

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

/** Rows that replays have added to a stage table since it began. */
export const replayedRows = (domains: ReadonlyMap<string, string>): number => replayState(domains).rows
