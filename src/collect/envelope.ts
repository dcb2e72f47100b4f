import { isUtf8 } from "node:buffer"
import { hash } from "node:crypto"
import { isbot } from "isbot"
import { hitEnvelope } from "../contract/hit-envelope.ts"
import { networkOf, plainAddress } from "./client-address.ts"
import type { Hit } from "./hit.ts"
import type { CollectOptions } from "./options.ts"
import { remembered } from "./remembered.ts"

/** What a request says of all its hits. */
export interface Sender {
  readonly id: string
  /** When it came, milliseconds since 1970. */
  readonly at: number
  readonly address: string | null
  readonly userAgent: string
  readonly hints: string
  readonly referer: string
  readonly idempotencyKey: string
  /** `gpc`, `dnt`: what it asks of its privacy. */
  readonly signals: ReadonlyArray<string>
  /** It came with an API key. */
  readonly isTrusted: boolean
}

/** A hit as it is put. */
export interface HitRecord {
  readonly id: string
  readonly partitionKey: string
  readonly data: Buffer
}

/** A hit with what the collector says of it. */
export interface Enveloped {
  readonly id: string
  readonly partitionKey: string
  /** What is put. */
  readonly line: string
  readonly isRobot: boolean
  readonly privacy: ReadonlyArray<string>
}

/** Of a header so many characters are kept. */
const mostKept = 4_096

/** The text of what came as bytes, each as a character; null: it is none. */
export const wireText = (wire: string): string | null => {
  if (!/[^\t -~]/.test(wire)) return wire
  // A gateway has read it already.
  if (/[^\0-\xff]/.test(wire)) return wire.isWellFormed() ? wire : null
  const bytes = Buffer.from(wire, "latin1")
  return isUtf8(bytes) ? bytes.toString("utf8") : null
}

/** The text of a header; empty where there is none. */
export const headerText = (header: string | undefined): string => {
  if (header === undefined) return ""
  const kept = header.length > mostKept ? header.slice(0, mostKept) : header
  return wireText(kept) ?? kept.toWellFormed()
}

/** Who is one says so at the beginning. */
const isRobot = remembered((userAgent) => isbot(userAgent.slice(0, 1_024)))
const escaped = remembered(encodeURIComponent)

/** Most characters that a partition key may have. */
const mostKeyed = 256

/** A hit as it is put: what the client said, and behind it what the collector says. @param index in its batch; null: it came alone */
export const enveloped = (hit: Hit, index: number | null, sender: Sender, { clientIp, privacy }: CollectOptions): Enveloped => {
  const { signals, isTrusted } = sender
  const asked = hit.anonymiseIp ? [...signals, "aip"] : signals
  const id = index === null ? sender.id : `${sender.id}.${index}`
  const userAgent = isTrusted && hit.userAgent !== undefined ? hit.userAgent.slice(0, mostKept).toWellFormed() : sender.userAgent
  const address = (isTrusted && hit.userIp !== undefined ? plainAddress(hit.userIp) : null) ?? sender.address
  const isAnonymous = privacy === "anonymise" && asked.length > 0
  const robot = userAgent !== "" && isRobot(userAgent)
  const key = keyOf(hit, index, sender)
  let line = `${hit.line}&${hitEnvelope.receivedAt}=${sender.at}&${hitEnvelope.hitId}=${id}`
  if (key !== "") line += `&${hitEnvelope.idempotencyKey}=${encodeURIComponent(key)}`
  if (address !== null && clientIp !== "none") {
    const kept = clientIp === "network" || isAnonymous ? networkOf(address) : address
    line += `&${hitEnvelope.userIp}=${kept}`
  }
  if (userAgent !== "") line += `&${hitEnvelope.userAgent}=${escaped(userAgent)}`
  if (sender.hints !== "") line += `&${hitEnvelope.clientHints}=${escaped(sender.hints)}`
  if (sender.referer !== "") {
    // A query may say who somebody is.
    const referer = isAnonymous ? sender.referer.replace(/[?#].*$/s, "") : sender.referer
    line += `&${hitEnvelope.referer}=${encodeURIComponent(referer)}`
  }
  if (robot) line += `&${hitEnvelope.isRobot}=1`
  if (asked.length > 0) line += `&${hitEnvelope.privacy}=${asked.join(",")}`
  const owner = hit.clientId ?? hit.userId ?? id
  // Also in bytes it must be a key of the stream.
  const partitionKey = owner.length > mostKeyed ? hash("md5", owner) : owner.toWellFormed()
  return { id, partitionKey, line, isRobot: robot, privacy: asked }
}

/** The hits of a request as they are put. */
export const recordsOf = (hits: ReadonlyArray<Enveloped>): ReadonlyArray<HitRecord> => {
  if (hits.length === 1) return hits.map(({ id, line, partitionKey }) => ({ id, partitionKey, data: Buffer.from(line) }))
  let lines = ""
  for (const { line } of hits) lines += line
  const bytes = Buffer.from(lines)
  // Nearly always a character is a byte: then all have been written at once.
  const isPlain = bytes.length === lines.length
  let end = 0
  return hits.map(({ id, line, partitionKey }) => {
    const from = end
    end += line.length
    return { id, partitionKey, data: isPlain ? bytes.subarray(from, end) : Buffer.from(line) }
  })
}

/** Most characters of what tells a hit that is sent again; of more a digest does. */
const mostTelling = 512

/** What a hit has in common with itself sent again. */
const keyOf = ({ cacheBuster, clientId, messageId }: Hit, index: number | null, { idempotencyKey }: Sender): string => {
  if (idempotencyKey !== "") return index === null ? idempotencyKey : `${idempotencyKey}.${index}`
  const said = cacheBuster !== undefined && clientId !== undefined ? `${clientId}.${cacheBuster}` : (messageId ?? "")
  return said.length > mostTelling ? hash("sha256", said) : said
}
