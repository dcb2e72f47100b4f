import { snakeCase } from "./names.ts"

/**
 * What the collector says of a hit beside what the hit says itself: parameters of the same form-encoded line, behind those of the client. A contract takes them as
 * fields under the key given here that were `formerly` called by the name: `receivedAt: timestamp("…", { formerly: ["_c_at"], from: … })`.
 *
 * Formats find a field by the name of its column as well. So a client can set neither: the collector leaves out what a client sends under one of these names, the
 * name of one of these columns, or anything else that begins with the prefix.
 */
export const hitEnvelope = {
  /** When the collector had the hit, milliseconds since 1970. Always there. */
  receivedAt: "_c_at",
  /** The hit, unique over all collectors: `<id of the request>`, in a batch `<id of the request>.<index>`. Always there. A client that sends again has another. */
  hitId: "_c_id",
  /** What tells that two hits are one that was sent again: `Idempotency-Key` (in a batch with `.<index>`), else `z` with `cid`, else `messageId`. Absent without any. */
  idempotencyKey: "_c_key",
  /** Address of the client as the setting has it: whole, its network (/24, /48), or absent. Behind trusted proxies that of the first that is not trusted; `uip` with an API key. */
  userIp: "_c_ip",
  /** `User-Agent`; `ua` with an API key. Absent where the client has none. */
  userAgent: "_c_ua",
  /** `Sec-CH-UA`, `Sec-CH-UA-Mobile` and `Sec-CH-UA-Platform` as they came, with `; ` between. Absent where the client sends none. */
  clientHints: "_c_ch",
  /** `Referer`: the page, whatever `dl` says. */
  referer: "_c_rf",
  /** `1` where the user agent is a robot's; else absent. */
  isRobot: "_c_bot",
  /** What the client asks of its privacy: `gpc`, `dnt`, `aip`, with a comma between; else absent. What was done about it is the setting's. */
  privacy: "_c_privacy"
} as const

/** Names that begin with it are the collector's. */
export const envelopePrefix = "_c_"

const columns: ReadonlySet<string> = new Set(Object.keys(hitEnvelope).map(snakeCase))

/** Is a parameter one that only the collector sets, as formats compare names? */
export const isOfEnvelope = (name: string): boolean => {
  const column = snakeCase(name)
  return column.startsWith(envelopePrefix) || columns.has(column)
}
