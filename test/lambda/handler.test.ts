import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Deferred, Effect } from "effect"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { type FunctionOptions, handlerOf, type LambdaContext } from "../../src/lambda/handler.ts"

/** Some minutes, which no test uses up. */
const enough = 600_000
const context = (left = enough, id = "r-1"): LambdaContext => ({ awsRequestId: id, getRemainingTimeInMillis: () => left })

type Options = FunctionOptions<"lake" | "threads", string, unknown>

const make = (options: Partial<Options>) =>
  handlerOf<"lake" | "threads", string, unknown>({
    name: "f",
    settings: ["lake", "threads"],
    actions: {},
    open: () => Effect.succeed("made"),
    handle: (_, event) => Effect.succeed(event),
    ...options
  })

/** What a call was rejected with. */
const refusal = async (answer: Promise<unknown>): Promise<Error> => {
  const error = await answer.then(
    (value) => value,
    (error: unknown) => error
  )
  if (!(error instanceof Error)) throw new Error(`answered: ${JSON.stringify(error)}`)
  return error
}

let lines: Array<{ readonly [name: string]: unknown }> = []
beforeEach(() => {
  lines = []
  vi.stubEnv("SLUICE_LAKE", "lake")
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    lines.push(JSON.parse(String(text)))
    return true
  })
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

describe("the shell of a function", () => {
  it("takes two arguments, and says what it reads and calls", () => {
    const handler = make({ actions: { lake: ["s3:GetObject"] } })
    expect(handler.length).toBe(2)
    expect(handler.about).toEqual({
      name: "f",
      settings: ["logLevel", "otlp", "lake", "threads"],
      actions: { lake: ["s3:GetObject"] },
      mapping: [],
      never: []
    })
  })

  it("opens once for all events, also for those that come together", async () => {
    let opened = 0
    const handler = make({
      open: ({ lake, threads }) => Effect.sync(() => `${lake} ${threads} ${++opened}`),
      handle: (made, event, { requestId }) => Effect.succeed([made, event, requestId])
    })
    expect(await handler({ n: 1 }, context())).toEqual(["lake 1 1", { n: 1 }, "r-1"])
    const together = await Promise.all([handler(2, context(enough, "r-2")), handler(3, context(enough, "r-3"))])
    expect(together).toEqual([
      ["lake 1 1", 2, "r-2"],
      ["lake 1 1", 3, "r-3"]
    ])
  })

  it("tells why it could not open, closes what it had opened, and tries anew at the next event", async () => {
    let [tries, closed] = [0, 0]
    const handler = make({
      open: () =>
        Effect.acquireRelease(
          Effect.sync(() => ++tries),
          () => Effect.sync(() => closed++)
        ).pipe(
          Effect.flatMap((n) => (n === 1 ? Effect.fail(tagged("NoLake", "there is no lake at x. Make one.")) : Effect.succeed(`${n}`)))
        ),
      handle: (made) => Effect.succeed(made)
    })
    const error = await refusal(handler({}, context()))
    expect([error.name, error.message, error.stack]).toEqual([
      "NoLake",
      "there is no lake at x. Make one.",
      "NoLake: there is no lake at x. Make one."
    ])
    expect(closed).toBe(1)
    expect(lines).toEqual([
      expect.objectContaining({ level: "error", message: error.message, kind: "NoLake", function: "f", requestId: "r-1" })
    ])
    expect(await handler({}, context())).toBe("2")
    expect([tries, closed]).toEqual([2, 1])
  })

  it.each([
    ["SLUICE_LOG_LEVEL", "loud", /SLUICE_LOG_LEVEL: "loud" cannot be used\. Set it to all, /],
    ["SLUICE_LAKE", "", /SLUICE_LAKE is not set\. Set it to s3:/],
    ["SLUICE_LAKE", "http://x", /SLUICE_LAKE: "http:\/\/x" cannot be used/],
    ["SLUICE_THREADS", "4", /SLUICE_THREADS: a function has one thread\. Unset it\./]
  ])("says what is wrong with %s=%s, and goes on when it is mended", async (variable, value, words) => {
    const handler = make({})
    vi.stubEnv(variable, value)
    const error = await refusal(handler(1, context()))
    expect([error.name, error.message]).toEqual(["BadConfig", expect.stringMatching(words)])
    vi.unstubAllEnvs()
    vi.stubEnv("SLUICE_LAKE", "lake")
    expect(await handler(1, context())).toBe(1)
  })

  it("warns of a variable that does nothing", async () => {
    vi.stubEnv("SLUICE_LAEK", "x")
    await make({})(1, context())
    expect(lines).toEqual([expect.objectContaining({ level: "warn", message: expect.stringContaining("SLUICE_LAKE") })])
  })

  it("keeps what is open after an event that failed", async () => {
    let opened = 0
    const handler = make({
      open: () => Effect.sync(() => `${++opened}`),
      handle: (made, event) => (event === "bad" ? Effect.fail(tagged("StoreError", "no. Do this.")) : Effect.succeed(made))
    })
    expect(await handler("good", context())).toBe("1")
    expect((await refusal(handler("bad", context()))).name).toBe("StoreError")
    expect(await handler("good", context())).toBe("1")
  })

  it("opens anew after a defect, of which nothing personal is told", async () => {
    let [opened, closed] = [0, 0]
    const handler = make({
      open: () =>
        Effect.acquireRelease(
          Effect.sync(() => `${++opened}`),
          () => Effect.sync(() => closed++)
        ),
      handle: (made, event) => (event === "bad" ? Effect.die(new Error("no place for ana@example.com\nat all")) : Effect.succeed(made))
    })
    const error = await refusal(handler("bad", context()))
    expect([error.name, error.message]).toEqual(["Unexpected", "an unexpected error, which is a defect of Sluice: no place for [e-mail]"])
    expect(lines).toEqual([expect.objectContaining({ level: "error", message: "no place for [e-mail]", kind: "Unexpected" })])
    expect(lines[0]?.["at"]).toContain("handler.test.ts")
    expect(JSON.stringify(lines)).not.toContain("ana@")
    expect(closed).toBe(1)
    expect(await handler("good", context())).toBe("2")
  })

  it("is done with everything of an event before it answers", async () => {
    let closed = 0
    const handler = make({ handle: () => Effect.addFinalizer(() => Effect.sync(() => closed++)).pipe(Effect.as("done")) })
    const answer = handler(1, context())
    expect(await answer.then(() => closed)).toBe(1)
  })

  it("cuts off what is not done in time, says so, and handles the next event", async () => {
    let closed = 0
    const deadlines: Array<number> = []
    const handler = make({
      handle: (_, event, { deadline }) => {
        deadlines.push(deadline)
        return event === "slow" ? Effect.onInterrupt(Effect.never, () => Effect.sync(() => closed++)) : Effect.succeed(event)
      }
    })
    const before = Date.now()
    const error = await refusal(handler("slow", context(100)))
    expect([error.name, error.message]).toEqual([
      "OutOfTime",
      expect.stringMatching(/^the work was not done within 0\.1 s.*longer timeout/)
    ])
    expect(closed).toBe(1)
    // A fifth is kept.
    expect(deadlines[0]).toBeGreaterThanOrEqual(before + 80)
    expect(await handler("quick", context())).toBe("quick")
  })

  it("does the same with what is not open in time", async () => {
    let tries = 0
    const handler = make({ open: () => (++tries === 1 ? Effect.never : Effect.succeed("made")) })
    expect((await refusal(handler(1, context(50)))).name).toBe("OutOfTime")
    expect(await handler(1, context())).toBe(1)
  })

  it("does not wait for what does not let itself be cut off", async () => {
    const gate = Deferred.makeUnsafe<void>()
    const handler = make({
      handle: (_, event) => (event === "stuck" ? Effect.uninterruptible(Deferred.await(gate)) : Effect.succeed(event))
    })
    expect((await refusal(handler("stuck", context(50)))).name).toBe("OutOfTime")
    expect(await handler("next", context())).toBe("next")
    Effect.runSync(Deferred.succeed(gate, undefined))
  })

  it("has sent to the collector what there is to tell when it answers, and does not wait for one that is silent", async () => {
    const bodies: Array<string> = []
    let isSilent = false
    const server = createServer((request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        bodies.push(Buffer.concat(chunks).toString())
        if (!isSilent) response.end()
      })
    })
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
    vi.stubEnv("SLUICE_OTLP", `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const handler = make({ handle: (_, event) => Effect.as(Effect.logInfo(`handled ${event}`), event) })
    expect(await handler("one", context())).toBe("one")
    expect(bodies.some((body) => body.includes("handled one"))).toBe(true)
    expect(lines).toEqual([expect.objectContaining({ message: "handled one", requestId: "r-1" })])
    isSilent = true
    expect(await handler("two", context(200))).toBe("two")
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  })
})

class Tagged extends Error {
  readonly _tag: string
  constructor(tag: string, message: string) {
    super(message)
    this._tag = tag
  }
}
const tagged = (tag: string, message: string) => new Tagged(tag, message)
