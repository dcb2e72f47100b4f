import { randomBytes } from "node:crypto"
import { type Answer, hitMethods, hitsAnswer, type ItemResult, pixelAnswer, problemAnswer } from "./answers.ts"
import { apiKeys, givenKey } from "./api-keys.ts"
import { type BodyForm, bodyForm, type Encoding, encodingOf, hitsIn } from "./body.ts"
import { clientAddress, holderOf } from "./client-address.ts"
import { type Cors, corsOf, preflight } from "./cors.ts"
import { addTo, type CollectCounts } from "./counts.ts"
import { type Enveloped, enveloped, type HitRecord, headerText, recordsOf, type Sender, wireText } from "./envelope.ts"
import { formHit, type Hit, type HitProblem, hitProblems } from "./hit.ts"
import { type CollectOptions, defaultOptions, maxUrlBytes } from "./options.ts"
import { RateLimit } from "./rate-limit.ts"

/** A request without its body, wherever it came in. */
export interface CollectRequest {
  readonly method: string
  /** Exactly as it came: what is not one of the paths is none, however it could be read. */
  readonly path: string
  readonly query: string
  /** By name in lower case; of several of one name, with a comma between. */
  header(name: string): string | undefined
  /** Who holds the connection. */
  readonly remote: string
}

/** The body must be read first. */
export interface Reading {
  readonly kind: "reading"
  readonly encoding: Encoding
  /** @param body unpacked */
  readonly read: (body: Buffer) => Taken | Refused
  readonly refuse: (why: "unreadable" | "too-large") => Refused
}

/** There is nothing to put. */
export interface Refused {
  readonly kind: "answer"
  readonly answer: Answer
}

/** Hits that must be put before there is an answer. */
export interface Taken {
  readonly kind: "taken"
  readonly records: ReadonlyArray<HitRecord>
  /** @param isStored of each record, is it in the stream? */
  readonly answer: (isStored: ReadonlyArray<boolean>) => Answer
}

/** Paths that take hits. */
export const hitPaths = ["/collect", "/batch"] as const

/** Most that the collector adds to a hit. With it, and with its key, a hit of 1,000,000 bytes is within the MiB of a record of Kinesis. */
const envelopeBytes = 47_000

/** A key of a client is no longer. */
const mostKey = 256

/** What a request is, and what it is answered: everything but the connection it came over and the stream that its hits go to. */
export class Collector {
  readonly options: CollectOptions
  readonly counts: CollectCounts
  readonly #now: () => number
  readonly #cors: Cors
  readonly #isKey: (given: string) => boolean
  readonly #rate: RateLimit
  /** With a number behind it, unique over all collectors. */
  readonly #process = randomBytes(9).toString("base64url")
  #requests = 0

  /** @param now milliseconds since 1970 */
  constructor(options: CollectOptions, counts: CollectCounts, now: () => number) {
    this.options = options
    this.counts = counts
    this.#now = now
    this.#cors = corsOf(options.origins)
    this.#isKey = apiKeys(options.apiKeys)
    this.#rate = new RateLimit(options.hitsPerSecond)
  }

  /** What an answer says to pages of other origins. */
  corsFor(request: CollectRequest): Readonly<Record<string, string>> {
    return this.#cors(request.header("origin"))
  }

  /** Begins with a request to one of {@link hitPaths}. */
  begin(request: CollectRequest): Reading | Taken | Refused {
    const { method } = request
    if (method === "OPTIONS") return refused(preflight("access-control-allow-origin" in this.corsFor(request)))
    // Somebody looks whether it is there.
    if (method === "HEAD") return refused({ ...pixelAnswer, body: "" })
    const isGet = method === "GET"
    if (!isGet && method !== "POST")
      return refused(problemAnswer(405, "this method is not for hits", `Use one of ${hitMethods}.`, { allow: hitMethods }))
    if (isGet && request.path !== "/collect")
      return refused(problemAnswer(405, "hits of a batch are posted", "Use POST.", { allow: "OPTIONS, POST" }))
    const given = givenKey(request.header("x-api-key"), request.header("authorization"))
    const isTrusted = given !== undefined && this.options.apiKeys.length > 0 && this.#isKey(given)
    if (!isTrusted && this.options.apiKeys.length > 0 && (given !== undefined || this.options.requireApiKey)) {
      const headers = { "www-authenticate": 'Bearer realm="collect"' }
      return refused(
        problemAnswer(
          401,
          given === undefined ? "there is no API key" : "the API key is not known",
          "Send one that is, as X-Api-Key.",
          headers
        )
      )
    }
    const idempotencyKey = headerText(request.header("idempotency-key"))
    if (idempotencyKey.length > mostKey)
      return refused(problemAnswer(400, "the Idempotency-Key is too long", `Keep to ${mostKey} characters.`))
    const address = clientAddress(request.remote, request.header("x-forwarded-for"), this.options.trustedProxies)
    const at = this.#now()
    const caller = isTrusted ? `key ${given}` : `address ${address === null ? "" : holderOf(address)}`
    const seconds = this.#rate.wait(caller, at)
    if (seconds > 0)
      return refused(problemAnswer(429, "too many hits", `Send fewer, and this in ${seconds} s.`, { "retry-after": String(seconds) }))
    const wantsJson = /\bapplication\/json\b/i.test(request.header("accept") ?? "")
    const sender = (): Sender => ({
      id: `${this.#process}-${(this.#requests++).toString(36)}`,
      at: this.#now(),
      address,
      userAgent: headerText(request.header("user-agent")),
      hints: hintsOf(request),
      referer: headerText(request.header("referer")),
      idempotencyKey,
      signals: signalsOf(request),
      isTrusted
    })
    const take = (hits: ReadonlyArray<Hit | HitProblem>, isBatch: boolean): Taken =>
      this.#take(hits, isBatch, sender(), method, wantsJson, caller)
    const { privacy } = this.options
    const keepsUser = privacy !== "anonymise" || signalsOf(request).length === 0
    if (isGet) return this.#ofQuery(request.query, keepsUser, take)
    const form = bodyForm(request.header("content-type"))
    const encoding = encodingOf(request.header("content-encoding"))
    if (form === null)
      return refused(
        problemAnswer(415, "hits are not taken in this content type", "Use a form, JSON, NDJSON or plain text, in UTF-8.", {
          accept: "application/x-www-form-urlencoded, application/json, application/x-ndjson, text/plain"
        })
      )
    if (encoding === null)
      return refused(
        problemAnswer(415, "this content encoding is not known", "Use gzip, deflate, br, or none.", {
          "accept-encoding": "gzip, deflate, br"
        })
      )
    return {
      kind: "reading",
      encoding,
      read: (body) => this.#ofBody(body, form, request.path === "/batch", keepsUser, take),
      refuse: (why) => refused(bodyProblem(why, this.options.maxBodyBytes))
    }
  }

  #ofQuery(query: string, keepsUser: boolean, take: (hits: ReadonlyArray<Hit | HitProblem>, isBatch: boolean) => Taken): Taken | Refused {
    if (query.length > maxUrlBytes) return refused(problemAnswer(414, "the URL is too long", `Keep to ${maxUrlBytes} bytes, or use POST.`))
    const line = wireText(query)
    return take([line === null ? "not-utf8" : formHit(line, keepsUser)], false)
  }

  #ofBody(
    body: Buffer,
    form: BodyForm,
    isBatch: boolean,
    keepsUser: boolean,
    take: (hits: ReadonlyArray<Hit | HitProblem>, isBatch: boolean) => Taken
  ): Taken | Refused {
    const { maxBatchHits } = this.options
    const hits = hitsIn(form, body, { isBatch, keepsUser, maxHits: maxBatchHits })
    if (typeof hits !== "string") return take(hits, isBatch || hits.length > 1)
    addTo(this.counts.refused, hits)
    const isMany = hits === "too-many"
    return refused(
      isMany
        ? problemAnswer(413, hitProblems[hits], `Send at most ${maxBatchHits} in one request.`)
        : problemAnswer(400, `there is no hit to be read: ${hitProblems[hits]}`, "Send hits as a form, as JSON, or as lines of these.")
    )
  }

  #take(
    hits: ReadonlyArray<Hit | HitProblem>,
    isBatch: boolean,
    sender: Sender,
    method: string,
    wantsJson: boolean,
    caller: string
  ): Taken {
    const { counts, options } = this
    this.#rate.use(caller, hits.length, sender.at)
    const taken: Array<Enveloped> = []
    /** Of each hit what became of it, or the id of one of which the stream will say it. */
    const items: Array<ItemResult | string> = []
    let index = -1
    for (const hit of hits) {
      index++
      const problem = typeof hit === "string" ? hit : isLarger(hit.line, options.maxHitBytes) ? "too-large" : null
      if (problem !== null || typeof hit === "string") {
        const why = problem ?? "empty"
        addTo(counts.refused, why)
        items.push({ status: "refused", problem: why })
        continue
      }
      if (!sender.isTrusted && (hit.userAgent !== undefined || hit.userIp !== undefined)) counts.overrides++
      const own = enveloped(hit, isBatch ? index : null, sender, options)
      // A stream that refused it would refuse those of others that are put with it.
      if (isLarger(own.line, Math.max(options.maxHitBytes, defaultOptions.maxHitBytes) + envelopeBytes)) {
        addTo(counts.refused, "too-large")
        items.push({ status: "refused", problem: "too-large" })
        continue
      }
      const { isRobot, privacy } = own
      for (const signal of privacy) addTo(counts.privacy, signal)
      const [reason] = privacy
      if (reason !== undefined && options.privacy === "drop") {
        addTo(counts.dropped, reason)
        items.push({ status: "dropped", reason })
        continue
      }
      if (isRobot) counts.robots++
      taken.push(own)
      items.push(own.id)
    }
    return {
      kind: "taken",
      records: recordsOf(taken),
      answer: (isStored) => {
        let next = 0
        const results = items.map((item): ItemResult => {
          if (typeof item !== "string") return item
          if (isStored[next++] !== true) {
            counts.unavailable++
            return { status: "unavailable" }
          }
          counts.stored++
          return { status: "stored", id: item }
        })
        return hitsAnswer(method, wantsJson, results)
      }
    }
  }
}

/** A character is at most three bytes. */
const isLarger = (line: string, bytes: number): boolean => line.length * 3 > bytes && Buffer.byteLength(line) > bytes

const refused = (answer: Answer): Refused => ({ kind: "answer", answer })

const bodyProblem = (why: "unreadable" | "too-large", maxBodyBytes: number): Answer =>
  why === "too-large"
    ? problemAnswer(413, "the body is too large", `Keep to ${maxBodyBytes} bytes, unpacked as well.`)
    : problemAnswer(400, "the body cannot be unpacked", "Send it whole, in the encoding that Content-Encoding says.")

const hintsOf = (request: CollectRequest): string => {
  const hints = headerText(request.header("sec-ch-ua"))
  if (hints === "") return ""
  return [hints, headerText(request.header("sec-ch-ua-mobile")), headerText(request.header("sec-ch-ua-platform"))].join("; ")
}

const noSignals: ReadonlyArray<string> = []
const signalsOf = (request: CollectRequest): ReadonlyArray<string> => {
  const gpc = request.header("sec-gpc") === "1"
  const dnt = request.header("dnt") === "1"
  return gpc ? (dnt ? ["gpc", "dnt"] : ["gpc"]) : dnt ? ["dnt"] : noSignals
}
