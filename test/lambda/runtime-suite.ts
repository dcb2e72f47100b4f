import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { buildFunction, functionNames } from "../../src/build/functions.ts"
import { s3Endpoint, s3Error } from "../store/s3-endpoint.ts"
import { type Command, type Outcome, type Running, runFunction } from "./runtime-api.ts"
import { unpack } from "./unzip.ts"

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const data = join(resolve(root, process.env["SLUICE_TEST_DATA"] ?? "../shared/data"), "aws_events")
const names = functionNames(root)

const scheduled = { "detail-type": "Scheduled Event", source: "aws.events", detail: {} }

/** An event that a function takes. */
const s3Event = {
  Records: [
    {
      eventVersion: "2.1",
      eventSource: "aws:s3",
      eventName: "ObjectCreated:Put",
      eventTime: "2026-11-29T19:00:00Z",
      s3: { bucket: { name: "lake" }, object: { key: "k" } }
    }
  ]
}
const events: Readonly<Record<string, unknown>> = {
  collect: { version: "2.0", rawPath: "/collect", rawQueryString: "v=1", headers: {}, requestContext: { http: { method: "GET" } } },
  collectDeadLetters: s3Event,
  sendCheckoutDataToFirehouse: s3Event,
  registerStageObjects: s3Event,
  sendStructuredJsonToFirehose: s3Event,
  transformFirehoseRecords: { deliveryStreamArn: "arn:aws:firehose:us-east-1:123456789012:deliverystream/s", records: [] },
  consumeStream: { Records: [{ eventSource: "aws:kinesis" }] },
  submitPartitionRoutineCluster: scheduled,
  commitPartitionRoutine: {
    "detail-type": "EMR Serverless Job Run State Change",
    source: "aws.emr-serverless",
    detail: { jobRunId: "r", state: "SUCCESS" }
  }
}
const eventFor = (name: string): unknown => {
  const event = events[name]
  if (event === undefined) throw new Error(`name an event that ${name} takes`)
  return event
}

/** Which events a function takes; all others it refuses. Without AWS, what it takes ends where it would call AWS, or lacks a setting. */
const notifications = /\/s3|s3-|S3/
const taken: Readonly<Record<string, RegExp>> = {
  collect: /^$/,
  collectDeadLetters: /\/s3|s3-|S3|\/sqs|\/snsSqs/,
  sendCheckoutDataToFirehouse: notifications,
  registerStageObjects: notifications,
  sendStructuredJsonToFirehose: notifications,
  transformFirehoseRecords: /kinesisFirehose/,
  consumeStream: /kinesis-record|kinesis-event|kinesis-time-window|kinesisStream/,
  submitPartitionRoutineCluster: /cloudwatch-scheduled|eventbridge-scheduled/,
  commitPartitionRoutine: /^$/
}

/** What holds of every function in a process that a client of the runtime API makes its own. @param client starts such a process */
export const runtimeSuite = (client: Command): void => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-lambda-"))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** The zips, unpacked. */
  const at = (name: string) => join(folder, name)
  beforeAll(async () => {
    for (const name of names) unpack((await buildFunction(root, name, join(root, "schemas/vtex/project.ts"))).zip, at(name))
  })

  /** A place without rights: with it a function goes as far as it can without AWS, and says what it would need. Or a place that never answers. */
  let denies = ""
  let isSilent = false
  const scope = Scope.makeUnsafe()
  beforeAll(async () => {
    const answer = () => (isSilent ? new Promise<never>(() => {}) : s3Error(403, "AccessDenied"))
    denies = (await Effect.runPromise(Scope.provide(s3Endpoint(answer), scope))).endpoint
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  const settings = () => ({
    SLUICE_LAKE: "s3://lake/shop",
    SLUICE_S3_ENDPOINT: denies,
    SLUICE_ENGINE: "emr-serverless",
    SLUICE_EMR_APPLICATION: "app1",
    SLUICE_EMR_ROLE: "arn:aws:iam::123456789012:role/jobs"
  })

  /** Runs a function for as long as a test uses it. */
  const withFunction = async <A>(name: string, use: (running: Running) => Promise<A>, more: Readonly<Record<string, string>> = {}) => {
    const running = await runFunction(at(name), { ...settings(), ...more }, client)
    try {
      return await use(running)
    } finally {
      await running.stop()
    }
  }

  describe("every function", () => {
    it.each(names)("%s starts, refuses what is no event of its, and is used again", (name) =>
      withFunction(name, async (running) => {
        for (const event of [null, "x", [], {}, { Records: [] }]) {
          const outcome = await running.invoke(event)
          expect(outcome).toMatchObject({
            kind: "error",
            type: expect.stringMatching(/^[A-Z]\w+$/),
            message: expect.stringMatching(/\. .*\.$/)
          })
          expect(outcome.kind === "error" && outcome.trace.length).toBe(1)
        }
        expect(running.starts()).toBe(1)
      })
    )

    it.each(names)("%s says which of its settings cannot be used, at each event anew", (name) =>
      withFunction(
        name,
        async (running) => {
          const told = {
            kind: "error",
            type: "BadConfig",
            message: expect.stringContaining('SLUICE_LOG_LEVEL: "loud" cannot be used. Set it to')
          }
          expect([await running.invoke(eventFor(name)), await running.invoke(eventFor(name))]).toEqual([
            expect.objectContaining(told),
            expect.objectContaining(told)
          ])
          expect(running.starts()).toBe(1)
          const [line] = running.log()
          expect(JSON.parse(line ?? "")).toMatchObject({ level: "error", kind: "BadConfig", function: name, requestId: "request-1" })
        },
        { SLUICE_LOG_LEVEL: "loud" }
      )
    )
  })

  describe.skipIf(!existsSync(data))("every event that AWS sends", () => {
    const files = existsSync(data) ? readdirSync(data, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".json")) : []

    it.each(names)("is handled by %s, or refused with a clear error", (name) =>
      withFunction(name, async (running) => {
        const outcomes: Array<readonly [string, Outcome]> = []
        for (const file of files) outcomes.push([file, await running.invoke(JSON.parse(readFileSync(join(data, file), "utf8")))])
        for (const [file, outcome] of outcomes) {
          const takes = taken[name]?.test(file) === true
          // Objects that are not of its lake are nothing to it, and it asks for nothing else.
          if (takes && name === "sendStructuredJsonToFirehose") {
            expect([file, outcome]).toEqual([file, { kind: "answer", answer: { batchItemFailures: [] } }])
            continue
          }
          expect([file, outcome]).toEqual([
            file,
            expect.objectContaining({
              kind: "error",
              type: takes ? expect.stringMatching(/^(StoreError|TableError|BadConfig)$/) : "EventRefused",
              message: takes
                ? expect.stringMatching(/Grant s3:|SLUICE_DELIVERY_STREAMS names no dataset for the delivery stream/)
                : expect.stringMatching(/^the event is .*\. This function takes .*: look at what calls it\.$/)
            })
          ])
        }
        expect(running.starts()).toBe(1)
      })
    )
  })

  it("what decodes and writes is whole in a bundle: a record goes into a lake, once", () =>
    withFunction(
      "consumeStream",
      async (running) => {
        const data = Buffer.from(JSON.stringify({ orderId: "o-1", lastChange: "2026-11-20T07:00:00Z", value: "1160" })).toString("base64")
        const kinesis = { partitionKey: "k", sequenceNumber: "17", data, approximateArrivalTimestamp: 1_795_000_000.5 }
        const of = {
          eventSource: "aws:kinesis",
          eventID: "shardId-000000000000:17",
          eventSourceARN: "arn:aws:kinesis:us-east-1:1:stream/s"
        }
        const event = { Records: [{ ...of, kinesis }] }
        for (let time = 0; time < 2; time++)
          expect(await running.invoke(event)).toEqual({ kind: "answer", answer: { batchItemFailures: [] } })
        const stage = readdirSync(join(folder, "lake/stage/checkout/ingest_date=2026-11-18/ingest_hour=11"), { recursive: true })
        expect(stage).toEqual([expect.stringMatching(/\.parquet$/)])
      },
      { SLUICE_LAKE: join(folder, "lake") }
    ))

  describe("the process of a function", () => {
    const name = "submitPartitionRoutineCluster"

    it("answers before its time is up, and handles the next event", () =>
      withFunction(name, async (running) => {
        isSilent = true
        expect(await running.invoke(scheduled, { deadline: 500 })).toMatchObject({ kind: "error", type: "OutOfTime" })
        isSilent = false
        expect(await running.invoke({})).toMatchObject({ kind: "error", type: "EventRefused" })
        expect(running.starts()).toBe(1)
      }))

    it("is ended where it does not, and the next event meets a fresh one", () =>
      withFunction(name, async (running) => {
        expect(await running.invoke(scheduled, { killed: 1 })).toMatchObject({ kind: "time-out" })
        expect(await running.invoke({})).toMatchObject({ kind: "error", type: "EventRefused" })
        expect(running.starts()).toBe(2)
      }))

    it("may stand still between two events, for as long as it likes", () =>
      withFunction(name, async (running) => {
        for (let n = 0; n < 3; n++) {
          expect(await running.invoke({})).toMatchObject({ kind: "error", type: "EventRefused" })
          running.freeze()
          await new Promise((done) => setTimeout(done, 50))
        }
        expect(running.starts()).toBe(1)
      }))
  })
}
