import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Redacted, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { type HttpSettings, httpTransport } from "../../src/lineage/http-transport.ts"
import { fileTransport } from "../../src/lineage/transport.ts"
import { until } from "../passing-time.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "sluice-lineage-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const lines = (path: string): ReadonlyArray<unknown> =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))

describe("file", () => {
  it.live("makes its folder, and writes a line per event", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "lake", "lineage", "events.ndjson")
      const { send } = fileTransport(path)
      yield* send('{"n":1}')
      yield* send('{"n":2}')
      assert.strictEqual(readFileSync(path, "utf8"), '{"n":1}\n{"n":2}\n')
    })
  )

  it.live("concurrent writers keep whole lines, long ones too", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "events.ndjson")
      const writers = Array.from({ length: 8 }, () => fileTransport(path))
      const events = Array.from({ length: 160 }, (_, n) => JSON.stringify({ n, filler: "é".repeat(n % 10 === 0 ? 400_000 : n * 50) }))
      yield* Effect.forEach(events, (event, i) => writers[i % writers.length]?.send(event) ?? Effect.die("no writer"), {
        concurrency: "unbounded"
      })
      const numbers = lines(path).map((event) => (event as { readonly n: number }).n)
      assert.deepStrictEqual(
        numbers.sort((a, b) => a - b),
        Array.from({ length: 160 }, (_, n) => n)
      )
    })
  )

  it.live("closes off a line that a killed process left unfinished", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "events.ndjson")
      writeFileSync(path, '{"n":1}\n{"n":')
      yield* fileTransport(path).send('{"n":2}')
      assert.strictEqual(readFileSync(path, "utf8"), '{"n":1}\n{"n":\n{"n":2}\n')
    })
  )

  it.live("says what to do when it cannot write", () =>
    Effect.gen(function* () {
      const inTheWay = join(yield* folder, "file")
      writeFileSync(inTheWay, "")
      const error = yield* Effect.flip(fileTransport(join(inTheWay, "events.ndjson")).send("{}"))
      assert.strictEqual(error.reason, "Unwritable")
      assert.include(error.message, "Check that the folder")
    })
  )
})

interface Call {
  readonly request: IncomingMessage
  readonly body: Buffer
}

/** A server that answers the calls in turn with these statuses, the last one for good; null: it never answers. */
const server = (
  ...statuses: ReadonlyArray<number | null>
): Effect.Effect<{ readonly url: string; readonly calls: ReadonlyArray<Call> }, never, Scope.Scope> =>
  Effect.gen(function* () {
    const calls: Array<Call> = []
    const listener: RequestListener = (request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        const status = statuses[Math.min(calls.length, statuses.length - 1)] ?? null
        calls.push({ request, body: Buffer.concat(chunks) })
        if (status !== null) response.writeHead(status, status === 302 ? { location: "/elsewhere" } : {}).end("{}")
      })
    }
    const port = yield* Effect.acquireRelease(
      Effect.callback<[number, ReturnType<typeof createServer>]>((resume) => {
        const http = createServer(listener)
        // A server listening on TCP has an address with a port.
        http.listen(0, "127.0.0.1", () => resume(Effect.succeed([(http.address() as AddressInfo).port, http])))
      }),
      ([, http]) =>
        Effect.sync(() => {
          http.closeAllConnections()
          http.close()
        })
    )
    return { url: `http://127.0.0.1:${port[0]}`, calls }
  })

/** No answer is awaited in vain here, but where a test says so. */
const quick = { backoff: 1, timeout: 600_000 } satisfies Partial<HttpSettings>
const outcome = (settings: HttpSettings, event = '{"n":1}') =>
  Effect.result(Effect.flatMap(httpTransport({ ...quick, ...settings }), ({ send }) => send(event)))

describe("HTTP", () => {
  for (const status of [200, 201, 204]) {
    it.live(`${status} is success`, () =>
      Effect.gen(function* () {
        const { url, calls } = yield* server(status)
        assert.strictEqual((yield* outcome({ url }))._tag, "Success")
        assert.lengthOf(calls, 1)
        const [{ request, body } = { request: undefined, body: Buffer.alloc(0) }] = calls
        assert.strictEqual(`${request?.method} ${request?.url}`, "POST /api/v1/lineage")
        assert.strictEqual(request?.headers["content-type"], "application/json")
        assert.isUndefined(request?.headers.authorization)
        assert.strictEqual(body.toString(), '{"n":1}')
      })
    )
  }

  for (const status of [500, 502, 503, 504]) {
    it.live(`${status} is tried again`, () =>
      Effect.gen(function* () {
        const { url, calls } = yield* server(status, status, 200)
        assert.strictEqual((yield* outcome({ url }))._tag, "Success")
        assert.lengthOf(calls, 3)
      })
    )
  }

  it.live("gives up after the retries", () =>
    Effect.gen(function* () {
      const { url, calls } = yield* server(503)
      const error = yield* Effect.flip(Effect.flatMap(httpTransport({ ...quick, url, retries: 2 }), ({ send }) => send("{}")))
      assert.strictEqual(error.reason, "Unavailable")
      assert.lengthOf(calls, 3)
    })
  )

  for (const status of [302, 400, 401, 404, 422]) {
    it.live(`${status} is final`, () =>
      Effect.gen(function* () {
        const { url, calls } = yield* server(status)
        const result = yield* outcome({ url })
        assert.isTrue(result._tag === "Failure" && result.failure.reason === "Rejected" && result.failure.message.includes(String(status)))
        assert.lengthOf(calls, 1)
      })
    )
  }

  it.live("token, compression, and a path of its own", () =>
    Effect.gen(function* () {
      const { url, calls } = yield* server(201)
      const transport = yield* httpTransport({ ...quick, url: `${url}/lineage/`, endpoint: "v2", token: Redacted.make("t0p"), gzip: true })
      yield* transport.send('{"n":1}')
      const [{ request, body } = { request: undefined, body: Buffer.alloc(0) }] = calls
      assert.strictEqual(request?.url, "/lineage/v2")
      assert.strictEqual(request?.headers.authorization, "Bearer t0p")
      assert.strictEqual(request?.headers["content-encoding"], "gzip")
      assert.strictEqual(gunzipSync(body).toString(), '{"n":1}')
      assert.notInclude(JSON.stringify(transport), "t0p")
    })
  )

  it.effect("a server that never answers times out, once", () =>
    Effect.gen(function* () {
      const { url, calls } = yield* server(null)
      const asking = yield* Effect.forkChild(outcome({ url, timeout: 5000 }))
      yield* until(() => calls.length === 1)
      yield* TestClock.adjust(5000)
      const result = yield* Fiber.join(asking)
      assert.isTrue(result._tag === "Failure" && result.failure.reason === "TimedOut")
      assert.lengthOf(calls, 1)
    })
  )

  it.effect("is interrupted at once while it waits, and hangs up", () =>
    Effect.gen(function* () {
      const { url, calls } = yield* server(null)
      const transport = yield* httpTransport({ url })
      const asking = yield* Effect.forkChild(transport.send("{}"))
      yield* until(() => calls.length === 1)
      // No time passes: nothing but the interruption can end it.
      yield* Fiber.interrupt(asking)
      yield* until(() => calls[0]?.request.socket.destroyed === true)
    })
  )

  it.live("a refused connection is tried again, then fails", () =>
    Effect.gen(function* () {
      const { url } = yield* Effect.scoped(server(200))
      const result = yield* outcome({ url, retries: 2 })
      assert.isTrue(result._tag === "Failure" && result.failure.reason === "Unreachable")
    })
  )

  for (const url of ["", "localhost:5000", "ftp://host", "http://me:secret@host"]) {
    it.live(`${JSON.stringify(url)} is refused before anything is sent`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(httpTransport({ url }))
        assert.strictEqual(error.reason, "Invalid")
        assert.notInclude(error.message, "secret")
      })
    )
  }
})
