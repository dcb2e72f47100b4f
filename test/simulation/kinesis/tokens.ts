/**
 * Where an iterator stands in its shard: before the record with this index (counted from the shard's first, trimmed ones included), at the horizon
 * wherever that is by then, or nowhere, at a position that was trimmed.
 */
export type Place = number | "horizon" | "nowhere"

/** What an iterator says. Iterators that follow from each other are one chain; `step` counts its pages. */
export interface Iterator {
  readonly stream: string
  readonly shardId: string
  readonly chain: number
  readonly step: number
  readonly issuedAt: number
  readonly place: Place
}

// Stateless, as the service's own: all that an iterator means is in its text. A consumer must not look into it.
export const writeIterator = (it: Iterator): string =>
  `iterator/${it.stream}/${it.shardId}/${it.chain}/${it.step}/${it.issuedAt}/${it.place}`

/** Null for what no service gave. */
export const readIterator = (text: string): Iterator | null => {
  const [kind, stream, shardId, chain, step, issuedAt, place, ...rest] = text.split("/")
  if (kind !== "iterator" || stream === undefined || shardId === undefined || place === undefined || rest.length > 0) return null
  return {
    stream,
    shardId,
    chain: Number(chain),
    step: Number(step),
    issuedAt: Number(issuedAt),
    place: place === "horizon" || place === "nowhere" ? place : Number(place)
  }
}

/** Where the next page of ListShards begins: with the shard of this index. */
export interface NextToken {
  readonly stream: string
  readonly from: number
  readonly issuedAt: number
}

export const writeNextToken = (token: NextToken): string => `shards/${token.stream}/${token.from}/${token.issuedAt}`

/** Null for what no service gave. */
export const readNextToken = (text: string): NextToken | null => {
  const [kind, stream, from, issuedAt, ...rest] = text.split("/")
  if (kind !== "shards" || stream === undefined || issuedAt === undefined || rest.length > 0) return null
  return { stream, from: Number(from), issuedAt: Number(issuedAt) }
}
