import { Latencies } from "../src/pump/latencies.ts"
import { posterTo } from "../src/pump/post.ts"

export interface OpenLoop {
  readonly url: URL
  readonly bodies: ReadonlyArray<string>
  readonly perSecond: number
  readonly seconds: number
}

/** What requests at a fixed rate came to. */
export interface OpenLoopResult {
  /** As many as were sent. */
  readonly perSecond: number
  readonly acknowledged: number
  readonly failed: number
  /** From when each was to be sent. */
  readonly latency: Latencies
}

/** Connections at most: more requests than this that are open wait for one, and that counts. */
const connections = 256
const headers = { "content-type": "text/plain;charset=UTF-8" }

/**
 * Sends requests at a rate, whether the ones before are answered or not, and times each from when it was due: of a server that stops, all that came meanwhile are late, also those that a
 * driver which waits for answers would not have sent (coordinated omission).
 */
export const openLoop = async ({ url, bodies, perSecond, seconds }: OpenLoop): Promise<OpenLoopResult> => {
  const poster = posterTo(url, connections, 30_000)
  const latency = new Latencies()
  const total = Math.floor(perSecond * seconds)
  const { signal } = new AbortController()
  let acknowledged = 0
  let failed = 0
  const open = new Set<Promise<void>>()
  const start = performance.now()
  const send = (index: number): void => {
    const due = start + (index / perSecond) * 1000
    const one: Promise<void> = poster.post(headers, bodies[index % bodies.length] ?? "", signal).then((answer) => {
      open.delete(one)
      if (typeof answer !== "string" && answer.status === 204) {
        acknowledged++
        latency.add(performance.now() - due)
      } else failed++
    })
    open.add(one)
  }
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - start) / 1000) * perSecond) + 1)
    while (sent < due) send(sent++)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const took = (performance.now() - start) / 1000
  await Promise.all(open)
  poster.close()
  return { perSecond: total / took, acknowledged, failed, latency }
}
