import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Console, Deferred, Effect, Exit, Fiber, Layer, Logger, Metric, Stream } from "effect"
import { TestClock } from "effect/testing"
import { afterAll } from "vitest"
import { logEvent } from "../../src/app/log-event.ts"
import { jsonLogger, textLogger } from "../../src/app/logging.ts"
import { exitCodeOf } from "../../src/cli/exit-codes.ts"
import { Shutdown } from "../../src/cli/shutdown.ts"
import { telemetry as telemetryOf } from "../../src/cli/telemetry.ts"
import { declareMetrics, metrics, recordBatch } from "../../src/ingest/metrics.ts"
import { type BatchReport, emptyCounts } from "../../src/record/report.ts"
import { queueMetrics } from "../../src/source/announced/metrics.ts"
import { sourceMetrics } from "../../src/source/kinesis/metrics.ts"
import { Unanswered, unansweredMetric, watchUnanswered } from "../../src/source/unanswered.ts"
import { localStore } from "../../src/store/local-store.ts"
import { Store, StoreError } from "../../src/store/store.ts"
import { eventually, moment, passMillis, until } from "../passing-time.ts"
import { readExposition } from "./exposition.ts"
import { root } from "./sluice.ts"

const report: BatchReport = {
  kind: "batch",
  runId: "r",
  dataset: "checkout",
  source: { name: "memory", location: "memory:" },
  startedAt: "2026-11-20T07:00:00.000Z",
  rotation: "size",
  shards: [],
  counts: { ...emptyCounts(), records: 9, rows: 8, bytes: 900, deadLetters: { not_json: 1 }, drops: { 'a "rule"\\\nof two lines': 2 } },
  files: 1,
  fileBytes: 70
}

const lake = mkdtempSync(join(tmpdir(), "sluice-telemetry-"))
afterAll(() => rmSync(lake, { recursive: true }))

/** Asks the command that is running to end, as a first signal does. */
let ask = Deferred.makeUnsafe<void>()
const shutdown = Layer.sync(Shutdown, () => {
  ask = Deferred.makeUnsafe()
  return Shutdown.of({ requested: Deferred.await(ask), drain: Effect.void })
})

const telemetry = (settings: Parameters<typeof telemetryOf>[0], store = localStore(lake)) =>
  Layer.provide(telemetryOf(settings), [store, shutdown])

const ownRegistry = () => Effect.provideService(Metric.MetricRegistry, new Map())

/** Runs with telemetry on a free port of the loopback interface, told of by the log. */
const served = <A>(use: (url: string) => Promise<A>, telemetryOfRun: typeof telemetry = telemetry): Effect.Effect<A, unknown> =>
  Effect.suspend(() => {
    let url = ""
    const listen = Logger.make(({ message }) => {
      url = /http:\S+(?=\/metrics)/.exec(String(message))?.[0] ?? url
    })
    return Effect.promise(() => use(url)).pipe(
      Effect.provide(telemetryOfRun({ metricsPort: { host: "127.0.0.1", port: 0 }, otlp: null })),
      Effect.provide(Logger.layer([listen]))
    )
  })

/** A collector that answers as `answer` says. Gives what came in by path, and closes with what is open. */
const withCollector = <A>(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  use: (url: string, bodies: ReadonlyMap<string, Array<string>>) => Effect.Effect<A>
): Effect.Effect<A> =>
  Effect.scoped(
    Effect.gen(function* () {
      const bodies = new Map<string, Array<string>>()
      const server = createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          const path = request.url ?? ""
          bodies.set(path, [...(bodies.get(path) ?? []), Buffer.concat(chunks).toString()])
          answer(request, response)
        })
      })
      yield* Effect.acquireRelease(
        Effect.promise(() => new Promise<void>((done) => server.listen(0, "127.0.0.1", done))),
        () =>
          Effect.promise(() => {
            server.closeAllConnections()
            return new Promise((done) => server.close(done))
          })
      )
      return yield* use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies)
    })
  )

/** A command's life: it commits a batch, says so, and ends. */
const shortLife = (otlp: string) =>
  recordBatch(report, 20).pipe(
    Effect.andThen(Effect.logWarning("something is odd", { shard: "orders/shardId-000000000003" })),
    Effect.provide(telemetry({ metricsPort: null, otlp })),
    Effect.orDie,
    Effect.provide(Logger.layer([])),
    ownRegistry()
  )

/**
 * The same on a test's clock: it ends, and two seconds of waiting are all that it needs for that. When it begins to wait, nobody tells: where the
 * two seconds were over by then, it gets them again, and fails before the ten that exporters wait by themselves.
 */
const endsWithinTwoSeconds = (otlp: string, wasAsked: () => boolean) =>
  Effect.gen(function* () {
    const life = yield* Effect.forkChild(shortLife(otlp))
    const isOver = () => life.pollUnsafe() !== undefined
    yield* until(() => wasAsked() || isOver())
    for (let round = 0; round < 4 && !isOver(); round++) {
      yield* passMillis(2_000)
      for (let look = 0; look < 400 && !isOver(); look++) yield* moment
    }
    assert.isTrue(isOver(), "it still waits")
    yield* Fiber.join(life)
  })

describe("metrics over HTTP", () => {
  it.live("are valid text of Prometheus' format, with what was counted", () =>
    Effect.gen(function* () {
      yield* declareMetrics("checkout")
      yield* recordBatch(report, 20)
      yield* recordBatch(report, 3_600_000)
      const text = yield* served(async (url) => {
        const response = await fetch(`${url}/metrics`)
        assert.strictEqual(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8")
        return response.text()
      })
      const families = readExposition(text)
      for (const [name, { help }] of families) assert.isDefined(help, name)
      assert.deepInclude(families.get("sluice_records_total"), {
        type: "counter",
        samples: [{ name: "sluice_records_total", labels: { dataset: "checkout" }, value: 18 }]
      })
      assert.deepStrictEqual(families.get("sluice_drops_total")?.samples, [
        { name: "sluice_drops_total", labels: { dataset: "checkout", rule: 'a "rule"\\\nof two lines' }, value: 4 }
      ])
      const commit = families.get("sluice_commit_seconds")?.samples ?? []
      const last = commit.filter(({ name }) => name.endsWith("_bucket")).at(-2)
      assert.deepStrictEqual([last?.labels["le"], last?.value, commit.at(-1)?.value], ["900", 1, 2])
      assert.isAbove(families.get("process_resident_memory_bytes")?.samples[0]?.value ?? 0, 1e7)
    }).pipe(ownRegistry())
  )

  it.live("come with a page that says since when the process runs and when it last committed", () =>
    Effect.gen(function* () {
      const health = async (url: string): Promise<{ status: string; startedAt: string; lastCommitAt: string | null }> =>
        JSON.parse(await (await fetch(`${url}/healthz`)).text())
      assert.deepInclude(yield* served(health), { status: "running", lastCommitAt: null })
      const before = Date.now()
      yield* recordBatch(report, 20)
      const { lastCommitAt, startedAt } = yield* served(health)
      assert.isAtLeast(Date.parse(lastCommitAt ?? ""), before)
      assert.isAtLeast(Date.parse(startedAt), before)
    }).pipe(ownRegistry())
  )

  it.live("are all that is there", () =>
    served(async (url) => {
      const status = async (path: string, method = "GET") => (await fetch(url + path, { method })).status
      assert.deepStrictEqual(
        [
          await status("/"),
          await status("/constructor"),
          await status("/metrics", "POST"),
          await status("/metrics?x=1"),
          await status("/healthz", "HEAD"),
          await status("/readyz")
        ],
        [404, 404, 405, 200, 200, 200]
      )
    }).pipe(ownRegistry())
  )

  it.live("end with the command", () =>
    Effect.gen(function* () {
      const url = yield* served(async (url) => {
        // A connection that is kept alive must not keep the process.
        await fetch(`${url}/metrics`)
        return url
      })
      // Meanwhile somebody else may listen there, and say nothing.
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.tryPromise(() => fetch(url, { signal: AbortSignal.timeout(10_000) })))))
    }).pipe(ownRegistry())
  )

  it.live("say when the port is taken", () =>
    withCollector(
      () => {},
      (url) =>
        Effect.gen(function* () {
          const port = Number(new URL(url).port)
          const error = yield* Effect.flip(Effect.provide(Effect.void, telemetry({ metricsPort: { host: "127.0.0.1", port }, otlp: null })))
          assert.strictEqual(error._tag, "BadConfig")
          assert.include(error.message, `port ${port} for metrics is taken`)
        }).pipe(Effect.orDie)
    )
  )
})

describe("whether the command is ready", () => {
  const running = { state: "running", source: "answers" }
  const readiness = async (url: string) => {
    const response = await fetch(`${url}/readyz`)
    return [response.status, await response.json()]
  }

  it.effect("is whether its source answered lately, and its lake can be written", () =>
    Effect.gen(function* () {
      const unanswered = new Unanswered(0)
      yield* watchUnanswered("kinesis", unanswered)
      assert.deepStrictEqual(yield* served(readiness), [200, { ready: true, ...running, lake: "can be written" }])
      assert.deepStrictEqual(readdirSync(lake), [])
      unanswered.asked("orders", 0)
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual((yield* served(readiness))[0], 200)
      yield* TestClock.adjust("1 second")
      const silent = { ...running, ready: false, source: "has not answered for 31 s", lake: "can be written" }
      assert.deepStrictEqual(yield* served(readiness), [503, silent])
      assert.strictEqual(yield* served(async (url) => (await fetch(`${url}/healthz`)).status), 200)
    }).pipe(ownRegistry())
  )

  it.effect("is no longer so when it was asked to end, while it ends", () =>
    Effect.gen(function* () {
      const asked = yield* served(async (url) => {
        const before = await readiness(url)
        await Effect.runPromise(Deferred.succeed(ask, undefined))
        await eventually(async () => (await readiness(url))[0] === 503)
        return [before, await readiness(url), (await fetch(`${url}/healthz`)).status]
      })
      const ready = { ready: true, ...running, lake: "can be written" }
      assert.deepStrictEqual(asked, [[200, ready], [503, { ...ready, ready: false, state: "draining" }], 200])
    }).pipe(ownRegistry())
  )

  it.effect("is tried in the log of a table, once there is one, where another right may be missing", () =>
    Effect.gen(function* () {
      const denied = new StoreError({ operation: "put", key: "dead_letters/_delta_log/.sluice-ready", reason: "Denied", hint: "Grant it." })
      const keys: Array<string> = []
      const store = Layer.mock(Store, {
        root: "file:///lake",
        localPath: () => null,
        list: () => Stream.make({ key: "dead_letters/_delta_log/00000000000000000000.json", size: 1, modifiedAt: 0 }),
        put: (key) =>
          Effect.andThen(
            Effect.sync(() => keys.push(key)),
            key.startsWith("dead_letters/_delta_log/") ? denied : Effect.void
          ),
        delete: () => Effect.void
      })
      const found = yield* served(readiness, (settings) => telemetry(settings, store))
      assert.deepStrictEqual(found, [503, { ready: false, ...running, lake: denied.message }])
      assert.deepStrictEqual(keys, ["dead_letters/_delta_log/.sluice-ready"])
    }).pipe(ownRegistry())
  )

  const full = new StoreError({ operation: "put", key: ".sluice-ready", reason: "Full", hint: "Make room." })
  /** A lake without tables, whose puts are counted, and come to what its disk says by then. */
  const aLake = (disk: Effect.Effect<void, StoreError>) => {
    const state = { disk, puts: 0 }
    const store = Layer.mock(Store, {
      root: "file:///lake",
      localPath: () => null,
      list: () => Stream.empty,
      put: () =>
        Effect.suspend(() => {
          state.puts++
          return state.disk
        }),
      delete: () => Effect.void
    })
    return Object.assign(state, { store })
  }

  it.effect("asks a lake that can be written every five minutes, and one that cannot every half minute", () =>
    Effect.gen(function* () {
      const lake = aLake(Effect.void)
      const run = Effect.runPromiseWith(yield* Effect.context<never>())
      const seen = yield* served(
        async (url) => {
          const seen: Array<readonly [status: unknown, puts: number]> = []
          for (const [pause, now] of [
            ["0 seconds", Effect.void],
            ["299 seconds", Effect.fail(full)],
            ["2 seconds", Effect.fail(full)],
            ["29 seconds", Effect.void],
            ["2 seconds", Effect.void]
          ] as const) {
            lake.disk = now
            await run(TestClock.adjust(pause))
            seen.push([(await readiness(url))[0], lake.puts])
          }
          return seen
        },
        (settings) => telemetry(settings, lake.store)
      )
      assert.deepStrictEqual(seen, [
        [200, 1],
        [200, 1],
        [503, 2],
        [503, 2],
        [200, 3]
      ])
    }).pipe(ownRegistry())
  )

  it.effect("asks the lake now and then, not each time", () =>
    Effect.gen(function* () {
      const lake = aLake(Effect.fail(full))
      const clock = yield* Effect.context<never>()
      yield* served(
        async (url) => {
          const said = { ready: false, ...running, lake: full.message }
          assert.deepStrictEqual(await readiness(url), [503, said])
          lake.disk = Effect.never
          assert.deepStrictEqual(await readiness(url), [503, said])
          assert.strictEqual(lake.puts, 1)
          const run = Effect.runPromiseWith(clock)
          await run(TestClock.adjust("31 seconds"))
          const asked = readiness(url)
          let isAnswered = false
          void asked.finally(() => {
            isAnswered = true
          })
          await eventually(() => lake.puts === 2)
          // It may be about to wait only.
          for (; !isAnswered; await run(moment)) await run(TestClock.adjust("5 seconds"))
          assert.deepInclude((await asked)[1], { ready: false, lake: "file:///lake did not answer within 5 s" })
        },
        (settings) => telemetry(settings, lake.store)
      )
    }).pipe(ownRegistry())
  )
})

describe("the table of metrics in the documentation", () => {
  it.live("has every metric with its type, and no other", () =>
    Effect.gen(function* () {
      const text = readFileSync(`${root}/docs/operating.md`, "utf8")
      const documented = [...text.matchAll(/^\| (`[a-z_]+`(?:, `[a-z_]+`)*) \| (counter|gauge|histogram) \|/gm)].flatMap(
        ([, names = "", type]) => [...names.matchAll(/`([a-z_]+)`/g)].map(([, name]) => `${name} ${type}`)
      )
      const page = yield* served((url) => fetch(`${url}/metrics`).then((response) => response.text()))
      const ofProcess = [...readExposition(page)].map(([name, { type }]) => `${name} ${type}`)
      const inCode = [...Object.values(metrics), ...Object.values(sourceMetrics), ...Object.values(queueMetrics), unansweredMetric].map(
        ({ id, type }) => `${id} ${type.toLowerCase()}`
      )
      assert.deepStrictEqual(documented.toSorted(), [...inCode, ...ofProcess].toSorted())
    }).pipe(ownRegistry())
  )
})

describe("OTLP", () => {
  it.live("brings metrics and logs to a collector before the command ends", () =>
    withCollector(
      (_, response) => response.end("{}"),
      (url, bodies) =>
        Effect.gen(function* () {
          yield* shortLife(`${url}/`)
          const [metrics = ""] = bodies.get("/v1/metrics") ?? []
          const [logs = ""] = bodies.get("/v1/logs") ?? []
          const { resource, scopeMetrics } = JSON.parse(metrics).resourceMetrics[0]
          assert.deepInclude(resource.attributes, { key: "service.name", value: { stringValue: "sluice" } })
          const records = scopeMetrics[0].metrics.find(({ name }: { name: string }) => name === "sluice_records_total")
          assert.deepInclude(records.sum.dataPoints[0], { asDouble: 9 })
          const [line] = JSON.parse(logs).resourceLogs[0].scopeLogs[0].logRecords
          assert.include(JSON.stringify(line), "something is odd")
          assert.include(JSON.stringify(line), "shardId-000000000003")
        })
    )
  )

  it.effect.each([
    ["never answers", () => {}],
    [
      "stops in the middle of its answer",
      (_: IncomingMessage, response: ServerResponse) => response.writeHead(200, { "content-length": 9 }).write("x")
    ],
    ["fails", (_: IncomingMessage, response: ServerResponse) => response.writeHead(503).end()],
    ["cuts the line", (request: IncomingMessage) => request.socket.destroy()]
  ] as const)("costs two seconds at most when the collector %s", ([, answer]) =>
    withCollector(
      (request, response) => void answer(request, response),
      (url, bodies) =>
        Effect.gen(function* () {
          yield* endsWithinTwoSeconds(url, () => bodies.size > 0)
          assert.isAtLeast(bodies.size, 1)
        })
    )
  )

  it.effect("costs as little when there is no collector", () =>
    Effect.gen(function* () {
      const url = yield* withCollector(
        () => {},
        (url) => Effect.succeed(url)
      )
      yield* endsWithinTwoSeconds(url, () => true)
    })
  )

  it.live.each(["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_RESOURCE_ATTRIBUTES"])("says when %s cannot be used, and does not quote it", (name) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.provide(Effect.void, telemetry({ metricsPort: null, otlp: "http://127.0.0.1:1" })))
      assert.strictEqual(exitCodeOf(error), 78)
      assert.include(error.message, `${name} cannot be used`)
      assert.notInclude(error.message, "100%")
    }).pipe(Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env: { [name]: "team=100%" } }))))
  )

  it.live("sends the resource attributes of the environment", () =>
    withCollector(
      (_, response) => response.end("{}"),
      (url, bodies) =>
        Effect.gen(function* () {
          yield* shortLife(url)
          const [metrics = ""] = bodies.get("/v1/metrics") ?? []
          const { attributes } = JSON.parse(metrics).resourceMetrics[0].resource
          assert.deepInclude(attributes, { key: "team", value: { stringValue: "a b" } })
          assert.deepInclude(attributes, { key: "zone", value: { stringValue: "" } })
        })
    ).pipe(Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env: { OTEL_RESOURCE_ATTRIBUTES: "team=a%20b, zone=" } }))))
  )
})

describe("logs", () => {
  /** What a logger writes to standard error, line by line. */
  const linesOf = (logger: Logger.Logger<unknown, void>, effect: Effect.Effect<void>) =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const collect = { ...console, error: (line: string) => lines.push(line) }
      yield* Effect.provide(effect, Logger.layer([logger])).pipe(Effect.provideService(Console.Console, collect))
      for (const line of lines) assert.notInclude(line, "\n")
      return lines
    })

  it.live("are one JSON object a line: time, level, message, and fields beside them", () =>
    Effect.gen(function* () {
      const lines = yield* linesOf(
        jsonLogger,
        Effect.gen(function* () {
          yield* Effect.logWarning("late", { lag: 7n, level: "not mine" }).pipe(Effect.annotateLogs({ shard: "orders/1", version: 12 }))
          yield* Effect.logError("it broke", new Error("two\nlines"))
          yield* logEvent({ event: "complete", at: "2026-11-20T07:00:02.000Z", report, commitMillis: 300, inputs: [], outputs: [] })
        })
      )
      const [first, second, third] = lines.map((line) => JSON.parse(line))
      const { time, ...rest } = first
      assert.match(time, /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/)
      assert.deepStrictEqual(rest, { level: "warn", message: "late", shard: "orders/1", version: 12, lag: "7" })
      assert.deepInclude(second, { level: "error", message: "it broke two\nlines" })
      assert.deepInclude(third, {
        level: "info",
        message: "batch committed",
        dataset: "checkout",
        records: 9,
        deadLetters: 1,
        rotation: "size",
        millis: 300,
        ageMillis: 2000
      })
    })
  )

  it.live("are one line of text for people", () =>
    Effect.gen(function* () {
      const [line = ""] = yield* linesOf(
        textLogger,
        Effect.logWarning("late\n  by much", { lag: 7 }).pipe(Effect.annotateLogs({ shard: "orders/1" }))
      )
      assert.match(line, /\d{2}:\d{2}:\d{2} warn {2}late \| by much {2}shard=orders\/1 {2}lag=7$/)
    })
  )
})
