import { type HitProblem, hitProblems } from "./hit.ts"

/** What a request is answered. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Is each character of the body a byte? A text goes out in one write with its head, bytes of their own in two. */
  readonly isBinary?: boolean
  /** Does the connection end with it? */
  readonly closes?: boolean
}

/** A picture of one transparent pixel: what a page gets that asks for one. */
const pixel = Buffer.from("R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==", "base64").toString("latin1")

/** A proxy that kept an answer would keep the next hits. */
const notKept = { "cache-control": "no-store, no-cache, must-revalidate" } as const

export const pixelAnswer: Answer = {
  status: 200,
  headers: {
    ...notKept,
    "content-type": "image/gif",
    "content-length": String(pixel.length),
    // Pages that isolate themselves show no picture of another origin without it.
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff"
  },
  body: pixel,
  isBinary: true
}

export const emptyAnswer: Answer = { status: 204, headers: notKept, body: "" }

/** Hits of these methods. */
export const hitMethods = "GET, HEAD, OPTIONS, POST"
export const pageMethods = "GET, HEAD"

/** What became of one hit. */
export type ItemResult =
  | { readonly status: "stored"; readonly id: string }
  /** Not stored, as its client asks for privacy and the setting says so. */
  | { readonly status: "dropped"; readonly reason: string }
  | { readonly status: "refused"; readonly problem: HitProblem }
  /** It may be stored later; it may even be stored. */
  | { readonly status: "unavailable" }

const jsonAnswer = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer => {
  const body = `${JSON.stringify(value)}\n`
  return {
    status,
    headers: { ...notKept, "content-type": "application/json", "content-length": String(Buffer.byteLength(body)), ...headers },
    body
  }
}

/** An answer that says what is wrong. */
export const problemAnswer = (
  status: number,
  problem: string,
  hint: string,
  headers: Readonly<Record<string, string>> = {},
  closes = false
): Answer => ({ ...jsonAnswer(status, { error: { problem, hint } }, headers), closes })

/** Nothing was stored for now; whoever sends it again later may do better. */
export const laterAnswer = (problem: string, seconds: number, closes = false): Answer =>
  problemAnswer(503, problem, `Send it again in ${seconds} s.`, { "retry-after": String(seconds) }, closes)

/** Seconds after which a hit that could not be stored may be sent again. */
export const retrySeconds = 2

const itemJson = (item: ItemResult) =>
  item.status === "refused" ? { status: item.status, code: item.problem, problem: hitProblems[item.problem] } : item

/**
 * The answer for hits, in the order of the request. Where each was stored (or dropped, as it should be), one without words. With hits that cannot be stored whatever is done, all others
 * being stored, 200 and what became of each: it would not help to send the request again. Where hits may be stored later, 503, as nobody reads what a 2xx says beside; a client that asks for
 * JSON is told of each.
 */
export const hitsAnswer = (method: string, wantsJson: boolean, items: ReadonlyArray<ItemResult>): Answer => {
  const refused = items.filter(({ status }) => status === "refused").length
  const unavailable = items.filter(({ status }) => status === "unavailable").length
  const told = (status: number, headers?: Readonly<Record<string, string>>) =>
    jsonAnswer(
      status,
      { stored: items.filter(({ status }) => status === "stored").length, refused, unavailable, items: items.map(itemJson) },
      headers
    )
  const isMixed = wantsJson && unavailable < items.length
  if (unavailable > 0 && !isMixed) {
    const headers = { "retry-after": String(retrySeconds) }
    return wantsJson ? told(503, headers) : laterAnswer("not all hits could be stored", retrySeconds)
  }
  if (refused > 0 && refused === items.length) {
    const isLarge = items.every((item) => item.status === "refused" && item.problem === "too-large")
    return told(isLarge ? 413 : 400)
  }
  if (wantsJson || refused > 0) return told(200)
  return method === "GET" ? pixelAnswer : emptyAnswer
}
