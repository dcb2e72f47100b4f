import { once } from "node:events"
import { connect } from "node:net"
import { brotliCompressSync, constants, gzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { exchange, rawSocket, readAll, type Started, start, statusesIn } from "./support.ts"

/*
 * What clients do that mean no good, or are broken. `docs/collect.md` has the table of what happens; while it does, others are answered.
 */

const hit = "v=1&t=pageview&cid=c-1"
const postHead = (headers: string) => `POST /collect HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\n${headers}\r\n\r\n`

/** Somebody else, who is served as ever. */
const expectOthersAnswered = async ({ url }: Started): Promise<void> => {
  expect((await fetch(`${url}/collect`, { method: "POST", body: hit, headers: { connection: "close" } })).status).toBe(204)
}

describe("a collector with little patience", () => {
  let to: Started
  beforeAll(async () => {
    to = await start({}, { limits: { head: 400, request: 800, idle: 400 } })
  })
  afterAll(() => to.stop())

  it("gives up heads and bodies that come slowly: 408", async () => {
    const slow = [
      "GET /coll",
      "POST /collect HTTP/1.1\r\nhost: x\r\nx-a: b\r\n",
      `${postHead("content-length: 100")}v=1`,
      `${postHead("transfer-encoding: chunked")}3\r\nv=1\r\n`
    ]
    const answers = slow.map(async (bytes) => {
      const socket = await rawSocket(to.port)
      const answer = readAll(socket)
      socket.write(bytes)
      // A byte now and then does not help.
      const more = setInterval(() => socket.write("a"), 100)
      return answer.finally(() => clearInterval(more))
    })
    await expectOthersAnswered(to)
    expect((await Promise.all(answers)).map(statusesIn)).toEqual([[408], [408], [408], [408]])
    expect(to.counts.broken.get(408)).toBe(4)
    await expect.poll(to.heldBytes).toBe(0)
  })

  it("closes connections beyond its limit at once, and those that stay idle soon", async () => {
    const full = await start({}, { maxConnections: 30, limits: { head: 3_000 } })
    const idle = await Promise.all(Array.from({ length: 30 }, () => rawSocket(full.port)))
    await expect.poll(full.connections).toBe(30)
    const refused = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const socket = connect({ port: full.port, host: "127.0.0.1" })
        socket.on("error", () => {})
        await once(socket, "close")
        return socket.bytesRead
      })
    )
    expect(refused).toEqual(Array.from({ length: 20 }, () => 0))
    expect(full.counts.connectionsRefused).toBe(20)
    // Nobody has to do anything about them.
    await expect.poll(full.connections, { timeout: 30_000 }).toBe(0)
    await expectOthersAnswered(full)
    for (const socket of idle) socket.destroy()
    await full.stop()
  })

  it("makes room by closing connections that were used and wait", async () => {
    const open = await start({}, { maxConnections: 10, limits: { idle: 600_000 } })
    const used = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const socket = await rawSocket(open.port)
        const answer = readAll(socket, (text) => text.includes("GIF89a"))
        socket.write(`GET /collect?${hit} HTTP/1.1\r\nhost: x\r\n\r\n`)
        await answer
        return socket
      })
    )
    await expect
      .poll(
        async () =>
          fetch(`${open.url}/collect?${hit}`).then(
            ({ status }) => status,
            () => 0
          ),
        { timeout: 10_000 }
      )
      .toBe(200)
    for (const socket of used) socket.destroy()
    await open.stop()
  })
})

describe("a collector", () => {
  let to: Started
  beforeAll(async () => {
    to = await start()
  })
  afterAll(() => to.stop())

  it("takes no heads that are too large: 431", async () => {
    const many = Array.from({ length: 2_000 }, (_, i) => `x-${i}: ${"a".repeat(20)}`).join("\r\n")
    for (const headers of [many, `x-a: ${"a".repeat(20_000)}`]) {
      expect(statusesIn(await exchange(to.port, `GET /collect?v=1 HTTP/1.1\r\nhost: x\r\n${headers}\r\n\r\n`))).toEqual([431])
      await expectOthersAnswered(to)
    }
  })

  it("unpacks no more than a body may come to: 413, whatever is packed into how little", async () => {
    const zeros = Buffer.alloc(60 * 1024 * 1024, 0x61)
    const bombs = [
      ["gzip", gzipSync(zeros, { level: 1 })] as const,
      ["br", brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })] as const
    ]
    const before = process.memoryUsage().rss
    const answers = bombs.flatMap(([encoding, body]) =>
      Array.from({ length: 10 }, () =>
        fetch(`${to.url}/collect`, { method: "POST", headers: { "content-encoding": encoding }, body: new Uint8Array(body) })
      )
    )
    await expectOthersAnswered(to)
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(answers.map(() => 413))
    // All of them unpacked would be 1.2 GB.
    expect((process.memoryUsage().rss - before) / 1024 ** 2).toBeLessThan(400)
    expect(to.heldBytes()).toBe(0)
  })

  it("believes no length: what is shorter or longer than it says, or says it twice, is 400 or 413", async () => {
    const short = await rawSocket(to.port, { allowHalfOpen: true })
    const answer = readAll(short)
    short.end(`${postHead("content-length: 100")}v=1`)
    expect(statusesIn(await answer)).toEqual([400])
    // The rest is not a request.
    const long = await exchange(to.port, `${postHead("content-length: 3")}v=1&cid=longer`)
    expect(statusesIn(long).filter((status) => status !== 204)).toEqual([400])
    for (const headers of [
      "content-length: 3\r\ntransfer-encoding: chunked",
      "content-length: 3\r\ncontent-length: 4",
      "content-length: -3",
      "content-length: 3x"
    ])
      expect([headers, statusesIn(await exchange(to.port, `${postHead(headers)}v=1`))]).toEqual([headers, [400]])
    const large = await exchange(to.port, postHead("content-length: 99999999999\r\nexpect: 100-continue"), (text) =>
      text.includes("\r\n\r\n")
    )
    expect(statusesIn(large)).toEqual([413])
    const chunk = `100000\r\n${"a".repeat(0x10_0000)}\r\n`
    const chunked = await exchange(to.port, postHead("transfer-encoding: chunked") + chunk.repeat(6), (text) => text.includes("\r\n\r\n"))
    expect(statusesIn(chunked)).toEqual([413])
    await expectOthersAnswered(to)
    await expect.poll(to.heldBytes).toBe(0)
  })

  it("cuts off who goes on sending what was refused", async () => {
    const socket = await rawSocket(to.port)
    const answer = readAll(socket)
    socket.write(postHead("content-length: 99999999999"))
    const piece = Buffer.alloc(256 * 1024, 0x61)
    const more = setInterval(() => socket.write(piece), 2)
    expect(statusesIn(await answer)).toEqual([413])
    clearInterval(more)
    expect(socket.bytesWritten).toBeLessThan(100 * 1024 * 1024)
  })

  it("knows its paths as they are written, and no other way to write them", async () => {
    const tricks = [
      "/collect/../collect",
      "/x/../collect",
      "//collect",
      "/./collect",
      "/%63ollect",
      "/collect%2f",
      "/collect/",
      "/collect;a=b",
      "/COLLECT",
      "/collect%00",
      "/collect#x",
      "/..%2fcollect",
      "collect",
      "/__proto__",
      "/constructor",
      "http://x//collect"
    ]
    for (const path of tricks) {
      const statuses = statusesIn(await exchange(to.port, `GET ${path}?v=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`))
      expect([path, statuses.length === 1 && (statuses[0] === 404 || statuses[0] === 400)]).toEqual([path, true])
    }
    const proxied = await exchange(to.port, "GET http://hits.example/collect?v=1&cid=p HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    expect(statusesIn(proxied)).toEqual([200])
  })

  it("takes no bytes for text that are none: 400", async () => {
    const asUrl = Buffer.concat([
      Buffer.from("GET /collect?v=1&dt="),
      Buffer.from([0xff, 0xfe]),
      Buffer.from(" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    ])
    expect(statusesIn(await exchange(to.port, asUrl))).toEqual([400])
    const asBody = Buffer.concat([
      Buffer.from(postHead("content-length: 5\r\nconnection: close")),
      Buffer.from([0x76, 0x3d, 0xed, 0xa0, 0x80])
    ])
    expect(statusesIn(await exchange(to.port, asBody))).toEqual([400])
  })

  it("answers who has said all and only listens", async () => {
    const socket = await rawSocket(to.port, { allowHalfOpen: true })
    const answer = readAll(socket)
    socket.end(`${postHead(`content-length: ${hit.length}`)}${hit}`)
    expect(statusesIn(await answer)).toEqual([204])
  })

  it("answers what came before the end, whoever of its readers has it", async () => {
    const socket = await rawSocket(to.port, { allowHalfOpen: true })
    const answer = readAll(socket)
    socket.end(`GET /collect?${hit} HTTP/1.1\r\nhost: x\r\n\r\n${postHead("transfer-encoding: chunked")}3\r\nv=1\r\n0\r\n\r\n`)
    expect(statusesIn(await answer)).toEqual([200, 204])
  })

  it("tells what is broken behind the answer to what was whole before it", async () => {
    const release = to.taken.hold()
    const answer = exchange(to.port, `GET /collect?${hit} HTTP/1.1\r\nhost: x\r\nte: trailers\r\n\r\nnonsense\r\n\r\n`)
    await expect.poll(() => to.heldBytes()).toBeGreaterThan(0)
    await new Promise((resolve) => setTimeout(resolve, 50))
    release()
    expect(statusesIn(await answer)).toEqual([200, 400])
  })

  it("answers requests that come at once, in their order", async () => {
    const before = to.taken.records.length
    const pipelined = Array.from(
      { length: 200 },
      (_, i) => `GET ${i % 10 === 9 ? "/nowhere" : `/collect?v=1&cid=p${i}`} HTTP/1.1\r\nhost: x\r\n\r\n`
    ).join("")
    const answer = await exchange(to.port, `${pipelined}GET /robots.txt HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
    expect(statusesIn(answer)).toEqual([...Array.from({ length: 200 }, (_, i) => (i % 10 === 9 ? 404 : 200)), 200])
    expect(to.taken.records.length - before).toBe(180)
  })

  it("forgets who leaves before the body is there", async () => {
    const stored = to.taken.records.length
    const left = to.counts.requests.get(0) ?? 0
    for (let i = 0; i < 5; i++) {
      const socket = await rawSocket(to.port)
      socket.write(`${postHead("content-length: 100000")}${"a=b&".repeat(2_000)}`)
      await expect.poll(to.heldBytes).toBeGreaterThan(0)
      socket.resetAndDestroy()
      await expect.poll(to.heldBytes).toBe(0)
    }
    expect([to.counts.requests.get(0), to.taken.records.length]).toEqual([left + 5, stored])
    await expectOthersAnswered(to)
  })

  it("answers what is no HTTP with 400, and goes on", async () => {
    const hello = Buffer.from("16030100c8010000c40303", "hex")
    for (const bytes of [
      hello,
      Buffer.from("\r\n\r\nhello\r\n\r\n"),
      Buffer.from("GET /collect?v=1 HTTP/1.1\r\n\r\n"),
      Buffer.from("GET /collect?v=1 HTTP/9.9\r\nhost: x\r\n\r\n")
    ]) {
      const socket = await rawSocket(to.port)
      const answer = readAll(socket)
      socket.write(bytes)
      expect([bytes.toString("latin1"), statusesIn(await answer)]).toEqual([bytes.toString("latin1"), [400]])
    }
    const upgrade = await exchange(
      to.port,
      `GET /collect?${hit} HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\r\n`
    )
    expect(statusesIn(upgrade)).toEqual([200])
    expect(statusesIn(await exchange(to.port, "CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n"))).toEqual([])
    await expectOthersAnswered(to)
  })
})
