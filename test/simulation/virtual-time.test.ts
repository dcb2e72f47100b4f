import { stat } from "node:fs/promises"
import { promisify } from "node:util"
import { gunzip, gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit } from "effect"
import type { Passage } from "./process.ts"
import { type ProcessWorld, SimulatedProcess } from "./process.ts"
import { VirtualTime } from "./virtual-time.ts"

const start = Date.UTC(2026, 10, 20)

const makeWorld = () => {
  const time = new VirtualTime(start)
  const said: Array<string> = []
  const say = (what: string) =>
    Effect.sync(() => {
      said.push(`${time.now - start} ${what}`)
    })
  const world: ProcessWorld = { time, trace: () => {}, logged: () => {} }
  const run = async (
    programs: { readonly [name: string]: Effect.Effect<unknown, unknown> },
    during: (started: Map<string, SimulatedProcess>) => void = () => {}
  ) => {
    const started = new Map<string, SimulatedProcess>()
    for (const [name, program] of Object.entries(programs)) {
      const process = new SimulatedProcess(name, started.size, world)
      started.set(name, process)
      process.start(program, (exit) =>
        said.push(`${time.now - start} ${name} ${exit === null ? "crashed" : Exit.isSuccess(exit) ? "ended" : "failed"}`)
      )
    }
    during(started)
    await time.run(() => false, start + 1_000_000)
    return said
  }
  return { time, say, run }
}

const passage = <A, E>(given: Partial<Passage<A, E>>): Passage<A, E> => ({
  arrives: 0,
  answered: 10,
  instead: null,
  crash: false,
  ...given
})

describe("virtual time", () => {
  it("wakes who waits in the order of time, then of who came first", async () => {
    const { say, run } = makeWorld()
    const said = await run({
      a: Effect.andThen(Effect.sleep(20), say("a")),
      b: Effect.andThen(Effect.sleep(10), say("b")),
      c: Effect.andThen(Effect.sleep(10), Effect.andThen(say("c"), Effect.andThen(Effect.sleep("1 minute"), say("c again"))))
    })
    assert.deepStrictEqual(said, ["10 b", "10 b ended", "10 c", "20 a", "20 a ended", "60010 c again", "60010 c ended"])
  })

  it("stands still while there is real work, and lets nobody in between", async () => {
    const { say, run } = makeWorld()
    const real = Effect.promise(() => stat("."))
    const said = await run({
      a: Effect.andThen(real, Effect.andThen(say("a"), Effect.andThen(real, say("a again")))),
      b: Effect.andThen(real, say("b")),
      c: Effect.andThen(Effect.sleep(1), say("c"))
    })
    assert.deepStrictEqual(said.slice(-2), ["1 c", "1 c ended"])
    assert.deepStrictEqual(
      said.filter((line) => line.startsWith("0 a")),
      ["0 a", "0 a again", "0 a ended"]
    )
  })
})

describe("unpacking", () => {
  it("takes no virtual time, however many steps it has", async () => {
    const { say, run } = makeWorld()
    const packed = gzipSync(Buffer.alloc(1 << 20, "packed "))
    const unpack = Effect.promise(() => promisify(gunzip)(packed))
    const damaged = Effect.ignore(Effect.tryPromise(() => promisify(gunzip)(packed.subarray(0, 100))))
    const said = await run({
      a: Effect.andThen(unpack, Effect.andThen(damaged, Effect.andThen(unpack, say("a")))),
      b: Effect.andThen(Effect.sleep(1), say("b"))
    })
    assert.deepStrictEqual(said, ["0 a", "0 a ended", "1 b", "1 b ended"])
  })
})

describe("a simulated process", () => {
  it("never acts again after a crash, not even to clean up, though its request may take effect", async () => {
    const { time, say, run } = makeWorld()
    const said = await run({}, () => {
      const process = new SimulatedProcess("p", 7, { time, trace: () => {}, logged: () => {} })
      const request = say("request")
      process.start(
        process
          .call("request", request, passage({ arrives: 500, crash: true }))
          .pipe(Effect.ensuring(say("finalizer")), Effect.andThen(say("answer"))),
        () => {}
      )
    })
    assert.deepStrictEqual(said, ["500 request"])
  })

  it("is told nothing while it is frozen, and goes on afterwards", async () => {
    const { say, run, time } = makeWorld()
    const said = await run({ a: Effect.andThen(Effect.sleep(10), say("a")), b: Effect.andThen(Effect.sleep(10), say("b")) }, (started) =>
      time.at(start + 5, () => started.get("a")?.freeze(5000))
    )
    assert.deepStrictEqual(said, ["10 b", "10 b ended", "5005 a", "5005 a ended"])
  })

  it("has a clock that can be wrong, and timers that are right", async () => {
    const { say, run } = makeWorld()
    const shown = Effect.flatMap(Clock.currentTimeMillis, (millis) => say(`shows ${millis - start}`))
    const said = await run({ a: Effect.andThen(Effect.sleep(10), shown) }, (started) => started.get("a")?.shiftClock(-3000))
    assert.deepStrictEqual(said, ["10 shows -2990", "10 a ended"])
  })

  it("hears an answer that never came as what stands in its place, whenever the request takes effect", async () => {
    const { time, say, run } = makeWorld()
    const said = await run({}, () => {
      const process = new SimulatedProcess("p", 7, { time, trace: () => {}, logged: () => {} })
      const call = process.call(
        "request",
        say("request"),
        passage<void, string>({ arrives: 900, answered: 100, instead: Exit.fail("no answer") })
      )
      process.start(
        Effect.catch(call, (error) => say(error)),
        () => {}
      )
    })
    assert.deepStrictEqual(said, ["100 no answer", "900 request"])
  })
})
