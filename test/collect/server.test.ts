import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { type Started, start } from "./support.ts"

const hit = "v=1&t=pageview&cid=c-1&z=42"

/** Collectors of a suite, which end with it. */
const running: Array<Started> = []
const started = async (...args: Parameters<typeof start>): Promise<Started> => {
  const one = await start(...args)
  running.push(one)
  return one
}
afterAll(async () => {
  await Promise.all(running.map(({ stop }) => stop()))
})

const post = (to: Started, body: string | Buffer | undefined, headers: Readonly<Record<string, string>> = {}, path = "/collect") =>
  fetch(`${to.url}${path}`, {
    method: "POST",
    headers,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : new Uint8Array(body) })
  })
const get = (to: Started, target: string, headers: Readonly<Record<string, string>> = {}, method = "GET") =>
  fetch(`${to.url}${target}`, { method, headers })

describe("what is answered", () => {
  let to: Started
  beforeAll(async () => {
    to = await started({}, { pages: { "/healthz": async () => ({ status: 200, headers: {}, body: "well" }) } })
  })
  beforeEach(() => {
    to.taken.records.length = 0
  })
  const seen = () => to.taken.hits().map((each) => each.get("cid"))

  it("a picture for GET, which no proxy keeps", async () => {
    const answer = await get(to, `/collect?${hit}`)
    expect([answer.status, answer.headers.get("content-type"), answer.headers.get("cache-control")]).toEqual([
      200,
      "image/gif",
      "no-store, no-cache, must-revalidate"
    ])
    expect(Buffer.from(await answer.arrayBuffer()).toString("latin1", 0, 6)).toBe("GIF89a")
    expect(seen()).toEqual(["c-1"])
    expect(to.taken.records[0]?.partitionKey).toBe("c-1")
  })

  it.each([
    ["a form", "application/x-www-form-urlencoded", hit, "/collect", 1],
    ["a beacon", "text/plain;charset=UTF-8", hit, "/collect", 1],
    ["JSON", "application/json", '{"v":"1","cid":"c-1"}', "/collect", 1],
    ["a list", "application/json", '[{"cid":"c-1"},{"cid":"c-1"}]', "/collect", 2],
    ["a batch in an object", "application/json", '{"batch":[{"cid":"c-1"},{"cid":"c-1"}]}', "/batch", 2],
    ["lines of JSON", "application/x-ndjson", '{"cid":"c-1"}\n{"cid":"c-1"}\n', "/batch", 2],
    ["lines of a form", "text/plain", `${hit}\n${hit}\n`, "/batch", 2]
  ])("204 for %s", async (_, type, body, path, count) => {
    const answer = await post(to, body, { "content-type": type }, path)
    expect([answer.status, await answer.text(), answer.headers.get("cache-control")]).toEqual([
      204,
      "",
      "no-store, no-cache, must-revalidate"
    ])
    expect(seen()).toEqual(Array.from({ length: count }, () => "c-1"))
    expect(new Set(to.taken.hits().map((each) => each.get("_c_id"))).size).toBe(count)
  })

  it("204 without a content type, and unpacked", async () => {
    const packed = { gzip: gzipSync(hit), "x-gzip": gzipSync(hit), deflate: deflateSync(hit), br: brotliCompressSync(hit) }
    for (const [encoding, body] of Object.entries(packed))
      expect([encoding, (await post(to, body, { "content-encoding": encoding })).status]).toEqual([encoding, 204])
    expect((await post(to, deflateRawSync(hit), { "content-encoding": "deflate" })).status).toBe(204)
    expect(seen()).toHaveLength(5)
  })

  it("what became of each, where that is asked for, or some are bad", async () => {
    const json = { accept: "application/json" }
    expect(await (await post(to, hit, json)).json()).toMatchObject({ stored: 1, items: [{ status: "stored", id: expect.any(String) }] })
    expect(await (await get(to, `/collect?${hit}`, json)).json()).toMatchObject({ stored: 1 })
    const mixed = await post(to, `${hit}\nnothing`, {}, "/batch")
    expect([mixed.status, await mixed.json()]).toEqual([
      200,
      expect.objectContaining({
        stored: 1,
        refused: 1,
        items: [expect.objectContaining({ status: "stored" }), expect.objectContaining({ status: "refused", code: "empty" })]
      })
    ])
    expect(seen()).toHaveLength(3)
  })

  it("400, 405, 413, 414, 415 and 404 for what is none, and nothing is stored", async () => {
    const large = `cid=1&x=${"y".repeat(1_000_001)}`
    const statuses = [
      await get(to, "/collect"),
      await get(to, "/collect?dt=%ff"),
      await post(to, ""),
      await post(to, "{", { "content-type": "application/json" }),
      await post(to, Buffer.from([0x61, 0x3d, 0xff])),
      await post(to, "not packed", { "content-encoding": "gzip" }),
      await post(to, gzipSync(hit).subarray(0, 20), { "content-encoding": "gzip" }),
      await post(to, hit, { "idempotency-key": "k".repeat(257) }),
      await post(to, large),
      await post(to, `${hit}\n`.repeat(501), {}, "/batch"),
      await post(to, Buffer.alloc(6 * 1024 * 1024, 0x61)),
      await get(to, `/collect?x=${"y".repeat(8_200)}`),
      await post(to, hit, { "content-type": "image/png" }),
      await post(to, hit, { "content-encoding": "zstd" }),
      await get(to, "/batch?v=1"),
      await get(to, "/collect", {}, "PUT"),
      await get(to, "/")
    ]
    expect(statuses.map(({ status }) => status)).toEqual([
      400, 400, 400, 400, 400, 400, 400, 400, 413, 413, 413, 414, 415, 415, 405, 405, 404
    ])
    expect(statuses[15]?.headers.get("allow")).toBe("GET, HEAD, OPTIONS, POST")
    expect(seen()).toEqual([])
  })

  it("HEAD as GET, which counts for nothing, and pages", async () => {
    const head = await get(to, `/collect?${hit}`, {}, "HEAD")
    expect([head.status, head.headers.get("content-length"), seen()]).toEqual([200, "43", []])
    expect(await (await get(to, "/robots.txt")).text()).toContain("Disallow: /")
    expect([(await get(to, "/healthz")).status, (await get(to, "/healthz", {}, "POST")).status]).toEqual([200, 405])
  })

  it("503 and when to come again, where the stream does not take hits; those that it takes later are stored", async () => {
    to.taken.failing = "Denied"
    const answer = await post(to, hit)
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "2"])
    to.taken.failing = null
    let refusals = 2
    to.taken.refuse = () => (refusals-- > 0 ? "ProvisionedThroughputExceededException" : null)
    expect((await post(to, hit)).status).toBe(204)
    to.taken.refuse = ({ partitionKey }) => (partitionKey === "bad" ? "InternalFailure" : null)
    const batch = `${hit}\ncid=bad\n`
    expect((await post(to, batch, {}, "/batch")).status).toBe(503)
    const told = await post(to, batch, { accept: "application/json" }, "/batch")
    expect([told.status, await told.json()]).toEqual([200, expect.objectContaining({ stored: 1, unavailable: 1 })])
    to.taken.refuse = () => null
    expect(to.failures).toEqual(["PutRecords of stream hits: as the test says", "InternalFailure", "InternalFailure"])
  })
})

describe("what is stored", () => {
  it("says what the collector knows, whatever the client says of it", async () => {
    const to = await started({ clientIp: "whole", trustedProxies: 1 })
    const headers = {
      "user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
      referer: "https://shop.example/a?b=c",
      "x-forwarded-for": "6.6.6.6, 203.0.113.77",
      "idempotency-key": "again",
      "sec-ch-ua": '"Chromium";v="126"',
      "sec-ch-ua-mobile": "?0"
    }
    const before = Date.now()
    await post(to, `${hit}&uip=1.1.1.1&ua=other&_c_bot=0&_c_at=7`, headers)
    await post(to, `${hit}\ncid=b`, headers, "/batch")
    await post(to, '{"messageId":"m-1","cid":"d"}')
    const [first, second, third, fourth] = to.taken.hits()
    expect(Object.fromEntries(first ?? [])).toEqual({
      v: "1",
      t: "pageview",
      cid: "c-1",
      z: "42",
      _c_at: expect.stringMatching(/^\d{13}$/),
      _c_id: expect.stringMatching(/^[\w-]{12}-\w+$/),
      _c_key: "again",
      _c_ip: "203.0.113.77",
      _c_ua: headers["user-agent"],
      _c_ch: '"Chromium";v="126"; ?0; ',
      _c_rf: headers.referer,
      _c_bot: "1"
    })
    expect(Number(first?.get("_c_at"))).toBeGreaterThanOrEqual(before)
    expect([second?.get("_c_key"), third?.get("_c_key"), fourth?.get("_c_key")]).toEqual(["again.0", "again.1", "m-1"])
    expect(second?.get("_c_id")?.replace(/\.0$/, ".1")).toBe(third?.get("_c_id"))
    expect(to.counts).toMatchObject({ overrides: 1, robots: 4, stored: 4 })
  })

  it("is what a known key says of agent and address; an unknown key is refused", async () => {
    const key = "a-key-of-some-length"
    const to = await started({ apiKeys: ["another-key-of-length", key], clientIp: "whole" })
    const said = `${hit}&uip=1.1.1.1&ua=other`
    expect((await post(to, said, { "x-api-key": key })).status).toBe(204)
    expect((await post(to, said, { authorization: `Bearer ${key}` })).status).toBe(204)
    expect((await post(to, said)).status).toBe(204)
    expect((await post(to, said, { "x-api-key": `${key}x` })).status).toBe(401)
    expect(to.taken.hits().map((each) => [each.get("_c_ip"), each.get("_c_ua")])).toEqual([
      ["1.1.1.1", "other"],
      ["1.1.1.1", "other"],
      ["127.0.0.1", "node"]
    ])
    const strict = await started({ apiKeys: [key], requireApiKey: true })
    expect([(await post(strict, hit)).status, (await post(strict, hit, { "x-api-key": key })).status]).toEqual([401, 204])
  })

  it("is never more than a stream takes, whatever a key lets a client say", async () => {
    const key = "a-key-of-some-length"
    const to = await started({ apiKeys: [key] })
    const said = [`${hit}&ua=${"é".repeat(500_000)}`, `cid=${"é".repeat(400_000)}&z=1`, `messageId=${"é".repeat(400_000)}&v=1`]
    const answers = await Promise.all(said.map((each) => post(to, each, { "x-api-key": key })))
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204])
    for (const { data } of to.taken.records) expect(data.length).toBeLessThan(1_048_576 - 768)
    // Each character of these becomes six.
    const large = "é".repeat(4_096)
    expect((await post(to, `v=1&dt=${"x".repeat(999_000)}`, { referer: large, "sec-ch-ua": large })).status).toBe(413)
    expect(to.taken.records).toHaveLength(3)
  })

  it.each([
    ["ignore", ["127.0.0.1", "u", "127.0.0.1", "127.0.0.1"]],
    ["anonymise", ["127.0.0.0", null, "127.0.0.0", "127.0.0.1"]],
    ["drop", ["127.0.0.1"]]
  ] as const)("is by the setting %s where the client asks for privacy, and counted", async (privacy, kept) => {
    const to = await started({ privacy, clientIp: "whole" })
    const answers = [
      await post(to, `${hit}&uid=u`, { "sec-gpc": "1", dnt: "1" }),
      await get(to, `/collect?${hit}&aip=0`),
      await post(to, hit, { dnt: "0", "sec-gpc": "0" })
    ]
    expect(answers.map(({ status }) => status)).toEqual([204, 200, 204])
    const [first, second, third] = to.taken.hits()
    expect(
      privacy === "drop" ? [first?.get("_c_ip")] : [first?.get("_c_ip"), first?.get("uid"), second?.get("_c_ip"), third?.get("_c_ip")]
    ).toEqual(kept)
    if (privacy !== "drop")
      expect([first?.get("_c_privacy"), second?.get("_c_privacy"), third?.get("_c_privacy")]).toEqual(["gpc,dnt", "aip", null])
    expect([...to.counts.privacy]).toEqual([
      ["gpc", 1],
      ["dnt", 1],
      ["aip", 1]
    ])
    expect([...to.counts.dropped]).toEqual(
      privacy === "drop"
        ? [
            ["gpc", 1],
            ["aip", 1]
          ]
        : []
    )
  })
})

describe("pages of other origins", () => {
  const preflight = { "access-control-request-method": "POST", "access-control-request-headers": "content-type" }

  it("are all allowed, without credentials, where nobody says otherwise", async () => {
    const to = await started()
    const asked = await get(to, "/collect", { origin: "https://a.example", ...preflight }, "OPTIONS")
    expect([asked.status, Object.fromEntries(asked.headers)]).toEqual([
      204,
      expect.objectContaining({
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, HEAD, OPTIONS, POST",
        "access-control-allow-headers": expect.stringContaining("content-type, content-encoding, idempotency-key, x-api-key"),
        "access-control-max-age": "7200"
      })
    ])
    expect(asked.headers.has("access-control-allow-credentials")).toBe(false)
    for (const answer of [await post(to, hit), await post(to, "")]) expect(answer.headers.get("access-control-allow-origin")).toBe("*")
  })

  it("are those of the list, with credentials", async () => {
    const to = await started({ origins: ["https://shop.example", "https://b.example"] })
    const of = async (origin: string) => {
      const { headers } = await get(to, "/batch", { origin, ...preflight }, "OPTIONS")
      return [
        headers.get("access-control-allow-origin"),
        headers.get("access-control-allow-credentials"),
        headers.get("access-control-allow-methods"),
        headers.get("vary")
      ]
    }
    expect(await of("https://b.example")).toEqual(["https://b.example", "true", "GET, HEAD, OPTIONS, POST", "origin"])
    expect(await of("https://b.example.evil.example")).toEqual([null, null, null, "origin"])
  })
})

describe("more than is taken", () => {
  it("of one caller is 429 and when to come again; others are answered", async () => {
    const keys = ["a-key-of-some-length", "another-key-of-length"]
    const to = await started({ apiKeys: keys, hitsPerSecond: 1 })
    const by = (key: string, hits: number) => post(to, `${hit}\n`.repeat(hits), { "x-api-key": key }, "/batch")
    expect((await by(keys[0] ?? "", 100)).status).toBe(204)
    const refused = await by(keys[0] ?? "", 1)
    expect([refused.status, Number(refused.headers.get("retry-after")) > 90]).toEqual([429, true])
    expect((await by(keys[1] ?? "", 1)).status).toBe(204)
    expect((await post(to, hit)).status).toBe(204)
  })

  it("fits the queue is 503 at once, in hits and in bytes; what waits is stored", async () => {
    const to = await started({}, { queueHits: 3, calls: 1 })
    const release = to.taken.hold()
    const waiting = [post(to, hit), post(to, hit), post(to, hit)]
    while (to.taken.calls.length === 0) await new Promise((done) => setTimeout(done, 5))
    await expect.poll(async () => (await post(to, hit)).status).toBe(503)
    release()
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([204, 204, 204])
    expect((await post(to, hit)).status).toBe(204)
    const small = await started({}, { queueBytes: 10_000 })
    const large = await post(small, `x=${"y".repeat(20_000)}`)
    expect([large.status, large.headers.get("retry-after")]).toEqual([503, "2"])
    expect((await post(small, hit)).status).toBe(204)
  })

  it("goes together: what comes while the stream is asked is one call", async () => {
    const to = await started({}, { calls: 1 })
    const release = to.taken.hold()
    const all = Array.from({ length: 40 }, () => post(to, hit))
    while (to.taken.calls.length === 0) await new Promise((done) => setTimeout(done, 5))
    await expect.poll(() => to.connections()).toBe(40)
    await new Promise((done) => setTimeout(done, 50))
    release()
    expect((await Promise.all(all)).every(({ status }) => status === 204)).toBe(true)
    expect(to.taken.records).toHaveLength(40)
    expect(to.taken.calls.length).toBeLessThanOrEqual(3)
    expect((await post(to, `${hit}\n`.repeat(500), {}, "/batch")).status).toBe(204)
    expect(Math.max(...to.taken.calls)).toBeLessThanOrEqual(500)
  })
})

describe("the end", () => {
  it("answers what was begun, stored, and refuses what comes", async () => {
    const to = await start()
    const release = to.taken.hold()
    const begun = post(to, hit)
    while (to.taken.calls.length === 0) await new Promise((done) => setTimeout(done, 5))
    const { rawSocket, readAll, statusesIn } = await import("./support.ts")
    const socket = await rawSocket(to.port)
    // The server has it before it stops to listen.
    await expect.poll(() => to.connections()).toBe(2)
    const stopped = to.stop()
    const late = readAll(socket)
    socket.write("GET /collect?v=1 HTTP/1.1\r\nhost: x\r\n\r\n")
    expect(statusesIn(await late)).toEqual([503])
    await expect(fetch(`${to.url}/collect?v=1`)).rejects.toThrow()
    release()
    expect((await begun).status).toBe(204)
    await stopped
    expect(to.taken.records).toHaveLength(1)
  })
})
