import { bodyOf, type Hit } from "../generate/hits/hit.ts"
import type { Headers } from "./post.ts"

/** What one request carries. */
export interface Parcel {
  readonly index: number
  /** When it is to be sent, milliseconds from the beginning. */
  readonly due: number
  readonly headers: Headers
  /** Its hits, form-encoded. */
  readonly bodies: ReadonlyArray<string>
}

export interface ParcelOptions {
  readonly hits: Iterable<Hit>
  readonly speed: number
  readonly batch: number | null
  readonly limit?: number | undefined
  readonly duration?: number | undefined
}

/**
 * Hits in requests, each with when it is due. A batch is due when the last of its hits is; who sends it says of each hit what a visitor's own request would say by its headers (`ua`, `uip`),
 * which an endpoint believes whom it trusts.
 */
export function* parcels({
  hits,
  speed,
  batch,
  limit = Number.POSITIVE_INFINITY,
  duration = Number.POSITIVE_INFINITY
}: ParcelOptions): Generator<Parcel, void> {
  let first: number | null = null
  let index = 0
  let taken = 0
  let due = 0
  let bodies: Array<string> = []
  const close = (headers: Headers): Parcel => {
    const parcel = { index: index++, due, headers, bodies }
    bodies = []
    return parcel
  }
  for (const hit of hits) {
    first ??= hit.arrivedAt
    const at = (hit.arrivedAt - first) / speed
    if (taken === limit || at > duration) break
    taken++
    due = at
    if (batch === null) {
      bodies.push(bodyOf(hit, speed))
      yield close(headersOf(hit))
      continue
    }
    bodies.push(bodyOf({ ...hit, parameters: [["ua", hit.agent.text], ["uip", hit.address], ...hit.parameters] }, speed))
    if (bodies.length === batch) yield close(headersOfBatch)
  }
  if (bodies.length > 0) yield close(headersOfBatch)
}

const headersOfBatch: Headers = { "content-type": "text/plain;charset=UTF-8", accept: "application/json", "user-agent": "sluice-pump" }

/** What a browser would say of the hit. */
const headersOf = ({ agent, address, referer }: Hit): Headers => ({
  "content-type": "text/plain;charset=UTF-8",
  "user-agent": headerText(agent.text),
  "x-forwarded-for": address,
  ...(referer === null ? {} : { referer: refererText(referer) })
})

/** Only what a header may hold. */
const headerText = (text: string): string => text.replace(/[^\t -~]/g, "?")

/** Browsers send no fragment, and escape what is not ASCII. */
const refererText = (referer: string): string => {
  const url = URL.parse(referer)
  if (url === null) return headerText(referer)
  url.hash = ""
  return url.href
}
