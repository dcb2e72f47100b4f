import { Deferred, Effect, Fiber } from "effect"
import { describe, expect, it } from "vitest"
import { bodyOf, type Hit } from "../../src/generate/hits/hit.ts"
import { generateHits } from "../../src/generate/hits/traffic.ts"
import { Latencies } from "../../src/pump/latencies.ts"
import { type PumpOptions, type PumpResult, pump } from "../../src/pump/pump.ts"
import { endpoint } from "./endpoint.ts"

const hits: ReadonlyArray<Hit> = [...generateHits({ seed: 5, visitors: 20 })].slice(0, 120)
const fast = 1e9

const run = (url: URL, options: Partial<PumpOptions> = {}): Promise<PumpResult> =>
  Effect.runPromise(pump({ hits, url, speed: fast, batch: null, concurrency: 8, retries: 3, seed: 1, ...options }))

const ids = (all: Iterable<URLSearchParams>): ReadonlyArray<string> => Array.from(all, (hit) => `${hit.get("cid")} ${hit.get("z")}`).sort()
const bodies = (all: ReadonlyArray<Hit>) => all.map((hit) => new URLSearchParams(bodyOf(hit, fast)))

describe("pump", () => {
  it("sends each hit as its visitor would, in order", async () => {
    await using server = await endpoint((_, response) => response.writeHead(204).end())
    const told: Array<string> = []
    const result = await run(server.url, { concurrency: 1, onAcknowledged: (body) => told.push(body) })
    expect(result).toMatchObject({ sent: 120, acknowledged: 120, refused: 0, unanswered: 0, retried: 0, requests: 120, reasons: {} })
    expect(result.answered.p50).toBeGreaterThan(0)
    expect(server.got.map(({ hits }) => String(hits[0]))).toEqual(bodies(hits).map(String))
    expect(told.map((body) => String(new URLSearchParams(body)))).toEqual(bodies(hits).map(String))
    const [first] = hits
    expect(server.got[0]?.headers).toMatchObject({ "user-agent": first?.agent.text, "x-forwarded-for": first?.address })
    expect(server.got.every(({ headers }) => URL.canParse(headers.referer ?? ""))).toBe(true)
  })

  it("keeps the spacing of hits, faster by the speed", async () => {
    await using server = await endpoint((_, response) => response.writeHead(204).end())
    const [first] = hits
    if (first === undefined) throw new Error("no hit")
    const spaced = [0, 40_000, 40_000, 90_000].map((after) => ({ ...first, arrivedAt: first.arrivedAt + after }))
    const begun = Date.now()
    const at: Array<number> = []
    await run(server.url, { hits: spaced, speed: 200, onAcknowledged: (_, now) => at.push(now - begun) })
    // Never sooner; how much later is the machine's.
    for (const [i, least] of [0, 200, 200, 450].entries()) expect(at[i]).toBeGreaterThanOrEqual(least - 2)
    expect(await run(server.url, { hits: spaced, speed: 200, duration: 250 })).toMatchObject({ sent: 3 })
    expect(await run(server.url, { hits: spaced, limit: 2 })).toMatchObject({ sent: 2, acknowledged: 2 })
  })

  it("sends again what may get better, and counts what does not", async () => {
    const stored: Array<URLSearchParams> = []
    const asked = new Map<string, number>()
    await using server = await endpoint(({ hits: [hit], index }, response) => {
      const key = String(hit)
      const before = asked.get(key) ?? 0
      asked.set(key, before + 1)
      if (hit === undefined || hit.get("pa") === "click") response.writeHead(400).end('{"error":{"problem":"no clicks here"}}')
      else if (before === 0 && index % 4 === 0) response.writeHead(503, { "retry-after": "0" }).end()
      else if (before === 0 && index % 4 === 1) response.destroy()
      else if (before === 0 && index % 4 === 2) response.writeHead(429).end()
      else {
        stored.push(hit)
        response.writeHead(200).end("GIF89a")
      }
    })
    const told: Array<URLSearchParams> = []
    const result = await run(server.url, { onAcknowledged: (body) => told.push(new URLSearchParams(body)) })
    const clicks = bodies(hits).filter((hit) => hit.get("pa") === "click")
    expect(clicks.length).toBeGreaterThan(0)
    expect(result.reasons).toEqual({ "400 no clicks here": clicks.length })
    expect(result).toMatchObject({ sent: 120, refused: clicks.length, unanswered: 0, acknowledged: 120 - clicks.length })
    expect(result.retried).toBeGreaterThan(50)
    expect(ids(told)).toEqual(ids(bodies(hits).filter((hit) => hit.get("pa") !== "click")))
    expect(ids(stored)).toEqual(ids(told))
  })

  it("waits as long as a server asks for, and gives up after so many tries", async () => {
    await using server = await endpoint((_, response) => response.writeHead(503, { "retry-after": "1" }).end())
    const begun = performance.now()
    const result = await run(server.url, { limit: 3, retries: 1 })
    expect(performance.now() - begun).toBeGreaterThanOrEqual(990)
    expect(result).toMatchObject({ sent: 3, acknowledged: 0, unanswered: 3, retried: 3, requests: 6, reasons: { "503": 3 } })
    const until = { date: "Mon, 30 Nov 2026 10:00:00 GMT", "retry-after": "Mon, 30 Nov 2026 10:00:01 GMT" }
    await using dated = await endpoint(({ index }, response) => response.writeHead(index === 0 ? 503 : 204, until).end())
    const asked = performance.now()
    expect(await run(dated.url, { limit: 1 })).toMatchObject({ acknowledged: 1, retried: 1 })
    expect(performance.now() - asked).toBeGreaterThanOrEqual(990)
    const nobody = await run(new URL("http://127.0.0.1:1/"), { limit: 2, retries: 0 })
    expect(nobody).toMatchObject({ unanswered: 2, requests: 2, reasons: { ECONNREFUSED: 2 }, acknowledgedAfter: { p50: null } })
  })

  it("sends of a batch only what is open again", async () => {
    const stored: Array<URLSearchParams> = []
    await using server = await endpoint(({ hits, index }, response) => {
      const items = hits.map((hit, i) => {
        if (hit.get("pa") === "click") return { status: "refused", code: "not-a-hit" }
        if (index === 0 && i % 2 === 1) return { status: "unavailable" }
        stored.push(hit)
        return { status: "stored", id: String(i) }
      })
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ items }))
    })
    const result = await run(server.url, { batch: 50, concurrency: 1 })
    expect(server.got.map(({ hits }) => hits.length)).toEqual([50, expect.any(Number), 50, 20])
    expect(server.got[0]?.headers.accept).toBe("application/json")
    const wanted = bodies(hits).filter((hit) => hit.get("pa") !== "click")
    expect(result).toMatchObject({ acknowledged: wanted.length, reasons: { "not-a-hit": 120 - wanted.length }, unanswered: 0 })
    expect(ids(stored)).toEqual(ids(wanted))
    expect(stored.every((hit) => hit.has("ua") && hit.has("uip"))).toBe(true)
  })

  it("sends no more than so many requests at a time, and ends when it is asked to, with what is on its way", async () => {
    let open = 0
    let most = 0
    const stop = Deferred.makeUnsafe<void>()
    await using server = await endpoint(({ index }, response) => {
      most = Math.max(most, ++open)
      if (index === 20) Effect.runSync(Deferred.succeed(stop, undefined))
      setTimeout(() => {
        open--
        response.writeHead(204).end()
      }, 5)
    })
    const result = await run(server.url, { concurrency: 4, stop: Deferred.await(stop) })
    expect(most).toBe(4)
    expect(result.sent).toBeLessThan(40)
    expect(result).toMatchObject({ acknowledged: server.got.length, sent: server.got.length })
    // Hits that are due in an hour are not waited for.
    const [first] = hits
    if (first === undefined) throw new Error("no hit")
    const never = Effect.runFork(
      pump({
        hits: [first, { ...first, arrivedAt: first.arrivedAt + 3_600_000 }],
        url: server.url,
        speed: 1,
        batch: null,
        concurrency: 2,
        retries: 0,
        seed: 1,
        stop: Effect.sleep(50)
      })
    )
    expect(await Effect.runPromise(Fiber.join(never))).toMatchObject({ sent: 1, acknowledged: 1 })
  })
})

describe("Latencies", () => {
  it("tells quantiles a 32nd too large at the most, of any number of times", () => {
    const latencies = new Latencies()
    expect(latencies.summary()).toEqual({ p50: null, p90: null, p99: null, max: null })
    for (let millis = 1; millis <= 10_000; millis++) latencies.add(millis / 10)
    for (const [share, exact] of [
      [0.5, 500],
      [0.9, 900],
      [0.99, 990],
      [1, 1000]
    ] as const) {
      expect(latencies.quantile(share)).toBeGreaterThanOrEqual(exact)
      expect(latencies.quantile(share)).toBeLessThanOrEqual(exact * (1 + 1 / 32))
    }
    expect(latencies.summary().max).toBe(1000)
  })
})
