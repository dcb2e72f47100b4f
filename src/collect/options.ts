/** What becomes of a hit whose client asks for privacy. */
export const privacyWays = ["ignore", "anonymise", "drop"] as const
/** What is kept of a client's address. */
export const addressWays = ["whole", "network", "none"] as const

/** What is taken, and what becomes of it. */
export interface CollectOptions {
  /** Origins whose pages may read answers; `*`: all, without credentials. */
  readonly origins: ReadonlyArray<string>
  /** `anonymise`: of the address the network alone, and for `Sec-GPC` and `DNT` no user id. `drop`: the hit is not stored. */
  readonly privacy: (typeof privacyWays)[number]
  readonly clientIp: (typeof addressWays)[number]
  /** Proxies of ours between clients and here. */
  readonly trustedProxies: number
  /** With one of them a client may say `ua` and `uip`. */
  readonly apiKeys: ReadonlyArray<string>
  readonly requireApiKey: boolean
  /** Hits a second of one key, or of one address without one, with bursts of two seconds; 0 bounds nothing. */
  readonly hitsPerSecond: number
  /** Largest hit, as form-encoded, without what the collector adds. */
  readonly maxHitBytes: number
  /** Largest body, both as it came and unpacked. */
  readonly maxBodyBytes: number
  readonly maxBatchHits: number
}

export const defaultOptions: CollectOptions = {
  origins: ["*"],
  privacy: "anonymise",
  clientIp: "network",
  trustedProxies: 0,
  apiKeys: [],
  requireApiKey: false,
  hitsPerSecond: 0,
  maxHitBytes: 1_000_000,
  maxBodyBytes: 5 * 1024 * 1024,
  maxBatchHits: 500
}

/** Longest URL. What is longer is no hit of GET. */
export const maxUrlBytes = 8_192
