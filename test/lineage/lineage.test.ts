import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, References, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { OpenLineageEvent } from "../../src/lineage/event.ts"
import { httpTransport } from "../../src/lineage/http-transport.ts"
import { type Lineage, type LineageSettings, makeLineage } from "../../src/lineage/lineage.ts"
import { LineageError, type Transport } from "../../src/lineage/transport.ts"
import type { RunEvent } from "../../src/record/report.ts"
import { passMillis, until } from "../passing-time.ts"
import { settings } from "./fixtures.ts"

const quiet = () => {
  const { parent, ...events } = settings()
  return events
}

const start = (n: number): RunEvent => ({
  event: "start",
  kind: "batch",
  runId: `01a1f7c1-4180-7a72-925b-${String(n).padStart(12, "0")}`,
  dataset: "orders",
  at: "2026-11-20T07:05:00.000Z",
  inputs: []
})

const collecting = () => {
  const events: Array<OpenLineageEvent> = []
  const transport: Transport = { name: "memory", send: (event) => Effect.sync(() => events.push(JSON.parse(event))) }
  return { events, transport, numbers: () => events.map(({ run }) => Number(run.runId.slice(-12))) }
}

const failing: Transport = {
  name: "broken",
  send: () => Effect.fail(new LineageError({ transport: "broken", reason: "Rejected", hint: "No." }))
}

/** Warnings are expected here. */
const silent = Effect.provideService(References.MinimumLogLevel, "None")

/** Runs `use` with a lineage, closes it, and gives what its counters said after that. */
const using = (options: Omit<LineageSettings, "events">, use: (lineage: Lineage) => Effect.Effect<unknown>) =>
  Effect.gen(function* () {
    const lineage = yield* Effect.scoped(Effect.tap(makeLineage({ events: quiet(), ...options }), use))
    return yield* lineage.counters
  }).pipe(silent)

const emitAll = (count: number) => (lineage: Lineage) =>
  Effect.forEach(
    Array.from({ length: count }, (_, n) => start(n)),
    (event) => lineage.emit(event),
    { discard: true }
  )

describe("lineage", () => {
  it.live("sends in order, and what is queued when it closes", () =>
    Effect.gen(function* () {
      const { transport, numbers } = collecting()
      const counters = yield* using({ transports: [transport] }, emitAll(20))
      assert.deepStrictEqual(
        numbers(),
        Array.from({ length: 20 }, (_, n) => n)
      )
      assert.deepStrictEqual(counters, { sent: 20, dropped: 0, failed: 0 })
    })
  )

  it.live("a full queue drops the oldest and counts them", () =>
    Effect.gen(function* () {
      const { transport, numbers } = collecting()
      // The fiber has not begun: all but the last five find the queue full.
      const counters = yield* using({ transports: [transport], capacity: 5 }, emitAll(12))
      assert.strictEqual(counters.sent + counters.dropped, 12)
      assert.isAtLeast(counters.dropped, 6)
      assert.deepStrictEqual(numbers().slice(-5), [7, 8, 9, 10, 11])
    })
  )

  it.live("a transport that fails, or dies, costs the others nothing", () =>
    Effect.gen(function* () {
      const { transport, numbers } = collecting()
      const dying: Transport = { name: "dying", send: () => Effect.die(new Error("bug")) }
      const counters = yield* using({ transports: [failing, dying, transport] }, emitAll(3))
      assert.deepStrictEqual(numbers(), [0, 1, 2])
      assert.deepStrictEqual(counters, { sent: 3, dropped: 0, failed: 6 })
    })
  )

  it.live("an event that cannot be made is counted, and the next one sent", () =>
    Effect.gen(function* () {
      const { transport, numbers } = collecting()
      const broken = { ...start(0), inputs: null } as unknown as RunEvent
      const counters = yield* using({ transports: [transport] }, (lineage) => Effect.andThen(lineage.emit(broken), lineage.emit(start(1))))
      assert.deepStrictEqual(numbers(), [1])
      assert.deepStrictEqual(counters, { sent: 1, dropped: 0, failed: 1 })
    })
  )

  it.live("works again after an outage", () =>
    Effect.gen(function* () {
      const { transport, numbers } = collecting()
      let calls = 0
      const flaky: Transport = {
        name: "flaky",
        send: (event) => Effect.suspend(() => (calls++ < 2 ? failing.send(event) : transport.send(event)))
      }
      assert.deepStrictEqual(yield* using({ transports: [flaky] }, emitAll(5)), { sent: 3, dropped: 0, failed: 2 })
      assert.deepStrictEqual(numbers(), [2, 3, 4])
    })
  )

  it.live("without a transport nothing happens; after closing events are dropped", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* using({ transports: [] }, emitAll(3)), { sent: 0, dropped: 0, failed: 0 })
      const { transport } = collecting()
      const lineage = yield* Effect.scoped(makeLineage({ events: quiet(), transports: [transport] }))
      yield* lineage.emit(start(1))
      assert.deepStrictEqual(yield* lineage.counters, { sent: 0, dropped: 1, failed: 0 })
    })
  )

  it.live("interrupting the work does not interrupt what is being sent", () =>
    Effect.gen(function* () {
      const { transport, numbers } = collecting()
      const [begun, released] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const slow: Transport = {
        name: "slow",
        send: (event) => Effect.andThen(Deferred.succeed(begun, undefined), Effect.andThen(Deferred.await(released), transport.send(event)))
      }
      const work = Effect.scoped(
        Effect.gen(function* () {
          const lineage = yield* makeLineage({ events: quiet(), transports: [slow] })
          // Runs before lineage is closed: the first event is on its way when the work has been interrupted.
          yield* Effect.addFinalizer(() => Deferred.succeed(released, undefined))
          yield* emitAll(2)(lineage)
          return yield* Effect.never
        })
      )
      yield* Effect.raceFirst(work, Deferred.await(begun))
      assert.deepStrictEqual(numbers(), [0, 1])
    })
  )
})

describe("a server that never answers", () => {
  const hanging = Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const http = createServer(() => {})
      http.listen(0, "127.0.0.1", () => resume(Effect.succeed(http)))
    }),
    (http) =>
      Effect.sync(() => {
        http.closeAllConnections()
        http.close()
      })
  )

  it.effect("does not delay the data path, and closing gives up in time", () =>
    Effect.gen(function* () {
      const http = yield* hanging
      // A server listening on TCP has an address with a port.
      const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
      const { transport, numbers } = collecting()
      const hang = yield* httpTransport({ url })
      const scope = yield* Scope.make()
      const lineage = yield* Scope.provide(
        makeLineage({ events: quiet(), transports: [hang, transport], capacity: 100, flushTimeout: 200 }),
        scope
      )

      // No time passes: who waited for the server would wait for ever, and so would the other transport.
      yield* emitAll(500)(lineage)
      yield* until(() => numbers().includes(499))

      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* passMillis(199)
      assert.isUndefined(closing.pollUnsafe(), "closing waits for the flush time-out")
      yield* TestClock.adjust(1)
      yield* Fiber.join(closing)
      const { sent, dropped, failed } = yield* lineage.counters
      assert.strictEqual(sent + dropped + failed, 1000)
      assert.strictEqual(sent, numbers().length)
    }).pipe(silent)
  )
})

describe("the parent run", () => {
  const run = (end: Effect.Effect<unknown, unknown>) =>
    Effect.gen(function* () {
      const { events, transport } = collecting()
      yield* Effect.exit(
        Effect.scoped(
          Effect.gen(function* () {
            const lineage = yield* makeLineage({ events: settings(), transports: [transport] })
            yield* lineage.emit(start(1))
            yield* end
          })
        )
      )
      return events
    })

  it.live("begins with the scope and ends as it does", () =>
    Effect.gen(function* () {
      const events = yield* run(Effect.void)
      assert.deepStrictEqual(
        events.map(({ eventType, job }) => `${job.name} ${eventType}`),
        ["pipeline START", "orders.ingest START", "pipeline COMPLETE"]
      )
      assert.strictEqual(events[0]?.run.runId, events[1]?.run.facets.parent?.run.runId)
      assert.strictEqual(events[0]?.job.facets.jobType?.processingType, "STREAMING")
    })
  )

  it.live("fails with our own words", () =>
    Effect.gen(function* () {
      const events = yield* run(Effect.fail(new Error("The lake is full. Free some space.")))
      const last = events.at(-1)
      assert.strictEqual(last?.eventType, "FAIL")
      assert.strictEqual(last?.run.facets.errorMessage?.message, "The lake is full. Free some space.")
    })
  )

  it.live("is aborted by an interruption", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* run(Effect.interrupt)).at(-1)?.eventType, "ABORT")
    })
  )
})
