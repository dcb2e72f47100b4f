import type { HitProblem } from "./hit.ts"

/** What a collector has counted, as plain numbers: a hit costs an addition. `metrics.ts` shows them. */
export interface CollectCounts {
  /** Requests by status of their answer; 0: the client left before. */
  readonly requests: Map<number, number>
  stored: number
  unavailable: number
  readonly refused: Map<HitProblem, number>
  readonly dropped: Map<string, number>
  /** Hits whose clients ask for privacy, by how they do. */
  readonly privacy: Map<string, number>
  robots: number
  /** Hits that said `ua` or `uip` without an API key. */
  overrides: number
  /** Bytes of bodies, as they came. */
  bytes: number
  /** Requests that were no HTTP, took too long or had too large a head, by the status that they were told. */
  readonly broken: Map<number, number>
  /** Connections that were closed at once, as there were too many. */
  connectionsRefused: number
}

export const noCounts = (): CollectCounts => ({
  requests: new Map(),
  stored: 0,
  unavailable: 0,
  refused: new Map(),
  dropped: new Map(),
  privacy: new Map(),
  robots: 0,
  overrides: 0,
  bytes: 0,
  broken: new Map(),
  connectionsRefused: 0
})

export const addTo = <K>(counts: Map<K, number>, key: K, n = 1): void => {
  counts.set(key, (counts.get(key) ?? 0) + n)
}
